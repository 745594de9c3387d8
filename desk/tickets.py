"""A ticket is one need of one person, from the first words to the answer."""

import enum
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import JSON, Index, select, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import Field, SQLModel, col

from desk import ids
from desk.database import BigKey, insert_unless_there, words
from desk.errors import Conflict, Invalid, NotFound
from desk.history import record
from desk.people import Person

REOPENS_WITHIN = timedelta(days=7)


class Status(enum.Enum):
    DRAFT = "draft"  # The bot is still asking; staff see it all the time.
    NEW = "new"  # Nobody of the centre has answered yet.
    OPEN = "open"  # Answered before, and the person has written since.
    WAITING = "waiting"  # We wait for the person.
    CLOSED = "closed"


class Priority(enum.Enum):
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    URGENT = "urgent"


class Reason(enum.Enum):
    """Why a ticket was closed; "unmet" is one, since a report of needs depends on it."""

    DONE = "done"
    REFERRED = "referred"
    UNMET = "unmet"
    NO_CONTACT = "no_contact"
    WITHDRAWN = "withdrawn"
    DUPLICATE = "duplicate"
    ANSWERED = "answered"  # By an approved answer; staff never choose this one.


WAITS_FOR_US = (Status.DRAFT, Status.NEW, Status.OPEN)


class Ticket(SQLModel, table=True):
    __table_args__ = (
        Index("ix_ticket_person", "person_id", "id"),
        Index("ix_ticket_status_due", "status", "due_at", "id"),
        Index("ix_ticket_owner", "owner_id", "status"),
        Index(
            "ix_ticket_urgent",
            "touched_at",
            sqlite_where=text("alarm_at IS NOT NULL AND status != 'closed'"),
            postgresql_where=text("alarm_at IS NOT NULL AND status != 'closed'"),
        ),
        Index("ix_ticket_touched", "status", "touched_at", "id"),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=BigKey)
    ref: str = Field(unique=True, max_length=12)
    person_id: int = Field(foreign_key="person.id", sa_type=BigKey)
    service: str = Field(default="", max_length=40)  # Empty: nobody knows yet.
    guess: str = Field(default="", max_length=40)  # What triage thinks, for staff, where it may not say so.
    sensitivity: str = Field(default="normal", max_length=12)
    status: Status = Field(default=Status.DRAFT, sa_type=words(Status))
    priority: Priority = Field(default=Priority.MEDIUM, sa_type=words(Priority))
    owner_id: int | None = Field(default=None, foreign_key="staff.id")
    # The intake: what was answered, and how far the questions have come. script.py alone reads and writes it.
    answers: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    form: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    opened_at: datetime
    touched_at: datetime
    due_at: datetime | None = None  # By when the person expects an answer.
    due_told: bool = False  # They have been told that we missed it.
    heard_at: datetime | None = None
    staff_at: datetime | None = None  # When a person of the centre last wrote.
    staff_read_at: datetime | None = None
    closed_at: datetime | None = None
    reason: str = Field(default="", max_length=12)
    rating: int | None = None
    reopened: int = 0
    nudged: bool = False  # Unfinished questions are recalled once.
    preview_id: int | None = Field(default=None, sa_type=BigKey)  # The message whose words stand in lists.
    # Danger: what the screen recognised, since when, and who has taken it.
    alarm: str = Field(default="", max_length=40)
    alarm_level: str = Field(default="", max_length=8)  # perhaps, certain
    alarm_at: datetime | None = None
    taken_at: datetime | None = None
    alarm_state: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)

    @property
    def is_open(self) -> bool:
        return self.status is not Status.CLOSED

    @property
    def is_sensitive(self) -> bool:
        return self.sensitivity != "normal" or bool(self.alarm)

    @property
    def is_urgent(self) -> bool:
        return self.is_open and self.alarm_at is not None

    @property
    def with_people(self) -> bool:
        """Whether a person of the centre is talking here, so that the bot is silent."""
        return self.is_open and self.staff_at is not None

    def can_reopen(self, at: datetime) -> bool:
        return self.closed_at is not None and at - self.closed_at <= REOPENS_WITHIN

    def submit(self, due_at: datetime, at: datetime) -> None:
        """The questions are over: from now on people are expected to answer by `due_at`."""
        if self.status is Status.DRAFT:
            self.status = Status.NEW
        self.due_at, self.touched_at = due_at, at

    def heard(self, at: datetime, message_id: int) -> None:
        """The person wrote, at this moment: we are the ones to answer, unless somebody has done so since."""
        self.heard_at, self.touched_at = max(self.heard_at or at, at), max(self.touched_at, at)
        self.preview_id = message_id
        if self.status is Status.WAITING and (self.staff_at is None or self.staff_at < at):
            self.status = Status.OPEN

    def answered(self, staff_id: int, at: datetime) -> None:
        """A person of the centre has written: we wait for the person."""
        if not self.is_open:
            raise Conflict("error.ticket_closed", ref=ids.spoken(self.ref))
        self.status = Status.WAITING
        self.staff_at = self.touched_at = at
        self.due_at = None
        if self.owner_id is None:
            self.owner_id = staff_id

    def close(self, reason: Reason, at: datetime) -> None:
        if not self.is_open:
            raise Conflict("error.ticket_closed", ref=ids.spoken(self.ref))
        self.status, self.reason = Status.CLOSED, reason.value
        self.closed_at = self.touched_at = at
        self.due_at = None

    def reopen(self, at: datetime, due_at: datetime | None) -> None:
        if self.is_open:
            raise Conflict("error.ticket_open", ref=ids.spoken(self.ref))
        self.status = Status.OPEN
        self.closed_at, self.reason = None, ""
        self.touched_at, self.due_at, self.due_told = at, due_at, False
        self.staff_at = None  # The bot speaks again until people do.
        self.reopened += 1


async def open_ticket(session: AsyncSession, person_id: int, at: datetime, **facts: Any) -> Ticket:
    """A new draft, with a ref nobody else has."""
    for attempt in range(40):
        # Six digits hold 90,000 refs; a desk that has used most of them goes on with eight.
        ref = ids.ticket_ref(6 if attempt < 20 else 8)
        ticket = Ticket(ref=ref, person_id=person_id, opened_at=at, touched_at=at, heard_at=at, **facts)
        if await insert_unless_there(session, ticket, "ref"):
            record(session, "ticket.opened", ticket_id=ticket.id, person_id=person_id)
            return ticket
    raise RuntimeError("no free ref was found")


async def find_ticket(session: AsyncSession, ref: str) -> Ticket:
    plain = ids.plain(ref)
    ticket = await session.scalar(select(Ticket).where(col(Ticket.ref) == plain)) if plain else None
    if ticket is None:
        raise NotFound("error.no_ticket")
    return ticket


async def hold(session: AsyncSession, ref: str) -> Ticket:
    """A ticket to which something is to be done: nobody changes it, or forgets its person, until that is done."""
    ticket = await find_ticket(session, ref)
    held = 0
    while held != ticket.person_id:  # They may have become one with another while we waited.
        held = ticket.person_id
        # The person first, as when they write; and then everything as it is now.
        await session.get_one(Person, held, with_for_update=True, populate_existing=True)
        await session.refresh(ticket)
    await session.refresh(ticket, with_for_update=True)
    return ticket


async def current_of(session: AsyncSession, person_id: int, at: datetime) -> Sequence[Ticket]:
    """A person's open tickets and those that would still reopen, oldest first."""
    rows = await session.scalars(
        select(Ticket)
        .where(
            col(Ticket.person_id) == person_id,
            (col(Ticket.status) != Status.CLOSED) | (col(Ticket.closed_at) > at - REOPENS_WITHIN),
        )
        .order_by(col(Ticket.id))
    )
    return rows.all()


def assign(session: AsyncSession, ticket: Ticket, owner_id: int | None, by: int) -> None:
    ticket.owner_id = owner_id
    record(session, "ticket.assigned", ticket_id=ticket.id, person_id=ticket.person_id, staff_id=by, to=owner_id)


def prioritise(session: AsyncSession, ticket: Ticket, priority: str, by: int) -> None:
    try:
        ticket.priority = Priority(priority)
    except ValueError:
        raise Invalid("error.no_priority") from None
    record(session, "ticket.priority", ticket_id=ticket.id, person_id=ticket.person_id, staff_id=by, to=priority)


class Note(SQLModel, table=True):
    """What staff write for each other in a ticket. A table of its own, so that it can never be sent by mistake."""

    __tablename__ = "ticket_note"

    id: int | None = Field(default=None, primary_key=True, sa_type=BigKey)
    ticket_id: int = Field(foreign_key="ticket.id", index=True, sa_type=BigKey)
    staff_id: int = Field(foreign_key="staff.id")
    text: str
    at: datetime


async def notes_of(session: AsyncSession, ticket_id: int) -> Sequence[Note]:
    return (await session.scalars(select(Note).where(col(Note.ticket_id) == ticket_id).order_by(col(Note.id)))).all()
