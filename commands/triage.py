"""poruch triage: what Poruch understands of a text, from the starter content alone, with no database."""

import json
import sys
from collections.abc import Iterator
from itertools import chain
from typing import Any
from zoneinfo import ZoneInfo

import typer

from desk import clock, library
from desk.centre import read_centre
from desk.handbook import Handbook
from desk.helplines import Register
from desk.library import Entry
from desk.safety import Alarm, read_screen
from desk.services import read_catalogue
from desk.triage.lexicon import Lexicon, Understood, read_lexicon
from desk.triage.words import Stems

# Phrases that ask for nothing. People join them, «Доброго дня, так, дякую», so they are looked for together.
SMALL_TALK = ("greeting", "thanks", "chatter", "yes", "no", "later", "skip", "back")
NOT_A_REQUEST, OTHER = "not_a_request", "other"
UNKNOWN = 0.1  # The confidence of "other" where no service was recognised at all.


def show(text: str | None, jsonl: bool) -> None:
    """Print one line of JSON for the text, or for each line of standard input as soon as it has come."""
    if jsonl == (text is not None):
        raise typer.BadParameter("give a TEXT, or --jsonl and lines on standard input")
    reader = Reader(starter_book())
    for answer in _answers(reader) if text is None else [{"id": None, **reader.reads(text)}]:
        print(json.dumps(answer), flush=True)  # In ASCII, which every terminal and pipe can carry.


def _answers(reader: "Reader") -> Iterator[dict[str, Any]]:
    for line in sys.stdin.buffer:
        if not line.strip():
            continue
        try:
            asked = json.loads(line)
        except (ValueError, RecursionError):
            yield {"id": None, "error": "this line is not JSON"}
            continue
        if not isinstance(asked, dict) or not isinstance(asked.get("text"), str):
            name = asked.get("id") if isinstance(asked, dict) else None
            yield {"id": name, "error": 'a line looks like {"id": 1, "text": "words"}'}
            continue
        yield {"id": asked.get("id"), **reader.reads(asked["text"])}


class Reader:
    """Reads one text after another; everything that can be prepared is."""

    def __init__(self, book: Handbook) -> None:
        self.book = book
        known = book.lexicon.phrases
        together = Stems(tuple(chain.from_iterable(known[name].all for name in SMALL_TALK if name in known)))
        self._small_talk = Lexicon(strong={}, weak={}, phrases={"all": together})

    def reads(self, text: str) -> dict[str, Any]:
        """What the outside is told about a text."""
        understood, alarm = self.book.understand(text), self.book.screen.look(text)
        best, *others = self._services_of(text, understood, alarm)
        return {
            **best,
            "alternatives": others,
            "language": understood.language.language,
            "alarm": alarm.scenario if alarm else None,
            "alarm_level": alarm.level if alarm else None,
        }

    def _services_of(self, text: str, understood: Understood, alarm: Alarm | None) -> list[dict[str, Any]]:
        """What it may be about, the likeliest first."""
        if self.book.lexicon.says("person", text):
            return [_rated(OTHER, UNKNOWN)]  # Someone to talk to, about something that was not named.
        # A hint inside a greeting, «здоровенькі були», is none.
        if understood.sure is None and alarm is None and self._asks_nothing(text):
            return [_rated(NOT_A_REQUEST, 1.0)]
        return [_rated(one.service, one.confidence) for one in understood.candidates] or [_rated(OTHER, UNKNOWN)]

    def _asks_nothing(self, text: str) -> bool:
        return not any(map(str.isalpha, text)) or self._small_talk.says("all", text)


def _rated(service: str, confidence: float) -> dict[str, Any]:
    return {"service": service, "confidence": round(confidence, 4)}


def starter_book() -> Handbook:
    """The handbook as it was shipped, as far as understanding needs it."""
    folder, at = library.STARTER, clock.now()
    entries = [
        Entry(kind=kind, key=key, place=place, starter=dict(content), changed_at=at)
        for place, (kind, key, content) in enumerate(library.starter_entries(folder))
    ]
    centre = next(entry for entry in entries if entry.kind == "centre")
    return Handbook(
        centre=read_centre(centre.now, ZoneInfo("Europe/Warsaw")),
        catalogue=read_catalogue(entries),
        register=Register({}),  # Nothing is said here, so no number is shown.
        screen=read_screen(library.read_yaml(folder / "safety.yaml")),
        lexicon=read_lexicon(library.read_yaml(folder / "lexicon.yaml")),
    )
