"""The ground a bench stands on: a database of its own, and Poruch as real processes on it."""

import asyncio
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import sqlalchemy
from sqlalchemy.ext.asyncio import create_async_engine

from desk import clock, ids, library, schema
from desk.database import Database
from desk.settings import Settings

ROOT = Path(__file__).parent.parent.parent
KEY = "a key for measuring only, of no use to anybody"


@asynccontextmanager
async def scratch(server: str) -> AsyncIterator[str]:
    """The address of a new database with schema and starter content, gone afterwards. No server means SQLite."""
    if not server:
        with tempfile.TemporaryDirectory(prefix="poruch-bench-") as folder:
            url = f"sqlite+aiosqlite:///{folder}/poruch.db"
            await _fill(url)
            yield url
        return
    base = Settings(database_url=server).database
    name = f"poruch_bench_{ids.token()[:10].lower().replace('-', 'x').replace('_', 'x')}"
    root, _, query = base.partition("?")
    url = root.rpartition("/")[0] + f"/{name}" + (f"?{query}" if query else "")
    await _on_server(base, f'CREATE DATABASE "{name}"')
    try:
        await _fill(url)
        yield url
    finally:
        await _on_server(base, f'DROP DATABASE "{name}" WITH (FORCE)')


async def _fill(url: str) -> None:
    database = Database(url)
    await schema.bring_up_to_date(database)
    async with database.transaction() as session:
        await library.load(session)
    await database.close()


async def _on_server(url: str, statement: str) -> None:
    engine = create_async_engine(url, isolation_level="AUTOCOMMIT")
    async with engine.connect() as connection:
        await connection.execute(sqlalchemy.text(statement))
    await engine.dispose()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Running:
    """One process of `poruch run`. Listens on loopback; its settings are these alone, whatever the surroundings say."""

    def __init__(self, url: str, folder: Path, parts: Sequence[str] = (), port: int = 0, **settings: str) -> None:
        self.parts, self.port = parts, port or free_port()
        self.root = f"http://127.0.0.1:{self.port}"
        command = [sys.executable, str(ROOT / "poruch.py"), "run", "--port", str(self.port)]
        for part in parts:
            command += ["--part", part]
        ours = {
            "PORUCH_DATA_DIR": str(folder),
            "PORUCH_DATABASE_URL": url,
            "PORUCH_SECRET_KEY": KEY,
            "PORUCH_PUBLIC_URL": self.root,
        }
        self.log = folder / f"log-{time.monotonic_ns()}.txt"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                command, cwd=folder, env=_surroundings() | ours | settings, stdout=log, stderr=subprocess.STDOUT
            )

    async def is_ready(self, within: float = 60.0) -> None:
        deadline = clock.ticks() + within
        async with httpx.AsyncClient() as client:
            while clock.ticks() < deadline and self.process.poll() is None:
                if self.parts and "web" not in self.parts:
                    return
                try:
                    if (await client.get(f"{self.root}/health/ready", timeout=2)).status_code == 200:
                        return
                except httpx.HTTPError:
                    pass
                await asyncio.sleep(0.05)
        raise RuntimeError(f"poruch did not become ready:\n{self.log.read_text()[-2000:]}")

    def processor_seconds(self) -> float:
        """User and system time this process has had so far; Linux only."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    async def is_calm(self, within: float = 60.0) -> None:
        """Return when the process has stopped loading what it loads behind its first pages."""
        deadline = clock.ticks() + within
        while clock.ticks() < deadline:
            before = self.processor_seconds()
            await asyncio.sleep(0.5)
            if self.processor_seconds() - before < 0.1:
                return

    def stop(self) -> None:
        if self.process.poll() is not None:
            return
        self.process.terminate()
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def _surroundings() -> dict[str, str]:
    # Compiled modules may be kept: a process that is killed ten times need not compile them eleven times.
    ours = ("PORUCH_", "PYTHONDONTWRITEBYTECODE")
    return {name: value for name, value in os.environ.items() if not name.startswith(ours)}


@asynccontextmanager
async def house(url: str, web: int, **settings: str) -> AsyncIterator[list[Running]]:
    """Poruch on this database: one process, or several web processes with one that delivers and makes the rounds."""
    with tempfile.TemporaryDirectory(prefix="poruch-bench-") as folder:
        plan: list[Sequence[str]] = [()] if web == 1 else [*[("web",)] * web, ("delivery", "rounds")]
        running = [Running(url, Path(folder), parts, 0, **settings) for parts in plan]
        try:
            for one in running:
                await one.is_ready()
            yield running
        finally:
            for one in running:
                one.stop()
