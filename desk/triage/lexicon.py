"""A clear first triage: stems of words per service, counted and weighed against each other."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from desk.triage.language import Guess, language_of
from desk.triage.words import Stems, fold, stems

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
        folded = fold(text)
        scores: dict[str, tuple[float, tuple[str, ...]]] = {}
        for service in running:
            strong = self.strong[service].found(folded) if service in self.strong else []
            weak = self.weak[service].found(folded) if service in self.weak else []
            score = min(MOST, STRONG * len(strong)) + min(3 * WEAK, WEAK * len(weak))
            if score:
                why = tuple(" + ".join(part.strip() for part in one.parts) for one in (*strong, *weak))
                scores[service] = (score, why)
        total = sum(score**2 for score, _ in scores.values()) + DOUBT
        candidates = sorted(
            (Candidate(service, score**2 / total, why) for service, (score, why) in scores.items()),
            key=lambda candidate: (-candidate.confidence, candidate.service),
        )
        return Understood(tuple(candidates), language_of(text), bool(candidates))

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
