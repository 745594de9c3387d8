"""The web chat without a browser: its page, its JSON, its files, and what it answers to bad input."""

import json
from collections.abc import AsyncIterator
from datetime import datetime, timedelta

import httpx2
import pytest

from bot.channels.webchat import Pages
from bot.web import Door, public_app
from desk import clock, visitors
from desk.database import Database
from tests.town import WARSAW, Town

PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 200


@pytest.fixture
async def town(database: Database) -> AsyncIterator[Town]:
    town = Town(database)
    await town.opens_its_doors(datetime(2026, 12, 1, 9, 0, tzinfo=WARSAW))
    yield town
    await town.closes_its_doors()


@pytest.fixture
async def web(town: Town) -> AsyncIterator[httpx2.AsyncClient]:
    door = Door(town.database, town.shelf, town.intake, Pages(town.database), "test")
    transport = httpx2.ASGITransport(app=public_app(door))
    async with httpx2.AsyncClient(transport=transport, base_url="http://chat.test") as client:
        yield client


@pytest.fixture
async def visit(web: httpx2.AsyncClient) -> dict[str, str]:
    token = (await web.post("/chat/session")).json()["token"]
    return {"Authorization": f"Bearer {token}"}


async def said(web: httpx2.AsyncClient, visit: dict[str, str], after: int = 0) -> list[dict]:  # type: ignore[type-arg]
    return (await web.get(f"/chat/messages?after={after}", headers=visit)).json()["messages"]  # type: ignore[no-any-return]


@pytest.mark.parametrize("language", ["uk", "ru", "pl", "en"])
async def test_the_page_opens_in_every_language_and_asks_nobody_else(web: httpx2.AsyncClient, language: str) -> None:
    page = await web.get(f"/?lang={language}")

    assert page.status_code == 200
    assert f'lang="{language}"' in page.text
    assert "default-src 'self'" in page.headers["content-security-policy"]
    assert "style=" not in page.text
    assert len(page.content) < 40_000
    for path in ("/privacy", "/bye"):
        assert (await web.get(f"{path}?lang={language}")).status_code == 200


async def test_the_notice_is_told_in_sections_in_the_language_that_was_pressed(web: httpx2.AsyncClient) -> None:
    page = await web.get("/privacy?language=pl")

    assert 'lang="pl"' in page.text
    assert page.text.count("<h2>") > 6
    assert "<h2>Po co</h2>" in page.text


async def test_a_message_is_stored_and_answered_through_the_json(
    web: httpx2.AsyncClient, visit: dict[str, str]
) -> None:
    sent = await web.post("/chat/messages", json={"text": "Загубила паспорт, що робити з PESEL UKR?"}, headers=visit)

    assert sent.status_code == 202
    messages = await said(web, visit)
    assert [message["from"] for message in messages] == ["person", "bot"]
    assert messages[0]["id"] == sent.json()["id"]
    assert messages[1]["step"] == {"i": 1, "n": 4}
    pressed = await web.post("/chat/messages", json={"choice": messages[1]["choices"][0]["id"]}, headers=visit)
    assert pressed.status_code == 202
    assert "Наскільки це терміново?" in (await said(web, visit))[-1]["text"]


async def test_a_repeated_key_changes_nothing(web: httpx2.AsyncClient, visit: dict[str, str]) -> None:
    for _ in range(3):
        answer = await web.post("/chat/messages", json={"text": "Загубила паспорт", "key": "one"}, headers=visit)
        assert answer.status_code == 202

    assert len([message for message in await said(web, visit) if message["from"] == "person"]) == 1


async def test_without_script_the_form_leads_back_to_the_page(web: httpx2.AsyncClient) -> None:
    await web.get("/")
    answer = await web.post(
        "/chat/messages", data={"text": "Загубила паспорт, що робити з PESEL UKR?"}, headers={"Accept": "text/html"}
    )

    assert answer.status_code == 303
    page = await web.get("/")
    assert "Яка допомога потрібна?" in page.text
    assert "Загубила паспорт" in page.text


BAD = [
    ({"content": b"{", "headers": {"content-type": "application/json"}}, 400),
    ({"content": b"[]", "headers": {"content-type": "application/json"}}, 422),
    ({"content": b"\xff\xfe", "headers": {"content-type": "application/json"}}, 400),
    ({"content": b"[" * 100_000, "headers": {"content-type": "application/json"}}, 400),
    ({"json": {"text": 5}}, 422),
    ({"json": {"text": ""}}, 422),
    ({"json": {"text": "   \n "}}, 422),
    ({"json": {}}, 422),
    ({"json": {"text": "ж" * 5000}}, 413),
    ({"json": {"choice": "x" * 100}}, 422),
    ({"json": {"choice": "zzzz:sv:nothing"}}, 409),
    ({"json": {"choice": "-:m:1"}}, 409),
    ({"json": {"choice": "-:l:yes:99999999999999999999"}}, 409),
    ({"json": {"choice": "-:r:1:3"}}, 409),
    ({"json": {"text": "а", "key": "k" * 200}}, 422),
    ({"files": {"file": ("empty.png", b"", "image/png")}}, 422),
]


@pytest.mark.parametrize(("request_", "status"), BAD)
async def test_bad_input_gets_a_sentence_and_changes_nothing(
    web: httpx2.AsyncClient,
    visit: dict[str, str],
    request_: dict,
    status: int,  # type: ignore[type-arg]
) -> None:
    headers = {**visit, **request_.pop("headers", {})} if "headers" in request_ else visit
    answer = await web.post("/chat/messages", headers=headers, **request_)

    assert answer.status_code == status, answer.text
    assert set(answer.json()) == {"error", "sentence"}
    assert [message for message in await said(web, visit) if message["text"]] == []


STRANGE = [
    "\u200b\u200b\u200b",
    "\u202eзагубила паспорт\u202c",
    "👍",
    "😀😀😀",
    "' OR 1=1; DROP TABLE message; --",
    "<b>загубила</b> <script>alert(1)</script>",
    "\x00\x01загубила\x00 паспорт",
    json.loads('"\\ud800 половина літери"'),
    "a" * 4000,
    "ё" * 4000,
    "/невідома",
    "%s %d {ref} {0}",
    "𝐏𝐄𝐒𝐄𝐋 ｐｅｓｅｌ",
]


@pytest.mark.parametrize("text", STRANGE, ids=range(len(STRANGE)))
async def test_strange_words_are_kept_and_break_nothing(
    web: httpx2.AsyncClient, visit: dict[str, str], text: str
) -> None:
    body = json.dumps({"text": text}).encode()
    answer = await web.post("/chat/messages", content=body, headers={**visit, "content-type": "application/json"})

    assert answer.status_code in (202, 422), answer.text
    for message in await said(web, visit):
        assert message["id"]


async def test_a_picture_is_kept_encrypted_and_shown_to_nobody_else(
    web: httpx2.AsyncClient, visit: dict[str, str], town: Town
) -> None:
    sent = await web.post("/chat/messages", files={"file": ("лист.png", PNG, "text/html")}, headers=visit)
    assert sent.status_code == 202
    file = (await said(web, visit))[0]["file"]
    other = {"Authorization": "Bearer " + (await web.post("/chat/session")).json()["token"]}

    mine = await web.get(file["url"], headers=visit)
    theirs = await web.get(file["url"], headers=other)

    assert mine.content == PNG
    assert mine.headers["content-type"] == "image/png"
    assert "sandbox" in mine.headers["content-security-policy"]
    assert theirs.status_code == 404
    import sqlalchemy

    async with town.database.reading() as session:
        raw = (await session.execute(sqlalchemy.text("SELECT content FROM file"))).scalar_one()
    assert PNG not in bytes(raw)


async def test_a_file_over_the_limit_is_refused_with_a_sentence(web: httpx2.AsyncClient, visit: dict[str, str]) -> None:
    answer = await web.post("/chat/messages", files={"file": ("big.bin", b"0" * (25 * 1024 * 1024))}, headers=visit)

    assert answer.status_code == 413
    assert answer.json()["sentence"]


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer nonsense"}, {"Authorization": "Basic abc"}])
async def test_without_a_session_nothing_can_be_read_or_said(web: httpx2.AsyncClient, headers: dict[str, str]) -> None:
    assert (await web.get("/chat/messages", headers=headers)).status_code == 401
    assert (await web.post("/chat/messages", json={"text": "а"}, headers=headers)).status_code == 401
    assert (await web.get("/chat/stream", headers=headers)).status_code == 401


async def test_quick_exit_forgets_the_device_and_staff_see_it(web: httpx2.AsyncClient, town: Town) -> None:
    await web.get("/")
    await web.post("/chat/messages", json={"text": "Загубила паспорт, що робити з PESEL UKR?"})

    left = await web.post("/chat/exit")

    assert left.status_code == 303
    assert left.headers["location"] == "/bye"
    assert (await web.get("/chat/messages")).status_code == 401
    assert (await town.ticket()).is_open


async def test_a_form_of_another_site_is_refused(web: httpx2.AsyncClient, visit: dict[str, str]) -> None:
    answer = await web.post("/chat/messages", json={"text": "а"}, headers={**visit, "Sec-Fetch-Site": "cross-site"})

    assert answer.status_code == 403


async def test_somebody_who_comes_back_after_a_week_finds_the_conversation(
    web: httpx2.AsyncClient, visit: dict[str, str], town: Town
) -> None:
    await web.post("/chat/messages", json={"text": "Загубила паспорт, що робити з PESEL UKR?"}, headers=visit)
    clock.move_on(timedelta(days=7))

    assert len(await said(web, visit)) == 2
    assert timedelta(days=7) < visitors.LASTS


# Machines


async def test_metrics_are_only_there_with_a_token_and_name_nobody(town: Town) -> None:
    door = Door(town.database, town.shelf, town.intake, Pages(town.database), "test", metrics_token="a-token")
    oksana = town.person("Oksana")
    await oksana.writes("Загубила паспорт, що робити з PESEL UKR?")
    async with httpx2.AsyncClient(
        transport=httpx2.ASGITransport(app=public_app(door)), base_url="http://chat.test"
    ) as machine:
        for headers in ({}, {"Authorization": "Bearer a-toke"}, {"Authorization": "Bearer ключ".encode()}):
            assert (await machine.get("/metrics", headers=headers)).status_code == 401
        told = await machine.get("/metrics", headers={"Authorization": "Bearer a-token"})

    assert told.status_code == 200
    assert "poruch_tickets_open 1.0" in told.text
    assert "poruch_outbox_waiting 0.0" in told.text
    assert "Oksana" not in told.text
    assert "pesel" not in told.text


async def test_without_a_token_there_are_no_metrics(web: httpx2.AsyncClient) -> None:
    refused = await web.get("/metrics", headers={"Authorization": "Bearer "})

    assert refused.status_code == 404
    assert refused.json()["error"] == "not_found"
