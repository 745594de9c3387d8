"""One-time codes with which somebody adds another channel: single use, ten minutes, confirmed on both sides."""

import enum
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import Field, SQLModel, col

from desk import ids
from desk.database import BigKey, words

LASTS = timedelta(minutes=10)
LENGTH = 22  # Letters of a code: 132 bits.
SHORT = 16  # Letters of the fingerprint that stand in the data of a button.


class End(enum.Enum):
    OPEN = "open"
    JOINED = "joined"
    REFUSED = "refused"  # «Ні, не я»: somebody else holds the code.
    DROPPED = "dropped"  # Whoever opened it did not want it after all.


class Link(SQLModel, table=True):
    """The code itself is only with the person. `address_id` is where it was given, `opened_by` where it was opened."""

    code: str = Field(primary_key=True, max_length=64)
    person_id: int = Field(foreign_key="person.id", index=True, sa_type=BigKey)
    address_id: int = Field(foreign_key="address.id", sa_type=BigKey)
    made_at: datetime
    opened_by: int | None = Field(default=None, foreign_key="address.id", sa_type=BigKey)
    pressed_at: datetime | None = None
    end: End = Field(default=End.OPEN, sa_type=words(End))

    @property
    def short(self) -> str:
        return self.code[:SHORT]

    def is_good(self, at: datetime) -> bool:
        return self.end is End.OPEN and at - self.made_at < LASTS


def is_code(text: str) -> bool:
    """Whether a text looks like one of our codes; whether it is one only its row can say."""
    return len(text) == LENGTH and text.isascii() and all(letter.isalnum() or letter in "-_" for letter in text)


async def give(session: AsyncSession, person_id: int, address_id: int, at: datetime) -> str:
    """A new code for this person, given out at this address."""
    code = ids.token()[:LENGTH]
    session.add(Link(code=ids.fingerprint(code), person_id=person_id, address_id=address_id, made_at=at))
    return code


async def found(session: AsyncSession, code: str, at: datetime, *, to_change: bool = True) -> Link | None:
    """The link behind a code as somebody opened it, if it is still good; its row is held when it is to be changed."""
    query = select(Link).where(col(Link.code) == ids.fingerprint(code))
    link = await session.scalar(query.with_for_update() if to_change else query)
    return link if link is not None and link.is_good(at) else None


async def pressed(session: AsyncSession, short: str, at: datetime, *, to_change: bool = True) -> Link | None:
    """The same, by what stands in the data of a button."""
    if len(short) != SHORT or not short.isalnum():
        return None
    query = select(Link).where(col(Link.code).startswith(short), col(Link.made_at) > at - LASTS)
    if to_change:
        query = query.with_for_update().execution_options(populate_existing=True)
    link = await session.scalar(query)
    return link if link is not None and link.is_good(at) else None
