"""From examples to weights: softmax regression with a small layer for the meaning, by Adam, with nothing but numpy."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from desk.triage.encoder import SIZE, Floats
from desk.triage.features import BUCKETS, Ids, Look
from desk.triage.weights import Vocabulary, Weights, Whole, packed, whole_of

ROUNDS, BATCH, STRIDE = 14, 256, 0.02
INNER = 128  # Neurons in the layer through which meaning and hints go.
INNER_STRIDE = 0.003
DECAY, INNER_DECAY = 5e-6, 1e-4
# Half of the time the meaning is hidden, so that the words learn to carry the whole, and the house works without it.
HIDDEN = 0.5
SEEN = 2  # In fewer texts than this a piece says nothing.


@dataclass(frozen=True)
class Example:
    look: Look
    hints: Mapping[str, float]
    names: Mapping[str, float]  # What it is, in shares that make 1 together.
    weight: float = 1.0


def train(examples: Sequence[Example], names: Sequence[str], hints: Sequence[str], *, seed: int = 1) -> Weights:
    """Weights that tell `names` apart; the same examples and seed give the same weights."""
    vocabulary = _vocabulary([example.look for example in examples])
    table = _Table.of(examples, vocabulary, names, hints)
    by_row, whole = _descend(table, len(vocabulary), np.random.default_rng(seed))
    packed_rows, step = packed(by_row)
    return Weights(
        names=tuple(names),
        hints=tuple(hints),
        vocabulary=vocabulary,
        by_row=packed_rows,
        step=step,
        whole=whole,
        doubt=1.0,
        levels={},
    )


def _vocabulary(looks: Sequence[Look]) -> Vocabulary:
    found = []
    rarities = []
    for counts in ([look.pieces for look in looks], [look.words for look in looks]):
        texts = np.zeros(BUCKETS, dtype=np.int64)
        for one in counts:
            texts[one.buckets] += 1
        buckets = np.flatnonzero(texts >= SEEN)
        found.append(buckets)
        rarities.append(np.log((1 + len(looks)) / (1 + texts[buckets])) + 1)
    return Vocabulary(found[0], found[1], np.concatenate(rarities).astype(np.float32))


@dataclass(frozen=True)
class _Table:
    """All examples as numbers: `starts[i]:starts[i + 1]` are the rows of the i-th."""

    starts: Ids
    rows: Ids
    much: Floats
    wholes: Floats  # A row of `whole_of` for each.
    wanted: Floats
    weight: Floats

    @classmethod
    def of(
        cls, examples: Sequence[Example], vocabulary: Vocabulary, names: Sequence[str], hints: Sequence[str]
    ) -> "_Table":
        rows, much, lengths = [], [], [0]
        for example in examples:
            its_rows, its_much = vocabulary.rows(example.look)
            # A row of no weight, so that no example is empty.
            rows.append(np.append(its_rows, 0))
            much.append(np.append(its_much, 0))
            lengths.append(len(its_rows) + 1)
        wanted = [[example.names.get(name, 0.0) for name in names] for example in examples]
        return cls(
            starts=np.cumsum(lengths),
            rows=np.concatenate(rows),
            much=np.concatenate(much).astype(np.float32),
            wholes=np.array([whole_of(example.look, example.hints, hints) for example in examples]),
            wanted=np.array(wanted, dtype=np.float32),
            weight=np.array([example.weight for example in examples], dtype=np.float32),
        )


def _descend(table: _Table, words: int, rng: np.random.Generator) -> tuple[Floats, Whole]:
    """What the words say, and what the whole says, after some rounds over all examples."""
    count, names = table.wanted.shape
    parts = _beginning(words, table.wholes, names, rng)
    strides = (STRIDE, STRIDE, INNER_STRIDE, INNER_STRIDE)
    walks = [_Walk(part, stride) for part, stride in zip(parts, strides, strict=True)]
    steps = ROUNDS * -(-count // BATCH)
    taken = 0
    for _ in range(ROUNDS):
        order = rng.permutation(count)
        for first in range(0, count, BATCH):
            taken += 1
            slopes = _slopes(parts, table, order[first : first + BATCH], rng)
            for walk, slope in zip(walks, slopes, strict=True):
                walk.step(slope, taken, left=1 - taken / (steps + 1))
    return parts[0], Whole(*parts[1:])


class _Walk:
    """Adam, for one matrix, which is changed in its place."""

    def __init__(self, part: Floats, stride: float) -> None:
        self.part, self.stride = part, stride
        self.mean, self.spread = np.zeros_like(part), np.zeros_like(part)

    def step(self, slope: Floats, taken: int, left: float) -> None:
        """The step number `taken`; strides shrink with what is left of the way, from 1 to 0."""
        self.mean += 0.1 * (slope - self.mean)
        self.spread += 0.001 * (slope * slope - self.spread)
        mean, spread = self.mean / (1 - 0.9**taken), self.spread / (1 - 0.999**taken)
        self.part -= self.stride * left * mean / (np.sqrt(spread) + 1e-8)


def _beginning(words: int, wholes: Floats, names: int, rng: np.random.Generator) -> list[Floats]:
    """Words and the straight way from nothing; the inner layer from chance, and none where no text has a meaning."""
    size = wholes.shape[1]
    neurons = INNER if wholes[:, :SIZE].any() else 0
    return [
        np.zeros((words, names), dtype=np.float32),
        np.zeros((size, names), dtype=np.float32),
        (rng.standard_normal((size, neurons)) * 0.3 * np.sqrt(2 / size)).astype(np.float32),
        (rng.standard_normal((neurons, names)) * 0.05).astype(np.float32),
    ]


def _slopes(parts: list[Floats], table: _Table, batch: Ids, rng: np.random.Generator) -> list[Floats]:
    """In which directions the loss of a batch grows."""
    by_row, whole = parts[0], Whole(*parts[1:])
    lengths = table.starts[batch + 1] - table.starts[batch]
    ends = np.cumsum(lengths)
    where = np.repeat(table.starts[batch] - (ends - lengths), lengths) + np.arange(ends[-1])
    rows, much = table.rows[where], table.much[where]
    wholes = table.wholes[batch]
    wholes[:, :SIZE] *= (rng.random(len(batch)) >= HIDDEN)[:, None]

    sums = np.add.reduceat(by_row[rows] * much[:, None], ends - lengths, axis=0) + whole.sums(wholes)
    shares = np.exp(sums - sums.max(axis=1, keepdims=True))
    shares /= shares.sum(axis=1, keepdims=True)
    error = (shares - table.wanted[batch]) * (table.weight[batch] / len(batch))[:, None]

    order = np.argsort(rows, kind="stable")
    firsts = np.flatnonzero(np.diff(rows[order], prepend=-1))
    each = much[order, None] * error[np.repeat(np.arange(len(batch)), lengths)[order]]
    for_rows = DECAY * by_row
    for_rows[rows[order][firsts]] += np.add.reduceat(each, firsts, axis=0)
    seen = whole.seen(wholes)
    behind = (error @ whole.outer.T) * (seen > 0)
    return [
        for_rows,
        DECAY * whole.linear + wholes.T @ error,
        INNER_DECAY * whole.inner + wholes.T @ behind,
        INNER_DECAY * whole.outer + seen.T @ error,
    ]


def with_doubt(weights: Weights, doubt: float, levels: Mapping[str, float]) -> Weights:
    return replace(weights, doubt=doubt, levels=dict(levels))


def folds(groups: Sequence[str], parts: int, seed: int = 1) -> list[npt.NDArray[np.bool_]]:
    """Which examples are held out, part after part; what belongs to one group is never torn apart."""
    names = np.array(sorted(set(groups)))
    part_of = dict(
        zip(np.random.default_rng(seed).permutation(names).tolist(), np.arange(len(names)) % parts, strict=True)
    )
    mine = np.array([part_of[group] for group in groups])
    return [mine == part for part in range(parts)]
