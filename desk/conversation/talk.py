"""Where a person's dialogue with the bot stands, kept in their row from one message to the next."""

from copy import deepcopy
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any


@dataclass
class Talk:
    """`step` names what was asked last; an answer is read in its light."""

    step: str = ""  # language, menu, tile, unsure, ask, contact, summary, fix, resume, which, photo, number, safe, …
    ticket: int | None = None  # The ticket that the step is about.
    token: str = ""  # Ties the buttons on the screen to this step.
    buttons: list[dict[str, str]] = field(default_factory=list)  # What can be pressed now.
    data: dict[str, Any] = field(default_factory=dict)  # What this step must remember.
    waiting: list[int] = field(default_factory=list)  # Messages of a burst that have no answer yet.
    waiting_since: str = ""
    opinion: dict[str, Any] = field(default_factory=dict)  # A second opinion on the words that wait.
    # What was being asked when a recording came that is still to be written down, by its message: [step, slot].
    voices: dict[str, list[str]] = field(default_factory=dict)
    resting: list[int] = field(default_factory=list)  # Unfinished tickets to come back to.
    spoke_at: str = ""  # When the bot last spoke.
    heard_at: str = ""  # When the person last wrote, before now.
    closed_for: str = ""  # The opening for which "closed now" has been said.
    once: list[str] = field(default_factory=list)  # Things that are said only once to a person.
    brought: list[str] = field(default_factory=list)  # Of somebody forgotten: what their channel may bring once more.

    @classmethod
    def of(cls, kept: dict[str, Any]) -> "Talk":
        """A copy, since a change made in what the row holds would not be seen as one, and not be written."""
        known = {name: deepcopy(value) for name, value in kept.items() if name in cls.__dataclass_fields__}
        return cls(**known)

    def kept(self) -> dict[str, Any]:
        """Without what is empty: most talks are short."""
        return {name: value for name, value in asdict(self).items() if value}

    def begin(self, step: str, ticket: int | None = None, **data: Any) -> None:
        self.step, self.ticket, self.data = step, ticket, data

    def forget(self) -> None:
        """As if nothing had ever been said."""
        vars(self).update(vars(Talk()))

    def rest(self) -> None:
        """Nothing is being asked any more."""
        self.step, self.ticket, self.token, self.buttons, self.data = "", None, "", [], {}

    def said_once(self, what: str) -> bool:
        """False the first time, and true ever after."""
        if what in self.once:
            return True
        self.once.append(what)
        return False

    def spoke_before(self) -> datetime | None:
        return datetime.fromisoformat(self.spoke_at) if self.spoke_at else None

    def heard_before(self) -> datetime | None:
        return datetime.fromisoformat(self.heard_at) if self.heard_at else None
