"""Help lines: numbers with an owner, a last check and an expiry; what is unchecked or past its date is not shown."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from desk.library import Entry
from desk.texts import Written


@dataclass(frozen=True)
class HelpLine:
    id: str
    number: str
    sentence: Written  # Number, for whom, hours, price, language, as one sentence.
    emergency: bool  # 112 and its stand-ins never disappear.
    confirmed: bool
    verify_by: date | None

    def may_be_shown(self, today: date) -> bool:
        if self.emergency:
            return True
        return self.confirmed and (self.verify_by is None or today <= self.verify_by)


@dataclass(frozen=True)
class Register:
    lines: Mapping[str, HelpLine]

    def shown(self, ids: Iterable[str], today: date, most: int = 2) -> list[HelpLine]:
        """Those of these lines that may be shown today, at most two; 112 has a sentence of its own."""
        found = [self.lines[name] for name in ids if name in self.lines]
        return [line for line in found if not line.emergency and line.may_be_shown(today)][:most]


def read_register(entries: Iterable[Entry]) -> Register:
    lines = {}
    for entry in entries:
        if entry.kind != "helpline" or not entry.on:
            continue
        facts = entry.now
        lines[entry.key] = HelpLine(
            id=entry.key,
            number=str(facts["number"]),
            sentence=Written(facts["sentence"]),
            emergency=bool(facts.get("emergency")),
            confirmed=entry.confirmed_at is not None,
            verify_by=date.fromisoformat(facts["verify_by"]) if facts.get("verify_by") else None,
        )
    return Register(lines)
