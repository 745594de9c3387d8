"""A real Poruch and a real Bot API server for every fault, on both databases."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from tests.faults.house import TOKEN, House
from tests.telegram_api import TelegramApi


@pytest.fixture
async def telegram() -> AsyncIterator[TelegramApi]:
    async with TelegramApi(TOKEN, webhook_backoff=0.2, webhook_gap=0, hasty_wait=0.05) as api:
        yield api


@pytest.fixture
async def make_house(database_url: str, tmp_path: Path, telegram: TelegramApi) -> AsyncIterator[Callable[..., House]]:
    houses: list[House] = []

    def make(*, webhook: bool = True, **more: object) -> House:
        house = House(
            database_url.replace("+aiosqlite", "").replace("+asyncpg", ""),
            tmp_path / "data",
            telegram.url,
            secret="a-secret" if webhook else "",
            **more,  # type: ignore[arg-type]
        )
        houses.append(house)
        return house

    yield make
    for house in houses:
        house.stops()


@pytest.fixture(params=["webhook", "polling"])
def webhook(request: pytest.FixtureRequest) -> bool:
    return bool(request.param == "webhook")
