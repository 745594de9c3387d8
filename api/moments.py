"""Days and hours as staff read them: short, in the centre's zone, in their language."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from babel.dates import format_date

from desk.texts import say, say_count


@dataclass(frozen=True)
class Moments:
    zone: ZoneInfo
    now: datetime
    lang: str

    def local(self, at: datetime) -> datetime:
        return at.astimezone(self.zone)

    def time(self, at: datetime | None) -> str:
        return f"{self.local(at):%H:%M}" if at else ""

    def short(self, at: datetime) -> str:
        """08:43 today, «pt. 11:27» this week, «12.11» before."""
        local, today = self.local(at), self.local(self.now).date()
        days = abs((today - local.date()).days)
        if days == 0:
            return f"{local:%H:%M}"
        if days < 7:
            return f"{format_date(local, 'EE', locale=self.lang)} {local:%H:%M}"
        return f"{local:%d.%m}" if local.year == today.year else f"{local:%d.%m.%Y}"

    def day(self, at: datetime) -> str:
        """«dziś, poniedziałek, 1 marca»"""
        local, today = self.local(at), self.local(self.now).date()
        name = format_date(local, "EEEE, d MMMM", locale=self.lang)
        ahead = (local.date() - today).days
        near = {0: "when.today", -1: "when.yesterday", 1: "when.tomorrow"}.get(ahead)
        return f"{say(self.lang, near, 'staff')}, {name}" if near else name

    def date_and_time(self, at: datetime) -> str:
        local = self.local(at)
        return f"{format_date(local, 'EE d MMMM', locale=self.lang)}, {local:%H:%M}"

    def due(self, at: datetime | None) -> tuple[str, bool]:
        """«do 12:00», «do wt. 9:30», or how long it is late; and whether it is."""
        if at is None:
            return "", False
        if at < self.now:
            return say(self.lang, "when.ago", "staff", span=self.span(self.now - at)), True
        return say(self.lang, "when.until", "staff", at=self.short(at)), False

    def left(self, at: datetime) -> str:
        return say(self.lang, "when.in", "staff", span=self.span(at - self.now))

    def span(self, span: timedelta) -> str:
        """«1 h 20 min», «3 dni»"""
        minutes = int(span.total_seconds() // 60)
        if minutes >= 48 * 60:
            return say_count(self.lang, "when.days", minutes // 1440, "staff")
        hours, rest = divmod(minutes, 60)
        if hours and rest:
            return f"{hours} h {rest} min"
        return f"{hours} h" if hours else f"{max(rest, 1)} min"

    def iso(self, at: datetime | None) -> str:
        return at.isoformat() if at else ""
