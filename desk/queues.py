"""The queues of the inbox: which tickets stand in each, how many, and the rows of one, page by page."""

from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import ColumnElement, Select, and_, case, func, literal, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from desk import ids
from desk.answers import Shown
from desk.messages import Message
from desk.people import Person
from desk.staff import Staff
from desk.tickets import WAITS_FOR_US, Status, Ticket

QUEUES = ("urgent", "late", "new", "mine", "unassigned", "waiting", "closed", "all")
COUNTED = ("urgent", "late", "new", "mine", "unassigned", "waiting")
MOST_COUNTED = 99
PAGE = 40


@dataclass(frozen=True)
class Filter:
    """What of a queue is wanted."""

    queue: str = "new"
    words: str = ""
    service: str = ""
    language: str = ""
    after: str = ""  # Where the page before ended.


@dataclass(frozen=True)
class Row:
    ticket: Ticket
    person: Person
    last: Message | None


def _in_queue(queue: str, me: Staff, at: datetime) -> ColumnElement[bool]:
    match queue:
        case "urgent":
            return and_(col(Ticket.alarm_at).is_not(None), col(Ticket.status) != Status.CLOSED)
        case "late":
            return and_(col(Ticket.status).in_(WAITS_FOR_US), col(Ticket.due_at) < at)
        case "new":
            return col(Ticket.status).in_([Status.DRAFT, Status.NEW, Status.OPEN])
        case "mine":
            return and_(col(Ticket.owner_id) == me.id, col(Ticket.status) != Status.CLOSED)
        case "unassigned":
            return and_(col(Ticket.owner_id).is_(None), col(Ticket.status).in_(WAITS_FOR_US))
        case "waiting":
            return col(Ticket.status) == Status.WAITING
        case "closed":
            return col(Ticket.status) == Status.CLOSED
        case _:
            return literal(True)


async def counts(session: AsyncSession, readable: ColumnElement[bool], me: Staff, at: datetime) -> dict[str, int]:
    """How many tickets stand in each queue, counting no further than a hundred."""
    columns = [
        select(func.count())
        .select_from(select(literal(1)).where(readable, _in_queue(queue, me, at)).limit(MOST_COUNTED + 1).subquery())
        .scalar_subquery()
        .label(queue)
        for queue in COUNTED
    ]
    return dict((await session.execute(select(*columns))).one()._mapping)


async def rows(
    session: AsyncSession, readable: ColumnElement[bool], me: Staff, wanted: Filter, at: datetime
) -> tuple[list[Row], str]:
    """One page of a queue and where the next begins; urgent ones first, then by the time an answer is due."""
    query = (
        select(Ticket, Person, Message)
        .join(Person, col(Person.id) == col(Ticket.person_id))
        .outerjoin(Message, col(Message.id) == col(Ticket.preview_id))
        .where(readable, _in_queue(wanted.queue, me, at))
    )
    if wanted.service:
        query = query.where(col(Ticket.service) == wanted.service)
    if wanted.language:
        query = query.where(col(Person.language) == wanted.language)
    if wanted.words.strip():
        query = query.where(_matching(wanted.words.strip()))
    query = _in_order(query, wanted)
    found = (await session.execute(query.limit(PAGE + 1))).all()
    page = [Row(ticket, person, last) for ticket, person, last in found[:PAGE]]
    return page, _mark_of(page[-1].ticket, wanted) if len(found) > PAGE else ""


def _newest_first(wanted: Filter) -> bool:
    return wanted.queue in ("closed", "all", "waiting") or bool(wanted.words.strip())


def _urgency() -> ColumnElement[int]:
    return case((col(Ticket.alarm_at).is_not(None), 0), else_=1)


def _in_order(query: Select, wanted: Filter) -> Select:  # type: ignore[type-arg]
    if _newest_first(wanted):
        if wanted.after and (place := _read_mark(wanted.after)):
            moment, number = place[1], place[2]
            query = query.where(
                or_(col(Ticket.touched_at) < moment, and_(col(Ticket.touched_at) == moment, col(Ticket.id) < number))
            )
        return query.order_by(col(Ticket.touched_at).desc(), col(Ticket.id).desc())
    if wanted.after and (place := _read_mark(wanted.after)):
        urgent, moment, number = place
        later = or_(col(Ticket.due_at) > moment, and_(col(Ticket.due_at) == moment, col(Ticket.id) > number))
        later = or_(later, col(Ticket.due_at).is_(None))
        query = query.where(later if urgent else or_(col(Ticket.alarm_at).is_(None), later))
    return query.order_by(_urgency(), col(Ticket.due_at).asc().nulls_last(), col(Ticket.id))


def _mark_of(ticket: Ticket, wanted: Filter) -> str:
    moment = ticket.touched_at if _newest_first(wanted) else (ticket.due_at or ticket.touched_at)
    return f"{0 if ticket.alarm_at else 1}_{moment.isoformat()}_{ticket.id}"


def _read_mark(mark: str) -> tuple[int, datetime, int] | None:
    try:
        urgent, moment, number = mark.split("_")
        at, row = datetime.fromisoformat(moment).astimezone(UTC), ids.row_number(number)
    except (ValueError, OverflowError):
        return None
    return (int(urgent == "1"), at, row) if row is not None and datetime.fromisoformat(moment).tzinfo else None


def _matching(words: str) -> ColumnElement[bool]:
    """Tickets with this ref, this name, or these words in one of their messages."""
    if ids.is_ref(words):
        return col(Ticket.ref) == ids.plain(words)
    like = "%" + words.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
    said = select(col(Message.ticket_id)).where(
        or_(col(Message.text).ilike(like, escape="\\"), col(Message.other).ilike(like, escape="\\"))
    )
    return or_(col(Person.name).ilike(like, escape="\\"), col(Ticket.id).in_(said))


async def owners(session: AsyncSession) -> dict[int, Staff]:
    return {member.id or 0: member for member in await session.scalars(select(Staff))}


async def unanswered(session: AsyncSession, since: datetime) -> list[tuple[str, int]]:
    """How many tickets of each service began since then without an approved answer, the most first."""
    rows = await session.execute(
        select(col(Ticket.service), func.count())
        .outerjoin(Shown, col(Shown.ticket_id) == col(Ticket.id))
        .where(col(Ticket.opened_at) >= since, col(Shown.id).is_(None))
        .group_by(col(Ticket.service))
        .order_by(func.count().desc(), col(Ticket.service))
    )
    return [(service, n) for service, n in rows]
