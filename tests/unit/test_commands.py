"""The commands as an operator runs them: real processes, each with a data directory of its own."""

import json
import os
import re
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import httpx2
import pytest
import typer

from bot.channels.console import Console
from bot.channels.messenger import checking as messenger
from bot.channels.messenger import profile
from bot.channels.telegram import checking
from commands.doctor import machine, outside, stored
from commands.triage import Reader, show
from desk import clock, health, library, sealing
from desk.database import Database
from desk.messages import SetAside
from desk.settings import Settings, SettingsError, load_settings
from tests.graph_api import GraphApi
from tests.model_server import ModelServer
from tests.telegram_api import TelegramApi
from tests.translate_server import TranslateServer

ROOT = Path(__file__).parent.parent.parent
TOKEN = "123456:test-token-of-nobody"


def poruch(*words: str, data: Path, given: str | bytes = "", **settings: str) -> subprocess.CompletedProcess[str]:
    """Run one command to its end."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PORUCH_")}
    environment |= {"PORUCH_DATA_DIR": str(data), "PYTHONWARNINGS": "error::ResourceWarning"}
    environment |= {f"PORUCH_{name.upper()}": value for name, value in settings.items()}
    done = subprocess.run(
        [sys.executable, str(ROOT / "poruch.py"), *words],
        input=given.encode() if isinstance(given, str) else given,
        cwd=data.parent,  # Not where a .env of the developer may lie.
        env=environment,
        capture_output=True,
        timeout=110,
        check=False,
    )
    return subprocess.CompletedProcess(done.args, done.returncode, done.stdout.decode(), done.stderr.decode())


# Triage


def test_triage_reads_line_by_line_and_goes_on_after_a_bad_one(tmp_path: Path) -> None:
    lines = [
        '{"id": 1, "text": "Доброго дня, загубила паспорт, що робити з PESEL UKR?"}'.encode(),
        b"no JSON at all",
        b'{"id": "x", "words": "no text"}',
        b"\xff\xfe",
        b"",
        json.dumps({"id": [2], "text": "чоловік мене б'є, half a letter: \ud83d"}).encode(),
        '{"id": 3, "text": "дякую!"}'.encode(),
    ]

    done = poruch("triage", "--jsonl", data=tmp_path / "data", given=b"\n".join(lines))

    assert (done.returncode, done.stderr) == (0, "")
    first, bad, nameless, broken, danger, thanks = map(json.loads, done.stdout.splitlines())
    assert list(first) == ["id", "service", "confidence", "alternatives", "language", "alarm", "alarm_level"]
    assert (first["id"], first["service"], first["language"], first["alarm"]) == (1, "office_matters", "uk", None)
    assert first["confidence"] > 0.7
    assert bad == {"id": None, "error": "this line is not JSON"} == broken
    assert nameless["id"] == "x" and nameless["error"]
    assert (danger["id"], danger["alarm"], danger["alarm_level"]) == ([2], "domestic_violence", "certain")
    assert thanks["service"] == "not_a_request"
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(("text", "jsonl"), [(None, False), ("words", True)])
def test_triage_wants_a_text_or_lines(text: str | None, jsonl: bool) -> None:
    with pytest.raises(typer.BadParameter):
        show(text, jsonl)


@pytest.fixture(scope="module")
def reader() -> Reader:
    return Reader()


@pytest.mark.parametrize(
    ("text", "service"),
    [
        ("потрібен перекладач до лікаря", "interpreter"),
        ("dobryj den! ja z Mirca, shukaju robotu, ja svarshyk", "job_search"),
        ("Доброго дня!", "not_a_request"),
        ("Добрий день, так, дякую", "not_a_request"),
        ("ok, dziękuję", "not_a_request"),
        ("👍", "not_a_request"),
        ("", "not_a_request"),
        ("позовите человека", "other"),
    ],
)
def test_what_triage_makes_of_a_text(reader: Reader, text: str, service: str) -> None:
    assert reader.reads(text)["service"] == service


def test_a_doubtful_text_has_alternatives_the_likelier_first(reader: Reader) -> None:
    told = reader.reads("dzien dobry, potrzebuje papier na dziecko zeby dostac pieniadze, tato w ukrainie")

    rated = [told["confidence"], *(one["confidence"] for one in told["alternatives"])]
    assert len(rated) > 2 and rated == sorted(rated, reverse=True)
    assert told["service"] not in {one["service"] for one in told["alternatives"]}


# The chat in a terminal


def test_a_chat_goes_from_first_words_to_a_ticket_and_leaves_nothing(tmp_path: Path) -> None:
    typed = [
        "привіт",
        "Треба перекласти свідоцтво про народження",
        "1",
        "1",
        "не горить",
        "1",
        "дякую",
        "/quit",
        "not read",
    ]

    done = poruch("chat", data=tmp_path / "data", given="\n".join(typed))

    assert (done.returncode, done.stderr) == (0, "")
    assert "З чим допомогти?" in done.stdout  # The greeting waited for more, and none came.
    assert "[1] Укр. → польська" in done.stdout
    assert re.search(r"Номер звернення: \d{3}-\d{3}", done.stdout)
    assert "Будь ласка." in done.stdout
    assert "not read" not in done.stdout
    assert not (tmp_path / "data").exists()


async def test_only_the_number_of_a_shown_button_presses() -> None:
    shown: list[str] = []
    console = Console(shown.append)

    await console.send("keyboard", SimpleNamespace(text="Так?", choices=(("ab:s:ok", "Так"), ("ab:n:no", "Ні"))))  # type: ignore[arg-type]

    assert shown == ["    Так?\n    [1] Так  [2] Ні\n"]
    assert (console.heard("2").kind, console.heard("2").choice) == ("press", "ab:n:no")
    for words in ("3", "0", "²", "-1", "2 дітей"):
        assert (console.heard(words).kind, console.heard(words).text) == ("text", words)


# The doctor


def test_the_doctor_looks_and_makes_nothing(tmp_path: Path) -> None:
    done = poruch("doctor", data=tmp_path / "data")

    assert (done.returncode, done.stderr) == (0, "")
    assert "look   There is no database yet." in done.stdout
    assert not (tmp_path / "data").exists()


def test_the_doctor_finds_what_is_wrong_and_tells_no_secret(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    (data / "secret.key").write_text("a key for tests only")
    (data / "secret.key").chmod(0o644)
    (data / "broken.db").write_bytes(b"no database" * 1000)

    done = poruch(
        "doctor",
        data=data,
        database_url=f"sqlite:///{data / 'broken.db'}",
        telegram_token=TOKEN,
        telegram_api_url="http://127.0.0.1:1",
        telegram_webhook_secret="a-secret-word",
        translator="libretranslate",
        translator_url="http://127.0.0.1:1",
        translator_key="another-secret-word",
    )

    assert (done.returncode, done.stderr) == (1, "")
    for sentence in (
        "error  A webhook secret is set, but Telegram calls only an https:// address.",
        "error  The database",
        "error  Telegram does not answer",
        "error  The translator does not answer",
        "look   Other users of this machine can read",
    ):
        assert sentence in done.stdout
    findings = [line for line in done.stdout.splitlines() if not line.startswith(" ")]
    assert {line[:7] for line in findings} <= {"ok     ", "look   ", "error  "}
    assert done.stdout.count("Next: ") == sum(not line.startswith("ok") for line in findings)
    for secret in (TOKEN, "a-secret-word", "another-secret-word", "a key for tests only"):
        assert secret not in done.stdout


async def marks(findings: Any) -> dict[str, str]:
    """The mark of each finding by its sentence."""
    return {finding.sentence: finding.mark async for finding in findings}


def settings(**given: Any) -> Settings:
    return Settings(_env_file=None, secret_key="a key for tests only", **given)


def test_the_doctor_names_a_misspelt_setting(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PORUCH_TRANSLATER", "libretranslate")
    (tmp_path / ".env").write_text("PORUCH_PROT=80\nPORUCH_PORT=80\n")

    said = [finding.sentence for finding in machine.settings_read(settings()) if finding.mark == "look"]

    assert [sentence.split()[0] for sentence in said] == ["PORUCH_PROT", "PORUCH_TRANSLATER"]


async def test_the_doctor_counts_what_waits_in_the_database(database: Database, tmp_path: Path) -> None:
    sealing.use_key("a key for tests only")
    async with database.transaction() as session:
        lines = [line for line in await library.entries(session, "helpline") if not line.now.get("emergency")]
        library.confirm(session, lines[0], None, (clock.now() - timedelta(days=1)).date())
        library.confirm(session, lines[1], None, (clock.now() + timedelta(days=9)).date())
        session.add(SetAside(channel="web", account="", key="1", raw=b"words", error="Broken", at=clock.now()))
    url = database.engine.url.render_as_string(hide_password=False)

    told = await marks(stored.database_of(settings(database_url=url, data_dir=tmp_path)))

    assert told[f"Help lines that nobody has confirmed, so people do not see them: {len(lines) - 2}."] == "look"
    assert told["Help lines past their date, so people do not see them any more: 1."] == "look"
    assert told["There is no staff account."] == "look"
    assert told["Things heard that had to be set aside: 1."] == "look"
    assert told["The key opens the files that are kept."] == "ok"

    other = Settings(_env_file=None, secret_key="another key", database_url=url, data_dir=tmp_path)
    assert (await marks(stored.database_of(other)))["The key does not open the files that are kept."] == "error"
    async with database.reading() as session:
        assert await health.waiting_aside(session) == 1


async def test_the_doctor_asks_telegram_about_bot_and_webhook() -> None:
    async with TelegramApi(TOKEN) as api:
        known = {
            "telegram_api_url": api.url,
            "telegram_token": TOKEN,
            "telegram_webhook_secret": "a-secret",
            "public_url": "https://help.example.org",
        }
        assert (await marks(checking.examine(settings(**known), fix=False))) == {
            "Telegram knows the bot: @poruch_bot.": "ok",
            "No webhook is set at Telegram.": "error",
            "Telegram shows other commands or descriptions than ours: default, uk, ru, pl, en.": "look",
        }

        stranger = await marks(checking.examine(settings(**{**known, "telegram_token": "1:other"}), fix=False))
        assert stranger == {"Telegram does not know the token.": "error"}

        assert (await marks(checking.examine(settings(**known), fix=True))) == {
            "Telegram knows the bot: @poruch_bot.": "ok",
            "Telegram knows our address, commands and description.": "ok",
            "The webhook leads here.": "ok",
            "Telegram shows our commands and descriptions in every language.": "ok",
        }

        # Somebody has set a webhook where we poll: nothing would reach us, and nothing would say so.
        polling = {**known, "telegram_webhook_secret": ""}
        found = await marks(checking.examine(settings(**polling), fix=False))
        assert found["Telegram calls an address, so nobody can poll: no message reaches us."] == "error"
        found = await marks(checking.examine(settings(**polling), fix=True))
        assert set(found.values()) == {"ok"}


async def test_the_doctor_asks_messenger_about_page_and_profile_and_sets_them_right() -> None:
    async with GraphApi(page_token="page-token", app_secret="secret", verify_token="word") as api:
        known = {
            "messenger_api_url": api.url,
            "messenger_page_token": "page-token",
            "messenger_app_secret": "secret",
            "messenger_verify_token": "word",
            "public_url": "https://help.example.org",
        }
        found = await marks(messenger.examine(settings(**known), fix=False))
        assert found.pop("Messenger knows the page: Poruch.") == "ok"
        assert found == {
            "Messenger brings us everything.": "ok",
            "Messenger does not show: get_started, greeting, persistent_menu.": "look",
        }

        # One part that is refused hides nothing of the others.
        api.refuses, api.subscribed = {"messenger_profile": 100}, set()
        found = await marks(messenger.examine(settings(**known), fix=True))
        assert found["Messenger did not take me/messenger_profile: error 100/0."] == "error"
        assert found["Messenger brings us everything."] == "ok"
        api.refuses, api.subscribed = {"subscribed_apps": 200}, set()
        found = await marks(messenger.examine(settings(**known), fix=True))
        assert found["Messenger did not take me/subscribed_apps: permission missing."] == "error"
        assert found["Messenger shows our start, greeting and menu."] == "ok"
        api.refuses = {}

        assert await marks(messenger.examine(settings(**known), fix=True)) == {
            "Messenger knows the page: Poruch.": "ok",
            "Messenger knows our start, greeting, menu and what to bring us.": "ok",
            "Messenger brings us everything.": "ok",
            "Messenger shows our start, greeting and menu.": "ok",
        }

        menu = {**profile.profile()["persistent_menu"][0], "composer_input_disabled": True}
        changed = {"persistent_menu": [menu], "greeting": [{"locale": "default", "text": "Welcome"}]}
        async with httpx2.AsyncClient(headers={"Authorization": "Bearer page-token"}) as somebody:
            answer = await somebody.post(f"{api.url}/v25.0/me/messenger_profile", json=changed)
            assert answer.status_code == 200, answer.text
        found = await marks(messenger.examine(settings(**known), fix=False))
        assert found["Messenger shows something else than ours: greeting, persistent_menu."] == "look"

        bare = {**known, "messenger_app_secret": "", "messenger_page_token": "other", "public_url": "http://x.example"}
        found = await marks(messenger.examine(settings(**bare), fix=True))
        assert set(found.values()) == {"error"}
        assert len(found) == 3
        assert not any("other" in sentence for sentence in found)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("messenger_page_token", "EAAB’token"),
        ("messenger_page_token", "two words"),
        ("messenger_app_secret", "a\nb"),
        ("telegram_token", "123:\u0430bc"),
        ("messenger_api_url", "graph.example.org"),
        ("messenger_api_url", "http://[::1"),
        ("telegram_api_url", "ftp://example.org"),
        ("messenger_api_url", "https://graph example.org"),
        ("messenger_api_url", "https://graph.example.org:99999"),
    ],
)
def test_what_can_be_no_token_and_no_address_is_said_at_the_start(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"PORUCH_{name.upper()}", value)

    with pytest.raises(SettingsError, match=f"PORUCH_{name.upper()}") as refused:
        load_settings()

    assert value not in str(refused.value)


def test_the_end_of_a_line_behind_a_token_does_no_harm(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORUCH_MESSENGER_PAGE_TOKEN", "EAAB\n")

    monkeypatch.setenv("PORUCH_MESSENGER_VERIFY_TOKEN", "слово наше\n")
    monkeypatch.setenv("PORUCH_MESSENGER_API_URL", "https://graph.example.org\n")

    settings = load_settings()

    assert settings.messenger_page_token.get_secret_value() == "EAAB"
    assert settings.messenger_verify_token.get_secret_value() == "слово наше"
    assert settings.messenger_api_url == "https://graph.example.org"


def test_the_doctor_reads_what_telegram_tells_about_the_webhook() -> None:
    ours = settings(public_url="https://help.example.org/", telegram_webhook_secret="a-secret")
    at = int(clock.now().timestamp())
    good = {"url": "https://help.example.org/webhooks/telegram", "pending_update_count": 3}

    def told(**info: Any) -> list[str]:
        return [finding.mark for finding in checking.webhook(ours, {**good, **info})]

    assert told() == ["ok"]
    assert told(url="https://elsewhere.example.org/webhooks/telegram") == ["error"]
    assert told(allowed_updates=["message"]) == ["error"]
    assert told(pending_update_count=5000) == ["ok", "look"]
    assert told(last_error_date=at - 60, last_error_message="Wrong response: 503") == ["ok", "look"]
    assert told(last_error_date=at - 86_400, last_error_message="Wrong response: 503") == ["ok"]


async def test_the_doctor_asks_the_translator_for_its_languages() -> None:
    async with TranslateServer() as server, httpx.AsyncClient() as web:
        known = {"translator": "libretranslate", "translator_url": server.url}
        assert (await outside.translator(settings(**known), web)).mark == "ok"
    async with TranslateServer(without=(("ru", "pl"),)) as server, httpx.AsyncClient() as web:
        known = {"translator": "libretranslate", "translator_url": server.url}
        finding = await outside.translator(settings(**known), web)
        assert (finding.mark, finding.sentence) == ("look", "The translator cannot do: ru to pl.")


async def test_the_doctor_asks_models_whether_they_are_there_and_near() -> None:
    async with ModelServer() as server, httpx.AsyncClient() as web:

        async def told(url: str, model: str = "small") -> list[str]:
            return [finding.mark for finding in await outside.model_of("second opinion", url, "", model, web)]

        assert await told("") == ["ok"]
        assert await told(server.url) == ["ok"]
        assert await told(server.url, "bigger") == ["look"]
        assert await told("http://127.0.0.1:9/v1") == ["error"]
        server.fault = "html"
        assert await told(server.url) == ["error"]
    assert [outside.is_near(host) for host in ("127.0.0.1", "10.0.0.7", "ollama", "ai.internal")] == [True] * 4
    assert not outside.is_near("api.example.com") and not outside.is_near("8.8.8.8")


# The demo


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A data directory that the demo has filled, and what it printed."""
    data = tmp_path_factory.mktemp("demo") / "data"
    done = poruch("demo", data=data)
    assert (done.returncode, done.stderr) == (0, "")
    return data, done.stdout


@pytest.fixture
def rows(demo: tuple[Path, str]) -> Iterator[Any]:
    connection = sqlite3.connect(demo[0] / "poruch.db")
    yield lambda query: connection.execute(query).fetchall()
    connection.close()


def test_the_demo_has_tickets_in_all_states(rows: Any) -> None:
    states = dict(rows("SELECT status, count(*) FROM ticket GROUP BY status"))

    assert set(states) == {"draft", "new", "open", "waiting", "closed"}
    assert rows("SELECT count(*) FROM ticket WHERE alarm_level = 'certain' AND taken_at IS NULL") == [(1,)]
    assert rows("SELECT count(*) FROM ticket WHERE alarm != '' AND taken_at IS NOT NULL") == [(1,)]
    assert rows("SELECT count(*) FROM ticket WHERE reopened = 1") == [(1,)]
    assert {stars for (stars,) in rows("SELECT rating FROM ticket WHERE rating IS NOT NULL")} == {2, 3}
    assert {language for (language,) in rows("SELECT language FROM person")} == {"uk", "ru", "pl", "en"}
    assert {channel for (channel,) in rows("SELECT channel FROM address")} == {"telegram", "web"}


def test_the_demo_has_a_course_that_is_full_and_reminds(rows: Any) -> None:
    assert dict(rows("SELECT standing, count(*) FROM course_place GROUP BY standing")) == {"in": 3, "queue": 1}
    states = {state for (state,) in rows("SELECT DISTINCT state FROM reminder")}
    assert states == {"told", "planned", "withdrawn"}
    assert {comes for (comes,) in rows("SELECT comes FROM lesson_answer")} == {0, 1}


def test_nothing_of_the_demo_can_leave_or_pass_for_real(rows: Any) -> None:
    """A real bot has another account, and every name says that it is invented."""
    assert rows("SELECT DISTINCT account FROM address UNION SELECT DISTINCT account FROM message") == [("demo",)]
    assert rows("SELECT count(*) FROM message WHERE status NOT IN ('heard', 'sent')") == [(0,)]
    assert rows("SELECT count(*) FROM person WHERE name NOT LIKE '% (demo)'") == [(0,)]
    assert rows("SELECT count(*) FROM staff WHERE name NOT LIKE '% (demo)'") == [(0,)]


def test_what_the_demo_says_was_said_in_the_order_of_time(rows: Any) -> None:
    said = rows("SELECT at FROM message ORDER BY id")

    assert said == sorted(said)
    assert rows("SELECT count(*) FROM message WHERE at > strftime('%Y-%m-%d %H:%M:%f', 'now')") == [(0,)]


def test_the_password_of_the_demo_is_shown_once_and_fits(demo: tuple[Path, str], rows: Any) -> None:
    from desk.staff import password_fits

    shown = re.search(r"password (\S+)", demo[1])
    assert shown
    for email, hashed in rows("SELECT email, password FROM staff LIMIT 2"):
        assert email in demo[1]
        assert password_fits(hashed, shown[1])


def test_the_demo_refuses_a_database_with_people(demo: tuple[Path, str], rows: Any) -> None:
    before = rows("SELECT count(*) FROM message")

    again = poruch("demo", data=demo[0])

    assert again.returncode == 1
    assert "There are people in this database already." in again.stderr
    assert rows("SELECT count(*) FROM message") == before


def test_the_doctor_is_content_with_the_demo(demo: tuple[Path, str]) -> None:
    done = poruch("doctor", data=demo[0])

    assert (done.returncode, done.stderr) == (0, "")
    assert "ok     Staff accounts: 7." in done.stdout
    assert "ok     The clock agrees" in done.stdout
