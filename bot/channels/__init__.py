"""The promise of a channel, and the ways in which sending can end."""

from dataclasses import dataclass, field
from typing import Any, Protocol

from desk.channels import Facts


class Unreachable(Exception):
    """The person cannot be written to any more: blocked, deleted, unknown. `why` is a machine word."""

    def __init__(self, why: str) -> None:
        self.why = why
        super().__init__(why)


class TryLater(Exception):
    """Surely not sent; try again after so many seconds. `everyone`: the whole channel must wait, not only this person."""

    def __init__(self, seconds: float, why: str, *, everyone: bool = False) -> None:
        self.seconds, self.why, self.everyone = seconds, why, everyone
        super().__init__(f"{why}, {seconds:.0f} s")


class Unsure(Exception):
    """Nobody can say whether it arrived."""


class Refused(Exception):
    """The channel will never take this message: a mistake of ours. `why` is for the log, with no words of people."""

    def __init__(self, why: str) -> None:
        self.why = why
        super().__init__(why)


class BadWebhook(Exception):
    """A call that is not from the channel: a status and a sentence for the caller. Nothing was changed."""

    def __init__(self, status: int, sentence: str) -> None:
        self.status, self.sentence = status, sentence
        super().__init__(sentence)


class TooBig(Exception):
    """A file that the channel will not hand over; `limit` in bytes."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        super().__init__(f"over {limit} bytes")


@dataclass(frozen=True)
class Outgoing:
    """One message as a channel must bring it."""

    text: str
    choices: tuple[tuple[str, str], ...] = ()  # (id, label)
    kind: str = "text"  # text, or erase: take back the person's own message `extra["erase"]`
    extra: dict[str, Any] = field(default_factory=dict)


class Channel(Protocol):
    """Receiving and sending together; tests/channels holds what each must keep."""

    facts: Facts
    account: str
    gap: float  # Seconds between two messages to one person.

    async def ready(self) -> None:
        """Return when the channel's own pace lets one more message out."""

    async def send(self, external: str, outgoing: Outgoing) -> str:
        """Bring one message and give the channel's number for it; or Unreachable, TryLater, Unsure, Refused."""

    async def fetch(self, remote: str) -> bytes:
        """The bytes of a file that a person sent; or TooBig, TryLater, Refused."""

    async def close(self) -> None: ...
