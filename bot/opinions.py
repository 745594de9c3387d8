"""Asks for second opinions in the background; whoever waits for one is answered without it when it does not come."""

import asyncio

import structlog

from bot.breaker import Breaker
from desk import clock
from desk.conversation.seconding import Question, heed, questions
from desk.database import Database
from desk.handbook import Shelf
from desk.opinions import NoOpinion, SecondOpinion

log = structlog.get_logger()

AT_ONCE = 4


class Opinions:
    """A job of the rounds: `look` never waits for the model, so that it can look again at once."""

    def __init__(self, database: Database, shelf: Shelf, model: SecondOpinion) -> None:
        self.database, self.shelf, self.model = database, shelf, model
        self.breaker = Breaker("opinions")
        self.asking: dict[tuple[int, ...], asyncio.Task[None]] = {}

    async def look(self) -> None:
        """Ask about everybody who waits, a few at once."""
        async with self.database.reading() as session:
            room = AT_ONCE - len(self.asking)
            found = await questions(session, await self.shelf.book(session), clock.now(), self.asking.keys(), room)
        for question in found:
            self.asking[question.about] = asyncio.create_task(self._ask(question))

    async def _ask(self, question: Question) -> None:
        """One question; the database is not held while the model thinks."""
        try:
            service = "" if self.breaker.is_open else await self._opinion(question)
            async with self.database.transaction() as session:
                await heed(session, question, service, clock.now())
        except Exception as error:  # Whoever waits is answered all the same when their time is up.
            log.exception("opinion.broken", error=type(error).__name__)
        finally:
            del self.asking[question.about]

    async def _opinion(self, question: Question) -> str:
        try:
            service = await self.model.of(question.text, question.services)
        except NoOpinion as none:
            log.info("opinion.none", reason=none.reason)
            if none.reason != "odd-answer":
                self.breaker.failed()
            return ""
        self.breaker.worked()
        return service

    async def close(self) -> None:
        for task in list(self.asking.values()):
            task.cancel()
        await asyncio.gather(*self.asking.values(), return_exceptions=True)
