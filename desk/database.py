"""The engine, the transaction in which one happening happens whole, and the kinds of columns."""

import asyncio
import enum
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache, partial
from typing import Any

from sqlalchemy import BigInteger, Enum, Integer, MetaData, Table, event, make_url
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects import sqlite as sqlite_dialect
from sqlalchemy.exc import DBAPIError, IntegrityError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from sqlalchemy.orm import make_transient_to_detached
from sqlalchemy.sql.dml import ReturningInsert
from sqlmodel import SQLModel

from desk import sqlite

# Alembic and SQLite's batch mode can only change what has a name.
SQLModel.metadata.naming_convention = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
).naming_convention

# SQLite counts rows only for INTEGER keys; PostgreSQL wants room.
BigKey = BigInteger().with_variant(Integer(), "sqlite")

# How long one happening may wait for its turn to write before we say "later" (Telegram waits 60 s for a webhook).
PATIENCE = 8.0


def words(kind: type[enum.Enum]) -> Enum:
    """Store an enum as its readable value in a plain text column."""
    return Enum(
        kind, native_enum=False, length=32, values_callable=lambda members: [member.value for member in members]
    )


# For tables of which rows are deleted: SQLite would give the number of a deleted last row to the next one, and whoever still
# holds it would mean another's.
NEVER_AGAIN = {"sqlite_autoincrement": True}


class DatabaseAway(Exception):
    """The database cannot be reached or is held by another; nothing was changed, and the same may work later."""


class SentBack(DatabaseAway):
    """Two waited for each other, and PostgreSQL has sent this one back; begun again it passes."""


SENT_BACK = ("40P01", "40001")  # A deadlock, a change that could not be put in order.


class Bell:
    """Tells a waiting loop that there may be work; a ring before the wait is not forgotten."""

    def __init__(self) -> None:
        self._event = asyncio.Event()

    def ring(self) -> None:
        self._event.set()

    async def wait(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._event.wait()
        except TimeoutError:
            return
        finally:
            self._event.clear()


def ring(session: AsyncSession, bell: str) -> None:
    """Ring `bell` once this transaction has been committed."""
    session.info.setdefault("bells", set()).add(bell)


async def insert_unless_there(session: AsyncSession, row: SQLModel, *unique: str) -> bool:
    """Insert a row unless another has the same values in the columns `unique`; whether it was inserted.

    Afterwards the row is the session's own, as if it had been added and flushed.
    """
    table: Table = row.__table__  # type: ignore[attr-defined]
    values = {column.key: value for column in table.columns if (value := getattr(row, column.key)) is not None}
    with session.no_autoflush:
        made = (await session.execute(_insert(table, session.get_bind().dialect.name, unique), values)).first()
    if made is None:
        return False
    for column, value in zip(table.primary_key.columns, made, strict=True):
        setattr(row, column.key, value)
    make_transient_to_detached(row)
    session.add(row)
    return True


@cache
def _insert(table: Table, dialect: str, unique: tuple[str, ...]) -> ReturningInsert[Any]:
    insert = postgresql.insert if dialect == "postgresql" else sqlite_dialect.insert
    return insert(table).on_conflict_do_nothing(index_elements=unique).returning(*table.primary_key.columns)


class Database:
    """One engine. On SQLite writers queue inside the process; on PostgreSQL they run side by side."""

    def __init__(self, url: str, *, pool: int = 10) -> None:
        self.is_sqlite = url.startswith("sqlite")
        if self.is_sqlite:
            self.engine = create_async_engine(
                url,
                pool_size=pool,
                hide_parameters=True,
                async_creator=partial(sqlite.connect, make_url(url).database or ":memory:"),
            )
            event.listen(self.engine.sync_engine, "connect", _open_sqlite)
            event.listen(self.engine.sync_engine, "begin", _begin_sqlite)
        else:
            self.engine = create_async_engine(
                url,
                hide_parameters=True,
                pool_size=pool,
                max_overflow=5,
                pool_timeout=10,
                connect_args={"timeout": 5, "command_timeout": 10},
            )
        self._readers = self.engine.execution_options(poruch_reads=True) if self.is_sqlite else self.engine
        self._writers = asyncio.Lock()
        self._bells: dict[str, list[Bell]] = {}

    def bell(self, name: str) -> Bell:
        """A new bell that rings after every transaction which asked for `name`."""
        bell = Bell()
        self._bells.setdefault(name, []).append(bell)
        return bell

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncSession]:
        """All of it or none of it. Raises DatabaseAway when the database cannot be had."""
        async with self._turn_to_write():
            try:
                async with AsyncSession(self.engine, expire_on_commit=False) as session, session.begin():
                    yield session
            except Exception as error:
                raise_if_away(error)
                raise
        for name in session.info.get("bells", ()):
            for bell in self._bells.get(name, ()):
                bell.ring()

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncSession]:
        """A look that changes nothing and waits for no writer."""
        try:
            async with AsyncSession(self._readers, expire_on_commit=False) as session:
                yield session
        except Exception as error:
            raise_if_away(error)
            raise

    async def close(self) -> None:
        await self.engine.dispose()

    @asynccontextmanager
    async def _turn_to_write(self) -> AsyncIterator[None]:
        if not self.is_sqlite:
            yield
            return
        try:
            async with asyncio.timeout(PATIENCE):
                await self._writers.acquire()
        except TimeoutError as error:
            raise DatabaseAway("too many are waiting to write") from error
        try:
            yield
        finally:
            self._writers.release()


def raise_if_away(error: BaseException) -> None:
    """Turn the many ways in which a database can be gone into DatabaseAway; let everything else pass."""
    if isinstance(error, DBAPIError) and getattr(error.orig, "sqlstate", "") in SENT_BACK:
        raise SentBack(type(error).__name__) from error
    gone = isinstance(error, (OperationalError, InterfaceError, PoolTimeout, ConnectionError, TimeoutError, OSError))
    if isinstance(error, DBAPIError):
        # Without a statement it was the connecting that failed, for whatever reason a server may have.
        gone = (
            gone or error.connection_invalidated or (error.statement is None and not isinstance(error, IntegrityError))
        )
    if gone and not _is_our_mistake(error):
        raise DatabaseAway(type(error).__name__) from error


def _is_our_mistake(error: BaseException) -> bool:
    """SQLite calls a missing table or a wrong statement "operational" too; those must not look like an outage."""
    text = str(getattr(error, "orig", error))
    return any(sign in text for sign in ("no such", "syntax error", "has no column"))


def _open_sqlite(connection: Any, _record: Any) -> None:
    cursor = connection.cursor()
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",  # What we acknowledged survives a power cut.
        f"busy_timeout={sqlite.BUSY_MS}",
        "foreign_keys=ON",
        "temp_store=MEMORY",
        "secure_delete=ON",  # What was deleted is overwritten, not only forgotten where it lies.
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Any) -> None:
    # The driver's own transactions begin too late and never IMMEDIATE.
    reads = connection.get_execution_options().get("poruch_reads")
    connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")
