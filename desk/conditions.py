"""How each channel itself fares: halted and why, how much it holds back, what it last complained of."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import Field, SQLModel, col

from desk import channels
from desk.database import insert_unless_there
from desk.history import record


class Condition(SQLModel, table=True):
    """One channel account. `why` is a machine word, empty while messages go out."""

    channel: str = Field(primary_key=True, max_length=20)
    account: str = Field(primary_key=True, max_length=40)
    why: str = Field(default="", max_length=40)
    since: datetime | None = None
    pending: int = 0  # What the channel holds back, not having been able to bring it to us.
    complaint: str = Field(default="", max_length=200)  # Its last failed call to us, in its own words.
    complained_at: datetime | None = None
    seen_at: datetime  # When we last knew.
    invites: str = Field(default="", max_length=200)  # The link by which people add it, as the channel has told us.


async def goes_out(session: AsyncSession, channel: str, account: str, at: datetime, *, why: str) -> None:
    """Whether messages go out on this channel: `why` not, or empty. A change is said once in the history."""
    condition = await _of(session, channel, account, at)
    if condition.why != why:
        condition.why, condition.since = why, at if why else None
        record(session, "channel.halted" if why else "channel.goes", channel=channel, why=why)
    condition.seen_at = at


async def begins(session: AsyncSession, channel: str, account: str, at: datetime) -> None:
    """Whoever sends there from now on has not been refused yet: what an operator has mended is not shown as broken."""
    condition = await session.get(Condition, (channel, account))
    if condition is not None and condition.why:
        await goes_out(session, channel, account, at, why="")


async def reported(
    session: AsyncSession,
    channel: str,
    account: str,
    at: datetime,
    *,
    pending: int,
    complaint: str,
    complained_at: datetime | None,
) -> None:
    """What the channel tells of its side of the line."""
    condition = await _of(session, channel, account, at)
    condition.pending, condition.seen_at = pending, at
    condition.complaint, condition.complained_at = complaint[:200], complained_at


async def introduced(session: AsyncSession, channel: str, account: str, at: datetime, invites: str) -> None:
    """The channel has told what we are called there; other processes, which do not listen to it, read it here."""
    channels.know_invitation(channel, invites)
    (await _of(session, channel, account, at)).invites = invites[:200]


async def learn_invitations(session: AsyncSession) -> None:
    for condition in await everyones(session):
        if condition.invites:
            channels.know_invitation(condition.channel, condition.invites)


async def everyones(session: AsyncSession) -> Sequence[Condition]:
    return (await session.scalars(select(Condition).order_by(col(Condition.channel)))).all()


async def _of(session: AsyncSession, channel: str, account: str, at: datetime) -> Condition:
    await insert_unless_there(session, Condition(channel=channel, account=account, seen_at=at), "channel", "account")
    return await session.get_one(Condition, (channel, account), with_for_update=True, populate_existing=True)
