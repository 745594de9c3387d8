"""Where every channel hands over what it heard: stored before it is acknowledged, set aside when it cannot be handled."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import TypeVar

import structlog
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from desk import clock, health, messages, people, receipts
from desk.conversation import Outcome
from desk.database import Database, DatabaseAway, SentBack
from desk.messages import Heard
from desk.people import Place
from desk.reading import readable
from desk.receipts import Receipt

log = structlog.get_logger()

T = TypeVar("T")
AT_ONCE = 8  # People of one delivery who are heard beside each other: fewer than the database has connections.

Hear = Callable[[AsyncSession, Heard], Awaitable[Outcome]]


async def side_by_side(lines: Iterable[Sequence[T]], take: Callable[[T], Awaitable[None]]) -> None:
    """What one delivery brought, a line for each person: theirs in its order, people beside each other.

    After a failure nothing more is begun; it is raised when all is quiet, and the channel brings everything again.
    """
    gate, failures = asyncio.Semaphore(AT_ONCE), list[Exception]()

    async def in_order(line: Sequence[T]) -> None:
        async with gate:
            for one in line:
                if failures:
                    return
                try:
                    await take(one)
                except Exception as failure:
                    failures.append(failure)

    await asyncio.gather(*map(in_order, lines))
    if failures:
        raise failures[0]


class Intake:
    """One incoming message, one transaction. Raises DatabaseAway, after which the channel must repeat."""

    def __init__(self, database: Database, hear: Hear) -> None:
        self.database, self._hear = database, hear

    async def take(self, heard: Heard) -> Outcome:
        try:
            return await self._whole(heard)
        except DatabaseAway:
            raise
        except Exception as error:
            # Whatever we did wrong, the words are kept, staff see them, and the next message is not held up.
            log.exception("intake.set_aside", channel=heard.place.channel, error=type(error).__name__)
            await self.set_aside(
                heard.place.channel, heard.place.account, heard.key, _plain(heard), type(error).__name__
            )
            return Outcome(set_aside=True)

    async def report(self, receipt: Receipt) -> bool:
        """What the channel says of something that was told; whether it comes too early to be understood."""
        try:
            try:
                async with self.database.transaction() as session:
                    return await receipts.take(session, receipt, clock.now())
            except (IntegrityError, SentBack):  # As when somebody new is heard twice at once.
                async with self.database.transaction() as session:
                    return await receipts.take(session, receipt, clock.now())
        except DatabaseAway:
            raise
        except Exception as error:
            log.exception("intake.receipt_aside", channel=receipt.place.channel, error=type(error).__name__)
            place, key = receipt.place, f"receipt:{receipt.number}:{receipt.what.value}:{receipt.at.isoformat()}"
            await self.set_aside(place.channel, place.account, key, repr(receipt).encode(), type(error).__name__)
            return False

    async def name(self, place: Place) -> None:
        """What the channel calls somebody; it stands where nothing better is known."""
        async with self.database.transaction() as session:
            await people.name_if_none(session, place)

    async def set_aside(self, channel: str, account: str, key: str, raw: bytes, error: str) -> None:
        async with self.database.transaction() as session:
            await messages.set_aside(session, channel, account, readable(key), raw, error, clock.now())

    async def is_settled(self, key: str) -> bool:
        """Whether staff have dealt with what was set aside under this key."""
        async with self.database.reading() as session:
            aside = await health.aside_by_key(session, key)
        return aside is not None and aside.settled_at is not None

    async def _whole(self, heard: Heard) -> Outcome:
        try:
            async with self.database.transaction() as session:
                return await self._hear(session, heard)
        except (IntegrityError, SentBack):
            # Two first messages of one person at once: the other one has made the person, so begin again. The same when
            # two waited for each other and the database has sent one of them back.
            async with self.database.transaction() as session:
                return await self._hear(session, heard)


def _plain(heard: Heard) -> bytes:
    place = heard.place
    return f"{place.channel} {place.external} {heard.said_at.isoformat()} {heard.kind}\n{heard.text}".encode(
        errors="replace"
    )
