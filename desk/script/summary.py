"""What has been written down, line by line, for the person to confirm and for staff to read."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, time
from typing import Any

from desk.script.form import Answers, has_day
from desk.services import Service, Slot
from desk.texts import InLanguages, Joined, Verbatim, lines, w, w_count
from desk.times import ShortDay


@dataclass(frozen=True)
class Row:
    """One line: a label and what was answered, or a whole line of its own."""

    slot: str
    label: InLanguages | None
    value: InLanguages

    def in_(self, language: str) -> str:
        if self.label is None:
            return f"• {self.value.in_(language)}"
        return f"• {self.label.in_(language)}: {self.value.in_(language)}"


def rows(service: Service, answers: Answers) -> list[Row]:
    """The lines of the summary: the topic, then the answers in the order of the service."""
    joined = _joined(service, answers)
    found: list[Row] = []
    if "topic" not in answers and service.names_itself:
        found.append(Row("topic", w("summary.topic"), service.topic))
    for slot in service.slots.values():
        answer = answers.get(slot.id)
        if answer is None or slot.joins or _is_skipped(answer):
            continue
        if (row := _row(slot, answer, joined.get(slot.id, ()))) is not None:
            found.append(row)
    return found


def text(service: Service, answers: Answers, closing: Iterable[InLanguages] = ()) -> InLanguages:
    return lines(w("summary"), *rows(service, answers), *closing)


def _joined(service: Service, answers: Answers) -> dict[str, list[InLanguages]]:
    """Words of answers that have no line of their own, by the line they are added to."""
    added: dict[str, list[InLanguages]] = {}
    for slot in service.slots.values():
        answer = answers.get(slot.id)
        if slot.joins and answer is not None and not _is_skipped(answer) and (value := said(slot, answer)):
            added.setdefault(slot.joins, []).append(value)
    return added


def _is_skipped(answer: Mapping[str, Any]) -> bool:
    return answer.get("v") is None and not answer.get("w")


def _row(slot: Slot, answer: Mapping[str, Any], added: Iterable[InLanguages]) -> Row | None:
    value = answer.get("v")
    if isinstance(value, str) and (option := slot.option(value)) is not None and option.line is not None:
        return Row(slot.id, None, option.line) if any(option.line.texts.values()) else None
    words = said(slot, answer)
    if words is None:
        return None
    more = tuple(added)
    if more and value is True:
        # «Догляд: 1 дитина, 4 роки» says more than «Догляд: так, 1 дитина».
        return Row(slot.id, slot.label, Joined(more, ", "))
    return Row(slot.id, slot.label, Joined((words, *more), ", ") if more else words)


def said(slot: Slot, answer: Mapping[str, Any]) -> InLanguages | None:
    """An answer in words."""
    value = answer.get("v")
    if value is None:
        return Verbatim(answer["w"]) if answer.get("w") else None
    if isinstance(value, bool):
        return w("answer.yes" if value else "answer.no")
    if isinstance(value, list):
        options = [option.in_summary for name in value if (option := slot.option(name))]
        return Joined(tuple(options), ", ") if options else None
    if isinstance(value, str):
        option = slot.option(value)
        return option.in_summary if option else Verbatim(value)
    if value.get("none"):
        return w("answer.no_date_yet")
    if "day" in value:
        return ShortDay(date.fromisoformat(value["day"]), time.fromisoformat(value["at"]) if value.get("at") else None)
    if "words" in value:
        return Verbatim(value["words"])
    return people(value, only_ages=slot.show == "ages")


def people(value: Mapping[str, Any], *, only_ages: bool = False) -> InLanguages | None:
    """«2 дорослі, 1 дитина, 6 років»."""
    ages: list[int] = value.get("ages") or []
    parts: list[InLanguages] = []
    if value.get("adults") and not only_ages:
        parts.append(w_count("people.people", value["adults"]))
    if value.get("children") and not (only_ages and ages):
        parts.append(w_count("people.children", value["children"]))
    if ages:
        *first, last = ages
        listed = w_count("people.years", last) if last else w("people.baby")
        if first:
            listed = w("people.and", first=", ".join(map(str, first)), last=listed)
        parts.append(listed)
    return Joined(tuple(parts), ", ") if parts else None


def topic_of(service: Service, answers: Answers) -> InLanguages:
    """What a ticket is about, as it stands after «Тема:» or in quotation marks."""
    topic = service.slots.get("topic")
    answer = answers.get("topic")
    if topic is not None and answer and isinstance(answer.get("v"), str):
        option = topic.option(answer["v"])
        if option is not None and option.id != "other":
            return option.in_summary
    return service.topic


def dates_of(service: Service, answers: Answers) -> list[date]:
    return [date.fromisoformat(answer["v"]["day"]) for answer in answers.values() if has_day(answer)]
