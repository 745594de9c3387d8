"""To be forgotten: what goes when a person asks for it, and what stays for the report without name and words.

It goes in two steps. At once goes all that was said and known; a little later, when the last words are out, the
address to which they went. Until then the press that asked for it is kept too, since a channel may bring it again.
"""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from desk import translation
from desk.courses import Place, Standing
from desk.errors import Conflict
from desk.files import File
from desk.history import Event, record
from desk.linking import Link
from desk.merging import Merge
from desk.messages import WISH, Message, SetAside, Status
from desk.people import Address, ContactRule, Person, trace_of
from desk.reminders import Reminder
from desk.tickets import Note, Reason, Ticket
from desk.tickets import Status as TicketStatus
from desk.visitors import Visit

BROUGHT_AGAIN = timedelta(minutes=15)  # So long the channel may repeat the press that asked for it.
MOST_BROUGHT = 50  # Messages.
AT_LAST = timedelta(days=1)  # Last words that have not left until then will not.


async def brought(session: AsyncSession, address: Address, asked: int, at: datetime) -> list[str]:
    """Fingerprints of what the channel has brought lately, and may bring once more when nothing of it is left here.

    `asked`: the message that stays until `finish`.
    """
    names = await session.execute(
        select(col(Message.key), col(Message.number))
        .where(col(Message.address_id) == address.id, col(Message.id) != asked, col(Message.at) > at - AT_LAST)
        .order_by(col(Message.id).desc())
        .limit(MOST_BROUGHT)
    )
    return [trace_of(name) for name in sorted({name for pair in names for name in pair if name})]


async def erase(
    session: AsyncSession,
    person: Person,
    at: datetime,
    *,
    asked: int = 0,
    address: Address | None = None,
    by: int | None = None,
) -> None:
    """Forget a person. `asked`: the message in which they wished it, `address`: where; `by`: who of the staff did it.

    Tickets stay as service and dates, places in courses as numbers. That message and address stay until `finish`.
    Raises Conflict over an alarm that is not closed: it might be another's hand that asks.
    """
    everyone = sorted(await _all_of(session, person))
    rows = [await session.get_one(Person, one, with_for_update=True, populate_existing=True) for one in everyone]
    if person.merged_into is not None:
        raise Conflict("error.same_person")  # They are another's part by now: open that one.
    urgent = select(col(Ticket.id)).where(
        _of(Ticket.person_id, everyone), col(Ticket.alarm_at).is_not(None), col(Ticket.status) != TicketStatus.CLOSED
    )
    if await session.scalar(urgent.limit(1)) is not None:
        raise Conflict("error.erase_urgent")
    await _forget_words(session, everyone, asked)
    await _empty_tickets(session, everyone, at, by)
    await session.execute(
        update(Place)
        .where(_of(Place.person_id, everyone), col(Place.standing) != Standing.LEFT)
        .values(standing=Standing.LEFT)
    )
    await session.execute(delete(Merge).where(_of(Merge.kept_id, everyone) | _of(Merge.gone_id, everyone)))
    for table in (Reminder, Link):
        await session.execute(delete(table).where(_of(table.person_id, everyone)))
    await session.execute(
        update(Event).where(_of(Event.person_id, everyone), col(Event.kind) == "person.contact_rule").values(facts={})
    )
    await _forget_addresses(session, everyone, but=address)
    for row in rows:
        row.name = row.gmina = row.notice = ""
        row.is_minor, row.contact_rule, row.reminders = False, ContactRule.FREE, None
        row.prefers, row.joined, row.talk, row.answer_due_at = None, False, {}, None
        row.erased_at = at
    record(session, "person.erased" if by else "person.erased_self", person_id=person.id, staff_id=by)


async def to_finish(session: AsyncSession, at: datetime, limit: int = 50) -> Sequence[int]:
    """People who were forgotten a while ago, and whose last words have left."""
    still = select(col(Message.id)).where(
        col(Message.person_id) == col(Person.id), col(Message.status).in_((Status.WAITING, Status.SENDING))
    )
    known = select(col(Message.id)).where(col(Message.person_id) == col(Person.id))
    reached = select(col(Address.id)).where(col(Address.person_id) == col(Person.id))
    found = await session.scalars(
        select(col(Person.id))
        .where(
            col(Person.erased_at) < at - BROUGHT_AGAIN,
            known.exists() | reached.exists(),
            ~still.exists() | (col(Person.erased_at) < at - AT_LAST),
        )
        .limit(limit)
    )
    return [number for number in found if number is not None]


async def finish(session: AsyncSession, person_id: int) -> None:
    """The last words are out: now the address goes as well."""
    # Whoever writes from it at this moment waits, and then finds it gone, or has it already.
    person = await session.get_one(Person, person_id, with_for_update=True, populate_existing=True)
    await _forget_words(session, [person_id])
    await _forget_addresses(session, [person_id])
    person.talk = {}


def _of(column: Any, people: Sequence[int]) -> Any:
    return col(column).in_(people)


async def _all_of(session: AsyncSession, person: Person) -> list[int]:
    """The person, and those who turned out to be the same."""
    assert person.id is not None
    everyone, new = [person.id], [person.id]
    while new:
        new = [one for one in await session.scalars(select(col(Person.id)).where(_of(Person.merged_into, new))) if one]
        everyone += new
    return everyone


async def _forget_words(session: AsyncSession, people: Sequence[int], keep: int = 0) -> None:
    """Messages with their files and translations, and what of theirs was set aside."""
    await _forget_messages(session, _of(Message.person_id, people), col(Message.id) != keep)
    for address in await _addresses(session, people):
        theirs = re.compile(rb"(?<!\w)" + re.escape(address.external.encode()) + rb"(?!\w)")
        aside = select(SetAside).where(col(SetAside.channel) == address.channel, ~col(SetAside.key).startswith(WISH))
        for row in (await session.scalars(aside)).all():
            if theirs.search(row.raw):
                await session.delete(row)


async def _forget_messages(session: AsyncSession, *which: Any) -> None:
    await translation.forget(session, (await session.scalars(select(Message).where(*which))).all())
    theirs: Select[Any] = select(col(Message.id)).where(*which)
    await session.execute(delete(File).where(col(File.message_id).in_(theirs)))
    await session.execute(delete(Message).where(*which))


async def _empty_tickets(session: AsyncSession, people: Sequence[int], at: datetime, by: int | None) -> None:
    tickets = (await session.scalars(select(Ticket).where(_of(Ticket.person_id, people)))).all()
    for ticket in tickets:
        ticket.answers, ticket.form, ticket.alarm_state, ticket.preview_id = {}, {}, {}, None
        if ticket.is_open:
            ticket.close(Reason.WITHDRAWN, at)
            record(
                session,
                "ticket.closed",
                ticket_id=ticket.id,
                person_id=ticket.person_id,
                staff_id=by,
                reason=Reason.WITHDRAWN.value,
            )
        record(session, "ticket.erased", ticket_id=ticket.id, person_id=ticket.person_id, staff_id=by)
    await session.execute(delete(Note).where(col(Note.ticket_id).in_([ticket.id for ticket in tickets])))


async def _addresses(session: AsyncSession, people: Sequence[int]) -> list[Address]:
    return list(await session.scalars(select(Address).where(_of(Address.person_id, people))))


async def _forget_addresses(session: AsyncSession, people: Sequence[int], but: Address | None = None) -> None:
    """With the browsers that hold them."""
    going = [address for address in await _addresses(session, people) if but is None or address.id != but.id]
    numbers = [address.id for address in going]
    # Also the last words to whoever had the address before, if they are still there.
    await _forget_messages(session, col(Message.address_id).in_(numbers))
    await session.execute(delete(Link).where(col(Link.address_id).in_(numbers) | col(Link.opened_by).in_(numbers)))
    await session.execute(delete(Visit).where(col(Visit.external).in_([address.external for address in going])))
    await session.execute(delete(Address).where(col(Address.id).in_(numbers)))
