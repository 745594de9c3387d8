"""What can be read from a person's words: days and hours, people and their ages, numbers, and the words themselves."""

from desk.reading.ages import is_minor
from desk.reading.crowd import People, people
from desk.reading.days import When, not_yet, when
from desk.reading.numbers import document_number, masked, pesel, phone

__all__ = [
    "People",
    "When",
    "document_number",
    "is_minor",
    "masked",
    "not_yet",
    "people",
    "pesel",
    "phone",
    "readable",
    "when",
]

# They turn the letters that follow around, so that «exe.jpg» is shown for «gpj.exe»; Arabic and Hebrew need none.
_TURNERS = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"


def readable(text: str) -> str:
    """Words without what no database and no page can hold: control signs, halves of letters, signs that turn others."""
    return "".join(
        letter
        for letter in text
        if letter in "\n\t"
        or (letter >= " " and letter != "\x7f" and not "\ud800" <= letter <= "\udfff" and letter not in _TURNERS)
    )
