"""Pages are visited in the town, on a Monday morning."""

from collections.abc import AsyncIterator
from datetime import datetime

import pytest
from argon2 import PasswordHasher

from desk import clock, staff
from desk.database import Database
from tests.town import WARSAW, Town

MONDAY = datetime(2027, 3, 1, 9, 0, tzinfo=WARSAW)


@pytest.fixture(autouse=True)
def _quick_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same hashing with little work, since everyone here signs in."""
    monkeypatch.setattr(staff, "_hasher", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


@pytest.fixture
async def town(database: Database) -> AsyncIterator[Town]:
    clock.stand_at(MONDAY)
    town = Town(database)
    yield town
    await town.closes_its_doors()
