"""The screen for danger: pure and offline, first on every text. A person decides what to do next, never the screen."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from itertools import product
from typing import Any

from desk.centre import Centre
from desk.helplines import Register
from desk.texts import InLanguages, Words, Written, line, paragraphs, w
from desk.triage.features import Look, look_at
from desk.triage.skeleton import skeleton
from desk.triage.weights import Weights
from desk.triage.words import Beginnings

CERTAIN, PERHAPS = "certain", "perhaps"
NEAR = 6  # Words within which the two stems of a pair must stand.

# With a cue in the text, so much of a threshold is enough.
CUED_CERTAIN = {CERTAIN: 0.8}
CUED_PERHAPS = {CERTAIN: 0.3, PERHAPS: 0.6}
# From here on one sentence, with a cue or without, is a hint, whatever stands around it.
CUED_ALONE, ALONE = 0.6, 0.9
_SENTENCE_ENDS = re.compile(r"(?<=[.!?…])\s+|\n+")
SHORT, SAID_SHORTLY = 5, 0.6  # So few words without a cue say little, and often only answer a question of ours.
A_CHILD = 0.35  # Of the danger, so much must speak for a child who writes.


@dataclass(frozen=True)
class Alarm:
    scenario: str
    level: str
    child: bool = False
    why: tuple[str, ...] = ()  # The cues that were found, if any; they are ours, not the person's words.


@dataclass(frozen=True)
class Cues:
    phrases: tuple[str, ...]  # Skeletons, each with the space before its first word.
    pairs: tuple[tuple[str, str], ...]

    def pairs_in(self, line: str) -> list[str]:
        # Looking whether both occur at all is far cheaper than looking where.
        return [
            f"{one} + {other}"
            for one, other in self.pairs
            if f" {one}" in line and f" {other}" in line and _near(line.split(), one, other)
        ]


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
    """`weights` see what people hint; without them the cues alone decide."""

    scenarios: tuple[Scenario, ...]
    harmless: tuple[str, ...]  # Phrases that silence the cue they contain.
    weights: Weights | None = None

    @property
    def hint_names(self) -> tuple[str, ...]:
        """What `hints` may contain."""
        return tuple(f"{scenario.id}.{level}" for scenario in self.scenarios for level in (CERTAIN, PERHAPS))

    @property
    def cues(self) -> list[tuple[str, str]]:
        """Every cue with its scenario."""
        return [
            (scenario.id, cue)
            for scenario in self.scenarios
            for cues in (scenario.certain_cues, scenario.perhaps_cues)
            for cue in (*cues.phrases, *(f"{one} {other}" for one, other in cues.pairs))
        ]

    def seen(self, text: str) -> Look:
        """A text without its harmless phrases; where one was cut out, what the whole means says nothing any more."""
        look = look_at(text)
        line = whole = look.line
        for place in self._harmless.found(whole):
            line = line.replace(self.harmless[place], " ")
        return look if line == whole else Look(text, line, without_meaning=True)

    @cached_property
    def _harmless(self) -> Beginnings:
        return Beginnings(self.harmless)

    @cached_property
    def _cues(self) -> tuple[list[tuple[str, str, str]], Beginnings]:
        """Every cue phrase with its scenario and level, to be looked for at once."""
        listed = [(one.id, level, phrase) for one, level, cues in self._by_level for phrase in cues.phrases]
        return listed, Beginnings(phrase for _, _, phrase in listed)

    @cached_property
    def _by_level(self) -> list[tuple[Scenario, str, Cues]]:
        return [
            (scenario, level, cues)
            for scenario in self.scenarios
            for level, cues in ((CERTAIN, scenario.certain_cues), (PERHAPS, scenario.perhaps_cues))
        ]

    def hints(self, look: Look) -> dict[str, float]:
        return _hints(self._found(look.line))

    def look(self, text: str) -> Alarm | None:
        """The gravest thing that the text may say, or None; one sentence of danger among many others is enough."""
        look = self.seen(text)
        found = self._found(look.line)
        if self.weights is None:
            return self._by_cues(found)
        asked = {place: cues for place, cues in found.items() if place[0] not in self.weights.names}
        shares = self.weights.probabilities(look, _hints(found))
        whole = self._weighed(look, found, shares, self.weights.levels) or self._by_cues(asked)
        if whole is not None and whole.level == CERTAIN:
            return whole
        return whole or self._in_one_sentence(text, self.weights)

    def _in_one_sentence(self, text: str, weights: Weights) -> Alarm | None:
        """What one sentence hints while the others around it say nothing of the kind."""
        sentences = [sentence for sentence in _SENTENCE_ENDS.split(text) if sentence.strip()]
        for sentence in sentences if len(sentences) > 1 else ():
            look = replace(self.seen(sentence), without_meaning=True)
            found = self._found(look.line)
            shares = weights.probabilities(look, _hints(found))
            danger = 1 - shares[NO_DANGER]
            cued = _gravest(found)
            # Less plain sentences have their meaning from those around them, and the whole was looked at already.
            if not cued and len(look.line.split()) <= SHORT:
                continue
            if danger >= (CUED_ALONE if cued == CERTAIN else ALONE):
                return self._alarm(PERHAPS, shares, found)
        return None

    def _weighed(
        self, look: Look, found: "Found", shares: Mapping[str, float], levels: Mapping[str, float]
    ) -> Alarm | None:
        """What the examples teach; a cue makes it easier to be alarmed, and a mere hint never makes it certain."""
        if not look.line.strip():
            return None
        danger = 1 - shares[NO_DANGER]
        cued = _gravest(found)
        if cued != PERHAPS and danger >= levels[CERTAIN] * CUED_CERTAIN.get(cued, 1.0):
            return self._alarm(CERTAIN, shares, found)
        perhaps = levels[PERHAPS] * CUED_PERHAPS.get(cued, 1.0)
        if not cued and len(look.line.split()) <= SHORT:
            perhaps = max(perhaps, SAID_SHORTLY)
        return self._alarm(PERHAPS, shares, found) if danger >= perhaps else None

    def _alarm(self, level: str, shares: Mapping[str, float], found: "Found") -> Alarm:
        likeliest = max((scenario.id for scenario in self.scenarios), key=lambda name: shares.get(name, 0.0))
        why = tuple(cue for (name, _), cues in found.items() if name == likeliest for cue in cues)
        child = likeliest == CHILD or (CHILD, CERTAIN) in found or shares[CHILD] >= A_CHILD * (1 - shares[NO_DANGER])
        return Alarm(likeliest, level, child, why)

    def _by_cues(self, found: "Found") -> Alarm | None:
        for level in (CERTAIN, PERHAPS):
            for scenario in self.scenarios:
                if cues := found.get((scenario.id, level)):
                    return Alarm(scenario.id, level, (CHILD, CERTAIN) in found, tuple(cues))
        return None

    def _found(self, line: str) -> "Found":
        listed, beginnings = self._cues
        found: dict[tuple[str, str], list[str]] = {}
        for place in beginnings.found(line):
            name, level, phrase = listed[place]
            found.setdefault((name, level), []).append(phrase.strip())
        for scenario, level, cues in self._by_level:
            if near := cues.pairs_in(line):
                found.setdefault((scenario.id, level), []).extend(near)
        return found

    def scenario(self, name: str) -> Scenario:
        return next((one for one in self.scenarios if one.id == name), self.scenarios[0])


Found = Mapping[tuple[str, str], Sequence[str]]  # Scenario and level, and the cues that stand in the text.


def _gravest(found: Found) -> str:
    """The graver level of the cues in a text, or nothing; that somebody is a child is no danger yet."""
    levels = {level for name, level in found if (name, level) != (CHILD, CERTAIN)}
    return CERTAIN if CERTAIN in levels else PERHAPS if PERHAPS in levels else ""


def _hints(found: Found) -> dict[str, float]:
    return {f"{name}.{level}": 1.0 for name, level in found}


CHILD = "child_contacts_us"
NO_DANGER = "none"


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
    """The cues of the screen, from desk/content/safety.yaml."""
    return Screen(
        tuple(_scenario(facts) for facts in raw["scenarios"]),
        tuple(sorted((skeleton(str(phrase)).rstrip() for phrase in raw.get("never", ())), key=len, reverse=True)),
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
            dict.fromkeys(
                one for listed in (phrases or {}).values() for phrase in listed if (one := skeleton(phrase).rstrip())
            )
        ),
        tuple(
            dict.fromkeys(
                (skeleton(one).strip(), skeleton(other).strip())
                for listed in (pairs or {}).values()
                for one, other in listed
            )
        ),
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
