"""The door on loopback: knows who asks, lets faults strike, and answers in Graph's shape."""

import asyncio
import hmac
import json
import re
from typing import TYPE_CHECKING, Any

from aiohttp import hdrs, web

from . import profile
from .people import Told
from .refusals import Refused, bad, unknown_object
from .sends import Upload, send

if TYPE_CHECKING:
    from .api import Call, GraphApi

VERSIONED = re.compile(r"/v\d+\.\d/(.+)")
LARGEST_REQUEST = 64 << 20


class Door:
    def __init__(self, api: "GraphApi") -> None:
        self.api = api
        app = web.Application(client_max_size=LARGEST_REQUEST)
        app.router.add_get("/cdn/{token}{name:.*}", self._file)
        app.router.add_route("*", "/{path:.*}", self._come_in)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)

    async def open(self) -> int:
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0, backlog=1024).start()
        return int(self._runner.addresses[0][1])

    async def shut(self) -> None:
        await self._runner.cleanup()

    async def _come_in(self, request: web.Request) -> web.StreamResponse:
        call = self.api.called(request.method, request.path)
        try:
            return await self._answer(request, call)
        except Refused as no:
            call.status, call.code, call.subcode = no.status, no.code, no.subcode
            if no.careless:
                self.api.violate(f"{call.method} {call.path}: {no}")
            self.api.happened()
            return web.json_response(no.shown(), status=no.status)

    async def _answer(self, request: web.Request, call: "Call") -> web.StreamResponse:
        asked, upload = await read(request)
        shown = {"name": upload.name, "mime": upload.mime, "size": len(upload.content)} if upload else None
        call.params = {**asked, **({"filedata": shown} if shown else {})}
        in_the_open = call.params.pop("access_token", None) or "access_token" in request.query
        if in_the_open:
            self.api.violate(f"{call.method} {call.path}: the token belongs into the header, where no log shows it")
        token = request.headers.get(hdrs.AUTHORIZATION, "")
        if in_the_open or not hmac.compare_digest(token.encode(), f"Bearer {self.api.page_token}".encode()):
            raise Refused(190, "Invalid OAuth access token.")
        if call.method == "POST" and call.edge == "messages":
            self._own(call)
            if request.query:
                raise bad("What is sent belongs into the body")
            return await self._send(request, call, asked, upload)
        return self._accept(call, self._look(call, asked))

    def _look(self, call: "Call", asked: dict[str, Any]) -> dict[str, Any]:
        """Everything but sending."""
        if call.edge in self.api.refuses:
            raise Refused(self.api.refuses[call.edge], "Injected")
        if call.edge == "messenger_profile" and call.method in ("GET", "POST", "DELETE"):
            self._own(call)
            return profile.messenger_profile(self.api, call.method, asked)
        if call.edge == "subscribed_apps" and call.method in ("GET", "POST"):
            self._own(call)
            return profile.subscribed_apps(self.api, call.method, asked)
        if call.edge or call.method != "GET":
            raise unknown_object(call.method, call.node)
        if call.node in ("me", self.api.page_id):
            return profile.page(self.api, asked)
        return profile.person(self.api, call.node, asked)

    def _own(self, call: "Call") -> None:
        if call.node not in ("me", self.api.page_id):
            raise unknown_object(call.method, call.node)

    async def _send(
        self, request: web.Request, call: "Call", asked: dict[str, Any], upload: Upload | None
    ) -> web.StreamResponse:
        api = self.api
        held, fault = api.faults.strike() if "message" in asked else (0.0, None)
        call.fault = fault.kind if fault else ""
        result: dict[str, Any] = {}
        told: Told | None = None
        if fault is None or fault.performed:
            result, told = send(api, asked, upload)
            api.happened()
        before = bool(api.echo_first or api.holds_echoes or held or fault)
        if told and before:
            echo = api.confirm(asked["recipient"]["id"], told)
            if echo and api.echo_first and api.webhook_url:
                await echo.tried.wait()
        await asyncio.sleep(held)
        if fault and fault.refusal:
            raise fault.refusal
        if fault:
            assert request.transport
            request.transport.abort()
            api.happened()
            return web.Response(status=499)
        answer = self._accept(call, result)
        if told and not before:
            # The echo sets out when the answer is on its way, so that it comes second nearly always.
            try:
                await answer.prepare(request)
                await answer.write_eof()
            finally:
                api.confirm(asked["recipient"]["id"], told)
        return answer

    def _accept(self, call: "Call", result: dict[str, Any]) -> web.Response:
        call.status = 200
        self.api.happened()
        return web.json_response(result)

    async def _file(self, request: web.Request) -> web.StreamResponse:
        if hdrs.AUTHORIZATION in request.headers or "access_token" in request.query:
            self.api.violate("the page's token was shown to the CDN, which needs none")
        file = self.api.files.by_token.get(request.match_info["token"])
        if file is None:
            return web.Response(status=403, text="Bad URL hash")
        if self.api.now() > file.until:
            return web.Response(status=410, text="URL signature expired")
        file.downloads += 1
        self.api.happened()
        return web.Response(body=file.content, content_type=file.mime)


def address(path: str) -> tuple[str, str]:
    """The node and the edge: who is asked, and for what of theirs; nothing when the path is none of Graph's."""
    found = VERSIONED.fullmatch(path)
    parts = found[1].split("/") if found else []
    return (parts[0], parts[1] if len(parts) > 1 else "") if 0 < len(parts) < 3 else ("", "")


async def read(request: web.Request) -> tuple[dict[str, Any], Upload | None]:
    """Parameters come in the address, as JSON, or in a form with a file, where objects are written as JSON."""
    if not address(request.path)[0]:
        raise Refused(2500, f"Unknown path components: {request.path}", status=404, careless=True)
    asked: dict[str, Any] = {name: value for name, value in request.query.items() if name != "access_token"}
    upload = None
    if not request.body_exists:
        return asked, upload
    if request.content_type == "application/json":
        return {**asked, **_object(await request.read())}, upload
    if request.content_type != "multipart/form-data":
        raise bad("A body is JSON or multipart/form-data")
    for name, value in (await request.post()).items():
        if isinstance(value, web.FileField):
            if name != "filedata" or upload:
                raise bad("One file may come, and is called filedata")
            mime = value.content_type if hdrs.CONTENT_TYPE in value.headers else ""
            upload = Upload(value.filename, mime, value.file.read())
        else:
            text = value if isinstance(value, str) else bytes(value).decode(errors="replace")
            asked[name] = _object(text) if name in ("recipient", "message") else text
    return asked, upload


def _object(text: str | bytes) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except ValueError:
        raise bad("Not valid JSON") from None
    if not isinstance(value, dict):
        raise bad("Not a JSON object")
    return value
