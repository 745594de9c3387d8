"""What the public door needs, who is asking, and how a "no" is said there."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any

import structlog
from fastapi import Depends, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from bot.channels import BadWebhook, Ear
from bot.channels.webchat import Pages
from bot.intake import Intake
from desk import clock, visitors
from desk.database import Database, DatabaseAway
from desk.handbook import Shelf
from desk.texts import LANGUAGES, say
from desk.visitors import Visit

log = structlog.get_logger()

COOKIE = "poruch_chat"
SESSIONS_A_MINUTE = 3000  # New chats from one address; a whole shelter may sit behind it.
MESSAGES_A_MINUTE = 120


class Refusal(Exception):
    """A "no" in JSON: a status, its kind, and what to tell the person."""

    def __init__(self, status: int, kind: str, sentence: str) -> None:
        self.status, self.kind, self.sentence = status, kind, sentence
        super().__init__(kind)


class Problem(BaseModel):
    error: str
    sentence: str


PROBLEMS: dict[int | str, dict[str, Any]] = {
    status: {"model": Problem} for status in (400, 401, 403, 404, 409, 413, 422, 429, 503)
}


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
    ears: Mapping[str, asyncio.Task[Ear]] = field(default_factory=dict)  # Still loading for the first seconds.
    metrics_token: str = ""
    new_chats: Turnstile = field(default_factory=lambda: Turnstile(SESSIONS_A_MINUTE))
    new_messages: Turnstile = field(default_factory=lambda: Turnstile(MESSAGES_A_MINUTE))


def answer_errors(app: FastAPI) -> None:
    """Every "no" of this door is a kind and a sentence."""
    app.add_exception_handler(Refusal, _refuse)
    app.add_exception_handler(BadWebhook, _refuse_webhook)
    app.add_exception_handler(HTTPException, _refuse_http)
    app.add_exception_handler(RequestValidationError, _refuse_shape)
    app.add_exception_handler(DatabaseAway, _refuse_for_now)
    app.add_exception_handler(Exception, _refuse_broken)


async def _refuse(_request: Request, error: Exception) -> Response:
    assert isinstance(error, Refusal)
    return JSONResponse({"error": error.kind, "sentence": error.sentence}, error.status)


async def _refuse_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    kinds = {404: "not_found", 405: "not_allowed", 413: "too_large", 400: "malformed"}
    sentence = say(
        language_of(request), f"error.http.{error.status_code}" if error.status_code in (404, 413) else "error.invalid"
    )
    return JSONResponse(
        {"error": kinds.get(error.status_code, "refused"), "sentence": sentence},
        error.status_code,
        headers=error.headers,
    )


async def _refuse_shape(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    malformed = any(fault["type"] == "json_invalid" for fault in error.errors())
    return JSONResponse(
        {"error": "malformed" if malformed else "invalid", "sentence": say(language_of(request), "error.invalid")},
        400 if malformed else 422,
    )


async def _refuse_for_now(request: Request, _error: Exception) -> Response:
    sentence = say(language_of(request), "error.away")
    return JSONResponse({"error": "unavailable", "sentence": sentence}, 503, headers={"Retry-After": "5"})


def language_of(request: Request) -> str:
    """The language of sentences to someone we may not know yet."""
    asked = (
        request.query_params.get("lang")
        or request.query_params.get("language")
        or request.headers.get("accept-language", "")[:2]
    )
    return asked if asked in LANGUAGES else "uk"


async def _refuse_webhook(_request: Request, error: Exception) -> Response:
    assert isinstance(error, BadWebhook)
    kind = {401: "unauthorized", 403: "not_allowed", 404: "not_found"}.get(error.status, "malformed")
    return JSONResponse({"error": kind, "sentence": error.sentence}, error.status)


def _door(request: Request) -> Door:
    return request.app.state.door  # type: ignore[no-any-return]


TheDoor = Annotated[Door, Depends(_door)]


def token_of(request: Request) -> str:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and token:
        return token.strip()
    return request.cookies.get(COOKIE, "")


async def _visit(request: Request, door: TheDoor) -> Visit:
    token = token_of(request)
    async with door.database.reading() as session:
        visit = await visitors.visit_of(session, token, clock.now()) if token else None
    if visit is None:
        raise Refusal(401, "unauthorized", say(language_of(request), "chat.no_session"))
    return visit


TheVisit = Annotated[Visit, Depends(_visit)]


def same_site(request: Request) -> None:
    """A form of another site must not speak in a visitor's name: the cookie is same-site, and this is the second lock."""
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "same-site", "none"):
        raise Refusal(403, "not_allowed", say(language_of(request), "error.not_allowed"))


async def _refuse_broken(request: Request, error: Exception) -> Response:
    """Our own mistake: the operator gets the place in the code, the person a sentence."""
    log.error("web.broken", path=request.url.path, exc_info=error)
    return JSONResponse({"error": "broken", "sentence": say(language_of(request), "error.broken")}, 500)
