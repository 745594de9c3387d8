"""Courses in the chat: a group that fits, a place or the queue, reminders and what people answer to them."""

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlmodel import col

from desk import courses, reminders
from desk.conversation.turn import Turn
from desk.courses import Course, Lesson, Standing
from desk.reminders import Reminder
from desk.script import buttons, form, summary
from desk.texts import InLanguages, Joined, Written, line, lines, w
from desk.tickets import Ticket
from desk.times import AtWhen, Weekly, day_and_month

SOON = timedelta(hours=26)  # "I cannot come" is about a lesson within this, when one was reminded of.
LEVELS = ("A0", "A1", "A2", "B1")


async def offer(turn: Turn, ticket: Ticket) -> bool:
    """After the questions about a course: the group that fits, with a place or the queue; False when there is none."""
    others = set(turn.talk.data.get("not", []))
    fitting = [course for course in await _fitting(turn, ticket) if course.id not in others]
    if not fitting:
        return False
    service = turn.service_of(ticket)
    assert service is not None
    free = [course for course in fitting if await courses.taken_places(turn.session, course.id or 0) < course.capacity]
    course = (free or fitting)[0]
    weekly = await _weekly(turn, course)
    key = "course.fits" if free else "course.full"
    offered = w(key, group=course.code, times=weekly, date=Started(weekly))
    rows = summary.rows(service, ticket.answers)
    turn.say(lines(w("summary"), *rows), offered) if rows else turn.say(offered)
    turn.choices = [
        buttons.word("w:enrol" if free else "w:join"),
        *([buttons.word("w:other")] if len(fitting) > 1 or others else []),
        buttons.FIX,
        buttons.PERSON,
    ]
    turn.talk.begin("course", ticket.id, course=course.id, **{"not": sorted(others)})
    turn.about = ticket.id
    return True


async def _fitting(turn: Turn, ticket: Ticket) -> list[Course]:
    """Running groups of this level and at these times, with lessons ahead; all of them when the level is not known."""
    level = form.tags(ticket.answers.get("level")) & set(LEVELS)
    times = form.tags(ticket.answers.get("days_times"))
    found = []
    for course in await courses.running(turn.session, ticket.service):
        if level and course.level and course.level not in level:
            continue
        weekly = await _weekly(turn, course)
        if weekly.lessons and (not times or weekly.kind in times or "online" in times):
            found.append(course)
    return found


async def _weekly(turn: Turn, course: Course) -> Weekly:
    ahead = await courses.lessons_of(turn.session, course.id or 0, turn.at)
    zone = turn.book.centre.zone
    return Weekly(tuple((lesson.begins_at.astimezone(zone), lesson.minutes) for lesson in ahead))


class Started:
    """«8 грудня»: the day of the first lesson ahead."""

    def __init__(self, weekly: Weekly) -> None:
        self.weekly = weekly

    def in_(self, language: str) -> str:
        return day_and_month(self.weekly.lessons[0][0].date(), language)


async def press(turn: Turn, what: str) -> bool:
    """An answer to what was offered."""
    ticket = turn.ticket(turn.talk.ticket)
    course_id = turn.talk.data.get("course")
    if turn.talk.step != "course" or ticket is None or course_id is None:
        return False
    await turn.join(ticket)
    if what == "other":
        turn.talk.data["not"] = [*turn.talk.data.get("not", []), course_id]
        if not await offer(turn, ticket):
            turn.talk.data["not"] = []
            await offer(turn, ticket)
        return True
    if what not in ("enrol", "join"):
        return False
    await enrol(turn, ticket, course_id)
    return True


async def enrol(turn: Turn, ticket: Ticket, course_id: int) -> None:
    """A place when there is one at this very moment, else the queue; both said as they are."""
    assert turn.person.id is not None
    place = await courses.join(turn.session, course_id, turn.person.id, turn.at, ticket.id)
    course = await turn.session.get_one(Course, course_id)
    turn.submit(ticket)
    ticket.due_at = None  # No hour was promised, so none can be missed.
    turn.talk.rest()
    turn.about = ticket.id
    if place.standing is Standing.QUEUE:
        turn.say(w("course.queue", place=await courses.queue_place(turn.session, place)))
        return
    weekly = await _weekly(turn, course)
    where = Joined((weekly, w("course.where", room=Written(course.room))), ", ")
    said: list[InLanguages] = [w("course.in", group=course.code, where=where)]
    if form.tags(ticket.answers.get("childcare_needed")) & {"yes"} or form.tags(
        ticket.answers.get("transport_needed")
    ) & {"yes"}:
        said.append(w("course.needs"))
    if turn.person.reminders is None:
        turn.say(line(*said), w("remind.ask"))
        turn.choices = [buttons.word("r:on"), buttons.word("r:off")]
        turn.talk.begin("remind", ticket.id)
        return
    turn.say(line(*said))
    if turn.person.reminders:
        await plan(turn)


async def answer_remind(turn: Turn, on: bool) -> None:
    """Reminders are part of the service and can be switched off at any time, by a word."""
    turn.person.reminders = on
    if on:
        await plan(turn)
        turn.say(w("remind.on"))
    else:
        await reminders.withdraw(turn.session, person_id=turn.person.id)
        turn.say(w("remind.off"))
    turn.talk.rest()


async def plan(turn: Turn) -> None:
    """Rows for every lesson ahead of every course the person is in."""
    assert turn.person.id is not None
    for place, course in await courses.courses_of(turn.session, turn.person.id):
        if place.standing is Standing.IN:
            ahead = await courses.lessons_of(turn.session, course.id or 0, turn.at)
            await reminders.plan(turn.session, turn.person.id, ahead, turn.book.centre, turn.at)


async def comes(turn: Turn, lesson_id: int, yes: bool) -> bool:
    """«Прийду», «Не зможу»: on the teacher's list at once."""
    assert turn.person.id is not None
    lesson = await turn.session.get(Lesson, lesson_id)
    if lesson is None or await courses.place_of(turn.session, lesson.course_id, turn.person.id) is None:
        return False
    if lesson.begins_at < turn.at:
        return False
    await courses.answer(turn.session, lesson_id, turn.person.id, yes, turn.at)
    if yes:
        if turn.person.reminders:
            await reminders.plan(turn.session, turn.person.id, [lesson], turn.book.centre, turn.at)
        turn.say(w("remind.yes"))
        return True
    await reminders.withdraw(turn.session, person_id=turn.person.id, lesson_id=lesson_id)
    said: list[InLanguages] = [w("remind.no")]
    following = await courses.next_lesson(turn.session, lesson.course_id, lesson.begins_at)
    if following is not None:
        begins = turn.book.centre.local(following.begins_at)
        said.append(w("remind.next", next=AtWhen(begins, turn.at)))
    turn.say(line(*said))
    return True


async def cannot_come(turn: Turn) -> bool:
    """«ой не зможу сьогодні»: the same as the button, when a reminder was sent for a lesson that is near."""
    if not turn.book.lexicon.says("cannot_come", turn.said.text, alone=False):
        return False
    reminded = await turn.session.scalar(
        select(col(Reminder.lesson_id))
        .join(Lesson, col(Lesson.id) == col(Reminder.lesson_id))
        .where(
            col(Reminder.person_id) == turn.person.id,
            col(Reminder.state) == reminders.State.TOLD,
            col(Lesson.begins_at) > turn.at,
            col(Lesson.begins_at) < turn.at + SOON,
        )
        .order_by(col(Lesson.begins_at))
        .limit(1)
    )
    if reminded is None:
        return False
    ticket = turn.open_tickets[-1] if turn.open_tickets else None
    if ticket is not None:
        await turn.join(ticket)  # The reason stays there; the teacher gets only "not coming".
    return await comes(turn, reminded, yes=False)


async def list_them(turn: Turn) -> None:
    """/classes: what one is signed up for, and when it goes on."""
    assert turn.person.id is not None
    said: list[InLanguages] = []
    for place, course in await courses.courses_of(turn.session, turn.person.id):
        following = await courses.next_lesson(turn.session, course.id or 0, turn.at)
        if place.standing is Standing.QUEUE:
            said.append(w("classes.queue", group=course.code, place=await courses.queue_place(turn.session, place)))
        elif following is not None:
            begins: datetime = turn.book.centre.local(following.begins_at)
            said.append(w("classes.next", group=course.code, next=AtWhen(begins, turn.at), where=Written(course.room)))
        else:
            said.append(w("classes.over", group=course.code))
    turn.say(lines(*said) if said else w("classes.none"))
