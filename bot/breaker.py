"""Lets a helper on the wire that is down alone for a while, and longer each time."""

import structlog

from desk import clock

log = structlog.get_logger()

TROUBLES = 3  # So many failures in a row open the breaker.
REST, LONGEST_REST = 15.0, 300.0


class Breaker:
    def __init__(self, what: str) -> None:
        self.what, self.troubles, self.rest, self.closed_until = what, 0, REST, 0.0

    @property
    def is_open(self) -> bool:
        return clock.ticks() < self.closed_until

    def worked(self) -> None:
        self.troubles, self.rest = 0, REST

    def failed(self) -> None:
        self.troubles += 1
        if self.troubles >= TROUBLES:
            self.closed_until = clock.ticks() + self.rest
            self.rest = min(self.rest * 2, LONGEST_REST)
            log.warning("breaker.resting", what=self.what, seconds=round(self.closed_until - clock.ticks()))
