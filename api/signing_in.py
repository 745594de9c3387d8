"""Signing in and out of the desk, and what each member of staff chooses for themselves."""

import asyncio
from typing import Annotated

from fastapi import APIRouter, Form, Request, Response

from api import pages
from api.doors import COOKIE, TheDesk, Transaction, WhoAsks, home_of
from desk import staff
from desk.texts import STAFF_LANGUAGES, say

router = APIRouter()
LANGUAGE_COOKIE = "poruch_language"


@router.get("/staff/sign-in")
async def show(request: Request, desk: TheDesk, next: str = "") -> Response:
    response = _page(request, desk, next=next)
    if request.query_params.get("language") in STAFF_LANGUAGES:
        response.set_cookie(LANGUAGE_COOKIE, request.query_params["language"], max_age=365 * 86400, samesite="lax")
    return response


def _page(
    request: Request, desk: TheDesk, *, email: str = "", error: str | None = None, next: str = "", status: int = 200
) -> Response:
    return pages.render(
        request,
        desk,
        "sign_in.html",
        None,
        {"centre": None, "email": email, "error": error, "next": next},
        status=status,
    )


@router.post("/staff/sign-in")
async def sign_in(
    request: Request,
    desk: TheDesk,
    email: Annotated[str, Form()] = "",
    password: Annotated[str, Form()] = "",
    next: Annotated[str, Form()] = "",
) -> Response:
    """Too many wrong tries, for one account or from one address, and it has to wait; both answers look and last alike."""
    lang = pages.language_of(request)
    caller = request.client.host if request.client else ""
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        return _page(request, desk, email=email, error=say(lang, "error.forged", "staff"), next=next, status=403)
    email = email.strip().lower()[:200]
    async with desk.database.transaction() as session:
        if await staff.must_wait(session, email, caller):
            error = say(lang, "error.too_many_tries", "staff")
            return _page(request, desk, email=email, error=error, next=next, status=429)
        member = await staff.by_email(session, email)
    fits = await asyncio.to_thread(staff.password_fits, member.password if member else "", password[:200])
    if member is None or member.disabled or not fits:
        error = say(lang, "error.wrong_sign_in", "staff")
        return _page(request, desk, email=email, error=error, next=next, status=401)
    async with desk.database.transaction() as session:
        token, _ = await staff.sign_in(session, member, caller)
    response = pages.back_to(pages.safe_next(next, home_of(member)))
    response.set_cookie(
        COOKIE, token, max_age=12 * 3600, httponly=True, samesite="strict", secure=desk.secure, path="/staff"
    )
    return response


@router.post("/staff/sign-out")
async def sign_out(request: Request, session: Transaction, _asking: WhoAsks) -> Response:
    await staff.sign_out(session, request.cookies.get(COOKIE, ""))
    response = pages.back_to("/staff/sign-in")
    response.delete_cookie(COOKIE, path="/staff")
    return response


@router.get("/staff")
@router.get("/staff/")
async def home(asking: WhoAsks) -> Response:
    return pages.back_to(home_of(asking.staff))


@router.post("/staff/language")
async def choose_language(
    session: Transaction,
    asking: WhoAsks,
    language: Annotated[str, Form()] = "pl",
    next: Annotated[str, Form()] = "",
) -> Response:
    if language in STAFF_LANGUAGES:
        member = await session.get_one(staff.Staff, asking.id)
        member.language = language
    return pages.back_to(pages.safe_next(next, home_of(asking.staff)))


@router.post("/staff/keys")
async def choose_keys(
    asking: WhoAsks, single: Annotated[str, Form()] = "on", next: Annotated[str, Form()] = ""
) -> Response:
    response = pages.back_to(pages.safe_next(next, home_of(asking.staff)))
    response.set_cookie("poruch_keys", "off" if single == "off" else "on", max_age=365 * 86400, samesite="lax")
    return response
