"""The floor under a turn: its statements alone, through the same session, with nothing that understands or speaks HTTP."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import event

from desk import clock
from desk.conversation import hear
from desk.database import Database
from desk.handbook import Shelf
from desk.messages import Heard
from desk.people import Place

REQUEST = "Загубила паспорт, що робити з PESEL?"


@dataclass
class Tape:
    """What one turn asked of the database: statements as SQLAlchemy has them, and how many reached the wire."""

    statements: list[tuple[Any, Any]] = field(default_factory=list)
    on_the_wire: int = 0


@contextmanager
def recording(database: Database, tape: Tape) -> Iterator[None]:
    engine = database.engine.sync_engine

    def note(_connection: Any, clause: Any, many: Any, one: Any, _options: Any) -> None:
        tape.statements.append((clause, many or one))

    def count(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        tape.on_the_wire += not statement.startswith("BEGIN")

    event.listen(engine, "before_execute", note)
    event.listen(engine, "before_cursor_execute", count)
    try:
        yield
    finally:
        event.remove(engine, "before_execute", note)
        event.remove(engine, "before_cursor_execute", count)


async def record(url: str, many: int) -> list[Tape]:
    """The first words of so many people, understood and answered into the outbox, each on a tape."""
    database, shelf, tapes = Database(url), Shelf(ZoneInfo("Europe/Warsaw")), []
    async with database.reading() as session:
        await shelf.book(session)
    for number in range(many):
        tape = Tape()
        with recording(database, tape):
            async with database.transaction() as session:
                await hear(session, _first_words(number), await shelf.book(session))
        tapes.append(tape)
    await database.close()
    return tapes


async def replay(url: str, tapes: list[Tape]) -> float:
    """Seconds for the same statements, turn by turn, on a database that stands where the recording began."""
    database = Database(url)
    async with database.reading() as session:  # Not to measure how long it takes to connect.
        await session.connection()
    began = time.perf_counter()
    for tape in tapes:
        async with database.transaction() as session:
            connection = await session.connection()
            for clause, values in tape.statements:
                result = await connection.execute(clause, values)
                if result.returns_rows:
                    result.all()
    seconds = time.perf_counter() - began
    await database.close()
    return seconds


def _first_words(number: int) -> Heard:
    return Heard(
        place=Place("telegram", str(5_000_000 + number), "", f"Person {number}"),
        key=str(number),
        number=str(number),
        said_at=clock.now(),
        kind="text",
        text=REQUEST,
    )
