"""The web chat as a channel: what was told waits in its row until an open page has fetched it."""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import structlog
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from desk import clock, people
from desk.channels import Facts
from desk.database import Database, DatabaseAway
from desk.files import File
from desk.history import record
from desk.messages import Author, Direction, Message, Status
from desk.people import Address
from desk.tickets import Status as TicketStatus
from desk.tickets import Ticket

log = structlog.get_logger()

FACTS = Facts(
    name="web",
    title="Web",
    called="called.web",
    longest=20_000,
    reaches_closed=False,
    pops_up=True,
    files_up_to=20 * 1024 * 1024,
)
PAGE = 200  # Messages handed out at once.


def facts(public_url: str) -> Facts:
    """With the link by which a conversation goes on in a browser, where the installation has an address."""
    return replace(FACTS, invites=f"{public_url.rstrip('/')}/c/{{code}}") if public_url else FACTS


async def address_of(session: AsyncSession, external: str) -> Address | None:
    return await session.scalar(
        select(Address).where(col(Address.channel) == FACTS.name, col(Address.external) == external)
    )


async def said(session: AsyncSession, address: Address, after: int) -> Sequence[Message]:
    """What was said on both sides after message `after`, as the page shows it; the last messages when after is 0."""
    query = select(Message).where(
        col(Message.address_id) == address.id,
        col(Message.kind).not_in(["erase", "blocked", "unblocked"]),
        col(Message.status).not_in([Status.WITHDRAWN]),
    )
    if after:
        return (await session.scalars(query.where(col(Message.id) > after).order_by(col(Message.id)).limit(PAGE))).all()
    latest = (await session.scalars(query.order_by(col(Message.id).desc()).limit(PAGE))).all()
    return list(reversed(latest))


async def files_of(session: AsyncSession, messages: Sequence[Message]) -> dict[int, File]:
    with_files = [message.id for message in messages if message.kind not in ("text", "press")]
    if not with_files:
        return {}
    found = await session.scalars(select(File).where(col(File.message_id).in_(with_files)))
    return {file.message_id: file for file in found}


async def fetched(session: AsyncSession, messages: Sequence[Message]) -> None:
    """The page has them: for the desk they have arrived."""
    waiting = [message.id for message in messages if message.status is Status.WAITING]
    if not waiting:
        return
    arrived = await session.scalars(
        update(Message)
        .where(col(Message.id).in_(waiting), col(Message.status) == Status.WAITING)
        .values(status=Status.SENT, sent_at=clock.now())
        .returning(Message)
    )
    for message in arrived:
        if message.author is Author.STAFF:  # Whoever wrote it has the ticket open and wonders.
            record(
                session, "message.sent", ticket_id=message.ticket_id, person_id=message.person_id, message=message.id
            )


async def left(session: AsyncSession, external: str) -> None:
    """Staff see that the person used the quick exit; from here nothing reaches that device."""
    address = await address_of(session, external)
    if address is None:
        return
    tickets = await session.scalars(
        select(Ticket).where(col(Ticket.person_id) == address.person_id, col(Ticket.status) != TicketStatus.CLOSED)
    )
    for ticket in tickets:
        record(session, "person.quick_exit", ticket_id=ticket.id, person_id=address.person_id)
    await people.lost(session, address.id or 0, "left")
    waiting = update(Message).where(col(Message.address_id) == address.id, col(Message.status) == Status.WAITING)
    await session.execute(waiting.values(status=Status.FAILED, failure="left"))


async def choose_language(session: AsyncSession, external: str, language: str) -> None:
    """The page's language is the bot's too."""
    address = await address_of(session, external)
    if address is not None:
        person = await session.get_one(people.Person, address.person_id)
        person.language, person.language_sure = language, True


def shown(message: Message, file: File | None = None) -> dict[str, Any]:
    """A message as the page and other clients get it."""
    return {
        "id": message.id,
        "from": message.author.value,
        "text": message.text,
        "choices": message.choices,
        "at": message.at.isoformat(),
        "kind": message.kind,
        "lang": message.language or None,
        "who": message.extra.get("who"),
        "step": message.extra.get("step"),
        "danger": bool(message.extra.get("danger")),
        "file": file and {"url": f"/chat/files/{file.id}", "name": file.name, "type": file.mime},
    }


class Pages:
    """The open pages of this process, each told when there is something new for its visitor."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.open: dict[str, set[asyncio.Event]] = defaultdict(set)

    def watch(self, external: str) -> asyncio.Event:
        news = asyncio.Event()
        self.open[external].add(news)
        return news

    def close(self, external: str) -> None:
        """Wake this visitor's pages, so that they see that the visit is over."""
        for news in self.open.get(external, ()):
            news.set()

    def leave(self, external: str, news: asyncio.Event) -> None:
        self.open[external].discard(news)
        if not self.open[external]:
            del self.open[external]

    async def run(self) -> None:
        """Wake the pages for which rows wait: on the bell, and once a second for rows of other processes."""
        bell = self.database.bell("outbox")
        while True:
            await bell.wait(1.0)
            if not self.open:
                continue
            try:
                async with self.database.reading() as session:
                    addresses = await session.scalars(
                        select(col(Address.external))
                        .join(Message, col(Message.address_id) == col(Address.id))
                        .where(
                            col(Message.channel) == FACTS.name,
                            col(Message.direction) == Direction.TOLD,
                            col(Message.status) == Status.WAITING,
                            col(Message.not_before) <= clock.now(),
                        )
                    )
                    for address in set(addresses):
                        for news in self.open.get(address, ()):
                            news.set()
            except DatabaseAway:
                log.warning("web.database_away")
