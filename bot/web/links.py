"""Pages behind links: going on with a conversation here, and how far a deletion asked for at a channel is."""

from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from bot.channels import webchat
from bot.web.doors import COOKIE, Door, Refusal, TheDoor, language_of, same_site, token_of
from bot.web.pages import DAYS, page
from desk import clock, health, ids, linking, visitors
from desk.messages import WISH, Heard
from desk.people import Place
from desk.texts import say
from desk.visitors import Visit

router = APIRouter(include_in_schema=False)


@router.get("/c/{code}")
async def show_link(request: Request, door: TheDoor, code: str) -> Response:
    """Opened by whoever has the link, and by the messenger that shows a picture of it: nothing is redeemed by looking."""
    async with door.database.reading() as session:
        link = await linking.found(session, code, clock.now(), to_change=False)
    return await _page(request, door, code, "ask" if link is not None else "late")


@router.post("/c/{code}")
async def redeem(request: Request, door: TheDoor, code: str) -> Response:
    """Pressed: this browser asks to be joined, and the person confirms where they already are."""
    same_site(request)
    if not door.new_chats.lets_in(request.client.host if request.client else ""):
        raise Refusal(429, "too_many", say(language_of(request), "error.too_many"))
    async with door.database.reading() as session:
        link = await linking.found(session, code, clock.now(), to_change=False)
    if link is None:
        return await _page(request, door, code, "late")
    visit, new_token = await _visit(request, door, link.person_id)
    place = Place(webchat.FACTS.name, visit.external)
    for heard in (
        Heard(place, ids.token(), clock.now(), text=f"/start {code}"),
        Heard(
            place,
            ids.token(),
            clock.now(),
            kind="press",
            choice=f"-:j:join:{link.short}",
            text=say(language_of(request), "button.x:join"),
        ),
    ):
        await door.intake.take(heard)
    response = RedirectResponse(f"/c/{code}/confirm", 303)
    if new_token:
        response.set_cookie(COOKIE, new_token, max_age=DAYS * 86400, httponly=True, samesite="lax", secure=door.secure)
    return response


@router.get("/c/{code}/confirm")
async def show_confirm(request: Request, door: TheDoor, code: str) -> Response:
    return await _page(request, door, code, "confirm")


async def _visit(request: Request, door: Door, person_id: int) -> tuple[Visit, str]:
    """This browser's visit, unless somebody else's chat is open in it; else a new one, with its token."""
    token = token_of(request)
    async with door.database.transaction() as session:
        visit = await visitors.visit_of(session, token, clock.now()) if token else None
        if visit is not None:
            address = await webchat.address_of(session, visit.external)
            if address is None or address.person_id == person_id:
                return visit, ""
        token, visit = await visitors.begin(session, clock.now(), "")
        return visit, token


async def _page(request: Request, door: Door, code: str, state: str) -> Response:
    async with door.database.reading() as session:
        book = await door.shelf.book(session)
    language = language_of(request)
    centre: dict[str, Any] = {"name": book.centre.name.in_(language), "town": book.centre.town.in_(language)}
    return page("continue.html", language, door, state=state, code=code, csrf=None, centre=centre)


@router.get("/deletion/{code}")
async def show_deletion(request: Request, door: TheDoor, code: str) -> Response:
    """For whoever asked a channel to have their data deleted: what became of it, in words."""
    async with door.database.reading() as session:
        asked = await health.aside_by_key(session, WISH + code)
    if asked is None:
        raise Refusal(404, "not_found", say(language_of(request), "error.http.404"))
    state = asked.outcome or "asked"
    return page("deletion.html", language_of(request), door, state=state, code=code)
