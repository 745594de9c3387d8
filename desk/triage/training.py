"""From examples to weights: softmax regression by Adam in small batches, in half a minute, with nothing but numpy."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from desk.triage.encoder import SIZE, Floats
from desk.triage.features import BUCKETS, Ids, Look
from desk.triage.weights import HINT, MEANING, Vocabulary, Weights, packed

ROUNDS, BATCH, STRIDE, DECAY = 14, 256, 0.02, 2e-5
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
    matrix = _descend(table, len(vocabulary), np.random.default_rng(seed))
    first, second = len(vocabulary), len(vocabulary) + SIZE
    by_row, step = packed(matrix[:first])
    return Weights(
        names=tuple(names),
        hints=tuple(hints),
        vocabulary=vocabulary,
        by_row=by_row,
        step=step,
        by_meaning=matrix[first:second],
        by_hint=matrix[second:-1],
        bias=matrix[-1],
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
    rest: Floats  # Meaning, then hints, each with its share.
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
        nothing = np.zeros(SIZE, dtype=np.float32)
        meaning = [nothing if example.look.meaning is None else example.look.meaning for example in examples]
        given = [[example.hints.get(name, 0.0) for name in hints] for example in examples]
        wanted = [[example.names.get(name, 0.0) for name in names] for example in examples]
        return cls(
            starts=np.cumsum(lengths),
            rows=np.concatenate(rows),
            much=np.concatenate(much).astype(np.float32),
            rest=np.hstack([MEANING * np.array(meaning), HINT * np.array(given).reshape(len(examples), -1)]).astype(
                np.float32
            ),
            wanted=np.array(wanted, dtype=np.float32),
            weight=np.array([example.weight for example in examples], dtype=np.float32),
        )


def _descend(table: _Table, words: int, rng: np.random.Generator) -> Floats:
    """The matrix, rows of words first, then of meaning, of hints, and the bias."""
    count, names = table.wanted.shape
    matrix = np.zeros((words + table.rest.shape[1] + 1, names), dtype=np.float32)
    mean, spread = np.zeros_like(matrix), np.zeros_like(matrix)
    steps = ROUNDS * -(-count // BATCH)
    taken = 0
    for _ in range(ROUNDS):
        order = rng.permutation(count)
        for first in range(0, count, BATCH):
            taken += 1
            slope = _slope(matrix, table, order[first : first + BATCH], words, rng)
            mean += 0.1 * (slope - mean)
            spread += 0.001 * (slope * slope - spread)
            stride = STRIDE * (1 - taken / (steps + 1))
            matrix -= stride * (mean / (1 - 0.9**taken)) / (np.sqrt(spread / (1 - 0.999**taken)) + 1e-8)
    return matrix


def _slope(matrix: Floats, table: _Table, batch: Ids, words: int, rng: np.random.Generator) -> Floats:
    """In which direction the loss of a batch grows."""
    lengths = table.starts[batch + 1] - table.starts[batch]
    ends = np.cumsum(lengths)
    where = np.repeat(table.starts[batch] - (ends - lengths), lengths) + np.arange(ends[-1])
    rows, much = table.rows[where], table.much[where]
    rest = table.rest[batch]
    rest[:, :SIZE] *= (rng.random(len(batch)) >= HIDDEN)[:, None]

    sums = np.add.reduceat(matrix[rows] * much[:, None], ends - lengths, axis=0)
    sums += rest @ matrix[words:-1] + matrix[-1]
    shares = np.exp(sums - sums.max(axis=1, keepdims=True))
    shares /= shares.sum(axis=1, keepdims=True)
    error = (shares - table.wanted[batch]) * (table.weight[batch] / len(batch))[:, None]

    slope = DECAY * matrix
    slope[-1] = error.sum(axis=0)
    slope[words:-1] += rest.T @ error
    order = np.argsort(rows, kind="stable")
    firsts = np.flatnonzero(np.diff(rows[order], prepend=-1))
    each = much[order, None] * error[np.repeat(np.arange(len(batch)), lengths)[order]]
    slope[rows[order][firsts]] += np.add.reduceat(each, firsts, axis=0)
    return slope


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
