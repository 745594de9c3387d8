"""One line of the doctor's report: well, worth a look, or wrong, and what to do next."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """One line of the report. Nothing in it may be secret: people send it around when they ask for help."""

    mark: str  # ok, look, error
    sentence: str
    step: str = ""

    def __str__(self) -> str:
        return f"{self.mark:<6} {self.sentence}" + (f"\n       Next: {self.step}" if self.step else "")


def ok(sentence: str) -> Finding:
    return Finding("ok", sentence)


def look(sentence: str, step: str) -> Finding:
    return Finding("look", sentence, step)


def error(sentence: str, step: str) -> Finding:
    return Finding("error", sentence, step)
