"""Pages are visited in the town, on a Monday morning."""

import functools
from collections.abc import AsyncIterator
from datetime import datetime

import pytest

from desk import clock, library
from desk.database import Database
from tests.town import WARSAW, Town, hash_quickly

MONDAY = datetime(2027, 3, 1, 9, 0, tzinfo=WARSAW)


_read_once = functools.cache(library.read_yaml)


@pytest.fixture(autouse=True)
def _quick_town(monkeypatch: pytest.MonkeyPatch) -> None:
    """Passwords hashed quickly, and the files of the content read once."""
    hash_quickly(monkeypatch)
    monkeypatch.setattr(library, "read_yaml", _read_once)


@pytest.fixture
async def town(database: Database) -> AsyncIterator[Town]:
    clock.stand_at(MONDAY)
    town = Town(database)
    yield town
    await town.closes_its_doors()
