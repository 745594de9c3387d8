"""The staff's app: its pages under /staff, its JSON under /api/v1, and how a "no" looks on each."""

from urllib.parse import quote

import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, RedirectResponse
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException

from api import api_docs, courses, files, health, live, pages, people, settings, signing_in, v1
from api.doors import Desk, SignInFirst
from api.tickets import acts, inbox, page
from desk.database import DatabaseAway
from desk.errors import Conflict, DeskError, Invalid, NotAllowed, NotFound
from desk.staff import TryLaterPlease
from desk.texts import STAFF_LANGUAGES, say

log = structlog.get_logger()

STATUS: dict[type[DeskError], int] = {NotFound: 404, NotAllowed: 403, Conflict: 409, Invalid: 422, TryLaterPlease: 429}
KINDS = {400: "malformed", 401: "unauthorized", 403: "not_allowed", 404: "not_found", 405: "not_allowed", 409: "conflict",
         413: "too_large", 422: "invalid", 429: "too_many", 503: "unavailable"}  # fmt: skip
BIGGEST_BODY = 2 * 1024 * 1024


def biggest_body(path: str) -> int:
    """How many bytes a request to this address may bring."""
    return acts.BIGGEST_BODY if acts.FROM_COMPOSER.fullmatch(path) else BIGGEST_BODY


def staff_app(desk: Desk) -> FastAPI:
    """One app for everything under /staff and /api."""
    app = FastAPI(
        title="Poruch",
        description="JSON for other systems of the centre. Every call needs a bearer token; every read is in the history.",
        version=desk.version,
        openapi_url="/api/v1/openapi.json",
        docs_url=None,
        redoc_url=None,
        max_body_size=BIGGEST_BODY,
        redirect_slashes=False,
    )
    app.state.desk = desk
    for router in (
        signing_in.router, inbox.router, page.router, acts.router, files.router, people.router, courses.router,
        settings.router, health.router, live.router,
    ):  # fmt: skip
        app.include_router(router, include_in_schema=False)
    app.include_router(v1.router)
    app.include_router(api_docs.router)
    app.add_exception_handler(v1.Unauthorised, v1.say_unauthorised)
    app.mount("/staff/static", StaticFiles(directory=pages.TEMPLATES.parent / "static"), name="static")
    app.add_exception_handler(SignInFirst, _to_sign_in)
    app.add_exception_handler(DeskError, _say_no)
    app.add_exception_handler(DatabaseAway, _say_later)
    app.add_exception_handler(RequestValidationError, _say_malformed)
    app.add_exception_handler(HTTPException, _say_http)
    app.add_exception_handler(Exception, _say_broken)
    return app


async def _to_sign_in(request: Request, _error: Exception) -> Response:
    if _wants_json(request):
        return _json(request, 401, "error.sign_in_first")
    here = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    known = f"?next={quote(here)}" if request.method == "GET" and here != "/staff" else ""
    return RedirectResponse(f"/staff/sign-in{known}", 303)


async def _say_no(request: Request, error: Exception) -> Response:
    assert isinstance(error, DeskError)
    status = next((code for kind, code in STATUS.items() if isinstance(error, kind)), 400)
    return _no(request, status, error.key, **{name: str(fact) for name, fact in error.facts.items()})


async def _say_later(request: Request, _error: Exception) -> Response:
    response = _no(request, 503, "error.away")
    response.headers["Retry-After"] = "5"
    return response


async def _say_malformed(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    malformed = any(fault["type"] == "json_invalid" for fault in error.errors())
    return _no(request, 400 if malformed else 422, "error.invalid")


async def _say_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    key = {404: "error.not_found", 405: "error.not_allowed", 413: "error.too_large", 401: "error.sign_in_first",
           403: "error.not_allowed"}.get(error.status_code, "error.invalid")  # fmt: skip
    response = _no(request, error.status_code, key)
    response.headers.update(error.headers or {})
    return response


async def _say_broken(request: Request, error: Exception) -> Response:
    """Our own mistake: the operator gets the place in the code, staff a sentence."""
    log.error("desk.broken", path=request.url.path, exc_info=error)
    return _no(request, 500, "error.broken")


def _wants_json(request: Request) -> bool:
    return request.url.path.startswith("/api/") or "application/json" in request.headers.get("accept", "")


def _no(request: Request, status: int, key: str, **gaps: str) -> Response:
    if _wants_json(request):
        return _json(request, status, key, **gaps)
    lang = pages.language_of(request)
    return pages.render(
        request,
        request.app.state.desk,
        "error.html",
        None,
        {"sentence": say(lang, key, "staff", **gaps), "more": None, "back_url": "/staff"},
        status=status,
    )


def _json(request: Request, status: int, key: str, **gaps: str) -> Response:
    asked = request.headers.get("accept-language", "")[:2]
    lang = asked if asked in STAFF_LANGUAGES else "en" if request.url.path.startswith("/api/") else "pl"
    return JSONResponse({"error": KINDS.get(status, "refused"), "sentence": say(lang, key, "staff", **gaps)}, status)
