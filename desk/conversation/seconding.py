"""Words that triage is unsure of wait a little, while a language model of the centre's own is asked; then they count."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from desk.conversation.talk import Talk
from desk.conversation.turn import Turn
from desk.handbook import Handbook
from desk.messages import Message
from desk.people import Person
from desk.reading import masked
from desk.tickets import Status, Ticket, current_of
from desk.triage.understanding import Understood

QUIET = timedelta(seconds=4)  # What follows within this is answered together.
PATIENCE = timedelta(seconds=8)  # The longest that somebody waits for an opinion.


@dataclass(frozen=True)
class Question:
    """What a model is asked: the words of one person's messages, and the services it may choose from."""

    person_id: int
    about: tuple[int, ...]
    text: str
    services: Mapping[str, str]


def is_wanted(turn: Turn, text: str) -> bool:
    """Whether an opinion on these words will be asked, so that they wait for it."""
    return bool(_may_name(turn.book, turn.talk, turn.tickets, text))


def _may_name(book: Handbook, talk: Talk, tickets: Sequence[Ticket], text: str) -> dict[str, str]:
    if not book.seconding.on or talk.step not in ("", "menu"):
        return {}
    for ticket in tickets:
        private = bool(ticket.alarm) or (ticket.sensitivity != "normal" and not book.seconding.sensitive)
        if ticket.is_open and (private or ticket.status is not Status.DRAFT):
            return {}
    return book.seconding.may_name(book.understand(text), book.catalogue)


async def questions(
    session: AsyncSession, book: Handbook, at: datetime, asking: Collection[tuple[int, ...]], room: int
) -> list[Question]:
    """What has to be asked now: the words of at most `room` people who wait and of whom nothing is asked yet."""
    if room <= 0:
        return []
    waiting = await session.scalars(select(Person).where(col(Person.answer_due_at) > at))
    found = []
    for person in waiting:
        talk = Talk.of(person.talk)
        asked = talk.opinion.get("about") == talk.waiting or tuple(talk.waiting) in asking
        if not talk.waiting or asked or person.id is None:
            continue
        texts = await session.scalars(
            select(col(Message.text)).where(col(Message.id).in_(talk.waiting)).order_by(col(Message.id))
        )
        text = "\n".join(filter(None, texts))
        services = _may_name(book, talk, await current_of(session, person.id, at), text)
        if services:
            found.append(Question(person.id, tuple(talk.waiting), masked(text), services))
        if len(found) == room:
            break
    return found


async def heed(session: AsyncSession, question: Question, service: str, at: datetime) -> None:
    """Keep an opinion, "" when there is none, beside the words it is about; nobody waits for it any longer."""
    person = await session.scalar(select(Person).where(col(Person.id) == question.person_id).with_for_update())
    talk = Talk.of(person.talk) if person is not None else Talk()
    if person is None or person.answer_due_at is None or tuple(talk.waiting) != question.about:
        return  # They have written more, or were answered.
    talk.opinion = {"about": talk.waiting, "service": service}
    person.talk = talk.kept()
    # Nobody waits for the opinion any longer, but still for what may follow these words.
    person.answer_due_at = min(person.answer_due_at, max(at, person.heard_at + QUIET))


def seconded(turn: Turn, understood: Understood) -> Understood:
    """What triage understood, with the opinion on these very words, if there is one."""
    opinion, turn.talk.opinion = turn.talk.opinion, {}
    if not opinion.get("service") or opinion["about"] != turn.said.ids:
        return understood
    return understood.seconded(opinion["service"])
