"""What a bot asked, read as leniently as Telegram reads it, and the shape of Telegram's no."""

import json
import re
from dataclasses import dataclass
from typing import Any

LEADING_DIGITS = re.compile(r"\s*(-?\d{1,19})")


class Refused(Exception):
    """Telegram says no: the number, its words and what the bot may need to know."""

    def __init__(self, code: int, description: str, **parameters: int) -> None:
        super().__init__(description)
        self.code = code
        self.description = description
        self.parameters = parameters


def bad_request(words: str) -> Refused:
    return Refused(400, f"Bad Request: {words}")


@dataclass(slots=True)
class Upload:
    """A file that came inside the request."""

    name: str
    mime: str
    content: bytes


class Query:
    __slots__ = ("args", "files", "method")

    def __init__(self, method: str, args: dict[str, str], files: dict[str, Upload] | None = None) -> None:
        self.method = method
        self.args = args
        self.files = files or {}

    def text(self, name: str) -> str:
        return self.args.get(name, "")

    def number(self, name: str, default: int = 0, least: int | None = None, most: int | None = None) -> int:
        """Telegram reads the leading digits and brings the number into range; it refuses nothing here."""
        found = LEADING_DIGITS.match(self.args.get(name, ""))
        value = int(found[1]) if found else default
        if least is not None:
            value = max(least, value)
        return value if most is None else min(most, value)

    def flag(self, name: str) -> bool:
        return self.args.get(name, "").strip().lower() in ("true", "yes", "1")

    def json(self, name: str, called: str) -> Any:
        raw = self.args.get(name, "")
        if not raw:
            return None
        try:
            return json.loads(raw)
        except ValueError:
            raise bad_request(f"can't parse {called}") from None

    def file(self, name: str) -> Upload | str | None:
        """An upload, or the words that stand for one: a file_id or an address."""
        value = self.args.get(name, "")
        if value.startswith("attach://"):
            return self.files.get(value.removeprefix("attach://"))
        return value or self.files.get(name)

    def shown(self) -> dict[str, Any]:
        """The parameters for the log: nested JSON opened, uploads by name and size."""
        shown: dict[str, Any] = {}
        for name, value in self.args.items():
            shown[name] = value
            if value[:1] in "{[" and value:
                try:
                    shown[name] = json.loads(value)
                except ValueError:
                    pass  # It only looked like JSON: a person may write "[" too.
        for name, upload in self.files.items():
            shown[name] = {"name": upload.name, "size": len(upload.content)}
        return shown
