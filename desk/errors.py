"""The four kinds of "no", each with a sentence for the one who asked."""

from typing import ClassVar


class DeskError(Exception):
    """Something that was asked for could not be done.

    `sentence` is a key of the catalogues; `facts` fill its gaps and stand in the log, so they hold no words of people.
    """

    sentence: ClassVar[str] = "error.broken"

    def __init__(self, sentence: str | None = None, **facts: object) -> None:
        self.key = sentence or self.sentence
        self.facts = facts
        super().__init__(f"{type(self).__name__}({self.key}, {facts})")


class NotFound(DeskError):
    sentence = "error.not_found"


class NotAllowed(DeskError):
    sentence = "error.not_allowed"


class Conflict(DeskError):
    sentence = "error.conflict"


class Invalid(DeskError):
    sentence = "error.invalid"
