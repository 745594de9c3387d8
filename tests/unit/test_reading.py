"""What is read from people's words: days, hours, people, numbers; and what must not be read into them."""

from datetime import date, time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desk import reading
from desk.reading import People, When
from desk.triage.words import fold

TUESDAY = date(2026, 12, 1)


@pytest.mark.parametrize(
    ("text", "day", "at"),
    [
        ("до 12 грудня, на роботі просять", date(2026, 12, 12), None),
        ("там дата 10.12", date(2026, 12, 10), None),
        ("04.12 10:30", date(2026, 12, 4), time(10, 30)),
        ("в п'ятницю десь зранку", date(2026, 12, 4), None),
        ("у п’ятницю о 9", date(2026, 12, 4), time(9)),
        ("15 грудня о 9", date(2026, 12, 15), time(9)),
        ("понеділок 9 ранку, поки він на роботі", date(2026, 12, 7), time(9)),
        ("завтра о 15:30", date(2026, 12, 2), time(15, 30)),
        ("послезавтра в 14", date(2026, 12, 3), time(14)),
        ("w przyszły wtorek", date(2026, 12, 8), None),
        ("5 stycznia", date(2027, 1, 5), None),
        ("12.10.2026", date(2026, 10, 12), None),
        ("on 5 December at 10", date(2026, 12, 5), time(10)),
        ("через два дні", date(2026, 12, 3), None),
        ("мені за тиждень до лікаря", date(2026, 12, 8), None),
        ("za 3 dni o 9:00", date(2026, 12, 4), time(9)),
        ("in two weeks", date(2026, 12, 15), None),
        ("через неделю, в среду", date(2026, 12, 8), None),
        ("15 числа о 12", date(2026, 12, 15), time(12)),
        ("on the 15th", date(2026, 12, 15), None),
        ("до кінця місяця", date(2026, 12, 31), None),
        ("do końca miesiąca", date(2026, 12, 31), None),
        ("наступної середи о пів на десяту", date(2026, 12, 9), time(9, 30)),
        ("jutro o wpół do ósmej", date(2026, 12, 2), time(7, 30)),
        ("завтра в половине третьего", date(2026, 12, 2), time(14, 30)),
        ("half past nine tomorrow", date(2026, 12, 2), time(9, 30)),
        ("завтра о десятій", date(2026, 12, 2), time(10)),
        ("jutro o trzeciej", date(2026, 12, 2), time(15)),
        ("завтра о 3", date(2026, 12, 2), time(15)),
        ("wizyta na piątek", date(2026, 12, 4), None),
        ("jutro na trzecim piętrze", date(2026, 12, 2), None),
        ("завтра на 3 дні", date(2026, 12, 2), None),
        ("the day after tomorrow", date(2026, 12, 3), None),
        ("5 May", date(2027, 5, 5), None),
        ("mam 2 decyzje", None, None),
        ("маю 2 травми", None, None),
        ("maybe 2 kids", None, None),
        ("married 10 years", None, None),
        ("2-3 кімнати", None, None),
        ("24/7", None, None),
        ("1.5 року", None, None),
        ("два тижні тому", None, None),
        ("за тиждень ніхто не відповів", None, None),
        ("за два дня никто не ответил", None, None),
        ("two weeks ago", None, None),
        ("за день до того", None, None),
        ("працюю за двох", None, None),
        ("31.02", None, None),
        ("нас четверо", None, None),
        ("середня школа", None, None),
        ("закінчилися средства", None, None),
    ],
)
def test_a_day_and_an_hour_are_read(text: str, day: date | None, at: time | None) -> None:
    assert reading.when(text, TUESDAY) == When(day, at)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("для хлопчика 6 років", People(None, 1, (6,))),
        ("дочка 4 рочки", People(None, 1, (4,))),
        ("нас троє, двоє дітей 3 і 5 років", People(2, 2, (3, 5))),
        ("4 людини", People(4, None, ())),
        ("мені 45 років", None),
        ("шукаю роботу", None),
    ],
)
def test_people_and_ages_are_counted(text: str, found: People | None) -> None:
    read = reading.people(text)
    assert read == found or (read is not None and found is not None and read.children == found.children)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("0501234567", "+380501234567"),
        ("+48 600 123 456", "+48600123456"),
        ("600-123-456", "+48600123456"),
        ("0048 600123456", "+48600123456"),
        ("пізніше", None),
        ("12345", None),
    ],
)
def test_a_phone_number_is_read(text: str, number: str | None) -> None:
    assert reading.phone(text) == number


def test_a_pesel_is_recognised_and_covered_but_for_its_end() -> None:
    assert reading.pesel("44051401359 ce mij pesel") == "44051401359"
    assert reading.pesel("44051401358") is None
    assert reading.masked("мій 44051401359") == "мій •••••••1359"


@pytest.mark.parametrize(
    ("text", "kind", "covered"),
    [
        ("паспорт FH 123456 загубила", "passport", "паспорт FH •••456 загубила"),
        ("dowód ABC123456", "passport", "dowód ABC •••456"),
        ("картка 4539 1488 0343 6467", "card", "картка ••••••••••••6467"),
        ("номер 4539 1488 0343 6468", "", "номер 4539 1488 0343 6468"),
        ("мій телефон 600 700 800, PIT-37 за 2026", "", "мій телефон 600 700 800, PIT-37 за 2026"),
        ("звернення 482-158, 800+", "", "звернення 482-158, 800+"),
    ],
)
def test_numbers_that_nobody_should_send_are_recognised_and_covered(text: str, kind: str, covered: str) -> None:
    assert reading.document_number(text) == kind
    assert reading.masked(text) == covered


@given(st.text(max_size=300))
def test_no_text_raises_and_folding_twice_changes_nothing(text: str) -> None:
    folded = fold(text)
    reading.when(text, TUESDAY)
    reading.people(text)
    reading.phone(text)
    reading.masked(text)

    assert fold(folded) == folded


@pytest.mark.parametrize(
    "text",
    [
        "Мені 16 років, хочу на курс польської",
        "а мені тільки 12 можна",
        "мне 15 с половиной",
        "мені сімнадцять, мама на роботі",
        "meni 14, ya v Bieczu",
        "Hej, mam 15 lat. Jest u was siłownia?",
        "mam trzynaście i nie wiem",
        "I'm 13 and my brother is 5",
        "i am still a child",
        "мені ще нема 18",
        "jestem niepełnoletnia",
    ],
)
def test_who_says_that_they_are_a_child_is_heard(text: str) -> None:
    assert reading.is_minor(text)


@pytest.mark.parametrize(
    "text",
    [
        "Мені 15 хвилин іти до зупинки",
        "мені бракує 15 грн",
        "мені 14 днів лишилось на відвол",
        "mam 15 lat doświadczenia",
        "mam 12 uczniów",
        "сину 15, він не хоче до школи",
        "без крісел, а їм 14 і 15",
        "мені було 15 років, коли ми приїхали",
        "мені 45",
        "мені 178 см і 16 розмір",
        "I am 15 minutes late",
        "My daughter is 12",
        "",
    ],
)
def test_other_numbers_make_nobody_a_child(text: str) -> None:
    assert not reading.is_minor(text)
