"""Every method of the Bot API that this stand-in knows, and those about updates, chats and files."""

import json
import re
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

from . import files, messages, profile
from .chats import Group
from .query import Query, Refused, bad_request

if TYPE_CHECKING:
    from .api import TelegramApi

SECRET = re.compile(r"[A-Za-z0-9_-]*")
KINDS = frozenset({
    "message", "edited_message", "channel_post", "edited_channel_post", "business_connection", "business_message",
    "edited_business_message", "deleted_business_messages", "message_reaction", "message_reaction_count",
    "inline_query", "chosen_inline_result", "callback_query", "shipping_query", "pre_checkout_query",
    "purchased_paid_media", "poll", "poll_answer", "my_chat_member", "chat_member", "chat_join_request", "chat_boost",
    "removed_chat_boost",
})  # fmt: skip


class Described(NamedTuple):
    """A result with a sentence beside it."""

    result: Any
    description: str


async def get_updates(api: "TelegramApi", query: Query) -> bytes:
    updates = api.updates
    if not updates.webhook:
        updates.allow(_kinds(query))
    limit = query.number("limit", 100, 1, 100)
    return await updates.poll(query.number("offset"), limit, query.number("timeout"))


async def set_webhook(api: "TelegramApi", query: Query) -> Described:
    url = query.text("url")
    if not url:
        return await delete_webhook(api, query)
    now = api.now()
    if now < api.webhook_free_at:
        raise Refused(429, "Too Many Requests: retry after 1", retry_after=1)
    api.webhook_free_at = now + api.webhook_gap
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise bad_request("invalid webhook URL specified")
    secret = query.text("secret_token")
    if len(secret) > 256:
        raise bad_request("secret token is too long")
    if not SECRET.fullmatch(secret):
        raise bad_request("secret token contains unallowed characters")
    most = query.number("max_connections", 40, 1, 100)
    old = api.updates.webhook
    api.updates.allow(_kinds(query))
    if query.flag("drop_pending_updates"):
        api.updates.pending.clear()
    elif old and (old.url, old.secret, old.max_connections) == (url, secret, most):
        return Described(True, "Webhook is already set")
    await api.updates.set_webhook(url, secret, most)
    return Described(True, "Webhook was set")


async def delete_webhook(api: "TelegramApi", query: Query) -> Described:
    was_set = api.updates.webhook is not None
    await api.updates.forget_webhook()
    if query.flag("drop_pending_updates"):
        api.updates.pending.clear()
    return Described(True, "Webhook was deleted" if was_set else "Webhook is already deleted")


def get_webhook_info(api: "TelegramApi", query: Query) -> dict[str, Any]:
    hook = api.updates.webhook
    info: dict[str, Any] = {
        "url": hook.url if hook else "",
        "has_custom_certificate": False,
        "pending_update_count": len(api.updates.pending),
    }
    if hook:
        info |= {"max_connections": hook.max_connections, "ip_address": "127.0.0.1"}
    if hook and hook.last_error_date:
        info |= {"last_error_date": hook.last_error_date, "last_error_message": hook.last_error_message}
    if api.updates.allowed:
        info["allowed_updates"] = api.updates.allowed
    return info


def get_file(api: "TelegramApi", query: Query) -> dict[str, Any]:
    if not query.text("file_id"):
        raise bad_request("file_id not specified")
    file = api.files.by_id.get(query.text("file_id"))
    if file is None:
        raise bad_request("invalid file_id")
    if api.local is not None:
        there = api.local / file.path
        there.parent.mkdir(parents=True, exist_ok=True)
        there.write_bytes(file.read())
        return {**file.shown(), "file_path": str(there)}
    if file.size > files.MOST_FETCHED:
        raise bad_request("file is too big")
    return {**file.shown(), "file_path": file.path}


def get_chat(api: "TelegramApi", query: Query) -> dict[str, Any]:
    chat = api.chat_for(query, write=False)
    gifts = {"unlimited_gifts": False, "limited_gifts": False, "unique_gifts": False, "premium_subscription": False}
    gifts["gifts_from_channels"] = False
    return {**chat.json, "accent_color_id": 0, "max_reaction_count": 11, "accepted_gift_types": gifts}


def leave_chat(api: "TelegramApi", query: Query) -> bool:
    chat = api.chat_for(query)
    if not isinstance(chat, Group):
        raise bad_request("chat member status can't be changed in private chats")
    chat.bot.is_member = False
    return True


def _kinds(query: Query) -> list[str] | None:
    """What cannot be read, Telegram passes over; kinds it does not know too."""
    raw = query.text("allowed_updates")
    if not raw:
        return None
    try:
        kinds = json.loads(raw)
    except ValueError:
        return None
    return [kind for kind in kinds if kind in KINDS] if isinstance(kinds, list) else None


Method = Callable[["TelegramApi", Query], Any | Awaitable[Any]]

METHODS: dict[str, Method] = {
    **messages.METHODS,
    **profile.METHODS,
    "getupdates": get_updates,
    "setwebhook": set_webhook,
    "deletewebhook": delete_webhook,
    "getwebhookinfo": get_webhook_info,
    "getfile": get_file,
    "getchat": get_chat,
    "leavechat": leave_chat,
}
