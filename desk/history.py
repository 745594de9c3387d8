"""Who did (and read) what, append-only; live pages follow it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import Field, SQLModel, col

from desk import clock
from desk.database import BigKey, ring


class Event(SQLModel, table=True):
    """One thing that happened. `facts` hold ids and machine words, never what a person wrote."""

    id: int | None = Field(default=None, primary_key=True, sa_type=BigKey)
    at: datetime
    kind: str = Field(max_length=40)
    ticket_id: int | None = Field(default=None, index=True, sa_type=BigKey)
    person_id: int | None = Field(default=None, index=True, sa_type=BigKey)
    staff_id: int | None = Field(default=None, sa_type=BigKey)
    facts: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)


def record(
    session: AsyncSession,
    kind: str,
    *,
    ticket_id: int | None = None,
    person_id: int | None = None,
    staff_id: int | None = None,
    **facts: object,
) -> None:
    """Write one line of history, in the transaction of the thing itself."""
    session.add(
        Event(at=clock.now(), kind=kind, ticket_id=ticket_id, person_id=person_id, staff_id=staff_id, facts=facts)
    )
    ring(session, "history")


async def newer_than(session: AsyncSession, seen: int, *, limit: int = 500) -> Sequence[Event]:
    """What was written after event number `seen`.

    On PostgreSQL a lower number can become visible after a higher one: callers read again a little before what they
    have seen and drop what they know.
    """
    return (await session.scalars(select(Event).where(col(Event.id) > seen).order_by(col(Event.id)).limit(limit))).all()


async def of_ticket(session: AsyncSession, ticket_id: int) -> Sequence[Event]:
    return (await session.scalars(select(Event).where(col(Event.ticket_id) == ticket_id).order_by(col(Event.id)))).all()
