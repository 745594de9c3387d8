"""What the small commands share: the database of the settings, ready for one piece of work."""

import asyncio
import sys
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from desk import schema, sealing
from desk.database import Database, DatabaseAway
from desk.errors import DeskError
from desk.settings import load_settings
from desk.texts import say

T = TypeVar("T")


@asynccontextmanager
async def opened() -> AsyncIterator[Database]:
    settings = load_settings()
    sealing.use_key(settings.key())
    database = Database(settings.database)
    try:
        if await schema.state_of(database) is schema.State.EMPTY:
            sys.exit("There is no database yet: `poruch run` or `poruch migrate` makes it.")
        yield database
    finally:
        await database.close()


def do(work: Coroutine[Any, Any, T]) -> T:
    """Run one piece of work; a "no" is a sentence and exit code 1."""
    try:
        return asyncio.run(work)
    except DeskError as error:
        sys.exit(say("en", error.key, "staff", **{name: str(fact) for name, fact in error.facts.items()}))
    except DatabaseAway:
        sys.exit("The database cannot be reached. `poruch doctor` tells more.")
