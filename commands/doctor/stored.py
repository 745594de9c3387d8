"""What the database tells: whether it can be used, what it lacks, what did not arrive, what the key opens."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path

from cryptography.fernet import InvalidToken
from sqlalchemy import URL, make_url, select
from sqlalchemy.exc import ArgumentError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from bot.findings import Finding, error, look, ok
from commands.doctor.machine import has_key
from desk import clock, health, library, schema, sealing, staff
from desk.database import Database
from desk.files import File
from desk.helplines import read_register
from desk.messages import Message, SetAside
from desk.settings import Settings, SettingsError

AHEAD = timedelta(minutes=2)  # Two machines may differ so much.


async def database_of(settings: Settings) -> AsyncIterator[Finding]:
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
    sealing.use_key(settings.key() if has_key(settings) else "none")
    try:
        file = await session.scalar(
            select(col(File.content)).where(col(File.content).is_not(None)).order_by(col(File.id).desc()).limit(1)
        )
        aside = await session.scalar(select(col(SetAside.raw)).order_by(col(SetAside.id).desc()).limit(1))
    except InvalidToken:
        return [error("The key does not open the files that are kept.", "bring back the right key from a backup.")]
    return [ok("The key opens the files that are kept.")] if file or aside else []
