"""A real browser before a real Poruch; skipped with one line where there is no browser, unless it is required."""

import os
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, async_playwright, expect

from desk import staff as accounts
from desk.database import Database
from tests.running import House

ARGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
PASSWORD = "a long enough password"
expect.set_options(timeout=60_000)


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
async def marta(sqlite_url: str) -> str:
    """The address with which Marta signs in."""
    database = Database(sqlite_url)
    async with database.transaction() as session:
        await accounts.add_staff(session, "marta@example.org", "Marta Zięba", accounts.Role.INTAKE, PASSWORD)
    await database.close()
    return "marta@example.org"


async def a_page(browser: Browser, house: House, screen: dict[str, int]) -> Page:
    context = await browser.new_context(viewport=screen, base_url=house.root, locale="uk-UA")
    page = await context.new_page()
    page.set_default_timeout(60_000)
    page.on("pageerror", lambda error: pytest.fail(f"script error: {error}"))
    return page


async def signs_in(page: Page, email: str) -> None:
    await page.goto("/staff")
    await page.locator("input[name=email]").fill(email)
    await page.locator("input[name=password]").fill(PASSWORD)
    await page.keyboard.press("Enter")
