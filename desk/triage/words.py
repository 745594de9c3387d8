"""Words made comparable: small letters, no marks, one kind of space; and stems that are looked for in them."""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

LONGEST = 4000  # Letters that are looked at; nobody names a need later than that.

_SAME = str.maketrans(
    {
        "ё": "е", "ґ": "г", "ł": "l", "ą": "a", "ć": "c", "ę": "e", "ń": "n", "ó": "o", "ś": "s", "ź": "z", "ż": "z",
        "'": "", "’": "", "ʼ": "", "`": "", "´": "", "‘": "", "\u00ad": "",
    }
)  # fmt: skip
_NOT_A_WORD = re.compile(r"[^\w+]+", re.UNICODE)
_LOOKS_CYRILLIC = str.maketrans("aceiopxykmthbu", "асеіорхукмтнви")


@lru_cache(maxsize=2048)
def fold(text: str) -> str:
    """A text as one line of comparable words, each with a space before it and one at the end.

    Folding twice changes nothing, and no text of any script or length raises.
    """
    text = unicodedata.normalize("NFKC", text[:LONGEST]).lower()
    text = "".join(letter for letter in text if unicodedata.category(letter) not in ("Cf", "Mn", "Cs"))
    words = _NOT_A_WORD.sub(" ", text.translate(_SAME).replace("_", " ")).split()
    return f" {' '.join(_one_alphabet(word) for word in words)} " if words else " "


def _one_alphabet(word: str) -> str:
    """A Cyrillic word into which look-alike Latin letters have slipped, in Cyrillic alone."""
    if not any("а" <= letter <= "ӿ" for letter in word) or not any("a" <= letter <= "z" for letter in word):
        return word
    return word.translate(_LOOKS_CYRILLIC)


def words_of(text: str) -> list[str]:
    return fold(text).split()


@dataclass(frozen=True)
class Stem:
    """Beginnings of words that must all occur, in any order: «лист + зус»."""

    parts: tuple[str, ...]

    def is_in(self, folded: str) -> bool:
        return all(part in folded for part in self.parts)


@lru_cache(maxsize=20_000)
def stem(written: str) -> Stem:
    """A stem as it is written in the content."""
    return Stem(tuple(fold(part).rstrip() for part in re.split(r"\s\+\s", str(written)) if fold(part).strip()))


KEY = 4  # A space and three letters part thousands of beginnings finely enough.


class Beginnings:
    """Beginnings of words, thousands of them, each with a space before it; a text is looked through once for all."""

    def __init__(self, parts: Iterable[str]) -> None:
        self._at: dict[str, list[tuple[int, str]]] = {}
        for place, part in enumerate(parts):
            self._at.setdefault(part[:KEY], []).append((place, part))

    def found(self, folded: str) -> list[int]:
        """The places, in their order, of the beginnings that stand in a folded text."""
        return sorted(place for key in _keys(folded) for place, part in self._at.get(key, ()) if part in folded)


@lru_cache(maxsize=256)
def _keys(folded: str) -> frozenset[str]:
    starts = [place for place, letter in enumerate(folded) if letter == " "]
    return frozenset(folded[start : start + length] for start in starts for length in range(1, KEY + 1))


@dataclass(frozen=True)
class Stems:
    all: tuple[Stem, ...]

    @cached_property
    def _firsts(self) -> Beginnings:
        return Beginnings(one.parts[0] for one in self.all)

    def in_(self, folded: str) -> bool:
        return bool(self.found(folded))

    def found(self, folded: str) -> list[Stem]:
        return [one for place in self._firsts.found(folded) if (one := self.all[place]).is_in(folded)]


def stems(written: Iterable[object]) -> Stems:
    return Stems(tuple(one for text in written if (one := stem(str(text))).parts))


def says_one_of(folded: str, phrases: Sequence[str]) -> bool:
    """Whether a short message is one of these phrases and nothing else."""
    return folded.strip() in {fold(phrase).strip() for phrase in phrases}
