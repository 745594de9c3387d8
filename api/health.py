"""Whether anything was lost: the sums of what came in and went out, what was set aside, what did not arrive."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import PlainTextResponse
from sqlalchemy.ext.asyncio import AsyncSession

from api import channels, pages
from api.doors import Asking, Reading, TheDesk, Transaction, only
from api.moments import Moments
from api.tickets.conversation import failure_key
from api.tickets.inbox import counts_for
from desk import clock, conditions, health, ids, profiles
from desk.access import may_read
from desk.conditions import Condition
from desk.files import headers_for
from desk.handbook import Handbook
from desk.history import record
from desk.messages import Message, SetAside, Status
from desk.people import Person
from desk.reminders import State
from desk.staff import CASEWORK, Role
from desk.texts import say
from desk.tickets import Ticket

router = APIRouter()

Visitor = Annotated[Asking, only(*(role for role in Role if role is not Role.TEACHER))]
RECENT = timedelta(hours=1)

Caseworker = Annotated[Asking, only(*CASEWORK)]
Settler = Annotated[Asking, only(*CASEWORK, Role.ADMINISTRATOR)]


@router.get("/staff/health")
async def show(request: Request, desk: TheDesk, session: Reading, asking: Visitor) -> Response:
    book = await desk.shelf.book(session)
    at = clock.now()
    moments = Moments(book.centre.zone, at, asking.language)
    since = health.last_working_day(book.centre, at)
    undelivered = await health.undelivered(session)
    ticketless = [person.id for _, ticket, person in undelivered if ticket is None]
    known = await profiles.readable_people(session, asking.staff, book.catalogue, ticketless)
    context = {
        "since_text": moments.date_and_time(since).rsplit(",", 1)[0],
        "checked_text": moments.time(at),
        "sums": [await _heard(session, since), await _told(session, since), await _reminders(session, since, at)],
        "channels": [_condition(one, moments) for one in await conditions.everyones(session)],
        "set_aside": [_aside(one, moments, asking) for one in await health.set_aside(session)],
        "undelivered": [
            _undelivered(message, ticket, person, known, book, moments, asking)
            for message, ticket, person in undelivered
        ],
    }
    counted = await counts_for(session, asking, book)
    return pages.render(request, desk, "health.html", asking, context, counts=counted, section="inbox")


async def _heard(session: AsyncSession, since: datetime) -> dict[str, Any]:
    heard = await health.heard_since(session, since)
    parts = {"ticketed": heard.ticketed, "bot": heard.answered, "set_aside": heard.aside}
    return _sum("heard", heard.received, parts, whole=not await health.waiting_aside(session))


async def _told(session: AsyncSession, since: datetime) -> dict[str, Any]:
    told = await health.told_since(session, since)
    parts = {
        "sent": told.get(Status.SENT, 0),
        "waiting": told.get(Status.WAITING, 0) + told.get(Status.SENDING, 0),
        "held": told.get(Status.HELD, 0),
        "unsure": told.get(Status.UNSURE, 0),
        "failed": told.get(Status.FAILED, 0),
    }
    return _sum("told", sum(parts.values()), parts, whole=not await health.undelivered_count(session))


async def _reminders(session: AsyncSession, since: datetime, at: datetime) -> dict[str, Any]:
    """Left all whose time has come; one that is still planned then stands on neither list, and the sum says so."""
    due = await health.reminders_since(session, since, at)
    parts = {"sent": due.get(State.TOLD, 0), "shown": due.get(State.MISSED, 0)}
    return _sum("reminders", sum(due.values()), parts, whole=not due.get(State.PLANNED))


def _sum(name: str, left: int, parts: dict[str, int], *, whole: bool) -> dict[str, Any]:
    """The first part always stands there, the others where there is something in them."""
    first = next(iter(parts))
    right = [{"word": word, "n": n} for word, n in parts.items() if n or word == first]
    return {"id": name, "left": left, "right": right, "whole": whole}


def _condition(one: Condition, moments: Moments) -> dict[str, Any]:
    """How a channel fares, in a sentence; and its last complaint while that is news."""
    recent = one.complained_at is not None and moments.now - one.complained_at < RECENT
    return {
        "channel": one.channel,
        "well": channels.state_of(one) == "channel.goes" and not recent,
        "text": channels.sentence_of(one, moments),
        "complaint": one.complaint if recent else "",
        "at_text": moments.short(one.seen_at),
        "at_iso": moments.iso(one.seen_at),
    }


def _aside(one: SetAside, moments: Moments, asking: Asking) -> dict[str, Any]:
    url = f"/staff/health/set-aside/{one.id}"
    return {
        "id": one.id,
        "url": url if asking.staff.role in CASEWORK else None,
        "at_text": moments.short(one.at),
        "at_iso": moments.iso(one.at),
        "channel": one.channel,
        "reason": say(moments.lang, "health.aside.deletion", "staff")
        if one.is_wish
        else say(moments.lang, "health.aside.reason", "staff", error=one.error),
        "settle_url": f"{url}/outcome" if asking.staff.role in (*CASEWORK, Role.ADMINISTRATOR) else None,
        "outcomes": [outcome.value for outcome in health.outcomes_of(one)],
    }


def _undelivered(
    message: Message,
    ticket: Ticket | None,
    person: Person,
    known: Collection[int | None],
    book: Handbook,
    moments: Moments,
    asking: Asking,
) -> dict[str, Any]:
    """Whoever may not read the ticket learns its ref and what went wrong, and no name."""
    readable = may_read(asking.staff, ticket, book.catalogue) if ticket else person.id in known
    covered = ticket is not None and (ticket.is_urgent or ticket.sensitivity == "high")
    url = "#post-title"
    if readable:
        url = f"/staff/tickets/{ids.spoken(ticket.ref)}" if ticket else f"/staff/people/{person.id}"
    if message.status is Status.FAILED:
        reason = say(moments.lang, failure_key(message.failure), "staff")
    elif message.status is Status.HELD:
        reason = say(moments.lang, "delivery.held.window", "staff")
    else:
        reason = say(moments.lang, "delivery.unsure", "staff")
    return {
        "ref": ids.spoken(ticket.ref) if ticket else "–",
        "url": url,
        "who": (person.name or say(moments.lang, "row.no_name", "staff")) if readable and not covered else None,
        "channel": message.channel,
        "at_text": moments.short(message.at),
        "at_iso": moments.iso(message.at),
        "state": message.status.value,
        "reason": reason,
    }


@router.get("/staff/health/set-aside/{aside_id}")
async def show_aside(aside_id: int, session: Transaction, asking: Caseworker) -> Response:
    """What the channel sent, as it came. It may hold a person's words: every look is in the history."""
    aside = await health.find_aside(session, aside_id)
    record(session, "aside.read", staff_id=asking.id, aside=aside_id)
    headers = {**headers_for("text/plain", ""), "Content-Disposition": "inline", "Referrer-Policy": "no-referrer"}
    return PlainTextResponse(aside.raw.decode("utf-8", "replace"), headers=headers)


@router.post("/staff/health/set-aside/{aside_id}/outcome")
async def settle_aside(
    aside_id: int, session: Transaction, asking: Settler, outcome: Annotated[str, Form()] = ""
) -> Response:
    """The desk cannot make a channel say it again: somebody has looked, says what became of it, and it waits no longer."""
    health.settle_aside(session, await health.find_aside(session, aside_id), outcome, asking.id)
    return pages.back_to("/staff/health", said="said.aside")
