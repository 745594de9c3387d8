"""How many people somebody speaks of, and how old the children are."""

import re
from dataclasses import dataclass

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
