"""A clear first triage: stems of words per service, counted and weighed against each other."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from desk.triage.language import Guess, language_of
from desk.triage.words import Beginnings, Stem, Stems, fold, stems

SURE = 0.7  # From here on the service is named and the questions begin; below, the person chooses.

STRONG, WEAK = 3.0, 1.0
MOST = 6.0  # More of the same says nothing new.
DOUBT = 2.5  # What stands against every guess, so that one hint alone never makes it sure.


@dataclass(frozen=True)
class Candidate:
    service: str
    confidence: float
    why: tuple[str, ...] = ()  # The stems that were found; they are ours, not the person's words.


@dataclass(frozen=True)
class Understood:
    """What a text seems to ask for: the likeliest services first; none when it asks for nothing that we know."""

    candidates: tuple[Candidate, ...]
    language: Guess
    is_request: bool

    @property
    def best(self) -> Candidate | None:
        return self.candidates[0] if self.candidates else None

    @property
    def sure(self) -> Candidate | None:
        best = self.best
        return best if best is not None and best.confidence >= SURE else None


@dataclass(frozen=True)
class Lexicon:
    strong: Mapping[str, Stems]
    weak: Mapping[str, Stems]
    phrases: Mapping[str, Stems]  # Lists that are no service: person, yes, no, skip, back, stop, thanks, later, …

    def understand(self, text: str, running: Iterable[str]) -> Understood:
        """Weigh what the text says for each of the services that run."""
        found = self._found(fold(text))
        scores: dict[str, tuple[float, tuple[str, ...]]] = {}
        for service in running:
            if service in found:
                strong, weak = found[service]
                score = min(MOST, STRONG * len(strong)) + min(3 * WEAK, WEAK * len(weak))
                scores[service] = (
                    score,
                    tuple(" + ".join(part.strip() for part in one.parts) for one in strong + weak),
                )
        total = sum(score**2 for score, _ in scores.values()) + DOUBT
        candidates = sorted(
            (Candidate(service, score**2 / total, why) for service, (score, why) in scores.items()),
            key=lambda candidate: (-candidate.confidence, candidate.service),
        )
        return Understood(tuple(candidates), language_of(text), bool(candidates))

    def _found(self, folded: str) -> dict[str, tuple[list[Stem], list[Stem]]]:
        """The strong and the weak stems of each service that stand in the text; services without any are left out."""
        entries, beginnings = self._all
        found: dict[str, tuple[list[Stem], list[Stem]]] = {}
        for place in beginnings.found(folded):
            service, weak, one = entries[place]
            if one.is_in(folded):
                found.setdefault(service, ([], []))[weak].append(one)
        return found

    @cached_property
    def _all(self) -> tuple[list[tuple[str, bool, Stem]], Beginnings]:
        entries = [
            (service, weak, one)
            for weak, lists in ((False, self.strong), (True, self.weak))
            for service, known in lists.items()
            for one in known.all
        ]
        return entries, Beginnings(one.parts[0] for _, _, one in entries)

    def says(self, phrase: str, text: str, *, alone: bool = True) -> bool:
        """Whether a text is one of a list of phrases; `alone`: and says little else."""
        known = self.phrases.get(phrase)
        if known is None:
            return False
        folded = fold(text)
        if not alone:
            return known.in_(folded)
        found = known.found(folded)
        rest = folded
        for one in sorted(found, key=lambda one: -sum(map(len, one.parts))):
            for part in one.parts:
                rest = _without(rest, part)
        return bool(found) and not rest.strip()


def _without(folded: str, part: str) -> str:
    """The text less the word that begins with `part`."""
    start = folded.find(part)
    if start < 0:
        return folded
    end = folded.find(" ", start + len(part))
    return folded[:start] + (folded[end:] if end >= 0 else " ")


def read_lexicon(raw: Mapping[str, Any]) -> Lexicon:
    services = raw["services"]
    return Lexicon(
        strong={name: stems(lists.get("strong") or ()) for name, lists in services.items()},
        weak={name: stems(lists.get("weak") or ()) for name, lists in services.items()},
        phrases={name: stems(phrases or ()) for name, phrases in raw["phrases"].items()},
    )
