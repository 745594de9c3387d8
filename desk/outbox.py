"""The told messages that still wait: which goes next, who sends it, how that ended."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Integer, Select, bindparam, exists, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased
from sqlmodel import col

from desk.messages import Message, Status
from desk.people import Address

UNSURE_AFTER = timedelta(minutes=2)
MOST_ATTEMPTS = 8


@dataclass(frozen=True)
class InLine:
    """An outgoing message that may go now, its chat, and whether more waits for the same chat."""

    message_id: int
    address_id: int
    external: str  # The channel's name of the chat.
    more: bool


def _next_in_line() -> Select[*tuple[Any, ...]]:
    """Built once: writing this down anew for every look costs more than the look."""
    earlier, later = aliased(Message), aliased(Message)
    more = exists().where(
        col(later.address_id) == col(Message.address_id),
        col(later.id) > col(Message.id),
        col(later.status) == Status.WAITING,
    )
    return (
        select(
            col(Message.id),
            col(Message.address_id),
            col(Address.external),
            more,
        )
        .join(Address, col(Address.id) == col(Message.address_id))
        .where(
            col(Message.channel) == bindparam("channel"),
            col(Message.account) == bindparam("account"),
            col(Message.status) == Status.WAITING,
            col(Message.not_before) <= bindparam("at"),
            ~exists().where(
                col(earlier.address_id) == col(Message.address_id),
                col(earlier.id) < col(Message.id),
                col(earlier.status).in_([Status.WAITING, Status.SENDING]),
                # What is planned for later holds nobody up; what was tried and must wait keeps its place.
                (col(earlier.not_before) <= bindparam("at")) | (col(earlier.attempts) > 0),
            ),
        )
        .order_by(col(Message.not_before), col(Message.id))
        .limit(bindparam("most", type_=Integer))
    )


_NEXT_IN_LINE = _next_in_line()


async def next_in_line(session: AsyncSession, channel: str, account: str, at: datetime, most: int) -> list[InLine]:
    """The outgoing messages that have waited longest and may go now.

    Of one address only the first waiting message can go, and none while another is being sent: order is kept per person.
    """
    rows = await session.execute(_NEXT_IN_LINE, {"channel": channel, "account": account, "at": at, "most": most})
    return [InLine(*row) for row in rows]


async def claim(session: AsyncSession, message_id: int, at: datetime) -> Message | None:
    """Mark a waiting message as being sent, or None when another was faster."""
    return (
        await session.scalars(
            update(Message)
            .where(col(Message.id) == message_id, col(Message.status) == Status.WAITING)
            .values(status=Status.SENDING, claimed_at=at, attempts=col(Message.attempts) + 1)
            .returning(Message)
        )
    ).one_or_none()


async def settle(
    session: AsyncSession,
    message_id: int,
    status: Status,
    *,
    at: datetime,
    number: str | None = None,
    failure: str = "",
    not_before: datetime | None = None,
    attempts: int | None = None,
) -> bool:
    """Write down how the sending of one message ended; whether it was still open, and not settled by an echo."""
    values: dict[str, Any] = {"status": status, "failure": failure[:80]}
    if status is Status.SENT:
        values |= {"sent_at": at, "number": number}
    if not_before is not None:
        values["not_before"] = not_before
    if attempts is not None:
        values["attempts"] = attempts
    done = await session.execute(
        update(Message)
        .where(col(Message.id) == message_id, col(Message.status) == Status.SENDING)
        .values(**values)
        .returning(col(Message.id))
    )
    return done.first() is not None


async def doubtful(
    session: AsyncSession, channel: str, account: str, at: datetime, *, all_of_them: bool
) -> Sequence[Message]:
    """Messages that somebody began to send and never finished. They become unsure.

    `all_of_them`: the caller has just become the only one who sends here, so whoever began has died.
    """
    query = update(Message).where(
        col(Message.channel) == channel, col(Message.account) == account, col(Message.status) == Status.SENDING
    )
    if not all_of_them:
        query = query.where(col(Message.claimed_at) < at - UNSURE_AFTER)
    return (await session.scalars(query.values(status=Status.UNSURE, failure="killed").returning(Message))).all()
