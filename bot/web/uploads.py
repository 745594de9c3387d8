"""What comes with POST /chat/messages, in any of its shapes, made into one heard message."""

import json
from typing import Any

from fastapi import Request
from starlette.datastructures import UploadFile

from bot.channels import webchat
from bot.web.doors import Refusal, language_of
from desk import clock, ids
from desk.files import FileHeard, kind_of
from desk.messages import Heard
from desk.people import Place
from desk.reading import readable
from desk.texts import LANGUAGES, say, say_count
from desk.visitors import Visit

BIGGEST_BODY = 21 * 1024 * 1024
LONGEST = 4000  # Letters of one message; longer ones are refused with a sentence.


async def read_message(request: Request, visit: Visit) -> tuple[Heard, bool]:
    """What came with POST /chat/messages, in any of its shapes, and whether it is a form of the page itself."""
    language = language_of(request)
    length = request.headers.get("content-length", "")
    if length.isdigit() and int(length) > BIGGEST_BODY:
        # Before a byte of it is read; the server's own limit catches those who do not say how much comes.
        raise Refusal(413, "too_large", say(language, "file.big", mb=webchat.FACTS.files_up_to // 1024 // 1024))
    kind = request.headers.get("content-type", "").split(";")[0].strip().lower()
    text, choice, key, upload, lang = "", "", "", None, ""
    if kind in ("multipart/form-data", "application/x-www-form-urlencoded"):
        try:
            form = await request.form(max_files=1, max_fields=10)
        except (UnicodeError, LookupError):
            raise Refusal(400, "malformed", say(language, "error.invalid")) from None
        text, choice, key, lang = (_field(form.get(name)) for name in ("text", "choice", "key", "lang"))
        given = form.get("file")
        upload = given if isinstance(given, UploadFile) and (given.filename or given.size) else None
    else:
        try:
            body = json.loads(await request.body())
        except (ValueError, RecursionError):
            raise Refusal(400, "malformed", say(language, "error.invalid")) from None
        if not isinstance(body, dict) or any(
            not isinstance(body.get(name, ""), str) for name in ("text", "choice", "key", "lang")
        ):
            raise Refusal(422, "invalid", say(language, "error.invalid"))
        text, choice, key, lang = (body.get(name, "") for name in ("text", "choice", "key", "lang"))
    text, key = readable(text), readable(key)
    if len(text) > LONGEST:
        raise Refusal(413, "too_large", say_count(language, "chat.too_long", LONGEST))
    if len(key) > 80 or len(choice) > 64:
        raise Refusal(422, "invalid", say(language, "error.invalid"))
    if choice and upload is not None:
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


async def _file_heard(upload: Any, language: str) -> FileHeard:
    limit = webchat.FACTS.files_up_to
    content = await upload.read(limit + 1)
    if len(content) > limit:
        raise Refusal(413, "too_large", say(language, "file.big", mb=limit // 1024 // 1024))
    if not content:
        raise Refusal(422, "invalid", say(language, "chat.empty_file"))
    kind, mime = kind_of(content)
    return FileHeard(
        kind=kind, name=readable(upload.filename or "")[-200:], mime=mime, size=len(content), content=content
    )
