"""The public web: the chat page with its JSON and event stream, and the webhooks of the channels."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Protocol

import structlog
from fastapi import Depends, FastAPI, Form, Query, Request, Response, UploadFile
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse, StreamingResponse
from fastapi.staticfiles import StaticFiles
from jinja2 import Environment, FileSystemLoader, select_autoescape
from pydantic import BaseModel, Field
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.exceptions import HTTPException

from bot.channels import webchat
from bot.channels.webchat import Pages
from bot.intake import Intake
from desk import clock, ids, people, visitors
from desk.database import Database, DatabaseAway
from desk.handbook import Shelf
from desk.messages import File, FileHeard, Heard
from desk.people import Place
from desk.reading import readable
from desk.texts import LANGUAGES, say, say_count
from desk.visitors import Visit

log = structlog.get_logger()

HERE = Path(__file__).parent
COOKIE = "poruch_chat"
LONGEST = 4000  # Letters of one message; longer ones are refused with a sentence.
BIGGEST_BODY = 21 * 1024 * 1024
SESSIONS_A_MINUTE = 3000  # New chats from one address; a whole shelter may sit behind it.
MESSAGES_A_MINUTE = 120


class WebhookEar(Protocol):
    async def webhook(self, body: bytes, secret: str) -> None: ...


class Refusal(Exception):
    """A "no" in JSON: a status, its kind, and what to tell the person."""

    def __init__(self, status: int, kind: str, sentence: str) -> None:
        self.status, self.kind, self.sentence = status, kind, sentence
        super().__init__(kind)


class Problem(BaseModel):
    error: str
    sentence: str


PROBLEMS: dict[int | str, dict[str, Any]] = {
    status: {"model": Problem} for status in (400, 401, 404, 409, 413, 422, 429, 503)
}


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


@dataclass
class Turnstile:
    """How often one caller came in this minute; in memory, since it only slows down."""

    limit: int
    seen: dict[str, tuple[int, int]] = field(default_factory=dict)

    def lets_in(self, who: str) -> bool:
        minute = int(clock.ticks() // 60)
        if len(self.seen) > 50_000:
            self.seen = {name: held for name, held in self.seen.items() if held[0] == minute}
        then, times = self.seen.get(who, (minute, 0))
        times = times + 1 if then == minute else 1
        self.seen[who] = (minute, times)
        return times <= self.limit


@dataclass
class Door:
    """What the public door needs, handed over by whoever builds it."""

    database: Database
    shelf: Shelf
    intake: Intake
    pages: Pages
    version: str
    secure: bool = False  # Cookies only over HTTPS.
    telegram: WebhookEar | None = None
    new_chats: Turnstile = field(default_factory=lambda: Turnstile(SESSIONS_A_MINUTE))
    new_messages: Turnstile = field(default_factory=lambda: Turnstile(MESSAGES_A_MINUTE))


def public_app(door: Door) -> FastAPI:
    app = FastAPI(title="Poruch web chat", docs_url=None, redoc_url=None, openapi_url="/chat/openapi.json", responses=PROBLEMS)
    app.state.door = door
    app.add_exception_handler(Refusal, _refuse)
    app.add_exception_handler(HTTPException, _refuse_http)
    app.add_exception_handler(RequestValidationError, _refuse_shape)
    app.add_exception_handler(DatabaseAway, _refuse_for_now)
    app.mount("/static", StaticFiles(directory=HERE / "static"), name="static")
    _chat_pages(app)
    _chat_json(app)
    _webhooks(app)
    return app


# Errors


async def _refuse(_request: Request, error: Exception) -> Response:
    assert isinstance(error, Refusal)
    return JSONResponse({"error": error.kind, "sentence": error.sentence}, error.status)


async def _refuse_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    kinds = {404: "not_found", 405: "not_allowed", 413: "too_large", 400: "malformed"}
    sentence = say(_language_of(request), f"error.http.{error.status_code}" if error.status_code in (404, 413) else "error.invalid")
    return JSONResponse(
        {"error": kinds.get(error.status_code, "refused"), "sentence": sentence}, error.status_code, headers=error.headers
    )


async def _refuse_shape(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    malformed = any(fault["type"] == "json_invalid" for fault in error.errors())
    return JSONResponse(
        {"error": "malformed" if malformed else "invalid", "sentence": say(_language_of(request), "error.invalid")},
        400 if malformed else 422,
    )


async def _refuse_for_now(request: Request, _error: Exception) -> Response:
    sentence = say(_language_of(request), "error.away")
    return JSONResponse({"error": "unavailable", "sentence": sentence}, 503, headers={"Retry-After": "5"})


def _language_of(request: Request) -> str:
    """The language of sentences to someone we may not know yet."""
    asked = request.query_params.get("lang") or request.headers.get("accept-language", "")[:2]
    return asked if asked in LANGUAGES else "uk"


# Who is asking


def _door(request: Request) -> Door:
    return request.app.state.door  # type: ignore[no-any-return]


TheDoor = Annotated[Door, Depends(_door)]


def _token_of(request: Request) -> str:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and token:
        return token.strip()
    return request.cookies.get(COOKIE, "")


async def _visit(request: Request, door: TheDoor) -> Visit:
    token = _token_of(request)
    async with door.database.reading() as session:
        visit = await visitors.visit_of(session, token, clock.now()) if token else None
    if visit is None:
        raise Refusal(401, "unauthorized", say(_language_of(request), "chat.no_session"))
    return visit


TheVisit = Annotated[Visit, Depends(_visit)]


def _same_site(request: Request) -> None:
    """A form of another site must not speak in a visitor's name: the cookie is same-site, and this is the second lock."""
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "same-site", "none"):
        raise Refusal(403, "not_allowed", say(_language_of(request), "error.not_allowed"))


# The chat's JSON


def _chat_json(app: FastAPI) -> None:
    @app.post("/chat/session", status_code=201, tags=["chat"], response_model=SessionOut)
    async def open_chat(request: Request, door: TheDoor) -> dict[str, str]:
        caller = request.client.host if request.client else ""
        if not door.new_chats.lets_in(caller):
            raise Refusal(429, "too_many", say(_language_of(request), "error.too_many"))
        async with door.database.transaction() as session:
            token, _ = await visitors.begin(session, clock.now())
        return {"token": token}

    @app.post("/chat/messages", status_code=202, tags=["chat"], response_model=Stored)
    async def write(request: Request, door: TheDoor, visit: TheVisit) -> Response:
        _same_site(request)
        if not door.new_messages.lets_in(visit.external):
            raise Refusal(429, "too_many", say(_language_of(request), "error.too_many"))
        heard, from_page = await _read_message(request, visit)
        outcome = await door.intake.take(heard)
        if from_page:  # The page without script: show the conversation again.
            return RedirectResponse("/", 303)
        if outcome.popup:
            raise Refusal(409, "conflict", outcome.popup)
        return JSONResponse({"id": outcome.message_id}, 202)

    @app.get("/chat/messages", tags=["chat"], response_model=Conversation)
    async def read(door: TheDoor, visit: TheVisit, after: Annotated[int, Query(ge=0, le=2**53)] = 0) -> Response:
        return JSONResponse({"messages": await _read(door, visit, after)})

    @app.get("/chat/stream", tags=["chat"], response_class=StreamingResponse)
    async def stream(request: Request, door: TheDoor, visit: TheVisit, after: Annotated[int, Query(ge=0, le=2**53)] = 0) -> Response:
        last = request.headers.get("last-event-id", "")
        begin = int(last) if last.isascii() and last.isdigit() and len(last) < 16 else after
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        return StreamingResponse(_events(door, visit, begin), media_type="text/event-stream", headers=headers)

    @app.get("/chat/files/{file_id}", tags=["chat"], response_class=Response)
    async def show_file(file_id: int, door: TheDoor, visit: TheVisit) -> Response:
        """One's own file; other people's are not found."""
        async with door.database.reading() as session:
            address = await webchat.address_of(session, visit.external)
            file = await session.get(File, file_id) if file_id < 2**53 else None
            message = file and await session.get(webchat.Message, file.message_id)
        if file is None or file.content is None or message is None or address is None or message.address_id != address.id:
            raise Refusal(404, "not_found", say("uk", "error.not_found"))
        return Response(file.content, media_type=file.mime, headers=safe_headers(file))

    @app.post("/chat/exit", tags=["chat"])
    async def leave(request: Request, door: TheDoor) -> Response:
        """Quick exit: this device forgets the chat at once."""
        token = _token_of(request)
        if token:
            async with door.database.transaction() as session:
                visit = await visitors.visit_of(session, token, clock.now())
                if visit is not None:
                    await visitors.forget(session, token)
                    await door.shelf.note_exit(session, visit.external)
        response = RedirectResponse("/bye", 303)
        response.delete_cookie(COOKIE)
        response.headers["Clear-Site-Data"] = '"cache", "storage"'
        return response


async def _read_message(request: Request, visit: Visit) -> tuple[Heard, bool]:
    """What came with POST /chat/messages, in any of its shapes, and whether it is a form of the page itself."""
    language = _language_of(request)
    kind = request.headers.get("content-type", "").split(";")[0].strip().lower()
    text, choice, key, upload, lang = "", "", "", None, ""
    if kind in ("multipart/form-data", "application/x-www-form-urlencoded"):
        form = await request.form(max_files=1, max_fields=10)
        text, choice, key, lang = (_field(form.get(name)) for name in ("text", "choice", "key", "lang"))
        given = form.get("file")
        upload = given if isinstance(given, UploadFileType) and (given.filename or given.size) else None
    else:
        try:
            body = json.loads(await request.body())
        except (ValueError, RecursionError):
            raise Refusal(400, "malformed", say(language, "error.invalid")) from None
        if not isinstance(body, dict) or any(not isinstance(body.get(name, ""), str) for name in ("text", "choice", "key", "lang")):
            raise Refusal(422, "invalid", say(language, "error.invalid"))
        text, choice, key, lang = (body.get(name, "") for name in ("text", "choice", "key", "lang"))
    text = readable(text)
    if len(text) > LONGEST:
        raise Refusal(413, "too_large", say_count(language, "chat.too_long", LONGEST))
    if len(key) > 80 or len(choice) > 64:
        raise Refusal(422, "invalid", say(language, "error.invalid"))
    files = (await _file_heard(upload, language),) if upload is not None else ()
    if not text.strip() and not choice and not files:
        raise Refusal(422, "invalid", say(language, "chat.empty"))
    page = "text/html" in request.headers.get("accept", "") and kind == "application/x-www-form-urlencoded"
    page = page or ("text/html" in request.headers.get("accept", "") and bool(upload))
    return (
        Heard(
            place=Place(webchat.FACTS.name, visit.external),
            key=f"{visit.external}:{key or ids.token()}",
            said_at=clock.now(),
            kind="press" if choice else files[0].kind if files else "text",
            text=text,
            choice=choice,
            files=files,
            facts={"page_language": lang if lang in LANGUAGES else visit.language},
        ),
        page,
    )


def _field(value: object) -> str:
    return value if isinstance(value, str) else ""


KINDS = (
    (b"\xff\xd8\xff", "image/jpeg", "photo"),
    (b"\x89PNG\r\n\x1a\n", "image/png", "photo"),
    (b"GIF8", "image/gif", "photo"),
    (b"%PDF-", "application/pdf", "document"),
    (b"OggS", "audio/ogg", "voice"),
    (b"ID3", "audio/mpeg", "audio"),
    (b"\x1aE\xdf\xa3", "audio/webm", "voice"),
)


def kind_of(content: bytes) -> tuple[str, str]:
    """(kind, content type) by the bytes themselves, never by the name or by what the sender claims."""
    for mark, mime, kind in KINDS:
        if content.startswith(mark):
            return kind, mime
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "photo", "image/webp"
    if content[4:8] == b"ftyp":
        return ("photo", "image/heic") if content[8:12] in (b"heic", b"heix", b"mif1") else ("video", "video/mp4")
    return "document", "application/octet-stream"


async def _file_heard(upload: Any, language: str) -> FileHeard:
    limit = webchat.FACTS.files_up_to
    content = await upload.read(limit + 1)
    if len(content) > limit:
        raise Refusal(413, "too_large", say(language, "file.big", mb=limit // 1024 // 1024))
    if not content:
        raise Refusal(422, "invalid", say(language, "chat.empty_file"))
    kind, mime = kind_of(content)
    return FileHeard(kind=kind, name=readable(upload.filename or "")[-200:], mime=mime, size=len(content), content=content)


def safe_headers(file: File) -> dict[str, str]:
    """A stranger's file is shown as what it is or offered for saving, and can run nothing."""
    shown = file.mime.startswith(("image/", "audio/")) or file.mime == "application/pdf"
    return {
        "Content-Disposition": "inline" if shown else 'attachment; filename="file"',
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "sandbox; default-src 'none'",
        "Cache-Control": "private, no-store",
    }


async def _read(door: Door, visit: Visit, after: int) -> list[dict[str, Any]]:
    """The messages after `after`; the first look at one marks it as arrived."""
    async with door.database.reading() as session:
        address = await webchat.address_of(session, visit.external)
        if address is None:
            return []
        found = await webchat.said(session, address, after)
        files = await webchat.files_of(session, found)
    if any(message.status is webchat.Status.WAITING for message in found):
        async with door.database.transaction() as session:
            await webchat.fetched(session, found)
    return [webchat.shown(message, files.get(message.id or 0)) for message in found]


async def _events(door: Door, visit: Visit, after: int) -> AsyncIterator[bytes]:
    """Server-sent events: each new message once, a comment now and then so that proxies keep the line."""
    yield b"retry: 2000\n\n"
    address = None
    while address is None:
        async with door.database.reading() as session:
            address = await webchat.address_of(session, visit.external)
        if address is None:
            yield b": waiting\n\n"
            await webchat.asyncio.sleep(1.0)
    assert address.id is not None
    news = door.pages.watch(address.id)
    try:
        while True:
            news.clear()
            try:
                for message in await _read(door, visit, after):
                    after = message["id"]
                    yield f"id: {after}\ndata: {json.dumps(message, ensure_ascii=False)}\n\n".encode()
            except DatabaseAway:
                pass
            try:
                async with webchat.asyncio.timeout(15):
                    await news.wait()
            except TimeoutError:
                yield b": still here\n\n"
    finally:
        door.pages.leave(address.id, news)


# Pages


def _chat_pages(app: FastAPI) -> None:
    pages = Environment(
        loader=FileSystemLoader(HERE / "templates"), autoescape=select_autoescape(), trim_blocks=True, lstrip_blocks=True
    )

    def page(name: str, language: str, door: Door, **context: Any) -> HTMLResponse:
        def _(key: str, **gaps: Any) -> str:
            return say(language, key, **gaps)

        html = pages.get_template(name).render(_=_, lang=language, languages=LANGUAGES, version=door.version, **context)
        return HTMLResponse(html, headers=PAGE_HEADERS)

    @app.get("/", include_in_schema=False)
    async def chat(request: Request, door: TheDoor) -> Response:
        async with door.database.reading() as session:
            book = await door.shelf.book(session)
            visit = await visitors.visit_of(session, token, clock.now()) if (token := _token_of(request)) else None
        asked = request.query_params.get("lang", "")
        new_token = ""
        if visit is None:
            async with door.database.transaction() as session:
                new_token, visit = await visitors.begin(session, clock.now(), asked if asked in LANGUAGES else "")
        elif asked in LANGUAGES and asked != visit.language:
            async with door.database.transaction() as session:
                visit = await session.merge(visit)
                visit.language = asked
        language = visit.language or _language_of(request)
        messages = await _read(door, visit, 0)
        response = page(
            "chat.html",
            language,
            door,
            centre_name=book.centre.name.in_(language),
            centre_town=book.centre.town.in_(language),
            n112=book.centre.n112,
            messages=messages,
            menu=[{"id": button.id, "label": button.label} for button in book.menu_buttons(language)],
            notice=book.notice_points(language),
        )
        if new_token:
            response.set_cookie(
                COOKIE, new_token, max_age=60 * 24 * 3600, httponly=True, samesite="lax", secure=door.secure
            )
        return response

    @app.get("/privacy", include_in_schema=False)
    async def privacy(request: Request, door: TheDoor) -> Response:
        async with door.database.reading() as session:
            book = await door.shelf.book(session)
        language = _language_of(request)
        text = book.privacy_notice(language)
        return page("privacy.html", language, door, centre_name=book.centre.name.in_(language), text=text)

    @app.get("/bye", include_in_schema=False)
    async def bye(request: Request, door: TheDoor) -> Response:
        return page("neutral.html", _language_of(request), door)


PAGE_HEADERS = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}


# Webhooks


def _webhooks(app: FastAPI) -> None:
    @app.post("/webhooks/telegram", include_in_schema=False)
    async def telegram(request: Request, door: TheDoor) -> Response:
        if door.telegram is None:
            raise Refusal(404, "not_found", "Telegram is not switched on here.")
        await door.telegram.webhook(await request.body(), request.headers.get("x-telegram-bot-api-secret-token", ""))
        return JSONResponse({})
