"""When the whole desk was away, noticed when it works again: whoever wrote meanwhile is told once, with an apology."""

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import Field, SQLModel, col

from desk.history import record

BEATS = timedelta(minutes=2)  # A longer pause between two beats is an outage.
WAITED = timedelta(minutes=15)  # Whose words have waited so long for us is told why.


class Outage(SQLModel, table=True):
    """A time in which nothing worked."""

    id: int | None = Field(default=None, primary_key=True)
    began_at: datetime
    ended_at: datetime

    @property
    def name(self) -> str:
        return f"outage.{self.began_at.isoformat()}"


class Pulse(SQLModel, table=True):
    """The last moment at which an installation was surely at work."""

    id: int = Field(default=1, primary_key=True)
    at: datetime


async def beat(session: AsyncSession, at: datetime) -> None:
    """The desk works now; a long pause since it last did is written down."""
    pulse = await session.get(Pulse, 1)
    if pulse is None:
        session.add(Pulse(at=at))
        return
    if at - pulse.at > BEATS:
        session.add(Outage(began_at=pulse.at, ended_at=at))
        record(session, "desk.was_away", began_at=pulse.at.isoformat(), ended_at=at.isoformat())
    pulse.at = at


async def that_delayed(session: AsyncSession, said_at: datetime, at: datetime) -> Outage | None:
    """The outage during which something was said that is only heard now."""
    if at - said_at < WAITED:
        return None
    pulse = await session.get(Pulse, 1)
    if pulse is not None and pulse.at <= said_at and at - pulse.at > BEATS:
        return Outage(began_at=pulse.at, ended_at=at)  # It is only just over, and not written down yet.
    return await session.scalar(
        select(Outage)
        .where(col(Outage.began_at) <= said_at, col(Outage.ended_at) > said_at)
        .order_by(col(Outage.id).desc())
        .limit(1)
    )
