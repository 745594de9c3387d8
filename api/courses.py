"""Courses, their lessons and who comes."""

from datetime import date, datetime, time, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request, Response
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from api import pages
from api.doors import Asking, Desk, Reading, TheDesk, Transaction, WhoAsks
from api.moments import Moments
from api.tickets.inbox import counts_for
from desk import classes, clock, courses
from desk.courses import Answer, Course, Lesson, Place, Standing
from desk.errors import Invalid, NotAllowed, NotFound
from desk.handbook import Handbook
from desk.people import Person
from desk.staff import CASEWORK, MANAGES_COURSES, Role, Staff, everyone
from desk.texts import say
from desk.times import Weekly

router = APIRouter()
LEVELS = ("A0", "A1", "A2", "B1", "B2")
MOST_LESSONS = 200


def _may_see(member: Staff) -> None:
    if member.role not in (*CASEWORK, Role.TEACHER):
        raise NotAllowed("error.not_your_role")


def _may_edit(member: Staff) -> None:
    if member.role not in MANAGES_COURSES:
        raise NotAllowed("error.not_your_role")


@router.get("/staff/courses")
async def show_all(request: Request, desk: TheDesk, session: Reading, asking: WhoAsks) -> Response:
    _may_see(asking.staff)
    book = await desk.shelf.book(session)
    at = clock.now()
    moments = Moments(book.centre.zone, at, asking.language)
    found = list(await session.scalars(select(Course).order_by(col(Course.running).desc(), col(Course.code))))
    standings = await _standings(session)
    ahead = await _ahead(session, [course.id or 0 for course in found], at)
    rows = [
        _course(course, standings, ahead.get(course.id or 0, []), book, moments, asking.language) for course in found
    ]
    context = {"courses": rows, "can": {"add": asking.staff.role in MANAGES_COURSES}}
    counts = await counts_for(session, asking, book)
    return pages.render(request, desk, "courses/list.html", asking, context, counts=counts, section="courses")


async def _standings(session: AsyncSession) -> dict[tuple[int, Standing], int]:
    rows = await session.execute(
        select(col(Place.course_id), col(Place.standing), func.count()).group_by(
            col(Place.course_id), col(Place.standing)
        )
    )
    return {(course, standing): n for course, standing, n in rows}


async def _ahead(session: AsyncSession, ids: list[int], at: datetime) -> dict[int, list[Lesson]]:
    found: dict[int, list[Lesson]] = {}
    lessons = await session.scalars(
        select(Lesson)
        .where(col(Lesson.course_id).in_(ids), col(Lesson.begins_at) > at, ~col(Lesson.cancelled))
        .order_by(col(Lesson.begins_at))
    )
    for lesson in lessons:
        found.setdefault(lesson.course_id, []).append(lesson)
    return found


def _course(
    course: Course,
    standings: dict[tuple[int, Standing], int],
    ahead: list[Lesson],
    book: Handbook,
    moments: Moments,
    lang: str,
) -> dict[str, Any]:
    weekly = Weekly(tuple((book.centre.local(lesson.begins_at), lesson.minutes) for lesson in ahead))
    enrolled = standings.get((course.id or 0, Standing.IN), 0)
    return {
        "url": f"/staff/courses/{course.id}",
        "code": course.code,
        "title": course.names.get(lang) or course.names.get("pl", ""),
        "level": course.level,
        "times_text": weekly.in_(lang),
        "period_text": f"{ahead[0].begins_at:%d.%m}–{ahead[-1].begins_at:%d.%m.%Y}" if ahead else "",
        "room": course.room.get(lang) or course.room.get("pl", ""),
        "teacher": "",
        "capacity": course.capacity,
        "enrolled": enrolled,
        "waiting": standings.get((course.id or 0, Standing.QUEUE), 0),
        "next_text": moments.date_and_time(ahead[0].begins_at) if ahead else None,
        "next_iso": moments.iso(ahead[0].begins_at) if ahead else None,
        "full": enrolled >= course.capacity,
        "ended": not ahead,
    }


# A new course


@router.get("/staff/courses/new")
async def show_new(request: Request, desk: TheDesk, session: Reading, asking: WhoAsks) -> Response:
    _may_edit(asking.staff)
    return await _new_page(request, desk, session, asking, {}, {})


async def _new_page(
    request: Request,
    desk: Desk,
    session: AsyncSession,
    asking: Asking,
    typed: dict[str, Any],
    errors: dict[str, str],
    status: int = 200,
) -> Response:
    book = await desk.shelf.book(session)
    members = await everyone(session)
    form = {
        "code": "", "title": "", "level": "A1", "room": "", "capacity": 10, "teacher": "", "first": "", "last": "",
        "days": {}, **typed,
    }  # fmt: skip
    context = {
        "form": form,
        "levels": [{"id": level, "label": level} for level in LEVELS],
        "teachers": [
            {"id": one.id, "label": one.name} for one in members if one.role is Role.TEACHER and not one.disabled
        ],
        "errors": errors,
    }
    counts = await counts_for(session, asking, book)
    return pages.render(
        request, desk, "courses/new.html", asking, context, counts=counts, section="courses", status=status
    )


@router.post("/staff/courses")
async def add(request: Request, desk: TheDesk, session: Transaction, asking: WhoAsks) -> Response:
    """A course and the lessons that follow from its weekly hours."""
    _may_edit(asking.staff)
    book = await desk.shelf.book(session)
    form = await request.form()
    typed = {
        name: str(form.get(name, "")).strip()[:120]
        for name in ("code", "title", "level", "room", "capacity", "first", "last")
    }
    days = {
        day: {"begin": str(form.get(f"begin-{day}", "")), "end": str(form.get(f"end-{day}", ""))}
        for day in map(str, form.getlist("day"))
        if day in "1234567"
    }
    try:
        hours = {
            int(day) - 1: (time.fromisoformat(span["begin"]), time.fromisoformat(span["end"]))
            for day, span in days.items()
        }
        first, last = date.fromisoformat(typed["first"]), date.fromisoformat(typed["last"])
        capacity = int(typed["capacity"])
        if not hours or last < first or (last - first).days > 400 or not _is_near(first, book):
            raise ValueError
        if any(begin.tzinfo or end.tzinfo or end <= begin for begin, end in hours.values()):
            raise ValueError
    except ValueError:
        errors = {"first": say(asking.language, "error.course_times", "staff")}
        return await _new_page(request, desk, session, asking, {**typed, "days": days}, errors, 422)
    days_taught = [day for day in _days(first, last) if day.weekday() in hours and _is_taught(day, book)][:MOST_LESSONS]
    if not days_taught:
        errors = {"first": say(asking.language, "error.course_no_lessons", "staff")}
        return await _new_page(request, desk, session, asking, {**typed, "days": days}, errors, 422)
    try:
        course = await courses.add_course(
            session, typed["code"], at=clock.now(), level=typed["level"] if typed["level"] in LEVELS else "",
            capacity=capacity, room=dict.fromkeys(("pl", "uk", "ru", "en"), typed["room"]) if typed["room"] else {},
            names=dict.fromkeys(("pl", "uk", "ru", "en"), typed["title"]) if typed["title"] else {}, by=asking.id,
        )  # fmt: skip
    except Invalid as no:
        errors = {"code": say(asking.language, no.key, "staff")}
        return await _new_page(request, desk, session, asking, {**typed, "days": days}, errors, 422)
    for day in days_taught:
        begin, end = hours[day.weekday()]
        minutes = (end.hour - begin.hour) * 60 + end.minute - begin.minute
        await courses.add_lesson(session, course, datetime.combine(day, begin, book.centre.zone), minutes)
    return pages.back_to(f"/staff/courses/{course.id}", said="course.made")


def _is_near(day: date, book: Handbook) -> bool:
    """Within a year back and three ahead; anything else was mistyped."""
    today = book.centre.local(clock.now()).date()
    return today - timedelta(days=366) <= day <= today + timedelta(days=3 * 366)


def _days(first: date, last: date) -> list[date]:
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]


def _is_taught(day: date, book: Handbook) -> bool:
    """A course at the weekend is meant so; on a weekday it keeps to the days on which the centre is open."""
    return day.weekday() >= 5 or book.centre.hours.on(day) is not None


# One course


@router.get("/staff/courses/{course_id}")
async def show(course_id: int, request: Request, desk: TheDesk, session: Reading, asking: WhoAsks) -> Response:
    _may_see(asking.staff)
    return await _page(request, desk, session, asking, course_id)


async def _page(
    request: Request,
    desk: Desk,
    session: AsyncSession,
    asking: Asking,
    course_id: int,
    errors: dict[str, str] | None = None,
    status: int = 200,
) -> Response:
    course = await session.get(Course, course_id) if 0 < course_id < 2**31 else None
    if course is None:
        raise NotFound("error.no_course")
    book = await desk.shelf.book(session)
    at = clock.now()
    lang = asking.language
    moments = Moments(book.centre.zone, at, lang)
    lessons = list(
        await session.scalars(select(Lesson).where(col(Lesson.course_id) == course.id).order_by(col(Lesson.begins_at)))
    )
    ahead = [lesson for lesson in lessons if lesson.begins_at > at and not lesson.cancelled]
    places = (
        await session.execute(
            select(Place, Person)
            .join(Person, col(Person.id) == col(Place.person_id))
            .where(col(Place.course_id) == course.id, col(Place.standing) != Standing.LEFT)
            .order_by(col(Place.since), col(Place.id))
        )
    ).all()
    answers = await _answers(session, [lesson.id or 0 for lesson in lessons])
    enrolled = [person for place, person in places if place.standing is Standing.IN]
    waiting = [person for place, person in places if place.standing is Standing.QUEUE]
    following = ahead[0] if ahead else None
    people = [
        _person(person, answers.get((following.id or 0, person.id or 0)) if following else None, lang)
        for person in enrolled
    ]
    context = {
        "course": _course(course, await _standings(session), ahead, book, moments, lang),
        "lesson": _lesson(following, course, enrolled, answers, moments, lang) if following else None,
        "people": people,
        "queue": [
            {"place": n, "note": "", "offered_text": None, **_named(person, lang)} for n, person in enumerate(waiting, 1)
        ],
        "lessons": [
            {
                "id": lesson.id, "n": n, "cancelled": lesson.cancelled, "past": lesson.begins_at < at, "told": len(enrolled),
                "told_text": "", "call": [], "notice": _notice(lesson, book, at),
                **_lesson(lesson, course, enrolled, answers, moments, lang),
            }
            for n, lesson in enumerate(lessons, 1)
        ],
        "can": {"edit": asking.staff.role in MANAGES_COURSES},
        "errors": errors or {},
    }  # fmt: skip
    counts = await counts_for(session, asking, book)
    return pages.render(
        request, desk, "courses/show.html", asking, context, counts=counts, section="courses", status=status
    )


def _notice(lesson: Lesson, book: Handbook, at: datetime) -> list[dict[str, str]]:
    """What would be said if this lesson were cancelled, before it is."""
    return [{"text": classes.cancelled(lesson, book, at).in_(language), "lang": language} for language in ("pl", "uk")]


async def _answers(session: AsyncSession, ids: list[int]) -> dict[tuple[int, int], bool]:
    rows = await session.scalars(select(Answer).where(col(Answer.lesson_id).in_(ids)))
    return {(answer.lesson_id, answer.person_id): answer.comes for answer in rows}


def _named(person: Person, lang: str) -> dict[str, Any]:
    return {
        "name": person.name or say(lang, "row.no_name", "staff"),
        "native_name": "",
        "native_lang": person.language or "uk",
        "url": f"/staff/people/{person.id}",
    }


def _person(person: Person, comes: bool | None, lang: str) -> dict[str, Any]:
    answer = "none" if comes is None else "yes" if comes else "no"
    return {**_named(person, lang), "answer": answer, "note": "", "answered_text": "", "phone_call": False}


def _lesson(
    lesson: Lesson,
    course: Course,
    enrolled: list[Person],
    answers: dict[tuple[int, int], bool],
    moments: Moments,
    lang: str,
) -> dict[str, Any]:
    said = [answers.get((lesson.id or 0, person.id or 0)) for person in enrolled]
    ends = lesson.begins_at + timedelta(minutes=lesson.minutes)
    return {
        "date_text": moments.day(lesson.begins_at),
        "date_iso": moments.iso(lesson.begins_at),
        "time_text": f"{moments.time(lesson.begins_at)}–{moments.time(ends)}",
        "room": course.room.get(lang) or course.room.get("pl", ""),
        "coming": said.count(True),
        "absent": said.count(False),
        "silent": said.count(None),
    }


@router.post("/staff/courses/{course_id}/lessons")
async def add_lesson(
    course_id: int,
    request: Request,
    desk: TheDesk,
    session: Transaction,
    asking: WhoAsks,
    date: Annotated[str, Form()] = "",
    begin: Annotated[str, Form()] = "",
    end: Annotated[str, Form()] = "",
) -> Response:
    """One more lesson; those who have a place are reminded of it as of the others."""
    _may_edit(asking.staff)
    course = await session.get(Course, course_id) if 0 < course_id < 2**31 else None
    if course is None:
        raise NotFound("error.no_course")
    book = await desk.shelf.book(session)
    try:
        begins = datetime.combine(datetime.fromisoformat(date).date(), time.fromisoformat(begin), book.centre.zone)
        until = time.fromisoformat(end)
        minutes = (until.hour - begins.hour) * 60 + until.minute - begins.minute
        if minutes <= 0 or begins < clock.now():
            raise ValueError
    except ValueError:
        errors = {"date": say(asking.language, "error.lesson_times", "staff")}
        return await _page(request, desk, session, asking, course_id, errors, 422)
    await classes.add_lesson(session, course, begins, minutes, book, clock.now())
    return pages.back_to(f"/staff/courses/{course_id}", said="said.lesson_added")


@router.post("/staff/courses/{course_id}/lessons/{lesson_id}/cancellation")
async def cancel_lesson(
    course_id: int, lesson_id: int, desk: TheDesk, session: Transaction, asking: WhoAsks
) -> Response:
    """The lesson is off: whoever has a place is told at once, and reminders of it are withdrawn."""
    _may_edit(asking.staff)
    lesson = await session.get(Lesson, lesson_id) if 0 < lesson_id < 2**31 else None
    if lesson is None or lesson.course_id != course_id:
        raise NotFound("error.no_course")
    await classes.cancel(session, lesson, await desk.shelf.book(session), clock.now(), asking.id)
    return pages.back_to(f"/staff/courses/{course_id}", said="said.lesson_cancelled")
