"""A town for every story, on a Tuesday morning unless the story says otherwise."""

from collections.abc import AsyncIterator
from datetime import datetime

import pytest

from desk.database import Database
from tests.model_server import ModelServer
from tests.town import WARSAW, Town, hash_quickly


@pytest.fixture(autouse=True)
def _quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    hash_quickly(monkeypatch)


@pytest.fixture
async def town(database: Database) -> AsyncIterator[Town]:
    town = Town(database)
    await town.opens_its_doors(datetime(2026, 12, 1, 9, 0, tzinfo=WARSAW))
    yield town
    await town.closes_its_doors()


@pytest.fixture
async def server() -> AsyncIterator[ModelServer]:
    async with ModelServer() as server:
        yield server
