"""Brings the database to this version, and knows whether it is there."""

import enum
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect

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
    async with database.engine.begin() as connection:
        await connection.run_sync(_upgrade)
