"""Until when somebody may be written to on a channel, and which of a person's addresses is the one to write to."""

import enum
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from desk import channels
from desk.errors import Conflict, Invalid
from desk.people import Address, Person, addresses_of

LOOKS = timedelta(minutes=15)  # So long after their last word somebody still has the page before them.


class Way(enum.Enum):
    """How a message can go out now."""

    OPEN = "open"
    PEOPLE = "people"  # Only what a person has typed.
    SHUT = "shut"


@dataclass(frozen=True)
class Window:
    """Until when everything may be sent, and until when a person's own words may; None: for ever."""

    answers: datetime | None = None
    people: datetime | None = None

    def way(self, at: datetime) -> Way:
        if self.answers is None or at < self.answers:
            return Way.OPEN
        return Way.PEOPLE if self.people is not None and at < self.people else Way.SHUT

    def lets(self, at: datetime, *, typed: bool) -> bool:
        """`typed`: a person has written it, no machine."""
        way = self.way(at)
        return way is Way.OPEN or (way is Way.PEOPLE and typed)


def of(address: Address) -> Window:
    """Counted from when the person last said or pressed anything there, unless the channel has refused us since."""
    facts = channels.facts_of(address.channel)
    if facts.answers_within is None:
        return Window()
    answers = _earliest(address.heard_at + facts.answers_within, address.shut_at)
    if facts.people_within is None:
        return Window(answers, answers)
    return Window(answers, _earliest(address.heard_at + facts.people_within, address.people_shut_at))


def _earliest(end: datetime, refused_at: datetime | None) -> datetime:
    return end if refused_at is None else min(end, refused_at)


def best(addresses: Iterable[Address], person: Person, at: datetime, *, typed: bool = False) -> Address | None:
    """Where to write: the address that lets us now, the one they prefer first, else the one they used last.

    When none lets us, one that will when the person writes again; None when there is no address at all.
    """

    def fits(address: Address) -> tuple[bool, bool, bool, bool, datetime]:
        lets = of(address).lets(at, typed=typed)
        seen = channels.facts_of(address.channel).reaches_closed or at - address.heard_at < LOOKS
        return address.reachable, lets, seen, address.id == person.prefers, address.heard_at

    return max(addresses, key=fits, default=None)


async def choose(
    session: AsyncSession, person: Person, at: datetime, *, typed: bool = False, chosen: int | None = None
) -> Address:
    """Where staff's words go: the address that they chose, or the best one. Raises when there is none."""
    assert person.id is not None
    addresses = await addresses_of(session, person.id)
    if chosen is not None:
        found = next((address for address in addresses if address.id == chosen), None)
        if found is None:
            raise Invalid("error.no_address")
        return found
    address = best(addresses, person, at, typed=typed)
    if address is None:
        raise Conflict("error.no_address")
    return address


def others_open(addresses: Sequence[Address], than: Address, at: datetime) -> list[Address]:
    """Further addresses at which the person can be written to now, and surely reads it."""
    return [
        one
        for one in addresses
        if one.id != than.id
        and one.reachable
        and channels.facts_of(one.channel).reaches_closed
        and of(one).way(at) is Way.OPEN
    ]
