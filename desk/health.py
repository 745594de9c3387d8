"""Whether anything was lost: what was received against what stands in tickets, what was set aside, what did not arrive."""

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from desk import clock
from desk.centre import Centre
from desk.errors import Conflict, Invalid, NotFound
from desk.files import File
from desk.history import record
from desk.messages import Direction, Message, Purpose, SetAside, Status
from desk.people import Person
from desk.reminders import Reminder, State
from desk.tickets import WAITS_FOR_US, Ticket

UNDELIVERED = (Status.UNSURE, Status.FAILED, Status.HELD)
WORDLESS = ("press", "old_press", "command", "blocked", "unblocked")  # Heard, but neither words nor files.
IN_TIME = timedelta(minutes=5)  # A reminder may wait so long for the next round.


@dataclass(frozen=True)
class HeardSum:
    """What came in, by where it is: in a ticket, set aside, or answered by the bot with no ticket needed."""

    ticketed: int
    aside: int
    answered: int

    @property
    def received(self) -> int:
        return self.ticketed + self.aside + self.answered


def last_working_day(centre: Centre, at: datetime) -> datetime:
    """Midnight before the last day on which the centre was open and which is over."""
    day = centre.local(at).date()
    for back in range(1, 60):
        if centre.hours.on(day - timedelta(days=back)) is not None:
            break
    return datetime.combine(day - timedelta(days=back), time(), centre.zone)


async def heard_since(session: AsyncSession, since: datetime) -> HeardSum:
    """Words and files that were received since then."""
    row = (
        await session.execute(
            select(func.count(), func.count(col(Message.ticket_id))).where(
                col(Message.said_at) >= since,
                col(Message.direction) == Direction.HEARD,
                col(Message.kind).not_in(WORDLESS),
            )
        )
    ).one()
    aside = await session.scalar(select(func.count()).where(col(SetAside.at) >= since)) or 0
    return HeardSum(ticketed=row[1], aside=aside, answered=row[0] - row[1])


async def reminders_since(session: AsyncSession, since: datetime, at: datetime) -> dict[State, int]:
    """The reminders whose time has come since then, by what became of them."""
    rows = await session.execute(
        select(col(Reminder.state), func.count())
        .where(
            col(Reminder.due_at) >= since,
            (col(Reminder.due_at) <= at - IN_TIME)
            | (col(Reminder.due_at) <= at) & (col(Reminder.state) != State.PLANNED),
            col(Reminder.state) != State.WITHDRAWN,
        )
        .group_by(col(Reminder.state))
    )
    return {state: n for state, n in rows}  # noqa: C416 - rows are no pairs to the type checker


async def waiting_aside(session: AsyncSession) -> int:
    return await session.scalar(select(func.count()).where(col(SetAside.settled_at).is_(None))) or 0


async def undelivered_count(session: AsyncSession) -> int:
    return (
        await session.scalar(
            select(func.count()).where(
                col(Message.status).in_(UNDELIVERED),
                col(Message.settled_by).is_(None),
                col(Message.purpose) != Purpose.DEED,
            )
        )
        or 0
    )


async def set_aside(session: AsyncSession, limit: int = 100) -> Sequence[SetAside]:
    return (
        await session.scalars(
            select(SetAside).where(col(SetAside.settled_at).is_(None)).order_by(col(SetAside.id)).limit(limit)
        )
    ).all()


async def find_aside(session: AsyncSession, aside_id: int) -> SetAside:
    aside = await session.get(SetAside, aside_id) if 0 < aside_id < 2**53 else None
    if aside is None:
        raise NotFound("error.no_aside")
    return aside


async def aside_by_key(session: AsyncSession, key: str) -> SetAside | None:
    """Something set aside by the name that its channel gave it."""
    return await session.scalar(select(SetAside).where(col(SetAside.key) == key).limit(1))


class Outcome(enum.Enum):
    """What staff say became of something set aside. Of a wish to be forgotten, its page tells it to who wished it."""

    SEEN = "seen"
    ERASED = "erased"
    NOBODY = "nobody"  # Nobody of the conversations could be recognised.


def outcomes_of(aside: SetAside) -> tuple[Outcome, ...]:
    return (Outcome.ERASED, Outcome.NOBODY) if aside.is_wish else (Outcome.SEEN,)


def settle_aside(session: AsyncSession, aside: SetAside, outcome: str, by: int) -> None:
    """A member of staff has dealt with it; it stays stored."""
    chosen = next((one for one in outcomes_of(aside) if one.value == outcome), None)
    if chosen is None:
        raise Invalid("error.no_outcome")
    if aside.outcome and aside.outcome != chosen.value:
        raise Conflict("error.settled_already")
    if aside.settled_at is None:
        aside.settled_at, aside.outcome = clock.now(), chosen.value
        record(session, "aside.settled", staff_id=by, aside=aside.id, channel=aside.channel, outcome=chosen.value)


async def undelivered(session: AsyncSession, limit: int = 100) -> Sequence[tuple[Message, Ticket | None, Person]]:
    """What may not or did not arrive, until a member of staff has dealt with it."""
    rows = await session.execute(
        select(Message, Ticket, Person)
        .join(Person, col(Person.id) == col(Message.person_id))
        .outerjoin(Ticket, col(Ticket.id) == col(Message.ticket_id))
        .where(
            col(Message.status).in_(UNDELIVERED),
            col(Message.settled_by).is_(None),
            col(Message.purpose) != Purpose.DEED,
        )
        .order_by(col(Message.id).desc())
        .limit(limit)
    )
    return [(message, ticket, person) for message, ticket, person in rows]


async def told_since(session: AsyncSession, since: datetime) -> dict[Status, int]:
    """What was to be said since then, by how it fared."""
    rows = await session.execute(
        select(col(Message.status), func.count())
        .where(
            col(Message.direction) == Direction.TOLD,
            col(Message.said_at) >= since,
            col(Message.purpose) != Purpose.DEED,
        )
        .group_by(col(Message.status))
    )
    return {status: n for status, n in rows}  # noqa: C416 - rows are no pairs to the type checker


@dataclass(frozen=True)
class Pulse:
    """What a monitoring system watches: how much waits, and for how long the eldest. Never who or what about."""

    outbox_waiting: int
    outbox_oldest_seconds: float
    undelivered: int
    set_aside: int
    files_waiting: int
    tickets_open: int
    tickets_overdue: int


async def pulse(session: AsyncSession, at: datetime) -> Pulse:
    """In statements that partial indexes answer, so that asking every few seconds costs nothing."""
    waiting, oldest = (
        await session.execute(
            select(func.count(), func.min(col(Message.not_before))).where(
                col(Message.status).in_((Status.WAITING, Status.SENDING)), col(Message.not_before) <= at
            )
        )
    ).one()
    open_, overdue = (
        await session.execute(
            select(func.count(), func.count().filter(col(Ticket.due_at) < at)).where(
                col(Ticket.status).in_(WAITS_FOR_US)
            )
        )
    ).one()
    return Pulse(
        outbox_waiting=waiting,
        outbox_oldest_seconds=(at - oldest.replace(tzinfo=UTC)).total_seconds() if oldest else 0.0,
        undelivered=await undelivered_count(session),
        set_aside=await waiting_aside(session),
        files_waiting=await session.scalar(select(func.count()).where(col(File.status) == "wanted")) or 0,
        tickets_open=open_,
        tickets_overdue=overdue,
    )
