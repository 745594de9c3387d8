"""The first day: a person writes in the web chat, staff answer at the desk, the answer appears without a reload."""

import re
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, expect

from tests.browser.conftest import a_page, signs_in
from tests.running import House

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

SCREENS = {"phone": {"width": 390, "height": 844}, "desktop": {"width": 1280, "height": 900}}
FORM = b"%PDF-1.7 a form to fill in"
QUESTION = "Доброго дня, загубила паспорт, що робити з PESEL UKR?"


@pytest.fixture(params=sorted(SCREENS))
def screen(request: pytest.FixtureRequest) -> dict[str, int]:
    return SCREENS[request.param]


async def press(page: Page, label: str) -> None:
    await page.get_by_role("button", name=label, exact=True).last.click()


async def test_a_lost_passport_is_asked_ticketed_answered_and_read(
    house: House, marta: str, browser: Browser, screen: dict[str, int]
) -> None:
    await house.start()
    chat = await a_page(browser, house, screen)
    await chat.goto("/")
    await chat.get_by_role("textbox").fill(QUESTION)
    await chat.keyboard.press("Enter")
    await expect(chat.get_by_text("Яка допомога потрібна?")).to_be_visible()
    await press(chat, "Пояснити")
    await expect(chat.get_by_text("Наскільки це терміново?")).to_be_visible()
    await press(chat, "Не терміново")
    await expect(chat.get_by_text("Як нам із Вами зв’язатися?")).to_be_visible()
    await press(chat, "Відповідайте тут")
    await expect(chat.get_by_text("Ось що записано:")).to_be_visible()
    await press(chat, "Так")
    done = chat.get_by_text("Номер звернення:")
    await expect(done).to_be_visible()
    ref = re.search(r"\d{3}-\d{3}", await done.inner_text())
    assert ref

    desk = await a_page(browser, house, screen)
    await signs_in(desk, marta)
    await desk.locator(f"a[href$='{ref[0]}']").first.click()
    await expect(desk.get_by_text(QUESTION)).to_be_visible()
    await desk.locator("#composer textarea[name=text]").click()
    # The composer stays open while one chooses among its parts with the mouse.
    await desk.locator("label[for=kind-note]").click()
    await expect(desk.get_by_role("button", name=re.compile("Zapisz notatkę"))).to_be_visible()
    await desk.locator("label[for=kind-reply]").click()
    async with desk.expect_file_chooser() as asked:
        await desk.locator("label[for=files]").click()
    await (await asked.value).set_files([{"name": "Wniosek.pdf", "mimeType": "application/pdf", "buffer": FORM}] * 2)
    await desk.get_by_role("button", name="Usuń plik Wniosek.pdf").first.click()
    # Whoever goes away and comes back sees what is still chosen.
    await desk.evaluate("location.href = '/staff/people'")
    await desk.wait_for_url("**/staff/people")
    await desk.go_back()
    await expect(desk.locator("[data-picked] li")).to_have_count(await desk.evaluate("$('#files').files.length"))
    await desk.locator("#composer textarea[name=text]").click()
    if not await desk.locator("[data-picked] li").count():
        await desk.set_input_files("#files", [{"name": "Wniosek.pdf", "mimeType": "application/pdf", "buffer": FORM}])
    await desk.locator("#composer textarea[name=text]").fill("Dzień dobry. Proszę przyjść jutro o 9:00.")
    await desk.locator("#composer textarea[name=translation]").fill("Доброго дня. Прийдіть, будь ласка, завтра о 9:00.")
    await desk.get_by_role("button", name=re.compile("Wyślij")).first.click()

    await expect(chat.get_by_text("З Вами Марта з Центру.")).to_be_visible()
    await expect(chat.get_by_text("Прийдіть, будь ласка, завтра о 9:00.")).to_be_visible()
    async with chat.expect_download() as got:
        await chat.get_by_role("link", name="Wniosek.pdf").click()
    assert (await got.value).suggested_filename == "Wniosek.pdf"
    assert Path(await (await got.value).path()).read_bytes() == FORM
    await expect(desk.get_by_text("Wysłane").last).to_be_visible()
