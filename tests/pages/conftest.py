"""Pages are visited in the town, on a Monday morning."""

import functools
from collections.abc import AsyncIterator
from datetime import datetime

import pytest
from argon2 import PasswordHasher

from desk import clock, library, staff
from desk.database import Database
from tests.town import WARSAW, Town

MONDAY = datetime(2027, 3, 1, 9, 0, tzinfo=WARSAW)


_read_once = functools.cache(library.read_yaml)


@pytest.fixture(autouse=True)
def _quick_town(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same hashing with little work, since everyone here signs in; and the files of the content read once."""
    monkeypatch.setattr(staff, "_hasher", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    monkeypatch.setattr(library, "read_yaml", _read_once)


@pytest.fixture
async def town(database: Database) -> AsyncIterator[Town]:
    clock.stand_at(MONDAY)
    town = Town(database)
    yield town
    await town.closes_its_doors()
