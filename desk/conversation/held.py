"""What the channel did not let out while the person was silent goes out with their next words."""

from sqlalchemy import select
from sqlmodel import col

from desk import channels, windows
from desk.channels import units
from desk.conversation.turn import STAFF_LANGUAGE, Turn
from desk.database import ring
from desk.history import record
from desk.messages import SHUT, Message, Status
from desk.texts import w
from desk.times import SinceDay
from desk.windows import Way


async def release(turn: Turn) -> bool:
    """Whether a reply had to wait for these words; the first of them says why it comes so late."""
    if turn.facts.answers_within is None and not turn.person.joined:
        return False
    if windows.of(turn.address).way(turn.at) is not Way.OPEN:
        return False  # Old words, brought late: they open nothing.
    mine = col(Message.address_id) == turn.address.id
    if turn.facts.reaches_closed:
        # What waits on another channel comes to where they are now; a page could only show it out of its order.
        mine = col(Message.person_id) == turn.person.id
    waiting = (
        await turn.session.scalars(
            select(Message).where(mine, col(Message.status) == Status.HELD).order_by(col(Message.id)).with_for_update()
        )
    ).all()
    waited_on = waiting[0].channel if waiting else ""
    for message in waiting:
        if message.address_id != turn.address.id:
            # It waited on another channel; they are here now.
            message.address_id, message.channel = turn.address.id or 0, turn.address.channel
            message.account = turn.address.account
        message.status, message.failure, message.not_before = Status.WAITING, "", turn.at
        record(
            turn.session,
            "message.released",
            ticket_id=message.ticket_id,
            person_id=message.person_id,
            message=message.id,
            why=SHUT,
        )
    if waiting:
        first = next((message for message in waiting if message.kind == "text"), None)
        if first is not None:
            _say_why(turn, first, waited_on)
        ring(turn.session, "outbox")
    return bool(waiting)


def _say_why(turn: Turn, message: Message, waited_on: str) -> None:
    written = turn.book.centre.local(message.at).date()
    why = w("window.late", since=SinceDay(written, turn.today), channel=channels.facts_of(waited_on).title)
    text = f"{why.in_(message.language or turn.language)}\n\n{message.text}"
    if units(text) <= turn.facts.longest:
        message.text = text
        if message.other:
            message.other = f"{why.in_(STAFF_LANGUAGE)}\n\n{message.other}"
