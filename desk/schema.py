"""Brings the database to this version, and knows whether it is there."""

import enum
from collections.abc import Callable
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect
from sqlalchemy.ext.asyncio import create_async_engine

from desk.database import Database


class State(enum.Enum):
    EMPTY = "empty"
    CURRENT = "current"
    OLDER = "older"
    UNKNOWN = "unknown"  # Made by a newer version, or not by us.


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    if connection is not None:
        config.attributes["connection"] = connection
    return config


def _state(connection: Connection) -> State:
    script = ScriptDirectory.from_config(_config())
    held = MigrationContext.configure(connection).get_current_revision()
    if held is None:
        return State.UNKNOWN if inspect(connection).get_table_names() else State.EMPTY
    if held == script.get_current_head():
        return State.CURRENT
    known = {revision.revision for revision in script.walk_revisions()}
    return State.OLDER if held in known else State.UNKNOWN


def _upgrade(connection: Connection) -> None:
    command.upgrade(_config(connection), "head")


async def state_of(database: Database) -> State:
    async with database.engine.connect() as connection:
        return await connection.run_sync(_state)


async def bring_up_to_date(database: Database) -> None:
    """Run the migrations that are missing; running it again changes nothing."""
    await migrate(database, _upgrade)


async def migrate(database: Database, doing: Callable[[Connection], None]) -> None:
    """Change the schema, all of it or nothing. On SQLite a table is rebuilt, and those that refer to it must not mind."""
    # Of its own on PostgreSQL, since an index on a large table takes longer than any message may.
    engine = database.engine if database.is_sqlite else create_async_engine(database.engine.url, hide_parameters=True)
    async with engine.connect() as connection:
        driver = (await connection.get_raw_connection()).driver_connection
        assert driver is not None
        if database.is_sqlite:
            await driver.execute("PRAGMA foreign_keys=OFF")  # Which nothing inside a transaction can say.
        try:
            async with connection.begin():
                await connection.run_sync(doing)
                if database.is_sqlite and (await connection.exec_driver_sql("PRAGMA foreign_key_check")).first():
                    raise RuntimeError("a row refers to what is not there; nothing was changed")
        finally:
            if database.is_sqlite:
                await driver.execute("PRAGMA foreign_keys=ON")
    if not database.is_sqlite:
        await engine.dispose()
