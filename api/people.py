"""People: found by name, phone or number, and each with how to reach them, their tickets and who did what."""

from collections.abc import Mapping
from typing import Annotated, Any
from urllib.parse import urlencode

from babel.dates import format_date
from fastapi import APIRouter, Form, Query, Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from api import pages
from api.doors import Asking, Desk, Reading, TheDesk, Transaction, only
from api.moments import Moments
from api.refusals import refused
from api.tickets.inbox import counts_for, need_of
from api.tickets.panel import RULES, TOLD, contact_of, masked_phone, person_of, state_of
from desk import clock, ids, merging, people, privacy, profiles
from desk.courses import Course, Place, Standing
from desk.errors import Conflict, Invalid, NotAllowed
from desk.handbook import Handbook
from desk.history import Event, record
from desk.people import ContactRule
from desk.profiles import Profile, Row
from desk.staff import CASEWORK, Role, Staff, everyone
from desk.texts import say
from desk.tickets import Ticket
from desk.upkeep import one_line

router = APIRouter()

Caseworker = Annotated[Asking, only(*CASEWORK)]
Text = Annotated[str, Form()]

RULE_IDS = {rule: key.removeprefix("safe.") for rule, key in RULES.items()}
MAY_ERASE = (Role.COORDINATOR,)
STRICT = (ContactRule.NO_TOPIC, ContactRule.NEVER_FIRST)
# What stands in a person's history: what was done, not each time that somebody looked.
DONE = (
    *sorted(TOLD - {"ticket.read"}),
    "person.named",
    "person.phone",
    "person.phone_read",
    "person.contact_rule",
    "link.joined",
    "link.refused",
    "person.merged",
    "person.split",
    "person.erased",
    "person.erased_self",
)


@router.get("/staff/people")
async def show_list(
    request: Request,
    desk: TheDesk,
    session: Reading,
    asking: Caseworker,
    q: Annotated[str, Query(max_length=200)] = "",
    after: Annotated[str, Query(max_length=20)] = "",
) -> Response:
    book = await desk.shelf.book(session)
    before = ids.row_number(after)
    rows, more = await profiles.list_people(session, asking.staff, book.catalogue, words=q, before=before)
    moments = Moments(book.centre.zone, clock.now(), asking.language)
    pager = {
        "newer_url": _list_url(q) if before is not None else None,
        "older_url": _list_url(q, after=str(more)) if more else None,
    }
    context = {
        "q": q.strip(),
        "people": [_row(row, book, moments) for row in rows],
        "pager": pager if any(pager.values()) else None,
    }
    counted = await counts_for(session, asking, book)
    return pages.render(request, desk, "people/list.html", asking, context, counts=counted, section="people")


def _list_url(q: str, **more: str) -> str:
    query = {name: value for name, value in {"q": q.strip(), **more}.items() if value}
    return "/staff/people" + (f"?{urlencode(query)}" if query else "")


def _row(row: Row, book: Handbook, moments: Moments) -> dict[str, Any]:
    channel = row.address.channel if row.address else None
    if row.hidden:
        return {
            "url": f"/staff/people/{row.person.id}",
            "name": None,
            "native_name": "",
            "native_lang": "",
            "initials": "•",
            "languages_text": "",
            "commune": "",
            "open": 0,
            "last_text": "",
            "last_iso": "",
            "channel": channel,
            "confidential": True,
        }
    return {
        **person_of(row.person, book, moments.lang),
        "name": row.person.name or None,
        "open": row.open,
        "last_text": moments.short(row.person.heard_at),
        "last_iso": moments.iso(row.person.heard_at),
        "channel": channel,
        "confidential": False,
    }


@router.get("/staff/people/{person_id}")
async def show(
    person_id: int, request: Request, desk: TheDesk, session: Transaction, asking: Caseworker, phone: str = ""
) -> Response:
    """The page; with ?phone=whole the number stands on it uncovered. Every opening is in the history."""
    book = await desk.shelf.book(session)
    profile = await profiles.open_profile(session, person_id, asking.staff, book.catalogue)
    whole = phone == "whole" and bool(profile.phone)
    if profile.person.merged_into is not None:
        return RedirectResponse(f"/staff/people/{profile.person.merged_into}", 303)
    record(session, "person.phone_read" if whole else "person.read", person_id=person_id, staff_id=asking.id)
    return await _page(request, desk, session, asking, book, profile, whole_phone=whole)


@router.post("/staff/people/{person_id}/name")
async def correct(
    person_id: int,
    request: Request,
    desk: TheDesk,
    session: Transaction,
    asking: Caseworker,
    name: Text = "",
    commune: Text = "",
    phone: Text = "",
    minor: Text = "",
) -> Response:
    book = await desk.shelf.book(session)
    profile = await profiles.open_profile(session, person_id, asking.staff, book.catalogue)
    slot = book.catalogue.shared.get("gmina")
    try:
        profiles.correct(
            session, profile, slot, name=name, commune=commune, phone=phone, is_minor=bool(minor), by=asking.id
        )
    except (Invalid, Conflict) as no:
        return await _page(request, desk, session, asking, book, profile, no=no)
    return pages.back_to(f"/staff/people/{person_id}", said="said.person")


@router.post("/staff/people/{person_id}/safe-contact")
async def change_rule(
    person_id: int,
    request: Request,
    desk: TheDesk,
    session: Transaction,
    asking: Caseworker,
    rule: Text = "",
    text: Text = "",
) -> Response:
    book = await desk.shelf.book(session)
    profile = await profiles.open_profile(session, person_id, asking.staff, book.catalogue)
    chosen = {name: kept for kept, name in RULE_IDS.items()}.get(rule)
    try:
        if chosen is None:
            raise Invalid("error.no_rule")
        people.change_rule(session, profile.person, chosen, one_line(text), asking.id)
    except Invalid as no:
        return await _page(request, desk, session, asking, book, profile, no=no)
    return pages.back_to(f"/staff/people/{person_id}", said="said.contact_rule")


@router.post("/staff/people/{person_id}/merging")
async def merge(
    person_id: int, request: Request, desk: TheDesk, session: Transaction, asking: Caseworker, ref: Text = ""
) -> Response:
    """Somebody who wrote elsewhere as well: all that stands under the other one moves here. It can be undone."""
    book = await desk.shelf.book(session)
    profile = await profiles.open_profile(session, person_id, asking.staff, book.catalogue)
    try:
        other = await profiles.behind(session, ref, asking.staff, book.catalogue)
        await merging.merge(session, profile.person, other.person, clock.now(), asking.id)
    except (Invalid, Conflict) as no:
        return await _page(request, desk, session, asking, book, profile, no=no)
    return pages.back_to(f"/staff/people/{person_id}", said="said.merged")


@router.post("/staff/people/{person_id}/splitting")
async def split(person_id: int, desk: TheDesk, session: Transaction, asking: Caseworker, merge: Text = "") -> Response:
    """They are two after all."""
    book = await desk.shelf.book(session)
    await profiles.open_profile(session, person_id, asking.staff, book.catalogue)
    await merging.split(session, person_id, ids.row_number(merge) or 0, clock.now(), asking.id)
    return pages.back_to(f"/staff/people/{person_id}", said="said.split")


@router.post("/staff/people/{person_id}/erasure")
async def erase(
    person_id: int, request: Request, desk: TheDesk, session: Transaction, asking: Caseworker, sure: Text = ""
) -> Response:
    """For who asks in person, or whom a channel asks us to forget; what they can do themselves in the chat."""
    if asking.staff.role not in MAY_ERASE:
        raise NotAllowed("error.not_your_role")
    book = await desk.shelf.book(session)
    profile = await profiles.open_profile(session, person_id, asking.staff, book.catalogue)
    if profile.person.merged_into is not None:
        return RedirectResponse(f"/staff/people/{profile.person.merged_into}", 303)
    try:
        if not sure:
            raise Invalid("error.erase_sure")
        await privacy.erase(session, profile.person, clock.now(), by=asking.id)
    except (Invalid, Conflict) as no:
        return await _page(request, desk, session, asking, book, profile, no=no)
    return pages.back_to(f"/staff/people/{person_id}", said="said.erased")


async def _page(
    request: Request,
    desk: Desk,
    session: AsyncSession,
    asking: Asking,
    book: Handbook,
    profile: Profile,
    *,
    whole_phone: bool = False,
    no: Invalid | Conflict | None = None,
) -> Response:
    lang = asking.language
    moments = Moments(book.centre.zone, clock.now(), lang)
    person = profile.person
    assert person.id is not None
    names = {member.id or 0: member for member in await everyone(session)}
    url = f"/staff/people/{person.id}"
    phone = profile.phone
    context = {
        "person": {
            **person_of(person, book, lang),
            "name": person.name,
            "phone_text": phone if whole_phone or not phone else masked_phone(phone),
            "phone_url": f"{url}?phone=whole" if phone and not whole_phone else None,
            "since_text": format_date(moments.local(person.met_at), "d MMMM y", locale=lang),
            "reminders": person.reminders is True,
        },
        "safe": await _safe(session, profile, names, moments),
        "rules": list(RULE_IDS.values()),
        "can": {
            "edit": person.erased_at is None,
            "rule": person.erased_at is None,
            "erase": person.erased_at is None and asking.staff.role in MAY_ERASE,
        },
        "erased_text": format_date(moments.local(person.erased_at), "d MMMM y", locale=lang)
        if person.erased_at
        else None,
        "merges": [
            {"id": one.id, "text": say(lang, "person.merged", "staff", at=moments.short(one.at))}
            for one in (await merging.of_person(session, person.id))[:1]
        ],
        "contacts": [
            {**contact_of(address, moments, lang), "since_text": moments.short(address.met_at)}
            for address in await people.addresses_of(session, person.id)
        ],
        "tickets": [_ticket(ticket, book, names, moments) for ticket in profile.tickets],
        "courses": await _courses(session, person.id, lang),
        "history": [_told(event, names, moments) for event in await profiles.history_of(session, profile, DONE)],
        "path": url,
    }
    if no is not None:
        context |= refused(lang, no)
    counted = await counts_for(session, asking, book)
    return pages.render(
        request, desk, "people/show.html", asking, context, counts=counted, section="people", status=422 if no else 200
    )


async def _safe(
    session: AsyncSession, profile: Profile, names: Mapping[int, Staff], moments: Moments
) -> dict[str, Any]:
    person = profile.person
    change = await people.rule_change(session, person.id or 0)
    set_text = None
    if change is not None:
        day = format_date(moments.local(change.at), "d MMMM", locale=moments.lang)
        set_text = f"{day}, {_who(change, names, moments.lang)}"
    return {
        "rule": RULE_IDS[person.contact_rule],
        "text": str(change.facts.get("note", "")) if change else "",
        "set_text": set_text,
        "strict": person.contact_rule in STRICT,
    }


def _ticket(ticket: Ticket, book: Handbook, names: Mapping[int, Staff], moments: Moments) -> dict[str, Any]:
    owner = names.get(ticket.owner_id or 0)
    return {
        "ref": ids.spoken(ticket.ref),
        "url": f"/staff/tickets/{ids.spoken(ticket.ref)}",
        "title": need_of(ticket, book.catalogue.service(ticket.service), moments.lang),
        "state": "urgent" if ticket.is_urgent else state_of(ticket),
        "arrived_text": moments.short(ticket.opened_at),
        "arrived_iso": moments.iso(ticket.opened_at),
        "owner": owner.name if owner else None,
        "confidential": False,  # Tickets that are closed to the reader do not stand here at all.
    }


async def _courses(session: AsyncSession, person_id: int, lang: str) -> list[dict[str, Any]]:
    rows = await session.execute(
        select(Course, Place)
        .join(Place, col(Place.course_id) == col(Course.id))
        .where(col(Place.person_id) == person_id, col(Place.standing) != Standing.LEFT)
        .order_by(col(Place.id).desc())
        .limit(20)
    )
    return [
        {
            "url": f"/staff/courses/{course.id}",
            "title": f"{course.names.get(lang) or course.names.get('pl') or ''} {course.code}".strip(),
            "text": say(lang, f"person.course.{place.standing.value}", "staff"),
        }
        for course, place in rows
    ]


def _told(event: Event, names: Mapping[int, Staff], moments: Moments) -> dict[str, str]:
    lang = moments.lang
    return {
        "at_text": moments.short(event.at),
        "at_iso": moments.iso(event.at),
        "text": say(lang, f"history.{event.kind}", "staff", who=_who(event, names, lang)),
    }


def _who(event: Event, names: Mapping[int, Staff], lang: str) -> str:
    who = names.get(event.staff_id or 0)
    return who.name if who else say(lang, "word.bot", "staff")
