"""Courses with their lessons, the people who have a place, and what they answered when they were reminded."""

import enum
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import JSON, UniqueConstraint, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import Field, SQLModel, col

from desk.database import BigKey, words
from desk.errors import Invalid, NotFound
from desk.history import record


class Course(SQLModel, table=True):
    id: int | None = Field(default=None, primary_key=True)
    code: str = Field(unique=True, max_length=20)  # A1-3: what the group is called in every language.
    service: str = Field(default="polish_course", max_length=40)
    names: dict[str, str] = Field(default_factory=dict, sa_type=JSON)  # What is taught, in each language.
    level: str = Field(default="", max_length=8)
    room: dict[str, str] = Field(default_factory=dict, sa_type=JSON)  # «каб. 12», „pok. 12”
    capacity: int = 10
    running: bool = True
    made_at: datetime


class Lesson(SQLModel, table=True):
    id: int | None = Field(default=None, primary_key=True)
    course_id: int = Field(foreign_key="course.id", index=True)
    begins_at: datetime = Field(index=True)
    minutes: int = 90
    cancelled: bool = False


class Standing(enum.Enum):
    IN = "in"
    QUEUE = "queue"
    LEFT = "left"


class Place(SQLModel, table=True):
    """One person in one course."""

    __tablename__ = "course_place"
    __table_args__ = (UniqueConstraint("course_id", "person_id"),)

    id: int | None = Field(default=None, primary_key=True)
    course_id: int = Field(foreign_key="course.id")
    person_id: int = Field(foreign_key="person.id", index=True, sa_type=BigKey)
    ticket_id: int | None = Field(default=None, foreign_key="ticket.id", sa_type=BigKey)
    standing: Standing = Field(sa_type=words(Standing))
    since: datetime


class Answer(SQLModel, table=True):
    """Whether a person said that they come to one lesson."""

    __tablename__ = "lesson_answer"
    __table_args__ = (UniqueConstraint("lesson_id", "person_id"),)

    id: int | None = Field(default=None, primary_key=True)
    lesson_id: int = Field(foreign_key="lesson.id")
    person_id: int = Field(foreign_key="person.id", sa_type=BigKey)
    comes: bool
    at: datetime


async def find_course(session: AsyncSession, code: str) -> Course:
    course = await session.scalar(select(Course).where(col(Course.code) == code))
    if course is None:
        raise NotFound("error.no_course")
    return course


async def add_course(
    session: AsyncSession,
    code: str,
    *,
    at: datetime,
    level: str = "",
    capacity: int = 10,
    room: dict[str, str] | None = None,
    names: dict[str, str] | None = None,
    service: str = "polish_course",
    by: int | None = None,
) -> Course:
    code = code.strip()
    if not code or len(code) > 20 or not 1 <= capacity <= 500:
        raise Invalid("error.course_incomplete")
    if await session.scalar(select(col(Course.id)).where(col(Course.code) == code)) is not None:
        raise Invalid("error.course_exists")
    course = Course(
        code=code, level=level, capacity=capacity, room=room or {}, names=names or {}, service=service, made_at=at
    )
    session.add(course)
    await session.flush()
    record(session, "course.added", staff_id=by, course=course.id)
    return course


async def add_lesson(session: AsyncSession, course: Course, begins_at: datetime, minutes: int = 90) -> Lesson:
    assert course.id is not None
    lesson = Lesson(course_id=course.id, begins_at=begins_at, minutes=minutes)
    session.add(lesson)
    await session.flush()
    record(session, "lesson.added", course=course.id, lesson=lesson.id)
    return lesson


async def lessons_of(session: AsyncSession, course_id: int, since: datetime) -> Sequence[Lesson]:
    return (
        await session.scalars(
            select(Lesson)
            .where(col(Lesson.course_id) == course_id, col(Lesson.begins_at) >= since, ~col(Lesson.cancelled))
            .order_by(col(Lesson.begins_at))
        )
    ).all()


async def taken_places(session: AsyncSession, course_id: int) -> int:
    counted = await session.scalar(
        select(func.count()).where(col(Place.course_id) == course_id, col(Place.standing) == Standing.IN)
    )
    return counted or 0


# Signing up


async def lock(session: AsyncSession, course_id: int) -> Course:
    """The course's row, locked: two people must not take the last place."""
    return (await session.scalars(select(Course).where(col(Course.id) == course_id).with_for_update())).one()


async def place_of(session: AsyncSession, course_id: int, person_id: int) -> Place | None:
    return await session.scalar(
        select(Place).where(col(Place.course_id) == course_id, col(Place.person_id) == person_id)
    )


async def join(
    session: AsyncSession, course_id: int, person_id: int, at: datetime, ticket_id: int | None = None
) -> Place:
    """Give the person a place, or the end of the queue when there is none. Joining again changes nothing."""
    course = await lock(session, course_id)
    held = await place_of(session, course_id, person_id)
    if held is not None and held.standing is not Standing.LEFT:
        return held
    is_full = await taken_places(session, course_id) >= course.capacity
    standing = Standing.QUEUE if is_full else Standing.IN
    if held is None:
        held = Place(course_id=course_id, person_id=person_id, ticket_id=ticket_id, standing=standing, since=at)
        session.add(held)
    else:
        held.standing, held.since, held.ticket_id = standing, at, ticket_id
    await session.flush()
    record(session, f"course.{standing.value}", ticket_id=ticket_id, person_id=person_id, course=course_id)
    return held


async def queue_place(session: AsyncSession, place: Place) -> int:
    """How many stand in the queue up to this one."""
    counted = await session.scalar(
        select(func.count()).where(
            col(Place.course_id) == place.course_id,
            col(Place.standing) == Standing.QUEUE,
            (col(Place.since) < place.since) | ((col(Place.since) == place.since) & (col(Place.id) <= place.id)),
        )
    )
    return counted or 1


async def courses_of(session: AsyncSession, person_id: int) -> Sequence[tuple[Place, Course]]:
    rows = await session.execute(
        select(Place, Course)
        .join(Course, col(Course.id) == col(Place.course_id))
        .where(col(Place.person_id) == person_id, col(Place.standing) != Standing.LEFT)
        .order_by(col(Place.id))
    )
    return [(place, course) for place, course in rows]


async def people_in(session: AsyncSession, course_id: int) -> Sequence[int]:
    return (
        await session.scalars(
            select(col(Place.person_id)).where(col(Place.course_id) == course_id, col(Place.standing) == Standing.IN)
        )
    ).all()


async def running(session: AsyncSession, service: str) -> Sequence[Course]:
    return (
        await session.scalars(
            select(Course).where(col(Course.running), col(Course.service) == service).order_by(col(Course.code))
        )
    ).all()


async def answer(session: AsyncSession, lesson_id: int, person_id: int, comes: bool, at: datetime) -> None:
    """Write down whether a person comes; the last word counts."""
    held = await session.scalar(
        select(Answer).where(col(Answer.lesson_id) == lesson_id, col(Answer.person_id) == person_id)
    )
    if held is None:
        session.add(Answer(lesson_id=lesson_id, person_id=person_id, comes=comes, at=at))
    else:
        held.comes, held.at = comes, at
    record(session, "lesson.answered", person_id=person_id, lesson=lesson_id, comes=comes)


async def next_lesson(session: AsyncSession, course_id: int, after: datetime) -> Lesson | None:
    return await session.scalar(
        select(Lesson)
        .where(col(Lesson.course_id) == course_id, col(Lesson.begins_at) > after, ~col(Lesson.cancelled))
        .order_by(col(Lesson.begins_at))
        .limit(1)
    )
