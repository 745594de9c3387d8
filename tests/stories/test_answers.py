"""Approved answers: shown in time, voted on, never after their date, and learnt from by nobody."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from desk import answers, corrections, ids, learning, library
from desk.answers import Shown
from desk.corrections import Correction
from desk.tickets import Status
from tests.town import WARSAW, Town

QUESTION = "скільки чекати карту цукр? подав у вересні"


@pytest.mark.parametrize(
    ("at", "shown"),
    [
        (datetime(2026, 12, 31, 23, 59, tzinfo=WARSAW), True),
        (datetime(2027, 1, 1, 0, 0, tzinfo=WARSAW), False),
    ],
)
async def test_an_answer_ends_at_midnight_of_its_last_day(town: Town, at: datetime, shown: bool) -> None:
    await town.until(at)
    mykola = town.person("Mykola")

    await mykola.writes(QUESTION)

    assert ("до 180 днів" in mykola.last) is shown
    assert ("Правила могли змінитися" in mykola.last) is not shown


async def test_staff_read_which_answer_was_past_its_date(town: Town) -> None:
    await town.until(datetime(2027, 1, 4, 9, 0, tzinfo=WARSAW))
    mykola = town.person("Mykola")
    await mykola.writes(QUESTION)
    ticket = await town.ticket()

    page = await (await town.staff("Marta")).opens(f"/staff/tickets/{ids.spoken(ticket.ref)}")

    assert "Zatwierdzona odpowiedź jest po dacie ważności" in page


async def test_votes_are_counted_and_a_no_becomes_a_ticket(town: Town) -> None:
    helped, not_helped = town.person("Mykola"), town.person("Ihor")
    await helped.writes(QUESTION)
    await not_helped.writes(QUESTION)

    await helped.presses("Так, допомогло")
    await not_helped.presses("Потрібна людина")

    states = [ticket.status for ticket in await town.tickets()]
    assert sorted(state.value for state in states) == sorted([Status.CLOSED.value, Status.NEW.value])
    async with town.database.reading() as session:
        votes = (await answers.votes(session))["cukr_time"]
    assert (votes.shown, votes.helped, votes.not_helped) == (2, 1, 1)


async def test_words_instead_of_a_press_are_for_a_person(town: Town) -> None:
    mykola = town.person("Mykola")
    await mykola.writes(QUESTION)
    await town.waits(timedelta(minutes=1))

    await mykola.writes("ні, мені вже 200 днів ніхто не пише")

    ticket = await town.ticket()
    assert ticket.status is Status.NEW
    async with town.database.reading() as session:
        assert (await session.scalars(select(Shown))).one().helped is False


async def test_an_answer_nobody_approved_is_not_shown(town: Town) -> None:
    async with town.database.transaction() as session:
        library.withdraw(session, await library.find(session, "answer", "cukr_time"), None)
    town.shelf.forget()
    async with town.database.reading() as session:
        (await town.shelf.book(session)).answers.warm()
    mykola = town.person("Mykola")

    await mykola.writes(QUESTION)

    assert "180 днів" not in mykola.last


async def test_staff_who_correct_a_service_leave_an_example(town: Town) -> None:
    olha = town.person("Olha")
    await olha.writes("шукаю роботу, мій паспорт FH 123456")
    ticket = await town.ticket()
    marta = await town.staff("Marta")

    await marta.posts(f"/staff/tickets/{ticket.ref}/service", service="legal_advice")

    async with town.database.reading() as session:
        kept = (await session.scalars(select(Correction))).one()
        own = await corrections.own_examples(session)
        assert await learning.weights_in_use(session) is None
    assert (kept.service, kept.by) == ("legal_advice", "staff")
    assert [(one.text, one.label) for one in own] == [("шукаю роботу, мій паспорт FH •••456", "legal_advice")]
