"""Whom an installation talks to: Telegram, the translator, models of the centre's own."""

from collections.abc import AsyncIterator, Iterator
from datetime import datetime, timedelta
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

import httpx

from commands.doctor.findings import Finding, error, look, ok
from desk import clock
from desk.settings import Settings
from desk.texts import LANGUAGES

PENDING = 100  # Updates that Telegram may hold back before somebody should look.
RECENT = timedelta(hours=1)
STAFF_LANGUAGE = "pl"


async def telegram(settings: Settings, web: httpx.AsyncClient) -> AsyncIterator[Finding]:
    token = settings.telegram_token.get_secret_value()
    if not token:
        yield ok("Telegram is not used: PORUCH_TELEGRAM_TOKEN is empty.")
        return
    root = f"{settings.telegram_api_url.rstrip('/')}/bot{token}"
    status, me = await _asked(web, f"{root}/getMe")
    if not isinstance(me, dict) or not isinstance(me.get("result"), dict):
        if status in (401, 404):
            yield error("Telegram does not know the token.", "copy it from @BotFather into PORUCH_TELEGRAM_TOKEN.")
        else:
            yield error(
                f"Telegram does not answer as it should: {_said(status)}.",
                "check this machine's way to PORUCH_TELEGRAM_API_URL; messages wait until it is back.",
            )
        return
    yield ok(f"Telegram knows the bot: @{me['result'].get('username', '?')}.")
    if settings.telegram_webhook_secret.get_secret_value():
        status, info = await _asked(web, f"{root}/getWebhookInfo")
        if not isinstance(info, dict) or not isinstance(info.get("result"), dict):
            yield error(f"Telegram does not tell about the webhook: {_said(status)}.", "try again in a minute.")
            return
        for finding in webhook(settings, info["result"]):
            yield finding


def webhook(settings: Settings, info: dict[str, Any]) -> Iterator[Finding]:
    wanted = f"{settings.public_url.rstrip('/')}/webhooks/telegram"
    if info.get("url") != wanted:
        yield error(
            "Telegram calls another address than ours." if info.get("url") else "No webhook is set at Telegram.",
            f"start `poruch run`, which sets it to {wanted}",
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


async def translator(settings: Settings, web: httpx.AsyncClient) -> Finding:
    if settings.translator == "none":
        return ok("No translator is used: PORUCH_TRANSLATOR is none.")
    if settings.translator != "libretranslate":
        return look(
            f"The translator {settings.translator} is outside: people's words leave the centre.",
            "keep it only if the centre has decided so; libretranslate runs on a machine of its own.",
        )
    status, told = await _asked(web, f"{settings.translator_url.rstrip('/')}/languages")
    if not isinstance(told, list):
        return error(
            f"The translator does not answer as it should: {_said(status)}.",
            "check PORUCH_TRANSLATOR_URL and that LibreTranslate runs; staff read originals meanwhile.",
        )
    pairs = {
        (one.get("code"), target)
        for one in told
        if isinstance(one, dict)
        for target in one.get("targets") or [STAFF_LANGUAGE, *LANGUAGES]
    }
    others = [language for language in LANGUAGES if language != STAFF_LANGUAGE]
    missing = [f"{one} to {other}" for one, other in (*_both_ways(others),) if (one, other) not in pairs]
    if missing:
        return look(f"The translator cannot do: {', '.join(missing)}.", "load these models into LibreTranslate.")
    return ok("The translator answers and knows our languages.")


async def model_of(what: str, url: str, key: str, model: str, web: httpx.AsyncClient) -> list[Finding]:
    """A model of the centre's own: whether it is near, answers, and knows the name that is set."""
    if not url:
        return [ok(f"No {what} is used.")]
    found = []
    if not is_near(urlsplit(url).hostname or ""):
        found.append(
            look(
                f"The {what} is not on a private address: people's words leave the centre.",
                "keep it only if the centre has decided so and has an agreement with whoever runs it.",
            )
        )
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    status, told = await _asked(web, f"{url.rstrip('/')}/models", headers)
    if not isinstance(told, dict) or not isinstance(told.get("data"), list):
        return [
            *found,
            error(
                f"The {what} does not answer as it should: {_said(status)}.",
                "check its address, its key and that it runs; Poruch works without it meanwhile.",
            ),
        ]
    if model not in {one.get("id") for one in told["data"] if isinstance(one, dict)}:
        return [*found, look(f"The {what} does not list a model {model!r}.", "compare the name with what it has.")]
    return [*found, ok(f"The {what} answers.")]


def is_near(host: str) -> bool:
    """This machine, a private address, or a name without a dot, as containers have."""
    try:
        return ip_address(host).is_private
    except ValueError:
        return "." not in host or host.endswith((".local", ".internal", ".lan"))


def _both_ways(others: list[str]) -> Iterator[tuple[str, str]]:
    for other in others:
        yield other, STAFF_LANGUAGE
        yield STAFF_LANGUAGE, other


async def _asked(web: httpx.AsyncClient, url: str, headers: dict[str, str] | None = None) -> tuple[int, Any]:
    """Status and JSON of an answer; 0 when there was none. No error is passed on: its text holds the address."""
    try:
        answer = await web.get(url, headers=headers)
        return answer.status_code, answer.json()
    except (httpx.HTTPError, httpx.InvalidURL):
        return 0, None
    except ValueError:
        return answer.status_code, None


def _said(status: int) -> str:
    return f"it says {status}" if status else "no answer within 5 seconds"
