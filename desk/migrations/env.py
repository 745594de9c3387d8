"""How Alembic meets our database: with the connection that schema.py hands over, or with the settings' own."""

import asyncio
from typing import Any, Literal

from alembic import context
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import create_async_engine
from sqlmodel import SQLModel

from desk import models  # noqa: F401 - every table must be known before schemas are compared
from desk.sealing import Sealed
from desk.settings import load_settings


def render(kind: str, thing: Any, _context: Any) -> str | Literal[False]:
    """Column kinds of our own are plain ones in a migration."""
    if kind == "type" and isinstance(thing, Sealed):
        return "sa.LargeBinary()"
    return False


def migrate(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=SQLModel.metadata,
        render_as_batch=connection.dialect.name == "sqlite",
        render_item=render,
        compare_type=True,
        transaction_per_migration=True,
    )
    with context.begin_transaction():
        context.run_migrations()


async def migrate_own() -> None:
    engine = create_async_engine(load_settings().database)
    async with engine.connect() as connection:
        await connection.run_sync(migrate)
        await connection.commit()
    await engine.dispose()


handed_over = context.config.attributes.get("connection")
if handed_over is not None:
    migrate(handed_over)
else:
    asyncio.run(migrate_own())
