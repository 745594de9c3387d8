"""What can be read from a person's words: days and hours, people and their ages, phone numbers, numbers to be hidden."""

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
    ("трав", "мая", "май", "maj", "may", "trav"),
    ("черв", "июн", "czerw", "jun", "cherv"),
    ("лип", "июл", "lip", "jul", "lyp"),
    ("серп", "август", "sierp", "aug", "serp"),
    ("верес", "сентяб", "wrze", "sep", "veres"),
    ("жовт", "октяб", "pazdz", "oct", "zhovt"),
    ("листопад", "нояб", "listopad", "nov", "lystopad"),
    ("груд", "декаб", "grud", "dec", "hrud"),
)
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
_AFTER_TOMORROW = ("післязавтра", "послезавтра", "pojutrze")
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
    r"(?=$|[\s,.!?;])(?!\s*(?:рок|літ|лет|год[аіов ]|lat|year|дит|дет|люд|чел|osob|os|груд|дек|січ|янв|стор|осіб|zł|зл))"
)
_HOUR_OF_DAY = re.compile(r"(?<!\d)([01]?\d)\s*(ранку|утра|rano|am|дня|вечора|вечера|wieczor\w*|pm|по обіді)")


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


def _month_of(word: str) -> int | None:
    folded = fold(word).strip()
    for number, names in enumerate(_MONTHS, 1):
        if any(folded.startswith(name.strip()) for name in names):
            return number
    return None


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
    if found := _HOUR.search(small):
        return time(int(found[1]))
    return None


# People

_CHILD = (
    "дит", "діт", "дет", "ребен", "ребён", "син", "сын", "доч", "донь", "хлопч", "мальч", "дівч", "девоч", "малюк",
    "малыш", "мала ", "малий", "немовл", "dziec", "syn", "cork", "córk", "chlop", "chłop", "dziew", "child", "kid", "son",
    "daughter", "boy", "girl", "baby", "dyt", "dit", "внук", "онук", "wnuk",
)  # fmt: skip
_AGE = re.compile(
    r"(?<!\d)(\d{1,2})(?:[-–]?(?:ть|ми|х))?\s*(?:років|рік|роки|рочк\w*|лет|год(?:а|ик\w*)?\b|lat\w*|rok\w*|years?|y\.?o|р\.)"
)
_MONTHS_OLD = re.compile(r"(?<!\d)(\d{1,2})\s*(?:місяц\w*|міс\b|мес\w*|miesi\w*|months?)")
_COUNT_CHILDREN = re.compile(
    r"(?<!\d)(\d{1,2})\s*(?:маленьк\w*\s+|мал\w*\s+|неповноліт\w*\s+)?(?:діт\w*|дет\w*|дитин\w*|ребен\w*|dziec\w*|children|kids?|child|син\w*|доч\w*|доньк\w*)"
)
_COUNT_PEOPLE = re.compile(
    r"(?<!\d)(\d{1,2})\s*(?:людей|люд\w*|осіб|особ\w*|человек|чел\b|os[oó]b\w*|people|persons?|доросл\w*|взросл\w*|doros\w*|adults?)"
)
_WORD_NUMBERS = {
    1: ("один", "одна", "одну", "одного", "одної", "jedno", "jeden", "jedna", "one"),
    2: (
        "двоє",
        "двох",
        "дві",
        "два",
        "двое",
        "двоих",
        "две",
        "dwoje",
        "dwójka",
        "dwa",
        "dwie",
        "two",
        "удвох",
        "вдвоем",
        "вдвох",
    ),
    3: ("троє", "трьох", "три", "трое", "троих", "troje", "trzy", "trójka", "three", "втрьох", "втроем"),
    4: ("четверо", "чотири", "четверо", "четверых", "четыре", "czworo", "cztery", "four", "вчотирьох"),
    5: ("пятеро", "пять", "пятерых", "pięcioro", "pięć", "five"),
}


@dataclass(frozen=True)
class People:
    """How many, and how old the children are, as far as it was said."""

    adults: int | None = None
    children: int | None = None
    ages: tuple[int, ...] = ()


def people(text: str) -> People | None:
    """Numbers of people and ages of children in a text, or None when there are none."""
    small = f" {text.lower().replace('’', '').replace(chr(39), '')} "
    for number, names in _WORD_NUMBERS.items():
        for name in names:
            small = re.sub(rf"(?<=\s){re.escape(name)}(?=\s)", str(number), small)
    about_children = any(sign in small for sign in _CHILD)
    ages = tuple(int(found) for found in _AGE.findall(small) if int(found) < 18) if about_children else ()
    if about_children and (
        listed := re.search(
            r"((?:\d{1,2}\s*(?:,|і|й|та|и|i|and)\s*)+)(\d{1,2})\s*(?:рок|рік|лет|год|lat|years?)", small
        )
    ):
        ages = tuple(number for number in map(int, re.findall(r"\d{1,2}", listed[0])) if number < 18)
    babies = len(_MONTHS_OLD.findall(small)) if about_children else 0
    ages = ages + (0,) * babies
    children = None
    if found := _COUNT_CHILDREN.search(small):
        children = int(found[1])
    elif ages:
        children = len(ages)
    elif about_children and re.search(
        r"\b(?:дитин[аиіу]|ребен\w*|син\w*|сын\w*|доч\w*|доньк\w*|dzieck\w*|syn\w*|córk\w*|child|son|daughter)\b", small
    ):
        children = 1
    counted = _COUNT_PEOPLE.search(small) or re.search(
        r"(?:нас|we are|jest nas|семь[яи]|сім)\D{0,8}(\d{1,2})(?!\d)", small
    )
    adults = int(counted[1]) if counted else None
    if adults is None and children is None:
        return None
    return People(adults, children, ages)


# Numbers

_PHONE = re.compile(r"(?<![\d.])(\+?\d[\d\s().\-]{7,17}\d)(?!\d)")
_PESEL = re.compile(r"(?<!\d)(\d{11})(?!\d)")
_WEIGHTS = (1, 3, 7, 9, 1, 3, 7, 9, 1, 3)


def phone(text: str) -> str | None:
    """A Polish or Ukrainian phone number as +48… or +380…, or None."""
    for found in _PHONE.finditer(text):
        digits = re.sub(r"\D", "", found[1])
        digits = digits.removeprefix("00") if digits.startswith("00") else digits
        if digits.startswith("380") and len(digits) == 12:
            return f"+{digits}"
        if digits.startswith("48") and len(digits) == 11 and found[1].lstrip().startswith(("+", "00", "48 ")):
            return f"+{digits}"
        if digits.startswith("0") and len(digits) == 10:
            return f"+38{digits}"
        if len(digits) == 9 and digits[0] != "0":
            return f"+48{digits}"
    return None


def pesel(text: str) -> str | None:
    """An eleven-digit number whose check sum and date of birth say that it is a PESEL."""
    for found in _PESEL.finditer(text):
        digits = [int(letter) for letter in found[1]]
        check = (10 - sum(weight * digit for weight, digit in zip(_WEIGHTS, digits, strict=False)) % 10) % 10
        month, day = (digits[2] % 2) * 10 + digits[3], digits[4] * 10 + digits[5]
        if check == digits[10] and 1 <= month <= 12 and 1 <= day <= 31:
            return found[1]
    return None


# Two or three capital letters and six or seven digits, as on passports and identity cards of Ukraine and Poland.
_PASSPORT = re.compile(r"(?<![^\W_])([A-ZА-ЯІЇЄ]{2,3})[ №-]{0,2}(\d{6,7})(?!\d)")
_CARD = re.compile(r"(?<![\d+])(\d{4}[ -]?\d{4}[ -]?\d{4}[ -]?\d{4})(?!\d)")


def document_number(text: str) -> str:
    """Which number that nobody should send stands in a text: pesel, card, passport, or none."""
    if pesel(text) is not None:
        return "pesel"
    if any(_is_card(found[1]) for found in _CARD.finditer(text)):
        return "card"
    return "passport" if _PASSPORT.search(text) else ""


def _is_card(number: str) -> bool:
    """Whether the check digit is right, after Luhn."""
    digits = [int(letter) for letter in number if letter.isdigit()]
    doubled = [digit * 2 - 9 * (digit > 4) for digit in digits[::2]]
    return (sum(doubled) + sum(digits[1::2])) % 10 == 0


def masked(text: str) -> str:
    """The text with every number of a person, a passport or a card covered but for its last digits."""
    text = _PESEL.sub(lambda found: "•" * 7 + found[1][-4:] if pesel(found[1]) else found[1], text)
    text = _CARD.sub(lambda found: "•" * 12 + found[1][-4:] if _is_card(found[1]) else found[1], text)
    return _PASSPORT.sub(lambda found: f"{found[1]} {'•' * (len(found[2]) - 3)}{found[2][-3:]}", text)


# They turn the letters that follow around, so that «exe.jpg» is shown for «gpj.exe»; Arabic and Hebrew need none.
_TURNERS = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"


def readable(text: str) -> str:
    """Words without what no database and no page can hold: control signs, halves of letters, signs that turn others."""
    return "".join(
        letter
        for letter in text
        if letter in "\n\t"
        or (letter >= " " and letter != "\x7f" and not "\ud800" <= letter <= "\udfff" and letter not in _TURNERS)
    )
