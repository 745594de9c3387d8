"""A browser's hold on its chat."""

from datetime import datetime, timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import Field, SQLModel, col

from desk import ids

LASTS = timedelta(days=60)


class Visit(SQLModel, table=True):
    """One browser with one chat. The token itself is only in the browser."""

    token: str = Field(primary_key=True, max_length=64)
    external: str = Field(unique=True, max_length=40)
    language: str = Field(default="", max_length=2)
    began_at: datetime
    seen_at: datetime


async def begin(session: AsyncSession, at: datetime, language: str = "") -> tuple[str, Visit]:
    """A new visit and its token."""
    token = ids.token()
    visit = Visit(token=ids.fingerprint(token), external=ids.token()[:32], language=language, began_at=at, seen_at=at)
    session.add(visit)
    return token, visit


async def visit_of(session: AsyncSession, token: str, at: datetime) -> Visit | None:
    visit = await session.scalar(select(Visit).where(col(Visit.token) == ids.fingerprint(token)))
    return visit if visit is not None and at - visit.seen_at < LASTS else None


async def holds(session: AsyncSession, visit: Visit) -> bool:
    """Whether a visit that was found before is still there."""
    return await session.scalar(select(col(Visit.token)).where(col(Visit.token) == visit.token)) is not None


async def seen(session: AsyncSession, visit: Visit, at: datetime) -> None:
    """Keep a visit alive; once a day is enough."""
    if at - visit.seen_at > timedelta(days=1):
        await session.execute(update(Visit).where(col(Visit.token) == visit.token).values(seen_at=at))


async def choose_language(session: AsyncSession, visit: Visit, language: str) -> None:
    await session.execute(update(Visit).where(col(Visit.token) == visit.token).values(language=language))


async def forget(session: AsyncSession, token: str) -> None:
    """Quick exit: this device can never open the chat again."""
    await session.execute(delete(Visit).where(col(Visit.token) == ids.fingerprint(token)))
