"""Words that name a need, and short phrases that name none: lists that a coordinator can read and edit."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from desk.triage.skeleton import skeleton
from desk.triage.words import Beginnings, Stem, Stems, stems

STRONG, WEAK = "strong", "weak"
MOST = 3  # More of the same says nothing new.

Found = Mapping[str, Sequence[Stem]]  # List, as "health.strong", to the stems of it that stand in a text.


@dataclass(frozen=True)
class Lexicon:
    strong: Mapping[str, Stems]
    weak: Mapping[str, Stems]
    phrases: Mapping[str, Stems]  # Lists that are no service: person, yes, no, skip, back, stop, thanks, later, …

    @property
    def hint_names(self) -> tuple[str, ...]:
        """What `hints` may contain."""
        known = [
            f"{service}.{list_}" for list_, lists in ((STRONG, self.strong), (WEAK, self.weak)) for service in lists
        ]
        return tuple(name for hint in sorted(known) for name in (hint, f"{hint}.more"))

    @property
    def entries(self) -> list[tuple[str, str]]:
        """Every strong entry with its service, as it would be written."""
        return [(service, "".join(one.parts)) for service, known in self.strong.items() for one in known.all]

    def hints(self, line: str) -> dict[str, float]:
        """For each list that a skeleton touches: 1, and between 0 and 1 how much of it."""
        return hints_of(self.found(line))

    def found(self, line: str) -> Found:
        """The stems that stand in a skeleton, by the list on which they are."""
        entries, beginnings = self._all
        found: dict[str, list[Stem]] = {}
        for place in beginnings.found(line):
            name, one = entries[place]
            if one.is_in(line):
                found.setdefault(name, []).append(one)
        return found

    @cached_property
    def _all(self) -> tuple[list[tuple[str, Stem]], Beginnings]:
        entries = [
            (f"{service}.{list_}", one)
            for list_, lists in ((STRONG, self.strong), (WEAK, self.weak))
            for service, known in lists.items()
            for one in known.all
        ]
        return entries, Beginnings(one.parts[0] for _, one in entries)

    def says(self, phrase: str, text: str, *, alone: bool = True) -> bool:
        """Whether a text is one of a list of phrases; `alone`: and says little else."""
        known = self.phrases.get(phrase)
        if known is None:
            return False
        line = skeleton(text)
        if not alone:
            return known.in_(line)
        found = known.found(line)
        rest = line
        for one in sorted(found, key=lambda one: -sum(map(len, one.parts))):
            for part in one.parts:
                rest = _without(rest, part)
        return bool(found) and not rest.strip()


def hints_of(found: Found) -> dict[str, float]:
    hints = {}
    for name, stems_ in found.items():
        hints[name] = 1.0
        hints[f"{name}.more"] = min(MOST, len(stems_)) / MOST
    return hints


def why(found: Found, service: str) -> tuple[str, ...]:
    """The stems of a service among those that were found; they are ours, not the person's words."""
    stems_ = [*found.get(f"{service}.{STRONG}", ()), *found.get(f"{service}.{WEAK}", ())]
    return tuple(" + ".join(part.strip() for part in one.parts) for one in stems_)


def _without(line: str, part: str) -> str:
    """The text less the word that begins with `part`."""
    start = line.find(part)
    if start < 0:
        return line
    end = line.find(" ", start + len(part))
    return line[:start] + (line[end:] if end >= 0 else " ")


def read_lexicon(raw: Mapping[str, Any]) -> Lexicon:
    services = raw["services"]
    return Lexicon(
        strong={name: stems(lists.get("strong") or ()) for name, lists in services.items()},
        weak={name: stems(lists.get("weak") or ()) for name, lists in services.items()},
        phrases={name: stems(phrases or ()) for name, phrases in raw["phrases"].items()},
    )
