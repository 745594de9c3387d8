"""A model as it lies on the disk: what each piece of a text says for and against each name, and what the whole means."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from desk.triage.encoder import SIZE, Floats
from desk.triage.features import BUCKETS, Counts, Ids, Look

SHIPPED = Path(__file__).parent / "trained"

# How much the meaning of the whole and the hints of the lexicon count beside pieces and words, which count 1 each.
MEANING, HINT = 1.5, 0.5


@dataclass(frozen=True)
class Vocabulary:
    """The buckets that came up in training, and how rare each is; the rows of a model stand in this order."""

    pieces: Ids
    words: Ids
    rarity: Floats

    @cached_property
    def _rows(self) -> tuple[Ids, Ids]:
        return _row_of(self.pieces, 0), _row_of(self.words, len(self.pieces))

    def __len__(self) -> int:
        return len(self.pieces) + len(self.words)

    def rows(self, look: Look) -> tuple[Ids, Floats]:
        """The rows that a text touches and how much; pieces and words each have length 1 together."""
        parts = [self._part(look.pieces, self._rows[0]), self._part(look.words, self._rows[1])]
        return np.concatenate([rows for rows, _ in parts]), np.concatenate([much for _, much in parts])

    def _part(self, counts: Counts, row_of: Ids) -> tuple[Ids, Floats]:
        rows = row_of[counts.buckets]
        known = rows >= 0
        rows = rows[known]
        much = counts.often[known] * self.rarity[rows]
        length = float(np.sqrt(much @ much)) or 1.0
        return rows, (much / length).astype(np.float32)


def _row_of(buckets: Ids, first: int) -> Ids:
    rows = np.full(BUCKETS, -1, dtype=np.int64)
    rows[buckets] = np.arange(first, first + len(buckets))
    return rows


def whole_of(look: Look, hints: Mapping[str, float], names: Sequence[str]) -> Floats:
    """What the whole of a text says: its meaning, zeros where there is none, its hints, and a 1 for the bias."""
    meaning = np.zeros(SIZE, dtype=np.float32) if look.meaning is None else MEANING * look.meaning
    given = np.array([*(HINT * hints.get(name, 0.0) for name in names), 1.0], dtype=np.float32)
    return np.concatenate([meaning, given])


@dataclass(frozen=True)
class Whole:
    """What the meaning and the hints say together: straight, and through a small layer that sees them combined."""

    linear: Floats
    inner: Floats
    outer: Floats

    def sums(self, wholes: Floats) -> Floats:
        """`whole_of`, or rows of it, to sums for each name."""
        sums: Floats = wholes @ self.linear + self.seen(wholes) @ self.outer
        return sums

    def seen(self, wholes: Floats) -> Floats:
        """What the inner layer makes of them."""
        inner: Floats = np.maximum(wholes @ self.inner, 0)
        return inner


@dataclass(frozen=True)
class Weights:
    names: tuple[str, ...]
    hints: tuple[str, ...]  # Of the lexicon; their rows follow those of the meaning.
    vocabulary: Vocabulary
    by_row: npt.NDArray[np.int8]
    step: Floats  # What 1 in `by_row` stands for, per name.
    whole: "Whole"
    doubt: float  # Above 1: how much surer the bare sums are than they have a right to be.
    levels: Mapping[str, float]  # Thresholds that were set with this model.

    def probabilities(self, look: Look, hints: Mapping[str, float]) -> dict[str, float]:
        """How likely each name is; together 1."""
        sums = self._sums(look, hints) / self.doubt
        shares = np.exp(sums - sums.max())
        return dict(zip(self.names, (shares / shares.sum()).tolist(), strict=True))

    def _sums(self, look: Look, hints: Mapping[str, float]) -> Floats:
        rows, much = self.vocabulary.rows(look)
        sums: Floats = (much @ self.by_row[rows].astype(np.float32)) * self.step
        sums += self.whole.sums(whole_of(look, hints, self.hints))
        return sums

    def save(self, path: Path | BinaryIO) -> None:
        np.savez_compressed(
            path,
            names=np.array(self.names),
            hints=np.array(self.hints),
            pieces=self.vocabulary.pieces.astype(np.uint32),
            words=self.vocabulary.words.astype(np.uint32),
            rarity=self.vocabulary.rarity.astype(np.float16),
            by_row=self.by_row,
            step=self.step,
            linear=self.whole.linear.astype(np.float16),
            inner=self.whole.inner.astype(np.float16),
            outer=self.whole.outer.astype(np.float16),
            doubt=np.float32(self.doubt),
            level_names=np.array(list(self.levels)),
            levels=np.array(list(self.levels.values()), dtype=np.float32),
        )


def load(path: Path | BinaryIO) -> Weights:
    """Raises OSError and ValueError when the file is missing or is none of ours; nothing in it is ever executed."""
    with np.load(path, allow_pickle=False) as kept:
        try:
            return _read(kept)
        except KeyError as missing:
            raise ValueError(f"these are no weights of ours: they have no {missing}") from None


def _read(kept: Any) -> Weights:
    floats = {name: kept[name].astype(np.float32) for name in ("rarity", "step", "linear", "inner", "outer")}
    return Weights(
        names=tuple(map(str, kept["names"])),
        hints=tuple(map(str, kept["hints"])),
        vocabulary=Vocabulary(kept["pieces"].astype(np.int64), kept["words"].astype(np.int64), floats["rarity"]),
        by_row=kept["by_row"],
        step=floats["step"],
        whole=Whole(floats["linear"], floats["inner"], floats["outer"]),
        doubt=float(kept["doubt"]),
        levels=dict(zip(map(str, kept["level_names"]), map(float, kept["levels"]), strict=True)),
    )


def packed(matrix: Floats) -> tuple[npt.NDArray[np.int8], Floats]:
    """A matrix in a quarter of its room: each column in 255 steps of its own size."""
    step = np.maximum(np.abs(matrix).max(axis=0), 1e-9).astype(np.float32) / 127
    return np.rint(matrix / step).astype(np.int8), step
