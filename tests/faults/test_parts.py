"""Poruch spread over processes, as the containers spread it: one installation, whoever does which part."""

from pathlib import Path

import pytest

from tests.running import House
from tests.telegram_api import TelegramApi

pytestmark = [pytest.mark.slow, pytest.mark.postgres, pytest.mark.timeout(240)]


async def test_two_web_processes_two_that_deliver_one_that_makes_the_rounds(
    postgres_url: str, tmp_path: Path, telegram: TelegramApi
) -> None:
    """What one process hears another answers; when the one that delivers is killed, the other goes on."""
    url = postgres_url.replace("+asyncpg", "")

    def part(name: str, secret: str = "a-secret") -> House:
        return House(url, tmp_path / name, telegram.url, secret, parts=(name.split("-")[0],))

    houses = {name: part(name) for name in ("web-1", "web-2", "delivery-1", "delivery-2", "rounds")}
    try:
        for house in houses.values():
            await house.start()
        oksana, ihor = telegram.person(1, "Оксана"), telegram.person(2, "Ігор")

        await oksana.writes("Загубила паспорт, що робити з PESEL?")
        assert "1 з" in (await oksana.hears()).text

        # A greeting is answered by the rounds, four quiet seconds later.
        await ihor.writes("доброго дня")
        assert (await ihor.hears()).text

        houses["delivery-1"].dies()  # It started first, so the lease was its own.
        await oksana.presses("Пояснити")
        assert "терміново" in (await oksana.hears()).text
    finally:
        for house in houses.values():
            house.stops()
    assert telegram.violations == []
