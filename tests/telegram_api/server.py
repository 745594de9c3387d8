"""The door on loopback: reads what a bot posts, lets faults strike, and answers in Telegram's shape."""

import asyncio
import contextlib
import inspect
import json
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from aiohttp import web

from .api import Call, too_many
from .control import control
from .faults import PAGE, SENDS, Fault
from .methods import METHODS, Described
from .query import Query, Refused, Upload, bad_request
from .wording import compact

if TYPE_CHECKING:
    from .api import TelegramApi

LARGEST_REQUEST = 52 << 20
LOOPBACK = "127.0.0.1"


class Door:
    def __init__(self, api: "TelegramApi") -> None:
        self.api = api
        self._server = web.Server(self._come_in, access_log=None, request_factory=self._request)  # type: ignore[arg-type]
        self._runner = web.ServerRunner(self._server, shutdown_timeout=0.1)
        self._site: web.TCPSite | None = None

    async def open(self, port: int) -> int:
        if self._site:
            return port
        if self._runner.server is None:
            await self._runner.setup()
        self._site = web.TCPSite(self._runner, LOOPBACK, port, backlog=1024)
        await self._site.start()
        return self._runner.addresses[0][1]

    async def close(self) -> None:
        if self._site:
            await self._site.stop()
            self._site = None
        for connection in self._server.connections:
            if connection.transport:
                connection.transport.abort()

    async def shut(self) -> None:
        if self._site:
            await self._site.stop()
        await self._runner.cleanup()

    def _request(self, message: Any, payload: Any, protocol: Any, writer: Any, task: Any) -> web.BaseRequest:
        loop = asyncio.get_running_loop()
        return web.BaseRequest(message, payload, protocol, writer, task, loop, client_max_size=LARGEST_REQUEST)

    async def _come_in(self, request: web.BaseRequest) -> web.StreamResponse:
        parts = request.path.split("/", 3)
        if parts[1].startswith("bot") and len(parts) > 2:
            if words := self._stranger(parts[1].removeprefix("bot")):
                return refusal(Refused(401, words))
            try:
                return await self._call(request, "/".join(parts[2:]))
            except web.HTTPRequestEntityTooLarge:
                return refusal(Refused(413, "Request Entity Too Large"))
        if parts[1] == "file" and len(parts) > 3:
            return self._file(parts[2], parts[3])
        if parts[1] == "control":
            return await control(self.api, request)
        return refusal(Refused(404, "Not Found"))

    def _stranger(self, token: str) -> str:
        if token == self.api.token:
            return ""
        return "Unauthorized" if ":" in token else "Unauthorized: invalid token specified"

    async def _call(self, request: web.BaseRequest, name: str) -> web.StreamResponse:
        api, method = self.api, name.lower()
        query = Query(method, *await read(request))
        call = Call(api.now(), name, query.shown())
        api.calls.append(call)
        api.happened()
        try:
            held, fault, body = await self._answer(query, call)
        except Refused as no:
            held, fault, body = 0.0, None, None
            call.status, call.error = no.code, no.description
            api.happened()
            return refusal(no)
        api.happened()
        if held:
            await asyncio.sleep(held)
        if fault and fault.kind == "drop":
            assert request.transport
            request.transport.abort()
            return web.Response(status=499)
        call.status = fault.status if fault else 200
        if fault:
            return spoiled(fault)
        assert body is not None
        return web.Response(body=body, content_type="application/json")

    async def _answer(self, query: Query, call: Call) -> tuple[float, Fault | None, bytes | None]:
        api, method = self.api, query.method
        chat_id = query.number("chat_id")
        if method in SENDS or (method.startswith("edit") and chat_id < 0):
            api.flood.arrives(call.method, chat_id, call.time)
            if seconds := api.flood.waiting(chat_id, call.time):
                raise too_many(seconds)
        held, fault = api.faults.strike(method)
        if fault and fault.kind == "flood":
            api.flood.tell(int(fault.seconds), api.now())
            raise too_many(int(fault.seconds))
        if fault:
            call.fault = fault.kind
            if not fault.performed:
                return held, fault, None
        do = METHODS.get(method)
        if do is None:
            raise Refused(404, "Not Found")
        try:
            result = do(api, query)
            if inspect.isawaitable(result):
                result = await result
        except Refused:
            # A slow server is slow to refuse as well.
            await asyncio.sleep(held)
            raise
        return held, fault, accepted(result)

    def _file(self, door: str, path: str) -> web.StreamResponse:
        file = self.api.files.by_path.get(path)
        if door != f"bot{self.api.token}" or file is None:
            return refusal(Refused(404, "Not Found"))
        return web.Response(body=file.read(), content_type="application/octet-stream")


async def read(request: web.BaseRequest) -> tuple[dict[str, str], dict[str, Upload]]:
    """Telegram takes parameters from the address, a form, a multipart form or JSON, and does not mind which."""
    args = dict(parse_qsl(request.query_string, keep_blank_values=True)) if request.query_string else {}
    files: dict[str, Upload] = {}
    if not request.body_exists:
        return args, files
    if request.content_type == "application/x-www-form-urlencoded":
        args.update(parse_qsl((await request.read()).decode(errors="replace"), keep_blank_values=True))
    elif request.content_type == "multipart/form-data":
        for name, value in (await request.post()).items():
            if isinstance(value, web.FileField):
                files[name] = Upload(value.filename, value.content_type, value.file.read())
            else:
                args[name] = value if isinstance(value, str) else bytes(value).decode(errors="replace")
    elif request.content_type == "application/json" and (body := await request.read()):
        args.update(_from_json(body))
    return args, files


def accepted(result: Any) -> bytes:
    if isinstance(result, bytes):
        return b'{"ok":true,"result":' + result + b"}"
    if isinstance(result, Described):
        return compact({"ok": True, "result": result.result, "description": result.description})
    return compact({"ok": True, "result": result})


def refusal(no: Refused) -> web.Response:
    body: dict[str, Any] = {"ok": False, "error_code": no.code, "description": no.description}
    headers = {}
    if no.parameters:
        body["parameters"] = no.parameters
    if "retry_after" in no.parameters:
        headers["Retry-After"] = str(no.parameters["retry_after"])
    return web.Response(body=compact(body), status=no.code, headers=headers, content_type="application/json")


def spoiled(fault: Fault) -> web.Response:
    if fault.kind == "nonsense":
        return web.Response(body=b'{"ok":tru<!-- upstream', content_type="application/json")
    page = PAGE.format(f"{fault.status} {HTTPStatus(fault.status).phrase}")
    return web.Response(text=page, status=fault.status, content_type="text/html")


def _from_json(body: bytes) -> dict[str, str]:
    parsed: Any = None
    with contextlib.suppress(ValueError):
        parsed = json.loads(body)
    if not isinstance(parsed, dict):
        raise bad_request("can't parse parameters JSON object")
    return {
        name: value if isinstance(value, str) else json.dumps(value)
        for name, value in parsed.items()
        if value is not None
    }
