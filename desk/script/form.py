"""The questions of a service: which comes next, what an answer to it means, and what was said already."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from desk import reading
from desk.services import ALWAYS, Option, Service, Slot
from desk.texts import LANGUAGES
from desk.triage.lexicon import Lexicon
from desk.triage.skeleton import skeleton
from desk.triage.words import fold

Answers = Mapping[str, Mapping[str, Any]]  # Slot to {"v": value, "w": the words it was read from}


DATES = ("date", "datetime", "window")


class Unclear:
    """The words are no answer to this question."""


UNCLEAR = Unclear()


@dataclass(frozen=True)
class Progress:
    """How far the questions of one ticket have come; kept in the ticket."""

    asked: tuple[str, ...] = ()
    total: int | None = None  # As last shown: it may shrink, never grow.
    routed: bool = False  # The service was understood from words, so one tap must undo it.
    tile: str = ""  # The menu tile it was chosen from, to which "back" leads.
    unclear: tuple[str, ...] = ()  # Questions whose answer was not understood once.
    doubts: int = 0  # How often the person was asked what it is about.
    over: bool = False  # Nothing more is asked but how to reach the person.

    @classmethod
    def of(cls, form: Mapping[str, Any]) -> "Progress":
        return cls(
            asked=tuple(form.get("asked", ())),
            total=form.get("total"),
            routed=form.get("routed", False),
            tile=form.get("tile", ""),
            unclear=tuple(form.get("unclear", ())),
            doubts=form.get("doubts", 0),
            over=form.get("over", False),
        )

    def kept(self) -> dict[str, Any]:
        return {
            "asked": list(self.asked),
            "total": self.total,
            "routed": self.routed,
            "tile": self.tile,
            "unclear": list(self.unclear),
            "doubts": self.doubts,
            "over": self.over,
        }


@dataclass(frozen=True)
class Question:
    slot: Slot
    i: int
    n: int
    progress: Progress


def next_question(service: Service, answers: Answers, progress: Progress) -> Question | None:
    """The next question, or None when all that the chat asks is known."""
    left = remaining(service, answers, progress)
    if not left:
        return None
    total = len(progress.asked) + len(left)
    if progress.total is not None:
        total = min(total, progress.total)
    slot = service.slots[left[0]]
    i = len(progress.asked) + 1
    return Question(slot, i, max(total, i), replace(progress, asked=(*progress.asked, slot.id), total=max(total, i)))


def remaining(service: Service, answers: Answers, progress: Progress) -> list[str]:
    """What is still to be asked on the longest path from here."""
    if progress.over:
        return []
    room = service.at_most - len(progress.asked)
    return [
        slot for slot in service.chat if slot not in answers and _could_be_asked(service, service.slots[slot], answers)
    ][: max(room, 0)]


def _could_be_asked(service: Service, slot: Slot, answers: Answers) -> bool:
    if any(has_day(answers.get(other)) for other in slot.spared_by):
        return False
    for other, accepted in slot.when.items():
        if other in answers:
            if not tags(answers[other]) & set(accepted):
                return False
        elif other not in service.chat:
            return False
    return True


def tags(answer: Mapping[str, Any] | None) -> set[str]:
    """What conditions can be made on an answer: the ids of its options, yes or no, `children`."""
    value = answer.get("v") if answer else None
    if isinstance(value, bool):
        return {"yes" if value else "no"}
    if isinstance(value, str):
        return {value}
    if isinstance(value, list):
        return set(value)
    if isinstance(value, dict) and value.get("children"):
        return {"children"}
    return set()


def has_day(answer: Mapping[str, Any] | None) -> bool:
    value = answer.get("v") if answer else None
    return isinstance(value, dict) and bool(value.get("day"))


def answered(slot: Slot, text: str, today: date, lexicon: Lexicon) -> dict[str, Any] | Unclear:
    """What a person's words mean as an answer to `slot`, or UNCLEAR."""
    value = _value(slot, text, today, lexicon)
    return UNCLEAR if isinstance(value, Unclear) else {"v": value, "w": text.strip()[:500]}


def pressed(slot: Slot, option_id: str) -> dict[str, Any] | None:
    """The answer behind a button of `slot`."""
    if slot.type == "yes_no" and option_id in ("yes", "no"):
        return {"v": option_id == "yes", "w": ""}
    if slot.option(option_id) is None:
        return None
    return {"v": [option_id] if slot.type == "multi_choice" else option_id, "w": ""}


def _value(slot: Slot, text: str, today: date, lexicon: Lexicon) -> Any:
    match slot.type:
        case "choice":
            matched = _matching(slot, text, asked=True)
            return matched[-1] if matched else UNCLEAR
        case "multi_choice":
            return _matching(slot, text, asked=True) or UNCLEAR
        case "yes_no":
            return _yes_or_no(slot, text, lexicon)
        case "date" | "datetime" | "window":
            return _date(slot, text, today)
        case "people":
            found = reading.people(text)
            if found is None:
                return {"words": text.strip()[:200]} if any(letter.isdigit() for letter in text) else UNCLEAR
            return _people(found)
        case "phone":
            return reading.phone(text) or UNCLEAR
        case "text" if slot.options and (matched := _matching(slot, text, asked=True)):
            return matched[-1]
        case _:
            return None if text.strip() else UNCLEAR  # The words themselves are the answer.


def _yes_or_no(slot: Slot, text: str, lexicon: Lexicon) -> Any:
    if lexicon.says("no", text):
        return False
    if lexicon.says("yes", text) or slot.yes.said_in(text):
        return True
    # Only these whole words: the lists hold beginnings, and «тато» begins like a yes.
    first = fold(text).split()[:1]
    if first and first[0] in ("ні", "нет", "nie", "no", "not", "ni"):
        return False
    return True if first and first[0] in ("так", "да", "tak", "yes", "ага", "угу", "da") else UNCLEAR


def _date(slot: Slot, text: str, today: date) -> Any:
    found = reading.when(text, today)
    if found.day is None:
        if reading.not_yet(text) and slot.type == "date":
            return {"none": True}
        return UNCLEAR
    if slot.type == "datetime" and found.at is None:
        return UNCLEAR
    return {"day": found.day.isoformat(), "at": found.at.isoformat("minutes") if found.at else None}


def _people(found: reading.People) -> dict[str, Any]:
    return {"adults": found.adults, "children": found.children, "ages": list(found.ages)}


def _matching(slot: Slot, text: str, *, asked: bool) -> list[str]:
    """The options that the words name, the strongest last: by stems anywhere, as an answer also by the labels."""
    found: list[Option] = []
    for option in slot.options:
        if asked and skeleton(text).strip() in _labels(option):
            return [option.id]
        if option.stems.said_in(text) or (asked and option.reply.said_in(text)):
            found.append(option)
    return [option.id for option in sorted(found, key=lambda option: option.strength)]


def _labels(option: Option) -> set[str]:
    return {skeleton(text.in_(language)).strip() for text in (option.label, option.button) for language in LANGUAGES}


def filled(service: Service, text: str, answers: Answers, today: date) -> dict[str, dict[str, Any]]:
    """Answers that a person's free words give to questions nobody has asked yet; what is known stays."""
    found: dict[str, dict[str, Any]] = {}
    for slot in service.slots.values():
        if slot.id in answers or slot.id == "contact_channel" or slot.id == "language":
            continue
        value = _volunteered(slot, text, today)
        if value is not None and (slot.id in ALWAYS or _could_be_asked(service, slot, {**answers, **found})):
            found[slot.id] = {"v": value, "w": ""}
    _one_date_once(service, found, text)
    return found


def _volunteered(slot: Slot, text: str, today: date) -> Any:
    match slot.type:
        case "choice":
            matched = _matching(slot, text, asked=False)
            return matched[-1] if matched else None
        case "multi_choice":
            return _matching(slot, text, asked=False) or None
        case "text" if slot.options:
            matched = _matching(slot, text, asked=False)
            return matched[-1] if matched else None
        case "yes_no":
            return True if slot.yes.said_in(text) else None
        case "phone":
            return reading.phone(text)
        case "date" | "datetime" | "window":
            found = reading.when(text, today)
            if found.day is None or (slot.type != "date" and found.at is None):
                return None
            return {"day": found.day.isoformat(), "at": found.at.isoformat("minutes") if found.at else None}
        case "people":
            people = reading.people(text)
            return _people(people) if people is not None and people.children else None
        case _:
            return None


def _one_date_once(service: Service, found: dict[str, dict[str, Any]], text: str) -> None:
    """One date in a sentence answers one question: the one it is said with, else the first that asks for any date."""
    dated = [slot for name, slot in service.slots.items() if name in found and slot.type in DATES]
    said = [slot for slot in dated if slot.said_with.said_in(text)]
    any_ = [slot for slot in dated if not slot.said_with.all]
    for slot in dated:
        if slot not in (said or any_)[:1]:
            del found[slot.id]
