"""The room of approved answers: staff write their own, change those that came along, and nothing wrong is kept."""

from datetime import date

import pytest

from desk import library
from desk.staff import Role
from tests.pages.visits import signs_in, text_of

ANSWERS = "/staff/settings/answers"
GOOD = {
    **{f"q-{language}": f"Gdzie jest toaleta? ({language})" for language in ("pl", "uk", "ru", "en")},
    **{f"a-{language}": f"Na parterze, {{address}}. ({language})" for language in ("pl", "uk", "ru", "en")},
    "service": "other",
    "source": "Regulamin Centrum",
    "source_date": "2027-02-01",
    "by_bot": "yes",
    "until": "2027-05-01",
}


async def own(town):
    async with town.database.reading() as session:
        return [entry for entry in await library.entries(session, "answer") if entry.key.startswith("own_")]


async def test_staff_write_an_answer_of_their_own(town):
    keeper = await signs_in(town, Role.COORDINATOR)
    assert f'href="{ANSWERS}/new"' in await keeper.opens(ANSWERS)
    assert "Nowa odpowiedź" in await keeper.opens(f"{ANSWERS}/new")

    await keeper.sends(ANSWERS, **GOOD)

    (entry,) = await own(town)
    assert "Gdzie jest toaleta? (pl)" in await keeper.opens(f"{ANSWERS}?state=confirmed")
    async with town.database.reading() as session:
        answer = next(one for one in (await town.shelf.book(session)).answers.all if one.id == entry.key)
    assert answer.service == "other" and answer.may_be_shown(date(2027, 5, 1))
    assert not answer.may_be_shown(date(2027, 5, 2))


async def test_it_can_be_changed_and_survives_new_starter_content(town):
    keeper = await signs_in(town, Role.COORDINATOR)
    await keeper.sends(ANSWERS, **GOOD)
    (entry,) = await own(town)

    await keeper.sends(f"{ANSWERS}/{entry.key}", **{**GOOD, "service": "school", "a-pl": "Na piętrze."})
    async with town.database.transaction() as session:
        await library.load(session)

    page = await keeper.opens(f"{ANSWERS}/{entry.key}")
    assert "Na piętrze." in page and '<option value="school" selected>' in page
    assert (await own(town))[0].confirmed_at is not None


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"service": "spa"}, "Nie ma takiej usługi."),
        ({"service": ""}, "Nie ma takiej usługi."),
        ({"q-uk": " "}, "To pole"),
        ({"a-ru": "Звоните 22 123 45 67"}, "linię pomocy"),
        ({"a-en": "{nobody}"}, "W nawiasach klamrowych"),
        ({"source": ""}, "To pole"),
        ({"source_date": "2030-01-01"}, "Podaj datę źródła"),
        ({"until": "2026-01-01"}, "Podaj dzień"),
    ],
)
async def test_nothing_wrong_is_kept_and_nothing_typed_is_lost(town, wrong, sentence):
    keeper = await signs_in(town, Role.COORDINATOR)

    answer = await keeper.sends(ANSWERS, sees=sentence, **{**GOOD, **wrong})

    assert answer.status_code == 422 and await own(town) == []
    assert "Na parterze, {address}. (pl)" in text_of(answer)


async def test_only_those_who_keep_the_content_write_answers(town):
    reader = await signs_in(town, Role.INTAKE)

    assert f'href="{ANSWERS}/new"' not in await reader.opens(ANSWERS)
    await reader.opens(f"{ANSWERS}/new", 403)
    assert (await reader.sends(ANSWERS, sees="", **GOOD)).status_code == 403
    assert await own(town) == []
