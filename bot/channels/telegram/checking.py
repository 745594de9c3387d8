"""What `poruch doctor` says of Telegram."""

from collections.abc import AsyncIterator, Iterator
from datetime import datetime, timedelta
from typing import Any

import httpx

from bot.channels.telegram import COMMANDS, UPDATES
from bot.findings import Finding, error, look, ok
from bot.probing import asked, said
from desk import clock
from desk.settings import Settings
from desk.texts import LANGUAGES, say

PENDING = 100  # Updates that Telegram may hold back before somebody should look.
RECENT = timedelta(hours=1)
PATIENCE = 5.0  # Seconds for one answer.


async def examine(settings: Settings, *, fix: bool) -> AsyncIterator[Finding]:
    token = settings.telegram_token.get_secret_value()
    if not token:
        yield ok("Telegram is not used: PORUCH_TELEGRAM_TOKEN is empty.")
        return
    if settings.telegram_webhook_secret.get_secret_value() and not settings.public_url.startswith("https://"):
        yield error(
            "A webhook secret is set, but Telegram calls only an https:// address.",
            "set PORUCH_PUBLIC_URL to the address of this installation, or empty PORUCH_TELEGRAM_WEBHOOK_SECRET.",
        )
    root = f"{settings.telegram_api_url.rstrip('/')}/bot{token}"
    async with httpx.AsyncClient(timeout=PATIENCE) as web:
        status, me = await asked(web, f"{root}/getMe")
        if not isinstance(me, dict) or not isinstance(me.get("result"), dict):
            if status in (401, 404):
                yield error("Telegram does not know the token.", "copy it from @BotFather into PORUCH_TELEGRAM_TOKEN.")
            else:
                yield error(
                    f"Telegram does not answer as it should: {said(status)}.",
                    "check this machine's way to PORUCH_TELEGRAM_API_URL; messages wait until it is back.",
                )
            return
        yield ok(f"Telegram knows the bot: @{me['result'].get('username', '?')}.")
        if fix:
            yield await _set_up(settings)
        status, info = await asked(web, f"{root}/getWebhookInfo")
        if not isinstance(info, dict) or not isinstance(info.get("result"), dict):
            yield error(f"Telegram does not tell about the webhook: {said(status)}.", "try again in a minute.")
            return
        for finding in webhook(settings, info["result"]):
            yield finding
        yield await _shown(web, root)


async def _shown(web: httpx.AsyncClient, root: str) -> Finding:
    """Whether menu and descriptions are ours, in every language."""
    other = []
    for language in ("", *LANGUAGES):
        spoken, query = language or "uk", f"?language_code={language}" if language else ""
        commands = [{"command": name, "description": say(spoken, f"command.{name}")} for name in COMMANDS]
        for method, wanted in (
            ("getMyCommands", commands),
            ("getMyDescription", {"description": say(spoken, "bot.about")}),
            ("getMyShortDescription", {"short_description": say(spoken, "bot.short")}),
        ):
            _, told = await asked(web, f"{root}/{method}{query}")
            if not isinstance(told, dict) or told.get("result") != wanted:
                other.append(language or "default")
    if other:
        return look(
            f"Telegram shows other commands or descriptions than ours: {', '.join(dict.fromkeys(other))}.",
            "run `poruch doctor --fix` or start `poruch run`; both set them.",
        )
    return ok("Telegram shows our commands and descriptions in every language.")


async def _set_up(settings: Settings) -> Finding:
    # Here, since aiogram takes seconds to load, and only this needs it.
    from aiogram import Bot
    from aiogram.client.session.aiohttp import AiohttpSession
    from aiogram.client.telegram import TelegramAPIServer
    from aiogram.exceptions import TelegramAPIError

    from bot.channels.telegram.profile import set_up

    server = TelegramAPIServer.from_base(settings.telegram_api_url.rstrip("/"))
    async with Bot(settings.telegram_token.get_secret_value(), session=AiohttpSession(api=server)) as bot:
        try:
            await set_up(bot, settings.public_url, settings.telegram_webhook_secret.get_secret_value())
        except (TelegramAPIError, TimeoutError, OSError) as failed:
            return error(f"Telegram could not be set up: {type(failed).__name__}.", "try again in a minute.")
    return ok("Telegram knows our address, commands and description.")


def webhook(settings: Settings, info: dict[str, Any]) -> Iterator[Finding]:
    wanted = f"{settings.public_url.rstrip('/')}/webhooks/telegram"
    if not settings.telegram_webhook_secret.get_secret_value():
        if info.get("url"):
            yield error(
                "Telegram calls an address, so nobody can poll: no message reaches us.",
                "run `poruch doctor --fix` or start `poruch run`, which take the webhook away; or set "
                "PORUCH_TELEGRAM_WEBHOOK_SECRET, if it should be used.",
            )
        return
    if info.get("url") != wanted:
        yield error(
            "Telegram calls another address than ours." if info.get("url") else "No webhook is set at Telegram.",
            f"run `poruch doctor --fix` or start `poruch run`; both set it to {wanted}",
        )
    elif set(info.get("allowed_updates") or UPDATES) != set(UPDATES):
        yield error(
            "The webhook leads here, but Telegram does not bring what we need, or more.",
            "run `poruch doctor --fix` or start `poruch run`; both ask for the right kinds.",
        )
    else:
        yield ok("The webhook leads here.")
    pending = info.get("pending_update_count") or 0
    if pending > PENDING:
        yield look(
            f"Telegram holds back {pending} updates that we have not taken.",
            "see whether `poruch run` works and can be reached from outside.",
        )
    failed = datetime.fromtimestamp(info.get("last_error_date") or 0, tz=settings.zone)
    if clock.now() - failed < RECENT:
        yield look(
            f"Telegram's last failed call was at {failed:%H:%M}: {info.get('last_error_message') or 'no reason told'}",
            "open PORUCH_PUBLIC_URL/health/ready from outside; check the certificate and the proxy.",
        )
