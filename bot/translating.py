"""Translates what people wrote, in the background; the original has been with the staff all the time."""

import asyncio

import structlog

from bot.breaker import Breaker
from desk import clock, leases, translation
from desk.database import Database, DatabaseAway
from desk.translation import STAFF, CannotTranslate, Misconfigured, Translator, TryLater, Wanted

log = structlog.get_logger()

LOOK_AGAIN = 2.0
AT_ONCE = 4


class Translating:
    """One process of an installation translates."""

    def __init__(self, database: Database, translator: Translator, holder: str) -> None:
        self.database, self.translator, self.holder = database, translator, holder
        self.breaker = Breaker("translator")

    async def run(self) -> None:
        bell = self.database.bell("outbox")  # Whatever was heard was answered too; and the look is cheap.
        while True:
            try:
                if await self._hold() and not self.breaker.is_open and await self.translate_some():
                    continue
            except DatabaseAway:
                log.warning("translating.database_away")
            except Exception as error:
                log.exception("translating.broken", error=type(error).__name__)
                await asyncio.sleep(LOOK_AGAIN)
            await bell.wait(LOOK_AGAIN)

    async def _hold(self) -> bool:
        async with self.database.transaction() as session:
            return bool(await leases.hold(session, "translating", self.holder, clock.now()))

    async def translate_some(self) -> bool:
        """Translate what waits, a few at once; False when nothing waits or nothing worked."""
        async with self.database.reading() as session:
            waiting = await translation.wanted(session)
        gate = asyncio.Semaphore(AT_ONCE)

        async def one(wanted: Wanted) -> bool:
            async with gate:
                return not self.breaker.is_open and await self._translate(wanted)

        return any(await asyncio.gather(*(one(wanted) for wanted in waiting)))

    async def _translate(self, wanted: Wanted) -> bool:
        """One message; the database is not held while the translator thinks."""
        if wanted.source == STAFF or not wanted.text.strip():
            return await self._give_up(wanted, "same")
        engine = self.translator.engine
        async with self.database.reading() as session:
            text = await translation.known(session, wanted.text, wanted.source, STAFF, engine)
        if text is None:
            try:
                text = await self.translator.translate(wanted.text, wanted.source, STAFF)
                self.breaker.worked()
            except CannotTranslate as never:
                log.info("translating.never", reason=never.reason)
                return await self._give_up(wanted, "failed")
            except (TryLater, Misconfigured) as trouble:
                log.warning("translating.failed", reason=trouble.reason)
                self.breaker.failed()
                return False
        async with self.database.transaction() as session:
            await translation.keep(session, wanted, text, engine, clock.now())
        return True

    async def _give_up(self, wanted: Wanted, state: str) -> bool:
        async with self.database.transaction() as session:
            await translation.give_up(session, wanted.message_id, state)
        return True
