"""A LibreTranslate on loopback, in its own words and on its bad days, for tests and for trying things out by hand."""

import argparse
import asyncio
import json
from dataclasses import dataclass
from html import escape
from http import HTTPStatus
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

NAMES = {"en": "English", "pl": "Polish", "ru": "Russian", "uk": "Ukrainian"}

HTML = "<!doctype html><html lang=en><title>{0}</title><h1>{0}</h1>"

# What `fails` knows by name. The sentences are those of the real server.
FAULTS: dict[str, tuple[int, Any]] = {
    "throttled": (429, {"error": "Slowdown: 100 per 1 minute"}),
    "banned": (403, {"error": "Too many request limits violations"}),
    "key wanted": (400, {"error": "Visit https://portal.libretranslate.com to get an API key"}),
    "error": (500, {"error": "Cannot translate text: out of memory"}),
    "no model": (
        500,
        {
            "error": "Cannot translate text: 400 Bad Request: "
            "Polish (pl) is not available as a target language from Ukrainian (uk)"
        },
    ),
    "gateway": (502, HTML.format("502 Bad Gateway")),
    "too large": (413, HTML.format("413 Request Entity Too Large")),
    "moved": (301, HTML.format("301 Moved Permanently")),
    "html": (200, HTML.format("Welcome")),
    "no translation": (200, {"detectedLanguage": {"confidence": 0.0, "language": "en"}}),
    "wrong type": (200, {"translatedText": 7}),
    "null": (200, {"translatedText": None}),
    "a list": (200, ["Dzień dobry"]),
    "too many": (200, {"translatedText": ["Dzień dobry", "Dzień dobry", "Dzień dobry"]}),
    "empty": (200, {"translatedText": " "}),
    "half a letter": (200, {"translatedText": "Dzień dobry \ud83d"}),
}


@dataclass
class Asked:
    """One request as it came in; `target` is what an access log would keep."""

    method: str
    target: str
    headers: dict[str, str]
    body: dict[str, Any]

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    @property
    def query(self) -> dict[str, str]:
        return dict(parse_qsl(urlsplit(self.target).query))


class TranslateServer:
    """What it knows it translates; anything else comes back with a mark, such as "[pl] Добрий день".

    No keys means that any key, or none, will do. `text_limit` counts the characters of each text, `batch_limit`
    the texts of one request. `without` names pairs it has no model for.
    """

    def __init__(
        self,
        *,
        keys: tuple[str, ...] = (),
        text_limit: int | None = None,
        batch_limit: int | None = None,
        without: tuple[tuple[str, str], ...] = (),
    ) -> None:
        self.keys, self.text_limit, self.batch_limit, self.without = keys, text_limit, batch_limit, without
        self.requests: list[Asked] = []
        self.violations: list[str] = []
        self.port = 0
        self._known: dict[tuple[str, str], dict[str, str]] = {}
        self._fault: str | tuple[int, Any] | None = None
        self._times: int | None = None
        self._delay = 0.0
        self._listening: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def texts(self) -> list[str]:
        """Every text it was asked to translate, in order."""
        asked = [request.body.get("q", []) for request in self.requests if request.path == "/translate"]
        return [text for q in asked for text in (q if isinstance(q, list) else [q])]

    def knows(self, source: str, target: str, texts: dict[str, str]) -> None:
        """Teach it; a text of several lines is taught line by line too, since that is how it may be asked."""
        known = self._known.setdefault((source, target), {})
        for text, translated in texts.items():
            known[text.strip()] = translated
            ours, theirs = text.splitlines(), translated.splitlines()
            if len(ours) == len(theirs) > 1:
                known.update({one.strip(): other.strip() for one, other in zip(ours, theirs, strict=True)})

    def fails(self, fault: str | tuple[int, Any], times: int | None = None) -> None:
        """Answer with a fault of FAULTS, with "drops" or "drips", or with a status and a body of one's own."""
        if isinstance(fault, str) and fault not in {*FAULTS, "drops", "drips"}:
            raise ValueError(f"There is no fault {fault!r}")
        self._fault, self._times = fault, times

    def slow(self, seconds: float) -> None:
        self._delay = seconds

    def works(self) -> None:
        """Be well again."""
        self._fault, self._times, self._delay = None, None, 0.0

    async def start(self, port: int = 0) -> Self:
        self._listening = await asyncio.start_server(self._converse, "127.0.0.1", port or self.port)
        self.port = self._listening.sockets[0].getsockname()[1]
        return self

    async def stop(self) -> None:
        """Refuse connections and end those there are; `start` opens the same port again."""
        if self._listening:
            self._listening.close()
        for connection in self._connections:
            connection.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)
        self._listening = None

    async def __aenter__(self) -> Self:
        return await self.start()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = asyncio.current_task()
        assert connection
        self._connections.add(connection)
        try:
            while asked := await _read(reader):
                self.requests.append(asked)
                if asked.path in ("/translate", "/detect", "/m", "/get"):
                    await asyncio.sleep(self._delay)
                    fault = self._take_fault()
                else:
                    fault = None
                if fault == "drops":
                    return
                if fault == "drips":
                    await _drip(writer)
                answer = FAULTS[fault] if isinstance(fault, str) else fault or self._answer(asked)
                writer.write(_response(*answer))
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # The other side has hung up, or the server was stopped.
        finally:
            self._connections.discard(connection)
            writer.close()

    def _take_fault(self) -> str | tuple[int, Any] | None:
        if self._times is not None:
            self._times -= 1
            if self._times < 0:
                self._fault = self._times = None
        return self._fault

    def _answer(self, asked: Asked) -> tuple[int, Any]:
        routes = {
            ("POST", "/translate"): self._translate,
            ("POST", "/detect"): self._detect,
            ("GET", "/languages"): self._languages,
            ("GET", "/health"): lambda _: (200, {"status": "ok"}),
            ("GET", "/m"): self._google,
            ("GET", "/get"): self._mymemory,
        }
        route = routes.get((asked.method, asked.path))
        if not route:
            known = any(path == asked.path for _, path in routes)
            return (405, HTML.format("405 Method Not Allowed")) if known else (404, HTML.format("404 Not Found"))
        if asked.path in ("/translate", "/detect") and asked.query.keys() & {"q", "api_key"}:
            # The real server would take it, and every access log on the way would keep it.
            self.violations.append(f"{', '.join(sorted(asked.query))} in the address of {asked.path}")
            return 400, {"error": "Texts and keys belong in the body"}
        try:
            return route(asked)
        except _Refused as refused:
            return 400, {"error": str(refused)}

    def _translate(self, asked: Asked) -> tuple[int, Any]:
        if "" in asked.body:
            return 400, {"error": asked.body[""]}
        key = asked.body.get("api_key")
        if self.keys and key not in self.keys:
            if key:
                return 403, {"error": "Invalid API key"}
            raise _Refused("Please contact the server operator to get an API key")
        q, source, target = (_wanted(asked, name) for name in ("q", "source", "target"))
        texts = q if isinstance(q, list) else [q]
        if isinstance(q, list) and self.batch_limit is not None and len(q) > self.batch_limit:
            raise _Refused(f"Invalid request: request ({len(q)}) exceeds text limit ({self.batch_limit})")
        for text in texts:
            if self.text_limit is not None and len(text) > self.text_limit:
                raise _Refused(f"Invalid request: request ({len(text)}) exceeds text limit ({self.text_limit})")
        detected = _detected(" ".join(texts)) if source == "auto" else None
        source = detected["language"] if detected else source
        for language in (source, target):
            if language not in NAMES:
                raise _Refused(f"{language} is not supported")
        kind = asked.body.get("format") or "text"
        if kind not in ("text", "html"):
            raise _Refused(f"{kind} format is not supported")
        if (source, target) in self.without:
            raise _Refused(
                f"{NAMES[target]} ({target}) is not available as a target language from {NAMES[source]} ({source})"
            )
        translated = [self._say(text, source, target) for text in texts]
        answer: dict[str, Any] = {"translatedText": translated if isinstance(q, list) else translated[0]}
        if detected:
            answer["detectedLanguage"] = [detected] * len(q) if isinstance(q, list) else detected
        return 200, answer

    def _say(self, text: str, source: str, target: str) -> str:
        return self._known.get((source, target), {}).get(text.strip(), f"[{target}] {text}")

    def _detect(self, asked: Asked) -> tuple[int, Any]:
        return 200, [_detected(str(_wanted(asked, "q")))]

    def _languages(self, asked: Asked) -> tuple[int, Any]:
        targets = {code: [other for other in NAMES if (code, other) not in self.without] for code in NAMES}
        return 200, [{"code": code, "name": name, "targets": targets[code]} for code, name in NAMES.items()]

    def _google(self, asked: Asked) -> tuple[int, Any]:
        """The page that deep-translator reads when a centre has chosen Google."""
        query = asked.query
        said = self._say(query["q"], query["sl"], query["tl"])
        return 200, f'<!doctype html><html><body><div class="result-container">{escape(said)}</div></body></html>'

    def _mymemory(self, asked: Asked) -> tuple[int, Any]:
        """MyMemory answers complaints with 200, in the place of the translation, and apostrophes as HTML."""
        text = asked.query["q"]
        source, target = (code.partition("-")[0] for code in asked.query["langpair"].split("|"))
        said = escape(self._say(text, source, target))
        if len(text.encode()) > 500:
            said = "QUERY LENGTH LIMIT EXCEEDED. MAX ALLOWED QUERY : 500 CHARS"
        return 200, {"responseData": {"translatedText": said}, "responseStatus": 200, "matches": []}


class _Refused(Exception):
    """A 400, with the sentence the real server gives."""


def _wanted(asked: Asked, name: str) -> Any:
    value = asked.body.get(name)
    if not value:
        raise _Refused(f"Invalid request: missing {name} parameter")
    return value


def _detected(text: str) -> dict[str, Any]:
    letters = set(text.lower())
    for language, telling in (("uk", "іїєґ"), ("ru", "ыэёъ"), ("pl", "ąćęłńśźż"), ("uk", "аеиоущ")):
        if letters & set(telling):
            return {"confidence": 100.0, "language": language}
    return {"confidence": 0.0 if not any(map(str.isalpha, text)) else 90.0, "language": "en"}


async def _read(reader: asyncio.StreamReader) -> Asked | None:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    method, target, _ = head[0].split(" ")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)}
    raw = await reader.readexactly(int(headers.get("content-length", 0)))
    return Asked(method, target, headers, _body(raw, headers.get("content-type", "")))


def _body(raw: bytes, kind: str) -> dict[str, Any]:
    """The fields of JSON or of a form; what is wrong with it stands under the empty name."""
    if "json" not in kind:
        form = dict(parse_qsl(raw.decode()))
        return {name: "\n".join(value.splitlines()) if name == "q" else value for name, value in form.items()}
    try:
        said = json.loads(raw)
    except ValueError:
        return {"": "The browser (or proxy) sent a request that this server could not understand."}
    return said if isinstance(said, dict) else {"": "Invalid JSON format"}


def _response(status: int, content: Any) -> bytes:
    kind, body = "application/json", json.dumps(content).encode()
    if isinstance(content, str):
        kind, body = "text/html; charset=utf-8", content.encode()
    head = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}", f"Content-Type: {kind}", f"Content-Length: {len(body)}"]
    if 300 <= status < 400:
        head.append("Location: https://elsewhere.example.org/translate")
    return "\r\n".join([*head, "", ""]).encode() + body


async def _drip(writer: asyncio.StreamWriter) -> None:
    """An answer that never ends and never stands still, so that no timeout between two bytes can catch it."""
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1000000\r\n\r\n")
    while True:
        writer.write(b" ")
        await writer.drain()
        await asyncio.sleep(0.02)


async def _run(port: int) -> None:
    server = await TranslateServer().start(port)
    print(f"LibreTranslate's stand-in listens at {server.url}", flush=True)
    try:
        await asyncio.Event().wait()
    finally:
        await server.stop()


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--port", type=int, default=0)
    try:
        asyncio.run(_run(arguments.parse_args().port))
    except KeyboardInterrupt:
        pass
