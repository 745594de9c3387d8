"""What staff do about an alarm: somebody takes it, or says that there is no danger, and why."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from desk import channels, people, windows
from desk import messages as post
from desk.errors import Conflict, Invalid
from desk.history import record
from desk.messages import Button, Purpose
from desk.people import Address
from desk.staff import Staff
from desk.texts import say
from desk.tickets import Ticket


def must_be_taken(ticket: Ticket) -> None:
    if ticket.is_urgent and ticket.taken_at is None:
        raise Conflict("error.take_first")


async def take(session: AsyncSession, ticket: Ticket, staff: Staff, at: datetime) -> None:
    """«Przejmuję»: the alarm stops, and the person learns that somebody is reading."""
    if ticket.alarm_at is None:
        raise Conflict("error.no_alarm")
    if ticket.taken_at is not None:
        if ticket.owner_id == staff.id:
            return
        raise Conflict("error.taken_already")
    ticket.taken_at, ticket.owner_id, ticket.touched_at = at, staff.id, at
    record(session, "alarm.taken", ticket_id=ticket.id, person_id=ticket.person_id, staff_id=staff.id)
    person = await people.present(session, ticket.person_id)
    address = await windows.choose(session, person, at)
    language = person.language or "uk"
    key = "child.taken" if person.is_minor else "safe.taken"
    await post.tell(
        session,
        address,
        say(language, key, who=say(language, "who", name=staff.called(language))),
        language=language,
        at=at,
        purpose=Purpose.NEWS,
        ticket_id=ticket.id,
        other=say("pl", key, who=say("pl", "who", name=staff.called("pl"))) if language != "pl" else "",
        other_language="pl",
        other_by="fixed",
        choices=_traces(ticket, address, language),
        extra={"danger": True},
    )


def _traces(ticket: Ticket, address: Address, language: str) -> list[Button]:
    """Where somebody at home may read along on the same device, how to leave none."""
    if ticket.alarm != "domestic_violence" or channels.facts_of(address.channel).reaches_closed:
        return []
    return [Button("-:c:trace", say(language, "button.c:trace"))]


def lower(session: AsyncSession, ticket: Ticket, staff: Staff, reason: str) -> None:
    """A person decides that there is no danger, and says why."""
    if not reason.strip():
        raise Invalid("error.no_reason")
    if ticket.alarm_at is None:
        raise Conflict("error.no_alarm")
    ticket.alarm_at = None
    ticket.alarm_state = {**ticket.alarm_state, "lowered_by": staff.id, "why_lowered": reason.strip()[:300]}
    record(session, "alarm.lowered", ticket_id=ticket.id, person_id=ticket.person_id, staff_id=staff.id)
