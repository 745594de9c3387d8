"""One approved answer: its words in four languages, its source, and what people said of it."""

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from api import pages
from api.doors import Asking, Desk, Reading, TheDesk
from api.settings.frame import POLISH_FIRST, Changing, Editor, Visitor, find_entry, may_edit, render_room, today_at
from desk import answers, library, upkeep
from desk.errors import Invalid
from desk.library import Entry
from desk.texts import Written

router = APIRouter()

URL = "/staff/settings/answers"


@router.get(f"{URL}/new")
async def begin(request: Request, desk: TheDesk, session: Reading, asking: Editor) -> Response:
    return await _page(request, desk, session, asking, None, upkeep.NO_ANSWER)


@router.post(URL)
async def add(request: Request, desk: TheDesk, session: Changing, asking: Editor) -> Response:
    typed, until = await _typed(request)
    try:
        upkeep.add_answer(session, typed, until, await _services(session, asking), today_at(desk), asking.id)
    except Invalid as no:
        return await _page(request, desk, session, asking, None, typed, no)
    return pages.back_to(URL, said="said.answer_added")


@router.get(f"{URL}/{{key}}")
async def show(key: str, request: Request, desk: TheDesk, session: Reading, asking: Visitor) -> Response:
    entry = await find_entry(session, "answer", key)
    return await _page(request, desk, session, asking, entry, upkeep.answer_texts_of(entry))


@router.post(f"{URL}/{{key}}")
async def change(key: str, request: Request, desk: TheDesk, session: Changing, asking: Editor) -> Response:
    entry = await find_entry(session, "answer", key)
    typed, until = await _typed(request)
    services = await _services(session, asking)
    try:
        upkeep.change_answer(session, entry, typed, until, services, today_at(desk), asking.id)
    except Invalid as no:
        return await _page(request, desk, session, asking, entry, typed, no)
    return pages.back_to(URL, said="said.answer_changed")


async def _typed(request: Request) -> tuple[upkeep.AnswerTexts, str]:
    """The answer as it was typed, and until when it shall hold."""
    form = await request.form()
    texts = upkeep.AnswerTexts(
        questions={language: str(form.get(f"q-{language}", "")) for language in POLISH_FIRST},
        answers={language: str(form.get(f"a-{language}", "")) for language in POLISH_FIRST},
        source=str(form.get("source", "")),
        source_date=str(form.get("source_date", "")),
        by_bot=form.get("by_bot") == "yes",
        service=str(form.get("service", "")),
    )
    return texts, str(form.get("until", ""))


async def _services(session: AsyncSession, asking: Asking) -> dict[str, str]:
    """The services under which an answer may stand, with their titles."""
    entries = await library.entries(session, "service")
    return {entry.key: Written(entry.now["title"]).in_(asking.language) for entry in entries}


async def _page(
    request: Request,
    desk: Desk,
    session: AsyncSession,
    asking: Asking,
    entry: Entry | None,
    typed: upkeep.AnswerTexts,
    no: Invalid | None = None,
) -> Response:
    today = today_at(desk)
    given = await answers.votes(session) if entry is not None else {}
    context: Mapping[str, Any] = {
        "answer": {
            "url": f"{URL}/{entry.key}" if entry is not None else URL,
            "title": Written(entry.now["q"]).in_(asking.language) if entry is not None else "",
            "service": typed.service,
            "texts": [
                {"lang": language, "q": typed.questions.get(language, ""), "a": typed.answers.get(language, "")}
                for language in POLISH_FIRST
            ],
            "source": typed.source,
            "source_date": typed.source_date,
            "by_bot": typed.by_bot,
            "note": entry.now.get("staff_note", "") if entry is not None else "",
            "suggested_until": (today + upkeep.VALID["answer"]).isoformat(),
        },
        "services": [{"id": key, "label": title} for key, title in (await _services(session, asking)).items()],
        "votes": given.get(entry.key, answers.Votes()) if entry is not None else answers.Votes(),
        "can": {"edit": may_edit(asking)},
        "back": URL,
    }
    return await render_room(request, desk, session, asking, "answers", context, no=no, page="answer")
