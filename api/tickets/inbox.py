"""The inbox: queues, and the rows of one."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from api import channels, pages
from api.doors import Asking, Reading, TheDesk, WhoAsks
from api.moments import Moments
from desk import clock, ids, queues
from desk.access import readable_by
from desk.errors import NotAllowed
from desk.handbook import Handbook
from desk.health import heard_since, last_working_day, undelivered_count, waiting_aside
from desk.queues import Filter, Row
from desk.reading import masked
from desk.script.form import Progress
from desk.script.summary import topic_of
from desk.services import Service
from desk.staff import CASEWORK, MANAGES_CONTENT, Staff
from desk.texts import LANGUAGES, say
from desk.tickets import Status, Ticket

router = APIRouter()

ICONS = {"urgent": "alert", "late": "clock", "new": "inbox", "mine": "person", "unassigned": "plus", "waiting": "wait",
         "closed": "check"}  # fmt: skip
TONES = {"urgent": "danger", "late": "warn"}
SHOWN = ("urgent", "late", "new", "mine", "unassigned", "waiting", "closed")


@router.get("/staff/tickets")
async def show(
    request: Request,
    desk: TheDesk,
    session: Reading,
    asking: WhoAsks,
    queue: str = "new",
    q: Annotated[str, Query(max_length=200)] = "",
    service: str = "",
    language: str = "",
    after: str = "",
) -> Response:
    if asking.staff.role not in CASEWORK:
        raise NotAllowed("error.not_your_role")
    book = await desk.shelf.book(session)
    at = clock.now()
    wanted = Filter(
        queue if queue in queues.QUEUES else "new", q, service if service in book.catalogue.services else "",
        language if language in LANGUAGES else "", after,
    )  # fmt: skip
    if q.strip() and queue == "new":
        wanted = Filter("all", q, wanted.service, wanted.language, after)
    readable = readable_by(asking.staff, book.catalogue)
    counted = await queues.counts(session, readable, asking.staff, at)
    found, next_mark = await queues.rows(session, readable, asking.staff, wanted, at)
    moments = Moments(book.centre.zone, at, asking.language)
    owners = await queues.owners(session)
    view = _View(book, moments, owners, asking)
    context = {
        "queue": wanted.queue,
        "queues": _queues(wanted, counted),
        "waiting": _waiting(counted, found, moments),
        "proof": await _proof(session, book, at, moments),
        "filters": _filters(wanted, book, asking),
        "groups": view.groups(found, wanted),
        "pager": {
            "newer_url": _url(wanted, after="") if after else None,
            "older_url": _url(wanted, after=next_mark) if next_mark else None,
        },
        "hours": _hours(book, at),
        "answered": counted["waiting"],
        "mine": {"n": counted["mine"], "url": "/staff/tickets?queue=mine"},
    }
    badges = _badges(counted, asking, book)
    return pages.render(request, desk, "tickets/list.html", asking, context, counts=badges, section="inbox")


async def counts_for(session: AsyncSession, asking: Asking, book: Handbook) -> dict[str, Any]:
    """The figures of the rail, for every page."""
    if asking.staff.role not in CASEWORK:
        return _badges({"new": 0, "urgent": 0}, asking, book)
    counted = await queues.counts(session, readable_by(asking.staff, book.catalogue), asking.staff, clock.now())
    return _badges(counted, asking, book)


def _badges(counted: Mapping[str, int], asking: Asking, book: Handbook) -> dict[str, Any]:
    tasks = book.vanished(book.centre.local(clock.now()).date()) if asking.staff.role in MANAGES_CONTENT else 0
    return {"new": capped(counted["new"]), "urgent": counted["urgent"], "tasks": tasks}


def capped(n: int) -> int | str:
    return n if n <= queues.MOST_COUNTED else f"{queues.MOST_COUNTED}+"


def _queues(wanted: Filter, counted: Mapping[str, int]) -> list[dict[str, Any]]:
    return [
        {
            "id": name,
            "url": f"/staff/tickets?queue={name}",
            "icon": ICONS[name],
            "count": capped(counted[name]) if name in counted else None,
            "current": name == wanted.queue,
            "tone": TONES.get(name) if counted.get(name) else None,
        }
        for name in SHOWN
    ]


def _waiting(counted: Mapping[str, int], found: list[Row], moments: Moments) -> dict[str, Any] | None:
    if not found or not counted["new"]:
        return None
    oldest = min(row.ticket.heard_at or row.ticket.opened_at for row in found)
    return {"n": counted["new"], "since_text": moments.short(oldest)}


async def _proof(session: AsyncSession, book: Handbook, at: datetime, moments: Moments) -> dict[str, Any]:
    """Received = ticketed, since the last working day began."""
    since = last_working_day(book.centre, at)
    heard = await heard_since(session, since)
    return {
        "since_text": moments.date_and_time(since).rsplit(",", 1)[0],
        "received": heard.ticketed + heard.answered,
        "ticketed": heard.ticketed,
        "set_aside": await waiting_aside(session),
        "undelivered": await undelivered_count(session),
        "halted": list((await channels.halted(session, moments)).values()),
        "url": "/staff/health",
    }


def _filters(wanted: Filter, book: Handbook, asking: Asking) -> dict[str, Any]:
    return {
        "q": wanted.words,
        "service": wanted.service,
        "language": wanted.language,
        "services": [
            {"id": service.id, "label": service.title.in_(asking.language)}
            for service in book.catalogue.services.values()
            if service.on
        ],
        "languages": list(LANGUAGES),
        "active": bool(wanted.words or wanted.service or wanted.language),
        "clear_url": f"/staff/tickets?queue={wanted.queue}",
    }


def _url(wanted: Filter, **changes: str) -> str:
    query = {
        "queue": wanted.queue,
        "q": wanted.words,
        "service": wanted.service,
        "language": wanted.language,
        **changes,
    }
    return "/staff/tickets?" + urlencode({name: value for name, value in query.items() if value})


def _hours(book: Handbook, at: datetime) -> str | None:
    today = book.centre.hours.on(book.centre.local(at).date())
    return f"{today[0]:%-H:%M}–{today[1]:%-H:%M}" if today else None


class _View:
    """Rows as the template wants them; what is urgent or closed to others gives nothing away."""

    def __init__(self, book: Handbook, moments: Moments, owners: Mapping[int, Staff], asking: Asking) -> None:
        self.book, self.moments, self.owners, self.asking = book, moments, owners, asking

    def groups(self, found: list[Row], wanted: Filter) -> list[dict[str, Any]]:
        if wanted.queue in ("waiting", "closed", "all"):
            return [{"id": "all", "count": len(found), "rows": [self.row(row) for row in found]}] if found else []
        sorted_: dict[str, list[Row]] = {"urgent": [], "late": [], "today": [], "later": []}
        for row in found:
            sorted_[self._group_of(row.ticket)].append(row)
        return [
            {"id": name, "count": len(rows), "rows": [self.row(row) for row in rows]}
            for name, rows in sorted_.items()
            if rows
        ]

    def _group_of(self, ticket: Ticket) -> str:
        if ticket.is_urgent:
            return "urgent"
        if ticket.due_at is None:
            return "later"
        if ticket.due_at < self.moments.now:
            return "late"
        local = self.moments.local
        return "today" if local(ticket.due_at).date() == local(self.moments.now).date() else "later"

    def row(self, row: Row) -> dict[str, Any]:
        ticket, person, last = row.ticket, row.person, row.last
        lang = self.asking.language
        service = self.book.catalogue.service(ticket.service)
        hidden = ticket.is_urgent or ticket.sensitivity == "high"
        due_text, late = self.moments.due(ticket.due_at)
        came = ticket.heard_at or ticket.opened_at
        words, words_lang = _last_words(row, lang)
        progress = Progress.of(ticket.form)
        owner = self.owners.get(ticket.owner_id or 0)
        unread = ticket.staff_read_at is None or bool(ticket.heard_at and ticket.heard_at > ticket.staff_read_at)
        minutes = int((self.moments.now - ticket.alarm_at).total_seconds() // 60) if ticket.alarm_at else 0
        return {
            "ref": ids.spoken(ticket.ref),
            "url": f"/staff/tickets/{ids.spoken(ticket.ref)}",
            "mark": f"{ticket.touched_at.timestamp():.0f}",
            "urgent": ticket.is_urgent,
            "confidential": hidden and not ticket.is_urgent,
            "unread": unread,
            "new": unread and ticket.status is not Status.DRAFT,
            "asking": {"i": len(progress.asked), "n": max(progress.total or 0, len(progress.asked))}
            if ticket.status is Status.DRAFT
            else None,
            "person": None if hidden else person.name or None,
            "second": "" if hidden else self._gmina(person.gmina),
            "second_lang": lang,
            "need": "" if hidden else need_of(ticket, service, lang),
            "words": "" if hidden else words,
            "words_lang": words_lang,
            "kinds": [] if hidden or last is None else _kinds(last.kind),
            "owner": {"name": owner.first_name, "initials": owner.initials} if owner else None,
            "can_take": ticket.is_urgent and ticket.taken_at is None,
            "due_text": due_text,
            "due_iso": self.moments.iso(ticket.due_at),
            "late": late,
            "arrived_text": self.moments.short(came),
            "arrived_iso": self.moments.iso(came),
            "channel": last.channel if last else None,
            "minutes": minutes,
            "next_alarm": None,
        }

    def _gmina(self, gmina: str) -> str:
        slot = self.book.catalogue.shared.get("gmina")
        option = slot.option(gmina) if slot and gmina else None
        return option.label.in_(self.asking.language) if option else ""


def need_of(ticket: Ticket, service: Service | None, lang: str) -> str:
    """«Sprawy urzędowe · PESEL UKR, status»"""
    if service is None:
        return say(lang, "row.no_service", "staff")
    title = service.title.in_(lang)
    topic = topic_of(service, ticket.answers).in_(lang)
    return f"{title} · {topic}" if topic.lower() not in (title.lower(), service.topic.in_(lang).lower()) else title


def _last_words(row: Row, lang: str) -> tuple[str, str]:
    """The last words in the reader's language when there are any, else as they were written."""
    last = row.last
    if last is None:
        return "", lang
    if last.other and last.other_language == lang:
        return masked(last.other)[:160], lang
    return masked(last.text)[:160], last.language or "uk"


def _kinds(kind: str) -> list[str]:
    known = {
        "photo": "photo",
        "voice": "voice",
        "audio": "voice",
        "document": "file",
        "video": "file",
        "video_note": "file",
    }
    return [known[kind]] if kind in known else []
