"""The services: which of them run here, and who reads their tickets."""

from typing import Any

from fastapi import APIRouter, Request, Response
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from api import pages
from api.doors import Asking, Desk, Reading, TheDesk
from api.settings.frame import Changing, Editor, Several, Text, Visitor, find_entry, may_edit, render_room
from desk import upkeep
from desk.errors import Invalid
from desk.services import Service
from desk.tickets import Status, Ticket
from desk.upkeep import READERS

router = APIRouter()
URL = "/staff/settings/services"


@router.get(URL)
async def show(request: Request, desk: TheDesk, session: Reading, asking: Visitor) -> Response:
    return await _page(request, desk, session, asking)


@router.post(f"{URL}/{{key}}/switch")
async def switch(
    key: str, request: Request, desk: TheDesk, session: Changing, asking: Editor, on: Text = ""
) -> Response:
    entry = await find_entry(session, "service", key)
    try:
        runs = upkeep.switch_service(session, entry, on, asking.id)
    except Invalid as no:
        return await _page(request, desk, session, asking, no)
    name = str(entry.now["title"].get(asking.language) or entry.now["title"].get("pl", ""))
    return pages.back_to(URL, said="said.service_on" if runs else "said.service_off", name=name)


@router.post(f"{URL}/{{key}}/roles")
async def let_in(
    key: str, request: Request, desk: TheDesk, session: Changing, asking: Editor, role: Several = None
) -> Response:
    entry = await find_entry(session, "service", key)
    try:
        upkeep.let_in(session, entry, role or [], asking.id)
    except Invalid as no:
        return await _page(request, desk, session, asking, no)
    return pages.back_to(URL, said="said.readers")


async def _page(
    request: Request, desk: Desk, session: AsyncSession, asking: Asking, no: Invalid | None = None
) -> Response:
    book = await desk.shelf.book(session)
    waiting = await _open_tickets(session)
    context = {
        "services": [
            _service(service, waiting.get(service.id, 0), asking.language)
            for service in book.catalogue.services.values()
        ],
        "roles": list(READERS),
        "can": {"edit": may_edit(asking)},
    }
    return await render_room(request, desk, session, asking, "services", context, no=no)


async def _open_tickets(session: AsyncSession) -> dict[str, int]:
    rows = await session.execute(
        select(col(Ticket.service), func.count())
        .where(col(Ticket.status) != Status.CLOSED)
        .group_by(col(Ticket.service))
    )
    return {service: n for service, n in rows}  # noqa: C416 - rows are no pairs to the type checker


def _service(service: Service, waiting: int, lang: str) -> dict[str, Any]:
    return {
        "id": service.id,
        "name": service.title.in_(lang),
        "about": service.about.in_(lang),
        "on": service.on,
        "sensitive": service.sensitivity != "normal",
        "roles": [name for name in READERS if name in service.roles or name in service.teams],
        "open": waiting,
    }
