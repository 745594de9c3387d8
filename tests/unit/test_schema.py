"""Migrations give the same schema as the models, on both databases; a database of another version is refused."""

import sqlalchemy
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection
from sqlmodel import SQLModel

from desk import models, schema
from desk.database import Database


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
