"""What a centre's own tickets teach triage: which service each turned out to be, as a pointer beside the words."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import Field, SQLModel, col

from desk import clock
from desk.database import BigKey
from desk.messages import Message
from desk.reading import masked
from desk.tickets import Ticket
from desk.triage import examples

BY_PERSON, BY_STAFF = "person", "staff"
ENOUGH = 40  # Examples; fewer teach nothing that would last.
FIRST = 3  # Messages in which a need is named; what follows answers our questions.


class Correction(SQLModel, table=True):
    """What a ticket turned out to be about, as the person pressed it or staff set it: an example for the next learning.

    The words stay in the messages, so they are forgotten when the messages are.
    """

    id: int | None = Field(default=None, primary_key=True, sa_type=BigKey)
    ticket_id: int = Field(foreign_key="ticket.id", index=True, sa_type=BigKey)
    service: str = Field(max_length=40)
    by: str = Field(max_length=8)  # person, staff
    at: datetime


def correct(session: AsyncSession, ticket: Ticket, service: str, by: str) -> None:
    """Somebody who knows has said what a ticket is about."""
    assert ticket.id is not None
    session.add(Correction(ticket_id=ticket.id, service=service, by=by, at=clock.now()))


async def own_examples(session: AsyncSession) -> Sequence[examples.Message]:
    """The first words of every ticket that was corrected, numbers of documents covered; the last word counts.

    Tickets that raised an alarm are left out, and so is what has been erased: the words are read where they lie.
    """
    rows = await session.execute(
        select(Correction, col(Ticket.person_id))
        .join(Ticket, col(Ticket.id) == col(Correction.ticket_id))
        .where(col(Ticket.alarm) == "")
        .order_by(col(Correction.id))
    )
    last = {correction.ticket_id: (correction.service, person_id) for correction, person_id in rows}
    own = []
    for ticket_id, (service, person_id) in last.items():
        words = await session.scalars(
            select(col(Message.text))
            .where(
                col(Message.ticket_id) == ticket_id,
                col(Message.key).is_not(None),
                col(Message.kind).not_in(("press", "old_press", "command")),
            )
            .order_by(col(Message.id))
            .limit(FIRST)
        )
        if text := masked("\n".join(word for word in words if word.strip())):
            own.append(examples.Message(text, service, writer=f"person {person_id}"))
    return own
