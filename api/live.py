"""News for open pages: which tickets have changed, as server-sent events that follow the history."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import StreamingResponse
from sqlalchemy import select
from sqlmodel import col

from api.doors import COOKIE, Asking, Desk, TheDesk, WhoAsks
from api.tickets.inbox import capped
from desk import clock, ids, queues, staff
from desk.access import may_read, readable_by
from desk.database import DatabaseAway
from desk.staff import CASEWORK
from desk.tickets import Ticket

router = APIRouter()


@router.get("/staff/live")
async def live(request: Request, desk: TheDesk, asking: WhoAsks) -> StreamingResponse:
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(_events(request, desk, asking), media_type="text/event-stream", headers=headers)


async def _still_there(desk: Desk, token: str) -> bool:
    """Whether this member of staff is still signed in, and still may."""
    async with desk.database.reading() as session:
        return await staff.signed_in(session, token) is not None


async def _events(request: Request, desk: Desk, asking: Asking) -> AsyncIterator[bytes]:
    """Counters and refs of changed tickets; never a word, and only of tickets that this reader may read."""
    queue = desk.news.listen()
    try:
        yield b"retry: 2000\n\n"
        while not await request.is_disconnected():
            changed: set[int] = set()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(15):
                    changed.add(await queue.get())
            await asyncio.sleep(0.2)  # Several changes of one moment make one event.
            while not queue.empty():
                changed.add(queue.get_nowait())
            with contextlib.suppress(DatabaseAway):
                if not await _still_there(desk, request.cookies.get(COOKIE, "")):
                    return
            if not changed:
                yield b": still here\n\n"
                continue
            with contextlib.suppress(DatabaseAway):
                if news := await _news(desk, asking, changed):
                    yield f"event: changed\ndata: {json.dumps(news)}\n\n".encode()
    finally:
        desk.news.leave(queue)


async def _news(desk: Desk, asking: Asking, changed: set[int]) -> dict[str, Any] | None:
    if asking.staff.role not in CASEWORK:
        return None
    async with desk.database.reading() as session:
        book = await desk.shelf.book(session)
        tickets = await session.scalars(select(Ticket).where(col(Ticket.id).in_(changed)))
        refs = [ids.spoken(ticket.ref) for ticket in tickets if may_read(asking.staff, ticket, book.catalogue)]
        if not refs:
            return None
        counted = await queues.counts(session, readable_by(asking.staff, book.catalogue), asking.staff, clock.now())
    return {"queues": {name: capped(n) for name, n in counted.items()}, "tickets": refs}
