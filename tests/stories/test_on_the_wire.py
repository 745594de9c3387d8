"""The whole way on the wire: Telegram's servers, Poruch as a process, a member of staff in a browser without script."""

import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import httpx2
import pytest

from desk import staff
from desk.database import Database
from tests.graph_api import GraphApi
from tests.running import House, patiently
from tests.telegram_api import TelegramApi
from tests.town import PASSWORD
from tests.wires import PAGE

pytestmark = pytest.mark.timeout(180)

QUESTION = "Доброго дня, загубила паспорт, що робити з PESEL UKR?"
LETTER = b"\xff\xd8\xff\xe0 a photographed letter"


@asynccontextmanager
async def marta_at_the_desk(house: House) -> AsyncIterator[httpx2.AsyncClient]:
    async with httpx2.AsyncClient(base_url=house.root) as client:
        answer = await client.post("/staff/sign-in", data={"email": "marta@example.org", "password": PASSWORD})
        assert answer.status_code == 303, answer.text[:500]
        yield client


async def posts(client: httpx2.AsyncClient, page: str, path: str, **fields: str) -> None:
    word = re.search(r'name="csrf" value="([^"]+)"', page)
    assert word
    answer = await client.post(path, data={"csrf": word[1], **fields})
    assert answer.status_code == 303, (answer.status_code, answer.text[:500])


async def test_a_lost_passport_from_the_first_words_to_the_last(
    make_house: Callable[..., House], telegram: TelegramApi, database_url: str, webhook: bool
) -> None:
    database = Database(database_url)
    async with database.transaction() as session:
        await staff.add_staff(session, "marta@example.org", "Marta Zięba", staff.Role.INTAKE, PASSWORD)
    await database.close()
    house = make_house(webhook=webhook)
    await house.start()
    oksana = telegram.person(7001, "Оксана")

    await oksana.writes(QUESTION)
    first = await oksana.hears()
    assert "Я – Поруч" in first.text
    assert "Яка допомога потрібна?" in first.text
    await oksana.presses("Пояснити")
    assert "Наскільки це терміново?" in (await oksana.hears()).text
    await oksana.presses("Не терміново")
    assert "Ось що записано:" in (await oksana.hears()).text
    await oksana.presses("Так")
    done = (await oksana.hears()).text
    found = re.search(r"Номер звернення: (\d{3}-\d{3})", done)
    assert found, done

    async with marta_at_the_desk(house) as marta:
        assert f"/staff/tickets/{found[1]}" in (await marta.get("/staff/tickets")).text
        page = (await marta.get(f"/staff/tickets/{found[1]}")).text
        assert QUESTION in page
        reply = {"text": "Proszę przyjść jutro o 9:00.", "translation": "Прийдіть, будь ласка, завтра о 9:00."}
        await posts(marta, page, f"/staff/tickets/{found[1]}/replies", **reply)
        answer = (await oksana.hears()).text
        assert "З Вами Марта з Центру." in answer
        assert "Прийдіть, будь ласка, завтра о 9:00." in answer

        await oksana.sends_photo(LETTER, caption="ось лист")
        photo = await the_photo_on(marta, f"/staff/tickets/{found[1]}")
        assert (await marta.get(photo)).content == LETTER
        async with httpx2.AsyncClient(base_url=house.root) as stranger:
            assert (await stranger.get(photo)).status_code in (303, 401), "files need permission"

        last = {"reason": "done", "text": "Sprawa załatwiona.", "translation": "Справу вирішено."}
        await posts(marta, page, f"/staff/tickets/{found[1]}/closure", **last)
        assert "Справу вирішено." in (await oksana.hears()).text

    assert telegram.violations == []
    assert telegram.unanswered == [], "every press stops spinning"
    await telegram.until(lambda: telegram.pending == 0)


async def the_photo_on(client: httpx2.AsyncClient, path: str) -> str:
    """Where the photo can be seen, once its bytes have come."""
    found: list[str] = []

    async def there() -> bool:
        found[:] = re.findall(r'"(/staff/files/\d+)"', (await client.get(path)).text)
        return bool(found)

    await patiently(there)
    return found[0]


async def test_messenger_and_then_a_browser_from_the_first_words_to_the_last(
    make_house: Callable[..., House], database_url: str
) -> None:
    """The whole process: signed webhooks, the Graph API, a one-time link that opens the conversation in a browser."""
    database = Database(database_url)
    async with database.transaction() as session:
        await staff.add_staff(session, "marta@example.org", "Marta Zięba", staff.Role.INTAKE, PASSWORD)
    await database.close()
    async with GraphApi(**PAGE, webhook_backoff=0.2) as api:
        settings = {f"PORUCH_MESSENGER_{name.upper()}": value for name, value in PAGE.items()}
        house = make_house(settings=settings | {"PORUCH_MESSENGER_API_URL": api.url})
        await house.start()
        api.webhook_url = f"{house.root}/webhooks/messenger"
        assert await api.verifies() == (200, "1158201444")
        assert (await api.verifies(token="another"))[0] == 403
        await api.until(lambda: bool(api.profile))
        iryna = api.person("7001", "Ірина")

        await iryna.gets_started()
        await iryna.hears()
        await iryna.writes(QUESTION)
        assert "Яка допомога потрібна?" in (await iryna.hears()).text
        for pressed in ("Пояснити", "Не терміново", "Так"):
            await iryna.taps(pressed)
            done = (await iryna.hears()).text
        found = re.search(r"Номер звернення: (\d{3}-\d{3})", done)
        assert found, done

        await iryna.writes("/link")
        await iryna.hears()
        await iryna.taps("Чат на сторінці")
        link = (await iryna.hears()).text.rsplit(" ", 1)[1]
        assert link.startswith(f"{house.root}/c/")
        async with httpx2.AsyncClient(base_url=house.root, headers={"accept-language": "uk"}) as browser:
            assert "Продовжити тут" in (await browser.get(link)).text
            assert (await browser.post(link)).headers["location"].endswith("/confirm")
            asked = await iryna.hears()
            assert asked.text == "Хтось приєднує чат на сторінці до цієї розмови. Це Ви?"
            await iryna.presses("Так, це я")

            async def joined() -> bool:
                told = (await browser.get("/chat/messages")).json()["messages"]
                return bool(told) and told[-1]["text"].startswith("Готово. Тепер можна писати й тут.")

            await patiently(joined)
            assert "Строк дії посилання минув" in (await browser.get(link)).text

            assert (await browser.post("/chat/messages", json={"text": "А коли можна прийти?"})).status_code == 202
            async with marta_at_the_desk(house) as marta:
                page = (await marta.get(f"/staff/tickets/{found[1]}")).text
                assert QUESTION in page
                reply = {"text": "Proszę przyjść jutro.", "translation": "Прийдіть, будь ласка, завтра."}
                await posts(marta, page, f"/staff/tickets/{found[1]}/replies", **reply)

                async def arrived() -> bool:
                    told = (await browser.get("/chat/messages")).json()["messages"]
                    return any("Прийдіть, будь ласка, завтра." in one["text"] for one in told)

                await patiently(arrived)
                last = {"reason": "done", "text": "Sprawa załatwiona.", "translation": "Справу вирішено."}
                await posts(marta, page, f"/staff/tickets/{found[1]}/closure", **last)
                assert "wysyłanie działa" in (await marta.get("/staff/health")).text

        told = await api.asks_deletion("1234567890")
        async with httpx2.AsyncClient(headers={"accept-language": "uk"}) as stranger:
            state = (await stranger.get(told["url"])).text
        assert "Ми отримали прохання" in state
        assert told["confirmation_code"] in state
        assert api.violations == []
        await api.until(lambda: not api.pending)
