"""The desk was away: whoever wrote meanwhile is told once, and nobody else."""

from datetime import datetime, timedelta

from sqlalchemy import func, select

from desk import clock, outages
from desk.outages import Outage
from tests.town import WARSAW, Town

BEGAN = datetime(2026, 12, 1, 10, 0, tzinfo=WARSAW)
ENDED = BEGAN + timedelta(hours=2)
APOLOGY = "наша система не працювала"
NEED = "Шукаю роботу на складі"


async def test_the_apology_comes_once_for_an_outage(town: Town) -> None:
    clock.stand_at(ENDED)
    await town.was_away(BEGAN, ENDED)
    ihor = town.person("Ihor")

    await ihor.writes(NEED, said_at=BEGAN + timedelta(minutes=5))
    assert ihor.screen[0].text.startswith(f"З 10:00 до 12:00 {APOLOGY}. Перепрошуємо.")

    await ihor.writes("Можу на пів дня", said_at=BEGAN + timedelta(minutes=6))
    await town.waits(timedelta(seconds=10))
    assert sum(APOLOGY in shown.text for shown in ihor.screen) == 1


async def test_whoever_hardly_waited_hears_nothing_of_it(town: Town) -> None:
    clock.stand_at(ENDED)
    await town.was_away(BEGAN, ENDED)
    quick, after, nightly = town.person("Ihor"), town.person("Olha"), town.person("Iryna")

    await quick.writes(NEED, said_at=ENDED - timedelta(minutes=3))
    await after.writes(NEED)
    await nightly.writes(NEED, said_at=BEGAN - timedelta(hours=9))

    assert not any(APOLOGY in person.last for person in (quick, after, nightly))


async def test_a_day_that_is_not_today_is_named(town: Town) -> None:
    clock.stand_at(ENDED)
    await town.was_away(BEGAN - timedelta(days=1), ENDED)
    ihor = town.person("Ihor")

    await ihor.writes(NEED, said_at=BEGAN)

    assert ihor.last.startswith(f"З 10:00, 30 листопада до 12:00 {APOLOGY}")


async def test_a_short_pause_is_no_outage(town: Town) -> None:
    async with town.database.transaction() as session:
        for seconds in (0, 3, 60, 170):
            await outages.beat(session, BEGAN + timedelta(seconds=seconds))
        assert await session.scalar(select(func.count()).select_from(Outage)) == 0


async def test_danger_in_words_that_waited_gets_help_first(town: Town) -> None:
    clock.stand_at(ENDED)
    await town.was_away(BEGAN, ENDED)
    olha = town.person("Olha")

    await olha.writes("Чоловік мене б'є, я боюся", said_at=BEGAN + timedelta(minutes=5))

    assert APOLOGY not in olha.last and "112" in olha.last
