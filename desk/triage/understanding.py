"""What a text seems to ask for: the likeliest services with calibrated probabilities, or that it asks for nothing."""

from collections.abc import Collection
from dataclasses import dataclass, replace

from desk.triage.features import look_at
from desk.triage.language import Guess, Tongues
from desk.triage.lexicon import Lexicon, hints_of, why
from desk.triage.weights import Weights

SURE = 0.7  # From here on the service is named and the questions begin; below, the person chooses.
OFFERED = 3  # So many are put before a person who must choose.
WORTH = 0.02  # Less likely ones are not worth a button.
NOT_A_REQUEST, OTHER = "not_a_request", "other"


@dataclass(frozen=True)
class Candidate:
    service: str
    confidence: float
    why: tuple[str, ...] = ()  # Stems of the lexicon that were found; they are ours, not the person's words.


@dataclass(frozen=True)
class Understood:
    """`ranking` has all that the model knows, `other` and `not_a_request` among them; `candidates` what may be offered."""

    ranking: tuple[Candidate, ...]
    candidates: tuple[Candidate, ...]
    language: Guess

    @property
    def is_request(self) -> bool:
        return bool(self.ranking) and self.ranking[0].service != NOT_A_REQUEST

    @property
    def best(self) -> Candidate | None:
        return self.candidates[0] if self.candidates else None

    @property
    def sure(self) -> Candidate | None:
        best = self.best
        return best if best is not None and best.confidence >= SURE else None

    def seconded(self, service: str) -> "Understood":
        """The same after a second opinion: sure where both agree on one of the likeliest, else a word among the offered."""
        near = [one.service for one in self.candidates[:OFFERED]]
        named = next((one for one in self.candidates if one.service == service), Candidate(service, 0.0))
        if service in near:
            named = replace(named, confidence=max(named.confidence, SURE))
        return replace(self, candidates=(named, *(one for one in self.candidates if one.service != service)))

    def without(self, service: str) -> "Understood":
        """The same, less a service that the person has just denied."""
        return replace(self, candidates=tuple(one for one in self.candidates if one.service != service))


@dataclass(frozen=True)
class Triage:
    services: Weights
    tongues: Tongues
    lexicon: Lexicon

    def understand(self, text: str, running: Collection[str]) -> Understood:
        """What of the services that run a text may ask for."""
        look = look_at(text)
        language = self.tongues.of(text)
        if not any(map(str.isalpha, look.line)):
            return Understood((Candidate(NOT_A_REQUEST, 1.0),), (), language)
        found = self.lexicon.found(look.line)
        shares = self.services.probabilities(look, hints_of(found))
        ranking = tuple(
            Candidate(name, share, why(found, name))
            for name, share in sorted(shares.items(), key=lambda pair: (-pair[1], pair[0]))
        )
        offered = tuple(one for one in ranking if one.service in running and one.confidence >= WORTH)
        return Understood(ranking, () if ranking[0].service == NOT_A_REQUEST else offered, language)
