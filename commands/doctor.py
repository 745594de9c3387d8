"""poruch doctor: looks at everything an installation stands on, and says of each finding what to do next."""

import os
import shutil
import stat
import tempfile
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from cryptography.fernet import InvalidToken
from dotenv import dotenv_values
from sqlalchemy import URL, make_url, select
from sqlalchemy.exc import ArgumentError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from desk import clock, health, library, schema, sealing, staff
from desk.database import Database
from desk.files import File
from desk.helplines import read_register
from desk.messages import Message, SetAside
from desk.settings import Settings, SettingsError
from desk.texts import LANGUAGES

MB = 1024 * 1024
LEAST_FREE = 500 * MB
PATIENCE = 5.0  # Seconds for one answer from outside.
PENDING = 100  # Updates that Telegram may hold back before somebody should look.
AHEAD = timedelta(minutes=2)  # Two machines may differ so much.
RECENT = timedelta(hours=1)
STAFF_LANGUAGE = "pl"


@dataclass(frozen=True)
class Finding:
    """One line of the report. Nothing in it may be secret: people send it around when they ask for help."""

    mark: str  # ok, look, error
    sentence: str
    step: str = ""

    def __str__(self) -> str:
        return f"{self.mark:<6} {self.sentence}" + (f"\n       Next: {self.step}" if self.step else "")


def ok(sentence: str) -> Finding:
    return Finding("ok", sentence)


def look(sentence: str, step: str) -> Finding:
    return Finding("look", sentence, step)


def error(sentence: str, step: str) -> Finding:
    return Finding("error", sentence, step)


async def examine(settings: Settings) -> int:
    """Print the findings as they are made; 1 when one of them is an error."""
    wrong = False
    async for finding in _findings(settings):
        print(finding, flush=True)
        wrong |= finding.mark == "error"
    return int(wrong)


async def _findings(settings: Settings) -> AsyncIterator[Finding]:
    for finding in (*_settings(settings), *_data_dir(settings), *_key(settings)):
        yield finding
    async for finding in _database(settings):
        yield finding
    async with httpx.AsyncClient(timeout=PATIENCE) as web:
        async for finding in _telegram(settings, web):
            yield finding
        yield await _translator(settings, web)


# This machine


def _settings(settings: Settings) -> Iterator[Finding]:
    read = Path(".env").absolute()
    yield ok("The settings can be read" + (f", with those of {read}." if read.exists() else "; there is no .env here."))
    for name in _misspelt():
        yield look(f"{name} is set, and is no setting of Poruch.", "compare the name with docs/settings.md.")
    is_https = settings.public_url.startswith("https://")
    if settings.telegram_webhook_secret.get_secret_value() and not is_https:
        yield error(
            "A webhook secret is set, but Telegram calls only an https:// address.",
            "set PORUCH_PUBLIC_URL to the address of this installation, or empty PORUCH_TELEGRAM_WEBHOOK_SECRET.",
        )
    elif settings.public_url and not is_https:
        yield look(
            "PORUCH_PUBLIC_URL does not begin with https://, so people's words cross the network readable.",
            "put a reverse proxy with a certificate in front, and change the setting.",
        )


def _misspelt() -> list[str]:
    """Names in the environment or in .env that look like ours and are none: whoever wrote them meant something."""
    known = {f"PORUCH_{name.upper()}" for name in Settings.model_fields}
    given = {*os.environ, *dotenv_values(".env")}
    return sorted(name for name in given if name.upper().startswith("PORUCH_") and name.upper() not in known)


def _data_dir(settings: Settings) -> Iterator[Finding]:
    folder = settings.data_dir.absolute()
    there = next(place for place in (folder, *folder.parents) if place.exists())
    if not there.is_dir():
        yield error(f"{there} is a file, not a folder.", "set PORUCH_DATA_DIR to a folder.")
        return
    try:
        with tempfile.TemporaryFile(dir=there):
            pass
    except OSError:
        yield error(
            f"The data directory {folder} cannot be written.",
            "give it to the user under which Poruch runs, or set PORUCH_DATA_DIR.",
        )
    else:
        yield ok(f"The data directory {folder} can be written." if there == folder else f"{folder} can be made.")
    free = shutil.disk_usage(there).free
    if free < LEAST_FREE:
        yield error(
            f"Only {free // MB} MB are free on the disk of the data directory.",
            "make room: below 500 MB messages may soon not be stored.",
        )
    else:
        yield ok(f"{free // MB} MB are free on the disk.")


def _key(settings: Settings) -> Iterator[Finding]:
    if settings.secret_key.get_secret_value():
        yield ok("The installation's key is set by PORUCH_SECRET_KEY.")
        return
    kept = settings.data_dir / "secret.key"
    try:
        text, mode = kept.read_text().strip(), kept.stat().st_mode
    except FileNotFoundError:
        yield look(
            "There is no key yet; `poruch run` makes one.",
            "if this installation has run before, bring back secret.key: without it kept files cannot be opened.",
        )
    except (OSError, UnicodeDecodeError):
        yield error(f"{kept} cannot be read.", "give it to the user under which Poruch runs.")
    else:
        if not text:
            yield error(f"{kept} is empty.", "bring it back from a backup: without it kept files cannot be opened.")
        elif mode & (stat.S_IRWXG | stat.S_IRWXO):
            yield look(f"Other users of this machine can read {kept}.", f"chmod 600 {kept}")
        else:
            yield ok("The installation's key is there, and only its owner reads it.")


def _has_key(settings: Settings) -> bool:
    return bool(settings.secret_key.get_secret_value()) or os.access(settings.data_dir / "secret.key", os.R_OK)


# The database


async def _database(settings: Settings) -> AsyncIterator[Finding]:
    try:
        address = make_url(settings.database)
    except SettingsError as wrong:
        yield error(f"{wrong}.", "correct the setting.")
        return
    except (ArgumentError, ValueError):
        yield error("PORUCH_DATABASE_URL is not an address.", "write it like postgresql://USER@HOST/NAME")
        return
    if _is_missing(address):
        yield look("There is no database yet.", "`poruch run` makes it and says how to sign in.")
        return
    where = f"{address.get_backend_name()}, {address.database}" + (f" on {address.host}" if address.host else "")
    database: Database | None = None
    try:
        database = Database(settings.database)
        state = await schema.state_of(database)
        rows = await _rows(database, settings) if state is schema.State.CURRENT else []
    except ModuleNotFoundError:
        yield error("PostgreSQL's driver is not installed.", "install Poruch with its extra: poruch[postgres].")
    except Exception as gone:  # Drivers have many words for it; the message may hold the address with the password.
        yield error(
            f"The database ({where}) cannot be used: {type(gone).__name__}.",
            "check that it runs, PORUCH_DATABASE_URL, and that no other program holds it.",
        )
    else:
        yield ok(f"The database ({where}) can be reached.")
        yield _schema(state)
        for finding in rows:
            yield finding
    finally:
        if database is not None:
            await database.close()


def _is_missing(address: URL) -> bool:
    """Looking into a SQLite file that is not there would make it."""
    return address.get_backend_name() == "sqlite" and not Path(address.database or "").exists()


def _schema(state: schema.State) -> Finding:
    match state:
        case schema.State.CURRENT:
            return ok("Its schema is of this version.")
        case schema.State.EMPTY:
            return look("The database is empty.", "`poruch run` fills it and says how to sign in.")
        case schema.State.OLDER:
            return error("Its schema is of an older version.", "back it up, then run: poruch migrate")
        case schema.State.UNKNOWN:
            return error(
                "Its schema is of a newer version, or not Poruch's.",
                "install the version that made it, or point PORUCH_DATABASE_URL elsewhere.",
            )


async def _rows(database: Database, settings: Settings) -> list[Finding]:
    at = clock.now()
    async with database.reading() as session:
        return [
            *await _content(session, settings, at),
            await _accounts(session),
            await _clock(session, at),
            *await _lost(session),
            *await _sealed(session, settings),
        ]


async def _content(session: AsyncSession, settings: Settings, at: datetime) -> list[Finding]:
    entries = await library.entries(session)
    if not any(entry.kind == "centre" for entry in entries):
        return [error("There is no content: no services, no help lines.", "poruch content load")]
    counted = {kind: sum(entry.kind == kind and entry.on for entry in entries) for kind in ("service", "helpline")}
    findings = [ok(f"Content: {counted['service']} services, {counted['helpline']} help lines.")]
    today = at.astimezone(settings.zone).date()
    lines = [line for line in read_register(entries).lines.values() if not line.emergency]
    unconfirmed = sum(not line.confirmed for line in lines)
    expired = sum(line.confirmed and not line.may_be_shown(today) for line in lines)
    if unconfirmed:
        findings.append(
            look(
                f"Help lines that nobody has confirmed, so people do not see them: {unconfirmed}.",
                "call the numbers and confirm them in the desk, /staff/settings/helplines",
            )
        )
    if expired:
        findings.append(
            look(
                f"Help lines past their date, so people do not see them any more: {expired}.",
                "check and confirm them again in the desk, /staff/settings/helplines",
            )
        )
    return findings


async def _accounts(session: AsyncSession) -> Finding:
    working = [member for member in await staff.everyone(session) if not member.disabled]
    if not working:
        return look("There is no staff account.", "poruch staff add EMAIL --name NAME --role coordinator")
    if not any(member.role in staff.MANAGES_STAFF for member in working):
        return look(
            "Nobody can manage accounts: there is no coordinator and no administrator.",
            "poruch staff add EMAIL --name NAME --role coordinator",
        )
    return ok(f"Staff accounts: {len(working)}.")


async def _clock(session: AsyncSession, at: datetime) -> Finding:
    # By id: the newest row, not the latest hour, and no look at every row.
    newest = await session.scalar(select(col(Message.at)).order_by(col(Message.id).desc()).limit(1))
    if newest is not None and newest > at + AHEAD:
        minutes = int((newest - at).total_seconds() // 60)
        return error(
            f"The clock has gone back: the newest message is from {minutes} minutes ahead of it.",
            "set the clock and let it be kept by NTP: reminders and promises hang on it.",
        )
    return ok(f"The clock agrees with what is stored: it is {at.isoformat(' ', 'minutes')}.")


async def _lost(session: AsyncSession) -> list[Finding]:
    findings = []
    for n, what, nothing in (
        (
            await health.undelivered_count(session),
            "Messages that did not surely arrive",
            "No message to a person has failed",
        ),
        (await health.waiting_aside(session), "Things heard that had to be set aside", "Nothing heard was set aside"),
    ):
        findings.append(look(f"{what}: {n}.", "deal with them in the desk, /staff/health") if n else ok(f"{nothing}."))
    return findings


async def _sealed(session: AsyncSession, settings: Settings) -> list[Finding]:
    """Whether the key opens what was sealed with it; nothing to say while there is nothing."""
    sealing.use_key(settings.key() if _has_key(settings) else "none")
    try:
        file = await session.scalar(
            select(col(File.content)).where(col(File.content).is_not(None)).order_by(col(File.id).desc()).limit(1)
        )
        aside = await session.scalar(select(col(SetAside.raw)).order_by(col(SetAside.id).desc()).limit(1))
    except InvalidToken:
        return [error("The key does not open the files that are kept.", "bring back the right key from a backup.")]
    return [ok("The key opens the files that are kept.")] if file or aside else []


# Outside


async def _telegram(settings: Settings, web: httpx.AsyncClient) -> AsyncIterator[Finding]:
    token = settings.telegram_token.get_secret_value()
    if not token:
        yield ok("Telegram is not used: PORUCH_TELEGRAM_TOKEN is empty.")
        return
    root = f"{settings.telegram_api_url.rstrip('/')}/bot{token}"
    status, me = await _asked(web, f"{root}/getMe")
    if not isinstance(me, dict) or not isinstance(me.get("result"), dict):
        if status in (401, 404):
            yield error("Telegram does not know the token.", "copy it from @BotFather into PORUCH_TELEGRAM_TOKEN.")
        else:
            yield error(
                f"Telegram does not answer as it should: {_said(status)}.",
                "check this machine's way to PORUCH_TELEGRAM_API_URL; messages wait until it is back.",
            )
        return
    yield ok(f"Telegram knows the bot: @{me['result'].get('username', '?')}.")
    if settings.telegram_webhook_secret.get_secret_value():
        status, info = await _asked(web, f"{root}/getWebhookInfo")
        if not isinstance(info, dict) or not isinstance(info.get("result"), dict):
            yield error(f"Telegram does not tell about the webhook: {_said(status)}.", "try again in a minute.")
            return
        for finding in _webhook(settings, info["result"]):
            yield finding


def _webhook(settings: Settings, info: dict[str, Any]) -> Iterator[Finding]:
    wanted = f"{settings.public_url.rstrip('/')}/webhooks/telegram"
    if info.get("url") != wanted:
        yield error(
            "Telegram calls another address than ours." if info.get("url") else "No webhook is set at Telegram.",
            f"start `poruch run`, which sets it to {wanted}",
        )
    else:
        yield ok("The webhook leads here.")
    pending = info.get("pending_update_count") or 0
    if pending > PENDING:
        yield look(
            f"Telegram holds back {pending} updates that we have not taken.",
            "see whether `poruch run` works and can be reached from outside.",
        )
    failed = datetime.fromtimestamp(info.get("last_error_date") or 0, tz=settings.zone)
    if clock.now() - failed < RECENT:
        yield look(
            f"Telegram's last failed call was at {failed:%H:%M}: {info.get('last_error_message') or 'no reason told'}",
            "open PORUCH_PUBLIC_URL/health/ready from outside; check the certificate and the proxy.",
        )


async def _translator(settings: Settings, web: httpx.AsyncClient) -> Finding:
    if settings.translator == "none":
        return ok("No translator is used: PORUCH_TRANSLATOR is none.")
    if settings.translator != "libretranslate":
        return look(
            f"The translator {settings.translator} is outside: people's words leave the centre.",
            "keep it only if the centre has decided so; libretranslate runs on a machine of its own.",
        )
    status, told = await _asked(web, f"{settings.translator_url.rstrip('/')}/languages")
    if not isinstance(told, list):
        return error(
            f"The translator does not answer as it should: {_said(status)}.",
            "check PORUCH_TRANSLATOR_URL and that LibreTranslate runs; staff read originals meanwhile.",
        )
    pairs = {
        (one.get("code"), target)
        for one in told
        if isinstance(one, dict)
        for target in one.get("targets") or [STAFF_LANGUAGE, *LANGUAGES]
    }
    others = [language for language in LANGUAGES if language != STAFF_LANGUAGE]
    missing = [f"{one} to {other}" for one, other in (*_both_ways(others),) if (one, other) not in pairs]
    if missing:
        return look(f"The translator cannot do: {', '.join(missing)}.", "load these models into LibreTranslate.")
    return ok("The translator answers and knows our languages.")


def _both_ways(others: list[str]) -> Iterator[tuple[str, str]]:
    for other in others:
        yield other, STAFF_LANGUAGE
        yield STAFF_LANGUAGE, other


async def _asked(web: httpx.AsyncClient, url: str) -> tuple[int, Any]:
    """Status and JSON of an answer; 0 when there was none. No error is passed on: its text holds the address."""
    try:
        answer = await web.get(url)
        return answer.status_code, answer.json()
    except (httpx.HTTPError, httpx.InvalidURL):
        return 0, None
    except ValueError:
        return answer.status_code, None


def _said(status: int) -> str:
    return f"it says {status}" if status else "no answer within 5 seconds"
