"""The web chat's own JSON and event stream: what the page uses, and any other client with a token."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import JSONResponse, RedirectResponse, StreamingResponse
from pydantic import BaseModel, Field

from bot.channels import webchat
from bot.web.doors import COOKIE, Door, Refusal, TheDoor, TheVisit, language_of, same_site, token_of
from bot.web.uploads import read_message
from desk import clock, visitors
from desk.database import DatabaseAway
from desk.files import File, headers_for
from desk.messages import Message, Status
from desk.texts import say
from desk.visitors import Visit

router = APIRouter(tags=["chat"])


class SessionOut(BaseModel):
    token: str


class Stored(BaseModel):
    id: int | None


class ChoiceOut(BaseModel):
    id: str
    label: str


class FileOut(BaseModel):
    url: str
    name: str
    type: str


class StepOut(BaseModel):
    i: int
    n: int


class MessageOut(BaseModel):
    id: int
    from_: str = Field(alias="from")
    text: str
    choices: list[ChoiceOut]
    at: datetime
    kind: str
    lang: str | None
    who: str | None
    step: StepOut | None
    danger: bool
    file: FileOut | None


class Conversation(BaseModel):
    messages: list[MessageOut]


@router.post("/chat/session", status_code=201, response_model=SessionOut)
async def open_chat(request: Request, response: Response, door: TheDoor) -> dict[str, str]:
    caller = request.client.host if request.client else ""
    if not door.new_chats.lets_in(caller):
        raise Refusal(429, "too_many", say(language_of(request), "error.too_many"))
    async with door.database.transaction() as session:
        token, _ = await visitors.begin(session, clock.now())
    response.headers["Cache-Control"] = "no-store"
    return {"token": token}


@router.post("/chat/messages", status_code=202, response_model=Stored)
async def write(request: Request, door: TheDoor, visit: TheVisit) -> Response:
    same_site(request)
    if not door.new_messages.lets_in(visit.external):
        raise Refusal(429, "too_many", say(language_of(request), "error.too_many"))
    heard, from_page = await read_message(request, visit)
    outcome = await door.intake.take(heard)
    if from_page:  # The page without script: show the conversation again.
        return RedirectResponse("/", 303)
    if outcome.popup:
        raise Refusal(409, "conflict", outcome.popup)
    return JSONResponse({"id": outcome.message_id}, 202)


@router.get("/chat/messages", response_model=Conversation)
async def read(door: TheDoor, visit: TheVisit, after: Annotated[int, Query(ge=0, le=2**53)] = 0) -> Response:
    messages = await read_messages(door, visit, after)
    return JSONResponse({"messages": messages}, headers={"Cache-Control": "no-store"})


@router.get("/chat/stream", response_class=StreamingResponse)
async def stream(
    request: Request, door: TheDoor, visit: TheVisit, after: Annotated[int, Query(ge=0, le=2**53)] = 0
) -> Response:
    last = request.headers.get("last-event-id", "")
    begin = int(last) if last.isascii() and last.isdigit() and len(last) < 16 else after
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(_events(door, visit, begin), media_type="text/event-stream", headers=headers)


@router.get("/chat/files/{file_id}", response_class=Response)
async def show_file(file_id: int, door: TheDoor, visit: TheVisit) -> Response:
    """One's own file; other people's are not found."""
    async with door.database.reading() as session:
        address = await webchat.address_of(session, visit.external)
        file = await session.get(File, file_id) if 0 < file_id < 2**53 else None
        message = await session.get(Message, file.message_id) if file is not None else None
    if file is None or file.content is None or message is None or address is None or message.address_id != address.id:
        raise Refusal(404, "not_found", say("uk", "error.not_found"))
    return Response(file.content, media_type=file.mime, headers=headers_for(file.mime, file.name))


@router.post("/chat/exit")
async def leave(request: Request, door: TheDoor) -> Response:
    """Quick exit: this device forgets the chat at once."""
    token = token_of(request)
    if token:
        async with door.database.transaction() as session:
            visit = await visitors.visit_of(session, token, clock.now())
            if visit is not None:
                await visitors.forget(session, token)
                await webchat.left(session, visit.external)
        if visit is not None:
            door.pages.close(visit.external)
    response = RedirectResponse("/bye", 303)
    response.delete_cookie(COOKIE)
    response.headers["Clear-Site-Data"] = '"cache", "storage"'
    return response


async def read_messages(door: Door, visit: Visit, after: int) -> list[dict[str, Any]]:
    """The messages after `after`; the first look at one marks it as arrived."""
    async with door.database.reading() as session:
        address = await webchat.address_of(session, visit.external)
        if address is None:
            return []
        found = await webchat.said(session, address, after)
        files = await webchat.files_of(session, found)
    if any(message.status is Status.WAITING for message in found):
        async with door.database.transaction() as session:
            await webchat.fetched(session, found)
    return [webchat.shown(message, files.get(message.id or 0)) for message in found]


async def _goes_on(door: Door, visit: Visit) -> bool:
    """Whether the visit still holds; after a quick exit nothing more may show on that device."""
    async with door.database.reading() as session:
        return await visitors.holds(session, visit)


async def _events(door: Door, visit: Visit, after: int) -> AsyncIterator[bytes]:
    """Server-sent events: each new message once, a comment now and then so that proxies keep the line."""
    yield b"retry: 2000\n\n"
    news = door.pages.watch(visit.external)
    try:
        while True:
            news.clear()
            try:
                if not await _goes_on(door, visit):
                    return
                for message in await read_messages(door, visit, after):
                    after = message["id"]
                    yield f"id: {after}\ndata: {json.dumps(message, ensure_ascii=False)}\n\n".encode()
            except DatabaseAway:
                pass
            try:
                async with asyncio.timeout(15):
                    await news.wait()
            except TimeoutError:
                yield b": still here\n\n"
    finally:
        door.pages.leave(visit.external, news)
