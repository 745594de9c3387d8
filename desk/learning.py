"""Triage and the screen learn from examples: weights for both, and the thresholds that their own mistakes allow."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from io import BytesIO
from typing import Any

import numpy as np
import numpy.typing as npt
import structlog
from sqlalchemy import JSON, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import Field, SQLModel, col

from desk import clock
from desk.history import record
from desk.safety import CERTAIN, NO_DANGER, PERHAPS, Screen
from desk.triage import examples
from desk.triage.examples import Message
from desk.triage.features import Look, look_at
from desk.triage.language import spelling
from desk.triage.lexicon import Lexicon
from desk.triage.skeleton import skeleton
from desk.triage.training import Example, folds, train, with_doubt
from desk.triage.understanding import SURE
from desk.triage.weights import Weights, load

log = structlog.get_logger()

# Look-alikes are written to mislead, and nobody is hurt by a gentle question; ordinary requests are many.
LOOK_ALIKE, ORDINARY = 0.5, 2.0
LISTED = 0.3  # What an entry of the lexicon counts as an example: nobody else says it so plainly.
CUE = 1.0  # And a cue: plain words of danger must be seen, whatever else was learnt.
SECOND = 0.35  # The share of a second label, where a message has one.
PARTS = 4  # Each part of the writers is read once by a model that has never seen them.
MAY_LOSE = 0.01  # On the project's own messages, for what is won on the centre's.
RIGHT = 0.955  # Of what is routed alone, so much must be right; a little over what is promised, as strangers write otherwise.
# So many harmless messages of strangers may raise an alarm. Those among our examples were written to mislead, and the
# ordinary ones are full of trouble: real ones raise far fewer.
MAY_ERR = {CERTAIN: 0.003, PERHAPS: 0.035}


class Learnt(SQLModel, table=True):
    """Weights for the services that a centre has learnt from its own tickets; the newest in use is read by all."""

    id: int | None = Field(default=None, primary_key=True)
    made_at: datetime
    weights: bytes
    figures: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    in_use: bool = False


async def newest(session: AsyncSession) -> int | None:
    """Which weights of the centre's own are in use, or None for those that were shipped."""
    return await session.scalar(select(func.max(col(Learnt.id))).where(col(Learnt.in_use)))


async def weights_in_use(session: AsyncSession) -> Weights | None:
    """The centre's own weights, or None while those that were shipped are in use."""
    learnt = await session.get(Learnt, await newest(session) or 0)
    if learnt is None:
        return None
    try:
        return load(BytesIO(learnt.weights))
    except ValueError:
        # Another version of Poruch has learnt them; `poruch triage learn` makes new ones.
        log.warning("triage.learnt_by_another_version")
        return None


def learn_services(messages: Sequence[Message], lexicon: Lexicon) -> Weights:
    """Weights for the services, with as much doubt that what is routed alone is right."""
    taught = _service_examples(messages, lexicon)
    names = sorted({message.label for message in messages})
    # Our own lists, which follow the messages, are no strangers.
    groups = [*(message.writer for message in messages), *[""] * (len(taught) - len(messages))]
    sums, known = _read_by_strangers(taught, groups, names, lexicon.hint_names)
    known[len(messages) :] = False
    doubt = _doubt(sums[known], [messages[i] for i in np.flatnonzero(known).tolist()], names)
    return with_doubt(train(taught, names, lexicon.hint_names), doubt, {})


def _service_examples(messages: Sequence[Message], lexicon: Lexicon) -> list[Example]:
    """The messages, and after them what the lexicon names outright."""
    labels = {message.label for message in messages}
    listed = [Message(entry, service) for service, entry in lexicon.entries if service in labels]
    return [
        *(_service_example(message, lexicon) for message in messages),
        *(replace(_service_example(message, lexicon), weight=LISTED) for message in listed),
    ]


def _service_example(message: Message, lexicon: Lexicon) -> Example:
    look = Look(message.text, skeleton(message.text))
    shares = {message.label: 1 - SECOND, message.label2: SECOND} if message.label2 else {message.label: 1.0}
    return Example(look, lexicon.hints(look.line), shares)


def _read_by_strangers(
    examples: Sequence[Example], groups: Sequence[str], names: Sequence[str], hints: Sequence[str]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_]]:
    """The logarithms of the probabilities that models give to examples of writers they have not read."""
    sums = np.zeros((len(examples), len(names)))
    known = np.zeros(len(examples), dtype=bool)
    for held in folds(groups, PARTS):
        if held.all() or not held.any():
            continue
        weights = train([examples[i] for i in np.flatnonzero(~held).tolist()], names, hints)
        for i in np.flatnonzero(held).tolist():
            shares = weights.probabilities(examples[i].look, examples[i].hints)
            sums[i] = np.log(np.maximum([shares[name] for name in names], 1e-12))
        known |= held
    return sums, known


def _doubt(sums: npt.NDArray[np.float64], messages: Sequence[Message], names: Sequence[str]) -> float:
    """The least doubt with which what seems sure is right often enough."""
    if not len(messages):
        return 1.0
    right = np.array(
        [names[best] in (m.label, m.label2) for best, m in zip(sums.argmax(axis=1), messages, strict=True)]
    )
    for doubt in np.arange(1.0, 4.0, 0.05):
        shares = np.exp(sums / doubt)
        sure = (shares / shares.sum(axis=1, keepdims=True)).max(axis=1) >= SURE
        if sure.any() and right[sure].mean() >= RIGHT:
            return float(doubt)
    return 4.0


def learn_screen(danger: Sequence[Message], ordinary: Sequence[Message], screen: Screen, lexicon: Lexicon) -> Weights:
    """Weights for the screen; `ordinary` are messages of the services, in which nobody is in danger."""
    names = sorted({message.label for message in danger})
    examples = [
        *(
            _danger_example(message.text, message.label, screen, LOOK_ALIKE if message.label == NO_DANGER else 1.0)
            for message in danger
        ),
        *(_danger_example(message.text, NO_DANGER, screen, ORDINARY) for message in ordinary),
        # Short cries and short requests, each as our own lists have them, keep each other in balance.
        *(_danger_example(cue, name, screen, CUE) for name, cue in screen.cues if name in names),
        *(_danger_example(entry, NO_DANGER, screen, LISTED) for _, entry in lexicon.entries),
    ]
    read = len(danger) + len(ordinary)
    groups = [*(message.writer for message in (*danger, *ordinary)), *[""] * (len(examples) - read)]
    sums, known = _read_by_strangers(examples, groups, names, screen.hint_names)
    shares = 1 - np.exp(sums[:, names.index(NO_DANGER)])
    known[read:] = False
    harmless = known & np.array([NO_DANGER in example.names for example in examples])
    levels = {level: float(np.quantile(shares[harmless], 1 - share)) for level, share in MAY_ERR.items()}
    return with_doubt(train(examples, names, screen.hint_names), 1.0, levels)


def _danger_example(text: str, scenario: str, screen: Screen, weight: float = 1.0) -> Example:
    look = screen.seen(text)
    return Example(look, screen.hints(look), {scenario: 1.0}, weight)


def learn_languages(messages: Sequence[Message]) -> Weights:
    """Weights that tell the languages apart; what is typed in the letters of another keeps its own."""
    examples = [Example(spelling(message.text), {}, {message.language: 1.0}) for message in messages]
    return train(examples, sorted({message.language for message in messages}), ())


@dataclass(frozen=True)
class Lesson:
    """What came of learning from a centre's own examples: shares that were named first, before and after."""

    own: int
    own_before: float
    own_after: float
    shipped_before: float
    shipped_after: float
    weights: Weights | None  # None: what is in use stays, because it is as good.


def learn_from(own: Sequence[Message], lexicon: Lexicon, in_use: Weights) -> Lesson:
    """Learn from a centre's own examples too; both kinds are compared on messages that were not learnt from."""
    shipped, held_shipped = examples.services(), examples.held_out_services()
    held = folds([message.writer for message in own], PARTS)[0]
    known = [own[i] for i in np.flatnonzero(~held).tolist()]
    unknown = [own[i] for i in np.flatnonzero(held).tolist()]
    tried = _train_services([*shipped, *known], lexicon)
    figures = (
        _first(in_use, lexicon, unknown),
        _first(tried, lexicon, unknown),
        _first(in_use, lexicon, held_shipped),
        _first(tried, lexicon, held_shipped),
    )
    better = figures[1] > figures[0] and figures[3] >= figures[2] - MAY_LOSE
    weights = with_doubt(_train_services([*shipped, *own], lexicon), in_use.doubt, {}) if better else None
    return Lesson(len(own), *figures, weights)


def _train_services(messages: Sequence[Message], lexicon: Lexicon) -> Weights:
    names = sorted({message.label for message in messages})
    return train(_service_examples(messages, lexicon), names, lexicon.hint_names)


def _first(weights: Weights, lexicon: Lexicon, messages: Sequence[Message]) -> float:
    """The share of messages whose service is named first."""
    right = 0
    for message in messages:
        look = look_at(message.text)
        shares = weights.probabilities(look, lexicon.hints(look.line))
        right += max(shares, key=lambda name: shares[name]) in (message.label, message.label2)
    return right / max(1, len(messages))


def keep(session: AsyncSession, weights: Weights, lesson: Lesson) -> None:
    """From the next moment on every process reads with these weights."""
    kept = BytesIO()
    weights.save(kept)
    figures: dict[str, Any] = {
        name: round(getattr(lesson, name), 4)
        for name in ("own", "own_before", "own_after", "shipped_before", "shipped_after")
    }
    session.add(Learnt(made_at=clock.now(), weights=kept.getvalue(), figures=figures, in_use=True))
    record(session, "triage.learnt", figures=figures)


async def forget_learnt(session: AsyncSession) -> None:
    """Back to the weights that were shipped."""
    await session.execute(update(Learnt).values(in_use=False))
    record(session, "triage.learning_undone")
