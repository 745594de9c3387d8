"""The command: builds the parts and starts them. The only place that knows both doors."""

import asyncio
import contextlib
import fcntl
import gc
import importlib
import os
import secrets
import signal
import socket
import sys
from collections.abc import AsyncIterator, Coroutine
from pathlib import Path
from typing import Annotated, Any

import structlog
import typer

from commands import bench, content, staff, token
from desk.settings import Settings, SettingsError, load_settings

VERSION = "0.1.0"
PARTS = ("web", "delivery", "rounds")

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Poruch, the help-desk of a centre for refugees. Begin with `poruch run`.",
)
app.add_typer(bench.app, name="bench")
app.add_typer(content.app, name="content")
app.add_typer(staff.app, name="staff")
app.add_typer(token.app, name="token")


@app.command()
def run(
    host: Annotated[str | None, typer.Option(help="Where to listen; PORUCH_HOST otherwise.")] = None,
    port: Annotated[int | None, typer.Option(help="Where to listen; PORUCH_PORT otherwise.")] = None,
    part: Annotated[
        list[str] | None, typer.Option(help="web, delivery or rounds; all of them when none is named.")
    ] = None,
) -> None:
    """Start everything in one process, or only the named parts."""
    parts = tuple(part or PARTS)
    if unknown := set(parts) - set(PARTS):
        raise typer.BadParameter(f"there is no part {', '.join(sorted(unknown))}; choose from {', '.join(PARTS)}")
    settings = load_settings()
    if host is not None or port is not None:
        settings = settings.model_copy(
            update={name: value for name, value in (("host", host), ("port", port)) if value is not None}
        )
    asyncio.run(_serve(settings, parts))


@app.command()
def migrate() -> None:
    """Bring the database to this version."""
    from desk import schema
    from desk.database import Database

    async def up() -> None:
        database = Database(_settings_with_data_dir().database)
        await schema.bring_up_to_date(database)
        await database.close()

    asyncio.run(up())
    print("The database is up to date.")


@app.command()
def chat() -> None:
    """Talk to Poruch in this terminal: the whole conversation, with nothing installed."""
    from commands.chat import talk

    asyncio.run(talk(load_settings()))


@app.command()
def triage(
    text: Annotated[str | None, typer.Argument(help="What a person might write. Or: learn, forget, train.")] = None,
    jsonl: Annotated[
        bool, typer.Option("--jsonl", help='Read lines {"id": …, "text": …} from standard input.')
    ] = False,
) -> None:
    """Show what Poruch understands of a text; or learn from the examples again."""
    from commands.common import do
    from commands.triage import forget, learn, show, train

    match text:
        case "train" if not jsonl:
            train()
        case "learn" if not jsonl:
            do(learn())
        case "forget" if not jsonl:
            do(forget())
        case _:
            show(text, jsonl)


@app.command()
def doctor() -> None:
    """Check settings, database, channels, translator, clock, disk; exit 1 on any error."""
    from commands.doctor import examine

    raise typer.Exit(asyncio.run(examine(load_settings())))


@app.command()
def demo() -> None:
    """Fill an empty installation with believable people, tickets and courses."""
    from commands.demo import fill

    asyncio.run(fill(load_settings()))


def _settings_with_data_dir() -> Settings:
    settings = load_settings()
    if settings.database.startswith("sqlite"):
        settings.data_dir.mkdir(parents=True, exist_ok=True)
    return settings


# Serving


async def _serve(settings: Settings, parts: tuple[str, ...]) -> None:
    import uvicorn

    from desk import logs, schema, sealing
    from desk.database import Database

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
        house = _House(settings, database)
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


async def _set_up(database: Any) -> None:
    """A new installation: its tables and the starter content."""
    from desk import library, schema

    await schema.bring_up_to_date(database)
    async with database.transaction() as session:
        await library.load(session)


async def _first_sign_in(database: Any) -> tuple[str, str] | None:
    """An account for the first person, when there is none."""
    from sqlalchemy.exc import IntegrityError

    from desk import staff as accounts
    from desk.errors import Conflict

    password = secrets.token_urlsafe(9)
    try:
        async with database.transaction() as session:
            if await accounts.everyone(session):
                return None
            await accounts.add_staff(session, FIRST, "Koordynator", accounts.Role.COORDINATOR, password)
    except (IntegrityError, Conflict):
        return None  # Another process, which started at the same moment, was faster and says it.
    return FIRST, password


FIRST = "koordynator@poruch.local"


def _say_where(settings: Settings, port: int, signed: tuple[str, str] | None) -> None:
    root = f"http://{'127.0.0.1' if settings.host in ('0.0.0.0', '::') else settings.host}:{port}"
    print(f"Poruch is ready.\n  Web chat   {root}/\n  Desk       {root}/staff")
    if signed:
        print(f"  Sign in    {signed[0]}\n  Password   {signed[1]}")
        print(f"(The password is shown this once; `.venv/bin/poruch staff reset {signed[0]}` makes another.)")
    sys.stdout.flush()


@contextlib.contextmanager
def _alone(settings: Settings) -> Any:
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


def _Server(config: Any, ready: Any) -> Any:
    import uvicorn

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            if self.servers:
                ready(self.servers[0].sockets[0].getsockname()[1])

    return Server(config)


class _House:
    """All parts of one process, built once."""

    def __init__(self, settings: Settings, database: Any) -> None:
        from api.doors import Desk
        from bot.channels.webchat import FACTS as WEB
        from bot.channels.webchat import Pages
        from bot.intake import Intake
        from bot.translators import translator_from
        from desk import channels
        from desk.drills import FACTS as DRILL
        from desk.handbook import Shelf
        from desk.history import News
        from desk.opinions import Seconding

        self.settings, self.database = settings, database
        self.holder = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
        self.shelf = Shelf(
            settings.zone,
            settings.public_url,
            Seconding(bool(settings.opinion_url), settings.opinion_sensitive),
            transcribes=bool(settings.transcriber_url),
        )
        self.pages = Pages(database)
        self.intake = Intake(database, self._hear)
        self.telegram_token = settings.telegram_token.get_secret_value()
        self.ear: asyncio.Task[Any] | None = None
        self.desk = Desk(
            database,
            self.shelf,
            _version_of_static(),
            settings.public_url.startswith("https://"),
            settings,
            News(database),
        )
        self.desk.translator = translator_from(settings)
        known = [WEB, DRILL]
        if self.telegram_token:
            from bot.channels.telegram import FACTS as TELEGRAM

            known.append(TELEGRAM)
        channels.know(known)

    async def _hear(self, session: Any, heard: Any) -> Any:
        from desk.conversation import hear

        return await hear(session, heard, await self.shelf.book(session))

    def web_app(self) -> Any:
        """Both doors behind one address: /staff and /api are the staff's, everything else is for everybody."""
        from starlette.middleware.gzip import GZipMiddleware
        from starlette.responses import JSONResponse

        import api.app
        import bot.web
        from bot.web import Door, public_app
        from desk.texts import say

        secure = self.settings.public_url.startswith("https://")
        door = Door(
            self.database,
            self.shelf,
            self.intake,
            self.pages,
            _version_of_static(),
            secure,
            telegram=self.ear,
            metrics_token=self.settings.metrics_token.get_secret_value(),
        )
        staffs, everybodys = api.app.staff_app(self.desk), public_app(door)

        async def by_path(scope: Any, receive: Any, send: Any) -> None:
            path = scope.get("path", "")
            theirs = path in ("/staff", "/api") or path.startswith(("/staff/", "/api/"))
            length = dict(scope.get("headers", ())).get(b"content-length", b"")
            if length.isdigit() and int(length) > (api.app.BIGGEST_BODY if theirs else bot.web.BIGGEST_BODY):
                # Here, since the server's own refusal has no sentence; and before a byte of it has been read.
                sentence = say("pl", "error.too_large", "staff") if theirs else say("uk", "error.http.413")
                await JSONResponse({"error": "too_large", "sentence": sentence}, 413)(scope, receive, send)
                return
            await (staffs if theirs else everybodys)(scope, receive, send)

        return GZipMiddleware(by_path, minimum_size=1000, compresslevel=6)

    @contextlib.asynccontextmanager
    async def running(self, parts: tuple[str, ...]) -> AsyncIterator[None]:
        """The background work of these parts, from here until the end."""
        from desk import leases

        if self.database.is_sqlite:
            async with self.database.transaction() as session:
                await leases.clear(session)
        works: list[Coroutine[Any, Any, None]] = []
        closing: list[Any] = [self.desk.translator] if self.desk.translator is not None else []
        if "web" in parts:
            works += [self.pages.run(), self.desk.news.run()]
            if self.telegram_token:
                self.ear = asyncio.create_task(self._open_ear())
                works.append(self._listen(self.ear))
        if "delivery" in parts and self.telegram_token:
            from bot.channels.telegram.sending import TelegramSender
            from bot.delivery import Delivery

            sender = TelegramSender(self.telegram_token, self.settings.telegram_api_url)
            closing.append(sender)
            works.append(Delivery(self.database, [sender], self.holder).run())
        if "rounds" in parts:
            from bot.models import language_model_from, speech_model_from
            from bot.rounds import Job, Rounds

            jobs: dict[str, tuple[float, Job]] = {}
            if (model := language_model_from(self.settings)) is not None:
                from bot.opinions import Opinions

                opinions = Opinions(self.database, self.shelf, model)
                jobs["opinions"] = (0.25, opinions.look)
                closing += [opinions, model]
            works.append(Rounds(self.database, self.shelf, self.holder, jobs).run())
            if (speech := speech_model_from(self.settings)) is not None:
                from bot.transcribing import Transcribing

                works.append(Transcribing(self.database, self.shelf, speech, self.holder).run())
                closing.append(speech)
            if self.desk.translator is not None:
                from bot.translating import Translating

                works.append(Translating(self.database, self.desk.translator, self.holder).run())
        tasks = [asyncio.create_task(work) for work in works]
        for task in tasks:
            task.add_done_callback(_end_with)
        warming = asyncio.create_task(self._warm())
        try:
            yield
        finally:
            for task in (warming, *tasks):
                task.cancel()
            await asyncio.gather(warming, *tasks, return_exceptions=True)
            for part in closing:
                await part.close()
            with contextlib.suppress(Exception):
                async with self.database.transaction() as session:
                    await leases.let_go(session, self.holder)

    async def _warm(self) -> None:
        """What is loaded stays: to look for garbage in it would stop everybody for a third of a second."""
        gc.freeze()
        async with self.database.reading() as session:
            await self.shelf.warm(session)  # The encoder and the answers are loaded by now.
        gc.freeze()

    async def _open_ear(self) -> Any:
        """Load aiogram, which takes seconds, while web chat and desk already serve; webhooks wait for it."""
        hearing = await asyncio.to_thread(importlib.import_module, "bot.channels.telegram.hearing")
        gc.freeze()
        secret = self.settings.telegram_webhook_secret.get_secret_value()
        return hearing.TelegramEar(self.telegram_token, self.settings.telegram_api_url, self.intake, secret=secret)

    async def _listen(self, opening: asyncio.Task[Any]) -> None:
        ear = await opening
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(ear.set_up_patiently(self.settings.public_url))
                if not ear.secret:
                    group.create_task(ear.poll_alone(self.database, self.holder))
        finally:
            await ear.close()


def _end_with(task: asyncio.Task[None]) -> None:
    """A part that has died silently would lose people's messages: better to end, and be started again."""
    if not task.cancelled() and (error := task.exception()) is not None:
        structlog.get_logger().error("poruch.part_broken", exc_info=error)
        os.kill(os.getpid(), signal.SIGTERM)


def _version_of_static() -> str:
    """Changes whenever a page's styles or script do, so that browsers fetch them again."""
    import hashlib

    digest = hashlib.sha256()
    for folder in ("api/static", "bot/static"):
        for file in sorted((Path(__file__).parent / folder).rglob("*")):
            if file.is_file():
                digest.update(file.read_bytes())
    return digest.hexdigest()[:10]


def main() -> None:
    try:
        app()
    except SettingsError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
