"""The catalogue: what the centre offers, and what is asked about each service."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from desk.library import Entry
from desk.texts import InLanguages, Lower, Written
from desk.triage.words import Stems, stems

MOST_QUESTIONS = 6
LONGEST_LABEL = 20  # Letters on a button.

ALWAYS = ("gmina", "contact_channel", "phone")  # Kept with every service when they are said.

# Who reads the tickets of a service, unless the centre decides otherwise. A high sensitivity needs a team besides.
OPEN_TO = {
    "normal": frozenset({"intake", "caseworker", "coordinator"}),
    "sensitive": frozenset({"intake", "caseworker", "coordinator"}),
    "high": frozenset({"coordinator"}),
}


@dataclass(frozen=True)
class Option:
    id: str
    label: Written
    short: Written | None
    said: Written | None
    line: Written | None
    stems: Stems  # Wherever a person writes them.
    reply: Stems  # Only in an answer to the very question.
    hidden: bool = False
    strength: int = 0
    opens: str = ""
    alarm: str = ""
    priority: str = ""

    @property
    def button(self) -> Written:
        return self.short or self.label

    @property
    def in_summary(self) -> InLanguages:
        return self.said or Lower(self.label)


@dataclass(frozen=True)
class Slot:
    id: str
    type: str
    need: str
    label: Written
    ask: Written
    options: tuple[Option, ...] = ()
    when: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    spared_by: tuple[str, ...] = ()
    joins: str = ""
    show: str = ""
    sensitive: bool = False
    yes: Stems = field(default_factory=lambda: Stems(()))
    said_with: Stems = field(
        default_factory=lambda: Stems(())
    )  # A date is this one where one of these stands beside it.

    def option(self, option_id: str) -> Option | None:
        return next((option for option in self.options if option.id == option_id), None)

    @property
    def can_skip(self) -> bool:
        return self.need != "required"


@dataclass(frozen=True)
class Service:
    id: str
    group: str
    title: Written
    name: Written
    button: Written
    topic: Written
    about: Written
    intro: Written | None
    sensitivity: str
    priority: str
    say_topic: bool  # Whether the first reply says what was understood.
    names_itself: bool  # Whether the summary begins with the topic.
    staff_starts: bool
    anonymous_ok: bool
    chat: tuple[str, ...]
    at_most: int
    slots: Mapping[str, Slot]  # Own ones in their order, then the shared ones that it uses.
    on: bool
    roles: frozenset[str]
    teams: frozenset[str]


@dataclass(frozen=True)
class Tile:
    """One button of the first screen."""

    id: str
    label: Written
    services: tuple[str, ...]
    ask: Written | None


@dataclass(frozen=True)
class Catalogue:
    services: Mapping[str, Service]
    shared: Mapping[str, Slot]
    menu: tuple[Tile, ...]

    def service(self, service_id: str) -> Service | None:
        return self.services.get(service_id)

    def tile(self, tile_id: str) -> Tile | None:
        return next((tile for tile in self.menu if tile.id == tile_id), None)

    @cached_property
    def running(self) -> frozenset[str]:
        """Services that people can ask for."""
        return frozenset(service.id for service in self.services.values() if service.on and not service.staff_starts)


def read_catalogue(entries: list[Entry]) -> Catalogue:
    """The catalogue from the library's entries."""
    raw_slots = {entry.key: entry.now for entry in entries if entry.kind == "slot"}
    shared = {slot: _slot(slot, facts) for slot, facts in raw_slots.items()}
    services = {entry.key: _service(entry, raw_slots, shared) for entry in entries if entry.kind == "service"}
    tiles = [
        Tile(
            entry.key,
            Written(entry.now["label"]),
            tuple(name for name in entry.now["services"] if name in services and services[name].on),
            Written(entry.now["ask"]) if entry.now.get("ask") else None,
        )
        for entry in entries
        if entry.kind == "menu"
    ]
    # A tile whose services are all switched off would lead nowhere; one that never had any (urgent) leads elsewhere.
    menu = tuple(
        tile
        for tile, entry in zip(tiles, (entry for entry in entries if entry.kind == "menu"), strict=True)
        if tile.services or not entry.now["services"]
    )
    return Catalogue(services, shared, menu)


def _service(entry: Entry, raw_slots: Mapping[str, Any], shared: Mapping[str, Slot]) -> Service:
    facts = entry.now
    own = {
        slot: _slot(slot, {**raw_slots.get(slot, {}), **(changes or {})})
        for slot, changes in (facts.get("slots") or {}).items()
    }
    chat = tuple(slot for slot in facts.get("chat") or () if slot in own or slot in shared)
    title = Written(facts["title"])
    sensitivity = facts.get("sensitivity", "normal")
    return Service(
        id=entry.key,
        group=facts.get("group", ""),
        title=title,
        name=Written(facts.get("name") or facts["title"]),
        button=Written(facts.get("button") or facts.get("name") or facts["title"]),
        topic=Written(facts.get("topic") or facts["title"]),
        about=Written(facts.get("about") or {}),
        intro=Written(facts["intro"]) if facts.get("intro") else None,
        sensitivity=sensitivity,
        priority=facts.get("default_priority", "medium"),
        say_topic=facts.get("say_topic", True),
        names_itself=facts.get("names_itself", True),
        staff_starts=facts.get("staff_starts", False),
        anonymous_ok=facts.get("anonymous_ok", False),
        chat=chat,
        at_most=min(int(facts.get("at_most", MOST_QUESTIONS)), MOST_QUESTIONS),
        slots={
            **own,
            **{slot: found for slot, found in shared.items() if slot not in own and slot in (*chat, *ALWAYS)},
        },
        on=entry.on,
        roles=frozenset(facts.get("roles") or OPEN_TO[sensitivity]),
        teams=frozenset(facts.get("teams") or ({entry.key} if sensitivity == "high" else set())),
    )


def _slot(slot_id: str, facts: Mapping[str, Any]) -> Slot:
    return Slot(
        id=slot_id,
        type=facts["type"],
        need=facts.get("need", "optional"),
        label=Written(facts["label"]),
        ask=Written(facts["ask"]),
        options=tuple(_option(option) for option in facts.get("options") or ()),
        when={name: tuple(str(value) for value in values) for name, values in (facts.get("when") or {}).items()},
        spared_by=tuple(facts.get("spared_by") or ()),
        joins=facts.get("joins", ""),
        show=facts.get("show", ""),
        sensitive=facts.get("sensitive", False),
        yes=stems(facts.get("stems") or ()),
        said_with=stems(facts.get("said_with") or ()),
    )


def _option(facts: Mapping[str, Any]) -> Option:
    def written(name: str) -> Written | None:
        return Written(facts[name]) if facts.get(name) is not None else None

    return Option(
        id=str(facts["id"]),
        label=Written(facts["label"]),
        short=written("short"),
        said=written("said"),
        line=written("line"),
        stems=stems(facts.get("stems") or ()),
        reply=stems(facts.get("reply") or ()),
        hidden=facts.get("hidden", False),
        strength=int(facts.get("strength", 0)),
        opens=facts.get("opens", ""),
        alarm=facts.get("alarm", ""),
        priority=facts.get("priority", ""),
    )
