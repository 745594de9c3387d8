"""The person beside the conversation: who, how to reach them, what they answered, what else they asked."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from api.doors import Asking
from api.moments import Moments
from api.tickets.inbox import need_of
from api.tickets.window import contact_state
from desk import history, ids
from desk.access import may_read
from desk.handbook import Handbook
from desk.people import Address, ContactRule, Person, initials
from desk.script import form, summary
from desk.services import Service
from desk.staff import Staff
from desk.texts import InLanguages, Verbatim, say
from desk.tickets import Status, Ticket

RULES = {
    ContactRule.FREE: "safe.any",
    ContactRule.ONLY_TEXT: "safe.write_only",
    ContactRule.NO_TOPIC: "safe.no_topic",
    ContactRule.NEVER_FIRST: "safe.never_first",
}


UNKNOWN = "safe.unknown"


async def panel_of(
    session: AsyncSession,
    ticket: Ticket,
    person: Person,
    book: Handbook,
    moments: Moments,
    asking: Asking,
    names: Mapping[int, Staff],
    addresses: list[Address],
    unknown: bool,
) -> dict[str, Any]:
    """`unknown`: nobody has said how someone in danger may be reached."""
    lang = asking.language
    service = book.catalogue.service(ticket.service)
    rows = summary.rows(service, ticket.answers) if service else []
    missing = (
        [service.slots[slot].label.in_(lang) for slot in form.remaining(service, ticket.answers, form.Progress())]
        if service and ticket.is_open
        else []
    )
    others = await session.scalars(
        select(Ticket)
        .where(col(Ticket.person_id) == person.id, col(Ticket.id) != ticket.id)
        .order_by(col(Ticket.id).desc())
        .limit(8)
    )
    assert ticket.id is not None
    events, readers = _newest(await history.of_ticket(session, ticket.id))
    return {
        "person": person_of(person, book, lang, ticket),
        "contacts": [contact_of(address, moments, lang) for address in addresses],
        "safe": say(lang, UNKNOWN if unknown else RULES[person.contact_rule], "staff"),
        "safe_strict": unknown or person.contact_rule in (ContactRule.NEVER_FIRST, ContactRule.NO_TOPIC),
        "answers": [
            {
                "label": (row.label or _label_of(service, row.slot)).in_(lang),
                "value": row.value.in_(lang) if row.label else row.value.in_(lang).split(": ", 1)[-1],
                "lang": lang,
            }
            for row in rows
        ],
        "missing": missing,
        "numbers": [],
        "others": [
            {
                "ref": ids.spoken(other.ref),
                "url": f"/staff/tickets/{ids.spoken(other.ref)}",
                "title": need_of(other, book.catalogue.service(other.service), lang),
                "state": state_of(other),
            }
            for other in others
            if may_read(asking.staff, other, book.catalogue)
        ],
        "history": [
            {"at_text": moments.short(event.at), "at_iso": moments.iso(event.at), "text": _told(event, names, lang)}
            for event in reversed(events)
        ],
        "history_url": None,
        "readers": say(lang, "panel.readers", "staff", n=readers) if readers else None,
    }


def _newest(happened: Sequence[history.Event]) -> tuple[list[history.Event], int]:
    """What was done last, and how many have read. Of somebody's openings the last is enough: deeds must not drown."""
    readings = {event.staff_id: event.id for event in happened if event.kind == "ticket.read"}
    told = [
        event
        for event in happened
        if event.kind in TOLD and (event.kind != "ticket.read" or readings[event.staff_id] == event.id)
    ]
    return told[-12:], len(readings)


def _label_of(service: Service | None, slot_id: str) -> InLanguages:
    """What a question is called, where the person reads its answer as a sentence of its own."""
    slot = service.slots.get(slot_id) if service else None
    return slot.label if slot else Verbatim("")


TOLD = frozenset(
    {
        "ticket.replied", "ticket.noted", "ticket.assigned", "ticket.priority", "ticket.service", "ticket.closed",
        "ticket.read", "alarm.raised", "alarm.taken", "alarm.lowered", "message.unsure", "message.failed",
    }
)  # fmt: skip


def _told(event: history.Event, names: Mapping[int, Staff], lang: str) -> str:
    who = names.get(event.staff_id or 0)
    return say(lang, f"history.{event.kind}", "staff", who=who.name if who else say(lang, "word.bot", "staff"))


def person_of(person: Person, book: Handbook, lang: str, ticket: Ticket | None = None) -> dict[str, Any]:
    slot = book.catalogue.shared.get("gmina")
    option = slot.option(person.gmina) if slot and person.gmina else None
    phone = (ticket.answers.get("phone") or {}).get("v") if ticket else None
    name = person.name or say(lang, "row.no_name", "staff")
    return {
        "name": name,
        "native_name": "",
        "native_lang": person.language or "uk",
        "initials": initials(person.name),
        "url": f"/staff/people/{person.id}",
        "languages_text": say(lang, f"language.{person.language}", "staff") if person.language else "",
        "commune": option.label.in_(lang) if option else "",
        "phone_text": masked_phone(phone) if isinstance(phone, str) else "",
        "phone_url": None,
        "is_minor": person.is_minor,
    }


def masked_phone(phone: str) -> str:
    """+48 ••• ••• 214"""
    return f"{phone[:3]} ••• ••• {phone[-3:]}"


def contact_of(address: Address, moments: Moments, lang: str) -> dict[str, Any]:
    if not address.reachable:
        return {
            "channel": address.channel,
            "state": "unreachable",
            "text": say(lang, f"failure.{address.why_not or 'unknown'}", "staff"),
        }
    state = contact_state(address, moments)
    text = say(lang, "window.shut", "staff") if state == "closed" else moments.short(address.heard_at)
    return {"channel": address.channel, "state": state, "text": text}


def state_of(ticket: Ticket) -> str:
    return "asking" if ticket.status is Status.DRAFT else ticket.status.value
