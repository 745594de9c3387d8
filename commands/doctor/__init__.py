"""poruch doctor: looks at everything an installation stands on, and says of each finding what to do next."""

from collections.abc import AsyncIterator

import httpx

from bot.channels.recipes import RECIPES
from bot.findings import Finding
from commands.doctor import machine, outside, stored
from desk.settings import Settings

PATIENCE = 5.0  # Seconds for one answer from outside.


async def examine(settings: Settings, *, fix: bool = False) -> int:
    """Print the findings as they are made; 1 when one of them is an error. `fix`: set right what can be."""
    wrong = False
    async for finding in _findings(settings, fix=fix):
        print(finding, flush=True)
        wrong |= finding.mark == "error"
    return int(wrong)


async def _findings(settings: Settings, *, fix: bool) -> AsyncIterator[Finding]:
    for finding in (*machine.settings_read(settings), *machine.data_dir(settings), *machine.key(settings)):
        yield finding
    async for finding in stored.database_of(settings):
        yield finding
    for recipe in RECIPES:
        async for finding in recipe.examine(settings, fix=fix):
            yield finding
    async with httpx.AsyncClient(timeout=PATIENCE) as web:
        yield await outside.translator(settings, web)
        for what, url, key, model in (
            ("second opinion", settings.opinion_url, settings.opinion_key, settings.opinion_model),
            ("transcriber", settings.transcriber_url, settings.transcriber_key, settings.transcriber_model),
        ):
            for finding in await outside.model_of(what, url, key.get_secret_value(), model, web):
                yield finding
