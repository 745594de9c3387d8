"""The promise of a second opinion, asked of a language model only where triage is unsure, and what may be asked."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from desk.services import Catalogue
from desk.triage.understanding import OFFERED, Understood


class NoOpinion(Exception):
    """The model is slow, down, or answered oddly; `reason` is one machine word and never holds anybody's words."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


class SecondOpinion(Protocol):
    async def of(self, text: str, services: Mapping[str, str]) -> str:
        """One of the ids of `services` (id to name in English), or NoOpinion."""


@dataclass(frozen=True)
class Seconding:
    """What the operator allows: no second opinion at all, one, or one on services of a sensitive kind too."""

    on: bool = False
    sensitive: bool = False

    def may_name(self, understood: Understood, catalogue: Catalogue) -> dict[str, str]:
        """The services that the model may choose from, with their names; none means that it must not be asked."""
        if not self.on or understood.sure is not None or not understood.candidates:
            return {}
        allowed = {
            name: catalogue.services[name].name.in_("en")
            for name in sorted(catalogue.running)
            if self.sensitive or catalogue.services[name].sensitivity == "normal"
        }
        # Words that may be of a sensitive kind stay here, whatever else they may be of.
        return allowed if all(one.service in allowed for one in understood.candidates[:OFFERED]) else {}


NEVER = Seconding()
