"""Both halves of the Telegram channel on the real wire, with the desk behind them and no process between."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
from sqlalchemy import select
from sqlmodel import col

from bot.channels.telegram.hearing import TelegramEar
from bot.channels.telegram.sending import TelegramSender
from bot.delivery import Delivery
from bot.intake import Intake
from desk.database import Database
from desk.messages import Direction, Message, SetAside
from tests.running import TOKEN
from tests.telegram_api import TelegramApi
from tests.town import Town


@dataclass
class Line:
    """The centre's end of Telegram."""

    town: Town
    ear: TelegramEar
    sender: TelegramSender

    async def heard(self) -> list[Message]:
        """Everything heard, in its order."""
        async with self.town.database.reading() as session:
            query = select(Message).where(col(Message.direction) == Direction.HEARD).order_by(col(Message.id))
            return list(await session.scalars(query))

    async def set_aside(self) -> list[SetAside]:
        async with self.town.database.reading() as session:
            return list(await session.scalars(select(SetAside).order_by(col(SetAside.id))))


@pytest.fixture
async def deaf_line(database_url: str, telegram: TelegramApi) -> AsyncIterator[Line]:
    """A line on which nobody listens yet: updates are handed to the ear by the test."""
    database = Database(database_url)
    town = Town(database)
    # The real intake, which sets aside what it cannot handle.
    intake = Intake(database, town._hear)
    ear = TelegramEar(TOKEN, telegram.url, intake, secret="a-secret")
    sender = TelegramSender(TOKEN, telegram.url)
    yield Line(town, ear, sender)
    await ear.close()
    await sender.close()
    await town.closes_its_doors()
    await database.close()


@pytest.fixture
async def line(deaf_line: Line) -> AsyncIterator[Line]:
    """A line that polls and delivers."""
    working = [
        asyncio.create_task(deaf_line.ear.poll()),
        asyncio.create_task(Delivery(deaf_line.town.database, [deaf_line.sender], "here").run()),
    ]
    yield deaf_line
    for task in working:
        task.cancel()
    await asyncio.gather(*working, return_exceptions=True)
