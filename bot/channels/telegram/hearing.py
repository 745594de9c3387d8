"""Telegram's ear: aiogram types and routes the updates; each is committed before Telegram may forget it."""

import asyncio
import hmac
import json
import warnings
from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import structlog
from aiogram import Bot, Dispatcher, F
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.enums import ChatAction
from aiogram.exceptions import TelegramAPIError, TelegramConflictError, TelegramRetryAfter
from aiogram.methods import TelegramMethod
from aiogram.types import (
    CallbackQuery,
    ChatMemberUpdated,
    Message,
    Update,
)
from pydantic import ValidationError

from bot.channels import Answer, BadWebhook, Call
from bot.channels.telegram import FACTS, UPDATES, profile
from bot.intake import Intake, side_by_side
from desk import clock, conditions, leases
from desk.database import Database, DatabaseAway
from desk.files import FileHeard
from desk.messages import Heard
from desk.people import Place
from desk.texts import LANGUAGES, say

log = structlog.get_logger()

LONG_POLL = 25
MIND_EVERY = 120.0  # Seconds between two looks at how the webhook fares.


class TelegramEar:
    """The receiving half of the channel, by polling or by webhook."""

    def __init__(
        self, token: str, api_url: str, intake: Intake, *, secret: str = "", public_url: str = "", account: str = ""
    ) -> None:
        self.intake, self.secret, self.public_url, self.account = intake, secret, public_url.rstrip("/"), account
        self.bot = Bot(token, session=AiohttpSession(api=TelegramAPIServer.from_base(api_url.rstrip("/"))))
        self.dispatcher = Dispatcher(disable_fsm=True)  # The dialogue is the desk's, since all channels share it.
        self.dispatcher.message.register(self._on_message, F.chat.type == "private")
        self.dispatcher.edited_message.register(self._on_message, F.chat.type == "private")
        self.dispatcher.message.register(self._on_group)
        self.dispatcher.callback_query.register(self._on_press)
        self.dispatcher.my_chat_member.register(self._on_membership)
        self._lines: dict[int, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._errands: set[asyncio.Task[Any]] = set()

    # Receiving

    async def webhook(self, call: Call) -> Answer:
        if call.path or call.method != "POST":
            raise BadWebhook(404, "There is nothing here.")
        secret = call.headers.get("x-telegram-bot-api-secret-token", "")
        # As bytes: compare_digest refuses text that is not ASCII.
        if not self.secret or not hmac.compare_digest(secret.encode(), self.secret.encode()):
            raise BadWebhook(401, "The secret token is missing or wrong.")
        try:
            raw = json.loads(call.body)
        except (ValueError, RecursionError):
            raise BadWebhook(400, "The body is not JSON.") from None
        if not isinstance(raw, dict) or not isinstance(raw.get("update_id"), int) or isinstance(raw["update_id"], bool):
            raise BadWebhook(400, "The body is not an update: update_id is missing.")
        await self.take(raw)
        return Answer()

    async def poll(self) -> None:
        """Fetch and handle updates for ever. The offset moves only past what has been committed."""
        offset: int | None = None
        pause = 1.0
        while True:
            try:
                updates = await self.bot(
                    _RawUpdates(offset=offset),
                    request_timeout=LONG_POLL + 10,
                )
                await self._take_all(updates)
            except TelegramRetryAfter as flood:
                await asyncio.sleep(flood.retry_after)
            except (TelegramConflictError, DatabaseAway, TelegramAPIError, TimeoutError, OSError) as error:
                log.warning("telegram.poll_failed", error=type(error).__name__)
                await asyncio.sleep(pause)
                pause = min(pause * 2, 30.0)
            else:
                pause = 1.0
                if updates:
                    offset = updates[-1]["update_id"] + 1

    async def _take_all(self, updates: Iterable[dict[str, Any]]) -> None:
        """A batch: one chat in order, chats side by side. Fails as a whole when the database is away."""
        chats: dict[int, list[dict[str, Any]]] = defaultdict(list)
        for update in updates:
            chats[_chat_of(update)].append(update)
        await side_by_side(chats.values(), self.take)

    async def take(self, raw: dict[str, Any]) -> None:
        """Handle one update whole, after those of the same chat that came before it."""
        chat = _chat_of(raw)
        lock = self._lines[chat]
        async with lock:
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")  # aiogram warns of update kinds that are newer than it.
                    update = Update.model_validate(raw, context={"bot": self.bot})
                    await self.dispatcher.feed_update(self.bot, update)
            except ValidationError:
                await self.intake.set_aside(
                    FACTS.name, self.account, str(raw["update_id"]), json.dumps(raw).encode(), "not understood"
                )
        if not lock.locked() and not getattr(lock, "_waiters", None):
            self._lines.pop(chat, None)

    # Handlers

    async def _on_message(self, message: Message, event_update: Update) -> None:
        edited = event_update.edited_message is not None
        kind, text, files, facts = contents_of(message)
        user = message.from_user
        outcome = await self.intake.take(
            Heard(
                place=self._place(message.chat.id, user.full_name if user else ""),
                key=str(event_update.update_id),
                number=str(message.message_id),
                said_at=moment(message.edit_date if edited else message.date),
                kind=kind,
                text=text,
                reply_to=str(message.reply_to_message.message_id) if message.reply_to_message else "",
                edits=str(message.message_id) if edited else "",
                files=files,
                facts=facts | {"profile_language": (user.language_code or "")[:2] if user else ""},
            )
        )
        if outcome.answer_waits:
            self._errand(self.bot.send_chat_action(message.chat.id, ChatAction.TYPING))

    async def _on_press(self, query: CallbackQuery, event_update: Update) -> None:
        if query.message is None or query.message.chat.type != "private":
            return
        outcome = await self.intake.take(
            Heard(
                place=self._place(query.message.chat.id, query.from_user.full_name),
                key=str(event_update.update_id),
                said_at=clock.now(),
                kind="press",
                choice=query.data or "",
                reply_to=str(query.message.message_id),
            )
        )
        # The button stops spinning once it has been answered; what cannot be answered any more does no harm.
        self._errand(query.answer(outcome.popup[:200] if outcome.popup else None))

    async def _on_membership(self, change: ChatMemberUpdated, event_update: Update) -> None:
        if change.chat.type != "private":
            if change.new_chat_member.status in ("member", "administrator"):
                self._errand(self._leave(change.chat.id, change.from_user.language_code or ""))
            return
        kind = "blocked" if change.new_chat_member.status == "kicked" else "unblocked"
        await self.intake.take(
            Heard(
                place=self._place(change.chat.id, change.from_user.full_name),
                key=str(event_update.update_id),
                said_at=moment(change.date),
                kind=kind,
            )
        )

    async def _on_group(self, message: Message) -> None:
        """A group's words are not for us, and are not kept."""

    async def _leave(self, chat: int, language: str) -> None:
        await self.bot.send_message(chat, say(language[:2] if language[:2] in LANGUAGES else "uk", "group.leaving"))
        await self.bot.leave_chat(chat)

    def _place(self, chat: int, name: str) -> Place:
        return Place(FACTS.name, str(chat), self.account, name)

    def _errand(self, doing: Any) -> None:
        """Do something small on the wire that nobody waits for and that may fail."""

        async def run() -> None:
            try:
                await doing
            except (TelegramAPIError, TimeoutError, OSError) as error:
                log.info("telegram.errand_failed", error=type(error).__name__)

        task = asyncio.create_task(run())
        self._errands.add(task)
        task.add_done_callback(self._errands.discard)

    # Setting up

    async def run(self, database: Database, holder: str) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(self._set_up_patiently(database))
            if self.secret:
                group.create_task(self._mind_webhook(database))
            else:
                group.create_task(self.poll_alone(database, holder))

    async def _set_up_patiently(self, database: Database) -> None:
        """Set up, however long Telegram takes to be reachable."""
        pause = 2.0
        while True:
            try:
                invites = await profile.set_up(self.bot, self.public_url, self.secret)
                async with database.transaction() as session:
                    await conditions.introduced(session, FACTS.name, self.account, clock.now(), invites)
                return
            except (TelegramAPIError, DatabaseAway, TimeoutError, OSError) as error:
                log.warning("telegram.set_up_failed", error=type(error).__name__)
                await asyncio.sleep(pause)
                pause = min(pause * 2, 300.0)

    async def _mind_webhook(self, database: Database) -> None:
        """Ask Telegram now and then how much it holds back and what went wrong, so that staff see it."""
        while True:
            await asyncio.sleep(MIND_EVERY)
            try:
                told = await self.bot.get_webhook_info()
                async with database.transaction() as session:
                    await conditions.reported(
                        session,
                        FACTS.name,
                        self.account,
                        clock.now(),
                        pending=told.pending_update_count,
                        complaint=told.last_error_message or "",
                        complained_at=moment(told.last_error_date) if told.last_error_date else None,
                    )
            except (TelegramAPIError, DatabaseAway, TimeoutError, OSError) as error:
                log.warning("telegram.webhook_unknown", error=type(error).__name__)

    async def poll_alone(self, database: Database, holder: str) -> None:
        """Poll while this process holds the lease: two pollers would only chase each other away."""
        name = f"polling:{FACTS.name}:{self.account}"
        polling: asyncio.Task[None] | None = None
        try:
            while True:
                try:
                    async with database.transaction() as session:
                        held = await leases.hold(session, name, holder, clock.now())
                except DatabaseAway:
                    held = "kept" if polling else ""
                if held and polling is None:
                    polling = asyncio.create_task(self.poll())
                elif not held and polling is not None:
                    polling.cancel()
                    polling = None
                await asyncio.sleep(3)
        finally:
            if polling is not None:
                polling.cancel()

    async def close(self) -> None:
        for task in self._errands:
            task.cancel()
        await self.bot.session.close()


class _RawUpdates(TelegramMethod[list[dict[str, Any]]]):
    """getUpdates whose updates stay raw: one that aiogram cannot read must not spoil the ninety-nine beside it."""

    __returning__ = list[dict[str, Any]]
    __api_method__ = "getUpdates"

    offset: int | None = None
    limit: int = 100
    timeout: int = LONG_POLL
    allowed_updates: list[str] = UPDATES


def _chat_of(raw: dict[str, Any]) -> int:
    """Whose line an update stands in; odd ones stand in a line of their own."""
    for kind in ("message", "edited_message", "my_chat_member"):
        inner = raw.get(kind)
        if isinstance(inner, dict) and isinstance(inner.get("chat"), dict):
            number = inner["chat"].get("id")
            return number if isinstance(number, int) else 0
    query = raw.get("callback_query")
    if isinstance(query, dict) and isinstance(query.get("from"), dict):
        number = query["from"].get("id")
        return number if isinstance(number, int) else 0
    return 0


def moment(date: datetime | int | None) -> datetime:
    """Telegram's unix seconds, or what aiogram made of them, in UTC; nonsense becomes now."""
    try:
        if isinstance(date, int):
            return datetime.fromtimestamp(date, UTC)
        return date.astimezone(UTC) if date else clock.now()
    except (OverflowError, OSError, ValueError):
        return clock.now()


def contents_of(message: Message) -> tuple[str, str, tuple[FileHeard, ...], dict[str, Any]]:
    """What a message holds: its kind, its words, its files, and what else staff should know."""
    facts: dict[str, Any] = {}
    if message.forward_origin is not None:
        facts["forwarded"] = True
    text = message.text or message.caption or ""
    if message.text is not None:
        return "text", text, (), facts
    if message.photo:
        # Telegram sends several sizes; people photograph letters, so the largest is the only one that can be read.
        largest = max(message.photo, key=lambda size: (size.width * size.height, size.file_size or 0))
        return "photo", text, (_file("photo", largest, mime="image/jpeg"),), facts
    for kind in ("animation", "video", "video_note", "voice", "audio", "document", "sticker"):
        media = getattr(message, kind, None)
        if media is not None:
            if kind == "sticker":
                return "sticker", media.emoji or "", (), facts
            return kind, text, (_file(kind, media),), facts
    if message.venue is not None:
        venue = message.venue
        facts |= {"latitude": venue.location.latitude, "longitude": venue.location.longitude}
        return "location", f"{venue.title}, {venue.address}", (), facts
    if message.location is not None:
        facts |= {"latitude": message.location.latitude, "longitude": message.location.longitude}
        return "location", f"{message.location.latitude:.5f}, {message.location.longitude:.5f}", (), facts
    if message.contact is not None:
        contact = message.contact
        name = " ".join(part for part in (contact.first_name, contact.last_name) if part)
        return "contact", f"{name} {contact.phone_number}".strip(), (), facts
    if message.poll is not None:
        options = "\n".join(f"– {option.text}" for option in message.poll.options)
        return "poll", f"{message.poll.question}\n{options}", (), facts
    return "unknown", text, (), facts | {"content": str(message.content_type)}


def _file(kind: str, media: Any, mime: str = "") -> FileHeard:
    return FileHeard(
        kind={"animation": "video", "video_note": "video"}.get(kind, kind),
        remote=media.file_id,
        name=(getattr(media, "file_name", None) or "")[:200],
        mime=(getattr(media, "mime_type", None) or mime)[:100],
        size=getattr(media, "file_size", None) or 0,
        seconds=getattr(media, "duration", None) or 0,
    )
