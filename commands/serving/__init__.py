"""One process of Poruch: prepared, built, run to its end."""

import asyncio
import contextlib
import fcntl
import secrets
import signal
import socket
import sys
from collections.abc import Callable, Iterator

import uvicorn
from sqlalchemy.exc import IntegrityError

from commands.serving.house import House
from desk import library, logs, schema, sealing
from desk import staff as accounts
from desk.database import Database
from desk.errors import Conflict
from desk.settings import Settings

FIRST = "koordynator@poruch.local"


async def serve(settings: Settings, parts: tuple[str, ...]) -> None:
    logs.set_up()
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    sealing.use_key(settings.key())
    database = Database(settings.database)
    with _alone(settings):
        match await schema.state_of(database):
            case schema.State.EMPTY:
                await _set_up(database)
            case schema.State.OLDER | schema.State.UNKNOWN:
                sys.exit("The database is not of this version. Back it up, then run: poruch migrate")
        signed = await _first_sign_in(database)
        house = House(settings, database)
        if "web" in parts:
            _check_free(settings)
        async with house.running(parts):
            if "web" in parts:
                config = uvicorn.Config(
                    house.web_app(),
                    host=settings.host,
                    port=settings.port,
                    log_config=None,
                    lifespan="off",
                    access_log=False,
                    server_header=False,
                    proxy_headers=bool(settings.trusted_proxies),
                    forwarded_allow_ips=settings.trusted_proxies or None,
                    timeout_graceful_shutdown=3,
                )
                server = _Server(config, lambda port: _say_where(settings, port, signed))
                await server.serve()
            else:
                print(f"Poruch runs: {', '.join(parts)}.", flush=True)
                await _until_told_to_stop()
    await database.close()


def _check_free(settings: Settings) -> None:
    """Say in a sentence what the server would only say in its own log."""
    with socket.socket(socket.AF_INET6 if ":" in settings.host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            where = f"{settings.host}:{settings.port}"
            sys.exit(f"Poruch cannot listen on {where}: {error.strerror}. Try --port 8001, or set PORUCH_PORT.")


async def _set_up(database: Database) -> None:
    """A new installation: its tables and the starter content."""
    await schema.bring_up_to_date(database)
    async with database.transaction() as session:
        await library.load(session)


async def _first_sign_in(database: Database) -> tuple[str, str] | None:
    """An account for the first person, when there is none."""
    password = secrets.token_urlsafe(9)
    try:
        async with database.transaction() as session:
            if await accounts.everyone(session):
                return None
            await accounts.add_staff(session, FIRST, "Koordynator", accounts.Role.COORDINATOR, password)
    except (IntegrityError, Conflict):
        return None  # Another process, which started at the same moment, was faster and says it.
    return FIRST, password


def _say_where(settings: Settings, port: int, signed: tuple[str, str] | None) -> None:
    root = f"http://{'127.0.0.1' if settings.host in ('0.0.0.0', '::') else settings.host}:{port}"
    print(f"Poruch is ready.\n  Web chat   {root}/\n  Desk       {root}/staff")
    if signed:
        print(f"  Sign in    {signed[0]}\n  Password   {signed[1]}")
        print(f"(The password is shown this once; `.venv/bin/poruch staff reset {signed[0]}` makes another.)")
    sys.stdout.flush()


@contextlib.contextmanager
def _alone(settings: Settings) -> Iterator[None]:
    """SQLite serves one running process; a second one is told so instead of being let in."""
    if not settings.database.startswith("sqlite"):
        yield
        return
    with (settings.data_dir / "running.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            sys.exit(
                "Poruch already runs with this data directory. SQLite serves one process; PostgreSQL serves several."
            )
        yield


async def _until_told_to_stop() -> None:
    told = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(name, told.set)
    await told.wait()


class _Server(uvicorn.Server):
    """Says when it listens, and where: the port may have been left to the system."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[int], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.servers:
            self._ready(self.servers[0].sockets[0].getsockname()[1])
