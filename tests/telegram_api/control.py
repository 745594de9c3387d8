"""The town over HTTP: what a test does to the stand-in in its own process, said from another.

POST /control/person {"id": 7, "name": "Oksana"}; POST /control/person/7/writes {"text": "…"}; GET
/control/person/7/screen; POST /control/faults/refuse_sends {"count": 2}; GET /control/calls; POST /control/many
[{"person": 7, "act": "writes", "text": "…"}]. Bytes are written "base64:…".
"""

import asyncio
import base64
import dataclasses
import inspect
import json
from typing import TYPE_CHECKING, Any

from aiohttp import web

if TYPE_CHECKING:
    from .api import TelegramApi

BYTES = "base64:"


async def control(api: "TelegramApi", request: web.BaseRequest) -> web.Response:
    path = request.path.strip("/").split("/")[1:]
    raw = await request.read()
    try:
        asked = json.loads(raw) if raw else {}
        if path == ["many"]:
            result: Any = [await _act(api, step) for step in asked]
        else:
            result = await _find(api, path, asked)
    except (LookupError, TypeError, ValueError, AttributeError, TimeoutError) as problem:
        words = {"ok": False, "error": f"{type(problem).__name__}: {problem}"}
        return web.json_response(words, status=400)
    api.happened()
    return web.json_response({"ok": True, "result": shown(result)})


def shown(value: Any) -> Any:
    """Anything of the stand-in as JSON."""
    if hasattr(value, "shown"):
        return shown(value.shown())
    if isinstance(value, dict):
        return {str(name): shown(part) for name, part in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [shown(part) for part in value]
    if isinstance(value, bytes):
        return BYTES + base64.b64encode(value).decode()
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {part.name: shown(getattr(value, part.name)) for part in dataclasses.fields(value)}
    return value


def opened(value: Any) -> Any:
    if isinstance(value, str) and value.startswith(BYTES):
        return base64.b64decode(value.removeprefix(BYTES))
    if isinstance(value, list):
        return [opened(part) for part in value]
    return value


async def _act(api: "TelegramApi", step: dict[str, Any]) -> Any:
    return shown(await _find(api, ["person", str(step.pop("person")), step.pop("act")], step))


async def _find(api: "TelegramApi", path: list[str], asked: dict[str, Any]) -> Any:
    if any(part.startswith("_") for part in path):
        raise LookupError("nothing here begins with an underscore")
    asked = {name: opened(value) for name, value in asked.items()}
    there: Any = api
    if path[0] in ("person", "group") and len(path) > 1:
        there = (api.people if path[0] == "person" else api.groups)[int(path[1])]
        path = path[2:]
        if "by" in asked:
            asked["by"] = api.people[int(asked["by"])]
    if path == ["goes_away"]:
        # The answer has to leave first.
        asyncio.get_running_loop().call_later(0.05, lambda: asyncio.ensure_future(api.goes_away(**asked)))
        return True
    for part in path:
        there = getattr(there, part)
    result = there(**asked) if callable(there) else there
    return await result if inspect.isawaitable(result) else result
