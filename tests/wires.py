"""Each channel as a town has it: a strict stand-in on loopback, both real halves of the channel, the real public door."""

import asyncio
from abc import ABC, abstractmethod
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, ClassVar, Self

import httpx2
from aiohttp import web
from sqlalchemy import func, select
from sqlmodel import col

from bot.channels import Ear, Recipe
from bot.channels.messenger import HUMAN_AGENT, Messenger
from bot.channels.telegram import Telegram
from bot.channels.webchat import Pages
from bot.delivery import Delivery
from bot.intake import Intake
from bot.web import Door, public_app
from desk import channels, clock
from desk.messages import Message, Status
from desk.settings import Settings
from tests.graph_api import GraphApi
from tests.running import TOKEN, patiently
from tests.telegram_api import TelegramApi
from tests.town import Town

PAGE = {"page_token": "page-token-of-nobody", "app_secret": "an-app-secret", "verify_token": "a-verify-token"}


class PublicDoor:
    """The public app behind a socket on loopback."""

    def __init__(self, town: Town, ears: dict[str, asyncio.Task[Ear]]) -> None:
        self.intake = Intake(town.database, town._hear)
        self.pages = Pages(town.database)
        self.app = public_app(Door(town.database, town.shelf, self.intake, self.pages, "test", ears=ears))
        self.root = ""

    async def __aenter__(self) -> Self:
        transport = httpx2.ASGITransport(app=self.app, raise_app_exceptions=False)
        self._inside = httpx2.AsyncClient(transport=transport, base_url="http://poruch.test")
        passing_on = web.Application(client_max_size=64 << 20)
        passing_on.router.add_route("*", "/{path:.*}", self._pass_on)
        self._runner = web.AppRunner(passing_on)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0, backlog=1024).start()
        self.root = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()
        await self._inside.aclose()

    async def _pass_on(self, request: web.Request) -> web.Response:
        headers = {name: value for name, value in request.headers.items() if name.lower() != "host"}
        answer = await self._inside.request(
            request.method, str(request.rel_url), headers=headers, content=await request.read()
        )
        kept = {name: value for name, value in answer.headers.items() if name.lower() != "content-length"}
        return web.Response(status=answer.status_code, body=answer.content, headers=kept)


class Wire(ABC):
    """Opens what `poruch run` would open for one channel, in this process, so that the town's clock is everybody's."""

    recipe: ClassVar[Recipe]
    gap: float | None = 0.0  # Seconds between two messages to one person; None: as the channel itself has it.

    def __init__(self, town: Town) -> None:
        self.town = town
        self.api = self.stand_in()
        self.ears: dict[str, asyncio.Task[Ear]] = {}
        self.door = PublicDoor(town, self.ears)
        self._tasks: list[asyncio.Task[Any]] = []

    @abstractmethod
    def stand_in(self) -> Any:
        """The servers of the channel."""

    @abstractmethod
    def settings(self) -> dict[str, Any]:
        """What the operator has to say for this channel."""

    @abstractmethod
    async def is_set_up(self) -> None:
        """Return when the ear has introduced itself."""

    async def __aenter__(self) -> Self:
        self._open = AsyncExitStack()
        await self._open.enter_async_context(self.api)
        await self._open.enter_async_context(self.door)
        settings = Settings(_env_file=None, **{"public_url": "https://help.example.org"} | self.settings())  # type: ignore[call-arg]
        name = self.recipe.name
        channels.know([*(one for one in channels.in_use() if one.name != name), self.recipe.facts(settings)])
        self.town.shelf.public_url = "poruch.example"
        self.town.shelf.forget()
        self.intake = self.door.intake
        self.ear, self.sender = self.recipe.open_ear(settings, self.intake), self.recipe.open_channel(settings)
        self.ears[name] = asyncio.create_task(_opened(self.ear))
        if self.gap is not None:
            self.sender.gap = self.gap
        self.town.wired.add(name)
        self._tasks = [
            asyncio.create_task(self.ear.run(self.town.database, "here")),
            asyncio.create_task(Delivery(self.town.database, [self.sender], "here").run()),
        ]
        await self.is_set_up()
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.ear.close()
        await self.sender.close()
        await self._open.aclose()

    async def settles(self) -> None:
        """Until everything that was brought is in, and everything that may go out is out."""

        async def quiet() -> bool:
            if self.api.pending:  # Before the outbox: what comes in now may put something into it.
                return False
            async with self.town.database.reading() as session:
                left = await session.scalar(
                    select(func.count()).where(
                        col(Message.channel) == self.recipe.name,
                        col(Message.status).in_((Status.WAITING, Status.SENDING)),
                        col(Message.not_before) <= clock.now(),
                    )
                )
            return not left and not self.api.pending

        await patiently(quiet, step=0.02)


async def _opened(ear: Ear) -> Ear:
    return ear


class MessengerWire(Wire):
    recipe = Messenger()
    api: GraphApi

    def __init__(self, town: Town, *, human_agent: bool = False) -> None:
        self.human_agent = human_agent
        super().__init__(town)

    def stand_in(self) -> GraphApi:
        return GraphApi(
            **PAGE,
            human_agent=self.human_agent,
            now=lambda: clock.now().timestamp(),
            webhook_backoff=0.05,
            webhook_timeout=5,
        )

    def settings(self) -> dict[str, Any]:
        return {
            "messenger_api_url": self.api.url,
            "messenger_human_agent": self.human_agent,
            **{f"messenger_{name}": value for name, value in PAGE.items()},
        }

    async def is_set_up(self) -> None:
        await patiently(lambda: bool(self.api.profile))
        self.api.webhook_url = f"{self.door.root}/webhooks/messenger"


class TelegramWire(Wire):
    """By webhook. The stand-in lives in the present, and so must the town."""

    recipe = Telegram()
    api: TelegramApi
    gap = None

    def __init__(self, town: Town, *, local: Path | None = None, files_up_to: int = 20) -> None:
        """`local`: the folder of a server of the centre's own; `files_up_to` in megabytes."""
        self.local, self.files_up_to = local, files_up_to
        super().__init__(town)

    def stand_in(self) -> TelegramApi:
        return TelegramApi(TOKEN, webhook_backoff=0.05, webhook_timeout=5, webhook_gap=0, local=self.local)

    def settings(self) -> dict[str, Any]:
        return {
            "telegram_token": TOKEN,
            "telegram_api_url": self.api.url,
            "telegram_webhook_secret": "a-secret",
            "telegram_files_up_to": self.files_up_to,
            "public_url": self.door.root,
        }

    async def is_set_up(self) -> None:
        await patiently(lambda: self.api.updates.webhook is not None)


__all__ = ["HUMAN_AGENT", "PAGE", "MessengerWire", "PublicDoor", "TelegramWire", "Wire"]
