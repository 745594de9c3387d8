"""The monthly drill: the screen reads its phrases, staff take the alarm of an invented person, nobody is written to."""

from datetime import timedelta

from sqlalchemy import select
from sqlmodel import col

from desk import drills, handbook, ids
from desk.messages import Direction, Message, Status
from desk.tickets import Priority
from tests.town import Town

ROOM = "/staff/settings/drill"


def test_the_screen_that_is_shipped_passes_the_drill() -> None:
    assert drills.read_to(handbook.shipped()[0]) == ([], [])


def test_every_scenario_is_read_in_every_language() -> None:
    danger = [phrase.name for phrase in drills.phrases() if phrase.is_danger]
    scenarios = {scenario.id for scenario in handbook.shipped()[0].scenarios} - {"asked_for_help"}

    assert sorted(danger) == sorted(f"{name}.{language}" for name in scenarios for language in ("uk", "ru", "pl", "en"))


async def test_a_drill_is_an_alarm_that_somebody_takes(town: Town) -> None:
    beata = await town.staff("Beata")
    assert "Jeszcze nie było ćwiczenia" in await beata.opens(ROOM)

    await beata.posts(ROOM)

    ticket = await town.ticket()
    assert (ticket.priority, ticket.alarm) == (Priority.URGENT, "domestic_violence")
    assert "Nikt jeszcze nie przejął" in await beata.opens(ROOM)
    inbox = await beata.opens("/staff/tickets?queue=urgent")
    assert "Ćwiczenie" in inbox and ids.spoken(ticket.ref) in inbox

    await town.waits(timedelta(minutes=3))
    await beata.posts(f"/staff/tickets/{ids.spoken(ticket.ref)}/take")

    page = await beata.opens(ROOM)
    assert "Przejęto: po 3 minutach" in page and "Beata Nowak" in page
    assert "Dobrze rozpoznane zdania próbne: 36 z 36" in page


async def test_what_is_told_in_a_drill_waits_for_nobody(town: Town) -> None:
    beata = await town.staff("Beata")
    await beata.posts(ROOM)
    await town.waits(timedelta(minutes=11))
    await beata.answers(await town.ticket(), "Jesteśmy przy Tobie", "Ми поруч", confirm=True)

    async with town.database.reading() as session:
        told = (await session.scalars(select(Message).where(col(Message.direction) == Direction.TOLD))).all()

    assert len(told) >= 2
    assert {message.status for message in told} == {Status.SENT}


async def test_the_next_drill_is_a_task_when_its_day_has_come(town: Town) -> None:
    beata = await town.staff("Beata")
    await beata.posts(ROOM)
    assert "Następne ćwiczenie: najpóźniej 1 stycznia 2027" in await beata.opens(ROOM)
    async with town.database.reading() as session:
        assert await drills.due(session) is not None


async def test_only_those_who_keep_the_content_begin_a_drill(town: Town) -> None:
    marta = await town.staff("Marta")

    assert "Zacznij ćwiczenie" not in await marta.opens(ROOM)
    assert (await marta.posts(ROOM)).status_code == 403
    assert await town.tickets() == []
