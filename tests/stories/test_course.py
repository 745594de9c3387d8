"""A course and its reminders: a place, the queue, the day before, two hours before, and what people answer."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select
from sqlmodel import col

from desk import clock, courses, reminders
from desk.courses import Answer, Course, Place, Standing
from desk.messages import Message, Purpose
from desk.reminders import Reminder, State
from tests.town import WARSAW, Town


def at(day: int, hour: int, minute: int = 0, month: int = 12) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=WARSAW)


@pytest.fixture
async def a1(town: Town) -> Course:
    """A1-3: Tuesdays and Thursdays, 17:30–19:00, from 8 December, in room 12."""
    clock.stand_at(at(1, 12))
    async with town.database.transaction() as session:
        course = await courses.add_course(
            session,
            "A1-3",
            at=clock.now(),
            level="A1",
            capacity=2,
            room={"uk": "каб. 12", "pl": "pok. 12", "ru": "каб. 12", "en": "room 12"},
            names={"uk": "польська", "pl": "polski", "ru": "польский", "en": "Polish"},
        )
        for day in (8, 10, 15, 17):
            await courses.add_lesson(session, course, at(day, 17, 30))
    return course


async def signs_up(town: Town, name: str) -> None:
    person = town.person(name)
    await person.writes("хочу на курси польської ввечері")
    await person.presses("Прості слова")
    await person.presses("Ні")
    await person.presses("Ні")
    await person.presses("Записатися")
    await person.presses("Так, нагадуйте")


async def test_olena_signs_up_and_is_reminded_in_her_language(town: Town, a1: Course) -> None:
    olena = town.person("Olena")
    await olena.writes("хочу на курси польської ввечері")
    assert "1 з 5. Який у Вас рівень польської?" in olena.last
    await olena.presses("Прості слова")
    assert olena.last == "2 з 5. Чи потрібен догляд за дитиною під час занять?"
    await olena.writes("так, дочка 4 рочки. і ще якби довозили з Мірця, від школи")

    assert olena.last == (
        "Ось що записано:\n• Рівень: A1\n• Коли: будні, ввечері\n• Догляд: 1 дитина, 4 роки\n• Доїзд: Міжець, біля школи\n\n"
        "Вам підходить група A1-3: вт і чт, 17:30–19:00, з 8 грудня. Є місце. Записатися?"
    )
    await olena.presses("Записатися")
    assert olena.last == (
        "Вас записано: A1-3, вт і чт, 17:30–19:00, Центр, каб. 12. "
        "Про догляд за дитиною й доїзд напишемо окремо, коли узгодимо.\n\n"
        "Нагадувати тут за день і за 2 години? Вимкнути можна будь-коли словом СТОП."
    )
    await olena.presses("Так, нагадуйте")
    assert olena.last == "Добре, нагадаємо."

    await town.until(at(7, 17, 29))
    assert olena.last == "Добре, нагадаємо."
    await town.until(at(7, 17, 30))
    assert olena.last == (
        "Нагадуємо: завтра, у вівторок, 8 грудня, о 17:30 – польська, група A1-3, каб. 12. Ви прийдете?"
    )
    assert olena.screen[-1].buttons == ["Прийду", "Не зможу"]
    await olena.presses("Прийду")
    assert olena.last == "Дякуємо, чекаємо на Вас."

    await town.until(at(8, 15, 30))
    assert olena.last == "Нагадуємо: сьогодні о 17:30 – польська, група A1-3, каб. 12."
    await olena.writes("ой не зможу сьогодні, мала з температурою")
    await town.waits(timedelta(seconds=5))
    assert olena.last.startswith("Дякуємо, що попередили: викладачеві передано.")
    assert olena.last.endswith("Наступне заняття: у четвер, 10 грудня, о 17:30.")
    async with town.database.reading() as session:
        answers = list(await session.scalars(select(Answer)))
    assert [answer.comes for answer in answers] == [False]


async def test_a_full_group_offers_the_queue_and_nobody_gets_the_eleventh_place(town: Town, a1: Course) -> None:
    await signs_up(town, "Olena")
    await signs_up(town, "Ihor")
    late = town.person("Halyna")
    await late.writes("хочу на курси польської ввечері")
    await late.presses("Прості слова")
    await late.presses("Ні")
    await late.presses("Ні")

    assert "Зараз місць немає. Стати в чергу?" in late.last
    await late.presses("Стати в чергу")

    assert late.last == "Ви в черзі. Ваше місце: 1. Напишемо, якщо звільниться місце."
    async with town.database.reading() as session:
        standings = [place.standing for place in await session.scalars(select(Place).order_by(col(Place.id)))]
    assert standings == [Standing.IN, Standing.IN, Standing.QUEUE]


async def test_stop_ends_reminders_and_the_word_brings_them_back(town: Town, a1: Course) -> None:
    await signs_up(town, "Olena")
    olena = town.person("Olena")

    await olena.writes("СТОП")
    await town.waits(timedelta(seconds=5))
    assert olena.last == "Нагадування вимкнено. Щоб увімкнути, напишіть «нагадування»."
    await town.until(at(8, 16))
    assert "Нагадуємо" not in olena.last

    await olena.writes("нагадування")
    await town.waits(timedelta(seconds=5))
    await town.until(at(9, 17, 30))
    assert olena.last.startswith("Нагадуємо: завтра, у четвер, 10 грудня, о 17:30")


async def test_nobody_is_reminded_twice_however_often_the_clock_looks(town: Town, a1: Course) -> None:
    await signs_up(town, "Olena")
    clock.stand_at(at(7, 17, 31))

    for _ in range(5):
        await town.rounds.remind()
    await town.deliver()

    async with town.database.reading() as session:
        told = list(await session.scalars(select(Message).where(col(Message.purpose) == Purpose.REMINDER)))
    assert len(told) == 1


async def test_what_comes_too_late_is_on_the_list_of_the_staff_not_forgotten(town: Town, a1: Course) -> None:
    await signs_up(town, "Olena")
    clock.stand_at(at(8, 18))  # The desk was away until the lesson had begun.

    await town.rounds.remind()

    async with town.database.reading() as session:
        states = [
            (reminder.state, reminder.why)
            for reminder in await session.scalars(select(Reminder).order_by(col(Reminder.due_at)).limit(2))
        ]
    assert states == [(State.MISSED, "late"), (State.MISSED, "late")]


async def test_a_reminder_that_falls_into_the_quiet_hours_comes_the_evening_before(town: Town, a1: Course) -> None:
    async with town.database.transaction() as session:
        course = await session.get_one(Course, a1.id)
        early = await courses.add_lesson(session, course, at(18, 9))
        book = await town.shelf.book(session)
    assert reminders.due_at(early, reminders.Kind.HOURS, book.centre) == at(17, 20, 30)


async def test_the_hour_stays_the_same_across_the_change_of_clocks(town: Town, a1: Course) -> None:
    async with town.database.transaction() as session:
        course = await session.get_one(Course, a1.id)
        sunday = await courses.add_lesson(session, course, datetime(2027, 3, 28, 17, 30, tzinfo=WARSAW))
        book = await town.shelf.book(session)
    assert reminders.due_at(sunday, reminders.Kind.DAY, book.centre) == datetime(2027, 3, 27, 17, 30, tzinfo=WARSAW)
