"""What is due: one row for each person, lesson and kind, so that nobody is told twice and nobody is forgotten."""

import enum
from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from sqlalchemy import Index, UniqueConstraint, select, text, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import Field, SQLModel, col

from desk import messages as post
from desk import windows
from desk.centre import Centre
from desk.courses import Course, Lesson
from desk.database import BigKey, words
from desk.handbook import Handbook
from desk.history import record
from desk.messages import Button, Message, Purpose
from desk.people import Address, ContactRule, Person
from desk.texts import Gap, InLanguages, Written, say, w
from desk.times import AtWhen
from desk.windows import Way


class Kind(enum.Enum):
    DAY = "day"
    HOURS = "hours"


AHEAD = {Kind.DAY: timedelta(hours=24), Kind.HOURS: timedelta(hours=2)}


class State(enum.Enum):
    PLANNED = "planned"
    TOLD = "told"  # In the outbox; the message itself says how it fared.
    MISSED = "missed"  # Too late when its time came: shown to staff.
    WITHDRAWN = "withdrawn"


class Reminder(SQLModel, table=True):
    __table_args__ = (
        UniqueConstraint("lesson_id", "person_id", "kind"),
        Index(
            "ix_reminder_due",
            "due_at",
            sqlite_where=text("state = 'planned'"),
            postgresql_where=text("state = 'planned'"),
        ),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=BigKey)
    person_id: int = Field(foreign_key="person.id", index=True, sa_type=BigKey)
    lesson_id: int = Field(foreign_key="lesson.id")
    kind: Kind = Field(sa_type=words(Kind))
    due_at: datetime
    state: State = Field(default=State.PLANNED, sa_type=words(State))
    message_id: int | None = Field(default=None, sa_type=BigKey)
    why: str = Field(default="", max_length=40)


# Planning

LATE = {Kind.DAY: timedelta(hours=3), Kind.HOURS: timedelta(minutes=10)}  # Nearer to the lesson it is of no use.
BEFORE_QUIET = timedelta(minutes=30)


async def plan(session: AsyncSession, person_id: int, lessons: Sequence[Lesson], centre: Centre, at: datetime) -> None:
    """Rows for what is still ahead of these lessons; planning again changes nothing."""
    rows = [
        {
            "person_id": person_id,
            "lesson_id": lesson.id,
            "kind": kind,
            "due_at": due,
            "state": State.PLANNED,
            "why": "",
        }
        for lesson in lessons
        for kind in Kind
        if (due := due_at(lesson, kind, centre)) > at
    ]
    if not rows:
        return
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    statement = insert(Reminder).values(rows)
    # What was withdrawn by "stop" or by leaving is planned again; what was told stays told.
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=["lesson_id", "person_id", "kind"],
            set_={"state": State.PLANNED, "due_at": statement.excluded.due_at},
            where=col(Reminder.state) == State.WITHDRAWN,
        )
    )


def due_at(lesson: Lesson, kind: Kind, centre: Centre) -> datetime:
    """The same hour by the clock on the wall, or before the quiet hours begin when it would fall into them."""
    local = centre.local(lesson.begins_at)
    # Subtracting from local time keeps the hour across the change of clocks.
    ahead = (local - AHEAD[kind]).replace(fold=0) if kind is Kind.DAY else centre.local(lesson.begins_at - AHEAD[kind])
    return centre.before_quiet(ahead, BEFORE_QUIET)


async def withdraw(session: AsyncSession, *, person_id: int | None = None, lesson_id: int | None = None) -> None:
    """Nothing more of this is due: the person said stop, or the lesson is off."""
    query = update(Reminder).where(col(Reminder.state) == State.PLANNED).values(state=State.WITHDRAWN)
    if person_id is not None:
        query = query.where(col(Reminder.person_id) == person_id)
    if lesson_id is not None:
        query = query.where(col(Reminder.lesson_id) == lesson_id)
    await session.execute(query)


# Telling


async def tell_due(session: AsyncSession, book: Handbook, at: datetime, limit: int = 500) -> int:
    """Turn what is due into messages of the outbox, each once; how many rows were dealt with.

    What is too late, or cannot reach anybody, is marked as missed and stands on the list of the staff.
    """
    rows = (
        await session.execute(
            select(Reminder, Lesson, Course, Person)
            .join(Lesson, col(Lesson.id) == col(Reminder.lesson_id))
            .join(Course, col(Course.id) == col(Lesson.course_id))
            .join(Person, col(Person.id) == col(Reminder.person_id))
            .where(col(Reminder.state) == State.PLANNED, col(Reminder.due_at) <= at)
            .order_by(col(Reminder.due_at), col(Reminder.id))
            .limit(limit)
            .with_for_update(of=Reminder, skip_locked=True)
        )
    ).all()
    if not rows:
        return 0
    addresses = await _addresses(session, {person.id or 0 for _, _, _, person in rows})
    told: list[tuple[Reminder, Message]] = []
    for reminder, lesson, course, person in rows:
        address = windows.best(addresses[person.id or 0], person, at)
        if lesson.cancelled or person.reminders is False or person.contact_rule is ContactRule.NEVER_FIRST:
            reminder.state = State.WITHDRAWN
        elif at > lesson.begins_at - LATE[reminder.kind]:
            _miss(session, reminder, "late")
        elif book.centre.is_quiet(at):
            reminder.due_at = book.centre.after_quiet(at)
        elif address is None or not address.reachable:
            _miss(session, reminder, "unreachable")
        elif windows.of(address).way(at) is not Way.OPEN:
            _miss(session, reminder, "window")
        else:
            reminder.state = State.TOLD
            told.append((reminder, await _tell(session, book, reminder, lesson, course, person, address, at)))
    await session.flush()
    for reminder, message in told:
        reminder.message_id = message.id
    return len(rows)


def _miss(session: AsyncSession, reminder: Reminder, why: str) -> None:
    reminder.state, reminder.why = State.MISSED, why
    record(session, "reminder.missed", person_id=reminder.person_id, lesson=reminder.lesson_id, why=why)


async def _addresses(session: AsyncSession, people: Collection[int]) -> dict[int, list[Address]]:
    """All the addresses of each person."""
    rows = await session.scalars(select(Address).where(col(Address.person_id).in_(people)).order_by(col(Address.id)))
    found: dict[int, list[Address]] = defaultdict(list)
    for address in rows:
        found[address.person_id].append(address)
    return found


async def _tell(
    session: AsyncSession,
    book: Handbook,
    reminder: Reminder,
    lesson: Lesson,
    course: Course,
    person: Person,
    address: Address,
    at: datetime,
) -> Message:
    language = person.language or "uk"
    words_, choices = wording(book, reminder.kind, lesson, course, person, at)
    return await post.tell(
        session,
        address,
        words_.in_(language),
        language=language,
        at=at,
        purpose=Purpose.REMINDER,
        choices=[Button(f"-:{choice}:{lesson.id}", say(language, f"button.{choice}")) for choice in choices],
        other=words_.in_("pl") if language != "pl" else "",
        other_language="pl",
        other_by="fixed",
        extra={"reminder": reminder.id},
    )


def wording(
    book: Handbook, kind: Kind, lesson: Lesson, course: Course, person: Person, at: datetime
) -> tuple[InLanguages, tuple[str, ...]]:
    """The sentence and the buttons of a reminder; a sensitive one names neither what nor where."""
    begins = book.centre.local(lesson.begins_at)
    day = AtWhen(begins, at)
    service = book.catalogue.service(course.service)
    private = person.contact_rule is ContactRule.NO_TOPIC or (service is not None and service.sensitivity != "normal")
    what = w("course.what", name=Written(course.names) if course.names else w("course.lesson"), group=course.code)
    gaps: dict[str, Gap] = {"day": day, "what": what, "where": Written(course.room)}
    if kind is Kind.DAY:
        return (w("remind.private", day=day) if private else w("remind.day", **gaps)), ("l:yes", "l:no")
    return (w("remind.private.again", day=day) if private else w("remind.hours", **gaps)), ("l:no",)
