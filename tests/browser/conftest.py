"""A real browser before a real Poruch; skipped with one line where there is no browser, unless it is required."""

import os
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, async_playwright

from desk import staff as accounts
from desk.database import Database
from tests.running import House

ARGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
PASSWORD = "a long enough password"


@pytest.fixture(scope="session")
def chromium() -> str:
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if found is None:
        if os.environ.get("REQUIRE_BROWSER"):
            pytest.fail("a browser is required here and there is none")
        pytest.skip("browser tests: no chromium on this machine")
    return found


@pytest.fixture
async def browser(chromium: str) -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=ARGS)
        yield browser
        await browser.close()


@pytest.fixture
def house(sqlite_url: str, tmp_path: Path) -> Iterator[House]:
    house = House(sqlite_url.replace("+aiosqlite", ""), tmp_path / "data")
    yield house
    house.stops()


@pytest.fixture
async def open_house(house: House, sqlite_url: str) -> House:
    """Poruch running, with Marta's account."""
    database = Database(sqlite_url)
    async with database.transaction() as session:
        await accounts.add_staff(session, "marta@example.org", "Marta Zięba", accounts.Role.INTAKE, PASSWORD)
    await database.close()
    await house.start()
    return house
