"""Messenger as a town has it: the strict stand-in on loopback, both real halves of the channel, the desk behind them."""

import asyncio
from typing import Any, Self

from aiohttp import web
from sqlalchemy import func, select
from sqlmodel import col

from bot.channels import BadWebhook, Call
from bot.channels.messenger import FACTS, HUMAN_AGENT, Messenger
from bot.delivery import Delivery
from bot.intake import Intake
from desk import channels, clock
from desk.database import DatabaseAway
from desk.messages import Message, Status
from desk.settings import Settings
from tests.graph_api import GraphApi
from tests.running import patiently
from tests.town import Town

PAGE = {"page_token": "page-token-of-nobody", "app_secret": "an-app-secret", "verify_token": "a-verify-token"}


class MessengerWire:
    """Opens what `poruch run` would open, in this process, so that the town's clock is everybody's."""

    def __init__(self, town: Town, *, human_agent: bool = False) -> None:
        self.town = town
        self.api = GraphApi(
            **PAGE,
            human_agent=human_agent,
            now=lambda: clock.now().timestamp(),
            webhook_backoff=0.05,
            webhook_timeout=5,
        )
        self.human_agent = human_agent
        self._tasks: list[asyncio.Task[Any]] = []

    async def __aenter__(self) -> Self:
        await self.api.__aenter__()
        settings = Settings(
            _env_file=None,
            messenger_api_url=self.api.url,
            messenger_human_agent=self.human_agent,
            public_url="https://help.example.org",
            **{f"messenger_{name}": value for name, value in PAGE.items()},
        )  # type: ignore[call-arg]
        recipe = Messenger()
        channels.know([*channels.in_use(), recipe.facts(settings)])
        self.town.shelf.public_url = "poruch.example"
        self.town.shelf.forget()
        self.intake = Intake(self.town.database, self.town._hear)
        self.ear, self.sender = recipe.open_ear(settings, self.intake), recipe.open_channel(settings)
        self.sender.gap = 0.0
        door = web.Application()
        door.router.add_route("*", "/webhooks/messenger{path:.*}", self._call)
        self._door = web.AppRunner(door)
        await self._door.setup()
        site = web.TCPSite(self._door, "127.0.0.1", 0)
        await site.start()
        port = self._door.addresses[0][1]
        self.api.webhook_url = f"http://127.0.0.1:{port}/webhooks/messenger"
        self.town.wired.add(FACTS.name)
        self._tasks = [
            asyncio.create_task(self.ear.run(self.town.database, "here")),
            asyncio.create_task(Delivery(self.town.database, [self.sender], "here").run()),
        ]
        await patiently(lambda: bool(self.api.profile), within=15)
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.ear.close()
        await self.sender.close()
        await self.api.__aexit__(None, None, None)
        await self._door.cleanup()

    async def _call(self, request: web.Request) -> web.Response:
        """The public door's way of answering: stored, or a status that makes Meta repeat."""
        headers = {name.lower(): value for name, value in request.headers.items()}
        path = request.match_info["path"].strip("/")
        call = Call(request.method, path, request.query, headers, await request.read())
        try:
            answer = await self.ear.webhook(call)
        except BadWebhook as bad:
            return web.Response(status=bad.status, text=bad.sentence)
        except DatabaseAway:
            return web.Response(status=503)
        return web.Response(body=answer.body, content_type=answer.media_type)

    async def settles(self) -> None:
        """Until everything that was brought is in, and everything that may go out is out."""

        async def quiet() -> bool:
            if self.api.pending:  # Before the outbox: what comes in now may put something into it.
                return False
            async with self.town.database.reading() as session:
                left = await session.scalar(
                    select(func.count()).where(
                        col(Message.channel) == FACTS.name,
                        col(Message.status).in_((Status.WAITING, Status.SENDING)),
                        col(Message.not_before) <= clock.now(),
                    )
                )
            return not left and not self.api.pending

        await patiently(quiet, within=15, step=0.02)


__all__ = ["HUMAN_AGENT", "PAGE", "MessengerWire"]
