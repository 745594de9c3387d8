"""The benches run, count, and find nothing lost; how fast they were is not asked here."""

import pytest

from commands.bench.figures import Report, Spread
from commands.bench.turns import measure

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


async def test_the_bench_of_a_turn(database_url: str) -> None:
    server = database_url if database_url.startswith("postgresql") else ""

    report = await measure(server, seconds=2, rate=5, crowd=30, web=1)

    assert report.faults == []
    assert report.figures["of 11 tickets"] == (11, "11")
    assert report.figures["of 31 tickets"] == (31, "31")
    statements, goal = report.figures["statements of a first message"]
    assert 5 < statements <= 12, goal
    assert "LOST" not in report.table()


def test_durations_spread() -> None:
    assert Spread.of([0.001 * number for number in range(1, 101)]) == Spread(100, 1.0, 50.0, 95.0, 99.0)
    assert Spread.of([0.5]) == Spread(1, 500.0, 500.0, 500.0, 500.0)


def test_what_was_lost_is_named_and_makes_the_bench_fail() -> None:
    report = Report("turns", "SQLite")

    report.expect("of 3 tickets", 2, 3)

    assert report.faults == ["of 3 tickets: 2 instead of 3"]
    assert "LOST OR DOUBLED: of 3 tickets" in report.table()
    assert report.shown()["faults"] == report.faults
