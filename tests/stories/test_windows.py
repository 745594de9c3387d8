"""Messenger from the first words to the last, over a strict stand-in of the Graph API: nothing lost, nothing doubled."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select
from sqlmodel import col

from desk import channels, clock, courses, ids, merging, reminders
from desk.messages import Author, Direction, Message, Status
from desk.people import Address, Person
from desk.reminders import Kind, Reminder
from desk.tickets import Ticket
from tests.graph_api import Person as Meta
from tests.graph_api import Told
from tests.town import WARSAW, Town
from tests.wires import MessengerWire

pytestmark = pytest.mark.timeout(120)

FRIDAY = datetime(2026, 12, 4, 14, 50, tzinfo=WARSAW)
T_ME = "https://t.me/poruch_example_bot?start={code}"


@pytest.fixture
async def wire(town: Town) -> AsyncIterator[MessengerWire]:
    channels.know_invitation("telegram", T_ME)
    clock.stand_at(FRIDAY)
    async with MessengerWire(town) as wire:
        yield wire
        assert wire.api.violations == []


async def hears(wire: MessengerWire, person: Meta) -> Told:
    await wire.settles()
    return await person.hears()


async def told(town: Town) -> list[Message]:
    async with town.database.reading() as session:
        query = select(Message).where(col(Message.direction) == Direction.TOLD).order_by(col(Message.id))
        return list(await session.scalars(query))


async def test_the_window_closes_and_telegram_opens(
    wire: MessengerWire, town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    refs = iter(["264911"])
    monkeypatch.setattr(ids, "ticket_ref", lambda _digits=6: next(refs))
    svitlana, marta = wire.api.person("7001", "Світлана"), await town.staff("Marta")

    await svitlana.writes("Вітаю! Потрібен перекладач до лікаря з дитиною, 15 грудня о 9")
    first = await hears(wire, svitlana)
    assert first.text == (
        "Вітаю. Я – Поруч, бот Центру допомоги біженцям. Ваше повідомлення отримано, його прочитає людина.\n"
        "Центр зберігає Ваші повідомлення, щоб допомогти Вам. Номери документів не надсилайте. "
        "Докладніше: poruch.example/privacy\n\n"
        "1 з 2. На місці чи телефоном?"
    )
    assert first.quick_replies == ["На місці", "Телефоном", "Це про інше", "Людина"]

    clock.move_on(timedelta(minutes=1))
    await svitlana.taps("На місці")
    second = await hears(wire, svitlana)
    assert second.text == "2 з 2. З ким Вам зручніше?"
    assert second.quick_replies == ["Жінка", "Чоловік", "Без різниці", "Пропустити", "Назад", "Людина"]

    await svitlana.taps("Жінка")
    summary = await hears(wire, svitlana)
    assert summary.text == (
        "Ось що записано:\n• Тема: перекладач\n• Де: лікар\n• Коли: вт, 15 грудня, 9:00\n• Як: на місці\n"
        "• З ким: жінка\n• Відповідь: у цьому чаті\nУсе правильно?"
    )

    clock.move_on(timedelta(minutes=1))
    await svitlana.writes("Все вірно")
    done = await hears(wire, svitlana)
    assert done.text == (
        "Готово. Номер звернення: 264-911. Відповідь має надійти в понеділок до 11:30.\n\n"
        "Messenger дозволяє нам відповідати лише 24 години після Вашого повідомлення. "
        "Додати Telegram, щоб відповідь не застрягла?"
    )
    assert done.quick_replies == ["Додати Telegram", "Не зараз"]

    clock.move_on(timedelta(minutes=1))
    await svitlana.taps("Не зараз")
    await wire.settles()

    await town.until(datetime(2026, 12, 7, 10, 5, tzinfo=WARSAW))
    ticket = await town.ticket()
    await marta.signs_in()
    page = await marta.opens("/staff/tickets/264-911")
    assert "Okno Messengera zamknięte od soboty, 14:53." in page
    assert "Odpowiedź poczeka na wiadomość od tej osoby." in page
    await marta.answers(
        ticket,
        "Dzień dobry. Tłumaczka będzie 15 grudnia o 8:50 przy rejestracji. Proszę napisać nazwę szpitala.",
        "Доброго дня. Перекладачка буде 15 грудня о 8:50 біля реєстратури. Напишіть, будь ласка, назву лікарні.",
    )
    (waiting,) = [message for message in await told(town) if message.author is Author.STAFF]
    assert waiting.status is Status.HELD
    assert "dopiero po wiadomości od tej osoby" in await marta.opens("/staff/tickets/264-911")
    assert "264-911" in await marta.opens("/staff/health")

    await town.until(datetime(2026, 12, 8, 18, 30, tzinfo=WARSAW))
    await svitlana.writes("є якісь новини?")
    answer = await hears(wire, svitlana)
    assert answer.text == (
        "Відповідь готова від понеділка, але Messenger не дозволив її надіслати. Ось вона.\n\n"
        "З Вами Марта з Центру. Далі пише людина, не бот.\n\n"
        "Доброго дня. Перекладачка буде 15 грудня о 8:50 біля реєстратури. Напишіть, будь ласка, назву лікарні.\n\n"
        "Переклад автоматичний."
    )
    assert answer.buttons == ["Оригінал польською"]
    assert answer.messaging_type == "RESPONSE"
    again = await hears(wire, svitlana)
    assert again.text == (
        "Messenger дозволяє нам відповідати лише 24 години після Вашого повідомлення. "
        "Додати Telegram, щоб відповідь не застрягла?"
    )

    clock.move_on(timedelta(minutes=1))
    await svitlana.taps("Додати Telegram")
    link = (await hears(wire, svitlana)).text
    start = "Відкрийте Telegram за посиланням. Воно одноразове й діє 10 хвилин: https://t.me/poruch_example_bot?start="
    assert link.startswith(start)

    clock.move_on(timedelta(minutes=1))
    in_telegram = town.person("Світлана у Telegram")
    await in_telegram.writes(f"/start {link.removeprefix(start)}")
    asked = in_telegram.reads()
    assert asked.text == "Приєднати цей чат до Вашої розмови в Messenger?"
    assert asked.buttons == ["Так, приєднати", "Ні"]
    await in_telegram.presses("Так, приєднати")
    assert in_telegram.unread == []

    confirm = await hears(wire, svitlana)
    assert confirm.text == "Хтось приєднує Telegram до цієї розмови. Це Ви?"
    assert confirm.buttons == ["Так, це я", "Ні, не я"]
    clock.move_on(timedelta(minutes=1))
    await svitlana.presses("Так, це я")
    await wire.settles()
    await town.deliver()
    assert in_telegram.reads().text == "Готово. Відповіді надсилатимемо сюди."

    clock.move_on(timedelta(minutes=2))
    await in_telegram.writes("лікарня в Стараховіце, повятова")
    await town.waits(timedelta(seconds=10))
    assert in_telegram.unread == []
    async with town.database.reading() as session:
        last = await session.scalar(select(Message).order_by(col(Message.id).desc()).limit(1))
        assert last is not None
        assert last.ticket_id == ticket.id
        assert len(list(await session.scalars(select(Address)))) == 2
        assert await session.scalar(select(Ticket.person_id).where(col(Ticket.id) == ticket.id)) == last.person_id

    await marta.answers(ticket, "Dziękuję.", "Дякую.")
    assert "Дякую." in in_telegram.reads().text
    assert svitlana.told[-1].text == confirm.text


async def to_the_end(wire: MessengerWire, person: Meta) -> None:
    """Somebody's first words and all the questions, up to the number of their ticket."""
    await person.writes("Потрібен перекладач до лікаря з дитиною, 15 грудня о 9")
    await hears(wire, person)
    for pressed in ("На місці", "Жінка", "Так"):
        await person.taps(pressed)
        await hears(wire, person)


async def test_from_the_first_words_to_a_closed_ticket(wire: MessengerWire, town: Town) -> None:
    iryna, marta = wire.api.person("7002", "Ірина"), await town.staff("Marta")
    await to_the_end(wire, iryna)
    ticket = await town.ticket()

    await marta.answers(ticket, "Tłumaczka będzie o 8:50.", "Перекладачка буде о 8:50.")
    assert "Перекладачка буде о 8:50." in (await hears(wire, iryna)).text
    await iryna.presses("Оригінал польською")
    assert "Tłumaczka będzie o 8:50." in (await hears(wire, iryna)).text
    await iryna.writes("дякую Вам")
    await iryna.reads()
    await wire.settles()
    assert "przeczytane" in await marta.opens(f"/staff/tickets/{ids.spoken(ticket.ref)}")

    await marta.closes(ticket, "done", "Sprawa załatwiona.", "Справу вирішено.")
    last = await hears(wire, iryna)
    assert "Справу вирішено." in last.text
    assert (await town.ticket()).status.value == "closed"
    statuses = {message.status for message in await told(town)}
    assert statuses == {Status.SENT}
    assert len({one.metadata for one in iryna.told}) == len(iryna.told), "nothing twice"


async def test_the_window_runs_on_beside_the_open_page_and_opens_anew(wire: MessengerWire, town: Town) -> None:
    iryna, marta = wire.api.person("7002", "Ірина"), await town.staff("Marta")
    await to_the_end(wire, iryna)
    window = f"/staff/tickets/{ids.spoken((await town.ticket()).ref)}/window"

    assert "Messenger: do sob. 14:50, jeszcze 24 h" in await marta.opens(window)
    clock.move_on(timedelta(hours=22, minutes=30))
    await marta.signs_in()
    assert "1 h 30 min" in await marta.opens(window)
    clock.move_on(timedelta(minutes=90))
    assert "Okno Messengera zamknięte" in await marta.opens(window)
    await iryna.writes("є якісь новини?")
    await wire.settles()
    assert "zamknięte" not in await marta.opens(window)
    assert (await marta.client.get(window, params={"via": "nobody"})).status_code == 200
    assert (await marta.client.get("/staff/tickets/000-000/window")).status_code == 404
    anna = await town.staff("Anna")
    assert (await anna.client.get(window)).status_code == 403


async def test_a_reminder_goes_where_it_may_and_else_to_the_staffs_list(wire: MessengerWire, town: Town) -> None:
    here, there = wire.api.person("7003", "Ніна"), town.person("Ніна у Telegram")
    alone = wire.api.person("7004", "Олег")
    await here.writes("хочу на курси польської ввечері")
    await alone.writes("хочу на курси польської ввечері")
    await wire.settles()
    async with town.database.transaction() as session:
        course = await courses.add_course(
            session, "A1-3", at=clock.now(), level="A1", capacity=5, room={"uk": "каб. 12"}, names={"uk": "польська"}
        )
        lesson = await courses.add_lesson(session, course, datetime(2026, 12, 10, 17, 30, tzinfo=WARSAW))
        people = list(await session.scalars(select(Person).order_by(col(Person.id))))
        book = await town.shelf.book(session)
        for person in people:
            person.reminders = True
            await reminders.plan(session, person.id or 0, [lesson], book.centre, clock.now())
    await there.writes("Добрий день")
    async with town.database.transaction() as session:
        second = await session.scalar(select(Person).order_by(col(Person.id).desc()).limit(1))
        assert second is not None
        await merging.merge(session, await session.get_one(Person, people[0].id), second, clock.now())
    wire_told = len(here.told), len(alone.told)

    await town.until(datetime(2026, 12, 9, 18, 0, tzinfo=WARSAW))
    await wire.settles()

    assert "Нагадуємо: завтра" in there.last
    assert (len(here.told), len(alone.told)) == wire_told
    async with town.database.reading() as session:
        states = {
            reminder.person_id: (reminder.state.value, reminder.why)
            for reminder in await session.scalars(select(Reminder).where(col(Reminder.kind) == Kind.DAY))
        }
    assert states == {people[0].id: ("told", ""), people[1].id: ("missed", "window")}


async def test_a_database_that_is_held_up_makes_meta_repeat_and_nothing_is_lost(
    wire: MessengerWire, town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not town.database.is_sqlite:
        pytest.skip("on PostgreSQL nobody holds up everybody")
    monkeypatch.setattr("desk.database.PATIENCE", 0.2)
    iryna = wire.api.person("7005", "Ірина")

    async with town.database._turn_to_write():
        said = await iryna.writes("Потрібен юрист")
        await wire.api.until(lambda: bool(said.statuses))
    await hears(wire, iryna)

    assert said.statuses[0] == 503
    assert said.statuses[-1] == 200
    async with town.database.reading() as session:
        heard = await session.scalars(select(Message.text).where(col(Message.direction) == Direction.HEARD))
        assert list(heard) == ["Потрібен юрист"]
    assert len(iryna.told) == 1
