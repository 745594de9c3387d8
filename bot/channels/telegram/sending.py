"""Telegram's mouth: python-telegram-bot brings messages, under a pace of our own and exactly the waits it is told."""

import asyncio
import os
import re
from collections import defaultdict, deque
from collections.abc import Callable, Coroutine, Mapping
from datetime import timedelta
from typing import Any

import httpx

# Asked for early: from a later release on, waits are timedeltas always.
os.environ.setdefault("PTB_TIMEDELTA", "true")

from telegram import InlineKeyboardButton, InlineKeyboardMarkup, LinkPreviewOptions, Message
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Conflict,
    Forbidden,
    InvalidToken,
    NetworkError,
    RetryAfter,
    TelegramError,
    TimedOut,
)
from telegram.ext import BaseRateLimiter, ExtBot
from telegram.request import HTTPXRequest

from bot.channels import Moved, Outgoing, Refused, TooBig, TryLater, Unreachable, Unsure
from bot.channels.telegram import FACTS, MEGABYTE
from desk import clock
from desk.attachments import Attachment
from desk.channels import Facts

EVERYONE_PER_SECOND = 25.0
# Slots that may be made up for: waiting for the database must not cost a slot.
MADE_UP_FOR = 4
# Telegram counts 30 where they arrive. Between us lies a network that can hold ten back and let them go together.
MOST_IN_A_SECOND = 28
GROUP_PER_MINUTE = 18
# A row is as wide as a phone; more than this many letters make the labels break.
ROW_LETTERS = 26
PICTURES = ("image/jpeg", "image/png")
MOST_OF_A_PICTURE = 10 * MEGABYTE
# What Telegram says of a picture that it cannot show: too long, too wide, broken.
NO_PICTURE = re.compile("photo_|image_", re.IGNORECASE)


class Pace(BaseRateLimiter[int]):
    """25 messages a second to everybody, never 30 in one second, and silence for as long as Telegram asks for it.

    python-telegram-bot's own limiter lets 59 messages go in the first second and ends a halt early when another
    request finishes; here the halt is a deadline. Pauses for one chat are kept by the delivery, before it claims.
    """

    def __init__(self, per_second: float = EVERYONE_PER_SECOND) -> None:
        self.gap = 1 / per_second
        self.next_slot = 0.0
        self.halted_until = 0.0
        self.on_trial = False  # After a halt one message goes alone, to see whether Telegram takes it.
        self.flying = 0
        self.ended: deque[float] = deque()  # When the requests of the last second were answered.
        self.groups: dict[int, deque[float]] = defaultdict(deque)

    async def initialize(self) -> None: ...

    async def shutdown(self) -> None: ...

    async def calm(self) -> None:
        """Return when one more request may start at once."""
        while (wait := self._until_free(clock.ticks())) > 0:
            await asyncio.sleep(wait)

    def _until_free(self, now: float) -> float:
        """Seconds until one more may start. A message arrives between its start and its answer: both are counted."""
        while self.ended and self.ended[0] <= now - 1:
            self.ended.popleft()
        crowded = self.flying + len(self.ended) >= MOST_IN_A_SECOND
        room = self.ended[0] + 1 if crowded and self.ended else now
        if crowded or (self.on_trial and self.flying):
            room = max(room, now + self.gap)
        return max(self.next_slot, self.halted_until, room) - now

    async def process_request(
        self,
        callback: Callable[..., Coroutine[Any, Any, bool | dict[str, Any] | list[dict[str, Any]]]],
        args: Any,
        kwargs: dict[str, Any],
        endpoint: str,
        data: dict[str, Any],
        rate_limit_args: int | None,
    ) -> bool | dict[str, Any] | list[dict[str, Any]]:
        if "chat_id" in data and endpoint != "deleteMessage":
            await self._wait_for_slot(data["chat_id"])
        self.flying += 1
        try:
            answer = await callback(*args, **kwargs)
            self.on_trial = False
            return answer
        except RetryAfter as flood:
            self.halted_until = max(self.halted_until, clock.ticks() + seconds_of(flood) + 0.1)
            self.on_trial = True
            raise
        finally:
            self.flying -= 1
            self.ended.append(clock.ticks())

    async def _wait_for_slot(self, chat: int | str) -> None:
        while True:
            now = clock.ticks()
            wait = max(self._until_free(now), self._group_slot(chat, now) - now)
            if wait <= 0:
                break
            await asyncio.sleep(wait)
        self.next_slot = max(self.next_slot, now - MADE_UP_FOR * self.gap) + self.gap
        if isinstance(chat, int) and chat < 0:
            self.groups[chat].append(now)

    def _group_slot(self, chat: int | str, now: float) -> float:
        if not isinstance(chat, int) or chat >= 0:
            return 0.0
        sent = self.groups[chat]
        while sent and sent[0] <= now - 60:
            sent.popleft()
        return sent[0] + 60 if len(sent) >= GROUP_PER_MINUTE else 0.0


def seconds_of(flood: RetryAfter) -> float:
    wait: Any = flood.retry_after
    return wait.total_seconds() if isinstance(wait, timedelta) else float(wait)


class TelegramSender:
    """The sending half of the channel's promise; also fetches files."""

    gap = 1.05  # Telegram wants about one message a second in one chat.

    def __init__(
        self, token: str, api_url: str, *, account: str = "", timeout: float = 15.0, facts: Facts = FACTS
    ) -> None:
        self.account, self.facts = account, facts
        self.pace = Pace()
        root = api_url.rstrip("/")
        request = HTTPXRequest(
            connection_pool_size=32,
            read_timeout=timeout,
            write_timeout=timeout,
            media_write_timeout=4 * timeout,
            connect_timeout=5.0,
            pool_timeout=5.0,
        )
        self.bot: ExtBot[int] = ExtBot(
            token,
            base_url=f"{root}/bot",
            base_file_url=f"{root}/file/bot",
            request=request,
            get_updates_request=request,
            rate_limiter=self.pace,
            # Only a server of the centre's own hands over more; its files lie on a disk that we share.
            local_mode=facts.files_up_to > FACTS.files_up_to,
        )

    async def ready(self) -> None:
        await self.pace.calm()

    async def send(self, external: str, outgoing: Outgoing) -> str:
        try:
            if outgoing.kind == "erase":
                await self.bot.delete_message(int(external), int(outgoing.extra["erase"]))
                return ""
            if outgoing.file is not None:
                return str((await self._send_file(int(external), outgoing.file)).message_id)
            sent = await self.bot.send_message(
                int(external),
                outgoing.text,
                reply_markup=keyboard(outgoing.choices, outgoing.extra.get("link")),
                link_preview_options=LinkPreviewOptions(is_disabled=True),
            )
        except TelegramError as error:
            raise outcome_of(error) from error
        return str(sent.message_id)

    async def _send_file(self, chat: int, file: Attachment) -> Message:
        """A picture to be seen at once, where Telegram makes one of it; everything else to be opened."""
        if file.mime in PICTURES and len(file.content) <= MOST_OF_A_PICTURE:
            try:
                return await self.bot.send_photo(chat, file.content, filename=file.name)
            except BadRequest as error:
                if not NO_PICTURE.search(error.message):
                    raise
        return await self.bot.send_document(chat, file.content, filename=file.name)

    async def fetch(self, remote: str) -> bytes:
        try:
            file = await self.bot.get_file(remote)
            if (file.file_size or 0) > self.facts.files_up_to:
                raise TooBig(self.facts.files_up_to)
            return bytes(await file.download_as_bytearray())
        except BadRequest as error:
            if "too big" in error.message.lower():
                raise TooBig(self.facts.files_up_to) from error
            raise Refused(error.message) from error
        except TelegramError as error:
            outcome = outcome_of(error)
            # Asking for a file twice harms nobody.
            raise TryLater(30, "no answer") if isinstance(outcome, Unsure) else outcome from error

    async def close(self) -> None:
        await self.bot.shutdown()


def keyboard(
    choices: tuple[tuple[str, str], ...], link: Mapping[str, str] | None = None
) -> InlineKeyboardMarkup | None:
    """Buttons in rows: two where both are short, and never a label cut; what opens a page stands above them."""
    rows = [[InlineKeyboardButton(link["label"], url=link["url"])]] if link else []
    if not choices:
        return InlineKeyboardMarkup(rows) if rows else None
    letters = ROW_LETTERS
    for data, label in choices:
        if rows and len(rows[-1]) < 3 and letters + len(label) <= ROW_LETTERS:
            rows[-1].append(InlineKeyboardButton(label, callback_data=data))
            letters += len(label) + 2
        else:
            rows.append([InlineKeyboardButton(label, callback_data=data)])
            letters = len(label) + 2
    return InlineKeyboardMarkup(rows)


def outcome_of(error: TelegramError) -> Exception:
    """What an error of python-telegram-bot means for the delivery.

    BadRequest and TimedOut are kinds of NetworkError there, so the order matters. Only a connection that was never
    made is surely not a message; a time-out or a broken answer may hide one that arrived.
    """
    match error:
        case RetryAfter():
            return TryLater(seconds_of(error) + 0.1, "slow down", everyone=True)
        case ChatMigrated():
            return Moved(str(error.new_chat_id))
        case Forbidden():
            text = error.message.lower()
            return Unreachable("deactivated" if "deactivated" in text else "blocked")
        case BadRequest():
            text = error.message.lower()
            if "chat not found" in text or "user not found" in text or "peer_id_invalid" in text:
                return Unreachable("unknown")
            return Refused(error.message)
        case InvalidToken() | Conflict():
            return TryLater(60, "token refused", everyone=True)
        case TimedOut() | NetworkError():
            if never_left(error):
                return TryLater(3, "not connected", everyone=True)
            if _is_server_trouble(error):
                return TryLater(5, "server trouble")
            return Unsure()
        case _:
            return Unsure()


def never_left(error: BaseException) -> bool:
    cause = error.__cause__
    return isinstance(cause, (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout))


def _is_server_trouble(error: TelegramError) -> bool:
    """An answer in which the server itself says that it failed (5xx), as against no answer at all."""
    return not isinstance(error, TimedOut) and (error.__cause__ is None or isinstance(error.__cause__, TelegramError))
