"""Approved answers: found by what they mean and by their words, and shown until their date. Never a verdict."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

import numpy as np
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import Field, SQLModel, col

from desk.centre import Centre
from desk.database import BigKey
from desk.helplines import Register
from desk.library import Entry
from desk.texts import LANGUAGES, InLanguages, Written
from desk.triage.encoder import Floats
from desk.triage.features import Look, look_at
from desk.triage.skeleton import skeleton
from desk.triage.weights import Vocabulary

# What the likeness of a text to an answer is made of. How far the best is ahead of the second counts once more, and from
# FITS on it is offered: of messages written for this, half of them near misses, eight of ten offers are then right.
# Without the encoder only words can tell.
BY_QUESTION, BY_WHOLE, BY_SERVICE = 0.5, 0.5, 0.5
FITS, FITS_BY_WORDS = 1.4, 1.0

# Words with which people ask; whoever asks nothing wants something done, and no answer does that.
_ASKING = frozenset(
    skeleton(
        "що шо чи як яка який які яке скільки скіки де куди коли чому хто можна треба потрібно "
        "что как какой какая какие сколько где куда когда почему кто можно нужно ли правда нужен "
        "co czy jak ile gdzie kiedy dlaczego jaki jaka jakie kto można trzeba "
        "what how where when why who which can may is are do does should must"
    ).split()
)


class Shown(SQLModel, table=True):
    """One time that an answer was shown, and whether it helped; empty while the person has not said."""

    __tablename__ = "answer_shown"

    id: int | None = Field(default=None, primary_key=True, sa_type=BigKey)
    answer: str = Field(max_length=60, index=True)
    ticket_id: int = Field(foreign_key="ticket.id", index=True, sa_type=BigKey)
    at: datetime
    helped: bool | None = None


async def vote(session: AsyncSession, ticket_id: int | None, *, helped: bool) -> None:
    """What the person says of the answer that was shown last in a ticket."""
    shown = await session.scalar(
        select(Shown).where(col(Shown.ticket_id) == ticket_id).order_by(col(Shown.id).desc()).limit(1)
    )
    if shown is not None and shown.helped is None:
        shown.helped = helped


@dataclass(frozen=True)
class Votes:
    shown: int = 0
    helped: int = 0
    not_helped: int = 0


async def votes(session: AsyncSession) -> dict[str, Votes]:
    """For each answer how often it was shown, and what people said of it."""
    rows = await session.execute(
        select(
            col(Shown.answer),
            func.count(),
            func.count().filter(col(Shown.helped).is_(True)),
            func.count().filter(col(Shown.helped).is_(False)),
        ).group_by(col(Shown.answer))
    )
    return {answer: Votes(*counts) for answer, *counts in rows}


@dataclass(frozen=True)
class Answer:
    id: str
    service: str
    question: Written
    text: Written  # With gaps: the centre's address and hours, help lines.
    checked: date | None
    verify_by: date | None
    by_bot: bool  # Others are for staff alone.
    confirmed: bool

    def may_be_shown(self, today: date) -> bool:
        return self.by_bot and self.confirmed and not self.is_past(today)

    def is_past(self, today: date) -> bool:
        return self.verify_by is not None and today > self.verify_by


class Answers:
    def __init__(self, every: Sequence[Answer], vocabulary: Vocabulary) -> None:
        self.all = tuple(every)
        self._vocabulary = vocabulary
        self._questions: _Index | None = None
        self._whole: _Index | None = None

    def fitting(self, text: str, services: Mapping[str, float]) -> Answer | None:
        """The answer to what a text asks, also one that is past its date; `services`: how likely each is meant."""
        look = look_at(text)
        if len(self.all) < 2 or self._questions is None or self._whole is None or not _asks(look):
            return None
        likeness = self._questions.by_words(look) + self._whole.by_words(look)
        enough = FITS_BY_WORDS
        if look.meaning is not None:
            enough = FITS
            likeness = (
                likeness + BY_QUESTION * self._questions.by_meaning(look) + BY_WHOLE * self._whole.by_meaning(look)
            )
        likeness = likeness + BY_SERVICE * np.array([services.get(answer.service, 0.0) for answer in self.all])
        second, best = np.argsort(likeness)[-2:]
        fits = 2 * likeness[best] - likeness[second] >= enough
        answer = self.all[int(best)]
        return answer if fits and answer.by_bot and answer.confirmed else None

    def warm(self) -> None:
        """Make ready what a question is compared with, which takes seconds: in a thread, and until then none is found."""
        asked = [[one.question.in_(language) for language in LANGUAGES] for one in self.all]
        whole = [[f"{one.question.in_(name)} {one.text.in_(name)}" for name in LANGUAGES] for one in self.all]
        self._questions, self._whole = _Index(self._vocabulary, asked), _Index(self._vocabulary, whole)


def _asks(look: Look) -> bool:
    return "?" in look.text or not _ASKING.isdisjoint(look.line.split())


class _Index:
    """Texts as numbers, as many for each answer, so that one text is compared with all of them at once."""

    def __init__(self, vocabulary: Vocabulary, texts: Sequence[Sequence[str]]) -> None:
        looks = [look_at(text) for one in texts for text in one]
        known = [vocabulary.rows(look) for look in looks]
        self._vocabulary = vocabulary
        self._each = len(texts[0]) if texts else 1
        self._rows = np.concatenate([np.append(rows, 0) for rows, _ in known])
        self._much = np.concatenate([np.append(much, 0) for _, much in known])  # A row of no weight, so none is empty.
        self._starts = np.cumsum([0, *(len(rows) + 1 for rows, _ in known)])[:-1]
        meanings = [look.meaning for look in looks if look.meaning is not None]
        self._meanings = np.array(meanings) if len(meanings) == len(looks) else None

    def by_words(self, look: Look) -> Floats:
        """For each answer between 0 and 1: how many of the words and their pieces are the same, weighed by rarity."""
        asked = np.zeros(len(self._vocabulary), dtype=np.float32)
        rows, much = self._vocabulary.rows(look)
        asked[rows] = much
        shared = np.add.reduceat(asked[self._rows] * self._much, self._starts) / 2
        return self._best(shared.astype(np.float32))

    def by_meaning(self, look: Look) -> Floats:
        if look.meaning is None or self._meanings is None:
            return np.zeros(len(self._starts) // self._each, dtype=np.float32)
        return self._best(self._meanings @ look.meaning)

    def _best(self, each: Floats) -> Floats:
        best: Floats = each.reshape(-1, self._each).max(axis=1)
        return best


@dataclass(frozen=True)
class AnswerText:
    """An answer as it is told today: a help line that may not be shown takes its line with it."""

    answer: Answer
    centre: Centre
    register: Register
    today: date
    hours: InLanguages

    def in_(self, language: str) -> str:
        told = []
        for row in self.answer.text.in_(language).split("\n"):
            named = _LINE.fullmatch(row.strip())
            if named is None:
                told.append(self._filled(row, language))
            elif line := next(iter(self.register.shown([named[1]], self.today)), None):
                told.append(line.sentence.in_(language))
        return "\n".join(told)

    def _filled(self, row: str, language: str) -> str:
        gaps = {
            "n112": self.centre.n112,
            "address": self.centre.address.in_(language),
            "hours": self.hours.in_(language),
        }
        for name, text in gaps.items():
            row = row.replace(f"{{{name}}}", text)
        return row


_LINE = re.compile(r"\{line:(\w+)\}")


def read_answers(entries: Iterable[Entry], vocabulary: Vocabulary) -> Answers:
    return Answers(tuple(_answer(entry) for entry in entries if entry.kind == "answer" and entry.on), vocabulary)


def _answer(entry: Entry) -> Answer:
    facts = entry.now
    return Answer(
        id=entry.key,
        service=facts.get("service", ""),
        question=Written(facts["q"]),
        text=Written(facts["a"]),
        checked=date.fromisoformat(facts["verified"]) if facts.get("verified") else None,
        verify_by=date.fromisoformat(facts["verify_by"]) if facts.get("verify_by") else None,
        by_bot=facts.get("show") != "staff",
        confirmed=entry.confirmed_at is not None,
    )
