"""What a channel reports about what was told: it is out, it arrived, it was read, or somebody wrote it elsewhere."""

import enum
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import CursorResult, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from desk import ids, people
from desk.database import insert_unless_there
from desk.files import FileHeard, announce
from desk.history import record
from desk.messages import Author, Direction, Message, Purpose, Status
from desk.people import Address, Place
from desk.reading import readable
from desk.tickets import Status as TicketStatus
from desk.tickets import Ticket, current_of

AT_ONCE = timedelta(seconds=15)  # Nobody reads and answers faster.
CLOCKS = timedelta(seconds=1)  # By so much the channel's clock may be behind ours.
OUT = (Status.WAITING, Status.SENDING, Status.UNSURE, Status.FAILED, Status.SENT)


class What(enum.Enum):
    TOLD = "told"
    ARRIVED = "arrived"
    READ = "read"


@dataclass(frozen=True)
class Receipt:
    """`ours`: our own id of the message, where the channel gave it back. `at`: everything told until then, or when told.

    `numbers`: the messages that have arrived, where the channel names them.
    """

    place: Place
    what: What
    at: datetime
    number: str = ""
    ours: str = ""
    text: str = ""
    files: tuple[FileHeard, ...] = ()
    numbers: tuple[str, ...] = ()
    automatic: bool = False  # Another program wrote it, as far as the channel tells.


async def take(session: AsyncSession, receipt: Receipt, at: datetime) -> bool:
    """Write down what is new in it; a second delivery, or an older one, changes nothing.

    True: it may be of a message that is still being sent, of which we do not know yet what the channel calls it.
    """
    address = await _where(session, receipt, at)
    if address is None:
        return False
    if receipt.what is not What.TOLD:
        return await _until(session, address, receipt)
    if (ours := ids.row_number(receipt.ours)) is not None:
        await _is_out(session, address, ours, receipt)
    else:
        await _written_elsewhere(session, address, receipt, at)
    return False


async def _where(session: AsyncSession, receipt: Receipt, at: datetime) -> Address | None:
    """The address that it is about; None when that is nobody's, or of somebody who wished to be forgotten."""
    found = (await session.execute(people.who_has(receipt.place))).first()
    if found is not None:
        person, address = found
        if people.was_forgotten(person, receipt.number):
            return None
        if person.erased_at is None or receipt.ours:
            return address
        if not _by_hand(receipt, address):
            return None  # A program answers the very wish to be forgotten.
    if receipt.what is not What.TOLD or receipt.ours:
        return None
    # Staff wrote in the channel's own inbox, and we learn of it before we hear the person themselves.
    _, address, _ = await people.meet(session, receipt.place, at)
    return address


def _by_hand(receipt: Receipt, address: Address) -> bool:
    """What follows the person's words at once is an "instant reply" of the channel, and nobody has read them."""
    return not receipt.automatic and receipt.at - address.heard_at > AT_ONCE


async def _is_out(session: AsyncSession, address: Address, ours: int, receipt: Receipt) -> None:
    """Our own message came back: whatever we believed, it is out."""
    message = await session.scalar(
        select(Message).where(col(Message.id) == ours, col(Message.address_id) == address.id).with_for_update()
    )
    if message is None or message.status not in OUT:
        return
    if message.status is not Status.SENT:
        message.status, message.failure, message.sent_at = Status.SENT, "", receipt.at
        record(
            session, "message.sent", ticket_id=message.ticket_id, person_id=message.person_id, message=ours, why="echo"
        )
    message.number = message.number or receipt.number


async def _until(session: AsyncSession, address: Address, receipt: Receipt) -> bool:
    """All that was told before this moment has arrived, or was read; or just what the channel names.

    True when there may be more to it, since something is being sent.
    """
    named = col(Message.number).in_(receipt.numbers)
    told = (
        col(Message.address_id) == address.id,
        col(Message.status) == Status.SENT,
        col(Message.direction) == Direction.TOLD,
        named if receipt.numbers else col(Message.claimed_at) <= receipt.at + CLOCKS,
    )
    columns = (Message.arrived_at,) if receipt.what is What.ARRIVED else (Message.arrived_at, Message.read_at)
    new = 0
    for column in columns:
        done = await session.execute(update(Message).where(*told, col(column).is_(None)).values({column: receipt.at}))
        new += cast("CursorResult[Any]", done).rowcount
    if receipt.numbers and new >= len(receipt.numbers) * len(columns):
        return False
    sending = select(col(Message.id)).where(
        col(Message.address_id) == address.id, col(Message.status) == Status.SENDING
    )
    return await session.scalar(sending.limit(1)) is not None


async def _written_elsewhere(session: AsyncSession, address: Address, receipt: Receipt, at: datetime) -> None:
    """Staff have answered in the channel's own inbox: it stands in the ticket, and the bot is silent there."""
    known = await session.scalar(
        select(col(Message.id)).where(col(Message.address_id) == address.id, col(Message.number) == receipt.number)
    )
    if known is not None or not receipt.number:
        return
    if receipt.automatic and (ours := await _being_sent(session, address, receipt.text)) is not None:
        await _is_out(session, address, ours, receipt)
        return
    ticket = await _where_it_belongs(session, address.person_id, at)
    row = Message(
        person_id=address.person_id,
        address_id=address.id or 0,
        ticket_id=ticket.id if ticket else None,
        channel=address.channel,
        account=address.account,
        direction=Direction.TOLD,
        author=Author.STAFF,
        status=Status.SENT,
        purpose=Purpose.REPLY,
        kind=receipt.files[0].kind if receipt.files else "text",
        text=readable(receipt.text),
        at=at,
        said_at=receipt.at,
        sent_at=receipt.at,
        claimed_at=receipt.at,
        number=receipt.number,
        extra={"elsewhere": True},
        request_key=f"echo:{receipt.number}"[:120],
        other_state="wanted" if receipt.text else "",
        typed=True,
    )
    if not await insert_unless_there(session, row, "request_key"):
        return
    announce(session, row.id or 0, address, receipt.files, at)
    if ticket is not None:
        if _by_hand(receipt, address) and ticket.is_open:
            ticket.staff_at = ticket.touched_at = at
            ticket.status, ticket.due_at = TicketStatus.WAITING, None
        record(session, "ticket.replied_elsewhere", ticket_id=ticket.id, person_id=address.person_id, message=row.id)


async def _being_sent(session: AsyncSession, address: Address, text: str) -> int | None:
    """Our own message with these words, of which the channel did not give our number back."""
    if not text:
        return None
    return await session.scalar(
        select(col(Message.id))
        .where(
            col(Message.address_id) == address.id,
            col(Message.status).in_((Status.SENDING, Status.UNSURE)),
            col(Message.text) == text,
        )
        .order_by(col(Message.id))
        .limit(1)
    )


async def _where_it_belongs(session: AsyncSession, person_id: int, at: datetime) -> Ticket | None:
    """The ticket that is open, else the last one there was, which does not wake for it."""
    tickets = await current_of(session, person_id, at)
    if tickets:
        return next((ticket for ticket in reversed(tickets) if ticket.is_open), tickets[-1])
    return await session.scalar(
        select(Ticket).where(col(Ticket.person_id) == person_id).order_by(col(Ticket.id).desc()).limit(1)
    )
