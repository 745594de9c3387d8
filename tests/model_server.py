"""A server of models on loopback, in OpenAI's shape: strict about what it is asked, and with bad days."""

import asyncio
import json
from types import TracebackType
from typing import Any, Self

from aiohttp import web

KEY = "a-model-key"

# Bad days by name: a status and a body.
FAULTS: dict[str, tuple[int, str]] = {
    "overloaded": (503, '{"error": {"message": "no slot available"}}'),
    "no key": (401, '{"error": {"message": "Incorrect API key provided"}}'),
    "no model": (404, '{"error": {"message": "model not found"}}'),
    "bad recording": (400, '{"error": {"message": "Invalid file format."}}'),
    "html": (200, "<h1>Welcome</h1>"),
    "a list": (200, "[]"),
    "no choices": (200, '{"choices": []}'),
    "null": (200, '{"choices": [{"message": {"content": null}}], "text": null}'),
}


class ModelServer:
    """`says` is what the chat model answers; `hears` what the speech model hears in bytes it knows."""

    def __init__(self) -> None:
        self.says = "polish_course"
        self.hears: dict[bytes, str] = {}
        self.fault, self.slow = "", 0.0
        self.asked: list[dict[str, Any]] = []
        self.recordings: list[dict[str, str]] = []
        self.url = ""

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=30 << 20)
        app.router.add_post("/v1/chat/completions", self._chat)
        app.router.add_post("/v1/audio/transcriptions", self._speech)
        app.router.add_get("/v1/models", self._models)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}/v1"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._runner.cleanup()

    async def _chat(self, request: web.Request) -> web.Response:
        body = await request.json()
        assert request.headers["Authorization"] == f"Bearer {KEY}" and not request.query
        assert set(body) == {"model", "temperature", "max_tokens", "messages"} and body["model"] == "small"
        assert [message["role"] for message in body["messages"]] == ["system", "user"]
        self.asked.append(body)
        answer = {"choices": [{"index": 0, "message": {"role": "assistant", "content": self.says}}]}
        return await self._answered(json.dumps(answer))

    async def _speech(self, request: web.Request) -> web.Response:
        assert request.headers["Authorization"] == f"Bearer {KEY}" and not request.query
        fields, sound, name = {}, b"", ""
        async for part in await request.multipart():
            if part.name == "file":
                sound, name = bytes(await part.read()), part.filename or ""
            else:
                fields[part.name or ""] = await part.text()
        assert set(fields) <= {"model", "response_format", "language"} and fields["model"] == "whisper"
        assert "." in name and sound
        self.recordings.append({**fields, "name": name})
        return await self._answered(json.dumps({"text": self.hears.get(sound, "")}))

    async def _models(self, request: web.Request) -> web.Response:
        return await self._answered('{"object": "list", "data": [{"id": "small"}, {"id": "whisper"}]}')

    async def _answered(self, answer: str) -> web.Response:
        await asyncio.sleep(self.slow)
        status, body = FAULTS.get(self.fault, (200, answer))
        return web.Response(status=status, text=body, content_type="application/json")
