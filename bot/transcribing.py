"""Writes down what people have said in recordings, in the background; staff could play them all the time."""

import asyncio

import structlog

from bot.breaker import Breaker
from desk import clock, leases, transcripts
from desk.conversation.spoken import written_down
from desk.database import Database, DatabaseAway
from desk.handbook import Shelf
from desk.transcripts import NoTranscript, Recording, Transcriber

log = structlog.get_logger()

LOOK_AGAIN = 1.0


class Transcribing:
    """One process of an installation writes down, one recording after the other: a model has no more hands."""

    def __init__(self, database: Database, shelf: Shelf, transcriber: Transcriber, holder: str) -> None:
        self.database, self.shelf, self.transcriber, self.holder = database, shelf, transcriber, holder
        self.breaker = Breaker("transcriber")

    async def run(self) -> None:
        while True:
            try:
                if await self._hold() and await self.write_some():
                    continue
            except DatabaseAway:
                log.warning("transcribing.database_away")
            except Exception as error:
                log.exception("transcribing.broken", error=type(error).__name__)
            await asyncio.sleep(LOOK_AGAIN)

    async def _hold(self) -> bool:
        async with self.database.transaction() as session:
            return bool(await leases.hold(session, "transcribing", self.holder, clock.now()))

    async def write_some(self) -> bool:
        """Write down what waits; False when nothing waits or nothing worked."""
        async with self.database.reading() as session:
            waiting = await transcripts.wanted(session, clock.now())
        written = False
        for recording in waiting:
            # One recording can take longer than the lease lasts.
            if self.breaker.is_open or not await self._hold():
                break
            written |= await self._write(recording)
        return written

    async def _write(self, recording: Recording) -> bool:
        """One recording; the database is not held while the model listens."""
        try:
            async with self.database.reading() as session:
                sound, mime = await transcripts.sound_of(session, recording.file_id)
            words = await self.transcriber.words_of(sound, mime, recording.language) if sound else ""
            self.breaker.worked()
            async with self.database.transaction() as session:
                book = await self.shelf.book(session)
                await written_down(session, recording.file_id, words, self.transcriber.engine, book, clock.now())
            return True
        except DatabaseAway:
            raise
        except NoTranscript as none:
            log.warning("transcribing.failed", reason=none.reason)
            if not none.never:
                self.breaker.failed()
            trouble = none
        except Exception as error:
            # One recording that makes us fall must not keep all others from being written down.
            log.exception("transcribing.row_broken", error=type(error).__name__)
            trouble = NoTranscript("broken")
        async with self.database.transaction() as session:
            await transcripts.try_later(session, recording, clock.now(), trouble)
        return False
