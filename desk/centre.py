"""What the centre decides about itself: name, address, hours, how soon it answers, when it is quiet."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from desk.texts import Written
from desk.times import OpeningHours


@dataclass(frozen=True)
class Centre:
    zone: ZoneInfo
    name: Written
    of: Written  # The name in the genitive: «бот Центру допомоги біженцям».
    town: Written
    address: Written
    hours: OpeningHours
    first_answer_hours: float  # Opening hours.
    alert_minutes: int
    quiet_from: time
    quiet_until: time
    emergency: tuple[str, ...]  # 112, or its stand-ins while it is out of order.
    controller: str
    contact: str
    notice: Written
    notice_version: str
    facts: Mapping[str, Any]  # The entry as a whole, for the page that edits it.

    def due(self, at: datetime) -> datetime:
        """By when a first answer is expected for something that arrives at `at`, in the centre's zone."""
        return self.hours.after_open_hours(at, self.first_answer_hours).astimezone(self.zone)

    def local(self, at: datetime) -> datetime:
        return at.astimezone(self.zone)

    def is_quiet(self, at: datetime) -> bool:
        """Whether reminders must stay silent now."""
        clock = self.local(at).time()
        if self.quiet_from <= self.quiet_until:
            return self.quiet_from <= clock < self.quiet_until
        return clock >= self.quiet_from or clock < self.quiet_until

    def after_quiet(self, at: datetime) -> datetime:
        """`at`, or the end of the quiet hours it falls into."""
        if not self.is_quiet(at):
            return at
        local = self.local(at)
        end = datetime.combine(local.date(), self.quiet_until, self.zone)
        return end if end > local else datetime.combine(local.date() + timedelta(days=1), self.quiet_until, self.zone)

    def before_quiet(self, at: datetime, ahead: timedelta) -> datetime:
        """`at`, or `ahead` before the quiet hours it falls into begin."""
        if not self.is_quiet(at):
            return at
        local = self.local(at)
        begin = datetime.combine(local.date(), self.quiet_from, self.zone)
        if begin > local:
            begin = datetime.combine(local.date() - timedelta(days=1), self.quiet_from, self.zone)
        return begin - ahead

    @property
    def n112(self) -> str:
        return " / ".join(self.emergency)


def read_centre(facts: Mapping[str, Any], zone: ZoneInfo) -> Centre:
    """The centre from its entry in the library."""
    week = {int(day): (_time(hours[0]), _time(hours[1])) for day, hours in facts["hours"].items() if hours}
    return Centre(
        zone=zone,
        name=Written(facts["name"]),
        of=Written(facts["centre_of"]),
        town=Written(facts.get("town", {})),
        address=Written(facts["address"]),
        hours=OpeningHours(zone, week, frozenset(date.fromisoformat(day) for day in facts.get("closed_days", []))),
        first_answer_hours=float(facts["first_answer_hours"]),
        alert_minutes=int(facts["alert_minutes"]),
        quiet_from=_time(facts["quiet_hours"]["from"]),
        quiet_until=_time(facts["quiet_hours"]["until"]),
        emergency=tuple(facts.get("emergency", ["112"])),
        controller=str(facts.get("controller", "")),
        contact=str(facts.get("contact", "")),
        notice=Written(facts["notice"]),
        notice_version=str(facts.get("notice_version", "1")),
        facts=facts,
    )


def _time(text: str) -> time:
    return time.fromisoformat(text if len(text) == 5 else f"0{text}")
