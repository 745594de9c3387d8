"""What one delivery of a channel brought: the words of one person in their order, people beside each other."""

import asyncio

import pytest

from bot.intake import AT_ONCE, side_by_side
from desk.database import DatabaseAway


async def test_of_one_person_in_order_and_people_beside_each_other() -> None:
    taken: list[str] = []
    both = asyncio.Barrier(2)

    async def take(one: str) -> None:
        if one in ("a1", "b1"):
            await both.wait()  # Neither goes on before the other has begun.
        taken.append(one)

    async with asyncio.timeout(10):
        await side_by_side([["a1", "a2", "a3"], ["b1", "b2"]], take)

    assert [one for one in taken if one[0] == "a"] == ["a1", "a2", "a3"]
    assert [one for one in taken if one[0] == "b"] == ["b1", "b2"]


async def test_when_the_database_is_away_nothing_more_is_begun() -> None:
    begun: list[int] = []

    async def take(one: int) -> None:
        begun.append(one)
        await asyncio.sleep(0)
        raise DatabaseAway

    with pytest.raises(DatabaseAway):
        await side_by_side([[one] for one in range(100)], take)

    assert len(begun) <= AT_ONCE
