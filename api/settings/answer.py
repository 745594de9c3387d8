"""One approved answer: its words in four languages, its source, and what people said of it."""

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from api import pages
from api.doors import Asking, Desk, Reading, TheDesk
from api.settings.frame import POLISH_FIRST, Changing, Editor, Visitor, find_entry, may_edit, render_room, today_at
from desk import answers, upkeep
from desk.errors import Invalid
from desk.library import Entry
from desk.texts import Written

router = APIRouter()

URL = "/staff/settings/answers"


@router.get(f"{URL}/{{key}}")
async def show(key: str, request: Request, desk: TheDesk, session: Reading, asking: Visitor) -> Response:
    entry = await find_entry(session, "answer", key)
    return await _page(request, desk, session, asking, entry, upkeep.answer_texts_of(entry))


@router.post(f"{URL}/{{key}}")
async def change(key: str, request: Request, desk: TheDesk, session: Changing, asking: Editor) -> Response:
    entry = await find_entry(session, "answer", key)
    form = await request.form()
    typed = upkeep.AnswerTexts(
        questions={language: str(form.get(f"q-{language}", "")) for language in POLISH_FIRST},
        answers={language: str(form.get(f"a-{language}", "")) for language in POLISH_FIRST},
        source=str(form.get("source", "")),
        source_date=str(form.get("source_date", "")),
        by_bot=form.get("by_bot") == "yes",
    )
    try:
        upkeep.change_answer(session, entry, typed, str(form.get("until", "")), today_at(desk), asking.id)
    except Invalid as no:
        return await _page(request, desk, session, asking, entry, typed, no)
    return pages.back_to(URL, said="said.answer_changed")


async def _page(
    request: Request,
    desk: Desk,
    session: AsyncSession,
    asking: Asking,
    entry: Entry,
    typed: upkeep.AnswerTexts,
    no: Invalid | None = None,
) -> Response:
    today = today_at(desk)
    votes = (await answers.votes(session)).get(entry.key, answers.Votes())
    context: Mapping[str, Any] = {
        "answer": {
            "id": entry.key,
            "title": Written(entry.now["q"]).in_(asking.language),
            "texts": [
                {"lang": language, "q": typed.questions.get(language, ""), "a": typed.answers.get(language, "")}
                for language in POLISH_FIRST
            ],
            "source": typed.source,
            "source_date": typed.source_date,
            "by_bot": typed.by_bot,
            "note": entry.now.get("staff_note", ""),
            "state": upkeep.state_of(entry, today),
            "suggested_until": (today + upkeep.VALID["answer"]).isoformat(),
        },
        "votes": votes,
        "can": {"edit": may_edit(asking)},
        "back": URL,
    }
    return await render_room(request, desk, session, asking, "answers", context, no=no, page="answer")
