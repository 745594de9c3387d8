"""Scenes about loss: bursts, crowds, floods, kills and outages. Nothing is lost, and nothing is done twice."""

import asyncio
import contextlib
import os
import random
from collections import Counter
from collections.abc import Callable

import httpx2
import pytest
from sqlalchemy import select
from sqlmodel import col

from bot.channels.telegram.sending import EVERYONE_PER_SECOND
from desk.database import Database
from desk.messages import Direction, Message, SetAside, Status
from desk.people import Address
from desk.tickets import Ticket
from tests.graph_api import GraphApi
from tests.running import House, patiently
from tests.telegram_api import TelegramApi
from tests.wires import PAGE

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

REQUEST = "Загубила паспорт, що робити з PESEL?"
Make = Callable[..., House]


class Books:
    """What stands in the database, read from beside the running process."""

    def __init__(self, url: str) -> None:
        self.database = Database(url)

    async def heard(self) -> list[tuple[str, str]]:
        """(person on the channel, words) of everything heard, in the order it was stored."""
        async with self.database.reading() as session:
            rows = await session.execute(
                select(col(Address.external), col(Message.text))
                .join(Message, col(Message.address_id) == col(Address.id))
                .where(col(Message.direction) == Direction.HEARD, col(Message.kind) == "text")
                .order_by(col(Message.id))
            )
            return [(who, text) for who, text in rows]

    async def told(self) -> list[Message]:
        async with self.database.reading() as session:
            return list(await session.scalars(select(Message).where(col(Message.direction) == Direction.TOLD)))

    async def waiting(self) -> int:
        return sum(message.status in (Status.WAITING, Status.SENDING) for message in await self.told())

    async def tickets_by_person(self) -> Counter[int]:
        async with self.database.reading() as session:
            return Counter(await session.scalars(select(col(Ticket.person_id))))

    async def set_aside(self) -> int:
        async with self.database.reading() as session:
            return len(list(await session.scalars(select(SetAside))))


@pytest.fixture
async def books(database_url: str):  # type: ignore[no-untyped-def]
    books = Books(database_url)
    yield books
    await books.database.close()


async def everyone_starts(telegram: TelegramApi, many: int) -> list:  # type: ignore[type-arg]
    return [telegram.person(1000 + number, f"Person {number}") for number in range(many)]


async def test_five_messages_each_of_fifty_people_in_half_a_second(
    make_house: Make, telegram: TelegramApi, books: Books, webhook: bool
) -> None:
    """250 of 250 stored once, in each person's order; everyone answered once per burst rather than five times."""
    house = make_house(webhook=webhook)
    await house.start()
    people = await everyone_starts(telegram, 50)

    async def bursts(person) -> None:  # type: ignore[no-untyped-def]
        for number in range(5):
            await person.writes(f"Потрібна довідка з установи, рядок {number}")
            await asyncio.sleep(0.1)

    await asyncio.gather(*(bursts(person) for person in people))
    await patiently(lambda: _all_stored(books, 250))
    await patiently(lambda: all(person.told for person in people))
    await asyncio.sleep(6)  # Long enough for second answers to show, if there were any.

    by_person: dict[str, list[str]] = {}
    for who, text in await books.heard():
        by_person.setdefault(who, []).append(text)
    assert len(by_person) == 50
    assert all(texts == [f"Потрібна довідка з установи, рядок {n}" for n in range(5)] for texts in by_person.values())
    assert {len(person.told) for person in people} == {1}
    assert set((await books.tickets_by_person()).values()) == {1}
    assert telegram.violations == []


async def _all_stored(books: Books, many: int) -> bool:
    return len(await books.heard()) >= many


async def test_two_thousand_people_at_once(make_house: Make, telegram: TelegramApi, books: Books) -> None:
    """2,000 stored once; all answered at the allowed pace."""
    house = make_house()
    await house.start()
    people = await everyone_starts(telegram, 2000)

    await asyncio.gather(*(person.writes(REQUEST) for person in people))
    await patiently(lambda: _all_stored(books, 2000), within=240, step=0.5)
    await patiently(lambda: all(person.told for person in people), within=150, step=0.5)

    heard = await books.heard()
    assert len(heard) == len(set(heard)) == 2000
    assert {len(person.told) for person in people} == {1}
    assert telegram.violations == []
    assert not any(call.status == 429 for call in telegram.calls_of("sendMessage"))


async def test_the_first_sends_are_answered_slow_down(make_house: Make, telegram: TelegramApi, books: Books) -> None:
    """429 with retry_after: all delivered, none twice, no other send during the wait."""
    telegram.faults.refuse_sends(count=20, retry_after=3)
    house = make_house()
    await house.start()
    people = await everyone_starts(telegram, 50)

    await asyncio.gather(*(person.writes(REQUEST) for person in people))
    await patiently(lambda: all(person.told for person in people), within=120, step=0.5)

    assert {len(person.told) for person in people} == {1}
    # What was on the wire already when the first "slow down" was said is refused along with it; nothing starts after.
    on_the_wire = telegram.flood.grace * EVERYONE_PER_SECOND
    assert 20 <= sum(call.status == 429 for call in telegram.calls_of("sendMessage")) <= 20 + on_the_wire
    assert telegram.violations == []
    assert telegram.flood.sends_in_any_wait == 0


async def test_killed_with_a_hundred_updates_in_flight(
    make_house: Make, telegram: TelegramApi, books: Books, webhook: bool
) -> None:
    """kill -9, the API one second slow, restart: 100 of 100 stored, none twice."""
    telegram.faults.delay(1.0)
    house = make_house(webhook=webhook)
    await house.start()
    people = await everyone_starts(telegram, 100)

    writing = asyncio.gather(*(person.writes(REQUEST) for person in people))
    await asyncio.sleep(0.25)
    house.dies()
    await writing
    telegram.faults.clear()
    await house.start()

    await patiently(lambda: _all_stored(books, 100))
    await patiently(lambda: _nothing_waits(books))
    heard = await books.heard()
    assert len(heard) == len(set(heard)) == 100
    assert set((await books.tickets_by_person()).values()) == {1}
    told = Counter(len(person.told) for person in people)
    assert set(told) <= {0, 1}
    unsure = [message for message in await books.told() if message.status is Status.UNSURE]
    assert told[0] <= len(unsure)  # Whoever got nothing stands on the list of the unsure.


async def _nothing_waits(books: Books) -> bool:
    return await books.waiting() == 0


async def test_killed_at_random_instants_under_load(make_house: Make, telegram: TelegramApi, books: Books) -> None:
    """0 lost, 0 second tickets, 0 silently untold; unsure sends are counted and shown."""
    kills = int(os.environ.get("KILLS", "10"))
    chance = random.Random(20261201)
    house = make_house()
    await house.start()
    people = await everyone_starts(telegram, kills * 8)
    calm = asyncio.Event()

    async def crowd() -> None:
        for person in people:
            await person.writes(REQUEST)
            await asyncio.sleep(0.12)
        calm.set()

    writing = asyncio.create_task(crowd())
    for _ in range(kills):
        await asyncio.sleep(chance.uniform(0.1, 0.9))
        house.dies()
        await house.start()
    await asyncio.wait_for(calm.wait(), 60)
    await writing

    await patiently(lambda: _all_stored(books, len(people)), within=90)
    await patiently(lambda: _nothing_waits(books), within=90)
    heard = await books.heard()
    assert len(heard) == len(set(heard)) == len(people)
    assert set((await books.tickets_by_person()).values()) == {1}
    unsure = {message.address_id for message in await books.told() if message.status is Status.UNSURE}
    untold = [person for person in people if not person.told]
    assert len(untold) <= len(unsure)
    assert all(len(person.told) <= 1 for person in people)
    assert await books.set_aside() == 0


async def test_the_database_is_away_for_a_while(
    make_house: Make, telegram: TelegramApi, books: Books, database_url: str
) -> None:
    """On every channel: refused, with 503 and Retry-After or in silence, repeated by the channel, all stored once."""
    async with GraphApi(**PAGE, webhook_backoff=0.2, webhook_timeout=5) as graph:
        messenger = {f"PORUCH_MESSENGER_{name.upper()}": value for name, value in PAGE.items()}
        house = make_house(settings=messenger | {"PORUCH_MESSENGER_API_URL": graph.url})
        await house.start()
        graph.webhook_url = f"{house.root}/webhooks/messenger"
        await graph.until(lambda: bool(graph.profile))
        people = await everyone_starts(telegram, 20)
        others = [graph.person(str(2000 + number)) for number in range(10)]
        async with httpx2.AsyncClient(base_url=house.root, timeout=60) as web:
            tokens = [(await web.post("/chat/session")).json()["token"] for _ in range(5)]

            async with away(database_url):
                pages = [asyncio.create_task(_insists(web, token)) for token in tokens]
                await asyncio.gather(*(person.writes(REQUEST) for person in (*people, *others)))
                await patiently(lambda: any(delivery.status == 503 for delivery in telegram.deliveries))
                assert not any(delivery.status == 200 for delivery in telegram.deliveries)

            assert set(await asyncio.gather(*pages)) == {202}
        await patiently(lambda: _all_stored(books, 35))
        await patiently(lambda: all(person.told for person in (*people, *others)))
        heard = await books.heard()
        assert len(heard) == len(set(heard)) == 35
        assert {len(person.told) for person in (*people, *others)} == {1}
        assert graph.violations == telegram.violations == []


async def _insists(web: httpx2.AsyncClient, token: str) -> int:
    """As the page does: the same message with the same key, until it is taken."""
    for _ in range(200):
        asked = {"text": REQUEST, "key": "once"}
        with contextlib.suppress(httpx2.TransportError):
            answer = await web.post("/chat/messages", json=asked, headers={"Authorization": f"Bearer {token}"})
            if answer.status_code != 503:
                return answer.status_code
        await asyncio.sleep(0.5)
    raise AssertionError("never taken")


def away(url: str):  # type: ignore[no-untyped-def]
    from tests.faults.outage import postgres_away, sqlite_away

    return sqlite_away(url) if url.startswith("sqlite") else postgres_away(url)
