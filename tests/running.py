"""Poruch as a real process, and Telegram beside it: for tests that kill, starve and flood."""

import asyncio
import signal
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from commands.bench.ground import Running, free_port

TOKEN = "123456:test-token-of-nobody"


@dataclass
class House:
    """One `poruch run`, with what is needed to start it again on the same port after it has died."""

    url: str
    data_dir: Path
    telegram_url: str = ""
    secret: str = ""
    parts: Sequence[str] = ()
    settings: Mapping[str, str] = field(default_factory=dict)  # Further ones, by their names in the environment.
    port: int = field(default_factory=free_port)
    running: Running | None = None

    @property
    def root(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def start(self) -> None:
        """Start the process and wait until it is ready."""
        self.data_dir.mkdir(parents=True, exist_ok=True)
        self.running = Running(
            self.url,
            self.data_dir,
            self.parts,
            self.port,
            PORUCH_TELEGRAM_TOKEN=TOKEN if self.telegram_url else "",
            PORUCH_TELEGRAM_API_URL=self.telegram_url or "http://127.0.0.1:1",
            PORUCH_TELEGRAM_WEBHOOK_SECRET=self.secret,
            **self.settings,
        )
        await self.running.is_ready(within=120)

    def dies(self) -> None:
        """kill -9: no last words."""
        assert self.running is not None
        self.running.process.send_signal(signal.SIGKILL)
        self.running.process.wait()

    def stops(self) -> None:
        if self.running is not None:
            self.running.stop()


async def patiently(condition: Any, within: float = 60.0, step: float = 0.1) -> None:
    """Wait until `condition()` (or what it awaits) holds."""
    deadline = time.monotonic() + within
    while True:
        held = condition()
        if asyncio.iscoroutine(held):
            held = await held
        if held:
            return
        if time.monotonic() > deadline:
            raise AssertionError("it did not happen in time")
        await asyncio.sleep(step)
