"""All that the centre has decided, as it stands now, read once and kept until something in it changes."""

import asyncio
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncSession

from desk import clock, learning, library
from desk.answers import Answers, read_answers
from desk.centre import Centre, read_centre
from desk.helplines import Register, read_register
from desk.opinions import NEVER, Seconding
from desk.safety import Screen, read_screen
from desk.services import Catalogue, read_catalogue
from desk.triage import weights
from desk.triage.language import Tongues
from desk.triage.lexicon import Lexicon, read_lexicon
from desk.triage.understanding import Triage, Understood

KEPT_FOR = 1.0  # Seconds until the library is asked whether something has changed.


@dataclass(frozen=True)
class Handbook:
    centre: Centre
    catalogue: Catalogue
    register: Register
    screen: Screen
    triage: Triage
    answers: Answers
    public_url: str = ""
    seconding: Seconding = NEVER
    transcribes: bool = False

    @property
    def lexicon(self) -> Lexicon:
        return self.triage.lexicon

    def understand(self, text: str) -> Understood:
        """From words to the services they may ask for."""
        return self.triage.understand(text, self.catalogue.running)

    def vanished(self, today: date) -> int:
        """How many help lines and answers people no longer see because their day has passed."""
        lines = [one for one in self.register.lines.values() if one.confirmed and not one.may_be_shown(today)]
        return len(lines) + sum(one.confirmed and one.is_past(today) for one in self.answers.all)

    @property
    def privacy_link(self) -> str:
        return f"{self.public_url.rstrip('/')}/privacy" if self.public_url else "/privacy"

    def privacy_notice(self, language: str) -> str:
        text = self.centre.notice.in_(language)
        return text.replace("{controller}", self.centre.controller or self.centre.name.in_(language)).replace(
            "{contact}", self.centre.contact or self.centre.address.in_(language)
        )


def shipped_lists(folder: Path = library.STARTER) -> tuple[Lexicon, Screen]:
    """The words of the lexicon, and the cues of the screen alone."""
    return read_lexicon(library.read_yaml(folder / "lexicon.yaml")), read_screen(
        library.read_yaml(folder / "safety.yaml")
    )


@cache
def shipped(folder: Path = library.STARTER) -> tuple[Screen, Triage]:
    """The screen and triage with all that this version has learnt; read once."""
    lexicon, cues = shipped_lists(folder)
    services, danger, languages = (
        weights.load(weights.SHIPPED / f"{name}.npz") for name in ("services", "danger", "languages")
    )
    return replace(cues, weights=danger), Triage(services, Tongues(languages), lexicon)


class Shelf:
    """Keeps the handbook; every process has one."""

    def __init__(
        self,
        zone: ZoneInfo,
        public_url: str = "",
        seconding: Seconding = NEVER,
        *,
        transcribes: bool = False,
        folder: Path = library.STARTER,
    ) -> None:
        self.zone, self.public_url, self.seconding, self.transcribes = zone, public_url, seconding, transcribes
        # Cues and lexicon are files of the installation; the rest lies in the database, where staff edit it.
        self.screen, self.triage = shipped(folder)
        self._shipped = self.triage.services
        self._learnt: int | None = None  # Which of the centre's own weights are in use.
        self._book: Handbook | None = None
        self._edition: object = None
        self._warming: asyncio.Future[None] | None = None
        self._looked_at = float("-inf")

    async def book(self, session: AsyncSession) -> Handbook:
        """The handbook as it is now, or as it was a moment ago."""
        if self._book is not None and clock.ticks() - self._looked_at < KEPT_FOR:
            return self._book
        newest = await learning.newest(session)
        edition = await library.edition(session), newest
        if self._book is None or edition != self._edition:
            if newest != self._learnt:
                learnt = await learning.weights_in_use(session)
                self.triage, self._learnt = replace(self.triage, services=learnt or self._shipped), newest
            self._book = self._read(await library.entries(session))
            self._edition = edition
            self._warming = asyncio.ensure_future(asyncio.to_thread(self._book.answers.warm))
        self._looked_at = clock.ticks()
        return self._book

    async def warm(self, session: AsyncSession) -> None:
        """Wait until the answers can be found, which takes a second at the first time."""
        await self.book(session)
        if self._warming is not None:
            await self._warming

    def forget(self) -> None:
        """Read again at once: something was changed in this very process."""
        self._looked_at, self._edition = float("-inf"), None

    def _read(self, entries: list[library.Entry]) -> Handbook:
        centre = next((entry for entry in entries if entry.kind == "centre"), None)
        if centre is None:
            raise EmptyLibrary
        return Handbook(
            centre=read_centre(centre.now, self.zone),
            catalogue=read_catalogue(entries),
            register=read_register(entries),
            screen=self.screen,
            triage=self.triage,
            answers=read_answers(entries, self.triage.services.vocabulary),
            public_url=self.public_url,
            seconding=self.seconding,
            transcribes=self.transcribes,
        )


class EmptyLibrary(Exception):
    """There is no content in the database yet: `poruch content load` brings it."""
