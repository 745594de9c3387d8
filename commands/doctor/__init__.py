"""poruch doctor: looks at everything an installation stands on, and says of each finding what to do next."""

from collections.abc import AsyncIterator

import httpx

from commands.doctor import machine, outside, stored
from commands.doctor.findings import Finding
from desk.settings import Settings

PATIENCE = 5.0  # Seconds for one answer from outside.


async def examine(settings: Settings) -> int:
    """Print the findings as they are made; 1 when one of them is an error."""
    wrong = False
    async for finding in _findings(settings):
        print(finding, flush=True)
        wrong |= finding.mark == "error"
    return int(wrong)


async def _findings(settings: Settings) -> AsyncIterator[Finding]:
    for finding in (*machine.settings_read(settings), *machine.data_dir(settings), *machine.key(settings)):
        yield finding
    async for finding in stored.database_of(settings):
        yield finding
    async with httpx.AsyncClient(timeout=PATIENCE) as web:
        async for finding in outside.telegram(settings, web):
            yield finding
        yield await outside.translator(settings, web)
        for what, url, key, model in (
            ("second opinion", settings.opinion_url, settings.opinion_key, settings.opinion_model),
            ("transcriber", settings.transcriber_url, settings.transcriber_key, settings.transcriber_model),
        ):
            for finding in await outside.model_of(what, url, key.get_secret_value(), model, web):
                yield finding
