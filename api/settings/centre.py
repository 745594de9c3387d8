"""The centre: what it is called, where it is, when it is open, and the switch for 112."""

from datetime import date, datetime
from typing import Any

from fastapi import APIRouter, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.datastructures import FormData

from api import pages
from api.doors import Asking, Desk, Reading, TheDesk
from api.moments import Moments
from api.settings.frame import Changing, Editor, Text, Visitor, day_text, find_entry, may_edit, render_room, today_at
from desk import clock, upkeep
from desk.errors import Conflict, Invalid
from desk.library import Entry
from desk.upkeep import STAND_INS, WORKS, Particulars

router = APIRouter()
URL = "/staff/settings/centre"


@router.get(URL)
async def show(request: Request, desk: TheDesk, session: Reading, asking: Visitor) -> Response:
    return await _page(request, desk, session, asking)


@router.post(URL)
async def save(request: Request, desk: TheDesk, session: Changing, asking: Editor) -> Response:
    typed = _typed(await request.form())
    entry = await find_entry(session, "centre", "centre")
    try:
        upkeep.change_centre(session, entry, typed, desk.shelf.zone, clock.now(), asking.id)
    except (Invalid, Conflict) as no:
        return await _page(request, desk, session, asking, typed=typed, no=no)
    return pages.back_to(URL, said="said.centre")


def _typed(form: FormData) -> Particulars:
    fields = {name: value for name, value in form.items() if isinstance(value, str)}
    open_days = form.getlist("open")
    return Particulars(
        name=fields.get("name", ""),
        centre_of={language: fields.get(f"centre_of_{language}", "") for language in ("pl", "uk", "ru")},
        town=fields.get("town", ""),
        street=fields.get("address", ""),
        room=fields.get("room", ""),
        phone=fields.get("phone", ""),
        email=fields.get("email", ""),
        # The page counts the days of the week from 1, the centre from 0.
        hours={
            day - 1: (fields.get(f"begin-{day}", ""), fields.get(f"end-{day}", ""))
            for day in range(1, 8)
            if str(day) in open_days
        },
    )


@router.post(f"{URL}/closed-days")
async def close_on(
    request: Request, desk: TheDesk, session: Changing, asking: Editor, date: Text = "", why: Text = ""
) -> Response:
    entry = await find_entry(session, "centre", "centre")
    try:
        closed = upkeep.close_on(session, entry, date, why, desk.shelf.zone, clock.now(), asking.id)
    except (Invalid, Conflict) as no:
        return await _page(request, desk, session, asking, no=no)
    return pages.back_to(URL, said="said.closed_day", day=day_text(closed, asking.language))


@router.post(f"{URL}/closed-days/{{day}}/removal")
async def open_on(day: str, session: Changing, asking: Editor) -> Response:
    upkeep.open_on(session, await find_entry(session, "centre", "centre"), day, asking.id)
    return pages.back_to(URL, said="said.closed_day_removed", day=day_text(day, asking.language))


@router.post(f"{URL}/emergency")
async def switch_112(request: Request, desk: TheDesk, session: Changing, asking: Editor, works: Text = "") -> Response:
    entry = await find_entry(session, "centre", "centre")
    try:
        on = upkeep.switch_112(session, entry, works, clock.now(), asking.id)
    except Invalid as no:
        return await _page(request, desk, session, asking, no=no)
    if on:
        return pages.back_to(URL, said="said.112_on")
    return pages.back_to(URL, said="said.112_off", kind="warn", numbers=", ".join(STAND_INS))


async def _page(
    request: Request,
    desk: Desk,
    session: AsyncSession,
    asking: Asking,
    *,
    typed: Particulars | None = None,
    no: Invalid | Conflict | None = None,
) -> Response:
    entry = await find_entry(session, "centre", "centre")
    context = {
        "form": _form(typed or upkeep.particulars_of(entry.now)),
        "closed_days": _closed_days(entry, today_at(desk), asking.language),
        "emergency": _emergency(entry, Moments(desk.shelf.zone, clock.now(), asking.language)),
        "can": {"edit": may_edit(asking)},
    }
    return await render_room(request, desk, session, asking, "centre", context, no=no)


def _form(known: Particulars) -> dict[str, Any]:
    return {
        "name": known.name,
        "centre_of": known.centre_of,
        "town": known.town,
        "address": known.street,
        "room": known.room,
        "phone": known.phone,
        "email": known.email,
        "hours": {str(day + 1): {"begin": begin, "end": end} for day, (begin, end) in known.hours.items()},
    }


def _closed_days(entry: Entry, today: date, lang: str) -> list[dict[str, Any]]:
    """Those still to come: the public holidays are known anyway."""
    reasons = entry.now.get("closed_day_names", {})
    return [
        {"id": day, "date_text": day_text(day, lang), "date_iso": day, "why": reasons.get(day, "")}
        for day in sorted(entry.now.get("closed_days", []))
        if date.fromisoformat(day) >= today
    ]


def _emergency(entry: Entry, moments: Moments) -> dict[str, Any]:
    works = tuple(entry.now.get("emergency", WORKS)) == WORKS
    since = entry.now.get("emergency_since")
    return {
        "works": works,
        "since_text": moments.date_and_time(datetime.fromisoformat(since)) if since and not works else None,
        "stand_ins": ", ".join(STAND_INS),
    }
