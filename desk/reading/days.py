"""Days and hours in a person's words, in four languages."""

import re
from dataclasses import dataclass
from datetime import date, time, timedelta

from desk.triage.words import fold

# Beginnings of the names of months and weekdays, folded, in uk, ru, pl, en.
_MONTHS = (
    ("січ", "янв", "stycz", "jan", "sich"),
    ("лют", "феврал", "lut", "feb", "ljut"),
    ("берез", "март", "marc", "march", "mar ", "berez"),
    ("квіт", "апрел", "kwie", "apr", "kvit"),
    ("травн", "травен", "мая", "май", "maj", "may", "travn"),
    ("черв", "июн", "czerw", "jun", "cherv"),
    ("лип", "июл", "lip", "jul", "lyp"),
    ("серп", "август", "sierp", "aug", "serp"),
    ("верес", "сентяб", "wrze", "sep", "veres"),
    ("жовт", "октяб", "pazdz", "oct", "zhovt"),
    ("листопад", "нояб", "listopad", "nov", "lystopad"),
    ("груд", "декаб", "grud", "dec", "hrud"),
)
_ENGLISH = {
    "jan": "january", "feb": "february", "mar": "march", "march": "march", "apr": "april", "may": "may", "jun": "june",
    "jul": "july", "aug": "august", "sep": "september", "oct": "october", "nov": "november", "dec": "december",
}  # fmt: skip
# Whole words, in the cases in which days are named: «нас четверо» is no Thursday, «середня школа» no Wednesday.
_WEEKDAYS = tuple(
    frozenset(forms.split())
    for forms in (
        "понеділок понеділка понеділку понеділком понедельник понедельника понедельнику "
        "poniedzialek poniedzialku monday ponedilok",
        "вівторок вівторка вівторку вівторком вторник вторника вторнику wtorek wtorku tuesday vivtorok",
        "середа середу середи середі середою среда среду среды среде srode sroda srody wednesday sereda seredu",
        "четвер четверга четвергу четвергом четверг czwartek czwartku thursday chetver",
        "пятниця пятницю пятниці пятницею пятница пятницу пятницы пятнице piatek piatku friday pjatnycja pjatnycju",
        "субота суботу суботи суботі суббота субботу субботы субботе sobota sobote soboty sobocie saturday subotu",
        "неділя неділю неділі неділею воскресенье воскресенья воскресение niedziela niedziele niedzieli sunday nedilju",
    )
)
_NEXT = ("наступн", "следующ", "przyszl", "nastepn", "next")
_TODAY = ("сьогодні", "сегодня", "dzis", "dzisiaj", "today", "sohodni", "sjogodni")
_TOMORROW = ("завтра", "jutro", "tomorrow", "zavtra")
_AFTER_TOMORROW = ("післязавтра", "послезавтра", "pojutrze", "the day after tomorrow")
_NOT_YET = (
    " ще не",
    " ще нема",
    " еще не",
    " еще нет",
    " jeszcze nie",
    " not yet",
    " не призначен",
    " не назначен",
    " nie umowi",
    " shche ne",
    " sche ne",
)

_DOTTED = re.compile(r"(?<![\d.:])(\d{1,2})[./\-](\d{1,2})(?:[./\-](\d{4}|\d{2}))?(?![\d])")
_NAMED = re.compile(r"(?<!\d)(\d{1,2})(?:-?(?:го|е|th|st|nd|rd))?\s+([a-zа-яіїєґ]{3,})")
_NAMED_EN = re.compile(r"([a-z]{3,9})\s+(\d{1,2})(?!\d|:)")
_CLOCK = re.compile(r"(?<![\d.])([01]?\d|2[0-3])[:.]([0-5]\d)(?![\d.])")
_HOUR = re.compile(
    r"(?:^|[\s,])(?:о|об|в|у|к|на|o|at|godz\.?|godzinie|година|годині)\s*([01]?\d|2[0-3])"
    r"(?=$|[\s,.!?;])(?!\s*(?:рок|літ|лет|год[аіов ]|lat|year|дит|дет|люд|чел|osob|os|груд|дек|січ|янв|стор|осіб|zł|зл"
    r"|дн|dn|day|тиж|недел|tyg|week|раз|пункт|поверх|этаж|pięt|кімн|комн|pok))"
)
_HOUR_OF_DAY = re.compile(r"(?<!\d)([01]?\d)\s*(ранку|утра|rano|am|дня|вечора|вечера|wieczor\w*|pm|по обіді)")


# «через два дні», «за тиждень», «in 2 weeks»: a number and days or weeks that are still to come.
_MANY = {
    name: number
    for number, names in enumerate(
        (
            "один одну одна jeden jedną one a",
            "два дві двa две dwa dwie two",
            "три trzy three",
            "чотири четыре cztery four",
            "пять pięć five",
            "шість шесть sześć six",
            "сім семь siedem seven",
        ),
        1,
    )
    for name in names.split()
}
_FROM_NOW = re.compile(
    r"\s(?:через|за|за якихось|za|in|cherez|cherz)\s+(?:(\d{1,2}|[^\W\d]+)\s+)?"
    r"(д(?:ень|ня|ні|нів|ней)|dni|dzień|days?|dniv?|тиж\w*|недел\w*|tydzień|tygodni\w*|weeks?|tyzhd\w*|nedel\w*)(?=[\s,.!?])"
    # What nobody did within a week is a complaint, and no time to come.
    r"(?!\s*(?:тому|назад|temu|ago|ніхто|никто|nikt|nobody|no one|жодн|ні разу|ни разу|так і не|так и не|ani razu))"
)
_OF_THIS_MONTH = re.compile(
    r"(?<![\d.])(\d{1,2})(?:-?(?:го|е))?\s+(?:числ[аіо]|chysla|chisla)(?=[\s,.!?])"
    r"|\son the (\d{1,2})(?:st|nd|rd|th)(?=[\s,.!?])"
)
_END_OF_MONTH = re.compile(
    r"(?:до кінця|до конца|do końca|do konca|by the end of(?: the| this)?)\s+"
    r"(?:місяця|месяца|miesiąca|miesiaca|month)"
)
# Hours by their names, in the forms in which they are told; folded, by their beginnings.
_HOURS = (
    "перш перв pierwsz", "друг втор drug", "трет трьох trzeci tretj", "четверт czwart", "пят piat", "шост шест szost",
    "сьом седьм siodm", "восьм osm", "девят dziewiat", "десят dziesiat", "одинадцят одиннадцат jedenast",
    "дванадцят двенадцат dwunast",
)  # fmt: skip
_HOURS_EN = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
_HALF_TO = re.compile(
    r"(?:о пів на|пів на|в половине|половина|в пол|пол|o wpół do|wpół do|o wpol do|wpol do)\s*([^\W\d]{4,})"
)
_HALF_PAST = re.compile(r"half past\s+([a-z]+)")
_HOUR_NAMED = re.compile(r"\s(?:о|об|o|godz\.?)\s+([^\W\d]{4,})(?=[\s,.!?])")
_OPENS = 7  # An hour before this is one of the afternoon: nobody is seen at three in the night.


@dataclass(frozen=True)
class When:
    """A day, an hour, or both, as far as they were said."""

    day: date | None = None
    at: time | None = None


def when(text: str, today: date) -> When:
    """The day and hour in a text; the day is the next one that fits, unless a year is given."""
    small = f" {text.lower().replace('’', '').replace(chr(39), '').replace('ʼ', '')} "
    day, rest = _day_in(small, today)
    return When(day, _hour_in(rest))


def not_yet(text: str) -> bool:
    """Whether someone says that there is no date yet."""
    folded = fold(text)
    return any(sign in folded for sign in _NOT_YET)


def _day_in(small: str, today: date) -> tuple[date | None, str]:
    """The day, and the text without it, so that 12.10 is not taken for an hour as well."""
    for found in _DOTTED.finditer(small):
        if len(found[2]) == 1 and not found[3]:
            continue  # «2-3 кімнати», «24/7», «1.5 року»: a day of a month is written 05.03, or with its year.
        day = _dated(int(found[1]), int(found[2]), found[3], today)
        if day is not None:
            return day, small.replace(found[0], " ", 1)
    for found in _NAMED.finditer(small):
        month = _month_of(found[2])
        if month and (day := _dated(int(found[1]), month, None, today)):
            return day, small.replace(found[0], " ", 1)
    for found in _NAMED_EN.finditer(small):
        month = _month_of(found[1])
        if month and (day := _dated(int(found[2]), month, None, today)):
            return day, small.replace(found[0], " ", 1)
    if ahead := _from_now(small):
        return today + timedelta(days=ahead), small
    if (found_ := _OF_THIS_MONTH.search(small)) and (day := _coming(int(found_[1] or found_[2]), today)):
        return day, small.replace(found_[0], " ", 1)
    if _END_OF_MONTH.search(small):
        return (today.replace(day=1) + timedelta(days=32)).replace(day=1) - timedelta(days=1), small
    folded = fold(small)
    near: tuple[tuple[int, tuple[str, ...]], ...] = ((2, _AFTER_TOMORROW), (0, _TODAY), (1, _TOMORROW))
    for steps, words in near:
        if any(f" {word}" in folded for word in words):
            return today + timedelta(days=steps), small
    said = set(folded.split())
    for weekday, forms in enumerate(_WEEKDAYS):
        if said & forms:
            ahead = (weekday - today.weekday()) % 7
            if any(f" {word}" in folded for word in _NEXT):
                # «наступного вівторка» said on a Monday is the Tuesday of the week after.
                ahead += 7 if ahead < 7 - today.weekday() else 0
            return today + timedelta(days=ahead or 7), small
    return None, small


def _from_now(small: str) -> int:
    """How many days ahead, or 0 where nothing of the kind is said."""
    for found in _FROM_NOW.finditer(small):
        how_many = found[1]
        number = int(how_many) if how_many and how_many.isdigit() else _MANY.get(how_many or "a", 0)
        is_day = found[2].startswith(("д", "dn", "dz", "day"))
        if number and not (is_day and not how_many):  # «за день» is no day ahead.
            return number if is_day else number * 7
    return 0


def _coming(number: int, today: date) -> date | None:
    """The next day of this number in a month."""
    for ahead in range(62):
        day = today + timedelta(days=ahead)
        if day.day == number:
            return day
    return None


def _month_of(word: str) -> int | None:
    folded = fold(word).strip()
    for number, names in enumerate(_MONTHS, 1):
        if any(_is_month(folded, name.strip()) for name in names):
            return number
    return None


def _is_month(word: str, beginning: str) -> bool:
    """English ones whole or by their three letters: «2 decyzje» are no December, «2 kids, maybe» no May."""
    if beginning in _ENGLISH:
        return word in (beginning, _ENGLISH[beginning])
    return word.startswith(beginning)


def _dated(day: int, month: int, year: str | None, today: date) -> date | None:
    try:
        if year:
            return date(int(year) + (2000 if len(year) == 2 else 0), month, day)
        found = date(today.year, month, day)
        # A day well past is meant for next year; one just past may be the date of a letter.
        return date(today.year + 1, month, day) if (today - found).days > 90 else found
    except ValueError:
        return None


def _hour_in(small: str) -> time | None:
    if found := _CLOCK.search(small):
        return time(int(found[1]), int(found[2]))
    if found := _HOUR_OF_DAY.search(small):
        hour = int(found[1])
        later = found[2].startswith(("веч", "wiecz", "pm", "дня", "по")) and hour < 12
        return time(hour + 12 if later else hour % 24)
    if (found := _HALF_TO.search(small)) and (hour := _hour_of(found[1])):
        return time((hour - 1) or 12, 30) if hour - 1 >= _OPENS or hour == 1 else time(hour + 11, 30)
    if (found := _HALF_PAST.search(small)) and found[1] in _HOURS_EN:
        return time(_by_day(_HOURS_EN.index(found[1]) + 1), 30)
    if found := _HOUR.search(small):
        return time(_by_day(int(found[1])))
    if (found := _HOUR_NAMED.search(small)) and (hour := _hour_of(found[1])):
        return time(_by_day(hour))
    return None


def _hour_of(word: str) -> int:
    """«десятій», «dziesiątej»: the hour, or 0."""
    folded = fold(word).strip()
    for hour, beginnings in enumerate(_HOURS, 1):
        if folded.startswith(tuple(beginnings.split())):
            return hour
    return 0


def _by_day(hour: int) -> int:
    return hour + 12 if 0 < hour < _OPENS else hour
