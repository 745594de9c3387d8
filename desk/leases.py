"""One owner of a thing at a time: who polls, who delivers on a channel, who makes the rounds."""

from datetime import datetime, timedelta

from sqlalchemy import delete, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import Field, SQLModel, col

from desk.database import insert_unless_there

LASTS = timedelta(seconds=10)


class Lease(SQLModel, table=True):
    name: str = Field(primary_key=True, max_length=80)
    holder: str = Field(max_length=80)
    until: datetime


async def hold(session: AsyncSession, name: str, holder: str, at: datetime) -> str:
    """Take or keep a lease: "kept", "gained" when another held it or nobody did, or "" while another holds it."""
    kept = await session.execute(
        update(Lease).where(col(Lease.name) == name, col(Lease.holder) == holder).values(until=at + LASTS)
    )
    if kept.rowcount:  # type: ignore[attr-defined]
        return "kept"
    taken = await session.execute(
        update(Lease).where(col(Lease.name) == name, col(Lease.until) < at).values(holder=holder, until=at + LASTS)
    )
    if taken.rowcount:  # type: ignore[attr-defined]
        return "gained"
    made = await insert_unless_there(session, Lease(name=name, holder=holder, until=at + LASTS), "name")
    return "gained" if made else ""


async def let_go(session: AsyncSession, holder: str) -> None:
    await session.execute(delete(Lease).where(col(Lease.holder) == holder))


async def clear(session: AsyncSession) -> None:
    """Forget all leases: for the start of the only process of an installation, whose forerunner has died."""
    await session.execute(delete(Lease))
