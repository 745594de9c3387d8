"""One ticket: its conversation in both languages, and the person beside it."""

from typing import Any

from fastapi import APIRouter, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from api import channels, pages
from api.doors import Asking, Desk, Reading, TheDesk, Transaction, WhoAsks, WhoLooks
from api.moments import Moments
from api.tickets.conversation import conversation_of
from api.tickets.inbox import counts_for, need_of
from api.tickets.panel import RULES, UNKNOWN, panel_of
from api.tickets.window import composer_way
from desk import clock, ids, tickets
from desk.access import check_may_read
from desk.attachments import ACCEPTED, ALL_TOGETHER, MOST
from desk.handbook import Handbook
from desk.history import record
from desk.people import ContactRule, Person, addresses_of
from desk.profiles import nobody_said_how
from desk.script.summary import topic_of
from desk.staff import CASEWORK, Staff, everyone
from desk.texts import say
from desk.tickets import Reason, Status, Ticket

router = APIRouter()

REASONS = [reason.value for reason in Reason if reason is not Reason.ANSWERED]
PRIORITIES = {"low": "low", "medium": "normal", "high": "high", "urgent": "urgent"}


@router.get("/staff/tickets/{ref}")
async def show(
    ref: str, request: Request, desk: TheDesk, session: Transaction, asking: WhoAsks, part: str = "", note: str = ""
) -> Response:
    """The page; with ?part=conversation only what was said. Every opening is in the history."""
    ticket = await tickets.find_ticket(session, ref)
    book = await desk.shelf.book(session)
    check_may_read(asking.staff, ticket, book.catalogue)
    await _note_reading(session, ticket, asking, part)
    return await render_ticket(
        request, desk, session, asking, book, ticket, part=part, kind="note" if note else "reply"
    )


@router.get("/staff/tickets/{ref}/window")
async def show_window(
    ref: str, request: Request, desk: TheDesk, session: Reading, asking: WhoLooks, via: str = ""
) -> Response:
    """Until when the channel lets us write: it runs on while a page is open, and opens anew with the person's words."""
    ticket = await tickets.find_ticket(session, ref)
    book = await desk.shelf.book(session)
    check_may_read(asking.staff, ticket, book.catalogue)
    person = await session.get_one(Person, ticket.person_id)
    moments = Moments(book.centre.zone, clock.now(), asking.language)
    way = composer_way(await addresses_of(session, person.id or 0), person, ids.row_number(via), moments)
    halted = await channels.halted(session, moments)
    return pages.render(request, desk, "tickets/_window.html", asking, {"composer": {**way, "halted": halted}})


async def _note_reading(session: AsyncSession, ticket: Ticket, asking: Asking, part: str) -> None:
    if not part:
        record(session, "ticket.read", ticket_id=ticket.id, person_id=ticket.person_id, staff_id=asking.id)
    ticket.staff_read_at = clock.now()


async def render_ticket(
    request: Request,
    desk: Desk,
    session: AsyncSession,
    asking: Asking,
    book: Handbook,
    ticket: Ticket,
    *,
    part: str = "",
    kind: str = "reply",
    composer: dict[str, Any] | None = None,
    closing: dict[str, Any] | None = None,
    status: int = 200,
) -> Response:
    """The page as it is now, with what had been typed when something stood in the way."""
    lang = asking.language
    moments = Moments(book.centre.zone, clock.now(), lang)
    person = await session.get_one(Person, ticket.person_id)
    members = await everyone(session)
    names = {member.id or 0: member for member in members}
    addresses = await addresses_of(session, person.id or 0)
    items, last = await conversation_of(session, ticket, person, names, moments, asking, addresses)
    shown = _ticket(ticket, book, moments, names, asking)
    if part == "conversation":
        return pages.render(
            request, desk, "tickets/_conversation.html", asking, {"ticket": shown, "items": items, "last": last}
        )
    unknown = await nobody_said_how(session, ticket, person)
    context = {
        "back": {"url": "/staff/tickets", "queue": "new"},
        "place": None,
        "ticket": shown,
        "can": _can(ticket, asking),
        "staff": [
            {"id": member.id, "label": member.name}
            for member in members
            if not member.disabled and member.role in CASEWORK and member.id != asking.id
        ],
        "services": [
            {"id": service.id, "label": service.title.in_(lang)} for service in book.catalogue.services.values()
        ],
        "priorities": list(PRIORITIES.values()),
        "reasons": REASONS,
        "urgent": _urgent(ticket, moments, names, asking, lang),
        "panel": await panel_of(session, ticket, person, book, moments, asking, names, addresses, unknown),
        "items": items,
        "last": last,
        "composer": {
            **_composer(person, kind, lang),
            **composer_way(addresses, person, (composer or {}).get("via"), moments),
            "halted": await channels.halted(session, moments),
            "translates": desk.translator is not None,
            "accepts": ACCEPTED,
            "most_files": MOST,
            "most_bytes": ALL_TOGETHER,
            "nameless": ticket.is_sensitive,
            "asks": say(lang, "composer.confirm.tick", "staff")
            if person.contact_rule is ContactRule.NEVER_FIRST
            else None,
            **(composer or {}),
        },
        "closing": {
            "open": False,
            "reason": "done",
            "text": "",
            "translation": "",
            "error": None,
            "asks": not ticket.alarm,
        }
        | (closing or {}),
        "safe": _safe(person, unknown, lang),
        "events": True,
    }
    counted = await counts_for(session, asking, book)
    return pages.render(
        request, desk, "tickets/show.html", asking, context, counts=counted, section="inbox", status=status
    )


def _ticket(
    ticket: Ticket, book: Handbook, moments: Moments, names: dict[int, Staff], asking: Asking
) -> dict[str, Any]:
    lang = asking.language
    service = book.catalogue.service(ticket.service)
    owner = names.get(ticket.owner_id or 0)
    due_text, late = moments.due(ticket.due_at)
    state = {Status.DRAFT: "asking"}.get(ticket.status, ticket.status.value)
    if ticket.status is Status.CLOSED and ticket.reason == Reason.ANSWERED.value:
        state = "answered"
    topic = topic_of(service, ticket.answers).in_(lang) if service else None
    return {
        "ref": ids.spoken(ticket.ref),
        "url": f"/staff/tickets/{ids.spoken(ticket.ref)}",
        "title": need_of(ticket, service, lang)
        if service
        else say(lang, "ticket.named", "staff", ref=ids.spoken(ticket.ref)),
        "service": {
            "id": ticket.service,
            "label": service.title.in_(lang) if service else say(lang, "row.no_service", "staff"),
        },
        "topic": topic if service and topic and topic != service.topic.in_(lang) else None,
        "state": state,
        "late": late,
        "urgent": ticket.is_urgent,
        "confidential": ticket.sensitivity == "high",
        "priority": PRIORITIES[ticket.priority.value],
        "due_text": due_text,
        "due_left_text": moments.left(ticket.due_at) if ticket.due_at and not late else "",
        "due_iso": moments.iso(ticket.due_at),
        "since_text": f"{moments.time(ticket.alarm_at)}, {moments.span(moments.now - ticket.alarm_at)}"
        if ticket.alarm_at
        else "",
        "owner": {"id": owner.id, "name": owner.name, "initials": owner.initials, "me": owner.id == asking.id}
        if owner
        else None,
    }


def _can(ticket: Ticket, asking: Asking) -> dict[str, bool]:
    return {
        "take": ticket.is_urgent and ticket.taken_at is None,
        "assign": ticket.is_open,
        "close": ticket.is_open and (not ticket.is_urgent or ticket.taken_at is not None),
        "reopen": not ticket.is_open,
        "priority": ticket.is_open,
        "service": ticket.is_open,
        "hand_back": ticket.with_people,
    }


def _urgent(
    ticket: Ticket, moments: Moments, names: dict[int, Staff], asking: Asking, lang: str
) -> dict[str, Any] | None:
    if not ticket.is_urgent:
        return None
    taken = names.get(ticket.owner_id or 0) if ticket.taken_at else None
    steps = [
        {
            "at_text": moments.time(ticket.alarm_at),
            "at_iso": moments.iso(ticket.alarm_at),
            "text": say(lang, "alarm.step.bot", "staff"),
            "sent": True,
            "next": False,
        }
    ]
    if taken is not None:
        steps.append(
            {
                "at_text": moments.time(ticket.taken_at),
                "at_iso": moments.iso(ticket.taken_at),
                "text": say(lang, "alarm.step.taken", "staff", who=taken.name),
                "sent": True,
                "next": False,
            }
        )
    answer = ticket.alarm_state.get("answer")
    known = {"suicide", "domestic_violence", "trafficking", "medical_emergency", "missing_child", "child_contacts_us"}
    return {
        "scenario": ticket.alarm if ticket.alarm in known else "other",
        "level": ticket.alarm_level or "perhaps",
        "recognised": [],
        "answered": say(lang, f"alarm.answer.{answer}", "staff") if answer in ("yes", "no", "unknown", "now") else None,
        "taken_by": taken.name if taken else None,
        "until_text": None,
        "on_duty": [
            {"id": member.id, "label": member.name}
            for member in names.values()
            if member.role in CASEWORK and not member.disabled and member.id != asking.id
        ],
        "steps": steps,
    }


def _composer(person: Person, kind: str, lang: str) -> dict[str, Any]:
    language = person.language or "uk"
    return {
        "name": person.name.split(" ")[0] if person.name else say(lang, "composer.somebody", "staff"),
        "lang": language,
        "same": language == "pl",
        "key": ids.token()[:16],
        "kind": kind,
        "text": "",
        "translation": "",
        "corrected": False,
        "warnings": [],
        "previewed": False,
        "reading": None,
        "conflict": None,
        "conflict_url": None,
        "blocked": None,
        "confirm": None,
        "error": None,
        "files_again": "",
    }


def _safe(person: Person, unknown: bool, lang: str) -> dict[str, Any] | None:
    """How this person may be written to, above the composer."""
    if person.contact_rule is ContactRule.FREE and not unknown:
        return None
    return {"rules": [say(lang, UNKNOWN if unknown else RULES[person.contact_rule], "staff")], "more": None}
