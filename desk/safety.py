"""The screen for danger: pure and offline, first on every text. A person decides what to do next, never the screen."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from itertools import product
from typing import Any

from desk.centre import Centre
from desk.helplines import Register
from desk.texts import InLanguages, Words, Written, line, paragraphs, w
from desk.triage.words import Beginnings, fold

CERTAIN, PERHAPS = "certain", "perhaps"
NEAR = 6  # Words within which the two stems of a pair must stand.


@dataclass(frozen=True)
class Alarm:
    scenario: str
    level: str
    child: bool = False
    why: tuple[str, ...] = ()  # The cues that were found; they are ours, not the person's words.


@dataclass(frozen=True)
class Cues:
    phrases: tuple[str, ...]  # Folded, each with the space before its first word.
    pairs: tuple[tuple[str, str], ...]

    @cached_property
    def _beginnings(self) -> Beginnings:
        return Beginnings(self.phrases)

    def found(self, folded: str) -> list[str]:
        found = [self.phrases[place].strip() for place in self._beginnings.found(folded)]
        words = folded.split()
        for one, other in self.pairs:
            # Looking whether both occur at all is far cheaper than looking where.
            if f" {one}" in folded and f" {other}" in folded and _near(words, one, other):
                found.append(f"{one} + {other}")
        return found


@dataclass(frozen=True)
class Scenario:
    id: str
    certain: tuple[Any, ...]  # What is said: keys of the catalogues, `line`, or texts of its own.
    perhaps: tuple[Any, ...]
    question: str
    lines_adult: tuple[str, ...]
    lines_child: tuple[str, ...]
    certain_cues: Cues
    perhaps_cues: Cues


@dataclass(frozen=True)
class Screen:
    scenarios: tuple[Scenario, ...]
    harmless: tuple[str, ...]  # Phrases that silence the cue they contain.

    def look(self, text: str) -> Alarm | None:
        """The gravest thing that the text may say, or None."""
        folded = fold(text)
        for phrase in self.harmless:
            folded = folded.replace(phrase, " ")
        child = any(scenario.certain_cues.found(folded) for scenario in self.scenarios if scenario.id == CHILD)
        for level in (CERTAIN, PERHAPS):
            for scenario in self.scenarios:
                cues = scenario.certain_cues if level == CERTAIN else scenario.perhaps_cues
                if found := cues.found(folded):
                    return Alarm(scenario.id, level, child, tuple(found))
        return None

    def scenario(self, name: str) -> Scenario:
        return next((one for one in self.scenarios if one.id == name), self.scenarios[0])


CHILD = "child_contacts_us"


@dataclass(frozen=True)
class Warning:
    """What is said to someone in danger: fixed texts only."""

    text: InLanguages
    question: str
    answers: tuple[str, ...]


QUESTIONS = {
    "safe.now": ("y:yes", "y:unknown", "y:no"),
    "child.now": ("y:yes", "y:unknown", "y:no"),
    "safe.write": ("y:yes", "c:now", "y:no"),
}


def warning(
    alarm: Alarm,
    screen: Screen,
    register: Register,
    centre: Centre,
    *,
    today: date,
    closed_until: InLanguages | None,
    paused: bool = False,
) -> Warning:
    """The message for an alarm: the fault is not theirs, 112, at most two confirmed lines, one question.

    `closed_until`: when somebody will read it, if nobody is there now. `paused`: a form was interrupted.
    """
    scenario = screen.scenario(CHILD if alarm.child else alarm.scenario)
    parts = scenario.certain if alarm.level == CERTAIN else scenario.perhaps
    ids = scenario.lines_child if alarm.child else scenario.lines_adult
    helplines = [line_.sentence for line_ in register.shown(ids, today)]
    gaps = {"n112": centre.n112}
    head: list[InLanguages] = [w("safe.pause")] if paused and not alarm.child else []
    body: list[InLanguages] = []
    for part in parts:
        if part == "line":
            body.extend(helplines)
        elif part in ("safe.call", "child.call") and closed_until is not None:
            body.append(w(part.replace("call", "closed"), open=closed_until))
        elif isinstance(part, str):
            if part == scenario.question:
                continue
            (head if part in HEADS and not body else body).append(Words(part, gaps))
        else:
            filled = Written({language: text.replace("{n112}", centre.n112) for language, text in part.items()})
            body.append(filled)
    text = (
        paragraphs(line(*head), _grouped(body), w(scenario.question))
        if scenario.question
        else paragraphs(line(*head), _grouped(body))
    )
    return Warning(text, scenario.question, QUESTIONS.get(scenario.question, ()))


HEADS = frozenset({"safe.hard", "safe.said", "safe.fault", "child.hello", "child.fault"})


def _grouped(body: Sequence[InLanguages]) -> InLanguages:
    """Numbers on lines of their own; «Подробиць писати не треба» goes on in the line of the one before."""
    rows: list[InLanguages] = []
    for part in body:
        if isinstance(part, Words) and part.key in ("safe.nodetail",) and rows:
            rows[-1] = line(rows[-1], part)
        else:
            rows.append(part)
    return _Rows(tuple(rows))


@dataclass(frozen=True)
class _Rows:
    rows: tuple[InLanguages, ...]

    def in_(self, language: str) -> str:
        return "\n".join(row.in_(language) for row in self.rows)


def read_screen(raw: Mapping[str, Any]) -> Screen:
    """The screen from desk/content/safety.yaml."""
    return Screen(
        tuple(_scenario(facts) for facts in raw["scenarios"]),
        tuple(sorted((fold(str(phrase)).rstrip() for phrase in raw.get("never", ())), key=len, reverse=True)),
    )


def _scenario(facts: Mapping[str, Any]) -> Scenario:
    return Scenario(
        id=facts["id"],
        certain=tuple(facts["certain"]),
        perhaps=tuple(facts.get("perhaps") or facts["certain"]),
        question=facts.get("question") or "",
        lines_adult=tuple(facts["lines_adult"]),
        lines_child=tuple(facts["lines_child"]),
        certain_cues=_cues(facts.get("cues"), facts.get("pairs")),
        perhaps_cues=_cues(facts.get("perhaps_cues"), facts.get("perhaps_pairs")),
    )


def _cues(phrases: Mapping[str, Iterable[str]] | None, pairs: Mapping[str, Iterable[Sequence[str]]] | None) -> Cues:
    return Cues(
        tuple(
            {fold(phrase).rstrip() for listed in (phrases or {}).values() for phrase in listed if fold(phrase).strip()}
        ),
        tuple({(fold(one).strip(), fold(other).strip()) for listed in (pairs or {}).values() for one, other in listed}),
    )


def _near(words: list[str], one: str, other: str) -> bool:
    first = _starts(words, one)
    second = _starts(words, other)
    return any(0 < abs(a - b) <= NEAR for a, b in product(first, second))


def _starts(words: list[str], stem: str) -> list[int]:
    """Where a stem of one or more words begins."""
    parts = stem.split()
    places = []
    for place in range(len(words) - len(parts) + 1):
        if all(words[place + step] == part for step, part in enumerate(parts[:-1])) and words[
            place + len(parts) - 1
        ].startswith(parts[-1]):
            places.append(place)
    return places
