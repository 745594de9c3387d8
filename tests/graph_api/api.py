"""The stand-in as a test holds it: its people, its switches, its log, and its door on loopback."""

import asyncio
import base64
import hashlib
import hmac
import json
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Self

from .faults import Faults
from .files import Files
from .people import Person, Told
from .sends import echoed
from .server import Door, address
from .webhook import FIELDS, Event, Post, Webhook

# The app by which Facebook's own inbox writes.
INBOX = 263902037430900


@dataclass(slots=True)
class Call:
    """One request of the page. `status` stays 0 while it is unanswered, and when the connection was dropped."""

    time: float
    method: str
    path: str
    node: str
    edge: str
    params: dict[str, Any] = field(default_factory=dict)
    status: int = 0
    code: int = 0
    subcode: int = 0
    fault: str = ""


class GraphApi:
    """Graph and Messenger on 127.0.0.1, for one page and one app.

    `human_agent`: whether the page may answer by hand for seven days. `webhook_backoff`: seconds between two posts of
    what the webhook did not accept with 200. `webhook_timeout`: how long it may take to answer.
    """

    def __init__(
        self, *, page_token: str, app_secret: str, verify_token: str, page_id: str = "1040001", app_id: str = "900100",
        human_agent: bool = False, now: Callable[[], float] = time.time, webhook_url: str = "",
        webhook_backoff: float = 1.0, webhook_timeout: float = 20.0, page_name: str = "Poruch",
    ) -> None:  # fmt: skip
        self.page_token = page_token
        self.app_secret = app_secret
        self.verify_token = verify_token
        self.page_id = page_id
        self.app_id = app_id
        self.human_agent = human_agent
        self.now = now
        self.webhook_url = webhook_url
        self.webhook_backoff = webhook_backoff
        self.page_name = page_name
        self.url = ""
        self.faults = Faults()
        self.files = Files(now)
        self.people: dict[str, Person] = {}
        self.profile: dict[str, Any] = {}
        self.subscribed = set(FIELDS)  # Until the page itself chooses, it hears everything.
        # Switches, to be turned at any time.
        self.restricted = False
        self.refuses: dict[str, int] = {}  # Edges of the page that are refused, with the code.
        self.hurried_until = 0.0
        self.gives_names = False
        self.echoes = True
        self.deliveries = True  # Whether the page hears that a message has arrived.
        self.echo_first = False  # The answer to a send waits until its echo was posted.
        self.holds_echoes = False
        self.standby = False
        self.escapes = True
        self.gives_up = 0  # After so many posts an event is forgotten; 0 means never.
        # The log.
        self.calls: list[Call] = []
        self.events: list[Event] = []
        self.pending: list[Event] = []
        self.violations: list[str] = []
        self._webhook = Webhook(self, webhook_timeout)
        self._door = Door(self)
        self._held: list[Event] = []
        self._batch: list[Event] | None = None
        self._happened = asyncio.Event()

    async def __aenter__(self) -> Self:
        self.url = f"http://127.0.0.1:{await self._door.open()}"
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._webhook.stop()
        await self._door.shut()

    def person(self, psid: str, name: str = "", locale: str = "uk_UA") -> Person:
        """Someone with Messenger, known by the number that this page has for them; the same one when it is known."""
        return self.people.setdefault(psid, Person(self, psid, name, locale))

    def slow_down(self, seconds: float) -> None:
        """For so long every send is too much."""
        self.hurried_until = self.now() + seconds

    async def staff_writes_in_inbox(self, psid: str, text: str) -> Event:
        """Someone answers past the help desk, which sees only an echo of another app."""
        self.people[psid].offering = None
        message = {"mid": self.next_mid(), "is_echo": True, "app_id": INBOX, "text": text}
        return self._echo(psid, message)[0]

    async def release_echoes(self) -> None:
        """Posts the echoes that were held, and returns when each was tried; later ones are held again."""
        held, self._held = self._held, []
        for post in [self._webhook.hand_over([event]) for event in held]:
            await post.tried.wait()

    @contextmanager
    def batch(self) -> Iterator[None]:
        """What happens meanwhile comes in one request, with an entry for each person."""
        batch: list[Event] = []
        self._batch = batch
        try:
            yield
        finally:
            self._batch = None
        if batch:
            self._webhook.hand_over(batch)

    async def deliver_again(self, event: Event, times: int = 1) -> list[int]:
        """Posts one event once more, all at the same time, and gives what was answered."""
        return await self._webhook.again(event, times)

    async def raw(self, body: bytes, signature: str | None = None) -> int:
        """Posts anything, rightly signed when nothing else is said and unsigned when the signature is empty."""
        return await self._webhook.post(body, signature)

    async def verifies(
        self, *, token: str | None = None, mode: str = "subscribe", challenge: str = "1158201444"
    ) -> tuple[int, str]:
        """The handshake before the first event: the webhook has to give the challenge back."""
        told = self.verify_token if token is None else token
        params = {"hub.mode": mode, "hub.verify_token": told, "hub.challenge": challenge}
        async with self._webhook.session.get(self.webhook_url, params=params, allow_redirects=False) as answer:
            return answer.status, await answer.text()

    async def asks_deletion(self, app_scoped_user_id: str) -> dict[str, Any]:
        """Someone removes the app in Facebook's settings. The number is not the one that the page knows."""
        form = {"signed_request": self.signed_request(app_scoped_user_id)}
        async with self._webhook.session.post(f"{self.webhook_url}/data-deletion", data=form) as answer:
            answer.raise_for_status()
            told: dict[str, Any] = await answer.json()
        if not (told.get("url") and told.get("confirmation_code")):
            self.violate("the answer to a wish to be deleted needs an url and a confirmation_code")
        return told

    def signed_request(self, user_id: str, secret: str = "") -> str:
        """The form field of the wish to be deleted; with another `secret` it is forged."""
        content = {"algorithm": "HMAC-SHA256", "user_id": user_id, "issued_at": int(self.now())}
        payload = _base64url(json.dumps(content).encode())
        signature = hmac.new((secret or self.app_secret).encode(), payload.encode(), hashlib.sha256).digest()
        return f"{_base64url(signature)}.{payload}"

    async def until(self, condition: Callable[[], Any], within: float = 60.0) -> None:
        """Returns when the condition holds; it is asked after everything that happens here."""
        async with asyncio.timeout(within):
            while not condition():
                await self._happened.wait()

    def calls_of(self, edge: str) -> list[Call]:
        return [call for call in self.calls if call.edge == edge]

    def called(self, method: str, path: str) -> Call:
        call = Call(self.now(), method, path, *address(path))
        self.calls.append(call)
        self.happened()
        return call

    def violate(self, words: str) -> None:
        self.violations.append(words)

    def happened(self) -> None:
        self._happened.set()
        self._happened = asyncio.Event()

    def happens(self, kind: str, psid: str, content: dict[str, Any]) -> Event:
        """Of what the page did not subscribe to it never hears."""
        event = self._event(kind, psid, content)
        if self._wanted(event):
            self._deliver(event)
        return event

    def confirm(self, psid: str, told: Told) -> Post | None:
        """The echo of an accepted message, and that it has arrived; gives the post of the echo when there is one."""
        message = {"is_echo": True, "app_id": int(self.app_id), **echoed(told)}
        _, post = self._echo(psid, message) if self.echoes else (None, None)
        if self.deliveries:
            delivery = {"mids": [told.mid], "watermark": int(told.time * 1000)}
            self.happens("message_deliveries", psid, {"delivery": delivery})
        return post

    def next_mid(self) -> str:
        return f"m_{secrets.token_urlsafe(48)}"

    def _echo(self, psid: str, message: dict[str, Any]) -> tuple[Event, Post | None]:
        event = self._event("message_echoes", psid, {"message": message}, by_page=True)
        if not self._wanted(event):
            return event, None
        if self.holds_echoes:
            self._held.append(event)
            return event, None
        return event, self._deliver(event)

    def _event(self, kind: str, psid: str, content: dict[str, Any], *, by_page: bool = False) -> Event:
        sender, recipient = (self.page_id, psid) if by_page else (psid, self.page_id)
        ends = {"sender": {"id": sender}, "recipient": {"id": recipient}}
        event = Event(kind, psid, {**ends, "timestamp": int(self.now() * 1000), **content})
        self.events.append(event)
        return event

    def _wanted(self, event: Event) -> bool:
        return ("standby" if self.standby else event.kind) in self.subscribed

    def _deliver(self, event: Event) -> Post | None:
        if self._batch is not None:
            self._batch.append(event)
            return None
        return self._webhook.hand_over([event])


def _base64url(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")
