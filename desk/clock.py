"""The only reader of time: everything that happens at one moment is given the same one."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

_standing: datetime | None = None


def now() -> datetime:
    """The present moment in UTC, or the moment at which a test has stopped the clock."""
    return _standing or datetime.now(UTC)


def stand_at(moment: datetime | None) -> None:
    """Stop the clock at `moment`, or let it run again with None.

    A module variable and not a context variable: background tasks must see it too.
    """
    global _standing
    if moment is not None and moment.tzinfo is None:
        raise ValueError(f"{moment!r} has no time zone")
    _standing = moment and moment.astimezone(UTC)


@contextmanager
def standing_at(moment: datetime) -> Iterator[None]:
    stand_at(moment)
    try:
        yield
    finally:
        stand_at(None)


def move_on(step: timedelta) -> None:
    """Let a standing clock jump forward."""
    stand_at(now() + step)


def ticks() -> float:
    """Seconds that only grow, for pacing and deadlines inside one process."""
    return time.monotonic()
