"""What the bot has still to hear: kept until it confirms, fetched by getUpdates or posted to its webhook."""

import asyncio
import random
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from typing import Any

import aiohttp

from .query import Refused
from .wording import compact

# Telegram keeps separate queues for what a person writes and what they press: one may overtake the other.
PRESSED, MEMBERSHIP = 3 << 33, 5 << 33
# Seconds after which nobody will hear of it any more.
LIVES = {"callback_query": 150}
DAY = 86_400
NOT_BY_DEFAULT = frozenset({"chat_member", "message_reaction", "message_reaction_count"})
LONGEST_POLL = 50
LONGEST_RETRY_AFTER = 3600
# A poll that waits is answered a moment after the first update, so that a burst comes in one batch.
GATHER = 0.002
CONFLICT = "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running"


@dataclass(slots=True)
class Update:
    id: int
    lane: int  # Updates of one lane wait for each other; different lanes are side by side.
    body: bytes
    until: float


@dataclass(slots=True)
class Delivery:
    """One attempt to post an update to the webhook."""

    time: float
    update_id: int
    lane: int
    status: int | None = None  # None while it is under way; 0 when no answer came.
    ended: float | None = None


@dataclass(slots=True)
class Webhook:
    url: str
    secret: str
    max_connections: int
    free: asyncio.Semaphore
    last_error_date: int = 0
    last_error_message: str = ""


class Updates:
    """`backoff` is the second of the webhook's pauses (at once, then 2, 4, 8 … of them, up to 60 to 120)."""

    def __init__(
        self, now: Callable[[], float], happened: Callable[[], None], *, backoff: float, webhook_timeout: float,
        hasty_wait: float,
    ) -> None:  # fmt: skip
        self.now = now
        self.happened = happened
        self.backoff = backoff
        self.webhook_timeout = webhook_timeout
        self.hasty_wait = hasty_wait
        self.pending: OrderedDict[int, Update] = OrderedDict()
        self.ever: dict[int, Update] = {}
        self.deliveries: list[Delivery] = []
        self.allowed: list[str] = []
        self.webhook: Webhook | None = None
        self.next_id = 700_000_001
        self._lanes: dict[int, deque[Update]] = {}
        self._couriers: set[asyncio.Task[None]] = set()
        self._session: aiohttp.ClientSession | None = None
        self._held: asyncio.Future[str] | None = None
        self._waking = False
        self._previous: tuple[int, float] = (0, -100.0)
        self._conflict_free_at = 0.0

    def add(self, kind: str, payload: dict[str, Any], lane: int) -> int | None:
        """The id of the update, or nothing when the bot did not ask for this kind."""
        if kind in NOT_BY_DEFAULT if not self.allowed else kind not in self.allowed:
            return None
        update_id = self.next_id
        self.next_id += 1
        until = self.now() + LIVES.get(kind, DAY)
        self._put(Update(update_id, lane, compact({"update_id": update_id, kind: payload}), until))
        return update_id

    def add_raw(self, raw: dict[str, Any], lane: int = 0) -> int:
        """Whatever the test wants: it is not looked at, and gets an id when it has none."""
        update_id = raw.setdefault("update_id", self.next_id)
        self.next_id = max(self.next_id, update_id + 1)
        self._put(Update(update_id, lane or -update_id, compact(raw), self.now() + DAY))
        return update_id

    def allow(self, kinds: list[str] | None) -> None:
        """Nothing said keeps what was said before; an empty list is the default again."""
        if kinds is not None:
            self.allowed = kinds

    async def poll(self, offset: int, limit: int, timeout: int) -> bytes:
        if self.webhook:
            words = "can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first"
            raise await self._conflict(f"Conflict: {words}")
        limit, timeout = min(max(limit, 1), 100), min(max(timeout, 0), LONGEST_POLL)
        asked_before, at = self._previous
        now = self.now()
        patience = float(timeout)
        # Who asks the same thing again and again is slowed down.
        if offset == asked_before and timeout < self.hasty_wait and now < at + self.hasty_wait:
            patience = self.hasty_wait
        if offset == asked_before and now < at + 0.5:
            limit = 1
        self._previous = (offset, now)
        self._confirm(offset)
        if not self.pending and patience:
            self.release(CONFLICT)
            held = self._held = asyncio.get_running_loop().create_future()
            try:
                async with asyncio.timeout(patience):
                    words = await held
                if words:
                    raise await self._conflict(words)
            except TimeoutError:
                pass
            finally:
                if self._held is held:
                    self._held = None
        batch: list[bytes] = []
        now = self.now()
        for update in list(islice(self.pending.values(), limit * 2)):
            if update.until < now:
                del self.pending[update.id]
            elif len(batch) < limit:
                batch.append(update.body)
        return b"[" + b",".join(batch) + b"]"

    def release(self, words: str) -> None:
        """Ends the poll that waits, with these words of refusal or with what there is."""
        if self._held and not self._held.done():
            self._held.set_result(words)
        self._held = None

    async def set_webhook(self, url: str, secret: str, max_connections: int) -> None:
        await self.forget_webhook()
        self.release("Conflict: terminated by setWebhook request")
        self.webhook = Webhook(url, secret, max_connections, asyncio.Semaphore(max_connections))
        for update in self.pending.values():
            self._hand_over(update)

    async def forget_webhook(self) -> None:
        couriers, self._couriers = self._couriers, set()
        self.webhook = None
        self._lanes.clear()
        for courier in couriers:
            courier.cancel()
        await asyncio.gather(*couriers, return_exceptions=True)
        if self._session:
            await self._session.close()
            self._session = None

    async def deliver_again(self, update_id: int, times: int) -> list[int | None]:
        hook = self.webhook
        assert hook, "there is no webhook to deliver to"
        before = len(self.deliveries)
        await asyncio.gather(*(self._post(hook, self.ever[update_id]) for _ in range(times)))
        again = [delivery for delivery in self.deliveries[before:] if delivery.update_id == update_id]
        return [delivery.status for delivery in again]

    async def stop(self) -> None:
        self.release("")
        await self.forget_webhook()

    def _confirm(self, offset: int) -> None:
        if offset < 0:
            while len(self.pending) > -offset:
                self.pending.popitem(last=False)
        while self.pending and offset > next(iter(self.pending)):
            self.pending.popitem(last=False)

    async def _conflict(self, words: str) -> Refused:
        """Told at once, and then not more often than every three seconds or so."""
        now = self.now()
        if now < self._conflict_free_at:
            await asyncio.sleep(self.hasty_wait)
        else:
            self._conflict_free_at = now + self.hasty_wait
        return Refused(409, words)

    def _put(self, update: Update) -> None:
        self.pending[update.id] = self.ever[update.id] = update
        if self.webhook:
            self._hand_over(update)
        elif self._held and not self._waking:
            self._waking = True
            asyncio.get_running_loop().call_later(GATHER, self._wake)
        self.happened()

    def _wake(self) -> None:
        self._waking = False
        self.release("")

    def _hand_over(self, update: Update) -> None:
        lane = self._lanes.get(update.lane)
        if lane is not None:
            lane.append(update)
            return
        self._lanes[update.lane] = deque([update])
        assert self.webhook
        courier = asyncio.create_task(self._carry(self.webhook, update.lane))
        self._couriers.add(courier)
        courier.add_done_callback(self._couriers.discard)

    async def _carry(self, hook: Webhook, lane: int) -> None:
        """One lane, in order, one update under way."""
        queue = self._lanes[lane]
        while queue:
            await self._insist(hook, queue[0])
            self.pending.pop(queue.popleft().id, None)
            self.happened()
        del self._lanes[lane]

    async def _insist(self, hook: Webhook, update: Update) -> None:
        failures, pause = 0, 1.0
        while True:
            if update.until < self.now():
                return
            async with hook.free:
                taken, retry_after = await self._post(hook, update)
            if taken:
                return
            if retry_after:
                await asyncio.sleep(min(retry_after, LONGEST_RETRY_AFTER))
            elif failures:
                pause = min(pause * 2, random.uniform(60, 120))
                await asyncio.sleep(pause * self.backoff)
            failures += 1

    async def _post(self, hook: Webhook, update: Update) -> tuple[bool, int]:
        if self._session is None:
            timeout = aiohttp.ClientTimeout(total=self.webhook_timeout)
            self._session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0), timeout=timeout)
        headers = {"Content-Type": "application/json"}
        if hook.secret:
            headers["X-Telegram-Bot-Api-Secret-Token"] = hook.secret
        delivery = Delivery(self.now(), update.id, update.lane)
        self.deliveries.append(delivery)
        self.happened()
        try:
            async with self._session.post(hook.url, data=update.body, headers=headers, allow_redirects=False) as answer:
                await answer.read()
                delivery.status = answer.status
                if 200 <= answer.status < 300:
                    return True, 0
                why = f"Wrong response from the webhook: {answer.status} {answer.reason}"
                retry_after = answer.headers.get("Retry-After", "")
                return self._failed(hook, why, int(retry_after) if retry_after.isdigit() else 0)
        except TimeoutError:
            why = "Read timeout expired"
        except aiohttp.ClientConnectorError:
            why = "Connection refused"
        except aiohttp.ClientError:
            why = "Connection reset by peer"
        finally:
            delivery.ended = self.now()
            if delivery.status is None:
                delivery.status = 0
        return self._failed(hook, why, 0)

    def _failed(self, hook: Webhook, why: str, retry_after: int) -> tuple[bool, int]:
        hook.last_error_date = int(self.now())
        hook.last_error_message = why
        return False, retry_after
