"""Empties the outbox: claims a row, lets the channel send it outside any transaction, writes down how it ended."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta

import structlog
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from bot.channels import Channel, Moved, Outgoing, Refused, TooBig, TryLater, Unreachable, Unsure, WindowShut
from desk import channels, clock, conditions, files, leases, outbox, people, windows
from desk.attachments import Attachment
from desk.database import Database, DatabaseAway
from desk.history import record
from desk.messages import SHUT, Author, Message, Purpose, Status
from desk.people import Address
from desk.windows import Way

log = structlog.get_logger()

LOOK_AGAIN = 1.0  # Seconds between looks when no bell rings: rows of other processes, rows planned for later.
HOLD_EVERY = 3.0  # Seconds between renewals of the lease.
IN_LINE = 8  # Messages read in one look; few, so that what has become urgent does not wait behind them.
AT_ONCE = 16  # Messages of different people that may be on the wire together.
FILE_ATTEMPTS = 6
WORTH_TELLING = 30.0  # Seconds; shorter waits are a channel's usual pace, and no news.
WITHOUT_FILE = frozenset({"text", "erase"})
UNREACHABLE = frozenset({"blocked", "deactivated", "unknown"})  # Why nothing can reach an address any more.


class Delivery:
    """Carries out what waits on these channels, each by one process at a time."""

    def __init__(self, database: Database, channels: Sequence[Channel], holder: str) -> None:
        self.database, self.channels, self.holder = database, channels, holder

    async def run(self) -> None:
        async with asyncio.TaskGroup() as group:
            for channel in self.channels:
                group.create_task(_Carrier(self.database, channel, self.holder).run())


class _Carrier:
    """Delivers on one channel account."""

    def __init__(self, database: Database, channel: Channel, holder: str) -> None:
        self.database, self.channel, self.holder = database, channel, holder
        self.name, self.account = channel.facts.name, channel.account
        self.bell = database.bell("outbox")
        self.file_bell = database.bell("files")
        self.resting: dict[int, float] = {}  # Address to the tick until which it is left alone.
        self.flying: set[asyncio.Task[None]] = set()
        self.held_at = float("-inf")
        self.halted: str | None = None  # Why nothing goes out; None: another process may have left it so.

    async def run(self) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(self._for_ever(self._deliver))
            group.create_task(self._for_ever(self._fetch_files))

    async def _for_ever(self, step: Callable[[], Awaitable[None]]) -> None:
        while True:
            try:
                await step()
            except DatabaseAway:
                log.warning("delivery.database_away", channel=self.name)
                await asyncio.sleep(LOOK_AGAIN)
            except Exception as error:  # Whatever one row did to us, the next ones still want to go out.
                log.exception("delivery.broken", channel=self.name, error=type(error).__name__)
                await asyncio.sleep(LOOK_AGAIN)

    async def _deliver(self) -> None:
        if not await self._hold():
            await self.bell.wait(LOOK_AGAIN)
            return
        tick = clock.ticks()
        self.resting = {address: until for address, until in self.resting.items() if until > tick}
        async with self.database.reading() as session:
            # Of one address one message can be in line, so that behind all who rest there is still room for others.
            most = IN_LINE + len(self.resting)
            line = await outbox.next_in_line(session, self.name, self.account, clock.now(), most)
        resting = [one for one in line if one.address_id in self.resting]
        for one in line:
            if one not in resting:
                await self.deliver_next(one)
        if len(line) < most:
            await self.bell.wait(self._until_rested([one.address_id for one in line if one.more or one in resting]))

    async def deliver_next(self, one: outbox.InLine) -> None:
        """Claim a waiting message and start its sending, as soon as the channel lets it leave."""
        while len(self.flying) >= AT_ONCE:
            await asyncio.wait(self.flying, return_when=asyncio.FIRST_COMPLETED)
        # Claimed only when it can leave at once: what is claimed and not settled counts as unsure after a crash.
        if not await self._is_ready():
            return
        async with self.database.transaction() as session:
            message = await outbox.claim(session, one.message_id, clock.now())
            way = await self._way(session, message) if message is not None else Way.OPEN
            if message is not None and way is Way.SHUT:
                held_back(message)
                if message.purpose is not Purpose.DEED:
                    note_outcome(session, message, message.status, SHUT)
        if message is None or way is Way.SHUT:
            return
        self.resting[message.address_id] = clock.ticks() + self.channel.gap
        task = asyncio.create_task(self._send(message, one.external, late=way is Way.PEOPLE))
        self.flying.add(task)
        task.add_done_callback(self.flying.discard)

    async def _is_ready(self) -> bool:
        """Wait for the channel's own pace, however long that rests, and keep the lease meanwhile; False when it is lost."""
        while True:
            try:
                async with asyncio.timeout(HOLD_EVERY):
                    await self.channel.ready()
                return True
            except TimeoutError:
                if not await self._hold():
                    return False

    async def _way(self, session: AsyncSession, message: Message) -> Way:
        """Whether the channel's window lets this message out, now that it is to go."""
        if channels.facts_of(self.name).answers_within is None:
            return Way.OPEN
        # Held, so that words of the person which come at this moment find it either gone or waiting for them.
        address = await session.get_one(Address, message.address_id, with_for_update=True, populate_existing=True)
        way = windows.of(address).way(clock.now())
        return Way.SHUT if way is Way.PEOPLE and not message.typed else way

    async def _send(self, message: Message, external: str, *, late: bool) -> None:
        try:
            number = await self.channel.send(external, await self._outgoing(message, late=late))
        except TryLater as later:
            await self._settle(message, Status.WAITING, failure=later.why, wait=later)
        except WindowShut:
            await self._is_shut(message, late=late)
        except Moved as moved:
            await self._has_moved(message, moved.external)
        except Unreachable as lost:
            await self._settle(message, Status.FAILED, failure=lost.why)
        except Unsure:
            await self._settle(message, Status.UNSURE, failure="no answer")
        except Refused as refused:
            log.error("delivery.refused", channel=self.name, message=message.id, why=refused.why)
            await self._settle(message, Status.FAILED, failure=f"refused: {refused.why}")
        except Exception as error:  # Our own mistake must not stop the deliveries of others.
            log.exception("delivery.broken", channel=self.name, message=message.id, error=type(error).__name__)
            await self._settle(message, Status.UNSURE, failure=type(error).__name__)
        else:
            await self._settle(message, Status.SENT, number=number)

    async def _outgoing(self, message: Message, *, late: bool) -> Outgoing:
        """What the channel must bring. Nothing has left yet: a database that is away means a later try."""
        assert message.id is not None
        attachment = None
        if message.kind not in WITHOUT_FILE:
            try:
                async with self.database.reading() as session:
                    file = await files.told_with(session, message.id)
            except DatabaseAway:
                raise TryLater(LOOK_AGAIN, "database away") from None
            if file is None or file.content is None:
                raise Refused("file gone")
            attachment = Attachment(file.name, file.kind, file.mime, file.content)
        return Outgoing(
            text=message.text,
            choices=tuple((choice["id"], choice["label"]) for choice in message.choices),
            kind=message.kind,
            extra=message.extra,
            id=str(message.id),
            file=attachment,
            late=late,
        )

    async def _has_moved(self, message: Message, external: str) -> None:
        """The same chat under another name: the address learns it, and what was to be said goes there."""
        try:
            async with self.database.transaction() as session:
                await people.rename_address(session, message.address_id, external)
        except (DatabaseAway, IntegrityError):
            pass  # Tried again it is told once more.
        await self._settle(message, Status.WAITING, failure="moved", wait=TryLater(0, "moved"))

    async def _is_shut(self, message: Message, *, late: bool) -> None:
        """The channel says that the window is shut, although we thought otherwise: believed, unless it is old news."""
        assert message.id is not None
        while True:
            try:
                async with self.database.transaction() as session:
                    at = clock.now()
                    address = await session.get_one(
                        Address, message.address_id, with_for_update=True, populate_existing=True
                    )
                    row = await session.get_one(Message, message.id, with_for_update=True, populate_existing=True)
                    if row.status is not Status.SENDING:
                        return
                    spoke_since = message.claimed_at is not None and address.heard_at > message.claimed_at
                    if not spoke_since:
                        address.shut_at = address.shut_at or at
                        if late:
                            address.people_shut_at = address.people_shut_at or at
                    may_go_late = row.typed and not late and windows.of(address).lets(at, typed=True)
                    if spoke_since or may_go_late:
                        row.status, row.not_before = Status.WAITING, at
                    else:
                        held_back(row)
                        note_outcome(session, row, row.status, SHUT)
                self.bell.ring()
                return
            except DatabaseAway:
                await asyncio.sleep(LOOK_AGAIN)

    async def _settle(
        self,
        message: Message,
        status: Status,
        *,
        number: str | None = None,
        failure: str = "",
        wait: TryLater | None = None,
    ) -> None:
        """Write the outcome down, however long the database takes to come back."""
        assert message.id is not None
        while True:
            try:
                async with self.database.transaction() as session:
                    at = clock.now()
                    not_before, attempts = None, None
                    if wait is not None:
                        not_before = at + timedelta(seconds=wait.seconds)
                        if wait.everyone:
                            # Its own fault it was not; but what was tried once keeps its place before what came later.
                            attempts = max(1, message.attempts - (not wait.counts))
                        if (wait.counts or not wait.everyone) and message.attempts >= outbox.MOST_ATTEMPTS:
                            status = Status.FAILED
                    was_open = await outbox.settle(
                        session,
                        message.id,
                        status,
                        at=at,
                        number=number,
                        failure=failure,
                        not_before=not_before,
                        attempts=attempts,
                    )
                    if was_open and status is Status.FAILED and failure in UNREACHABLE:
                        await people.lost(session, message.address_id, failure, (message.ticket_id,))
                    if was_open and status is not Status.WAITING and message.purpose is not Purpose.DEED:
                        note_outcome(session, message, status, failure)
                await self._note_condition(status, wait)
                return
            except DatabaseAway:
                await asyncio.sleep(LOOK_AGAIN)

    async def _note_condition(self, status: Status, wait: TryLater | None) -> None:
        """Staff see when a whole channel is at rest, and why; and that it goes again."""
        halted = wait is not None and wait.everyone and wait.seconds >= WORTH_TELLING
        why = wait.why if wait is not None and halted else ""
        if why == self.halted or not (halted or status is Status.SENT):
            return
        async with self.database.transaction() as session:
            await conditions.goes_out(session, self.name, self.account, clock.now(), why=why)
        self.halted = why

    async def _hold(self) -> bool:
        """Keep the lease of this channel account. Whoever gains it finds the half-sent rows of a dead holder."""
        if clock.ticks() - self.held_at < HOLD_EVERY:
            return True
        async with self.database.transaction() as session:
            at = clock.now()
            how = await leases.hold(session, f"delivery:{self.name}:{self.account}", self.holder, at)
            if how != "kept":
                self.halted = None  # Somebody else may have written since how it stands.
            if how == "gained":
                await conditions.begins(session, self.name, self.account, at)
            if not how:
                self.held_at = float("-inf")
                return False
            for message in await outbox.doubtful(
                session, self.name, self.account, at, all_of_them=how == "gained" and not self.flying
            ):
                if message.extra.get("danger"):
                    # Being told twice where help is does no harm; not being told may.
                    message.status = Status.WAITING
                else:
                    note_outcome(session, message, Status.UNSURE, message.failure)
        self.held_at = clock.ticks()
        return True

    def _until_rested(self, waiting: Sequence[int]) -> float:
        """Seconds until the first of these chats may be written to again; what is new to all of them will ring."""
        tick = clock.ticks()
        return max(0.01, min([LOOK_AGAIN, *(self.resting.get(address, tick) - tick for address in waiting)]))

    async def _fetch_files(self) -> None:
        """Ask the channel for the files that people sent, after their words are safe."""
        await self.file_bell.wait(LOOK_AGAIN)
        if self.held_at == float("-inf"):
            return
        async with self.database.reading() as session:
            wanted = await files.wanted(session, self.name, self.account, clock.now())
        for file in wanted:
            content, status, wait = None, "kept", 0.0
            try:
                content = await self.channel.fetch(file.remote)
            except TooBig:
                status = "too_big"
            except TryLater as later:
                status, wait = ("wanted", later.seconds) if file.attempts < FILE_ATTEMPTS else ("failed", 0.0)
            except (Refused, Unreachable):
                status = "failed"
            except Exception as error:  # One odd file must not keep the others from being fetched.
                log.exception("delivery.file_broken", channel=self.name, file=file.id, error=type(error).__name__)
                status = "failed"
            async with self.database.transaction() as session:
                await files.keep(session, file, status, content, clock.now() + timedelta(seconds=wait))


def held_back(message: Message) -> None:
    """What somebody of the centre wrote waits for the person's next words; what the bot had to say comes too late."""
    waits = message.author is Author.STAFF or message.purpose is Purpose.ANSWER
    message.status, message.failure = (Status.HELD if waits else Status.FAILED), SHUT


def note_outcome(session: AsyncSession, message: Message, status: Status, failure: str) -> None:
    """Staff see how their words fared; what failed or may have failed is on the list of the undelivered."""
    record(
        session,
        f"message.{status.value}",
        ticket_id=message.ticket_id,
        person_id=message.person_id,
        message=message.id,
        why=failure,
    )
