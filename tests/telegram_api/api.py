"""The stand-in as a test holds it: its town, its log, its faults, and its door on loopback."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from .chats import Chat, Group, Message, Press
from .faults import Faults
from .files import Files
from .flood import Flood
from .people import Person
from .query import Query, Refused, bad_request
from .updates import Delivery, Updates

TOKEN = "123456789:AAF-town-of-paper-and-no-secret-at-all"


@dataclass(slots=True)
class Call:
    """One request of the bot. `status` is 0 while it is unanswered, and stays 0 when the connection was dropped."""

    time: float
    method: str
    params: dict[str, Any]
    status: int = 0
    error: str = ""
    fault: str = ""


@dataclass(slots=True)
class Waiter:
    condition: Callable[[], Any]
    met: asyncio.Future[None] = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class TelegramApi:
    """Bot API on 127.0.0.1, for one bot.

    `callback_seconds`: how long a press may be answered. `webhook_backoff`: the second of the webhook's pauses, less
    than one to make tests fast. `webhook_gap`: seconds between two setWebhook. `hasty_wait`: the seconds by which who
    asks for the same updates again and again is slowed down, and how often a conflict is told. `local`: the folder in
    which a server of one's own, started with --local, leaves the files, of any size, for a bot on the same machine.
    """

    def __init__(
        self, token: str = TOKEN, *, port: int = 0, flood: Flood | None = None, callback_seconds: float = 15.0,
        webhook_backoff: float = 1.0, webhook_timeout: float = 60.0, webhook_gap: float = 1.0,
        hasty_wait: float = 3.0, bot_name: str = "Poruch", username: str = "poruch_bot", reads_groups: bool = False,
        local: Path | None = None,
    ) -> None:  # fmt: skip
        self.token = token
        self.port = port
        self.flood = flood or Flood()
        self.faults = Faults()
        self.files = Files()
        self.local = local
        self.callback_seconds = callback_seconds
        self.webhook_gap = webhook_gap
        self.webhook_free_at = 0.0
        self.updates = Updates(
            self.now, self.happened, backoff=webhook_backoff, webhook_timeout=webhook_timeout, hasty_wait=hasty_wait
        )
        self.bot: dict[str, Any] = {
            "id": int(token.partition(":")[0]), "is_bot": True, "first_name": bot_name, "username": username,
            "can_join_groups": True, "can_read_all_group_messages": reads_groups, "supports_inline_queries": False,
            "can_connect_to_business": False, "has_main_web_app": False, "has_topics_enabled": False,
            "allows_users_to_create_topics": False, "can_manage_bots": False,
        }  # fmt: skip
        self.people: dict[int, Person] = {}
        self.groups: dict[int, Group] = {}
        self.presses: dict[str, Press] = {}
        self.commands: dict[tuple[str, str], list[dict[str, str]]] = {}
        self.profile: dict[tuple[str, str], str] = {}
        self.menu_buttons: dict[int, dict[str, Any]] = {}
        self.calls: list[Call] = []
        self.sent: list[Message] = []
        self._numbers = 0
        self._shift = time.time() - time.monotonic()
        self._waiters: list[Waiter] = []
        self._door: Any = None
        self._return: asyncio.TimerHandle | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def start(self) -> None:
        from .server import Door

        self._door = Door(self)
        self.port = await self._door.open(self.port)

    async def stop(self) -> None:
        if self._return:
            self._return.cancel()
        await self.updates.stop()
        if self._door:
            await self._door.shut()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def goes_away(self, seconds: float | None = None) -> None:
        """Connections break and no new one is accepted, until `comes_back` or for so many seconds."""
        self.updates.release("")
        await self._door.close()
        if seconds is not None:
            loop = asyncio.get_running_loop()
            self._return = loop.call_later(seconds, lambda: asyncio.ensure_future(self.comes_back()))

    async def comes_back(self) -> None:
        await self._door.open(self.port)

    def person(self, id: int, name: str = "", language_code: str | None = "uk", **more: Any) -> Person:
        """Someone with Telegram; the same one when the number is known. `more`: last_name, username, is_premium."""
        if id not in self.people:
            self.people[id] = Person(self, id, name or f"Person {id}", language_code, **more)
        return self.people[id]

    def group(self, id: int, title: str = "Group") -> Group:
        """A group; a supergroup when the number begins with -100."""
        if id not in self.groups:
            self.groups[id] = Group(self, id, title)
        return self.groups[id]

    def raw_update(self, update: dict[str, Any], lane: int = 0) -> int:
        """Puts anything at all among the updates; it gets an `update_id` when it has none."""
        return self.updates.add_raw(update, lane)

    async def deliver_again(self, update_id: int, times: int = 1) -> list[int | None]:
        """Posts one update to the webhook once more, all at the same time, and gives what was answered."""
        return await self.updates.deliver_again(update_id, times)

    def now(self) -> float:
        return time.monotonic() + self._shift

    def later(self, seconds: float) -> None:
        """Lets time pass, here only: messages get older, presses expire, waits end."""
        self._shift += seconds

    async def until(self, condition: Callable[[], Any], within: float = 60.0) -> None:
        """Returns when the condition holds; it is asked after everything that happens here."""
        if condition():
            return
        waiter = Waiter(condition)
        self._waiters.append(waiter)
        try:
            async with asyncio.timeout(within):
                await waiter.met
        finally:
            self._waiters.remove(waiter)

    def calls_of(self, method: str) -> list[Call]:
        return [call for call in self.calls if call.method.lower() == method.lower()]

    @property
    def violations(self) -> list[Any]:
        return self.flood.violations

    @property
    def deliveries(self) -> list[Delivery]:
        return self.updates.deliveries

    @property
    def pending(self) -> int:
        """Updates that the bot has not yet confirmed."""
        return len(self.updates.pending)

    @property
    def unanswered(self) -> list[Press]:
        return [press for press in self.presses.values() if not press.answered]

    def happened(self) -> None:
        for waiter in self._waiters:
            if waiter.met.done():
                continue
            try:
                if waiter.condition():
                    waiter.met.set_result(None)
            except Exception as problem:
                waiter.met.set_exception(problem)

    def next_number(self) -> int:
        self._numbers += 1
        return self._numbers

    def chat_for(self, query: Query, *, write: bool = True) -> Chat:
        """The chat the bot means, if it may go there."""
        if not query.text("chat_id"):
            raise bad_request("chat_id is empty")
        chat_id = query.number("chat_id")
        if chat := self.people.get(chat_id):
            if not chat.started:
                if chat.seen_in_group:
                    raise Refused(403, "Forbidden: bot can't initiate conversation with a user")
                raise bad_request("chat not found")
            if chat.deactivated and write:
                raise Refused(403, "Forbidden: user is deactivated")
            return chat
        group = self.groups.get(chat_id)
        if group is None or not group.bot.known:
            raise bad_request("chat not found")
        if write and group.bot.migrated_to:
            words = "Bad Request: group chat was upgraded to a supergroup chat"
            raise Refused(400, words, migrate_to_chat_id=group.bot.migrated_to)
        if write and not group.bot.is_member:
            what = "was kicked from" if group.bot.kicked else "is not a member of"
            raise Refused(403, f"Forbidden: bot {what} the {group.json['type']} chat")
        return group

    def pace(self, chat: Chat, messages: int = 1) -> None:
        if seconds := self.flood.take(chat.id, self.now(), group=chat.is_group, messages=messages):
            raise too_many(seconds)


def too_many(seconds: int) -> Refused:
    return Refused(429, f"Too Many Requests: retry after {seconds}", retry_after=seconds)
