"""The translator's promise, what waits for it, and what it has translated before."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import Field, SQLModel, col

from desk.history import record
from desk.messages import Message
from desk.reading import masked

STAFF = "pl"  # The language that staff read and write.


class TranslatorError(Exception):
    """A text stays untranslated; `reason` is one machine word and never holds the text or the key."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


class TryLater(TranslatorError):
    """Slow, down, throttled, failing or answering oddly: the same text may work later."""


class CannotTranslate(TranslatorError):
    """Never for this text or this pair of languages."""


class Misconfigured(TranslatorError):
    """Wrong key or wrong address: an operator must act."""


class Translator(Protocol):
    engine: str

    async def translate(self, text: str, source: str, target: str) -> str: ...


class Translation(SQLModel, table=True):
    """A text that was translated before: the same question need not be asked twice."""

    fingerprint: str = Field(primary_key=True, max_length=64)
    text: str
    engine: str = Field(max_length=40)
    at: datetime


# What waits for the translator


@dataclass(frozen=True)
class Wanted:
    """One message whose words staff cannot read yet."""

    message_id: int
    text: str
    source: str


async def wanted(session: AsyncSession, limit: int = 20) -> list[Wanted]:
    """The oldest messages that people wrote in another language than the staff's, without what must not be translated."""
    rows = await session.execute(
        select(col(Message.id), col(Message.text), col(Message.language))
        .where(col(Message.other_state) == "wanted")
        .order_by(col(Message.id))
        .limit(limit)
    )
    return [Wanted(number, masked(text), language or "uk") for number, text, language in rows if number is not None]


async def known(session: AsyncSession, text: str, source: str, target: str, engine: str) -> str | None:
    """The same text, translated before."""
    found = await session.get(Translation, fingerprint_of(text, source, target, engine))
    return found.text if found else None


async def keep(
    session: AsyncSession, one: Wanted, translated: str, engine: str, at: datetime, target: str = STAFF
) -> None:
    """Put a translation beside its original, unless the person has changed or erased it meanwhile."""
    message = await session.get(Message, one.message_id, with_for_update=True, populate_existing=True)
    if message is not None and message.other_state == "wanted" and _is_still(message, one):
        message.other, message.other_language = translated, target
        message.other_state, message.other_by = "done", engine
        await session.merge(
            Translation(
                fingerprint=fingerprint_of(one.text, one.source, target, engine), text=translated, engine=engine, at=at
            )
        )
        record(session, "message.translated", ticket_id=message.ticket_id, message=one.message_id)


def _is_still(message: Message, one: Wanted) -> bool:
    return masked(message.text) == one.text and (message.language or "uk") == one.source


async def forget(session: AsyncSession, messages: Sequence[Message]) -> None:
    """What these words were translated to is not kept for others who write the same."""
    known = sorted(
        fingerprint_of(masked(one.text), one.language or "uk", one.other_language, one.other_by)
        for one in messages
        if one.other
    )
    for begin in range(0, len(known), 100):
        some = known[begin : begin + 100]
        await session.execute(delete(Translation).where(col(Translation.fingerprint).in_(some)))


async def give_up(session: AsyncSession, message_id: int, state: str = "failed") -> None:
    """`same`: there is nothing to translate; `failed`: never, unless staff ask for it again."""
    await session.execute(
        update(Message)
        .where(col(Message.id) == message_id, col(Message.other_state) == "wanted")
        .values(other_state=state)
    )


def fingerprint_of(text: str, source: str, target: str, engine: str) -> str:
    return hashlib.sha256(f"{engine}\0{source}\0{target}\0{text}".encode()).hexdigest()
