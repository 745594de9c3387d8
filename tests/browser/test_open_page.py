"""A ticket that stays open on the desk: the channel's window runs on, and what nobody has seen is not read."""

from datetime import timedelta

import pytest
from playwright.async_api import Browser, Page, expect
from sqlalchemy import delete, select

from desk.database import Database
from desk.people import Address
from desk.staff import StaffSession
from tests.browser.conftest import a_page, signs_in
from tests.graph_api import GraphApi
from tests.running import House, patiently
from tests.wires import PAGE

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

DESKTOP = {"width": 1280, "height": 900}
HIDES = """hidden => {
  Object.defineProperty(document, "hidden", { configurable: true, get: () => hidden });
  document.dispatchEvent(new Event("visibilitychange"));
}"""


async def is_unread(page: Page) -> bool:
    """Whether the inbox has a row with words that nobody has seen; looked up beside the open page."""
    answer = await page.context.request.get("/staff/tickets")
    return 'class="row unread"' in await answer.text()


async def test_the_window_opens_anew_and_what_comes_behind_other_pages_stays_unread(
    house: House, marta: str, sqlite_url: str, browser: Browser
) -> None:
    async with GraphApi(**PAGE) as api:
        house.settings = {f"PORUCH_MESSENGER_{name.upper()}": value for name, value in PAGE.items()}
        house.settings |= {"PORUCH_MESSENGER_API_URL": api.url}
        await house.start()
        api.webhook_url = f"{house.root}/webhooks/messenger"
        iryna = api.person("7001", "Ірина")
        await iryna.writes("Загубила паспорт, що робити з PESEL?")
        await iryna.hears()
        database = Database(sqlite_url)
        async with database.transaction() as session:
            address = (await session.scalars(select(Address))).one()
            address.heard_at -= timedelta(hours=30)
        await database.close()

        desk = await a_page(browser, house, DESKTOP)
        await signs_in(desk, marta)
        await desk.locator("#list .row a").first.click()
        await desk.locator("#composer textarea[name=text]").click()
        await desk.locator("#composer textarea[name=text]").fill("Dzień dobry")
        await expect(desk.get_by_text("Okno Messengera zamknięte")).to_be_visible()

        await iryna.writes("є якісь новини?")
        await expect(desk.get_by_text("є якісь новини?")).to_be_visible()
        await expect(desk.locator("#composer .window progress")).to_be_visible()
        await expect(desk.locator("#composer textarea[name=text]")).to_have_value("Dzień dobry")
        assert not await is_unread(desk)

        await desk.evaluate(HIDES, True)
        await iryna.writes("напишіть, будь ласка")
        await patiently(lambda: is_unread(desk))
        await desk.wait_for_timeout(3000)  # The page hears of it within a second and a half; it must do nothing.
        assert await is_unread(desk)

        await desk.evaluate(HIDES, False)
        await expect(desk.get_by_text("напишіть, будь ласка")).to_be_visible()
        assert not await is_unread(desk)


async def test_a_page_whose_sign_in_has_ended_does_not_go_on_as_if_all_were_quiet(
    house: House, marta: str, sqlite_url: str, browser: Browser
) -> None:
    await house.start()
    desk = await a_page(browser, house, DESKTOP)
    await signs_in(desk, marta)
    await desk.wait_for_url("**/staff/tickets**")

    database = Database(sqlite_url)
    async with database.transaction() as session:
        await session.execute(delete(StaffSession))
    await database.close()

    await desk.wait_for_url("**/staff/sign-in**")
