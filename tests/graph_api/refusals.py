"""How Graph says no: the numbers that a client must tell apart, and the checks that many calls share."""

import secrets
from collections.abc import Iterable
from typing import Any


class Refused(Exception):
    """`careless`: no correct client ever hears this one, so it is written down as a violation."""

    def __init__(
        self, code: int, words: str, subcode: int = 0, *, status: int = 400, careless: bool = False
    ) -> None:  # fmt: skip
        super().__init__(f"(#{code}) {words}")
        self.code = code
        self.subcode = subcode
        self.status = 401 if code == 190 else status
        self.careless = careless

    def shown(self) -> dict[str, Any]:
        error: dict[str, Any] = {"message": str(self), "type": "OAuthException", "code": self.code}
        if self.subcode:
            error["error_subcode"] = self.subcode
        return {"error": {**error, "fbtrace_id": f"A{secrets.token_urlsafe(16)}"}}


def bad(words: str) -> Refused:
    return Refused(100, words, careless=True)


def outside_of_window() -> Refused:
    return Refused(10, "This message is sent outside of allowed window.", 2018278)


def unknown_object(method: str, name: str) -> Refused:
    words = f"Unsupported {method.lower()} request. Object with ID '{name}' does not exist or may not be seen"
    return Refused(100, words, 33)


def only(given: dict[str, Any], known: Iterable[str], where: str) -> None:
    """Nothing is passed over in silence: an unknown name is a slip of the pen."""
    if odd := sorted(given.keys() - set(known)):
        raise bad(f"Unexpected {', '.join(odd)} in {where}")


def length(text: str) -> int:
    """In UTF-16 units: of the ways to count, the one by which a text is longest."""
    try:
        return len(text.encode("utf-16-le")) // 2
    except UnicodeEncodeError:
        raise bad("Invalid UTF-16 surrogates") from None


def words(given: dict[str, Any], name: str, most: int, where: str) -> str:
    """A text that must be there, is not blank and not longer than `most`."""
    value = given.get(name)
    if not isinstance(value, str) or not value.strip():
        raise bad(f"{name} of {where} must be a non-empty string")
    if length(value) > most:
        raise bad(f"{name} of {where} must be at most {most} characters, got {length(value)}")
    return value


def objects(given: dict[str, Any], name: str, most: int, where: str) -> list[dict[str, Any]]:
    """A list of one to `most` objects."""
    value = given.get(name)
    if not isinstance(value, list) or not value or not all(isinstance(one, dict) for one in value):
        raise bad(f"{name} of {where} must be a non-empty array of objects")
    if len(value) > most:
        raise bad(f"{name} of {where} must be at most {most}, got {len(value)}")
    return value
