"""Until when a person may be written to, as staff see it before they write; and the other ways there are."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from api.moments import Moments
from desk import windows
from desk.people import Address, Person
from desk.texts import say
from desk.times import SinceDay
from desk.windows import Way

SOON = timedelta(hours=3)


def composer_way(addresses: Sequence[Address], person: Person, chosen: int | None, moments: Moments) -> dict[str, Any]:
    """The channel that a reply would take, its window, and what else could be chosen."""
    best = windows.best(addresses, person, moments.now, typed=True)
    used = next((one for one in addresses if one.id == chosen), best)
    if used is None:
        return {"channel": None, "window": None, "ways": []}
    of_one_channel = {name for name, many in Counter(one.channel for one in addresses).items() if many > 1}
    ways = [
        {
            "id": one.id,
            "label": label(one, moments, with_time=one.channel in of_one_channel),
            "chosen": one.id == used.id,
        }
        for one in sorted(addresses, key=lambda one: one.id != (best.id if best else None))
    ]
    return {"channel": used.channel, "window": window(used, moments), "ways": ways if len(ways) > 1 else []}


def label(address: Address, moments: Moments, *, with_time: bool = False) -> str:
    """«Telegram», «Messenger, zamknięty»; `with_time`: «Messenger (pt. 14:53)», by when the person last wrote there."""
    name = say(moments.lang, f"channel.{address.channel}", "staff")
    if with_time:
        name += f" ({moments.short(address.heard_at)})"
    if not address.reachable or windows.of(address).way(moments.now) is Way.SHUT:
        return f"{name}, {say(moments.lang, 'window.shut', 'staff')}"
    return name


def window(address: Address, moments: Moments) -> dict[str, Any] | None:
    """None where we may always write."""
    span = windows.of(address)
    if span.answers is None:
        return None
    name = say(moments.lang, f"channel.{address.channel}", "staff")
    match span.way(moments.now):
        case Way.OPEN:
            left = span.answers - moments.now
            state = "soon" if left < SOON else "open"
            text = say(
                moments.lang,
                "window.open",
                "staff",
                channel=name,
                until=moments.short(span.answers),
                left=moments.span(left),
            )
            return {"state": state, "text": text, "left": _share(left, span.answers - address.heard_at)}
        case Way.PEOPLE:
            assert span.people is not None
            text = say(moments.lang, "window.people", "staff", channel=name, until=moments.short(span.people))
            return {
                "state": "soon",
                "text": text,
                "left": _share(span.people - moments.now, span.people - span.answers),
            }
        case Way.SHUT:
            text = say(
                moments.lang,
                "window.closed",
                "staff",
                window=say(moments.lang, f"window.of.{address.channel}", "staff"),
                since=_since(span.people or span.answers, moments),
            )
            return {"state": "closed", "text": text, "left": 0}


def contact_state(address: Address, moments: Moments) -> str:
    """How an address stands in a list: reachable, not for much longer, or only when the person writes again."""
    if not address.reachable:
        return "unreachable"
    shown = window(address, moments)
    return "ok" if shown is None or shown["state"] == "open" else shown["state"]


def other_ways(message_address: int, addresses: Sequence[Address], moments: Moments) -> list[dict[str, Any]]:
    """Where else words that do not go out could be sent."""
    here = next((one for one in addresses if one.id == message_address), None)
    if here is None:
        return []
    return [
        {"id": one.id, "label": say(moments.lang, f"channel.{one.channel}", "staff")}
        for one in windows.others_open(addresses, here, moments.now)
    ]


def _since(at: datetime, moments: Moments) -> str:
    local = moments.local(at)
    return f"{SinceDay(local.date(), moments.local(moments.now).date()).in_(moments.lang)}, {local.hour}:{local.minute:02d}"


def _share(left: timedelta, whole: timedelta) -> int:
    return max(1, min(100, round(left / whole * 100))) if whole else 0
