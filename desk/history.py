"""Who did (and read) what, append-only; live pages follow it."""

import asyncio
import contextlib
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import Field, SQLModel, col

from desk import clock
from desk.database import BigKey, Database, DatabaseAway, ring


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


async def of_ticket(session: AsyncSession, ticket_id: int) -> Sequence[Event]:
    return (await session.scalars(select(Event).where(col(Event.ticket_id) == ticket_id).order_by(col(Event.id)))).all()


OVERLAP = 200  # On PostgreSQL a lower number can become visible late: so far back is read again, and dropped if known.
BREATH = 0.25  # Seconds in which the changes of a busy moment gather into one look.
SILENT = ("ticket.read", "file.read", "staff.signed_in")


class News:
    """Follows the history for this process and wakes its open pages."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.listeners: set[asyncio.Queue[int]] = set()

    def listen(self) -> asyncio.Queue[int]:
        queue: asyncio.Queue[int] = asyncio.Queue(maxsize=500)
        self.listeners.add(queue)
        return queue

    def leave(self, queue: asyncio.Queue[int]) -> None:
        self.listeners.discard(queue)

    async def run(self) -> None:
        bell = self.database.bell("history")
        seen, known = await self._so_far()
        while True:
            await bell.wait(1.0)
            with contextlib.suppress(DatabaseAway):
                changes = await self._changes_after(seen)
                self._tell({ticket for number, ticket in changes.items() if number not in known})
                known = set(changes)
                seen = max(known, default=seen)
            await asyncio.sleep(BREATH)

    async def _so_far(self) -> tuple[int, set[int]]:
        """The newest event, and those shortly before it, which are no news."""
        while True:
            with contextlib.suppress(DatabaseAway):
                async with self.database.reading() as session:
                    last = await session.scalar(select(func.max(col(Event.id)))) or 0
                return last, set(await self._changes_after(last))
            await asyncio.sleep(1)

    async def _changes_after(self, seen: int) -> dict[int, int]:
        """Events that changed a ticket, and which; from a little before `seen` where they can become visible late."""
        overlap = 0 if self.database.is_sqlite else OVERLAP
        query = (
            select(col(Event.id), col(Event.ticket_id))
            .where(col(Event.id) > seen - overlap, col(Event.ticket_id).is_not(None), col(Event.kind).not_in(SILENT))
            .order_by(col(Event.id))
            .limit(OVERLAP + 500)
        )
        async with self.database.reading() as session:
            return {number: ticket for number, ticket in await session.execute(query) if number and ticket}

    def _tell(self, tickets: set[int]) -> None:
        for queue in self.listeners:
            for ticket in tickets:
                with contextlib.suppress(asyncio.QueueFull):
                    queue.put_nowait(ticket)
