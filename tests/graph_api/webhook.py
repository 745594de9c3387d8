"""What the page has still to hear: signed, posted to its webhook, and posted again until it is accepted."""

import asyncio
import hashlib
import hmac
import json
from collections import deque
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import aiohttp

if TYPE_CHECKING:
    from .api import GraphApi

FIELDS = frozenset({
    "messages", "messaging_postbacks", "messaging_referrals", "message_echoes", "message_deliveries", "message_reads",
    "message_reactions", "standby", "messaging_optins", "messaging_handovers", "messaging_account_linking",
})  # fmt: skip


@dataclass(slots=True, eq=False)
class Event:
    """One thing to hear of. `kind` is the field of the subscription; `statuses`: the answer to each post, 0 for none."""

    kind: str
    psid: str
    json: dict[str, Any]
    accepted: bool = False
    statuses: list[int] = field(default_factory=list)

    @property
    def mid(self) -> str:
        about = self.json.get("message") or self.json.get("postback") or {}
        return str(about.get("mid", ""))


@dataclass(slots=True, eq=False)
class Post:
    """One request; nearly always of one event."""

    events: list[Event]
    body: bytes
    tried: asyncio.Event = field(default_factory=asyncio.Event)


class Webhook:
    """Events of one person are posted one after the other; what was not accepted is repeated later, and overtaken."""

    def __init__(self, api: "GraphApi", timeout: float) -> None:
        self.api = api
        self.timeout = aiohttp.ClientTimeout(total=timeout)
        self._lanes: dict[str, deque[Post]] = {}
        self._couriers: set[asyncio.Task[None]] = set()
        self._session: aiohttp.ClientSession | None = None

    @property
    def session(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0), timeout=self.timeout)
        return self._session

    def hand_over(self, events: list[Event]) -> Post:
        post = Post(events, self.body(events))
        self.api.pending += events
        self.api.happened()
        lane = self._lanes.get(events[0].psid)
        if lane is not None:
            lane.append(post)
        else:
            self._lanes[events[0].psid] = deque([post])
            self._start(self._carry(events[0].psid))
        return post

    def body(self, events: list[Event]) -> bytes:
        """One entry for each person; letters beyond ASCII and slashes are escaped, as Facebook does."""
        people: dict[str, list[dict[str, Any]]] = {}
        for event in events:
            people.setdefault(event.psid, []).append(event.json)
        lane = "standby" if self.api.standby else "messaging"
        at = int(self.api.now() * 1000)
        entries = [{"id": self.api.page_id, "time": at, lane: told} for told in people.values()]
        whole = {"object": "page", "entry": entries}
        text = json.dumps(whole, ensure_ascii=self.api.escapes, separators=(",", ":"))
        return (text.replace("/", "\\/") if self.api.escapes else text).encode()

    async def post(self, body: bytes, signature: str | None = None) -> int:
        """The status, or 0 when no answer came in time. No signature is sent when it is empty."""
        headers = {"Content-Type": "application/json"}
        if signature is None:
            signature = "sha256=" + hmac.new(self.api.app_secret.encode(), body, hashlib.sha256).hexdigest()
        if signature:
            headers["X-Hub-Signature-256"] = signature
        try:
            url = self.api.webhook_url
            async with self.session.post(url, data=body, headers=headers, allow_redirects=False) as answer:
                await answer.read()
                return answer.status
        except (TimeoutError, aiohttp.ClientError):
            return 0

    async def again(self, event: Event, times: int) -> list[int]:
        body = self.body([event])
        statuses = await asyncio.gather(*(self.post(body) for _ in range(times)))
        event.statuses += statuses
        return statuses

    async def stop(self) -> None:
        for courier in self._couriers:
            courier.cancel()
        await asyncio.gather(*self._couriers, return_exceptions=True)
        if self._session:
            await self._session.close()

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        courier = asyncio.create_task(work)
        self._couriers.add(courier)
        courier.add_done_callback(self._couriers.discard)

    async def _carry(self, psid: str) -> None:
        lane = self._lanes[psid]
        while lane:
            while not self.api.webhook_url:
                await asyncio.sleep(self.api.webhook_backoff)
            if not await self._try(lane[0]):
                self._start(self._repeat(lane[0]))
            lane.popleft().tried.set()
        del self._lanes[psid]

    async def _repeat(self, post: Post) -> None:
        tries = 1
        while not self.api.gives_up or tries < self.api.gives_up:
            await asyncio.sleep(self.api.webhook_backoff)
            if await self._try(post):
                return
            tries += 1
        self._settle(post)

    async def _try(self, post: Post) -> bool:
        status = await self.post(post.body)
        for event in post.events:
            event.statuses.append(status)
            event.accepted = event.accepted or status == 200
        if status == 200:
            self._settle(post)
        self.api.happened()
        return status == 200

    def _settle(self, post: Post) -> None:
        self.api.pending[:] = [event for event in self.api.pending if event not in post.events]
        self.api.happened()
