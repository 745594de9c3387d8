"""Whom an installation talks to besides its channels: the translator, models of the centre's own."""

from collections.abc import Iterator
from ipaddress import ip_address
from urllib.parse import urlsplit

import httpx

from bot.findings import Finding, error, look, ok
from bot.probing import asked, said
from desk.settings import Settings
from desk.texts import LANGUAGES

STAFF_LANGUAGE = "pl"


async def translator(settings: Settings, web: httpx.AsyncClient) -> Finding:
    if settings.translator == "none":
        return ok("No translator is used: PORUCH_TRANSLATOR is none.")
    if settings.translator != "libretranslate":
        return look(
            f"The translator {settings.translator} is outside: people's words leave the centre.",
            "keep it only if the centre has decided so; libretranslate runs on a machine of its own.",
        )
    status, told = await asked(web, f"{settings.translator_url.rstrip('/')}/languages")
    if not isinstance(told, list):
        return error(
            f"The translator does not answer as it should: {said(status)}.",
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
    status, told = await asked(web, f"{url.rstrip('/')}/models", headers)
    if not isinstance(told, dict) or not isinstance(told.get("data"), list):
        return [
            *found,
            error(
                f"The {what} does not answer as it should: {said(status)}.",
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
