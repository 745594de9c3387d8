"""What staff do to a ticket: each a form that posts, and a 303 back to the page."""

import re
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, File, Form, Request, Response, UploadFile
from fastapi.responses import JSONResponse
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from api import pages
from api.doors import Asking, Desk, TheDesk, Transaction, WhoAsks
from api.tickets.page import PRIORITIES, render_ticket
from desk import alarms, clock, ids, people, replying, staff, tickets
from desk.access import check_may_read
from desk.attachments import ALL_TOGETHER, attachments
from desk.corrections import BY_STAFF, correct
from desk.database import ring
from desk.errors import Conflict, DeskError, Invalid, NotFound
from desk.handbook import Handbook
from desk.history import record
from desk.messages import Direction, Message, Status
from desk.people import ContactRule, Person
from desk.reading import readable
from desk.replying import AnsweredMeanwhile, Reply
from desk.texts import say
from desk.tickets import Ticket
from desk.translation import TranslatorError

router = APIRouter()

# What the composer sends may bring files, whichever of its buttons was pressed.
FROM_COMPOSER = re.compile(r"/staff/tickets/[^/]+/(replies|notes|preview)")
BIGGEST_BODY = ALL_TOGETHER + 1024 * 1024


@dataclass
class Hold:
    """A ticket that the one who asks may read, in this request's transaction."""

    ticket: Ticket
    session: AsyncSession
    asking: Asking
    book: Handbook

    @property
    def url(self) -> str:
        return f"/staff/tickets/{ids.spoken(self.ticket.ref)}"

    @property
    def ref(self) -> str:
        return ids.spoken(self.ticket.ref)


async def _hold(ref: str, desk: TheDesk, session: Transaction, asking: WhoAsks) -> Hold:
    ticket = await tickets.hold(session, ref)
    book = await desk.shelf.book(session)
    check_may_read(asking.staff, ticket, book.catalogue)
    await people.present(session, ticket.person_id)
    return Hold(ticket, session, asking, book)


Held = Annotated[Hold, Depends(_hold)]
Text = Annotated[str, Form()]
Files = Annotated[list[UploadFile], File()]


# Replies


@router.post("/staff/tickets/{ref}/replies", max_body_size=BIGGEST_BODY)
async def post_reply(
    request: Request,
    desk: TheDesk,
    held: Held,
    text: Text = "",
    translation: Text = "",
    corrected: Text = "",
    seen: Text = "",
    key: Text = "",
    confirm: Text = "",
    via: Text = "",
    files: Files = [],  # noqa: B006  FastAPI's way to say that there may be none
) -> Response:
    """Send a reply. What stands in the way is said on the same page, and nothing that was typed is lost."""
    chosen = [file for file in files if file.filename or file.size]
    person = await held.session.get_one(Person, held.ticket.person_id)
    language = person.language or "uk"
    typed = {"text": text, "translation": translation, "corrected": bool(corrected), "key": key or ids.token()[:16]}
    typed["via"] = ids.row_number(via)
    typed["files_again"] = ", ".join(readable(file.filename or "") for file in chosen)
    try:
        if person.contact_rule is ContactRule.NEVER_FIRST and not confirm:
            raise _Think("composer.confirm.never_first")
        engine = "" if corrected else await _engine_of(desk, text, translation, language)
        await replying.reply(
            held.session,
            held.ticket,
            held.asking.staff,
            Reply(
                text,
                translation,
                engine,
                ids.row_number(seen),
                key[:80],
                ids.row_number(via),
                attachments([(file.filename or "", await file.read()) for file in chosen]),
            ),
            clock.now(),
        )
    except _Think as thought:
        typed["confirm"] = say(held.asking.language, thought.key, "staff")
    except AnsweredMeanwhile as faster:
        typed["conflict"] = say(held.asking.language, faster.key, "staff", who=str(faster.facts.get("who", "")))
        typed["conflict_url"] = held.url
    except (Invalid, Conflict) as no:
        typed["error"] = say(
            held.asking.language, no.key, "staff", **{name: str(fact) for name, fact in no.facts.items()}
        )
    else:
        return pages.back_to(held.url, said="said.replied")
    return await render_ticket(
        request,
        desk,
        held.session,
        held.asking,
        held.book,
        held.ticket,
        composer=typed,
        status=409 if "conflict" in typed else 422,
    )


class _Think(Exception):
    """Something to think of before sending all the same."""

    def __init__(self, key: str) -> None:
        self.key = key
        super().__init__(key)


async def _engine_of(desk: Desk, text: str, translation: str, language: str) -> str:
    """Whose words the translation is: the engine's when it was left as the machine made it."""
    if not translation.strip() or language == "pl" or desk.translator is None:
        return ""
    return desk.translator.engine


@router.post("/staff/tickets/{ref}/preview", max_body_size=BIGGEST_BODY)
async def preview(request: Request, desk: TheDesk, ref: str, asking: WhoAsks) -> Response:
    """What the person will read, from the translator; JSON for the script, the page again without it."""
    async with desk.database.reading() as session:
        ticket = await tickets.find_ticket(session, ref)
        book = await desk.shelf.book(session)
        check_may_read(asking.staff, ticket, book.catalogue)
        person = await session.get_one(Person, ticket.person_id)
    is_json = request.headers.get("content-type", "").startswith("application/json")
    text = await _posted_text(request, is_json)
    language = person.language or "uk"
    # No transaction is open here: a slow translator must not hold the database.
    shown, warnings = await translated(desk, asking, text, language)
    if is_json:
        return JSONResponse({"text": shown, "same": language == "pl", "warnings": warnings})
    async with desk.database.transaction() as session:
        ticket = await tickets.find_ticket(session, ref)
        typed = {"text": text, "translation": shown or "", "previewed": True, "warnings": warnings}
        return await render_ticket(request, desk, session, asking, book, ticket, composer=typed)


async def _posted_text(request: Request, is_json: bool) -> str:
    if is_json:
        try:
            body = await request.json()
        except (ValueError, RecursionError):
            raise Invalid from None
        text = body.get("text", "") if isinstance(body, dict) else ""
    else:
        text = (await request.form()).get("text", "")
    if not isinstance(text, str) or len(text) > replying.LONGEST:
        raise Invalid("error.reply_long", n=replying.LONGEST)
    return text


async def translated(desk: Desk, asking: Asking, text: str, language: str) -> tuple[str | None, list[str]]:
    """The text in the person's language, or None with a sentence that says why not."""
    lang = asking.language
    if language == "pl" or not text.strip():
        return text, []
    if desk.translator is None:
        return None, [say(lang, "preview.no_translator", "staff")]
    try:
        shown = await desk.translator.translate(text, "pl", language)
    except TranslatorError:
        return None, [say(lang, "preview.failed", "staff")]
    return shown, differing(text, shown, lang)


_FIGURES = re.compile(r"\d+(?:[:.]\d+)*")


def differing(polish: str, shown: str, lang: str) -> list[str]:
    """Dates, hours and numbers that stand in one text and not in the other."""
    here, there = _FIGURES.findall(polish), _FIGURES.findall(shown)
    lost = [figure for figure in here if figure not in there]
    if not lost:
        return []
    return [say(lang, "preview.differs", "staff", figures=", ".join(dict.fromkeys(lost)))]


@router.post("/staff/tickets/{ref}/notes", max_body_size=BIGGEST_BODY)
async def post_note(held: Held, text: Text = "") -> Response:
    replying.note(held.session, held.ticket, held.asking.staff, text, clock.now())
    return pages.back_to(held.url, said="said.noted")


# The ticket's life


@router.post("/staff/tickets/{ref}/assignment")
async def assign(held: Held, owner: Text = "") -> Response:
    to: int | None = None
    if owner == "me":
        to = held.asking.id
    elif owner:
        to = (await _caseworker(held, owner)).id
    before = held.ticket.owner_id
    tickets.assign(held.session, held.ticket, to, held.asking.id)
    undo = {"action": f"{held.url}/assignment", "fields": {"owner": str(before or "")}}
    return pages.back_to(held.url, said="said.assigned", undo=undo, ref=held.ref)


async def _caseworker(held: Held, number: str) -> staff.Staff:
    """Who may own a ticket: the account with this number, if its role reads tickets at all."""
    wanted = ids.row_number(number)
    member = await held.session.get(staff.Staff, wanted) if wanted is not None and wanted < 2**31 else None
    if member is None or member.disabled or member.role not in staff.CASEWORK:
        raise NotFound("error.no_staff")
    return member


@router.post("/staff/tickets/{ref}/priority")
async def set_priority(held: Held, priority: Text = "") -> Response:
    back = {shown: kept for kept, shown in PRIORITIES.items()}
    tickets.prioritise(held.session, held.ticket, back.get(priority, priority), held.asking.id)
    return pages.back_to(held.url, said="said.priority", ref=held.ref)


@router.post("/staff/tickets/{ref}/service")
async def set_service(held: Held, service: Text = "") -> Response:
    found = held.book.catalogue.service(service)
    if found is None:
        raise Invalid("error.no_service")
    if held.ticket.service != found.id:
        correct(held.session, held.ticket, found.id, BY_STAFF)
    held.ticket.service, held.ticket.sensitivity = found.id, found.sensitivity
    record(
        held.session, "ticket.service", ticket_id=held.ticket.id, person_id=held.ticket.person_id,
        staff_id=held.asking.id, to=found.id,
    )  # fmt: skip
    return pages.back_to(held.url, said="said.service", ref=held.ref)


@router.post("/staff/tickets/{ref}/closure")
async def close(
    request: Request,
    desk: TheDesk,
    held: Held,
    reason: Text = "",
    text: Text = "",
    translation: Text = "",
    seen: Text = "",
) -> Response:
    person = await held.session.get_one(Person, held.ticket.person_id)
    language = person.language or "uk"
    try:
        engine = await _engine_of(desk, text, translation, language)
        await replying.close(
            held.session,
            held.ticket,
            held.asking.staff,
            reason,
            Reply(text, translation, engine, ids.row_number(seen)),
            held.book,
            clock.now(),
        )
    except DeskError as no:
        error = say(held.asking.language, no.key, "staff", **{name: str(fact) for name, fact in no.facts.items()})
        typed = {"open": True, "reason": reason, "text": text, "translation": translation, "error": error}
        return await render_ticket(
            request, desk, held.session, held.asking, held.book, held.ticket, closing=typed, status=422
        )
    undo = {"action": f"{held.url}/reopening", "fields": {}}
    return pages.back_to("/staff/tickets", said="said.closed", undo=undo, ref=held.ref)


@router.post("/staff/tickets/{ref}/reopening")
async def reopen(held: Held) -> Response:
    at = clock.now()
    held.ticket.reopen(at, held.book.centre.due(at))
    record(
        held.session, "ticket.reopened_by_staff", ticket_id=held.ticket.id, person_id=held.ticket.person_id,
        staff_id=held.asking.id,
    )  # fmt: skip
    return pages.back_to(held.url, said="said.reopened", ref=held.ref)


@router.post("/staff/tickets/{ref}/handback")
async def hand_back(held: Held) -> Response:
    await replying.hand_back(held.session, held.ticket, held.asking.staff, held.book, clock.now())
    return pages.back_to(held.url, said="said.handed_back", ref=held.ref)


# Danger


@router.post("/staff/tickets/{ref}/take")
async def take(held: Held) -> Response:
    await alarms.take(held.session, held.ticket, held.asking.staff, clock.now())
    return pages.back_to(held.url, said="said.taken", ref=held.ref)


@router.post("/staff/tickets/{ref}/pass")
async def pass_on(held: Held, to: Text = "") -> Response:
    tickets.assign(held.session, held.ticket, (await _caseworker(held, to)).id, held.asking.id)
    return pages.back_to(held.url, said="said.assigned", ref=held.ref)


@router.post("/staff/tickets/{ref}/lowering")
@router.post("/staff/tickets/{ref}/confirmation")
async def lower(held: Held, reason: Text = "") -> Response:
    alarms.lower(held.session, held.ticket, held.asking.staff, reason)
    return pages.back_to(held.url, said="said.lowered", ref=held.ref)


# Messages whose outcome is unknown or bad


@router.post("/staff/messages/{message_id}/resending")
async def resend(message_id: int, desk: TheDesk, session: Transaction, asking: WhoAsks) -> Response:
    """Send it once more: a person has looked and decided."""
    message = await _message(session, desk, asking, message_id)
    message.status, message.not_before, message.attempts, message.settled_by = Status.WAITING, clock.now(), 0, None
    ring(session, "outbox")
    record(session, "message.resent", ticket_id=message.ticket_id, person_id=message.person_id, staff_id=asking.id)
    return await _back_to_ticket(session, message)


@router.post("/staff/messages/{message_id}/rerouting")
async def reroute(
    message_id: int, desk: TheDesk, session: Transaction, asking: WhoAsks, address: Text = ""
) -> Response:
    """Send what does not go out by another channel of the same person."""
    message = await _message(session, desk, asking, message_id, Status.HELD)
    await replying.reroute(session, message, ids.row_number(address) or 0, asking.id, clock.now())
    return await _back_to_ticket(session, message)


@router.post("/staff/messages/{message_id}/arrival")
async def arrived(message_id: int, desk: TheDesk, session: Transaction, asking: WhoAsks) -> Response:
    message = await _message(session, desk, asking, message_id)
    message.settled_by = asking.id
    if message.status is Status.UNSURE:
        message.status, message.sent_at = Status.SENT, clock.now()
    record(session, "message.settled", ticket_id=message.ticket_id, person_id=message.person_id, staff_id=asking.id)
    return await _back_to_ticket(session, message)


@router.post("/staff/tickets/{ref}/messages/{message_id}/translation")
async def translate_again(held: Held, message_id: int) -> Response:
    await held.session.execute(
        update(Message)
        .where(
            col(Message.id) == (message_id if 0 < message_id < 2**53 else 0),
            col(Message.ticket_id) == held.ticket.id,
            # What staff wrote themselves stands beside what they sent: no engine may write over it.
            col(Message.direction) == Direction.HEARD,
        )
        .values(other_state="wanted")
    )
    ring(held.session, "translations")
    return pages.back_to(held.url)


async def _message(session: AsyncSession, desk: Desk, asking: Asking, message_id: int, *also: Status) -> Message:
    message = await session.get(Message, message_id) if 0 < message_id < 2**53 else None
    ticket = await session.get(Ticket, message.ticket_id) if message and message.ticket_id else None
    if message is None or ticket is None or message.status not in (Status.UNSURE, Status.FAILED, *also):
        raise NotFound
    book = await desk.shelf.book(session)
    check_may_read(asking.staff, ticket, book.catalogue)
    return message


async def _back_to_ticket(session: AsyncSession, message: Message) -> Response:
    ticket = await session.get_one(Ticket, message.ticket_id)
    return pages.back_to(f"/staff/tickets/{ids.spoken(ticket.ref)}")
