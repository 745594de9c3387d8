"""The same town from another process: the stand-in runs by itself, and this speaks to its control door."""

import base64
import json
from typing import Any, Self

import aiohttp


class Remote:
    """Whatever is called on it is said to the stand-in: `await oksana.writes(text="…")`, `await oksana.screen()`."""

    def __init__(self, api: "RemoteApi", path: str) -> None:
        self._api = api
        self._path = path

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)

        async def say(**asked: Any) -> Any:
            return await self._api.say(f"{self._path}/{name}".strip("/"), asked)

        return say


class RemoteApi(Remote):
    """`async with RemoteApi("http://127.0.0.1:8081") as api: oksana = await api.person(7, "Oksana")`.

    Arguments are given by name. Attributes are asked for like acts: `await api.calls()`. Everything comes back as
    plain JSON.
    """

    def __init__(self, url: str) -> None:
        super().__init__(self, "")
        self.url = url.rstrip("/")
        self.faults = Remote(self, "faults")
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession()
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._session:
            await self._session.close()

    async def person(self, id: int, name: str = "", language_code: str | None = "uk", **more: Any) -> Remote:
        await self.say("person", {"id": id, "name": name, "language_code": language_code, **more})
        return Remote(self, f"person/{id}")

    async def group(self, id: int, title: str = "Group") -> Remote:
        await self.say("group", {"id": id, "title": title})
        return Remote(self, f"group/{id}")

    async def many(self, steps: list[dict[str, Any]]) -> list[Any]:
        """Thousands of acts in one breath: [{"person": 7, "act": "writes", "text": "…"}, …]."""
        return await self.say("many", steps)

    async def say(self, path: str, asked: Any) -> Any:
        assert self._session, "enter it first: async with RemoteApi(...)"
        async with self._session.post(f"{self.url}/control/{path}", data=json.dumps(asked, default=_bytes)) as answer:
            heard = await answer.json()
        if not heard["ok"]:
            raise LookupError(heard["error"])
        return heard["result"]


def _bytes(value: Any) -> str:
    if isinstance(value, bytes):
        return "base64:" + base64.b64encode(value).decode()
    raise TypeError(f"{type(value).__name__} cannot be said over HTTP")
