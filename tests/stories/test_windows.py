"""Messenger from the first words to the last, over a strict stand-in of the Graph API: nothing lost, nothing doubled."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select
from sqlmodel import col

from desk import channels, clock, ids
from desk.messages import Author, Direction, Message, Status
from desk.people import Address
from desk.tickets import Ticket
from tests.graph_api import Person as Meta
from tests.graph_api import Told
from tests.messenger_wire import MessengerWire
from tests.town import WARSAW, Town

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
    return await person.hears(within=10)


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
    assert "Messenger: nie można pisać od soboty, 14:53." in page
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
