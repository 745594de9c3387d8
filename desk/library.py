"""What the centre works with: starter content as it was shipped, and what staff have changed of it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import yaml
from sqlalchemy import JSON, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import Field, SQLModel, col

from desk import clock
from desk.errors import NotFound
from desk.history import record

STARTER = Path(__file__).parent / "content"
OWN = 1000  # The place of the centre's own entries: after those that were shipped.
Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class Entry(SQLModel, table=True):
    """One service, help line, answer or the centre itself. What staff changed lies beside what was shipped."""

    kind: str = Field(primary_key=True, max_length=20)  # centre, service, helpline, answer, menu, slot
    key: str = Field(primary_key=True, max_length=60)
    place: int = 0  # The order in which entries of one kind are shown.
    starter: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    edits: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    on: bool = True
    confirmed_at: datetime | None = None
    confirmed_by: int | None = None
    changed_at: datetime

    @property
    def now(self) -> dict[str, Any]:
        """The entry as it stands today."""
        return {**self.starter, **self.edits}


@dataclass(frozen=True)
class Loaded:
    added: int
    updated: int
    unchanged: int


def read_yaml(path: Path) -> Any:
    with path.open(encoding="utf-8") as file:
        return yaml.load(file, Loader=Loader)  # noqa: S506 - a safe loader


def starter_entries(folder: Path) -> Iterable[tuple[str, str, dict[str, Any]]]:
    """(kind, key, content) of everything in a content folder, as JSON can hold it."""
    for kind, key, content in _raw_entries(folder):
        yield kind, key, _plain(content)


def _raw_entries(folder: Path) -> Iterable[tuple[str, str, Mapping[str, Any]]]:
    yield "centre", "centre", read_yaml(folder / "centre.yaml")
    services = read_yaml(folder / "services.yaml")
    for tile in services["menu"]:
        yield "menu", tile["id"], tile
    for slot, content in services["slots"].items():
        yield "slot", slot, content
    for service in services["services"]:
        yield "service", service["id"], service
    for line in read_yaml(folder / "helplines.yaml")["helplines"]:
        yield "helpline", line["id"], line
    for answer in read_yaml(folder / "answers.yaml")["answers"]:
        yield "answer", answer["id"], answer


async def load(session: AsyncSession, folder: Path = STARTER) -> Loaded:
    """Load or update the starter content; what staff have edited stays theirs."""
    held = {(entry.kind, entry.key): entry for entry in await session.scalars(select(Entry))}
    at = clock.now()
    added = updated = unchanged = 0
    places: dict[str, int] = {}
    for kind, key, plain in starter_entries(folder):
        places[kind] = places.get(kind, 0) + 1
        entry = held.get((kind, key))
        if entry is None:
            session.add(Entry(kind=kind, key=key, place=places[kind], starter=plain, changed_at=at))
            added += 1
        elif entry.starter != plain:
            entry.starter, entry.changed_at = plain, at
            # A text that has changed is a text that nobody has confirmed yet, unless staff wrote their own.
            if not set(entry.edits) - {"verify_by"}:
                entry.edits, entry.confirmed_at, entry.confirmed_by = {}, None, None
            updated += 1
        else:
            unchanged += 1
    record(session, "content.loaded", added=added, updated=updated)
    return Loaded(added, updated, unchanged)


async def entries(session: AsyncSession, *kinds: str) -> list[Entry]:
    query = select(Entry).order_by(col(Entry.kind), col(Entry.place))
    return list(await session.scalars(query.where(col(Entry.kind).in_(kinds)) if kinds else query))


async def find(session: AsyncSession, kind: str, key: str) -> Entry:
    entry = await session.get(Entry, (kind, key))
    if entry is None:
        raise NotFound("error.no_content")
    return entry


async def edition(session: AsyncSession) -> tuple[int, datetime | None]:
    """Changes whenever any entry does."""
    row = (await session.execute(select(func.count(), func.max(col(Entry.changed_at))))).one()
    return row[0], row[1]


def add(session: AsyncSession, kind: str, key: str, by: int | None, **facts: Any) -> Entry:
    """An entry of the centre's own, which no starter content knows."""
    entry = Entry(kind=kind, key=key, place=OWN, edits=_plain(facts), changed_at=clock.now())
    session.add(entry)
    record(session, "content.added", staff_id=by, what=f"{kind}:{key}")
    return entry


def edit(session: AsyncSession, entry: Entry, by: int | None, **changes: Any) -> None:
    entry.edits = {**entry.edits, **_plain(changes)}
    entry.changed_at = clock.now()
    record(session, "content.edited", staff_id=by, what=f"{entry.kind}:{entry.key}", fields=sorted(changes))


def confirm(session: AsyncSession, entry: Entry, by: int | None, until: date | None = None) -> None:
    """A member of staff has checked this entry and answers for it, until its next date."""
    entry.confirmed_at, entry.confirmed_by, entry.changed_at = clock.now(), by, clock.now()
    if until is not None:
        entry.edits = {**entry.edits, "verify_by": until.isoformat()}
    record(session, "content.confirmed", staff_id=by, what=f"{entry.kind}:{entry.key}")


def withdraw(session: AsyncSession, entry: Entry, by: int | None) -> None:
    """Nobody answers for this entry any more: it is hidden until somebody confirms it again."""
    entry.confirmed_at, entry.confirmed_by, entry.changed_at = None, None, clock.now()
    record(session, "content.withdrawn", staff_id=by, what=f"{entry.kind}:{entry.key}")


def switch(session: AsyncSession, entry: Entry, on: bool, by: int | None) -> None:
    entry.on, entry.changed_at = on, clock.now()
    record(session, "content.switched", staff_id=by, what=f"{entry.kind}:{entry.key}", on=on)


def _plain(value: Any) -> Any:
    """YAML's dates and times as text, so that JSON holds them."""
    if isinstance(value, Mapping):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(inner) for inner in value]
    return value.isoformat() if hasattr(value, "isoformat") else value
