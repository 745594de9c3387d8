"""The monthly drill: the screen reads its test phrases, and staff take an alarm of an invented person."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import JSON, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import Field, SQLModel, col

from desk import clock, ids, library
from desk.channels import Facts
from desk.conversation import hear
from desk.database import BigKey
from desk.handbook import Handbook
from desk.history import record
from desk.messages import Heard, Message
from desk.people import Place
from desk.safety import Screen
from desk.tickets import Ticket

EVERY = timedelta(days=31)
SHOWN = 12  # A year of drills.

FACTS = Facts("drill", "Ćwiczenie", nobody=True)


class Drill(SQLModel, table=True):
    """One drill. `missed` are the phrases that raised no alarm, `cried` the harmless ones that did, by their names."""

    id: int | None = Field(default=None, primary_key=True)
    at: datetime
    by: int | None = None
    read: int = 0
    missed: list[str] = Field(default_factory=list, sa_type=JSON)
    cried: list[str] = Field(default_factory=list, sa_type=JSON)
    ticket_id: int | None = Field(default=None, foreign_key="ticket.id", sa_type=BigKey)


@dataclass(frozen=True)
class Phrase:
    name: str  # "fire.uk", or "harmless.uk"
    text: str
    is_danger: bool


@dataclass(frozen=True)
class Done:
    """A drill and what became of its alarm."""

    drill: Drill
    ticket: Ticket | None

    @property
    def taken_after(self) -> timedelta | None:
        if self.ticket is None or self.ticket.taken_at is None:
            return None
        return self.ticket.taken_at - self.drill.at


@cache
def _content() -> dict[str, Any]:
    return dict(library.read_yaml(library.STARTER / "drill.yaml"))


def phrases() -> list[Phrase]:
    """What the screen is read, in every language."""
    content = _content()
    return [
        *(
            Phrase(f"{scenario}.{language}", text, True)
            for scenario, texts in content["seen"].items()
            for language, text in texts.items()
        ),
        *(
            Phrase(f"harmless.{language}", text, False)
            for language, texts in content["harmless"].items()
            for text in texts
        ),
    ]


def read_to(screen: Screen) -> tuple[list[str], list[str]]:
    """The names of what the screen has missed, and of what it took for danger."""
    heard = [(phrase, screen.look(phrase.text) is not None) for phrase in phrases()]
    return (
        [phrase.name for phrase, alarmed in heard if phrase.is_danger and not alarmed],
        [phrase.name for phrase, alarmed in heard if not phrase.is_danger and alarmed],
    )


async def hold(session: AsyncSession, book: Handbook, by: int) -> Drill:
    """Read the phrases to the screen in use, and let an invented person call for help the way real ones do."""
    at = clock.now()
    missed, cried = read_to(book.screen)
    place = Place(FACTS.name, ids.token(), name=FACTS.title)
    heard = await hear(session, Heard(place, key=place.external, said_at=at, text=_content()["exercise"]), book)
    ticket = await session.scalar(select(col(Message.ticket_id)).where(col(Message.id) == heard.message_id))
    drill = Drill(at=at, by=by, read=len(phrases()), missed=missed, cried=cried, ticket_id=ticket)
    session.add(drill)
    record(session, "drill.held", ticket_id=ticket, staff_id=by, missed=len(missed), cried=len(cried))
    return drill


async def held(session: AsyncSession) -> list[Done]:
    """The last drills, the newest first."""
    rows = await session.execute(
        select(Drill, Ticket)
        .outerjoin(Ticket, col(Ticket.id) == col(Drill.ticket_id))
        .order_by(col(Drill.id).desc())
        .limit(SHOWN)
    )
    return [Done(drill, ticket) for drill, ticket in rows]


async def due(session: AsyncSession) -> date | None:
    """The day by which the next drill is due, in UTC; None before the first."""
    last = await session.scalar(select(col(Drill.at)).order_by(col(Drill.id).desc()).limit(1))
    return (last + EVERY).date() if last else None
