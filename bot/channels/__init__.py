"""The promise of a channel, in both directions, and the ways in which sending can end."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from bot.findings import Finding
from bot.intake import Intake
from desk.attachments import Attachment
from desk.channels import Facts
from desk.database import Database
from desk.settings import Settings


class Unreachable(Exception):
    """The person cannot be written to any more: blocked, deleted, unknown. `why` is a machine word."""

    def __init__(self, why: str) -> None:
        self.why = why
        super().__init__(why)


class TryLater(Exception):
    """Surely not sent; try again after so many seconds. `everyone`: the whole channel must wait, not only this person.

    `counts`: it is a try of this message all the same, and after too many it has failed.
    """

    def __init__(self, seconds: float, why: str, *, everyone: bool = False, counts: bool = False) -> None:
        self.seconds, self.why, self.everyone, self.counts = seconds, why, everyone, counts
        super().__init__(f"{why}, {seconds:.0f} s")


class Unsure(Exception):
    """Nobody can say whether it arrived."""


class Refused(Exception):
    """The channel will never take this message: a mistake of ours. `why` is for the log, with no words of people."""

    def __init__(self, why: str) -> None:
        self.why = why
        super().__init__(why)


class Moved(Exception):
    """Surely not sent: the chat has another name on the channel from now on."""

    def __init__(self, external: str) -> None:
        self.external = external
        super().__init__("moved")


class WindowShut(Exception):
    """The channel lets nothing out to this person before they write again; surely not sent."""


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
    kind: str = "text"  # text, a kind of file, or erase: take back the person's own message `extra["erase"]`
    extra: dict[str, Any] = field(default_factory=dict)  # Also `link`, {url, label}: a page that a button opens.
    id: str = ""  # Our own name for it, for channels that give it back in what they report.
    file: Attachment | None = None  # Goes without words.
    late: bool = False  # The time for answers is over; only since a person typed it may it still go.


@dataclass(frozen=True)
class Call:
    """What came to one of a channel's addresses: `path` is what stands behind /webhooks/NAME, names of headers are small."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Answer:
    """What the caller is told once everything it brought is committed."""

    body: bytes = b"{}"
    media_type: str = "application/json"


class Ear(Protocol):
    """The receiving half of a channel; tests/channels holds what each must keep."""

    async def webhook(self, call: Call) -> Answer:
        """Take what was brought. Returning means committed; BadWebhook and DatabaseAway mean that nothing was changed."""

    async def run(self, database: Database, holder: str) -> None:
        """Set up and listen, for ever and however long the channel is away."""

    async def close(self) -> None: ...


class Channel(Protocol):
    """The sending half of a channel; tests/channels holds what each must keep."""

    facts: Facts
    account: str
    gap: float  # Seconds between two messages to one person.

    async def ready(self) -> None:
        """Return when the channel's own pace lets one more message out."""

    async def send(self, external: str, outgoing: Outgoing) -> str:
        """Bring one message and give the channel's number for it.

        Or raise Unreachable, TryLater, Unsure, Refused, WindowShut, Moved.
        """

    async def fetch(self, remote: str) -> bytes:
        """The bytes of a file that a person sent; or TooBig, TryLater, Refused."""

    async def close(self) -> None: ...


class Recipe(Protocol):
    """How a channel is made from the settings. The heavy libraries of a channel are loaded only when it is opened."""

    name: str

    def is_on(self, settings: Settings) -> bool:
        """Whether the operator has switched this channel on."""

    def facts(self, settings: Settings) -> Facts: ...

    def open_ear(self, settings: Settings, intake: Intake) -> Ear:
        """May take seconds, and is called outside the event loop."""

    def open_channel(self, settings: Settings) -> Channel:
        """May take seconds, and is called outside the event loop."""

    def examine(self, settings: Settings, *, fix: bool) -> AsyncIterator[Finding]:
        """What `poruch doctor` says of it; with `fix`, what can be set right from here is set right."""
