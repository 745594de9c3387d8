"""Help lines and approved answers: what somebody must have checked before the bot may show it, and until when."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from api import pages
from api.doors import Asking, Desk, Reading, TheDesk
from api.moments import Moments
from api.settings.frame import (
    POLISH_FIRST,
    Changing,
    Editor,
    Text,
    Visitor,
    day_text,
    find_entry,
    may_edit,
    render_room,
    today_at,
)
from desk import answers, clock, library, queues, upkeep
from desk.errors import Conflict, Invalid
from desk.library import Entry
from desk.staff import Staff, everyone
from desk.texts import Written, say
from desk.triage.words import fold

router = APIRouter()

STATES = ("all", "unconfirmed", "expired", "soon", "confirmed")
LATELY = timedelta(days=30)
KNOWN_LANGUAGES = frozenset({"uk", "pl", "ru", "en"})


# Help lines


@router.get("/staff/settings/helplines")
async def show_helplines(request: Request, desk: TheDesk, session: Reading, asking: Visitor) -> Response:
    return await _helplines(request, desk, session, asking)


async def _helplines(
    request: Request, desk: Desk, session: AsyncSession, asking: Asking, no: Invalid | Conflict | None = None
) -> Response:
    view = await _View.of(session, desk, asking)
    context = {
        "helplines": [view.helpline(entry) for entry in await library.entries(session, "helpline")],
        "can": {"confirm": may_edit(asking)},
    }
    return await render_room(request, desk, session, asking, "helplines", context, no=no)


@router.post("/staff/settings/helplines/{key}/confirmation")
async def confirm_helpline(
    key: str, request: Request, desk: TheDesk, session: Changing, asking: Editor, until: Text = ""
) -> Response:
    entry = await find_entry(session, "helpline", key)
    try:
        upkeep.confirm(session, entry, until, today_at(desk), asking.id)
    except Invalid as no:
        return await _helplines(request, desk, session, asking, no)
    return pages.back_to("/staff/settings/helplines", said="said.helpline_confirmed", number=str(entry.now["number"]))


@router.post("/staff/settings/helplines/{key}/withdrawal")
async def withdraw_helpline(key: str, request: Request, desk: TheDesk, session: Changing, asking: Editor) -> Response:
    entry = await find_entry(session, "helpline", key)
    try:
        upkeep.withdraw(session, entry, asking.id)
    except Conflict as no:
        return await _helplines(request, desk, session, asking, no)
    return pages.back_to("/staff/settings/helplines", said="said.helpline_withdrawn", number=str(entry.now["number"]))


# Answers


@router.get("/staff/settings/answers")
async def show_answers(
    request: Request,
    desk: TheDesk,
    session: Reading,
    asking: Visitor,
    state: str = "all",
    q: Annotated[str, Query(max_length=200)] = "",
) -> Response:
    return await _answers(request, desk, session, asking, state=state, q=q)


async def _answers(
    request: Request,
    desk: Desk,
    session: AsyncSession,
    asking: Asking,
    *,
    state: str = "all",
    q: str = "",
    no: Invalid | Conflict | None = None,
) -> Response:
    state = state if state in STATES else "all"
    view = await _View.of(session, desk, asking)
    titles = {
        entry.key: Written(entry.now["title"]).in_(asking.language)
        for entry in await library.entries(session, "service")
    }
    found = [entry for entry in await library.entries(session, "answer") if _says(entry, fold(q).strip())]
    states = {entry.key: {"all", upkeep.state_of(entry, view.today)} for entry in found}
    for entry in found:
        if upkeep.ends_soon(entry, view.today):
            states[entry.key].add("soon")
    votes = await answers.votes(session)
    context = {
        "states": [
            {
                "id": name,
                "url": _answers_url(name, q),
                "n": sum(name in one for one in states.values()),
                "current": name == state,
            }
            for name in STATES
        ],
        "answers": [
            view.answer(entry, titles, votes.get(entry.key, answers.Votes()))
            for entry in found
            if state in states[entry.key]
        ],
        "unanswered": await _unanswered(session, titles),
        "can": {"confirm": may_edit(asking)},
    }
    return await render_room(request, desk, session, asking, "answers", context, no=no)


async def _unanswered(session: AsyncSession, titles: Mapping[str, str]) -> list[dict[str, Any]]:
    """What was asked lately and no answer was shown, by service; the questions lie in the tickets themselves."""
    counts = await queues.unanswered(session, clock.now() - LATELY)
    return [
        {"service": titles.get(service, ""), "n": n, "url": f"/staff/tickets?service={service}"}
        for service, n in counts
        if service in titles
    ]


def _answers_url(state: str, q: str) -> str:
    query = {name: value for name, value in {"state": state, "q": q.strip()}.items() if value and value != "all"}
    return "/staff/settings/answers" + (f"?{urlencode(query)}" if query else "")


def _says(entry: Entry, words: str) -> bool:
    """Whether these words stand in a question, an answer or a tag, in any language."""
    facts = entry.now
    texts = (*facts["q"].values(), *facts["a"].values(), *(facts.get("tags") or ()))
    return not words or any(words in fold(str(text)) for text in texts)


@router.post("/staff/settings/answers/{key}/confirmation")
async def confirm_answer(
    key: str, request: Request, desk: TheDesk, session: Changing, asking: Editor, until: Text = ""
) -> Response:
    entry = await find_entry(session, "answer", key)
    try:
        upkeep.confirm(session, entry, until, today_at(desk), asking.id)
    except Invalid as no:
        return await _answers(request, desk, session, asking, no=no)
    return pages.back_to("/staff/settings/answers", said="said.answer_confirmed")


@router.post("/staff/settings/answers/{key}/withdrawal")
async def withdraw_answer(key: str, session: Changing, asking: Editor) -> Response:
    upkeep.withdraw(session, await find_entry(session, "answer", key), asking.id)
    return pages.back_to("/staff/settings/answers", said="said.answer_withdrawn")


class _View:
    """Entries as the pages show them."""

    def __init__(self, moments: Moments, today: date, names: Mapping[int, Staff]) -> None:
        self.moments, self.today, self.names = moments, today, names
        self.lang = moments.lang

    @classmethod
    async def of(cls, session: AsyncSession, desk: Desk, asking: Asking) -> "_View":
        names = {member.id or 0: member for member in await everyone(session)}
        return cls(Moments(desk.shelf.zone, clock.now(), asking.language), today_at(desk), names)

    def helpline(self, entry: Entry) -> dict[str, Any]:
        facts = entry.now
        languages = [code for code in facts.get("languages") or () if code in KNOWN_LANGUAGES]
        return {
            **self._check(entry),
            "number": facts["number"],
            "name": Written(facts["name"]).in_(self.lang),
            "about": Written(facts.get("about") or {}).in_(self.lang),
            "hours_text": Written(facts.get("hours") or {}).in_(self.lang),
            "languages_text": ", ".join(say(self.lang, f"language.{code}", "staff") for code in languages)
            or say(self.lang, "helpline.no_languages", "staff"),
            "note": facts.get("note", ""),
        }

    def answer(self, entry: Entry, titles: Mapping[str, str], votes: answers.Votes) -> dict[str, Any]:
        facts = entry.now
        return {
            **self._check(entry),
            "question": Written(facts["q"]).in_(self.lang),
            "texts": [{"lang": code, "text": facts["a"][code]} for code in POLISH_FIRST if facts["a"].get(code)],
            "service": titles.get(facts.get("service", ""), ""),
            "shown": "staff" if facts.get("show") == "staff" else "auto",
            "url": f"/staff/settings/answers/{entry.key}",
            "votes": votes,
        }

    def _check(self, entry: Entry) -> dict[str, Any]:
        """Who has checked it and until when, as it stands at both kinds."""
        facts = entry.now
        checked = None
        if entry.confirmed_at is not None:
            day = day_text(self.moments.local(entry.confirmed_at).date(), self.lang)
            who = self.names.get(entry.confirmed_by or 0)
            checked = f"{day}, {who.name}" if who else day
        return {
            "id": entry.key,
            "state": upkeep.state_of(entry, self.today),
            "checked_text": checked,
            "until_text": day_text(facts.get("verify_by"), self.lang) if entry.confirmed_at else "",
            "source": facts.get("source", ""),
            "source_text": day_text(facts.get("source_date"), self.lang),
            "suggested_until": (self.today + upkeep.VALID[entry.kind]).isoformat(),
        }
