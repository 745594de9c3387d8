"""Migrations give the same schema as the models, on both databases; a database of another version is refused."""

from datetime import UTC, datetime
from functools import partial

import sqlalchemy
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, delete, select
from sqlmodel import SQLModel

from desk import messages, models, people, schema
from desk.database import Database
from desk.files import File
from desk.messages import Heard, Message
from desk.people import Address, Place


async def test_the_migrations_give_the_schema_of_the_models(database_url: str) -> None:
    database = Database(database_url)

    def differences(connection: Connection) -> list[object]:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        return list(compare_metadata(context, SQLModel.metadata))

    async with database.engine.connect() as connection:
        found = await connection.run_sync(differences)
    await database.close()

    assert found == []
    assert models.TABLES


async def test_migrating_twice_changes_nothing(database_url: str) -> None:
    database = Database(database_url)

    await schema.bring_up_to_date(database)

    assert await schema.state_of(database) is schema.State.CURRENT
    await database.close()


async def test_a_schema_of_another_version_is_recognised(database: Database) -> None:
    async with database.engine.begin() as connection:
        await connection.execute(sqlalchemy.text("UPDATE alembic_version SET version_num = 'from the future'"))

    assert await schema.state_of(database) is schema.State.UNKNOWN


async def test_rows_that_refer_to_each_other_outlive_the_way_back_and_forth(database_url: str) -> None:
    """On SQLite tables are rebuilt, and what is rebuilt must not take along what refers to it."""
    database = Database(database_url)
    at = datetime(2026, 12, 1, tzinfo=UTC)
    async with database.transaction() as session:
        person, address, _ = await people.meet(session, Place("telegram", "7001"), at)
        heard = Heard(Place("telegram", "7001"), "1", at, text="Потрібна довідка")
        number = await messages.store_heard(session, heard, person, address, at, "uk")
        session.add(File(message_id=number or 0, channel="telegram", account="", kind="photo", content=b"a letter"))
    before = await _counted(database)

    await schema.migrate(database, partial(_to, "0006", back=True))
    await schema.migrate(database, partial(_to, "head", back=False))

    assert await _counted(database) == before == (1, 1, 1)
    async with database.transaction() as session:
        assert (await session.scalars(select(File))).one().content == b"a letter"
        await session.execute(delete(File))
        await session.execute(delete(Message))
        again = await messages.store_heard(session, heard, person, address, at, "uk")
    assert (again or 0) > (number or 0), "a number is given out once"
    await database.close()


def _to(revision: str, connection: Connection, *, back: bool) -> None:
    (command.downgrade if back else command.upgrade)(schema._config(connection), revision)


async def _counted(database: Database) -> tuple[int, ...]:
    async with database.reading() as session:
        return tuple([len((await session.scalars(select(table))).all()) for table in (Address, Message, File)])
