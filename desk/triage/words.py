"""Words made comparable: small letters, no marks, one kind of space; and stems that are looked for in skeletons."""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property, lru_cache

from desk.triage.skeleton import LONGEST, in_cyrillic, skeleton

_SAME = str.maketrans(
    {
        "ё": "е", "ґ": "г", "ł": "l", "ą": "a", "ć": "c", "ę": "e", "ń": "n", "ó": "o", "ś": "s", "ź": "z", "ż": "z",
        "'": "", "’": "", "ʼ": "", "`": "", "´": "", "‘": "", "\u00ad": "",
    }
)  # fmt: skip
_CYRILLIC = re.compile(r"[Ѐ-ӿ]")
_NOT_A_WORD = re.compile(r"[^\w+]+", re.UNICODE)


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
    mixed = any("а" <= letter <= "ӿ" for letter in word) and any("a" <= letter <= "z" for letter in word)
    return in_cyrillic(word) if mixed else word


@dataclass(frozen=True)
class Stem:
    """Beginnings of words that must all occur, in any order: «лист + зус»."""

    parts: tuple[str, ...]  # Skeletons.
    spelt: tuple[str, ...]  # The same, folded, which parts «голод» from «холод».

    def is_in(self, line: str) -> bool:
        return all(part in line for part in self.parts)

    def is_spelt_in(self, folded: str) -> bool:
        return all(part in folded for part in self.spelt)


@lru_cache(maxsize=20_000)
def stem(written: str) -> Stem:
    """A stem as it is written in the content."""
    parts = [part for part in re.split(r"\s\+\s", str(written)) if skeleton(part).strip()]
    return Stem(tuple(skeleton(part).rstrip() for part in parts), tuple(fold(part).rstrip() for part in parts))


KEY = 4  # A space and three letters part thousands of beginnings finely enough.


class Beginnings:
    """Beginnings of words, thousands of them, each with a space before it; a text is looked through once for all."""

    def __init__(self, parts: Iterable[str]) -> None:
        self._at: dict[str, list[tuple[int, str]]] = {}
        for place, part in enumerate(parts):
            self._at.setdefault(part[:KEY], []).append((place, part))

    def found(self, line: str) -> list[int]:
        """The places, in their order, of the beginnings that stand in a skeleton."""
        return sorted(place for key in _keys(line) for place, part in self._at.get(key, ()) if part in line)


@lru_cache(maxsize=256)
def _keys(line: str) -> frozenset[str]:
    starts = [place for place, letter in enumerate(line) if letter == " "]
    return frozenset(line[start : start + length] for start in starts for length in range(1, KEY + 1))


@dataclass(frozen=True)
class Stems:
    all: tuple[Stem, ...]

    @cached_property
    def _firsts(self) -> Beginnings:
        return Beginnings(one.parts[0] for one in self.all)

    @cached_property
    def _spelt_firsts(self) -> Beginnings:
        return Beginnings(one.spelt[0] for one in self.all)

    def in_(self, line: str) -> bool:
        return bool(self.found(line))

    def said_in(self, text: str) -> bool:
        """Whether one stands in a text; letter by letter where it is in Cyrillic, by skeleton where it is in Latin."""
        if not _CYRILLIC.search(text):
            return self.in_(skeleton(text))
        folded = fold(text)
        return any(self.all[place].is_spelt_in(folded) for place in self._spelt_firsts.found(folded))

    def found(self, line: str) -> list[Stem]:
        return [one for place in self._firsts.found(line) if (one := self.all[place]).is_in(line)]


def stems(written: Iterable[object]) -> Stems:
    return Stems(tuple(one for text in written if (one := stem(str(text))).parts))
