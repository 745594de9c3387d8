"""What can go wrong between a bot and Telegram, switched on by a test."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

PAGE = (
    "<html>\r\n<head><title>{0}</title></head>\r\n<body>\r\n<center><h1>{0}</h1></center>\r\n"
    "<hr><center>nginx/1.24.0</center>\r\n</body>\r\n</html>\r\n"
)
SENDS = frozenset({"sendmessage", "sendphoto", "senddocument"})


@dataclass(slots=True)
class Fault:
    kind: str
    methods: frozenset[str] | None  # None means every method.
    left: int
    performed: bool  # Whether what was asked is done before it goes wrong.
    seconds: float = 0.0
    status: int = 0

    def strikes(self, method: str) -> bool:
        return self.left > 0 and (self.methods is None or method in self.methods)


class Faults:
    """Each fault strikes the next `count` calls of its methods: the sends, unless `methods` says otherwise.

    `methods` is a list of names, or "all". Faults strike in the order in which they were switched on, one for a call;
    a delay comes on top of any other.
    """

    def __init__(self) -> None:
        self.waiting: list[Fault] = []

    def refuse_sends(self, count: int = 1, retry_after: int = 3) -> None:
        """429, and a wait for everyone: what comes before it is over is refused too, and is a violation."""
        self._add("flood", SENDS, count, performed=False, seconds=retry_after)

    def delay(self, seconds: float, count: int = 10**9, methods: Iterable[str] | str = "all") -> None:
        """A slow answer: the message is delivered at once, and the bot learns of it late."""
        self._add("delay", methods, count, performed=True, seconds=seconds)

    def drop_answers(self, count: int = 1, methods: Iterable[str] | str = SENDS, *, performed: bool = True) -> None:
        """The connection breaks instead of an answer, so the bot cannot know whether it was done."""
        self._add("drop", methods, count, performed=performed)

    def break_down(
        self, count: int = 1, status: int = 502, methods: Iterable[str] | str = SENDS, *, performed: bool = False
    ) -> None:
        """A page of HTML with this status, as from a proxy whose server is away."""
        self._add("page", methods, count, performed=performed, status=status)

    def talk_nonsense(self, count: int = 1, methods: Iterable[str] | str = SENDS, *, performed: bool = True) -> None:
        """200, and then something that is not JSON."""
        self._add("nonsense", methods, count, performed=performed, status=200)

    def clear(self) -> None:
        self.waiting.clear()

    def strike(self, method: str) -> tuple[float, Fault | None]:
        """The seconds to hold the answer back, and what goes wrong with it."""
        if not self.waiting:
            return 0.0, None
        held, struck = 0.0, None
        for fault in self.waiting:
            if not fault.strikes(method) or (struck and fault.kind != "delay"):
                continue
            fault.left -= 1
            if fault.kind == "delay":
                held += fault.seconds
            else:
                struck = fault
        self.waiting = [fault for fault in self.waiting if fault.left > 0]
        return held, struck

    def _add(self, kind: str, methods: Iterable[str] | str, count: int, **rest: Any) -> None:
        named = None if methods == "all" else frozenset(name.lower() for name in methods)
        self.waiting.append(Fault(kind, named, count, **rest))
