"""Two persons who turn out to be one, and apart again: whose the addresses, tickets and places are."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import Field, SQLModel, col

from desk.courses import Answer, Place, Standing
from desk.database import BigKey
from desk.errors import Conflict, NotFound
from desk.history import Event, record
from desk.messages import Message
from desk.people import Address, ContactRule, Person, find_person
from desk.reminders import Reminder, State
from desk.tickets import Ticket


class Merge(SQLModel, table=True):
    """What came from whom, so that it can be undone."""

    id: int | None = Field(default=None, primary_key=True, sa_type=BigKey)
    kept_id: int = Field(foreign_key="person.id", index=True, sa_type=BigKey)
    gone_id: int = Field(foreign_key="person.id", sa_type=BigKey)
    at: datetime
    by: int | None = None  # Who of the staff; None when the person did it with a code.
    moved: dict[str, list[int]] = Field(default_factory=dict, sa_type=JSON)
    before: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)  # Of the one kept: field to [was, became].
    undone_at: datetime | None = None


# Whose rows change hands, by what they are called in `moved`.
TABLES: tuple[tuple[Any, str], ...] = (
    (Address, "addresses"),
    (Ticket, "tickets"),
    (Place, "places"),
    (Answer, "answers"),
    (Reminder, "reminders"),
)


async def merge(session: AsyncSession, kept: Person, gone: Person, at: datetime, by: int | None = None) -> Merge:
    """All that was `gone`'s is `kept`'s from here. What `kept` has said of themselves stands; only gaps are filled."""
    for number in sorted({kept.id or 0, gone.id or 0}):  # One order for everybody, so that nobody waits in a ring.
        await session.get_one(Person, number, with_for_update=True, populate_existing=True)
    if kept.id == gone.id or kept.merged_into is not None or gone.merged_into is not None:
        raise Conflict("error.same_person")
    assert kept.id is not None and gone.id is not None
    moved = {
        "addresses": await _ids(session, Address, gone.id),
        "tickets": await _ids(session, Ticket, gone.id),
        "places": await _fitting(session, Place, Place.course_id, kept.id, gone.id),
        "answers": await _fitting(session, Answer, Answer.lesson_id, kept.id, gone.id),
        "reminders": await _fitting(session, Reminder, Reminder.lesson_id, kept.id, gone.id),
    }
    for table, name in TABLES:
        await _give(session, table, moved[name], gone.id, kept.id)
    for everything in (Message, Event):
        await session.execute(update(everything).where(col(everything.person_id) == gone.id).values(person_id=kept.id))
    await _leave_twice(session, gone.id)
    done = Merge(kept_id=kept.id, gone_id=gone.id, at=at, by=by, moved=moved, before=_fill(session, kept, gone, by))
    # Words that wait for their one answer go on waiting.
    kept.talk = _with_waiting(kept.talk, gone.talk)
    kept.answer_due_at = kept.answer_due_at or gone.answer_due_at
    kept.joined = True
    gone.merged_into, gone.talk, gone.answer_due_at = kept.id, {}, None
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
    if done.id != (await of_person(session, person_id))[0].id:
        raise Conflict("error.newer_merge")
    gone = await find_person(session, done.gone_id)
    assert gone.id is not None
    addresses = done.moved["addresses"]
    moved = {**done.moved, "tickets": [*done.moved["tickets"], *await _opened_since(session, done, addresses)]}
    for table, name in TABLES:
        await _give(session, table, moved[name], done.kept_id, gone.id)
    theirs = col(Message.address_id).in_(addresses), col(Message.person_id) == done.kept_id
    await session.execute(update(Message).where(*theirs).values(person_id=gone.id))
    await session.execute(update(Event).where(col(Event.ticket_id).in_(moved["tickets"])).values(person_id=gone.id))
    kept = await find_person(session, done.kept_id)
    if kept.prefers in addresses:
        kept.prefers = None
    for field, (was, became) in done.before.items():
        if _plain(getattr(kept, field)) == became:  # Nobody has changed it since.
            setattr(kept, field, ContactRule(was) if field == "contact_rule" else was)
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


async def _give(session: AsyncSession, table: Any, rows: Iterable[int], giver: int, taker: int) -> None:
    """Rows that are still the giver's."""
    if wanted := list(rows):
        await session.execute(
            update(table).where(table.id.in_(wanted), table.person_id == giver).values(person_id=taker)
        )


async def _leave_twice(session: AsyncSession, gone_id: int) -> None:
    """What both had stays with one: nobody takes two seats, and nobody is reminded where nobody can be reached."""
    left = update(Place).where(col(Place.person_id) == gone_id).values(standing=Standing.LEFT)
    await session.execute(left)
    planned = col(Reminder.person_id) == gone_id, col(Reminder.state) == State.PLANNED
    await session.execute(update(Reminder).where(*planned).values(state=State.WITHDRAWN))


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


STRICTEST = (ContactRule.FREE, ContactRule.ONLY_TEXT, ContactRule.NO_TOPIC, ContactRule.NEVER_FIRST)


def _fill(session: AsyncSession, kept: Person, gone: Person, by: int | None) -> dict[str, Any]:
    """Fill gaps from the other; of what keeps somebody safe the stricter stands. What was there before, and became."""
    new: dict[str, Any] = {
        field: getattr(gone, field) for field in ("language", "name", "gmina", "notice") if not getattr(kept, field)
    }
    if kept.language == gone.language and gone.language_sure:
        new["language_sure"] = True
    new["is_minor"] = kept.is_minor or gone.is_minor
    if kept.reminders is None or gone.reminders is False:
        new["reminders"] = gone.reminders
    new["contact_rule"] = max(kept.contact_rule, gone.contact_rule, key=STRICTEST.index)
    before = {
        field: [_plain(getattr(kept, field)), _plain(value)]
        for field, value in new.items()
        if getattr(kept, field) != value
    }
    for field, value in new.items():
        setattr(kept, field, value)
    if "contact_rule" in before:
        record(session, "person.contact_rule", person_id=kept.id, staff_id=by, rule=kept.contact_rule.value)
    kept.heard_at = max(kept.heard_at, gone.heard_at)
    return before


def _plain(value: Any) -> Any:
    return value.value if isinstance(value, ContactRule) else value


def _with_waiting(talk: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    if not other.get("waiting"):
        return talk
    waiting = [*talk.get("waiting", []), *other["waiting"]]
    since = talk.get("waiting_since") or other.get("waiting_since", "")
    return {**talk, "waiting": waiting, "waiting_since": since}
