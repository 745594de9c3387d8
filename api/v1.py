"""JSON for other systems: tickets, replies, everything that was heard and told; by bearer token, every read recorded."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import JSONResponse, Response
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel, Field
from sqlalchemy import func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from api.doors import TheDesk, Transaction
from desk import clock, courses, history, ids, people, replying, tickets, tokens
from desk import messages as post
from desk.errors import Invalid, NotAllowed, NotFound
from desk.history import record
from desk.messages import Message
from desk.reading import masked
from desk.replying import Reply
from desk.staff import CASEWORK, SYSTEMS, Role, Staff, by_email
from desk.tickets import Status, Ticket
from desk.tokens import Scope, Token

PAGE = 25


class Problem(BaseModel):
    error: str
    sentence: str


PROBLEMS: dict[int | str, dict[str, Any]] = {
    status: {"model": Problem} for status in (400, 401, 403, 404, 409, 413, 422, 429, 503)
}


def _keep_nowhere(response: Response) -> None:
    response.headers["Cache-Control"] = "no-store"


router = APIRouter(prefix="/api/v1", tags=["tickets"], responses=PROBLEMS, dependencies=[Depends(_keep_nowhere)])


class TicketOut(BaseModel):
    ref: str
    status: str
    service: str
    priority: str
    urgent: bool
    person: int
    owner: str | None
    opened_at: datetime
    touched_at: datetime
    due_at: datetime | None
    closed_at: datetime | None
    reason: str


class MessageOut(BaseModel):
    id: int
    person: int
    ticket: str | None
    channel: str
    direction: str
    key: str | None
    kind: str
    text: str
    automatic: bool  # Nobody typed these words: a transcriber wrote down what was said.
    status: str
    at: datetime


class EventOut(BaseModel):
    kind: str
    at: datetime
    staff: int | None


class TicketWhole(TicketOut):
    messages: list[MessageOut]
    events: list[EventOut]


class TicketList(BaseModel):
    tickets: list[TicketOut]
    next: str | None


class MessageList(BaseModel):
    messages: list[MessageOut]
    next: int


class CourseOut(BaseModel):
    code: str
    level: str
    capacity: int
    taken: int
    running: bool


class CourseList(BaseModel):
    courses: list[CourseOut]


class Stats(BaseModel):
    tickets: dict[str, int]
    messages: dict[str, int]


class ReplyIn(BaseModel):
    text: str = Field(min_length=1, max_length=8000)
    key: str = Field("", max_length=80)


class NoteIn(BaseModel):
    text: str = Field(min_length=1, max_length=8000)


class AssignmentIn(BaseModel):
    owner: str | None = Field(None, max_length=200)


class ClosureIn(BaseModel):
    reason: str = Field(max_length=20)
    text: str = Field(max_length=8000)


class MessageRef(BaseModel):
    id: int


# Who is asking


_bearer = HTTPBearer(auto_error=False, description="`poruch token add NAME --scope read` makes one.")


async def _holder(
    session: Transaction, given: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]
) -> Token:
    token = await tokens.holder(session, given.credentials.strip()) if given else None
    if token is None:
        raise Unauthorised
    return token


class Unauthorised(Exception):
    """No token, or one that is not good."""


async def say_unauthorised(request: Request, _error: Exception) -> Response:
    return JSONResponse(
        {"error": "unauthorized", "sentence": "A bearer token is needed. `poruch token add` makes one."},
        401,
        headers={"WWW-Authenticate": "Bearer"},
    )


TheToken = Annotated[Token, Depends(_holder)]


def _needs(scope: Scope) -> Any:
    async def check(token: TheToken) -> Token:
        if not token.allows(scope):
            raise NotAllowed("error.scope")
        return token

    return Depends(check)


Reader = Annotated[Token, _needs(Scope.READ)]
Writer = Annotated[Token, _needs(Scope.WRITE)]
Counter = Annotated[Token, _needs(Scope.NUMBERS)]


def _hidden(token: Token, ticket: Ticket) -> bool:
    return ticket.is_sensitive and not token.sensitive


async def _ticket(session: AsyncSession, ref: str, token: Token, *, to_change: bool = True) -> Ticket:
    ticket = await (tickets.hold(session, ref) if to_change else tickets.find_ticket(session, ref))
    if _hidden(token, ticket):
        raise NotFound("error.no_ticket")  # Not even that it exists.
    if to_change:
        await people.present(session, ticket.person_id)
    return ticket


async def _author(session: AsyncSession, token: Token) -> Staff:
    """Replies of another system are signed by an account of that system's name."""
    email = f"token-{token.id}{SYSTEMS}"
    found = await by_email(session, email)
    if found is None:
        found = Staff(email=email, name=token.name, role=Role.CASEWORKER, disabled=True, added_at=clock.now())
        session.add(found)
        await session.flush()
    return found


# Reading


@router.get("/tickets", response_model=TicketList)
async def list_tickets(
    session: Transaction,
    token: Reader,
    status: Annotated[str, Query(max_length=10)] = "",
    service: Annotated[str, Query(max_length=40)] = "",
    q: Annotated[str, Query(max_length=200)] = "",
    after: Annotated[str, Query(max_length=20)] = "",
) -> dict[str, Any]:
    """Newest first, 25 at a time; `after` is the `next` of the page before. `q` is a ref."""
    query = select(Ticket).order_by(col(Ticket.id).desc()).limit(PAGE + 1)
    if status:
        if status not in {member.value for member in Status}:
            raise Invalid
        query = query.where(col(Ticket.status) == Status(status))
    if service:
        query = query.where(col(Ticket.service) == service)
    if q:
        query = query.where(col(Ticket.ref) == ids.plain(q))
    if after:
        if not after.isascii() or not after.isdigit() or len(after) > 16:
            raise Invalid
        query = query.where(col(Ticket.id) < int(after))
    if not token.sensitive:
        query = query.where(col(Ticket.sensitivity) == "normal", col(Ticket.alarm) == "")
    found = list(await session.scalars(query))
    record(session, "api.read", what="tickets", token=token.id)
    owners = await _owners(session, found)
    page = found[:PAGE]
    return {
        "tickets": [_shown(ticket, owners) for ticket in page],
        "next": str(page[-1].id) if len(found) > PAGE else None,
    }


@router.get("/tickets/{ref}", response_model=TicketWhole)
async def show_ticket(ref: str, session: Transaction, token: Reader) -> dict[str, Any]:
    """One ticket with its messages and its history."""
    ticket = await _ticket(session, ref, token, to_change=False)
    assert ticket.id is not None
    record(session, "api.read", ticket_id=ticket.id, person_id=ticket.person_id, what="ticket", token=token.id)
    messages = await post.of_ticket(session, ticket.id)
    events = await history.of_ticket(session, ticket.id)
    return {
        **_shown(ticket, await _owners(session, [ticket])),
        "messages": [_message(message, {ticket.id: ticket.ref}) for message in messages],
        "events": [{"kind": event.kind, "at": event.at, "staff": event.staff_id} for event in events],
    }


@router.get("/messages", response_model=MessageList, tags=["messages"])
async def list_messages(
    session: Transaction,
    token: Reader,
    after: Annotated[int, Query(ge=0, le=2**53)] = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> dict[str, Any]:
    """Everything heard and told, in the order it was committed, so that no row is skipped."""
    found = await post.committed_after(session, after, limit)
    ticket_ids = {message.ticket_id for message in found if message.ticket_id}
    known = {
        ticket.id: ticket for ticket in await session.scalars(select(Ticket).where(col(Ticket.id).in_(ticket_ids)))
    }
    record(session, "api.read", what="messages", token=token.id)
    guarded = await _guarded(session, token, found)
    shown = []
    for message in found:
        ticket = known.get(message.ticket_id)
        told = _message(message, {ticket.id: ticket.ref} if ticket else {})
        if (ticket is not None and _hidden(token, ticket)) or (ticket is None and message.person_id in guarded):
            told |= {"text": "", "ticket": None}
        shown.append(told)
    return {"messages": shown, "next": (found[-1].id or after) if found else after}


async def _guarded(session: AsyncSession, token: Token, found: Sequence[Message]) -> set[int]:
    """People whose words outside any ticket are hidden too: what leads to a sensitive ticket is as private as it."""
    if token.sensitive:
        return set()
    asked = {message.person_id for message in found if message.ticket_id is None}
    query = select(col(Ticket.person_id)).where(
        col(Ticket.person_id).in_(asked), or_(col(Ticket.sensitivity) != "normal", col(Ticket.alarm) != "")
    )
    return set(await session.scalars(query))


@router.get("/courses", response_model=CourseList, tags=["courses"])
async def list_courses(session: Transaction, token: Reader) -> dict[str, Any]:
    """Courses with their places."""
    record(session, "api.read", what="courses", token=token.id)
    found = await session.scalars(select(courses.Course).order_by(col(courses.Course.code)))
    return {
        "courses": [
            {
                "code": course.code,
                "level": course.level,
                "capacity": course.capacity,
                "taken": await courses.taken_places(session, course.id or 0),
                "running": course.running,
            }
            for course in found
        ]
    }


@router.get("/stats", response_model=Stats, tags=["numbers"])
async def stats(session: Transaction, token: Counter) -> dict[str, Any]:
    """Counts only."""
    record(session, "api.read", what="stats", token=token.id)
    by_status = await session.execute(select(col(Ticket.status), func.count()).group_by(col(Ticket.status)))
    by_way = await session.execute(select(col(Message.direction), func.count()).group_by(col(Message.direction)))
    return {
        "tickets": {status.value: n for status, n in by_status},
        "messages": {direction.value: n for direction, n in by_way},
    }


# Writing


@router.post("/tickets/{ref}/replies", status_code=201, response_model=MessageRef)
async def reply(ref: str, body: ReplyIn, session: Transaction, token: Writer) -> dict[str, Any]:
    """Say something to the person. A repeated key changes nothing."""
    ticket = await _ticket(session, ref, token)
    told = await replying.reply(
        session, ticket, await _author(session, token), Reply(body.text, key=body.key), clock.now()
    )
    return {"id": told.id}


@router.post("/tickets/{ref}/notes", status_code=201, response_model=TicketOut)
async def note(ref: str, body: NoteIn, session: Transaction, token: Writer) -> dict[str, Any]:
    """A note for staff, which the person never sees."""
    ticket = await _ticket(session, ref, token)
    replying.note(session, ticket, await _author(session, token), body.text, clock.now())
    return _shown(ticket, await _owners(session, [ticket]))


@router.post("/tickets/{ref}/assignment", response_model=TicketOut)
async def assign(ref: str, body: AssignmentIn, session: Transaction, token: Writer) -> dict[str, Any]:
    """`owner` is the e-mail address of an account; null takes the owner away."""
    ticket = await _ticket(session, ref, token)
    owner = await by_email(session, body.owner) if body.owner else None
    if body.owner and (owner is None or owner.disabled or owner.role not in CASEWORK):
        raise NotFound("error.no_staff")
    author = await _author(session, token)
    tickets.assign(session, ticket, owner.id if owner else None, author.id or 0)
    return _shown(ticket, await _owners(session, [ticket]))


@router.post("/tickets/{ref}/closure", response_model=TicketOut)
async def close(ref: str, body: ClosureIn, desk: TheDesk, session: Transaction, token: Writer) -> dict[str, Any]:
    """Close with a reason and last words for the person."""
    ticket = await _ticket(session, ref, token)
    book = await desk.shelf.book(session)
    await replying.close(
        session, ticket, await _author(session, token), body.reason, Reply(body.text), book, clock.now()
    )
    return _shown(ticket, await _owners(session, [ticket]))


async def _owners(session: AsyncSession, found: list[Ticket]) -> dict[int, str]:
    wanted = {ticket.owner_id for ticket in found if ticket.owner_id}
    if not wanted:
        return {}
    return {
        member.id or 0: member.email for member in await session.scalars(select(Staff).where(col(Staff.id).in_(wanted)))
    }


def _shown(ticket: Ticket, owners: dict[int, str]) -> dict[str, Any]:
    return {
        "ref": ids.spoken(ticket.ref),
        "status": ticket.status.value,
        "service": ticket.service,
        "priority": ticket.priority.value,
        "urgent": ticket.is_urgent,
        "person": ticket.person_id,
        "owner": owners.get(ticket.owner_id or 0),
        "opened_at": ticket.opened_at,
        "touched_at": ticket.touched_at,
        "due_at": ticket.due_at,
        "closed_at": ticket.closed_at,
        "reason": ticket.reason,
    }


def _message(message: Message, refs: dict[int | None, str]) -> dict[str, Any]:
    return {
        "id": message.id,
        "person": message.person_id,
        "ticket": ids.spoken(refs[message.ticket_id]) if message.ticket_id in refs else None,
        "channel": message.channel,
        "direction": message.direction.value,
        "key": message.key,
        "kind": message.kind,
        "text": masked(message.text),
        "automatic": bool(message.text_by),
        "status": message.status.value,
        "at": message.at,
    }
