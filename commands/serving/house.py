"""The parts of one process, built once and run side by side. The only place that knows both doors."""

import asyncio
import contextlib
import gc
import hashlib
import os
import secrets
import signal
import socket
from collections.abc import AsyncIterator, Coroutine
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import JSONResponse

import api.app
import bot.web
from api.doors import Desk
from bot.channels import Channel, Ear, Recipe, webchat
from bot.channels.recipes import switched_on
from bot.delivery import Delivery
from bot.intake import Intake
from bot.models import language_model_from, speech_model_from
from bot.opinions import Opinions
from bot.rounds import Job, Rounds
from bot.transcribing import Transcribing
from bot.translating import Translating
from bot.translators import translator_from
from bot.web import Door, public_app
from desk import channels, conditions, leases
from desk.conversation import Outcome, hear
from desk.database import Database
from desk.drills import FACTS as DRILL
from desk.handbook import Shelf
from desk.history import News
from desk.messages import Heard
from desk.opinions import Seconding
from desk.settings import Settings
from desk.texts import say

ROOT = Path(__file__).parent.parent.parent


class House:
    def __init__(self, settings: Settings, database: Database) -> None:
        self.settings, self.database = settings, database
        self.holder = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
        self.shelf = Shelf(
            settings.zone,
            settings.public_url,
            Seconding(bool(settings.opinion_url), settings.opinion_sensitive),
            transcribes=bool(settings.transcriber_url),
        )
        self.pages = webchat.Pages(database)
        self.intake = Intake(database, self._hear)
        self.recipes = switched_on(settings)
        self.ears: dict[str, asyncio.Task[Ear]] = {}
        self.desk = Desk(
            database,
            self.shelf,
            _version_of_static(),
            settings.public_url.startswith("https://"),
            settings,
            News(database),
        )
        self.desk.translator = translator_from(settings)
        channels.know([webchat.facts(settings.public_url), DRILL, *(recipe.facts(settings) for recipe in self.recipes)])

    async def _hear(self, session: AsyncSession, heard: Heard) -> Outcome:
        return await hear(session, heard, await self.shelf.book(session))

    def web_app(self) -> Any:
        """Both doors behind one address: /staff and /api are the staff's, everything else is for everybody."""
        secure = self.settings.public_url.startswith("https://")
        door = Door(
            self.database,
            self.shelf,
            self.intake,
            self.pages,
            _version_of_static(),
            secure,
            ears=self.ears,
            metrics_token=self.settings.metrics_token.get_secret_value(),
        )
        staffs, everybodys = api.app.staff_app(self.desk), public_app(door)

        async def by_path(scope: Any, receive: Any, send: Any) -> None:
            path = scope.get("path", "")
            theirs = path in ("/staff", "/api") or path.startswith(("/staff/", "/api/"))
            length = dict(scope.get("headers", ())).get(b"content-length", b"")
            if length.isdigit() and int(length) > (api.app.biggest_body(path) if theirs else bot.web.BIGGEST_BODY):
                # Here, since the server's own refusal has no sentence; and before a byte of it has been read.
                sentence = say("pl", "error.too_large", "staff") if theirs else say("uk", "error.http.413")
                await JSONResponse({"error": "too_large", "sentence": sentence}, 413)(scope, receive, send)
                return
            await (staffs if theirs else everybodys)(scope, receive, send)

        return GZipMiddleware(by_path, minimum_size=1000, compresslevel=6)

    @contextlib.asynccontextmanager
    async def running(self, parts: tuple[str, ...]) -> AsyncIterator[None]:
        """The background work of these parts, from here until the end."""
        if self.database.is_sqlite:
            async with self.database.transaction() as session:
                await leases.clear(session)
        works: list[Coroutine[Any, Any, None]] = []
        closing: list[Any] = [self.desk.translator] if self.desk.translator is not None else []
        if "web" in parts:
            works += [self.pages.run(), self.desk.news.run()]
            for recipe in self.recipes:
                self.ears[recipe.name] = asyncio.create_task(self._open_ear(recipe))
                works.append(self._listen(self.ears[recipe.name]))
        if "delivery" in parts:
            works += [self._deliver(recipe) for recipe in self.recipes]
        if "rounds" in parts:
            jobs: dict[str, tuple[float, Job]] = {"invitations": (30.0, self._learn_invitations)}
            if (model := language_model_from(self.settings)) is not None:
                opinions = Opinions(self.database, self.shelf, model)
                jobs["opinions"] = (0.25, opinions.look)
                closing += [opinions, model]
            works.append(Rounds(self.database, self.shelf, self.holder, jobs).run())
            if (speech := speech_model_from(self.settings)) is not None:
                works.append(Transcribing(self.database, self.shelf, speech, self.holder).run())
                closing.append(speech)
            if self.desk.translator is not None:
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

    async def _learn_invitations(self) -> None:
        """Who only makes the rounds hears no channel, and offers them all the same."""
        async with self.database.reading() as session:
            await conditions.learn_invitations(session)

    async def _warm(self) -> None:
        """What is loaded stays: to look for garbage in it would stop everybody for a third of a second."""
        gc.freeze()
        async with self.database.reading() as session:
            await self.shelf.warm(session)  # The encoder and the answers are loaded by now.
        gc.freeze()

    async def _open_ear(self, recipe: Recipe) -> Ear:
        """Load what a channel hears with, which can take seconds, while the pages already serve; webhooks wait for it."""
        ear = await asyncio.to_thread(recipe.open_ear, self.settings, self.intake)
        gc.freeze()
        return ear

    async def _listen(self, opening: asyncio.Task[Ear]) -> None:
        ear = await opening
        try:
            await ear.run(self.database, self.holder)
        finally:
            await ear.close()

    async def _deliver(self, recipe: Recipe) -> None:
        channel: Channel = await asyncio.to_thread(recipe.open_channel, self.settings)
        gc.freeze()
        try:
            await Delivery(self.database, [channel], self.holder).run()
        finally:
            await channel.close()


def _end_with(task: asyncio.Task[None]) -> None:
    """A part that has died silently would lose people's messages: better to end, and be started again."""
    if not task.cancelled() and (error := task.exception()) is not None:
        structlog.get_logger().error("poruch.part_broken", exc_info=error)
        os.kill(os.getpid(), signal.SIGTERM)


def _version_of_static() -> str:
    """Changes whenever a page's styles or script do, so that browsers fetch them again."""
    digest = hashlib.sha256()
    for folder in ("api/static", "bot/static"):
        for file in sorted((ROOT / folder).rglob("*")):
            if file.is_file():
                digest.update(file.read_bytes())
    return digest.hexdigest()[:10]
