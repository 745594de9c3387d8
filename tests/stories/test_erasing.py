"""«Видаліть мої дані»: what goes, what stays, and that nothing of a person can be found anywhere afterwards."""

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlmodel import col

from desk import clock, courses, ids, merging, people, privacy, translation
from desk import messages as post
from desk.courses import Course, Place, Standing
from desk.database import Database
from desk.library import Entry
from desk.messages import Heard, Message, SetAside
from desk.models import TABLES
from desk.people import Address, ContactRule, Person
from desk.people import Place as PersonsPlace
from desk.receipts import Receipt, What
from desk.tickets import Status, Ticket
from tests.town import WARSAW, Town, Villager

QUESTION = "Доброго дня, загубила паспорт, що робити з PESEL UKR?"
FORM = ("Wniosek Oksany.pdf", b"%PDF-1.7 the form of Oksana")


@pytest.fixture
async def town(database_url: str) -> AsyncIterator[Town]:
    """On both databases: what is deleted hangs together in each."""
    database = Database(database_url)
    town = Town(database)
    await town.opens_its_doors(datetime(2026, 12, 9, 10, 0, tzinfo=WARSAW))
    yield town
    await town.closes_its_doors()
    await database.close()


async def everything(town: Town) -> str:
    """All that stands in the database, as text."""
    found = []
    async with town.database.reading() as session:
        for table in TABLES:
            if table is Entry:
                continue  # The centre's own texts.
            for row in await session.scalars(select(table)):
                found.append(json.dumps(row.model_dump(), default=str, ensure_ascii=False))
    return "\n".join(found)


async def count(town: Town, table: type) -> int:
    async with town.database.reading() as session:
        return len((await session.scalars(select(table))).all())


async def is_forgotten(oksana: Villager) -> None:
    """She asks, is told what it costs, and presses."""
    await oksana.writes("/delete")
    assert oksana.screen[-1].buttons == ["Видалити все", "Не видаляти", "Людина"]
    await oksana.presses("Видалити все")
    assert oksana.last == "Видалено. Листування на своєму телефоні видаліть, будь ласка, самі."


async def test_what_goes_and_what_it_costs_is_said_first(town: Town) -> None:
    larisa = town.person("Larisa")
    await larisa.writes("Здравствуйте, потеряла паспорт, что делать с PESEL UKR?")
    await larisa.writes("человек")
    ref = ids.spoken((await town.ticket()).ref)

    await larisa.writes("/delete")

    assert larisa.last == (
        f"Будет удалено: сообщения, файлы, имя, контакты. Открытое обращение {ref} закроется без ответа.\n"
        "Останется для отчёта: тема и даты, без имени и слов. Вернуть удалённое нельзя. Удалить?"
    )
    assert larisa.screen[-1].buttons == ["Удалить всё", "Не удалять", "Человек"]
    await larisa.presses("Удалить всё")
    assert larisa.last == "Удалено. Переписку на своём телефоне удалите, пожалуйста, сами."


async def test_a_place_in_a_course_is_named_and_given_up(town: Town) -> None:
    oksana = town.person("Oksana")
    await oksana.writes(QUESTION)
    person = await town.person_row("Oksana")
    async with town.database.transaction() as session:
        course = Course(code="A1-1", service="polish_course", names={"uk": "польська"}, made_at=clock.now())
        session.add(course)
        await session.flush()
        session.add(Place(course_id=course.id or 0, person_id=person.id or 0, standing=Standing.IN, since=clock.now()))
    await oksana.writes("/delete")
    assert "Місце на курсі звільниться." in oksana.last

    await oksana.presses("Видалити все")

    async with town.database.reading() as session:
        assert await courses.taken_places(session, course.id or 0) == 0


async def test_nothing_of_the_person_can_be_found_anywhere_afterwards(town: Town) -> None:
    oksana, marta, beata = town.person("Оксана Коваль"), await town.staff("Marta"), await town.staff("Beata")
    await oksana.writes(QUESTION)
    await oksana.sends("photo", "ось мій лист", content=b"\xff\xd8\xff the letter")
    await town.waits(timedelta(seconds=5))
    ticket = await town.ticket()
    await marta.answers(ticket, "Pani Oksano, proszę przyjść.", "Пані Оксано, приходьте.", files=[FORM])
    await marta.posts(f"/staff/tickets/{ids.spoken(ticket.ref)}/notes", text="Oksana mieszka u siostry.")
    person = await town.person_row("Оксана Коваль")
    await beata.posts(f"/staff/people/{person.id}/name", name="Оксана Коваль", phone="+48 612 345 987")
    web = town.person("Оксана з сайту", "web")
    await web.writes("це знову я, Оксана, з комп'ютера")
    other = await town.person_row("Оксана з сайту")
    async with town.database.transaction() as session:
        kept, gone = await people.find_person(session, person.id or 0), await people.find_person(session, other.id or 0)
        await merging.merge(session, kept, gone, clock.now())
        people.change_rule(session, kept, ContactRule.ONLY_TEXT, "Чоловік читає телефон", 1)
        (wanted,) = [one for one in await translation.wanted(session) if "паспорт" in one.text]
        await translation.keep(session, wanted, "Zgubiłam paszport", "libretranslate", clock.now())
        await post.set_aside(
            session, "telegram", "", "1", f'{{"from": {oksana.external}}}'.encode(), "odd", clock.now()
        )
    await is_forgotten(oksana)
    await town.waits(timedelta(minutes=16))
    await town.rounds.forget()

    left = await everything(town)

    for word in (
        "Оксан",
        "Oksan",
        "паспорт",
        "paszport",
        "лист",
        "345 987",
        "345987",
        "siostr",
        "телефон читає",
        "Чоловік",
    ):
        assert word not in left, word
    assert f'"{oksana.external}"' not in left
    assert f'"{web.external}"' not in left
    assert await count(town, Address) == 0
    assert await count(town, Message) == 0
    tickets = await town.tickets()
    assert {(one.service, one.status, one.reason) for one in tickets} >= {
        ("office_matters", Status.CLOSED, "withdrawn")
    }
    assert all(one.answers == {} and one.closed_at for one in tickets)


async def test_nothing_is_left_in_the_file_either(town: Town) -> None:
    if not town.database.is_sqlite:
        pytest.skip("PostgreSQL's files are its own affair")
    oksana = town.person("Oksana")
    secret = "дуже особисті слова про пелікана"
    await oksana.writes(f"{QUESTION} {secret} " + "і ще багато слів " * 600)  # On pages of their own.
    file = Path(town.database.engine.url.database or "")
    assert any(secret.encode() in one.read_bytes() for one in file.parent.glob(f"{file.name}*"))
    await is_forgotten(oksana)

    async with town.database.engine.connect() as connection:
        await connection.exec_driver_sql("COMMIT")
        await connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")

    assert not any(secret.encode() in one.read_bytes() for one in file.parent.glob(f"{file.name}*"))


async def test_staff_see_that_it_happened_and_find_nobody_to_write_to(town: Town) -> None:
    oksana, marta = town.person("Oksana"), await town.staff("Marta")
    await oksana.writes(QUESTION)
    await oksana.writes("людина")
    person, ticket = await town.person_row("Oksana"), await town.ticket()
    await is_forgotten(oksana)
    await town.waits(timedelta(minutes=16))
    await town.rounds.forget()

    page = await marta.opens(f"/staff/tickets/{ids.spoken(ticket.ref)}")

    assert "Dane osoby usunięte. Zostały temat i daty." in page
    assert "Dane tej osoby usunięto" in await marta.opens(f"/staff/people/{person.id}")
    assert f"/staff/people/{person.id}" not in await marta.opens("/staff/people")
    await marta.posts(f"/staff/tickets/{ids.spoken(ticket.ref)}/reopening")
    assert (await marta.answers(ticket, "Halo?", "Ви тут?")).status_code in (409, 422)


async def test_who_writes_again_is_a_first_contact(town: Town) -> None:
    oksana = town.person("Oksana")
    await oksana.writes(QUESTION)
    await is_forgotten(oksana)

    await oksana.writes("добрий день, шукаю роботу")

    assert "Я – Поруч" in oksana.last
    assert "пошук роботи" in oksana.last
    assert await count(town, Person) == 2
    await town.waits(timedelta(minutes=16))
    await town.rounds.forget()
    assert await count(town, Address) == 1, "the address is the new one's"
    await oksana.writes("людина")
    assert "Номер звернення" in oksana.last


async def test_the_press_that_comes_again_finds_itself(town: Town) -> None:
    oksana = town.person("Oksana")
    await oksana.writes(QUESTION)
    await is_forgotten(oksana)
    oksana.said -= 1  # The channel has not heard our yes, and brings it once more.

    again = await oksana.presses("Видалити все")

    assert again.duplicate
    assert len([shown for shown in oksana.screen if shown.text.startswith("Видалено.")]) == 1


async def test_who_thinks_better_of_it_goes_on_where_they_were(town: Town) -> None:
    oksana = town.person("Oksana")
    await oksana.writes(QUESTION)
    await oksana.writes("/delete")

    await oksana.presses("Не видаляти")

    assert oksana.last.startswith("Нічого не видалено. ")
    assert "Яка допомога потрібна?" in oksana.last
    await oksana.presses("Пояснити")
    assert "Наскільки це терміново?" in oksana.last


@pytest.mark.parametrize(
    ("first", "words", "yes", "done"),
    [
        (QUESTION, "Видаліть мої дані!", "так", "Видалено."),
        ("Hello, I have lost my passport, what should I do?", "delete my data", "yes", "Deleted."),
        ("Dzień dobry, zgubiłam paszport, co mam zrobić?", "usuńcie moje dane", "tak", "Usunięte."),
        ("Здравствуйте, потеряла паспорт, что мне делать?", "удалите мои данные", "да", "Удалено."),
    ],
)
async def test_plain_words_are_enough(town: Town, first: str, words: str, yes: str, done: str) -> None:
    anna = town.person("Anna", "web")
    await anna.writes(first)
    await anna.writes(words)

    await anna.writes(yes)

    assert anna.last.startswith(done), anna.last


async def test_what_the_channel_brings_once_more_stays_forgotten(town: Town) -> None:
    oksana = town.person("Oksana")
    place = PersonsPlace("telegram", oksana.external)
    said = Heard(place, "mid.1", clock.now(), number="mid.1", text=QUESTION)
    by_staff = Receipt(place, What.TOLD, clock.now(), number="mid.2", text="Dzień dobry, tu Marta.")
    await town.intake.take(said)
    await town.intake.report(by_staff)
    await oksana.writes("/delete")
    await oksana.presses("Видалити все")
    shown, kept = len(oksana.screen), await count(town, Message)

    assert (await town.intake.take(said)).duplicate
    await town.intake.report(by_staff)

    await town.intake.report(replace(by_staff, number="mid.4", automatic=True))  # Another program answers the press.
    assert (len(oksana.screen), await count(town, Message), await count(town, Person)) == (shown, kept, 1)
    clock.move_on(timedelta(seconds=1))
    await oksana.writes(QUESTION)
    assert await count(town, Person) == 2, "what is new is heard at once"
    assert (await town.intake.take(said)).duplicate, "also behind what is new"
    assert (await town.intake.take(replace(said, key="edit:1:mid.1", edits="mid.1"))).duplicate
    assert await count(town, Person) == 2
    await town.intake.report(replace(by_staff, number="mid.3", at=clock.now()))
    assert not any(message.person_id == 1 and message.text == by_staff.text for message in await rows_of(town, Message))


async def test_over_an_alarm_a_person_looks_first(town: Town) -> None:
    olena = town.person("Olena")
    await olena.writes("чоловік мене б'є, боюся йти додому")
    before = await count(town, Message)

    await olena.writes("/delete")

    assert "Видалити все" not in olena.screen[-1].buttons
    assert await count(town, Message) > before
    assert (await town.ticket()).is_urgent


async def test_an_alarm_between_question_and_press_is_not_forgotten(town: Town) -> None:
    olena = town.person("Olena")
    await olena.writes(QUESTION)
    await olena.writes("/delete")
    button = olena.screen[-1].data["Видалити все"]
    await olena.writes("чоловік мене б'є, боюся йти додому")

    await olena.presses_data(button)

    assert (await town.ticket()).is_urgent
    assert await count(town, Message) > 3


async def test_last_words_that_cannot_leave_do_not_keep_the_address_for_ever(town: Town) -> None:
    oksana = town.person("Oksana")
    await oksana.writes(QUESTION)
    town.wired.add("telegram")  # Nothing leaves from here on.
    await oksana.writes("/delete")
    async with town.database.reading() as session:
        asked = (await session.scalars(select(Message).order_by(col(Message.id).desc()).limit(1))).one()
    await oksana.presses_data(asked.choices[0]["id"])
    await town.waits(timedelta(hours=1))
    await town.rounds.forget()
    assert await count(town, Address) == 1

    await town.waits(timedelta(days=1))
    await town.rounds.forget()

    assert await count(town, Address) == 0
    async with town.database.reading() as session:
        assert await privacy.to_finish(session, clock.now()) == []


async def test_the_coordinator_can_do_it_for_who_asks_in_person(town: Town) -> None:
    oksana, marta, beata = town.person("Oksana"), await town.staff("Marta"), await town.staff("Beata")
    await oksana.writes(QUESTION)
    person = await town.person_row("Oksana")
    path = f"/staff/people/{person.id}/erasure"

    assert (await marta.posts(path, sure="1")).status_code == 403
    assert "Zaznacz, że osoba o to poprosiła." in (await beata.posts(path)).text
    assert await count(town, Message) == 2
    assert (await beata.posts(path, sure="1")).status_code == 303

    assert await count(town, Message) == 0
    assert await count(town, Address) == 0
    async with town.database.reading() as session:
        assert (await session.scalars(select(Ticket))).one().status is Status.CLOSED


# Nothing brings them back


@pytest.mark.parametrize("echo", ["again", "twice", "blocked", "blocked later"])
async def test_no_echo_of_them_brings_name_or_address_back(town: Town, echo: str) -> None:
    oksana = town.person("Оксана Коваль")
    await oksana.writes(QUESTION)
    await is_forgotten(oksana)
    if echo == "blocked later":
        await town.waits(timedelta(minutes=16))
        await town.rounds.forget()
    if echo == "again":
        oksana.said -= 1
    if echo.startswith("blocked"):
        await oksana._sends(kind="blocked")
    else:
        await oksana.presses("Видалити все")

    await town.waits(timedelta(minutes=16))
    await town.rounds.forget()

    assert await count(town, Address) == 0
    assert "Коваль" not in await everything(town)
    assert await count(town, Person) == 1


async def test_nobody_is_joined_with_somebody_forgotten(town: Town) -> None:
    oksana, halyna, beata = town.person("Oksana"), town.person("Halyna"), await town.staff("Beata")
    for one in (oksana, halyna):
        await one.writes(QUESTION)
    gone, there = await town.tickets()
    await is_forgotten(oksana)

    for into, ref in ((gone, there.ref), (there, gone.ref)):
        answer = await beata.posts(f"/staff/people/{into.person_id}/merging", ref=ids.spoken(ref))
        assert answer.status_code == 422
        assert "Dane tej osoby zostały usunięte" in answer.text

    await town.waits(timedelta(minutes=16))
    await town.rounds.forget()
    assert [row.external for row in await rows_of(town, Address)] == [halyna.external]


async def rows_of(town: Town, table: type) -> list:  # type: ignore[type-arg]
    async with town.database.reading() as session:
        return list(await session.scalars(select(table)))


async def test_a_stale_page_writes_nothing_more_about_them(town: Town) -> None:
    oksana, beata = town.person("Oksana"), await town.staff("Beata")
    await oksana.writes(QUESTION)
    ticket = await town.ticket()
    await is_forgotten(oksana)
    page, person = f"/staff/tickets/{ids.spoken(ticket.ref)}", f"/staff/people/{ticket.person_id}"

    for path, fields in {
        f"{page}/reopening": {},
        f"{page}/replies": {"text": "Pani Oksano"},
        f"{page}/notes": {"text": "Oksana dzwoniła"},
        f"{page}/assignment": {"owner": "me"},
        f"{person}/name": {"name": "Oksana", "phone": "+48 612 345 987"},
        f"{person}/safe-contact": {"rule": "free", "text": "Oksana"},
        f"{person}/erasure": {"sure": "1"},
    }.items():
        answer = await beata.posts(path, **fields)
        assert answer.status_code in (303, 409, 422), (path, answer.status_code)

    left = await everything(town)
    assert "Oksan" not in left
    assert "345987" not in left.replace(" ", "")
    assert (await town.ticket()).status is Status.CLOSED
    assert oksana.last.startswith("Видалено.")


async def test_who_has_the_address_of_somebody_forgotten_can_be_forgotten_too(town: Town) -> None:
    oksana, beata = town.person("Oksana"), await town.staff("Beata")
    await oksana.writes(QUESTION)
    await is_forgotten(oksana)
    await oksana.writes("добрий день, шукаю роботу")
    second = await town.ticket()

    assert (await beata.posts(f"/staff/people/{second.person_id}/erasure", sure="1")).status_code == 303

    assert await count(town, Address) == 0
    assert await count(town, Message) == 0


async def test_who_was_joined_into_another_is_forgotten_there(town: Town) -> None:
    oksana, web, beata = town.person("Oksana"), town.person("Oksana at home", "web"), await town.staff("Beata")
    for one in (oksana, web):
        await one.writes(QUESTION)
    kept, gone = await town.tickets()
    await beata.posts(f"/staff/people/{kept.person_id}/merging", ref=ids.spoken(gone.ref))

    answer = await beata.posts(f"/staff/people/{gone.person_id}/erasure", sure="1")

    assert answer.headers["location"] == f"/staff/people/{kept.person_id}"
    assert await count(town, Address) == 2
    await beata.posts(f"/staff/people/{kept.person_id}/erasure", sure="1")
    assert await count(town, Address) == 0


async def test_a_typed_yes_counts_also_while_people_talk(town: Town) -> None:
    oksana, marta = town.person("Oksana"), await town.staff("Marta")
    await oksana.writes(QUESTION)
    await marta.answers(await town.ticket(), "Dzień dobry", "Доброго дня")
    await oksana.writes("/delete")

    await oksana.writes("так")

    assert oksana.last.startswith("Видалено.")
    assert (await town.ticket()).status is Status.CLOSED


@pytest.mark.parametrize("first", ["Добрий день", QUESTION])
async def test_the_question_stays_while_a_burst_would_be_answered(town: Town, first: str) -> None:
    oksana = town.person("Oksana")
    await oksana.writes(first)
    await oksana.writes("видаліть мої дані")
    await town.waits(timedelta(seconds=6))

    await oksana.presses("Видалити все")

    assert oksana.last.startswith("Видалено.")
    assert not oksana.popups


async def test_what_was_set_aside_of_others_stays(town: Town) -> None:
    oksana = town.person("Oksana")
    await oksana.writes(QUESTION)
    async with town.database.transaction() as session:
        for key, raw in (
            ("1", f'{{"from": {oksana.external}}}'),
            ("2", f'{{"from": 1{oksana.external}34}}'),
            ("deletion:1", oksana.external),
        ):
            await post.set_aside(session, "telegram", "", key, raw.encode(), "odd", clock.now())

    await is_forgotten(oksana)

    assert {row.key for row in await rows_of(town, SetAside)} == {"2", "deletion:1"}


async def test_what_an_earlier_version_was_translated_to_goes_as_well(town: Town) -> None:
    oksana = town.person("Oksana")
    await oksana.writes("Мене звати Коваль, потрібен переклад")
    async with town.database.transaction() as session:
        (wanted,) = await translation.wanted(session)
        await translation.keep(session, wanted, "nazywam się Kowal", "libretranslate", clock.now())
    await oksana._sends(text="Потрібен переклад", edits=str(1000 + oksana.said))
    await is_forgotten(oksana)
    async with town.database.transaction() as session:  # A translation that comes back late.
        await translation.keep(session, wanted, "nazywam się Kowal", "libretranslate", clock.now())

    assert "Kowal" not in await everything(town)


async def test_a_wish_about_data_is_no_cry_for_help_and_a_cry_beside_it_is_heard(town: Town) -> None:
    oksana, olena = town.person("Oksana"), town.person("Olena")

    await oksana.writes("Хочу, щоб ви видалили все про мене")
    await olena.writes("видаліть мої дані, я більше не хочу жити")

    assert oksana.screen[-1].buttons == ["Видалити все", "Не видаляти", "Людина"]
    (ticket,) = await town.tickets()
    assert ticket.alarm == "suicide"


async def test_a_typed_yes_that_the_channel_repeats_brings_nobody_back(town: Town) -> None:
    oksana = town.person("Оксана Коваль")
    await oksana.writes(QUESTION)
    await oksana.writes("/delete")
    await oksana.writes("так")
    assert oksana.last.startswith("Видалено.")
    oksana.said -= 1

    again = await oksana.writes("так")
    await town.waits(timedelta(minutes=16))
    await town.rounds.forget()

    assert again.duplicate
    assert await count(town, Person) == 1
    assert await count(town, Address) == 0
    assert "Коваль" not in await everything(town)


async def test_a_command_with_a_cry_behind_it_is_heard_as_a_cry(town: Town) -> None:
    olena = town.person("Olena")

    await olena.writes("/delete я більше не хочу жити")

    assert (await town.ticket()).alarm == "suicide"


async def test_a_translation_of_what_was_changed_meanwhile_is_not_put_beside_it(town: Town) -> None:
    oksana = town.person("Oksana")
    await oksana.writes("Прийду 5 грудня по довідку")
    async with town.database.transaction() as session:
        (wanted,) = await translation.wanted(session)
    await oksana._sends(text="Прийду 6 грудня по довідку", edits=str(1000 + oksana.said))

    async with town.database.transaction() as session:
        await translation.keep(session, wanted, "Przyjdę 5 grudnia", "libretranslate", clock.now())

    assert "Przyjdę 5" not in await everything(town)
    async with town.database.reading() as session:
        (still,) = await translation.wanted(session)
    assert still.text == "Прийду 6 грудня по довідку"
