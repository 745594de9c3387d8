"""What the desk asks of whoever translates."""

from datetime import datetime
from typing import Protocol

from sqlmodel import Field, SQLModel


class TranslatorError(Exception):
    """A text stays untranslated; `reason` is one machine word and never holds the text or the key."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


class TryLater(TranslatorError):
    """Slow, down, throttled, failing or answering oddly: the same text may work later."""


class CannotTranslate(TranslatorError):
    """Never for this text or this pair of languages."""


class Misconfigured(TranslatorError):
    """Wrong key or wrong address: an operator must act."""


class Translator(Protocol):
    engine: str

    async def translate(self, text: str, source: str, target: str) -> str: ...


class Translation(SQLModel, table=True):
    """A text that was translated before: the same question need not be asked twice."""

    fingerprint: str = Field(primary_key=True, max_length=64)
    text: str
    engine: str = Field(max_length=40)
    at: datetime
