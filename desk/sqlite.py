"""aiosqlite with one trip to its thread for each statement, where the library makes four: half of a turn's time."""

import sqlite3
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Self

import aiosqlite

# How long a statement waits for a lock that another process holds: the short commands of the command line.
BUSY_MS = 5000


class Connection(aiosqlite.Connection):
    """What SQLAlchemy's dialect asks of a connection; everything but the cursor is the library's own."""

    def cursor(self) -> "Cursor":  # type: ignore[override]
        return Cursor(self)


class Cursor:
    """One statement, executed and read to its end in one go: our pages and turns never stream."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._rows: list[Any] = []
        self.description: Any = None
        self.rowcount = self.lastrowid = -1
        self.arraysize = 1

    async def __aenter__(self) -> Self:
        return self

    async def execute(self, sql: str, parameters: Sequence[Any] = ()) -> Self:
        await self._connection._execute(self._whole, sql, parameters)  # type: ignore[no-untyped-call]
        return self

    async def executemany(self, sql: str, parameters: Iterable[Sequence[Any]]) -> Self:
        await self._connection._execute(self._many, sql, parameters)  # type: ignore[no-untyped-call]
        return self

    async def fetchall(self) -> list[Any]:
        rows, self._rows = self._rows, []
        return rows

    async def close(self) -> None:
        self._rows = []

    def _whole(self, sql: str, parameters: Sequence[Any]) -> None:
        """In the connection's own thread."""
        self._note(self._connection._conn.execute(sql, parameters))

    def _many(self, sql: str, parameters: Iterable[Sequence[Any]]) -> None:
        self._note(self._connection._conn.executemany(sql, parameters))

    def _note(self, cursor: sqlite3.Cursor) -> None:
        self.description = cursor.description
        self._rows = cursor.fetchall() if cursor.description else []
        self.rowcount, self.lastrowid = cursor.rowcount, cursor.lastrowid or -1
        cursor.close()


async def connect(path: str | Path) -> Connection:
    connection = Connection(lambda: sqlite3.connect(path, timeout=BUSY_MS / 1000, isolation_level=None), 64)
    connection._thread.daemon = True  # A connection that was forgotten must not keep the process from ending.
    return await connection  # type: ignore[return-value]
