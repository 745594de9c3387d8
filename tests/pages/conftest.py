"""Pages are visited in the town, on a Monday morning."""

from collections.abc import AsyncIterator
from datetime import datetime

import pytest

from desk import clock
from desk.database import Database
from tests.town import WARSAW, Town

MONDAY = datetime(2027, 3, 1, 9, 0, tzinfo=WARSAW)


@pytest.fixture
async def town(database: Database) -> AsyncIterator[Town]:
    clock.stand_at(MONDAY)
    town = Town(database)
    yield town
    await town.closes_its_doors()
