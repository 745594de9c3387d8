"""The whole way on the wire: Telegram's servers, Poruch as a process, a member of staff in a browser without script."""

import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import httpx2
import pytest

from desk import staff
from desk.database import Database
from tests.running import House, patiently
from tests.telegram_api import TelegramApi
from tests.town import PASSWORD

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
    first = await oksana.hears(within=30)
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
    await telegram.until(lambda: telegram.pending == 0, within=10)


async def the_photo_on(client: httpx2.AsyncClient, path: str) -> str:
    """Where the photo can be seen, once its bytes have come."""
    found: list[str] = []

    async def there() -> bool:
        found[:] = re.findall(r'"(/staff/files/\d+)"', (await client.get(path)).text)
        return bool(found)

    await patiently(there, within=20)
    return found[0]
