"""What the rooms of the settings share: who may enter and who may change, the list of rooms, the transaction."""

from collections.abc import AsyncIterator, Mapping
from datetime import date
from typing import Annotated, Any

from babel.dates import format_date
from fastapi import Depends, Form, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from api import pages
from api.doors import Asking, Desk, TheDesk, only
from api.refusals import refused
from api.tickets.inbox import counts_for
from desk import clock, drills, library, upkeep
from desk.errors import Conflict, Invalid
from desk.library import Entry
from desk.reading import readable
from desk.staff import CASEWORK, MANAGES_CONTENT, MANAGES_STAFF

Visitor = Annotated[Asking, only(*(CASEWORK | MANAGES_CONTENT))]
Editor = Annotated[Asking, only(*MANAGES_CONTENT)]
Manager = Annotated[Asking, only(*MANAGES_STAFF)]
Text = Annotated[str, Form()]
Several = Annotated[list[str] | None, Form()]

POLISH_FIRST = ("pl", "uk", "ru", "en")

ROOMS = ("centre", "helplines", "answers", "services", "drill", "staff")
# The rooms whose entries hold only until a day, and so want a look again; each with the kind of its entries.
DATED = {"helplines": "helpline", "answers": "answer"}


async def _changing(desk: TheDesk) -> AsyncIterator[AsyncSession]:
    """A transaction after which the handbook is read anew, so that the bot knows at once."""
    async with desk.database.transaction() as session:
        yield session
    desk.shelf.forget()


Changing = Annotated[AsyncSession, Depends(_changing, scope="function")]


async def render_room(
    request: Request,
    desk: Desk,
    session: AsyncSession,
    asking: Asking,
    room: str,
    context: Mapping[str, Any],
    *,
    no: Invalid | Conflict | None = None,
    page: str = "",
) -> Response:
    """A room as it is now, or one of its pages; with `no`, what was wrong with what somebody has just sent."""
    book = await desk.shelf.book(session)
    url = f"/staff/settings/{room}" if room else "/staff/settings"
    context = {"room": room, "rooms": await _rooms(session, desk, asking), "path": url, **context}
    if no is not None:
        context |= refused(asking.language, no)
    return pages.render(
        request,
        desk,
        f"settings/{page or room or 'index'}.html",
        asking,
        context,
        counts=await counts_for(session, asking, book),
        section="settings",
        status=422 if no else 200,
    )


async def _rooms(session: AsyncSession, desk: Desk, asking: Asking) -> list[dict[str, Any]]:
    """The rooms that someone may enter, each with how many of its entries want a look."""
    today = today_at(desk)
    waiting = [
        entry.kind for entry in await library.entries(session, *DATED.values()) if upkeep.wants_a_look(entry, today)
    ]
    todo = {room: waiting.count(kind) for room, kind in DATED.items()}
    next_drill = await drills.due(session)
    todo["drill"] = int(next_drill is None or next_drill <= today)
    return [
        {"id": room, "url": f"/staff/settings/{room}", "todo": todo.get(room) or None}
        for room in ROOMS
        if room != "staff" or asking.staff.role in MANAGES_STAFF
    ]


async def find_entry(session: AsyncSession, kind: str, key: str) -> Entry:
    return await library.find(session, kind, readable(key)[:60])


def may_edit(asking: Asking) -> bool:
    return asking.staff.role in MANAGES_CONTENT


def today_at(desk: Desk) -> date:
    return clock.now().astimezone(desk.shelf.zone).date()


def day_text(day: date | str | None, lang: str) -> str:
    """«20 lutego 2027»"""
    if not day:
        return ""
    return format_date(date.fromisoformat(day) if isinstance(day, str) else day, "d MMMM y", locale=lang)
