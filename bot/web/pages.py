"""The chat page, the privacy notice, and the neutral page of the quick exit."""

from datetime import datetime
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from bot.channels import webchat
from bot.web.chat import read_messages
from bot.web.doors import COOKIE, Door, Refusal, TheDoor, TheVisit, language_of, same_site, token_of
from desk import clock, ids, visitors
from desk.texts import LANGUAGES, say, w
from desk.times import ShortDay

router = APIRouter(include_in_schema=False)
HERE = Path(__file__).parent.parent
DAYS = 60

PAGE_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; img-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}

# How the languages stand in the page's own switch.
CHOICES = [
    {"code": "uk", "short": "УКР", "name": "Українська"},
    {"code": "ru", "short": "РУС", "name": "Русский"},
    {"code": "pl", "short": "POL", "name": "Polski"},
    {"code": "en", "short": "ENG", "name": "English"},
]

_templates = Environment(
    loader=FileSystemLoader(HERE / "templates"),
    autoescape=select_autoescape(),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def page(name: str, language: str, door: Door, *, status: int = 200, **context: Any) -> HTMLResponse:
    def _(key: str, **gaps: Any) -> str:
        return say(language, key, **gaps)

    html = _templates.get_template(name).render(_=_, lang=language, languages=CHOICES, version=door.version, **context)
    return HTMLResponse(html, status, headers=PAGE_HEADERS)


@router.get("/")
async def chat(request: Request, door: TheDoor) -> Response:
    return await show_chat(request, door)


async def show_chat(
    request: Request, door: Door, *, error: str | None = None, text: str = "", status: int = 200
) -> Response:
    """The chat as it stands; the first look of a browser gives it a visit of its own."""
    token, new_token = token_of(request), ""
    async with door.database.reading() as session:
        book = await door.shelf.book(session)
        visit = await visitors.visit_of(session, token, clock.now()) if token else None
    if visit is None:
        if not door.new_chats.lets_in(request.client.host if request.client else ""):
            raise Refusal(429, "too_many", say(language_of(request), "error.too_many"))
        asked = request.query_params.get("lang", "")
        async with door.database.transaction() as session:
            new_token, visit = await visitors.begin(session, clock.now(), asked if asked in LANGUAGES else "")
    language = visit.language or language_of(request)
    messages = await read_messages(door, visit, 0)
    centre = book.centre
    response = page(
        "chat.html",
        language,
        door,
        status=status,
        csrf=None,
        centre={"name": centre.name.in_(language), "town": centre.town.in_(language)},
        privacy={
            "points": [say(language, f"chat.privacy.{n}") for n in (1, 2, 3, 4)],
            "url": f"/privacy?lang={language}",
        },
        welcome=[] if messages else [w("hello", centre_of=centre.of).in_(language), w("menu").in_(language)],
        menu=[]
        if messages
        else [{"id": f"-:go:{tile.id}", "label": tile.label.in_(language)} for tile in book.catalogue.menu],
        messages=_by_day(messages, language, centre.zone),
        error=error,
        text=text,
        key=ids.token()[:16],
        timezone=str(centre.zone),
        neutral_url="/bye",
    )
    if new_token:
        response.set_cookie(COOKIE, new_token, max_age=DAYS * 86400, httponly=True, samesite="lax", secure=door.secure)
    return response


def _by_day(messages: list[dict[str, Any]], language: str, zone: ZoneInfo) -> list[dict[str, Any]]:
    """Messages with the day written where a new one begins, and their hour."""
    day = None
    for message in messages:
        local = datetime.fromisoformat(message["at"]).astimezone(zone)
        message["at_text"] = f"{local:%H:%M}"
        message["day_text"] = None
        if local.date() != day:
            message["day_text"] = (
                ShortDay(local.date()).in_(language) if day or local.date() != clock.now().date() else None
            )
            day = local.date()
    return messages


@router.post("/chat/language")
async def choose_language(
    request: Request, door: TheDoor, visit: TheVisit, language: Annotated[str, Form()] = ""
) -> Response:
    """The language of the page, and of the bot from here on."""
    same_site(request)
    if language in LANGUAGES:
        async with door.database.transaction() as session:
            await visitors.choose_language(session, visit, language)
            await webchat.choose_language(session, visit.external, language)
    return RedirectResponse("/", 303)


@router.get("/privacy")
async def privacy(request: Request, door: TheDoor) -> Response:
    async with door.database.reading() as session:
        book = await door.shelf.book(session)
    language = language_of(request)
    paragraphs = [part.strip() for part in book.privacy_notice(language).split("\n\n") if part.strip()]
    return page(
        "privacy.html",
        language,
        door,
        notice={
            "title": say(language, "chat.notice.title"),
            "lead": None,
            "version_text": say(language, "chat.notice.version", version=book.centre.notice_version),
            "sections": [
                _section(number, text, book.centre.name.in_(language)) for number, text in enumerate(paragraphs)
            ],
        },
        back_url="/" if request.cookies.get(COOKIE) else None,
    )


LONGEST_TITLE = 30  # Letters; the notice begins its paragraphs with what they are about: «Навіщо. Ми зберігаємо …»


def _section(number: int, text: str, centre: str) -> dict[str, Any]:
    title, _, rest = text.partition(". ")
    if number == 0 or len(title) > LONGEST_TITLE or not rest:
        return {"title": centre if number == 0 else "", "paragraphs": [text], "points": []}
    return {"title": title, "paragraphs": [rest], "points": []}


@router.get("/bye")
async def bye(request: Request, door: TheDoor) -> Response:
    return page("neutral.html", language_of(request), door)
