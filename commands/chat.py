"""poruch chat: the whole conversation in a terminal, on a database that is gone afterwards."""

import asyncio
import contextlib
import secrets
import sys
import tempfile
import threading
from datetime import timedelta
from functools import partial

from sqlalchemy import exists, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from bot.channels.console import FACTS, Console
from bot.delivery import Delivery
from bot.intake import Intake
from bot.rounds import Rounds
from desk import channels, clock, library, logs, schema, sealing
from desk.conversation import Outcome, hear
from desk.database import Database
from desk.handbook import Shelf
from desk.messages import Heard, Message, Status
from desk.people import Person
from desk.settings import Settings

WELCOME = """Write as a person would. A number presses the button with that number; /quit ends.
This is for trying out: nothing of it is kept, and nobody at the centre reads it.
"""

# A script has no eyes: between its lines time is moved on as if somebody had read the answer.
READING = timedelta(seconds=15)


async def talk(settings: Settings) -> None:
    logs.set_up("WARNING")
    # Neither the installation's database nor its key is touched.
    sealing.use_key(secrets.token_urlsafe())
    with tempfile.TemporaryDirectory(prefix="poruch-chat-") as folder:
        database = Database(f"sqlite+aiosqlite:///{folder}/chat.db")
        try:
            await schema.bring_up_to_date(database)
            async with database.transaction() as session:
                await library.load(session)
            await _converse(database, Shelf(settings.zone, settings.public_url))
        finally:
            await database.close()


async def _converse(database: Database, shelf: Shelf) -> None:
    """Intake, delivery and rounds as `poruch run` has them, with one channel."""
    channels.know([FACTS])

    async def hear_(session: AsyncSession, heard: Heard) -> Outcome:
        return await hear(session, heard, await shelf.book(session))

    console, intake = Console(partial(print, flush=True)), Intake(database, hear_)
    works = Delivery(database, [console], "chat").run(), Rounds(database, shelf, "chat").run()
    tasks = [asyncio.create_task(work) for work in works]
    try:
        await _listen(console, intake, database)
    finally:
        clock.stand_at(None)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _listen(console: Console, intake: Intake, database: Database) -> None:
    lines, by_hand = _typed(), sys.stdin.isatty()
    if not by_hand:
        clock.stand_at(clock.now())
    print(WELCOME, flush=True)
    while (line := await lines.get()) is not None and line.strip() != "/quit":
        if not line.strip():
            continue
        if not by_hand:
            print(f"> {line}", flush=True)
            clock.move_on(READING)
        outcome = await intake.take(console.heard(line))
        if outcome.popup:
            print(f"    {outcome.popup}\n", flush=True)
        if outcome.set_aside:
            print("    (Poruch broke on this line; a real one would have been set aside for staff.)\n", flush=True)
        if not by_hand:
            await _answered(database)


def _typed() -> "asyncio.Queue[str | None]":
    """The lines of standard input as they come, then None.

    Read in a thread of its own, which does not keep the program from ending, and past sys.stdin, which it would hold
    locked at that moment; the loop itself can wait for terminals and pipes, but not for files.
    """
    lines: asyncio.Queue[str | None] = asyncio.Queue()
    loop = asyncio.get_running_loop()

    def read() -> None:
        with (
            contextlib.suppress(RuntimeError),  # The loop has ended before the keyboard.
            open(sys.stdin.fileno(), encoding="utf-8", errors="replace", closefd=False) as keyboard,
        ):
            for line in keyboard:
                loop.call_soon_threadsafe(lines.put_nowait, line.rstrip("\r\n"))
            loop.call_soon_threadsafe(lines.put_nowait, None)

    threading.Thread(target=read, daemon=True).start()
    return lines


async def _answered(database: Database) -> None:
    """Let a script's clock run until nothing waits to be printed and no burst waits for its end."""
    waits = or_(
        exists().where(col(Message.status).in_([Status.WAITING, Status.SENDING])),
        exists().where(col(Person.answer_due_at).is_not(None)),
    )
    while True:
        async with database.reading() as session:
            if not await session.scalar(select(waits)):
                return
        await asyncio.sleep(0.05)
        clock.move_on(timedelta(seconds=1))
