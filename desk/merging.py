"""Two persons who turn out to be one, and apart again: whose the addresses, tickets and places are."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import Field, SQLModel, col

from desk.courses import Answer, Place
from desk.database import BigKey
from desk.errors import Conflict, NotFound
from desk.history import Event, record
from desk.messages import Message
from desk.people import Address, Person, find_person
from desk.reminders import Reminder
from desk.tickets import Ticket


class Merge(SQLModel, table=True):
    """What came from whom, so that it can be undone."""

    id: int | None = Field(default=None, primary_key=True, sa_type=BigKey)
    kept_id: int = Field(foreign_key="person.id", index=True, sa_type=BigKey)
    gone_id: int = Field(foreign_key="person.id", sa_type=BigKey)
    at: datetime
    by: int | None = None  # Who of the staff; None when the person did it with a code.
    moved: dict[str, list[int]] = Field(default_factory=dict, sa_type=JSON)
    undone_at: datetime | None = None


async def merge(session: AsyncSession, kept: Person, gone: Person, at: datetime, by: int | None = None) -> Merge:
    """All that was `gone`'s is `kept`'s from here. What `kept` has said of themselves stands; only gaps are filled."""
    if kept.id == gone.id:
        raise Conflict("error.same_person")
    assert kept.id is not None and gone.id is not None
    moved = {
        "addresses": await _ids(session, Address, gone.id),
        "tickets": await _ids(session, Ticket, gone.id),
        "places": await _fitting(session, Place, Place.course_id, kept.id, gone.id),
        "answers": await _fitting(session, Answer, Answer.lesson_id, kept.id, gone.id),
        "reminders": await _fitting(session, Reminder, Reminder.lesson_id, kept.id, gone.id),
    }
    for table, name in ((Address, "addresses"), (Ticket, "tickets"), (Place, "places"), (Answer, "answers")):
        await _give(session, table, moved[name], kept.id)
    await _give(session, Reminder, moved["reminders"], kept.id)
    for everything in (Message, Event):
        await session.execute(update(everything).where(col(everything.person_id) == gone.id).values(person_id=kept.id))
    _fill(kept, gone)
    gone.merged_into, gone.talk, gone.answer_due_at = kept.id, {}, None
    done = Merge(kept_id=kept.id, gone_id=gone.id, at=at, by=by, moved=moved)
    session.add(done)
    record(session, "person.merged", person_id=kept.id, staff_id=by, other=gone.id)
    return done


async def of_person(session: AsyncSession, person_id: int) -> list[Merge]:
    """Those that can be undone, the last one first."""
    query = select(Merge).where(col(Merge.kept_id) == person_id, col(Merge.undone_at).is_(None))
    return list(await session.scalars(query.order_by(col(Merge.id).desc())))


async def split(session: AsyncSession, person_id: int, merge_id: int, at: datetime, by: int) -> Person:
    """They were two after all: each gets back what was theirs, and what was said at their own addresses since."""
    done = await session.get(Merge, merge_id) if 0 < merge_id < 2**53 else None
    if done is None or done.kept_id != person_id or done.undone_at is not None:
        raise NotFound("error.no_merge")
    gone = await find_person(session, done.gone_id)
    assert gone.id is not None
    addresses = done.moved["addresses"]
    tickets = [*done.moved["tickets"], *await _opened_since(session, done, addresses)]
    await _give(session, Address, addresses, gone.id)
    await _give(session, Ticket, tickets, gone.id)
    await _give(session, Place, done.moved["places"], gone.id)
    await _give(session, Answer, done.moved["answers"], gone.id)
    await _give(session, Reminder, done.moved["reminders"], gone.id)
    await session.execute(update(Message).where(col(Message.address_id).in_(addresses)).values(person_id=gone.id))
    await session.execute(update(Event).where(col(Event.ticket_id).in_(tickets)).values(person_id=gone.id))
    kept = await find_person(session, done.kept_id)
    if kept.prefers in addresses:
        kept.prefers = None
    # What was being asked may have belonged to either.
    kept.talk, gone.talk, gone.merged_into, done.undone_at = {}, {}, None, at
    for person in (kept, gone):
        record(session, "person.split", person_id=person.id, staff_id=by)
    return gone


async def _ids(session: AsyncSession, table: Any, person_id: int) -> list[int]:
    return list(await session.scalars(select(table.id).where(table.person_id == person_id).order_by(table.id)))


async def _fitting(session: AsyncSession, table: Any, what: Any, kept_id: int, gone_id: int) -> list[int]:
    """Rows that the other does not have as well: nobody has two places in one course."""
    theirs = select(what).where(table.person_id == kept_id)
    rows = await session.scalars(select(table.id).where(table.person_id == gone_id, what.not_in(theirs)))
    return list(rows)


async def _give(session: AsyncSession, table: Any, rows: Iterable[int], person_id: int) -> None:
    if wanted := list(rows):
        await session.execute(update(table).where(table.id.in_(wanted)).values(person_id=person_id))


async def _opened_since(session: AsyncSession, done: Merge, addresses: list[int]) -> list[int]:
    """Tickets of the time together in which every word was heard at these addresses."""
    heard = (
        select(
            col(Ticket.id),
            func.count(),
            func.count(col(Message.id)).filter(col(Message.address_id).in_(addresses)),
        )
        .join(Message, col(Message.ticket_id) == col(Ticket.id))
        .where(col(Ticket.person_id) == done.kept_id, col(Ticket.opened_at) >= done.at, col(Message.key).is_not(None))
        .group_by(col(Ticket.id))
    )
    return [number for number, all_of_them, theirs in await session.execute(heard) if all_of_them == theirs and number]


def _fill(kept: Person, gone: Person) -> None:
    for field in ("language", "name", "gmina", "notice"):
        if not getattr(kept, field):
            setattr(kept, field, getattr(gone, field))
    kept.language_sure = kept.language_sure or (kept.language == gone.language and gone.language_sure)
    kept.is_minor = kept.is_minor or gone.is_minor
    if kept.reminders is None:
        kept.reminders = gone.reminders
    kept.heard_at = max(kept.heard_at, gone.heard_at)
