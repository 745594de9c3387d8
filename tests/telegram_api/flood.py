"""How fast a bot may send, what it is told when it hurries, and whether it then waited."""

import math
from collections import deque
from dataclasses import dataclass
from typing import Any

# Between the two clocks lies a network; nobody is refused for its trembling.
SLACK = 0.05
EVERYONE = 0


@dataclass(slots=True)
class Violation:
    """A send that came although its sender had been told to wait."""

    time: float
    method: str
    chat_id: int
    told_for: int  # The chat the wait was told for; 0 stands for everyone.
    early: float  # How many seconds of the wait were left.


@dataclass(slots=True)
class Wait:
    told_at: float
    until: float


class Flood:
    """`overall` messages in a second to everyone; one in `chat_gap` seconds to a person after a burst of `chat_burst`.

    A refusal tells whole seconds, as Telegram does. `grace` forgives what was already on its way when the wait was
    told: on a machine that is busy with other things, a request takes that long from its sender to here.
    """

    def __init__(
        self, *, overall: int = 30, chat_burst: int = 3, chat_gap: float = 1.0, group_per_minute: int = 20,
        grace: float = 0.5,
    ) -> None:  # fmt: skip
        self.overall = overall
        self.chat_burst = chat_burst
        self.chat_gap = chat_gap
        self.group_per_minute = group_per_minute
        self.grace = grace
        self.violations: list[Violation] = []
        self.sends_in_any_wait = 0
        self.waits: dict[int, Wait] = {}
        self._all: deque[float] = deque()
        self._groups: dict[int, deque[float]] = {}
        self._next: dict[int, float] = {}

    @classmethod
    def none(cls) -> "Flood":
        """No limits at all: for what is not about pace."""
        return cls(overall=10**9, chat_burst=10**9, chat_gap=0.0, group_per_minute=10**9)

    def arrives(self, method: str, chat_id: int, at: float) -> None:
        """Notes whether this send broke a wait. To be asked before anything else can refuse it."""
        if not self.waits:
            return
        under_way = [(scope, wait) for scope, wait in self.waits.items() if wait.until - SLACK / 5 > at]
        if len(under_way) < len(self.waits):
            self.waits = dict(under_way)
        told = [(scope, wait) for scope, wait in under_way if at > wait.told_at + self.grace]
        self.sends_in_any_wait += bool(told)
        for scope, wait in told:
            if scope in (EVERYONE, chat_id):
                self.violations.append(Violation(at, method, chat_id, scope, wait.until - at))
                return

    def waiting(self, chat_id: int, at: float) -> int:
        """Whole seconds left of a wait that was told; nothing when there is none."""
        left = max((self.waits[scope].until - at for scope in (EVERYONE, chat_id) if scope in self.waits), default=0.0)
        return math.ceil(left) if left > SLACK / 5 else 0

    def tell(self, seconds: int, at: float, chat_id: int = EVERYONE) -> None:
        self.waits[chat_id] = Wait(told_at=at, until=at + seconds)

    def take(self, chat_id: int, at: float, *, group: bool, messages: int = 1) -> int:
        """Room for these messages, or the seconds to wait."""
        while self._all and self._all[0] <= at - 1 + SLACK:
            self._all.popleft()
        if len(self._all) + messages > self.overall:
            self.tell(1, at)
            return 1
        left = self._group_wait(chat_id, at, messages) if group else self._chat_wait(chat_id, at, messages)
        if left > 0:
            seconds = math.ceil(left)
            self.tell(seconds, at, chat_id)
            return seconds
        self._all.extend([at] * messages)
        return 0

    def _chat_wait(self, chat_id: int, at: float, messages: int) -> float:
        due = max(self._next.get(chat_id, 0.0), at)
        left = due - at - (self.chat_burst - 1) * self.chat_gap - SLACK
        if left <= 0:
            self._next[chat_id] = due + self.chat_gap * messages
        return left

    def _group_wait(self, chat_id: int, at: float, messages: int) -> float:
        minute = self._groups.setdefault(chat_id, deque())
        while minute and minute[0] <= at - 60 + SLACK:
            minute.popleft()
        if len(minute) + messages > self.group_per_minute:
            return minute[0] + 60 - at if minute else 60.0
        minute.extend([at] * messages)
        return 0.0

    def shown(self) -> dict[str, Any]:
        return {"violations": self.violations, "sends_in_any_wait": self.sends_in_any_wait, "waits": self.waits}
