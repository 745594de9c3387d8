"""A message comes while somebody else changes whose address it comes from: it finds its place all the same."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from desk import clock, merging, people, privacy
from desk.database import Database, SentBack
from desk.messages import Direction, Message
from desk.people import Address, Person
from tests.town import WARSAW, Town

REQUEST = "Потрібна довідка з установи"


@pytest.fixture
async def town(database_url: str) -> AsyncIterator[Town]:
    database = Database(database_url)
    town = Town(database)
    await town.opens_its_doors(datetime(2026, 12, 1, 9, 0, tzinfo=WARSAW))
    yield town
    await town.closes_its_doors()
    await database.close()


Change = Callable[[AsyncSession, Person, Person], Awaitable[object]]


async def join(session: AsyncSession, first: Person, second: Person) -> object:
    return await merging.merge(session, first, second, clock.now())


async def part(session: AsyncSession, first: Person, _second: Person) -> object:
    (done,) = await merging.of_person(session, first.id or 0)
    return await merging.split(session, first.id or 0, done.id or 0, clock.now(), 1)


async def forget(session: AsyncSession, first: Person, second: Person) -> object:
    address = await session.scalar(select(Address).where(col(Address.person_id) == second.id))
    return await privacy.erase(session, second, clock.now(), address=address)


@pytest.mark.parametrize(
    ("before", "change"),
    [((), join), ((join,), part), ((), forget)],
    ids=["joined", "parted", "forgotten"],
)
async def test_words_that_come_at_that_very_moment_stand_with_who_has_the_address_now(
    town: Town, before: tuple[Change, ...], change: Change
) -> None:
    first, second = town.person("Oksana"), town.person("Oksana at home", "web")
    await first.writes(REQUEST)
    await second.writes(REQUEST)
    rows = [(await town.person_row(one.name)).id or 0 for one in (first, second)]
    for earlier in before:
        async with town.database.transaction() as session:
            await earlier(session, *[await people.find_person(session, one) for one in rows])

    async with town.database.transaction() as session:
        await change(session, *[await people.find_person(session, one) for one in rows])
        await session.flush()
        coming = [asyncio.create_task(second.writes(f"і ще одне {number}")) for number in range(3)]
        await asyncio.sleep(0.3)
        assert not any(task.done() for task in coming), "they wait for their person"
    await asyncio.gather(*coming)

    async with town.database.reading() as session:
        address = (await session.scalars(select(Address).where(col(Address.external) == second.external))).one()
        heard = await session.scalars(
            select(Message).where(col(Message.direction) == Direction.HEARD, col(Message.text).startswith("і ще"))
        )
        assert {message.person_id for message in heard} == {address.person_id}
        owner = await people.find_person(session, address.person_id)
    assert owner.merged_into is None
    assert owner.erased_at is None
    assert (owner.id == rows[0]) == (change is join)


@pytest.mark.postgres
async def test_of_two_that_wait_for_each_other_one_is_sent_back_and_may_begin_again(postgres_url: str) -> None:
    """At every door that is a "try again", with nothing half-done; what a channel brings is begun again at once."""
    database = Database(postgres_url)
    town = Town(database)
    await town.opens_its_doors(datetime(2026, 12, 1, 9, 0, tzinfo=WARSAW))
    for name in ("Oksana", "Halyna"):
        await town.person(name).writes(REQUEST)
    numbers = [(await town.person_row(name)).id or 0 for name in ("Oksana", "Halyna")]

    async def crosses(mine: int, other: int) -> None:
        async with database.transaction() as session:
            (await session.get_one(Person, mine, with_for_update=True)).gmina = "one"
            await asyncio.sleep(0.2)
            await session.get_one(Person, other, with_for_update=True)

    ends = await asyncio.gather(crosses(*numbers), crosses(*reversed(numbers)), return_exceptions=True)

    assert sorted(type(end) for end in ends if end is not None) == [SentBack]
    async with database.reading() as session:
        assert sorted(one.gmina for one in await session.scalars(select(Person))) == ["", "one"]
    await town.closes_its_doors()
    await database.close()
