"""How a channel itself fares, in a sentence for staff."""

from sqlalchemy.ext.asyncio import AsyncSession

from api.moments import Moments
from desk import channels, conditions
from desk.conditions import Condition
from desk.texts import say

PENDING = 100  # Things that a channel may hold back before somebody should look.


def state_of(one: Condition) -> str:
    return "channel.halted" if one.why else "channel.pending" if one.pending > PENDING else "channel.goes"


def sentence_of(one: Condition, moments: Moments) -> str:
    """«wysyłanie wstrzymane (od 12:05): klucz kanału odrzucony; informatyk musi wpisać nowy»"""
    why = say(moments.lang, f"halt.{one.why.replace(' ', '_')}", "staff") if one.why else ""
    since = moments.short(one.since) if one.since else ""
    return say(moments.lang, state_of(one), "staff", why=why, since=since, n=str(one.pending))


async def halted(session: AsyncSession, moments: Moments) -> dict[str, str]:
    """The channels on which nothing goes out now, each with a sentence that names it."""
    used = {facts.name for facts in channels.in_use()}
    return {
        one.channel: f"{say(moments.lang, f'channel.{one.channel}', 'staff')}: {sentence_of(one, moments)}"
        for one in await conditions.everyones(session)
        if one.why and one.channel in used
    }
