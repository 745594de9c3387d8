"""Photos, voices and documents: announced by a channel and fetched later, or told by staff; shown with care."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote

from sqlalchemy import Index, Text, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import Field, SQLModel, col

from desk import channels
from desk.database import NEVER_AGAIN, BigKey, ring
from desk.people import Address
from desk.sealing import Sealed


class File(SQLModel, table=True):
    """A photo, a voice, a document: asked of the channel after the words are safe, or added by staff; encrypted."""

    __table_args__ = (
        Index(
            "ix_file_wanted",
            "not_before",
            sqlite_where=text("status = 'wanted'"),
            postgresql_where=text("status = 'wanted'"),
        ),
        Index(
            "ix_file_unwritten",
            "id",
            sqlite_where=text("transcript = 'wanted'"),
            postgresql_where=text("transcript = 'wanted'"),
        ),
        NEVER_AGAIN,
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=BigKey)
    message_id: int = Field(foreign_key="message.id", index=True, sa_type=BigKey)
    channel: str = Field(max_length=20)
    account: str = Field(max_length=40)
    kind: str = Field(max_length=20)  # photo, voice, audio, video, document, sticker
    remote: str = Field(default="", sa_type=Text)  # What the channel calls it; some give long addresses.
    name: str = Field(default="", max_length=200)
    mime: str = Field(default="", max_length=100)
    size: int = 0
    seconds: int = 0
    status: str = Field(default="wanted", max_length=12)  # wanted, kept, too_big, refused, failed, erased
    covered: bool = False  # Shown to staff only after a press.
    attempts: int = 0
    not_before: datetime | None = None
    transcript: str = Field(default="", max_length=12)  # "", wanted, done, failed; the words stand in the message
    content: bytes | None = Field(default=None, sa_type=Sealed)


@dataclass(frozen=True)
class FileHeard:
    """A file as the channel announces it, or its bytes when they came at once."""

    kind: str
    remote: str = ""
    name: str = ""
    mime: str = ""
    size: int = 0
    seconds: int = 0
    content: bytes | None = None


async def wanted(session: AsyncSession, channel: str, account: str, at: datetime) -> Sequence[File]:
    """Files of a channel that are still to be fetched, without their bytes."""
    return (
        await session.scalars(
            select(File)
            .where(
                col(File.status) == "wanted",
                col(File.channel) == channel,
                col(File.account) == account,
                (col(File.not_before).is_(None)) | (col(File.not_before) <= at),
            )
            .limit(4)
        )
    ).all()


def announce(
    session: AsyncSession,
    message_id: int,
    address: Address,
    announced: Sequence[FileHeard],
    at: datetime,
    *,
    covered: bool = False,
    transcribes: bool = False,
) -> None:
    """A row for each file; the bytes come later, unless the channel brought them along."""
    limit = channels.facts_of(address.channel).files_up_to
    for file in announced:
        session.add(
            File(
                message_id=message_id,
                channel=address.channel,
                account=address.account,
                kind=file.kind,
                remote=file.remote,
                name=file.name,
                mime=plain_mime(file.mime),
                size=file.size,
                seconds=file.seconds,
                status="kept" if file.content is not None else "too_big" if file.size > limit else "wanted",
                covered=covered and file.kind == "photo",
                content=file.content,
                transcript="wanted" if transcribes and file.kind in SPOKEN else "",
                not_before=at,
            )
        )
    if announced:
        ring(session, "files")


async def told_with(session: AsyncSession, message_id: int) -> File | None:
    """The file that is to go out as this message, unless it was erased."""
    return await session.scalar(select(File).where(col(File.message_id) == message_id, col(File.content).is_not(None)))


async def keep(session: AsyncSession, file: File, status: str, content: bytes | None, not_before: datetime) -> None:
    """Write down what became of fetching a file, unless the person has erased it meanwhile."""
    values: dict[str, Any] = {"status": status, "not_before": not_before, "attempts": file.attempts + 1}
    if content is not None:
        values |= {"content": content, "size": len(content)}
    await session.execute(update(File).where(col(File.id) == file.id, col(File.status) == "wanted").values(**values))
    ring(session, "history")


SPOKEN = frozenset({"voice", "audio", "video_note"})
UNKNOWN = "application/octet-stream"
_MARKS = (
    (b"\xff\xd8\xff", "image/jpeg", "photo"),
    (b"\x89PNG\r\n\x1a\n", "image/png", "photo"),
    (b"GIF8", "image/gif", "photo"),
    (b"%PDF-", "application/pdf", "document"),
    (b"OggS", "audio/ogg", "voice"),
    (b"ID3", "audio/mpeg", "audio"),
    (b"\x1aE\xdf\xa3", "audio/webm", "voice"),
)


def kind_of(content: bytes) -> tuple[str, str]:
    """(kind, content type) by the bytes themselves, never by the name or by what the sender claims."""
    for mark, mime, kind in _MARKS:
        if content.startswith(mark):
            return kind, mime
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "photo", "image/webp"
    if content[4:8] == b"ftyp":
        match content[8:12]:
            case b"heic" | b"heix" | b"mif1":
                return "photo", "image/heic"
            case b"M4A " | b"M4B ":
                return "audio", "audio/mp4"
            case _:
                return "video", "video/mp4"
    return "document", UNKNOWN


_MIME = re.compile(r"[a-z0-9.+-]+/[a-z0-9.+-]+", re.ASCII)


def plain_mime(claimed: str) -> str:
    """A content type as it may stand in a header; what is none becomes "some bytes"."""
    return claimed.lower() if _MIME.fullmatch(claimed.lower()) else UNKNOWN if claimed else ""


def headers_for(mime: str, name: str) -> dict[str, str]:
    """How a file is handed to a browser: shown as what it is or offered for saving, and able to run nothing."""
    shown = mime.startswith(("image/", "audio/", "video/")) and "svg" not in mime
    how, called = "inline" if shown else "attachment", quote(name or "file", safe="", errors="replace")
    return {
        "Content-Disposition": f"{how}; filename*=UTF-8''{called}",
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "sandbox; default-src 'none'",
        "Cache-Control": "private, no-store",
    }
