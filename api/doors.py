"""Who is asking, and the transaction in which their request happens."""

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from fastapi import BackgroundTasks, Depends, Request
from sqlalchemy.ext.asyncio import AsyncSession

from desk import clock, staff
from desk.database import Database, DatabaseAway
from desk.errors import NotAllowed
from desk.handbook import Handbook, Shelf
from desk.history import News
from desk.settings import Settings
from desk.staff import CASEWORK, Role, Staff, StaffSession
from desk.translation import Translator

COOKIE = "poruch_staff"


@dataclass
class Desk:
    """What the staff's door needs, handed over by whoever builds it."""

    database: Database
    shelf: Shelf
    version: str
    secure: bool
    settings: Settings
    news: News
    translator: Translator | None = None


class SignInFirst(Exception):
    """Nobody is signed in here; the page that was asked for is remembered."""


@dataclass(frozen=True)
class Asking:
    """The member of staff behind a request."""

    staff: Staff
    session: StaffSession

    @property
    def id(self) -> int:
        assert self.staff.id is not None
        return self.staff.id

    @property
    def language(self) -> str:
        return self.staff.language


def the_desk(request: Request) -> Desk:
    return request.app.state.desk  # type: ignore[no-any-return]


TheDesk = Annotated[Desk, Depends(the_desk)]


async def _transaction(desk: TheDesk) -> AsyncIterator[AsyncSession]:
    async with desk.database.transaction() as session:
        yield session


# scope="function": committed before the answer leaves, so that "done" is never said too early.
Transaction = Annotated[AsyncSession, Depends(_transaction, scope="function")]


async def _reading(desk: TheDesk) -> AsyncIterator[AsyncSession]:
    async with desk.database.reading() as session:
        yield session


Reading = Annotated[AsyncSession, Depends(_reading, scope="function")]


async def _looking(request: Request, desk: TheDesk) -> Asking:
    """Who is signed in; raises SignInFirst. For what an open page asks by itself, though nobody may sit before it."""
    token = request.cookies.get(COOKIE, "")
    if not token:
        raise SignInFirst
    async with desk.database.reading() as session:
        found = await staff.signed_in(session, token)
    if found is None:
        raise SignInFirst
    member, held = found
    return Asking(member, held)


WhoLooks = Annotated[Asking, Depends(_looking)]


async def _asking(request: Request, desk: TheDesk, looking: WhoLooks, afterwards: BackgroundTasks) -> Asking:
    """The same, kept signed in by it. A POST must also bring the word against forged forms."""
    held = looking.session
    if request.method not in ("GET", "HEAD") and not await _brings_the_word(request, held.csrf):
        raise NotAllowed("error.forged")
    if (clock.now() - held.seen_at).total_seconds() > 300:
        # Behind the answer: the request may hold a transaction already, and would wait for itself.
        afterwards.add_task(_keep_alive, desk.database, held, clock.now())
    return looking


async def _keep_alive(database: Database, held: StaffSession, at: datetime) -> None:
    """`at`: when the request came; the answer to it may be a stream that lasts for hours."""
    with contextlib.suppress(DatabaseAway):
        async with database.transaction() as session:
            await staff.keep_alive(session, held, at)


WhoAsks = Annotated[Asking, Depends(_asking)]


async def _brings_the_word(request: Request, csrf: str) -> bool:
    import hmac

    given = request.headers.get("x-csrf-token", "")
    if not given and not request.headers.get("content-type", "").startswith("application/json"):
        form = await request.form()
        value = form.get("csrf", "")
        given = value if isinstance(value, str) else ""
    return hmac.compare_digest(given.encode(), csrf.encode())


async def _book(desk: TheDesk) -> Handbook:
    async with desk.database.reading() as session:
        return await desk.shelf.book(session)


TheBook = Annotated[Handbook, Depends(_book)]


def only(*roles: Role) -> Any:
    """A page for some roles; the others read a sentence."""

    async def check(asking: WhoAsks) -> Asking:
        if asking.staff.role not in roles:
            raise NotAllowed("error.not_your_role")
        return asking

    return Depends(check)


def home_of(member: Staff) -> str:
    """Where someone's work begins."""
    if member.role in CASEWORK:
        return "/staff/tickets"
    return "/staff/courses" if member.role is Role.TEACHER else "/staff/health"
