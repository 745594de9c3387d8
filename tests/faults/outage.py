"""A database that is away: a SQLite file held by another, a PostgreSQL server that throws everybody out."""

import asyncio
import contextlib
import sqlite3
from collections.abc import AsyncIterator

import sqlalchemy
from sqlalchemy.ext.asyncio import create_async_engine

SECONDS = 30.0


@contextlib.asynccontextmanager
async def sqlite_away(url: str, seconds: float = SECONDS) -> AsyncIterator[None]:
    """Another program holds the file's lock for so long at least."""
    holder = sqlite3.connect(url.split("///", 1)[1], isolation_level=None, timeout=10, check_same_thread=False)
    # In a thread: who writes at this moment may be a task of this very loop, and must be let finish.
    await asyncio.to_thread(holder.execute, "BEGIN EXCLUSIVE")
    began = asyncio.get_running_loop().time()
    try:
        yield
        await asyncio.sleep(max(0.0, seconds - (asyncio.get_running_loop().time() - began)))
    finally:
        holder.execute("ROLLBACK")
        holder.close()


@contextlib.asynccontextmanager
async def postgres_away(url: str, seconds: float = SECONDS) -> AsyncIterator[None]:
    """The database refuses connections, and those that are open are cut."""
    server, _, name = url.partition("?")[0].rpartition("/")
    options = url.partition("?")[2]
    engine = create_async_engine(
        f"{server}/postgres" + (f"?{options}" if options else ""), isolation_level="AUTOCOMMIT"
    )
    began = asyncio.get_running_loop().time()
    async with engine.connect() as connection:
        await connection.execute(sqlalchemy.text(f'ALTER DATABASE "{name}" WITH ALLOW_CONNECTIONS false'))
        await connection.execute(
            sqlalchemy.text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :name"),
            {"name": name},
        )
        try:
            yield
            await asyncio.sleep(max(0.0, seconds - (asyncio.get_running_loop().time() - began)))
        finally:
            await connection.execute(sqlalchemy.text(f'ALTER DATABASE "{name}" WITH ALLOW_CONNECTIONS true'))
    await engine.dispose()
