"""The monthly drill: what the screen made of its test phrases, and how long until somebody took the alarm."""

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Request, Response

from api import pages
from api.doors import Reading, TheDesk
from api.moments import Moments
from api.settings.frame import Changing, Editor, Visitor, day_text, may_edit, render_room
from desk import clock, drills, ids
from desk.drills import Done
from desk.staff import Staff, everyone
from desk.texts import say, say_count

router = APIRouter()


@router.get("/staff/settings/drill")
async def show(request: Request, desk: TheDesk, session: Reading, asking: Visitor) -> Response:
    moments = Moments(desk.shelf.zone, clock.now(), asking.language)
    names = {member.id or 0: member for member in await everyone(session)}
    context = {
        "drills": [_row(done, names, moments) for done in await drills.held(session)],
        "due_text": day_text(await drills.due(session), asking.language),
        "can": {"hold": may_edit(asking)},
    }
    return await render_room(request, desk, session, asking, "drill", context)


@router.post("/staff/settings/drill")
async def hold(desk: TheDesk, session: Changing, asking: Editor) -> Response:
    await drills.hold(session, await desk.shelf.book(session), asking.id)
    return pages.back_to("/staff/settings/drill", said="said.drill_held")


def _row(done: Done, names: Mapping[int, Staff], moments: Moments) -> dict[str, Any]:
    drill, lang = done.drill, moments.lang
    taker = names.get(done.ticket.owner_id or 0) if done.ticket is not None else None
    return {
        "at_text": moments.date_and_time(drill.at),
        "by": by.name if (by := names.get(drill.by or 0)) else "",
        "read": drill.read,
        "seen": drill.read - len(drill.missed) - len(drill.cried),
        "missed": [_name(one, lang) for one in drill.missed],
        "cried": [_name(one, lang) for one in drill.cried],
        "taken_text": _after(done, lang),
        "taken_by": taker.name if taker else "",
        "ref": ids.spoken(done.ticket.ref) if done.ticket is not None else "",
    }


def _after(done: Done, lang: str) -> str:
    """«3 minuty», or nothing while nobody has taken the alarm."""
    if done.taken_after is None:
        return ""
    minutes = int(done.taken_after.total_seconds() // 60)
    return say_count(lang, "drill.minutes", minutes, "staff") if minutes else say(lang, "drill.at_once", "staff")


def _name(phrase: str, lang: str) -> str:
    """«ukraiński – pożar»"""
    scenario, language = phrase.split(".")
    return f"{say(lang, f'language.{language}', 'staff')} – {say(lang, f'drill.{scenario}', 'staff')}"
