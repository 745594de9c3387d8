"""The files of both sides, under the addresses from which anyone may fetch them for a while."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import quote

LARGEST = 25 << 20
KINDS = ("image", "audio", "video", "file")


@dataclass(slots=True)
class File:
    kind: str
    name: str
    mime: str
    content: bytes
    url: str
    until: float
    downloads: int = 0


class Files:
    """`lives`: for how many seconds a new address is good."""

    def __init__(self, now: Callable[[], float]) -> None:
        self.now = now
        self.lives = 86_400.0
        self.by_token: dict[str, File] = {}

    def keep(self, root: str, kind: str, name: str, mime: str, content: bytes) -> File:
        token = secrets.token_hex(16)
        until = self.now() + self.lives
        url = f"{root}/cdn/{token}/{quote(name)}?oe={int(until):x}"
        self.by_token[token] = File(kind, name, mime, content, url, until)
        return self.by_token[token]
