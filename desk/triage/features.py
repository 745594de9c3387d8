"""What of a text is weighed: pieces of its words, its words and pairs of words, each hashed to one of many buckets."""

import zlib
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from desk.triage.encoder import Floats, meaning_of
from desk.triage.skeleton import skeleton

BUCKETS = 1 << 17
SHORTEST, LONGEST = 2, 5  # Letters in a piece of a word; the space before and after a word counts as one.

Ids = npt.NDArray[np.int64]

_SPACE = ord(" ")
_MIX, _SALT = np.uint64(0x100000001B3), 0x9E3779B97F4A7C15


@dataclass(frozen=True)
class Counts:
    """Buckets, each once, and how often it came, dampened: the third time says little that the second did not."""

    buckets: Ids
    often: Floats


@dataclass(frozen=True)
class Look:
    """One look at a text, shared by all that want to know something about it."""

    text: str
    line: str  # As it is spelt for the question at hand: mostly its skeleton.
    without_meaning: bool = False

    @cached_property
    def pieces(self) -> Counts:
        return pieces(self.line)

    @cached_property
    def words(self) -> Counts:
        return words(self.line)

    @cached_property
    def meaning(self) -> Floats | None:
        return None if self.without_meaning else meaning_of(self.text)


@lru_cache(maxsize=1024)
def look_at(text: str) -> Look:
    return Look(text, skeleton(text))


@lru_cache(maxsize=256)
def pieces(line: str) -> Counts:
    """The pieces of the words of a line, from two letters to five, none across a space."""
    letters = np.frombuffer(line.encode("utf-32-le", "replace"), dtype=np.uint32).astype(np.uint64)
    space = letters == _SPACE
    found = []
    for length in range(SHORTEST, min(LONGEST, len(letters)) + 1):
        count = len(letters) - length + 1
        mixed = np.full(count, (length * _SALT) % 2**64, dtype=np.uint64)
        for step in range(length):
            mixed = (mixed ^ letters[step : step + count]) * _MIX
        mixed ^= mixed >> np.uint64(29)
        found.append(mixed[~_across(space, length, count)] % np.uint64(BUCKETS))
    return _counted(np.concatenate(found).astype(np.int64) if found else np.empty(0, np.int64))


def _across(space: npt.NDArray[np.bool_], length: int, count: int) -> npt.NDArray[np.bool_]:
    """Which windows have a space inside, or nothing but spaces at both ends of two letters."""
    inside = space[:count] & space[length - 1 :] if length == SHORTEST else np.zeros(count, dtype=bool)
    for step in range(1, length - 1):
        inside = inside | space[step : step + count]
    return inside


@lru_cache(maxsize=256)
def words(line: str) -> Counts:
    """The words of a line, and each two that follow one another."""
    alone = line.split()
    pairs = [f"{one} {other}" for one, other in pairwise(alone)]
    return _counted(np.array([_bucket(word) for word in (*alone, *pairs)], dtype=np.int64))


def _bucket(word: str) -> int:
    return zlib.crc32(word.encode("utf-8", "replace")) % BUCKETS


def _counted(ids: Ids) -> Counts:
    once, times = np.unique(ids, return_counts=True)
    return Counts(once, (1 + np.log(times)).astype(np.float32))
