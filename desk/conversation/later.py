"""What the bot says or does unasked when its time has come: a nudge, an apology, a "perhaps" that nobody answered."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from desk import windows
from desk.conversation import asking, danger
from desk.conversation.talk import Talk
from desk.conversation.turn import Said, Turn
from desk.handbook import Handbook
from desk.history import record
from desk.messages import Purpose
from desk.people import ContactRule, Person, addresses_of
from desk.safety import PERHAPS
from desk.texts import w
from desk.tickets import Status, Ticket, current_of
from desk.times import rounded_up

NUDGE_AFTER = timedelta(days=1)
NOBODY_AFTER = timedelta(minutes=10)
STILL_TIME = timedelta(hours=1)


async def unfinished(session: AsyncSession, at: datetime, limit: int = 50) -> Sequence[int]:
    """Drafts about which nothing was heard for a day, and that were not recalled yet."""
    rows = await session.scalars(
        select(col(Ticket.id))
        .where(
            col(Ticket.status) == Status.DRAFT,
            col(Ticket.nudged).is_(False),
            col(Ticket.service) != "",
            col(Ticket.heard_at) <= at - NUDGE_AFTER,
        )
        .order_by(col(Ticket.heard_at))
        .limit(limit)
    )
    return [number for number in rows if number is not None]


async def nudge(session: AsyncSession, ticket_id: int, book: Handbook, at: datetime) -> None:
    """«Звернення … не закінчено. Продовжити?», once, never in quiet hours and never to someone who must not be written to."""
    if book.centre.is_quiet(at):
        return
    found = await _turn(session, ticket_id, book, at)
    if found is None:
        return
    turn, ticket = found
    if ticket.status is not Status.DRAFT or ticket.nudged:
        return
    ticket.nudged = True
    if turn.person.contact_rule is not ContactRule.FREE or not turn.address.reachable or ticket.staff_at is not None:
        return
    asking.offer_to_resume(turn, ticket, with_person=True)
    await turn.tell(purpose=Purpose.NEWS)
    turn.person.talk = turn.talk.kept()


async def overdue(session: AsyncSession, at: datetime, limit: int = 50) -> Sequence[int]:
    """Tickets whose promised time has passed and whose people have not been told."""
    rows = await session.scalars(
        select(col(Ticket.id))
        .where(
            col(Ticket.status) == Status.NEW,
            col(Ticket.due_told).is_(False),
            col(Ticket.alarm) == "",
            col(Ticket.due_at) < at,
        )
        .order_by(col(Ticket.due_at))
        .limit(limit)
    )
    return [number for number in rows if number is not None]


async def apologise(session: AsyncSession, ticket_id: int, book: Handbook, at: datetime) -> None:
    """«Ми не встигли відповісти…», once; a second miss is told by a person."""
    found = await _turn(session, ticket_id, book, at)
    if found is None:
        return
    turn, ticket = found
    promised = ticket.due_at
    if promised is None or rounded_up(promised) > at or book.centre.is_quiet(at) or not book.centre.hours.is_open(at):
        return  # The promise was rounded up; and nobody is woken for an apology.
    ticket.due_told = True
    record(session, "ticket.late", ticket_id=ticket.id, person_id=ticket.person_id)
    if turn.person.contact_rule is not ContactRule.FREE:
        return
    due = _today_if_it_can(book, at)
    turn.say(w("late.reply", time=turn.on_the_hour(promised), when=turn.by_when(due)))
    ticket.due_at = due
    turn.about = ticket.id
    await _say_beside(turn)


def _today_if_it_can(book: Handbook, at: datetime) -> datetime:
    """Whoever was let down once is promised an answer before the centre closes, if there is still time for one."""
    today = book.centre.hours.on(book.centre.local(at).date())
    due = book.centre.due(at)
    return min(due, today[1]) if today and today[1] - at >= STILL_TIME else due


async def silent_alarms(session: AsyncSession, at: datetime) -> Sequence[int]:
    """Alarms that wait for the person's answer or for a member of staff."""
    rows = await session.scalars(
        select(col(Ticket.id)).where(
            col(Ticket.alarm_at).is_not(None),
            col(Ticket.taken_at).is_(None),
            col(Ticket.status) != Status.CLOSED,
            col(Ticket.alarm_at) <= at - danger.SILENCE,
        )
    )
    return [number for number in rows if number is not None]


async def mind_alarm(session: AsyncSession, ticket_id: int, book: Handbook, at: datetime) -> None:
    """A "perhaps" without an answer becomes certain; after ten minutes without anybody the person is told so, once."""
    found = await _turn(session, ticket_id, book, at)
    if found is None:
        return
    turn, ticket = found
    if ticket.taken_at is not None or ticket.alarm_at is None:
        return
    if ticket.alarm_level == PERHAPS and not ticket.alarm_state.get("answer"):
        danger.make_certain(turn, ticket)
    is_open = book.centre.hours.is_open(at)
    if at - ticket.alarm_at >= NOBODY_AFTER and is_open and not ticket.alarm_state.get("nobody"):
        ticket.alarm_state = {**ticket.alarm_state, "nobody": True}
        danger.say_nobody_has_come(turn, ticket)
        await _say_beside(turn)


async def _say_beside(turn: Turn) -> None:
    """Say something without touching what stands on the screen: its buttons stay good."""
    token, held = turn.talk.token, turn.talk.buttons
    await turn.tell(purpose=Purpose.NEWS)
    turn.talk.token, turn.talk.buttons = token, held
    turn.person.talk = turn.talk.kept()


async def _turn(session: AsyncSession, ticket_id: int, book: Handbook, at: datetime) -> tuple[Turn, Ticket] | None:
    ticket = await session.get(Ticket, ticket_id)
    if ticket is None:
        return None
    person = await session.scalar(select(Person).where(col(Person.id) == ticket.person_id).with_for_update())
    if person is None or person.id is None:
        return None
    await session.refresh(ticket)
    address = windows.best(await addresses_of(session, person.id), person, at)
    if address is None:
        return None
    tickets = list(await current_of(session, person.id, at))
    turn = Turn(session, book, person, address, Talk.of(person.talk), at, tickets, Said([], "", []))
    return turn, ticket
