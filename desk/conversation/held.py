"""What the channel did not let out while the person was silent goes out with their next words."""

from sqlalchemy import select
from sqlmodel import col

from desk.channels import units
from desk.conversation.turn import STAFF_LANGUAGE, Turn
from desk.database import ring
from desk.history import record
from desk.messages import SHUT, Message, Status
from desk.texts import w
from desk.times import SinceDay


async def release(turn: Turn) -> bool:
    """Whether a reply had to wait for these words; the first of them says why it comes so late."""
    if turn.facts.answers_within is None:
        return False
    waiting = (
        await turn.session.scalars(
            select(Message)
            .where(col(Message.address_id) == turn.address.id, col(Message.status) == Status.HELD)
            .order_by(col(Message.id))
        )
    ).all()
    for message in waiting:
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
        _say_why(turn, waiting[0])
        ring(turn.session, "outbox")
    return bool(waiting)


def _say_why(turn: Turn, message: Message) -> None:
    written = turn.book.centre.local(message.at).date()
    why = w("window.late", since=SinceDay(written, turn.today), channel=turn.facts.title)
    text = f"{why.in_(message.language or turn.language)}\n\n{message.text}"
    if units(text) <= turn.facts.longest:
        message.text = text
        if message.other:
            message.other = f"{why.in_(STAFF_LANGUAGE)}\n\n{message.other}"
