"""Looks again and again for what has become due. APScheduler is only the clock; what is due stands in rows."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from functools import partial

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from sqlalchemy.ext.asyncio import AsyncSession

from desk import clock, leases, outages, privacy, reminders
from desk.conversation import later
from desk.conversation.bursts import answer_burst, due_answers
from desk.database import Database, DatabaseAway
from desk.handbook import Handbook, Shelf

log = structlog.get_logger()

Job = Callable[[], Awaitable[None]]
Which = Callable[[AsyncSession, datetime], Awaitable[Sequence[int]]]
What = Callable[[AsyncSession, int, Handbook, datetime], Awaitable[None]]
LEASE = "rounds"


class Rounds:
    """One process of an installation makes the rounds; the others wait to take over."""

    def __init__(
        self, database: Database, shelf: Shelf, holder: str, jobs: dict[str, tuple[float, Job]] | None = None
    ) -> None:
        self.database, self.shelf, self.holder = database, shelf, holder
        self.jobs: dict[str, tuple[float, Job]] = {
            "bursts": (0.25, self.answer_bursts),
            "alarms": (5.0, self.mind_alarms),
            "nudges": (60.0, self.nudge),
            "apologies": (60.0, self.apologise),
            "reminders": (2.0, self.remind),
            "erasures": (60.0, self.forget),
            **(jobs or {}),
        }
        self.held_at = float("-inf")
        self._busy: set[str] = set()

    async def run(self) -> None:
        scheduler = AsyncIOScheduler(timezone="UTC")
        for name, (seconds, job) in self.jobs.items():
            scheduler.add_job(self._once, "interval", seconds=seconds, args=(name, job), max_instances=1, coalesce=True)
        scheduler.start()
        try:
            await asyncio.Event().wait()
        finally:
            scheduler.shutdown(wait=False)

    async def _once(self, name: str, job: Job) -> None:
        if name in self._busy:
            return
        self._busy.add(name)
        try:
            if await self._hold():
                await job()
        except DatabaseAway:
            log.warning("rounds.database_away", job=name)
        except Exception as error:
            log.exception("rounds.broken", job=name, error=type(error).__name__)
        finally:
            self._busy.discard(name)

    async def _hold(self) -> bool:
        if clock.ticks() - self.held_at < 3:
            return True
        async with self.database.transaction() as session:
            held = bool(await leases.hold(session, LEASE, self.holder, clock.now()))
            if held:
                await outages.beat(session, clock.now())
        self.held_at = clock.ticks() if held else float("-inf")
        return held

    async def answer_bursts(self) -> None:
        """Give each burst that has gone quiet its one answer; each in a transaction of its own."""
        async with self.database.reading() as session:
            due = await due_answers(session, clock.now())
        for person_id in due:
            await self.in_transaction(partial(self._answer, person_id))

    async def _answer(self, person_id: int, session: AsyncSession) -> None:
        await answer_burst(session, person_id, await self.shelf.book(session))

    async def mind_alarms(self) -> None:
        await self._each(later.silent_alarms, later.mind_alarm)

    async def nudge(self) -> None:
        await self._each(later.unfinished, later.nudge)

    async def apologise(self) -> None:
        await self._each(later.overdue, later.apologise)

    async def remind(self) -> None:
        """Put what is due into the outbox, batch by batch, each batch in one transaction."""
        while True:
            async with self.database.transaction() as session:
                if not await reminders.tell_due(session, await self.shelf.book(session), clock.now()):
                    return

    async def forget(self) -> None:
        """Let go of the addresses of those who wished to be forgotten, now that the last words are out."""
        async with self.database.reading() as session:
            due = await privacy.to_finish(session, clock.now())
        for person_id in due:
            await self.in_transaction(partial(_finish, person_id))

    async def _each(self, which: Which, what: What) -> None:
        """Find what is due in one look, then deal with each in a transaction of its own."""
        at = clock.now()
        async with self.database.reading() as session:
            due = await which(session, at)
            book = await self.shelf.book(session)
        for number in due:
            await self.in_transaction(partial(_row, what, number, book, at))

    async def in_transaction(self, doing: Callable[[AsyncSession], Awaitable[None]]) -> None:
        """One row's trouble must not keep the others waiting."""
        try:
            async with self.database.transaction() as session:
                await doing(session)
        except DatabaseAway:
            raise
        except Exception as error:
            log.exception("rounds.row_broken", error=type(error).__name__)


async def _finish(person_id: int, session: AsyncSession) -> None:
    await privacy.finish(session, person_id)


async def _row(what: What, number: int, book: Handbook, at: datetime, session: AsyncSession) -> None:
    await what(session, number, book, at)
