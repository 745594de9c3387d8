"""The bench of a turn: a webhook is heard, understood, answered into the outbox, committed, acknowledged; then it is sent."""

import asyncio
import json
from collections import Counter
from statistics import fmean
from typing import Any

import aiohttp
from sqlalchemy import func, select
from sqlmodel import col

from commands.bench import floor
from commands.bench.figures import Report, Spread
from commands.bench.ground import Running, house, scratch
from desk.database import Database
from desk.messages import Direction, Message
from desk.tickets import Ticket
from tests.telegram_api import TelegramApi

TOKEN = "123456:a-token-for-measuring-only"
SECRET = "a-secret"
CONNECTIONS = 40  # As many as Telegram opens to a webhook.
FLOOR_TURNS = 500


class Telegram:
    """Posts updates as Telegram does, and knows when each was posted and acknowledged."""

    def __init__(self, api: TelegramApi, houses: list[Running]) -> None:
        self.api, self.doors = api, [one for one in houses if not one.parts or "web" in one.parts]
        self.posted: dict[int, float] = {}
        self.acknowledged: dict[int, float] = {}
        self.refused: Counter[int] = Counter()
        self._client = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=CONNECTIONS * len(self.doors)))

    async def posts(self, number: int) -> None:
        """The first words of somebody; what is refused is repeated until it is taken."""
        person = self.api.person(number)
        person.started = True
        body = json.dumps(_update(number, int(self.api.now())))
        headers = {"X-Telegram-Bot-Api-Secret-Token": SECRET, "Content-Type": "application/json"}
        url = f"{self.doors[number % len(self.doors)].root}/webhooks/telegram"
        self.posted[number] = self.api.now()
        while True:
            async with self._client.post(url, data=body, headers=headers) as answer:
                if answer.status == 200:
                    self.acknowledged[number] = self.api.now()
                    return
                self.refused[answer.status] += 1
            await asyncio.sleep(0.5)

    async def close(self) -> None:
        await self._client.close()


def _update(number: int, at: int) -> dict[str, Any]:
    user = {"id": number, "is_bot": False, "first_name": f"Person {number}", "language_code": "uk"}
    chat = {"id": number, "first_name": f"Person {number}", "type": "private"}
    message = {"message_id": 1, "from": user, "chat": chat, "date": at, "text": floor.REQUEST}
    return {"update_id": 700_000_000 + number, "message": message}


async def measure(server: str, seconds: int, rate: int, crowd: int, web: int) -> Report:
    report = Report("turns", _name(server, web))
    async with TelegramApi(TOKEN) as api, scratch(server) as url, house(url, web, **_settings(api)) as houses:
        await _steadily(report, api, houses, url, seconds, rate)
    async with TelegramApi(TOKEN) as api, scratch(server) as url, house(url, web, **_settings(api)) as houses:
        turns_a_second = await _as_fast_as_it_can(report, api, houses, url, crowd)
    async with scratch(server) as recorded, scratch(server) as fresh:
        tapes = await floor.record(recorded, FLOOR_TURNS)
        bare = len(tapes) / await floor.replay(fresh, tapes)
    report.note("statements of a first message", round(fmean(tape.on_the_wire for tape in tapes), 1), "≤ 12")
    report.note("the floor: the same statements in a bare loop", f"{bare:.0f} turns/s")
    report.note("as fast as it can, to the floor", round(turns_a_second / bare, 2), "≥ 0.5")
    return report


def _name(server: str, web: int) -> str:
    return ("PostgreSQL" if server else "SQLite") + (f" with {web} web processes" if web > 1 else "")


def _settings(api: TelegramApi) -> dict[str, str]:
    return {
        "PORUCH_TELEGRAM_TOKEN": TOKEN,
        "PORUCH_TELEGRAM_API_URL": api.url,
        "PORUCH_TELEGRAM_WEBHOOK_SECRET": SECRET,
    }


async def _steadily(report: Report, api: TelegramApi, houses: list[Running], url: str, seconds: int, rate: int) -> None:
    """So many people a second, one message each."""
    telegram, many = Telegram(api, houses), seconds * rate
    await telegram.posts(1)
    first = telegram.acknowledged[1] - telegram.posted[1]
    report.note("the first message, while the libraries still load: acknowledged", f"{first:.1f} s")
    for one in houses:
        await one.is_calm()
    began = asyncio.get_running_loop().time()
    async with asyncio.TaskGroup() as group:
        for number in range(many):
            await asyncio.sleep(max(0.0, began + number / rate - asyncio.get_running_loop().time()))
            group.create_task(telegram.posts(2 + number))
    people = [api.people[2 + number] for number in range(many)]
    await api.until(lambda: all(person.told for person in people), within=60)
    await telegram.close()

    waited = [telegram.acknowledged[person.id] - telegram.posted[person.id] for person in people]
    answered = [person.told[0].time - telegram.posted[person.id] for person in people]
    report.note(f"{rate} people a second for {seconds} s: acknowledged", Spread.of(waited), "p50 ≤ 20 ms, p99 ≤ 100 ms")
    report.note("the same: the answer in Telegram's hands", Spread.of(answered), "p50 ≤ 60 ms, p99 ≤ 300 ms")
    report.expect("people answered exactly once", sum(len(person.told) == 1 for person in people), many)
    report.expect("sends refused with 429", sum(call.status == 429 for call in api.calls_of("sendMessage")), 0)
    await _count(report, url, many + 1)


async def _as_fast_as_it_can(report: Report, api: TelegramApi, houses: list[Running], url: str, crowd: int) -> float:
    """Everybody at once, over as many connections as Telegram opens. Gives acknowledged turns a second."""
    telegram = Telegram(api, houses)
    for number in range(len(telegram.doors)):
        await telegram.posts(1 + number)
    spent, began = [one.processor_seconds() for one in houses], asyncio.get_running_loop().time()
    numbers = iter(range(100, 100 + crowd))

    async def line() -> None:
        for number in numbers:
            await telegram.posts(number)

    await asyncio.gather(*(line() for _ in range(CONNECTIONS * len(telegram.doors))))
    took = asyncio.get_running_loop().time() - began
    used = sum(one.processor_seconds() - before for one, before in zip(houses, spent, strict=True))
    await telegram.close()
    goal = {"SQLite": "≥ 120", "PostgreSQL": "≥ 150"}.get(report.database, "≥ 250")
    report.note(f"{crowd} people as fast as they are heard", f"{crowd / took:.0f} turns/s", goal)
    report.note("processor time of a turn, delivery included", f"{used / crowd * 1000:.1f} ms")
    report.note("refused for the moment, and repeated", sum(telegram.refused.values()))
    await _count(report, url, crowd + len(telegram.doors))
    return crowd / took


async def _count(report: Report, url: str, people: int) -> None:
    """What stands in the database of so many first messages: each once, with one ticket and one answer."""
    database = Database(url)
    async with database.reading() as session:
        heard = await session.scalar(select(func.count()).where(col(Message.direction) == Direction.HEARD))
        told = await session.scalar(
            select(func.count(func.distinct(Message.person_id))).where(col(Message.direction) == Direction.TOLD)
        )
        tickets = await session.scalar(select(func.count()).select_from(Ticket))
    await database.close()
    report.expect(f"of {people} messages stored", heard or 0, people)
    report.expect(f"of {people} people answered in the outbox", told or 0, people)
    report.expect(f"of {people} tickets", tickets or 0, people)
