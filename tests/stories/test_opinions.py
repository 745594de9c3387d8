"""A second opinion: asked when triage is unsure, heeded where both agree, and nothing is ever lost for want of it."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from bot.models import LanguageModel
from bot.opinions import Opinions
from desk.opinions import Seconding
from tests.model_server import KEY, ModelServer
from tests.town import Town, Villager, reads_as

UNSURE = "хочу щось робити з дітьми у вихідні, і щоб мову підтягнути"
READ = "integration_events .40, polish_course .35, volunteering .20, transport .03"


@pytest.fixture
async def opinions(town: Town, server: ModelServer, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Opinions]:
    town.shelf.seconding = Seconding(on=True)
    town.shelf.forget()
    reads_as(monkeypatch, UNSURE, READ)
    model = LanguageModel(server.url, "small", KEY, deadline=0.5)
    opinions = Opinions(town.database, town.shelf, model)
    yield opinions
    await opinions.close()
    await model.close()


async def asked(town: Town, opinions: Opinions) -> None:
    """Time for a look and an answer of the model, and for ours."""
    await town.waits(timedelta(seconds=1))
    await opinions.look()
    await asyncio.gather(*opinions.asking.values())
    await town.waits(timedelta(seconds=3))


def is_asked_which(person: Villager) -> bool:
    return "про що йдеться?" in person.last


async def test_two_who_agree_are_sure(town: Town, server: ModelServer, opinions: Opinions) -> None:
    olha = town.person("Olha")
    await olha.writes(UNSURE)
    assert not olha.screen

    await asked(town, opinions)

    assert (await town.ticket()).service == "polish_course"
    listed = server.asked[0]["messages"][0]["content"]
    assert "polish_course: " in listed and "legal_advice" not in listed, "sensitive services are not even named"


async def test_an_opinion_that_is_far_off_only_changes_the_order(
    town: Town, server: ModelServer, opinions: Opinions
) -> None:
    server.says = "job_search"
    olha = town.person("Olha")
    await olha.writes(UNSURE)

    await asked(town, opinions)

    assert is_asked_which(olha)
    assert olha.screen[-1].buttons[:2] == ["Робота", "Зустрічі та події"]
    assert (await town.ticket()).service == ""


@pytest.mark.parametrize("trouble", ["slow", "overloaded", "legal_advice", "html"])
async def test_a_slow_or_odd_model_changes_nothing(
    town: Town, server: ModelServer, opinions: Opinions, trouble: str
) -> None:
    server.slow, server.fault = (5 if trouble == "slow" else 0), trouble
    server.says = trouble
    olha = town.person("Olha")
    await olha.writes(UNSURE)

    await asked(town, opinions)

    assert is_asked_which(olha)
    assert olha.screen[-1].buttons[:2] == ["Зустрічі та події", "Курс польської"]


async def test_nobody_waits_for_ever_where_nothing_looks(town: Town, opinions: Opinions) -> None:
    olha = town.person("Olha")
    await olha.writes(UNSURE)

    await town.waits(timedelta(seconds=9))

    assert is_asked_which(olha)


@pytest.mark.parametrize(
    ("read", "why"),
    [
        ("integration_events .40, legal_advice .35, volunteering .20", "one that may be meant is sensitive"),
        ("integration_events .95, volunteering .02", "triage is sure"),
        ("not_a_request .95", "nothing is asked for"),
    ],
)
async def test_the_model_is_not_asked(
    town: Town, server: ModelServer, opinions: Opinions, monkeypatch: pytest.MonkeyPatch, read: str, why: str
) -> None:
    reads_as(monkeypatch, UNSURE, read)
    olha = town.person("Olha")

    await olha.writes(UNSURE)
    await asked(town, opinions)

    assert server.asked == [], why


async def test_words_of_somebody_in_danger_stay_here(town: Town, server: ModelServer, opinions: Opinions) -> None:
    olha = town.person("Olha")
    await olha.writes("Чоловік мене б'є, я боюся")

    await olha.writes(UNSURE)
    await asked(town, opinions)

    assert server.asked == []


async def test_numbers_do_not_leave(
    town: Town, server: ModelServer, opinions: Opinions, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = f"{UNSURE}, мій песель 44051401359"
    reads_as(monkeypatch, text, READ)
    olha = town.person("Olha")

    await olha.writes(text)
    await asked(town, opinions)

    assert server.asked and all("44051401" not in str(body) for body in server.asked)


async def test_more_words_are_asked_about_together(town: Town, server: ModelServer, opinions: Opinions) -> None:
    olha = town.person("Olha")
    await olha.writes("Добрий день!")
    await olha.writes(UNSURE)
    await town.waits(timedelta(seconds=1))
    await opinions.look()
    await asyncio.gather(*opinions.asking.values())
    await olha.writes("дякую наперед")
    await opinions.look()
    await asyncio.gather(*opinions.asking.values())
    await town.waits(timedelta(seconds=9))

    said = [body["messages"][1]["content"] for body in server.asked]
    assert all("Добрий день!" in one and UNSURE in one for one in said)
    assert len(olha.screen) == 1, "one answer for the burst"
