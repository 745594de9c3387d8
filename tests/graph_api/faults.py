"""What can go wrong between a page and Graph, switched on by a test."""

from dataclasses import dataclass

from .refusals import Refused


@dataclass(slots=True)
class Fault:
    kind: str
    left: int
    performed: bool  # Whether the message is sent before it goes wrong.
    seconds: float = 0.0
    refusal: Refused | None = None


class Faults:
    """Each fault strikes the next `count` sends of a message; typing marks and all other calls are spared.

    Faults strike in the order in which they were switched on, one for a send; a delay comes on top of any other.
    """

    def __init__(self) -> None:
        self.waiting: list[Fault] = []

    def refuse(self, code: int, count: int = 1, subcode: int = 0) -> None:
        """An error of the table: 4, 190, 200, 230, 368, 613 and the like."""
        refusal = Refused(code, "Injected", subcode)
        self.waiting.append(Fault("refuse", count, performed=False, refusal=refusal))

    def break_down(self, count: int = 1, status: int = 500, code: int = 1, *, performed: bool = False) -> None:
        """A trouble of Facebook's own: 500 or 503, with code 1 or 2."""
        refusal = Refused(code, "An unknown error occurred", status=status)
        self.waiting.append(Fault("break", count, performed, refusal=refusal))

    def drop(self, count: int = 1, *, performed: bool) -> None:
        """The connection breaks instead of an answer; when `performed`, the message arrives and the echo comes."""
        self.waiting.append(Fault("drop", count, performed))

    def delay(self, seconds: float, count: int = 10**9) -> None:
        """A slow answer: the message arrives at once, and the page learns of it late."""
        self.waiting.append(Fault("delay", count, performed=True, seconds=seconds))

    def clear(self) -> None:
        self.waiting.clear()

    def strike(self) -> tuple[float, Fault | None]:
        """The seconds to hold the answer back, and what goes wrong with it."""
        held, struck = 0.0, None
        for fault in self.waiting:
            if struck and fault.kind != "delay":
                continue
            fault.left -= 1
            if fault.kind == "delay":
                held += fault.seconds
            else:
                struck = fault
        self.waiting = [fault for fault in self.waiting if fault.left > 0]
        return held, struck
