"""The engines that translate: deep-translator, held to the promise the desk makes about translations."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from html import unescape
from types import SimpleNamespace
from typing import Any

import deep_translator
import httpx
from deep_translator import constants, exceptions, google, mymemory

from desk.settings import Settings
from desk.translation import CannotTranslate, Misconfigured, TranslatorError, TryLater

CONNECT, READ = 2.0, 15.0  # seconds

# Two repairs of deep-translator: it waits without end, and a thread that does so keeps the process from stopping;
# and it would send people's words to MyMemory unencrypted.
for engine in (google, mymemory):
    engine.requests = SimpleNamespace(get=partial(engine.requests.get, timeout=(CONNECT, READ)))
constants.BASE_URLS["MYMEMORY"] = constants.BASE_URLS["MYMEMORY"].replace("http://", "https://")

# The longest text for one question: a Cyrillic letter takes six characters of an address, of which many servers
# read 8,000; MyMemory counts 500 bytes, and a Cyrillic letter is two. Then the codes it has other names for.
_OUTSIDE: dict[str, tuple[type, int, dict[str, str]]] = {
    "google": (deep_translator.GoogleTranslator, 1_000, {}),
    "mymemory": (
        deep_translator.MyMemoryTranslator,
        240,
        {"uk": "uk-UA", "pl": "pl-PL", "ru": "ru-RU", "en": "en-GB"},
    ),
}

# Half a character or a zero byte: JSON can hold them, a database cannot.
_BROKEN = re.compile(r"[\0\ud800-\udfff]")


def translator_from(settings: Settings) -> "LibreTranslate | OutsideEngine | None":
    """The engine the operator chose; ValueError with a sentence for the operator when it cannot be built."""
    if settings.translator == "none":
        return None
    if settings.translator == "libretranslate":
        key = settings.translator_key
        return LibreTranslate(settings.translator_url, key.get_secret_value() if key else "")
    return OutsideEngine(settings.translator)


class LibreTranslate(deep_translator.LibreTranslator):  # type: ignore[misc]
    """A LibreTranslate server, usually the centre's own.

    The call is ours: deep-translator puts the text and the key into the address, where every log keeps them,
    gives misleading names to errors, and has a table of languages without Ukrainian.
    """

    engine = "libretranslate"

    def __init__(self, url: str, key: str = "", *, connect: float = CONNECT, read: float = READ) -> None:
        # "auto" passes any table; which languages there are is for the server to say, each time.
        # The key is a must for deep-translator even where the server knows none.
        super().__init__("auto", "auto", api_key=key or "none", custom_url=_address(url))
        self._key = {"api_key": key} if key else {}
        self._http = httpx.AsyncClient(timeout=httpx.Timeout(read, connect=connect))
        # Waiting for each byte is limited by `read`; a server that drips its answer is stopped by this.
        self._deadline = connect + read
        # Servers rarely take less, and more could not be ready in time. A server that takes less says so.
        self._characters, self._lines = 2_000, 50

    async def translate(self, text: str, source: str, target: str) -> str:
        if source == target:
            return text
        for _ in range(3):  # There are two limits to learn.
            try:
                ask = partial(self._ask, source=source, target=target)
                return await _in_pieces(text, self._characters, self._lines, ask)
            except _OverLimit:
                continue
        raise CannotTranslate("too-long")

    async def close(self) -> None:
        await self._http.aclose()

    async def _ask(self, texts: list[str], *, source: str, target: str) -> list[str]:
        q = texts if len(texts) > 1 else texts[0]
        body = {"q": q, "source": source, "target": target, "format": "text", **self._key}
        try:
            async with asyncio.timeout(self._deadline):
                # Errors are told apart by their sentences, and the server says them in the asker's language.
                answer = await self._http.post(
                    f"{self._base_url}translate", json=body, headers={"Accept-Language": "en"}
                )
        except (TimeoutError, httpx.TimeoutException):
            raise TryLater("slow") from None
        except httpx.HTTPError:
            raise TryLater("down") from None
        said = _json_object(answer)
        if answer.status_code != 200:
            words = str(said.get("error", ""))
            self._learn_limit(words, asked=len(texts))
            raise _refusal(answer.status_code, words)
        translated = said.get("translatedText")
        translated = translated if isinstance(q, list) else [translated]
        if not isinstance(translated, list) or len(translated) != len(texts):
            raise TryLater("odd-answer")
        return [_words(one) for one in translated]

    def _learn_limit(self, words: str, *, asked: int) -> None:
        found = re.search(r"request \((\d{1,9})\) exceeds text limit \((\d{1,9})\)", words)
        if not found:
            return
        size, limit = map(int, found.groups())
        # The limits on characters and on texts in one request are told in the same words.
        if size == asked > 1 and limit > 0:
            self._lines = min(self._lines, limit)
        elif limit >= 40:
            self._characters = min(self._characters, limit)
        else:
            raise CannotTranslate("too-long")  # So small a piece is not a sentence, and nobody is helped by it.
        raise _OverLimit


class OutsideEngine:
    """An engine on the internet. The words leave the centre, so it is only for a centre that chose this knowingly."""

    def __init__(self, name: str, *, deadline: float = READ) -> None:
        if name not in _OUTSIDE:
            raise ValueError(f"There is no translator {name!r}: choose none, libretranslate, {', '.join(_OUTSIDE)}.")
        self.engine = name
        self._kind, self._characters, self._codes = _OUTSIDE[name]
        self._deadline = deadline

    async def translate(self, text: str, source: str, target: str) -> str:
        if source == target:
            return text
        ask = partial(self._ask, source=self._codes.get(source, source), target=self._codes.get(target, target))
        return await _in_pieces(text, self._characters, 1, ask)

    async def close(self) -> None:
        """Nothing is held between two calls."""

    async def _ask(self, texts: list[str], *, source: str, target: str) -> list[str]:
        try:
            async with asyncio.timeout(self._deadline):
                answer = await asyncio.to_thread(self._ask_and_wait, texts[0], source, target)
        except TimeoutError:
            raise TryLater("slow") from None
        # MyMemory sends its complaints in the place of a translation, and apostrophes as HTML.
        if re.search("MYMEMORY WARNING|QUERY LENGTH LIMIT|INVALID (SOURCE|TARGET) LANGUAGE", str(answer)):
            raise TryLater("throttled")
        return [_words(unescape(_words(answer)))]

    def _ask_and_wait(self, text: str, source: str, target: str) -> object:
        try:
            # An object for each call: they keep the text they are asked in themselves.
            return self._kind(source=source, target=target).translate(text)
        except exceptions.LanguageNotSupportedException:
            raise CannotTranslate("language") from None
        except exceptions.TooManyRequests:
            raise TryLater("throttled") from None
        except (OSError, exceptions.RequestError) as error:
            # An answer that is no JSON is an OSError to requests, and a ValueError too.
            raise TryLater("odd-answer" if isinstance(error, ValueError) else "down") from None
        except Exception:
            # When the other side changes its page, the library falls over in ways of its own, text in the message.
            raise TryLater("odd-answer") from None


class _OverLimit(Exception):
    """The server told a limit it had not told before; smaller pieces may pass."""


def _address(url: str) -> str:
    """The server's address as deep-translator joins it: with a slash at its end."""
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL:
        parsed = httpx.URL("")
    # Addresses are logged, so nothing secret may be in one.
    if parsed.scheme not in ("http", "https") or not parsed.host or parsed.userinfo or parsed.query:
        raise ValueError("The translator's address must look like http://translate.example.org, with no key in it.")
    return url.rstrip("/") + "/"


def _refusal(status: int, words: str) -> TranslatorError:
    """What a LibreTranslate server means by its no."""
    # A pair it has no model for comes as 500 from most versions: they catch their own 400.
    if status in (400, 500) and re.search("is not supported|is not available as a target language", words):
        return CannotTranslate("language")
    if status == 429 or "Too many request limits violations" in words:
        return TryLater("throttled")
    if status in (401, 403) or (status == 400 and "API key" in words):
        return Misconfigured("key")
    if status in (404, 405) or 300 <= status < 400:
        return Misconfigured("address")
    if status == 413:
        return CannotTranslate("too-long")
    if status == 400 and words:
        return CannotTranslate("refused")
    return TryLater("failing" if status >= 500 else "odd-answer")


def _json_object(answer: httpx.Response) -> dict[str, Any]:
    try:
        said = answer.json()
    except ValueError:
        said = None
    if answer.status_code == 200 and not isinstance(said, dict):
        raise TryLater("odd-answer")
    return said if isinstance(said, dict) else {}


async def _in_pieces(text: str, characters: int, count: int, ask: Callable[[list[str]], Awaitable[list[str]]]) -> str:
    """The text translated by `ask`, at most `count` pieces of together `characters` at a time."""
    if _BROKEN.search(text):
        raise CannotTranslate("broken-text")
    pieces = list(_pieces(text, characters))
    for batch in _batches(pieces, characters, count):
        for n, words in zip(batch, await ask([pieces[n] for n in batch]), strict=True):
            pieces[n] = words
    return "".join(pieces)


def _pieces(text: str, longest: int) -> Iterator[str]:
    """The text in order: what is to be translated and, between that, spaces and line breaks, which stay."""
    for line in text.splitlines(keepends=True):
        words = line.strip()
        before, after = line.split(words, 1) if words else (line, "")
        yield before
        while len(words) > longest:
            head = words[: longest + 1]
            sentences = [end.end() for end in re.finditer(r"[.!?…]+(?=\s)", head)]
            cut = (sentences or [space.start() for space in re.finditer(r"\s+", head)] or [longest])[-1]
            rest = words[cut:].lstrip()
            yield words[:cut]
            yield words[cut : len(words) - len(rest)]
            words = rest
        yield words
        yield after


def _batches(pieces: list[str], characters: int, count: int) -> Iterator[list[int]]:
    """The places of the pieces to ask for together; one without letters (emoji, a phone number) is not asked for."""
    batch: list[int] = []
    size = 0
    for n, piece in enumerate(pieces):
        if not any(map(str.isalpha, piece)):
            continue
        if batch and (size + len(piece) > characters or len(batch) == count):
            yield batch
            batch, size = [], 0
        batch.append(n)
        size += len(piece)
    if batch:
        yield batch


def _words(answer: object) -> str:
    """What came back, on one line as it was asked; TryLater when it is not words."""
    words = " ".join(answer.split()) if isinstance(answer, str) else ""
    if not words or _BROKEN.search(words):
        raise TryLater("odd-answer")
    return words
