"""The transcriber's promise, and the recordings that wait to be written down."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from desk.files import File
from desk.messages import Message

MOST_TRIES = 5
REST = timedelta(seconds=30)  # After a failure, and as long again for each one before.


class NoTranscript(Exception):
    """Nothing was written down; `reason` is one machine word.

    `never`: this recording will not do better later; `away`: that says nothing about this recording.
    """

    def __init__(self, reason: str, *, never: bool = False, away: bool = False) -> None:
        self.reason, self.never, self.away = reason, never, away
        super().__init__(reason)


class Transcriber(Protocol):
    engine: str

    async def words_of(self, sound: bytes, mime: str, language: str) -> str:
        """What is said in a recording, empty where nobody speaks, or NoTranscript; `language` is a guess, or ""."""


@dataclass(frozen=True)
class Recording:
    file_id: int
    language: str
    tries: int


async def wanted(session: AsyncSession, at: datetime, limit: int = 4) -> Sequence[Recording]:
    """The oldest recordings that are here and not written down yet."""
    rows = await session.execute(
        select(col(File.id), col(Message.language), col(File.attempts))
        .join(Message, col(Message.id) == col(File.message_id))
        .where(col(File.transcript) == "wanted", col(File.status) == "kept", col(File.not_before) <= at)
        .order_by(col(File.id))
        .limit(limit)
    )
    return [Recording(number, language, tries) for number, language, tries in rows if number is not None]


async def sound_of(session: AsyncSession, file_id: int) -> tuple[bytes, str]:
    """The bytes of a recording and what kind they are; no bytes where it has been erased meanwhile."""
    row = (await session.execute(select(col(File.content), col(File.mime)).where(col(File.id) == file_id))).first()
    return (row[0] or b"", row[1]) if row else (b"", "")


async def try_later(session: AsyncSession, recording: Recording, at: datetime, none: NoTranscript) -> None:
    """It could not be written down: again after a while, a few times; the recording itself is always there."""
    gives_up = none.never or (recording.tries >= MOST_TRIES and not none.away)
    tries = recording.tries + (not none.away)
    await session.execute(
        update(File)
        .where(col(File.id) == recording.file_id, col(File.transcript) == "wanted")
        .values(
            transcript="failed" if gives_up else "wanted",
            attempts=tries,
            not_before=at + REST * tries,
        )
    )
