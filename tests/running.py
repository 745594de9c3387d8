"""Poruch as a real process, and Telegram beside it: for tests that kill, starve and flood."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2

ROOT = Path(__file__).parent.parent
TOKEN = "123456:test-token-of-nobody"


def free_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class House:
    """One running `poruch run`, with what is needed to start it again after it has died."""

    url: str
    data_dir: Path
    telegram_url: str = ""
    secret: str = ""
    parts: Sequence[str] = ()
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None
    log: Path | None = None

    @property
    def root(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def environment(self) -> dict[str, str]:
        # Compiled modules may be kept: a process that is killed ten times need not compile them eleven times.
        given = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        return {
            **{name: value for name, value in given.items() if not name.startswith("PORUCH_")},
            "PORUCH_DATA_DIR": str(self.data_dir),
            "PORUCH_DATABASE_URL": self.url,
            "PORUCH_SECRET_KEY": "a key for tests only, of no use to anybody",
            "PORUCH_PUBLIC_URL": self.root,
            "PORUCH_TELEGRAM_TOKEN": TOKEN if self.telegram_url else "",
            "PORUCH_TELEGRAM_API_URL": self.telegram_url or "http://127.0.0.1:1",
            "PORUCH_TELEGRAM_WEBHOOK_SECRET": self.secret,
        }

    async def start(self) -> None:
        """Start the process and wait until it is ready."""
        self.data_dir.mkdir(parents=True, exist_ok=True)
        self.log = self.data_dir / f"log-{time.monotonic_ns()}.txt"
        command = [sys.executable, "poruch.py", "run", "--port", str(self.port)]
        for part in self.parts:
            command += ["--part", part]
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(command, cwd=ROOT, env=self.environment(), stdout=log, stderr=log)
        await self.is_ready()

    async def is_ready(self, within: float = 120.0) -> None:
        if self.parts and "web" not in self.parts:
            return
        deadline = time.monotonic() + within
        async with httpx2.AsyncClient() as client:
            while time.monotonic() < deadline:
                assert self.process is not None
                if self.process.poll() is not None:
                    raise AssertionError(f"poruch has ended: {self.said()}")
                try:
                    if (await client.get(f"{self.root}/health/ready", timeout=2)).status_code == 200:
                        return
                except httpx2.HTTPError:
                    pass
                await asyncio.sleep(0.05)
        raise AssertionError(f"poruch did not become ready: {self.said()}")

    def said(self) -> str:
        return self.log.read_text()[-3000:] if self.log else ""

    def dies(self) -> None:
        """kill -9: no last words."""
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stops(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(15)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


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
