"""Which of our languages a text is in, and how sure that is; also when it is typed in the letters of another."""

import re
import unicodedata
from dataclasses import dataclass

from desk.triage.features import Look
from desk.triage.weights import Weights

SURE, LIKELY = 0.8, 0.5
LONGEST = 300  # Letters; a language shows at once.

# Without letters of its own a language is recognised, but the person is asked: Ukrainians write Polish as they can.
LETTERS = {"uk": re.compile("[Ѐ-ӿ]"), "ru": re.compile("[Ѐ-ӿ]"), "pl": re.compile("[ąćęłńóśźż]")}

_NOT_LETTERS = re.compile(r"[\W\d_]+")


@dataclass(frozen=True)
class Guess:
    """`language` is empty when nothing in the text tells; not `sure` means that the person is offered the choice."""

    language: str
    sure: bool


def spelling(text: str) -> Look:
    """How a text is spelt: its small letters with all their marks, for here they tell."""
    small = unicodedata.normalize("NFC", text[:LONGEST]).lower()
    words = _NOT_LETTERS.sub(" ", small).split()
    return Look("", f" {' '.join(words)} " if words else " ", without_meaning=True)


@dataclass(frozen=True)
class Tongues:
    weights: Weights

    def of(self, text: str) -> Guess:
        look = spelling(text)
        if not look.line.strip():
            return Guess("", False)
        shares = self.weights.probabilities(look, {})
        best = max(shares, key=lambda name: shares[name])
        in_its_letters = best not in LETTERS or LETTERS[best].search(look.line) is not None
        return Guess(best if shares[best] >= LIKELY else "", shares[best] >= SURE and in_its_letters)
