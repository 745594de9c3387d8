"""How a page of the desk is put together: the words of its reader, what the shell needs, the headers that protect it."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

from fastapi import Request
from fastapi.responses import HTMLResponse, RedirectResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from api.doors import Asking, Desk
from desk.texts import STAFF_LANGUAGES, say, say_count

TEMPLATES = Path(__file__).parent / "templates"
NAMES = {"pl": "Polski", "uk": "Українська", "en": "English"}
FLASH = "poruch_said"
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; img-src 'self'; media-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
    ),
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}

_environment = Environment(
    loader=FileSystemLoader(TEMPLATES),
    autoescape=select_autoescape(),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def language_of(request: Request) -> str:
    """The language of someone who has not signed in yet."""
    asked = request.query_params.get("language") or request.cookies.get("poruch_language", "")
    return asked if asked in STAFF_LANGUAGES else "pl"


def render(
    request: Request,
    desk: Desk,
    name: str,
    asking: Asking | None,
    context: Mapping[str, Any],
    *,
    counts: Mapping[str, Any] | None = None,
    section: str = "",
    status: int = 200,
) -> HTMLResponse:
    """The page `name` for whoever asks."""
    lang = asking.language if asking else language_of(request)
    lang = lang if lang in STAFF_LANGUAGES else "pl"

    def _(key: str, **gaps: Any) -> str:
        return say(lang, key, "staff", **gaps)

    def _n(key: str, count: int, /, **gaps: Any) -> str:
        return say_count(lang, key, count, "staff", **gaps)

    path = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    html = _environment.get_template(name).render(
        {
            "_": _,
            "_n": _n,
            "lang": lang,
            "languages": [{"code": code, "name": NAMES[code]} for code in STAFF_LANGUAGES],
            "version": desk.version,
            "csrf": asking.session.csrf if asking else "",
            "me": {
                "name": asking.staff.name,
                "initials": asking.staff.initials,
                "email": asking.staff.email,
                "single_keys": request.cookies.get("poruch_keys") != "off",
            }
            if asking
            else None,
            "section": section,
            "counts": counts or {"new": 0, "urgent": 0},
            "path": path,
            "flash": flashed(request, lang),
            "errors": {},
            **context,
        }
    )
    response = HTMLResponse(html, status, headers=HEADERS)
    if request.cookies.get(FLASH):
        response.delete_cookie(FLASH, path="/staff")
    return response


def back_to(
    url: str, *, said: str = "", kind: str = "ok", undo: Mapping[str, Any] | None = None, **gaps: str
) -> RedirectResponse:
    """After a POST comes a 303; `said` is a key of the sentence shown once on the next page."""
    response = RedirectResponse(url, 303)
    if said:
        note = json.dumps({"key": said, "kind": kind, "gaps": gaps, "undo": undo}, ensure_ascii=True)
        response.set_cookie(FLASH, quote(note), max_age=60, httponly=True, samesite="lax", path="/staff")
    return response


def flashed(request: Request, lang: str) -> list[dict[str, Any]]:
    """What the last page wanted said. The cookie holds a key and a ref, never words of people."""
    held = request.cookies.get(FLASH, "")
    try:
        note = json.loads(unquote(held)) if held else None
        if not note:
            return []
        gaps = {str(name): str(value)[:60] for name, value in dict(note.get("gaps") or {}).items()}
        undo = note.get("undo") if isinstance(note.get("undo"), dict) else None
        if undo is not None and not (
            str(undo.get("action", "")).startswith("/staff/") and isinstance(undo.get("fields"), dict)
        ):
            undo = None
        return [{"kind": str(note.get("kind")), "text": say(lang, str(note["key"]), "staff", **gaps), "undo": undo}]
    except (ValueError, KeyError, TypeError, IndexError, AttributeError, RecursionError):
        return []


def safe_next(url: str, otherwise: str) -> str:
    """Where to go afterwards: only ever a page of our own desk."""
    return url if url.startswith("/staff/") and "//" not in url and "\\" not in url else otherwise
