"""Whether anything was lost: what was received against what stands in tickets, what was set aside, what did not arrive."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from desk.messages import Direction, Message, Purpose, SetAside, Status
from desk.people import Person
from desk.tickets import Ticket

UNDELIVERED = (Status.UNSURE, Status.FAILED)


async def waiting_aside(session: AsyncSession) -> int:
    return await session.scalar(select(func.count()).where(col(SetAside.settled_at).is_(None))) or 0


async def undelivered_count(session: AsyncSession) -> int:
    return (
        await session.scalar(
            select(func.count()).where(
                col(Message.status).in_(UNDELIVERED),
                col(Message.settled_by).is_(None),
                col(Message.purpose) != Purpose.DEED,
            )
        )
        or 0
    )


async def set_aside(session: AsyncSession, limit: int = 100) -> Sequence[SetAside]:
    return (
        await session.scalars(
            select(SetAside).where(col(SetAside.settled_at).is_(None)).order_by(col(SetAside.id)).limit(limit)
        )
    ).all()


async def undelivered(session: AsyncSession, limit: int = 100) -> Sequence[tuple[Message, Ticket | None, Person]]:
    """What may not or did not arrive, until a member of staff has dealt with it."""
    rows = await session.execute(
        select(Message, Ticket, Person)
        .join(Person, col(Person.id) == col(Message.person_id))
        .outerjoin(Ticket, col(Ticket.id) == col(Message.ticket_id))
        .where(
            col(Message.status).in_(UNDELIVERED),
            col(Message.settled_by).is_(None),
            col(Message.purpose) != Purpose.DEED,
        )
        .order_by(col(Message.id).desc())
        .limit(limit)
    )
    return [(message, ticket, person) for message, ticket, person in rows]


async def told_since(session: AsyncSession, since: datetime) -> dict[Status, int]:
    """What was to be said since then, by how it fared."""
    rows = await session.execute(
        select(col(Message.status), func.count())
        .where(
            col(Message.direction) == Direction.TOLD,
            col(Message.said_at) >= since,
            col(Message.purpose) != Purpose.DEED,
        )
        .group_by(col(Message.status))
    )
    return {status: n for status, n in rows}
