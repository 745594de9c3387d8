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
from desk.people import LONGEST_NOTE, Address, ContactRule, Person, find_person, must_be_there, rule_change
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
    rows: list[list[Any]] = Field(default_factory=list, sa_type=JSON)  # What both had: [what, id, was, became].
    undone_at: datetime | None = None


STRICTEST = (ContactRule.FREE, ContactRule.ONLY_TEXT, ContactRule.NO_TOPIC, ContactRule.NEVER_FIRST)
SAFETY = ("contact_rule", "is_minor")
BETTER = (Standing.LEFT, Standing.QUEUE, Standing.IN)
ROWS: dict[str, tuple[Any, str]] = {"place": (Place, "standing"), "reminder": (Reminder, "state")}

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
    for one in (kept, gone):
        must_be_there(one)
    assert kept.id is not None and gone.id is not None
    moved = {
        "addresses": await _ids(session, Address, gone.id),
        "tickets": await _ids(session, Ticket, gone.id),
        "places": await _fitting(session, Place, Place.course_id, kept.id, gone.id),
        "answers": await _fitting(session, Answer, Answer.lesson_id, kept.id, gone.id),
        "reminders": await _fitting(session, Reminder, Reminder.lesson_id, kept.id, gone.id),
    }
    notes = await _notes(session, kept.id, gone.id)
    for table, name in TABLES:
        await _give(session, table, moved[name], gone.id, kept.id)
    for everything in (Message, Event):
        await session.execute(update(everything).where(col(everything.person_id) == gone.id).values(person_id=kept.id))
    rows = await _in_one(session, kept.id, gone.id)
    before = _fill(kept, gone)
    if notes or "contact_rule" in before:
        _note_rule(session, kept, notes, by)
    done = Merge(kept_id=kept.id, gone_id=gone.id, at=at, by=by, moved=moved, before=before, rows=rows)
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
    for number in sorted((done.kept_id, done.gone_id)):
        await session.get_one(Person, number, with_for_update=True, populate_existing=True)
    gone = await find_person(session, done.gone_id)
    assert gone.id is not None
    notes = await _notes(session, done.kept_id)
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
        unchanged = getattr(kept, field) == became
        if field not in SAFETY and unchanged and became is not False:  # A "no" stays a "no".
            setattr(kept, field, was)
    # What keeps somebody safe is never loosened by a machine: both keep it, and staff decide.
    gone.contact_rule = max(kept.contact_rule, gone.contact_rule, key=STRICTEST.index)
    gone.is_minor = gone.is_minor or kept.is_minor
    gone.reminders = False if kept.reminders is False else gone.reminders
    if notes or gone.contact_rule is not ContactRule.FREE:
        _note_rule(session, gone, notes, by)
    for name, number, was, became in done.rows:
        table, field = ROWS[name]
        row = await session.get(table, number)
        if row is not None and getattr(row, field).value == became:
            setattr(row, field, type(getattr(row, field))(was))
    await _share_waiting(session, kept, gone, addresses)
    gone.merged_into, done.undone_at = None, at
    for person in (kept, gone):
        record(session, "person.split", person_id=person.id, staff_id=by)
    return gone


async def _share_waiting(session: AsyncSession, kept: Person, gone: Person, addresses: list[int]) -> None:
    """What was being asked may have belonged to either and is forgotten; words without an answer still get theirs."""
    waiting = kept.talk.get("waiting", [])
    theirs = col(Message.id).in_(waiting), col(Message.address_id).in_(addresses)
    of_gone = set(await session.scalars(select(col(Message.id)).where(*theirs))) if waiting else set()
    due = kept.answer_due_at
    for person, words in (
        (gone, [number for number in waiting if number in of_gone]),
        (kept, [number for number in waiting if number not in of_gone]),
    ):
        since = kept.talk.get("waiting_since", "")
        person.talk = {"waiting": words, "waiting_since": since} if words else {}
        person.answer_due_at = due if words else None


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


async def _in_one(session: AsyncSession, kept_id: int, gone_id: int) -> list[list[Any]]:
    """Where both had a place or a reminder, the better one stands with who is kept. Each change: what, id, was, became."""
    changes: list[list[Any]] = []

    def becomes(name: str, row: Any, value: Any) -> None:
        field = ROWS[name][1]
        if getattr(row, field) is not value:
            changes.append([name, row.id, getattr(row, field).value, value.value])
            setattr(row, field, value)

    for place in (await session.scalars(select(Place).where(col(Place.person_id) == gone_id))).all():
        same = col(Place.person_id) == kept_id, col(Place.course_id) == place.course_id
        mine = (await session.scalars(select(Place).where(*same))).one()
        becomes("place", mine, max(mine.standing, place.standing, key=BETTER.index))
        becomes("place", place, Standing.LEFT)
    planned = col(Reminder.person_id) == gone_id, col(Reminder.state) == State.PLANNED
    for reminder in (await session.scalars(select(Reminder).where(*planned))).all():
        twin = select(Reminder).where(
            col(Reminder.person_id) == kept_id,
            col(Reminder.lesson_id) == reminder.lesson_id,
            col(Reminder.kind) == reminder.kind,
            col(Reminder.state) == State.WITHDRAWN,
        )
        if (own := await session.scalar(twin)) is not None:
            becomes("reminder", own, State.PLANNED)
        becomes("reminder", reminder, State.WITHDRAWN)
    return changes


async def _notes(session: AsyncSession, *people: int) -> str:
    """What staff wrote beside the contact rules of these persons."""
    changes = [await rule_change(session, number) for number in people]
    notes = [str(change.facts.get("note", "")) for change in changes if change is not None]
    return "; ".join(dict.fromkeys(note for note in notes if note))[:LONGEST_NOTE]


def _note_rule(session: AsyncSession, person: Person, notes: str, by: int | None) -> None:
    rule = person.contact_rule.value
    record(session, "person.contact_rule", person_id=person.id, staff_id=by, rule=rule, note=notes)


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


def _fill(kept: Person, gone: Person) -> dict[str, Any]:
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
