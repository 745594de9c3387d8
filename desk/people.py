"""The person behind channel addresses: meet, merge, reach."""

import enum
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Index, Select, UniqueConstraint, select, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import Field, SQLModel, col

from desk import ids
from desk.database import NEVER_AGAIN, BigKey, words
from desk.errors import Conflict, Invalid, NotFound
from desk.history import Event, record

LONGEST_NAME = 120
MOST_MERGES = 5  # So often a person may become another while one message waits for them.
LONGEST_NOTE = 160


class ContactRule(enum.Enum):
    """What is safe for this person. Staff see it before they write; reminders obey it."""

    FREE = ""
    ONLY_TEXT = "only_text"
    NO_TOPIC = "no_topic"  # Never name the topic, on any channel.
    NEVER_FIRST = "never_first"  # Never write or call first, and name no topic.


class Person(SQLModel, table=True):
    __table_args__ = (
        Index("ix_person_answer_due_at", "answer_due_at"),
        Index(
            "ix_person_erased_at",
            "erased_at",
            sqlite_where=text("erased_at IS NOT NULL"),
            postgresql_where=text("erased_at IS NOT NULL"),
        ),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=BigKey)
    language: str = Field(default="", max_length=2)  # Empty until they have chosen or written.
    language_sure: bool = False
    name: str = ""
    gmina: str = ""
    is_minor: bool = False
    contact_rule: ContactRule = Field(default=ContactRule.FREE, sa_type=words(ContactRule))
    reminders: bool | None = None  # None: not asked yet.
    prefers: int | None = Field(default=None, sa_type=BigKey)  # The address they want answers at; None: used last.
    joined: bool = False  # Known by more than one address.
    merged_into: int | None = Field(default=None, sa_type=BigKey)  # The same person, known by other addresses before.
    notice: str = ""  # The version of the privacy notice they were shown.
    met_at: datetime
    heard_at: datetime
    # Where the dialogue stands; conversation.py reads and writes it, nobody else.
    talk: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    # When a burst has gone quiet and wants its one answer.
    answer_due_at: datetime | None = None
    erased_at: datetime | None = None  # They wished to be forgotten: nobody any more, but a number in the report.


class Address(SQLModel, table=True):
    """Where a person can be reached on one channel."""

    __table_args__ = (UniqueConstraint("channel", "account", "external"), NEVER_AGAIN)

    id: int | None = Field(default=None, primary_key=True, sa_type=BigKey)
    person_id: int = Field(foreign_key="person.id", index=True, sa_type=BigKey)
    channel: str = Field(max_length=20)
    account: str = Field(max_length=40)  # Which of our bots or pages; empty where there is only one.
    external: str = Field(max_length=80)  # The channel's own name for the chat.
    reachable: bool = True
    why_not: str = ""
    met_at: datetime
    heard_at: datetime
    shut_at: datetime | None = None  # The channel said then that we may not write before the person does.
    people_shut_at: datetime | None = None  # And then, that not even what a person has typed may go out.

    def heard_from(self, at: datetime) -> None:
        """They have written there: everything may be answered again."""
        self.heard_at, self.shut_at, self.people_shut_at = at, None, None


@dataclass(frozen=True)
class Place:
    """An address as a channel knows it, before we have looked it up."""

    channel: str
    external: str
    account: str = ""
    name: str = field(default="", compare=False)  # As the messenger shows it; a hint for staff, never the ref.


def who_has(place: Place) -> Select[Person, Address]:
    """Whoever is behind an address, and the address."""
    return (
        select(Person, Address)
        .join(Address, col(Address.person_id) == col(Person.id))
        .where(
            col(Address.channel) == place.channel,
            col(Address.account) == place.account,
            col(Address.external) == place.external,
        )
    )


async def find(session: AsyncSession, place: Place) -> tuple[Person, Address] | None:
    """The person behind an address, and the address. Who wished to be forgotten is found as long as the address is.

    The person's row is locked until the end of the transaction, so that what one person says is handled in order.
    """
    for _ in range(MOST_MERGES):
        held_now = who_has(place).with_for_update(of=Person).execution_options(populate_existing=True)
        found = (await session.execute(held_now)).first()
        if not found:
            break
        person, address = found
        if person.merged_into is None and not person.joined and person.erased_at is None:
            return person, address
        # While we waited for this person they may have become one with another, or two again: look who has the address.
        # Not against those who only refer to it: a message that is being written has it, and waits for the person.
        held = await session.get(Address, address.id, with_for_update={"key_share": True}, populate_existing=True)
        if held is not None and held.person_id == person.id:
            return person, held
    return None


async def meet(session: AsyncSession, place: Place, at: datetime) -> tuple[Person, Address, bool]:
    """The person behind an address, the address, and whether the person is new to us."""
    found = await find(session, place)
    if found is not None and found[0].erased_at is None:
        return *found, False
    return *await welcome(session, place, at, found), True


async def welcome(
    session: AsyncSession, place: Place, at: datetime, found: tuple[Person, Address] | None = None
) -> tuple[Person, Address]:
    """Somebody new. `found`: whoever was forgotten had the address before."""
    person = Person(name=place.name[:LONGEST_NAME], met_at=at, heard_at=at)
    session.add(person)
    await session.flush()
    assert person.id is not None
    if found is not None:
        # The address of somebody forgotten, whose last words may still be on their way: whoever writes there is new.
        address = found[1]
        if brought := found[0].talk.get("brought"):
            person.talk = {"brought": brought}
        address.person_id, address.met_at = person.id, at
        address.heard_from(at)
        return person, address
    address = Address(
        person_id=person.id,
        channel=place.channel,
        account=place.account,
        external=place.external,
        met_at=at,
        heard_at=at,
    )
    session.add(address)
    await session.flush()
    return person, address


async def unmeet(session: AsyncSession, person: Person, address: Address, found: tuple[Person, Address] | None) -> None:
    """It was nobody new after all: what they said is an echo of what whoever had the address before has said."""
    if found is None:
        await session.delete(address)
    else:
        address.person_id = found[0].id or 0
    await session.flush()
    await session.delete(person)


async def name_if_none(session: AsyncSession, place: Place) -> None:
    person = await session.scalar(who_has(place).where(col(Person.name) == "", col(Person.erased_at).is_(None)))
    if person is not None:
        person.name = place.name[:LONGEST_NAME]


def initials(name: str) -> str:
    """Two letters for a round picture; «Оксана (мама)» has two as well."""
    letters = (next(filter(str.isalpha, part), "") for part in name.split())
    return "".join(letters)[:2].upper() or "?"


def was_forgotten(person: Person, name: str) -> bool:
    """Whether the channel brings once more what was forgotten; `name`: what the channel calls it."""
    return trace_of(name) in person.talk.get("brought", ())


def trace_of(name: str) -> str:
    """Enough of a fingerprint to know again what a channel calls something."""
    return ids.fingerprint(name)[:16]


def must_be_there(person: Person) -> None:
    """Nothing more is written down about who wished to be forgotten."""
    if person.erased_at is not None:
        raise Conflict("error.erased")


async def find_person(session: AsyncSession, person_id: int) -> Person:
    person = await session.get(Person, person_id)
    if person is None:
        raise NotFound("error.no_person")
    return person


async def present(session: AsyncSession, person_id: int) -> Person:
    """Somebody about whom more may be written down."""
    person = await find_person(session, person_id)
    must_be_there(person)
    return person


def rename(session: AsyncSession, person: Person, name: str, gmina: str, is_minor: bool, by: int) -> None:
    """What staff know better: the name, which may be empty, the commune, and whether they are under eighteen."""
    must_be_there(person)
    if len(name) > LONGEST_NAME:
        raise Invalid("error.field_long", field="name", n=LONGEST_NAME)
    known = (("name", name), ("gmina", gmina), ("is_minor", is_minor))
    fields = [field for field, new in known if getattr(person, field) != new]
    if fields:
        person.name, person.gmina, person.is_minor = name, gmina, is_minor
        record(session, "person.named", person_id=person.id, staff_id=by, fields=fields)


def change_rule(session: AsyncSession, person: Person, rule: ContactRule, note: str, by: int) -> None:
    """How this person may be reached from now on. The note is the staff's own, and stands beside the rule."""
    must_be_there(person)
    if len(note) > LONGEST_NOTE:
        raise Invalid("error.field_long", field="text", n=LONGEST_NOTE)
    person.contact_rule = rule
    record(session, "person.contact_rule", person_id=person.id, staff_id=by, rule=rule.value, note=note)


async def rule_change(session: AsyncSession, person_id: int) -> Event | None:
    """When the rule was last set, by whom, and with which note."""
    return await session.scalar(
        select(Event)
        .where(col(Event.person_id) == person_id, col(Event.kind) == "person.contact_rule")
        .order_by(col(Event.id).desc())
        .limit(1)
    )


async def addresses_of(session: AsyncSession, person_id: int) -> list[Address]:
    """A person's addresses, the one they used last first."""
    rows = await session.scalars(
        select(Address)
        .where(col(Address.person_id) == person_id)
        .order_by(col(Address.heard_at).desc(), col(Address.id))
    )
    return list(rows)


async def lost(session: AsyncSession, address_id: int, why: str, tickets: Iterable[int | None] = (None,)) -> None:
    """The channel says that this address cannot be reached any more; it is told in the history of these tickets."""
    address = await session.get_one(Address, address_id)
    if address.reachable:
        address.reachable, address.why_not = False, why
        for ticket_id in tickets:
            record(
                session,
                "address.lost",
                ticket_id=ticket_id,
                person_id=address.person_id,
                channel=address.channel,
                why=why,
            )


async def rename_address(session: AsyncSession, address_id: int, external: str) -> None:
    """The channel calls this chat otherwise from now on; unless somebody is known by that name already."""
    address = await session.get(Address, address_id, with_for_update=True)
    taken = select(col(Address.id)).where(col(Address.external) == external)
    if address is None or await session.scalar(
        taken.where(col(Address.channel) == address.channel, col(Address.account) == address.account)
    ):
        return
    address.external = external[:80]
    record(session, "address.renamed", person_id=address.person_id, channel=address.channel)


def found_again(session: AsyncSession, address: Address) -> None:
    if not address.reachable:
        address.reachable, address.why_not = True, ""
        record(session, "address.found", person_id=address.person_id, channel=address.channel)
