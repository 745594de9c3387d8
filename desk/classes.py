"""Lessons that come and go: planning their reminders, and telling at once when one is off."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from desk import courses, reminders, windows
from desk import messages as post
from desk.courses import Course, Lesson
from desk.errors import Conflict
from desk.handbook import Handbook
from desk.history import record
from desk.messages import Purpose
from desk.people import ContactRule, Person, addresses_of
from desk.texts import InLanguages, w
from desk.times import AtWhen


class LessonOver(Conflict):
    """A lesson that is past or cancelled cannot be cancelled."""

    sentence = "error.lesson_over"


async def add_lesson(
    session: AsyncSession, course: Course, begins_at: datetime, minutes: int, book: Handbook, at: datetime
) -> Lesson:
    """One more lesson, with reminders for those who are in and want them."""
    lesson = await courses.add_lesson(session, course, begins_at, minutes)
    wanting = await session.scalars(
        select(col(Person.id)).where(
            col(Person.id).in_(await courses.people_in(session, course.id or 0)), col(Person.reminders).is_(True)
        )
    )
    for person_id in wanting:
        if person_id is not None:
            await reminders.plan(session, person_id, [lesson], book.centre, at)
    return lesson


async def cancel(session: AsyncSession, lesson: Lesson, book: Handbook, at: datetime, by: int) -> None:
    """Withdraw the reminders and tell everybody who has a place, each in their language, in the same transaction."""
    if lesson.cancelled or lesson.begins_at < at:
        raise LessonOver
    lesson.cancelled = True
    await reminders.withdraw(session, lesson_id=lesson.id)
    record(session, "lesson.cancelled", staff_id=by, lesson=lesson.id, course=lesson.course_id)
    words = cancelled(lesson, book, at)
    for person_id in await courses.people_in(session, lesson.course_id):
        person = await session.get_one(Person, person_id)
        if person.contact_rule is ContactRule.NEVER_FIRST:
            continue
        address = windows.best(await addresses_of(session, person_id), person, at)
        if address is None:
            continue
        language = person.language or "uk"
        await post.tell(
            session,
            address,
            words.in_(language),
            language=language,
            at=at,
            purpose=Purpose.NEWS,
            other=words.in_("pl") if language != "pl" else "",
            other_language="pl",
            other_by="fixed",
        )


def cancelled(lesson: Lesson, book: Handbook, at: datetime) -> InLanguages:
    return w("course.lesson.cancelled", day=AtWhen(book.centre.local(lesson.begins_at), at))
