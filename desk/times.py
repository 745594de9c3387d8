"""Days and hours as people say them, and the opening hours that promises are counted in."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import holidays
from babel.dates import format_date, get_day_names

from desk.texts import say

HALF_HOUR = timedelta(minutes=30)


@lru_cache
def _holidays_of(year: int) -> frozenset[date]:
    return frozenset(holidays.country_holidays("PL", years=year).keys())


@dataclass(frozen=True)
class OpeningHours:
    """When people are at the centre: weekday (0 is Monday) to from-and-until, less holidays and closed days."""

    zone: ZoneInfo
    week: Mapping[int, tuple[time, time]]
    closed: frozenset[date] = field(default_factory=frozenset)

    def on(self, day: date) -> tuple[datetime, datetime] | None:
        """Opening and closing of that day, or None when the centre is closed all day."""
        hours = self.week.get(day.weekday())
        if hours is None or day in self.closed or day in _holidays_of(day.year):
            return None
        return tuple(datetime.combine(day, hour, self.zone) for hour in hours)  # type: ignore[return-value]

    def is_open(self, at: datetime) -> bool:
        today = self.on(at.astimezone(self.zone).date())
        return today is not None and today[0] <= at < today[1]

    def next_opening(self, at: datetime) -> datetime:
        """The next moment at which somebody comes in; `at` itself when somebody is there."""
        for opens, closes in self._days_from(at):
            if at < closes:
                return max(at, opens)
        raise ValueError("the centre is never open")

    def after_open_hours(self, at: datetime, hours: float) -> datetime:
        """The moment when so many opening hours will have passed since `at`."""
        left = timedelta(hours=hours)
        for opens, closes in self._days_from(at):
            begin = max(at, opens)
            if begin >= closes:
                continue
            if closes - begin >= left:
                return begin + left
            left -= closes - begin
        raise ValueError("the centre is never open")

    def _days_from(self, at: datetime) -> Iterator[tuple[datetime, datetime]]:
        day = at.astimezone(self.zone).date()
        for ahead in range(400):
            hours = self.on(day + timedelta(days=ahead))
            if hours is not None:
                yield hours


@dataclass(frozen=True)
class OpenWeek:
    """When people answer, as one says it in the middle of a sentence: «у будні, 8:00–15:30»."""

    hours: OpeningHours

    def in_(self, language: str) -> str:
        week = self.hours.week
        if set(week) == set(range(5)) and len(set(week.values())) == 1:
            return say(language, "hours.weekdays", hours=_from_until(week[0]))
        days = get_day_names("abbreviated", locale=language)
        return ", ".join(f"{days[day]} {_from_until(week[day])}" for day in sorted(week))


def _from_until(hours: tuple[time, time]) -> str:
    return "–".join(f"{at.hour}:{at.minute:02d}" for at in hours)


def rounded_up(moment: datetime) -> datetime:
    """The next full or half hour: promises are rounded to the later side."""
    past = timedelta(minutes=moment.minute % 30, seconds=moment.second, microseconds=moment.microsecond)
    return moment if not past else moment + HALF_HOUR - past


def hour(moment: datetime) -> str:
    return f"{moment.hour}:{moment.minute:02d}"


@dataclass(frozen=True)
class AtTime:
    """An hour of today, «10:40», or of another day, «18:00, 4 грудня»."""

    moment: datetime
    today: date

    def in_(self, language: str) -> str:
        if self.moment.date() == self.today:
            return hour(self.moment)
        return f"{hour(self.moment)}, {day_and_month(self.moment.date(), language)}"


@dataclass(frozen=True)
class Day:
    """A day as one says it today: «сьогодні», «завтра», «у понеділок», further away with the date.

    `form` is `on` («у середу»), `until` («середи») or `name` («середа»);
    `after_vowel` makes «надійти в понеділок» of «у понеділок».
    """

    day: date
    today: date
    form: str = "on"
    after_vowel: bool = False
    always_dated: bool = False

    def in_(self, language: str) -> str:
        ahead = (self.day - self.today).days
        if ahead in (0, 1) and not self.always_dated:
            return say(language, "day.today" if ahead == 0 else "day.tomorrow")
        name = weekday(self.day, language, self.form, self.after_vowel)
        if 0 <= ahead < 7 and not self.always_dated:
            return name
        return f"{name}, {day_and_month(self.day, language)}"


@dataclass(frozen=True)
class SinceDay:
    """«від понеділка», and «від 4 грудня» when that is a week ago or longer."""

    day: date
    today: date

    def in_(self, language: str) -> str:
        ago = (self.today - self.day).days
        if ago < 1:
            return say(language, "day.since.today")
        if ago < 7:
            return say(language, f"day.since.{self.day.weekday()}")
        since = say(language, "day.since", day=day_and_month(self.day, language))
        # «со второго», «с третьего».
        return since.replace("с ", "со ", 1) if language == "ru" and self.day.day == 2 else since


def weekday(day: date, language: str, form: str = "on", after_vowel: bool = False) -> str:
    if form == "name":
        return format_date(day, "EEEE", locale=language)
    name = say(language, f"day.{form}.{day.weekday()}")
    # «надійти в понеділок», but always «у вівторок».
    if language == "uk" and after_vowel and form == "on" and day.weekday() != 1 and name.startswith("у "):
        name = "в " + name[2:]
    return name


def day_and_month(day: date, language: str) -> str:
    return format_date(day, "d MMMM", locale=language)


@dataclass(frozen=True)
class ByWhen:
    """«сьогодні до 15:30»: until when an answer is expected, rounded up to the half hour."""

    moment: datetime  # In the centre's zone.
    now: datetime

    def in_(self, language: str) -> str:
        until = rounded_up(self.moment)
        day = Day(until.date(), self.now.astimezone(until.tzinfo).date(), after_vowel=True)
        return say(language, "time.by", day=day, time=hour(until))


@dataclass(frozen=True)
class AfterWhen:
    """«завтра після 8:00»: from when on somebody reads."""

    moment: datetime
    now: datetime

    def in_(self, language: str) -> str:
        day = Day(self.moment.date(), self.now.astimezone(self.moment.tzinfo).date(), after_vowel=True)
        return say(language, "time.after", day=day, time=hour(self.moment))


@dataclass(frozen=True)
class AtWhen:
    """«завтра, у вівторок, 8 грудня, о 17:30»: an hour at which something takes place."""

    moment: datetime
    now: datetime
    dated: bool = True

    def in_(self, language: str) -> str:
        today = self.now.astimezone(self.moment.tzinfo).date()
        ahead = (self.moment.date() - today).days
        at = say(language, "time.at.11" if self.moment.hour == 11 else "time.at", time=hour(self.moment))
        if ahead == 0:
            return f"{say(language, 'day.today')} {at}"
        dated = Day(self.moment.date(), today, always_dated=True).in_(language)
        if ahead == 1:
            near = say(language, "day.tomorrow")
            return f"{near}, {dated}, {at}" if self.dated else f"{near} {at}"
        return f"{dated}, {at}"


@dataclass(frozen=True)
class ShortDay:
    """«сб, 12 грудня», with the hour when there is one: a date in a list."""

    day: date
    at: time | None = None

    def in_(self, language: str) -> str:
        text = format_date(self.day, "EE, d MMMM", locale=language)
        return f"{text}, {self.at.hour}:{self.at.minute:02d}" if self.at else text


@dataclass(frozen=True)
class Weekly:
    """«вт і чт, 17:30–19:00»: when the lessons ahead take place, each with its beginning and its minutes."""

    lessons: tuple[tuple[datetime, int], ...]

    @property
    def kind(self) -> str:
        """The part of the week, as people choose it."""
        if not self.lessons:
            return ""
        begins = self.lessons[0][0]
        if begins.weekday() >= 5:
            return "weekend"
        return "weekday_morning" if begins.hour < 12 else "weekday_afternoon" if begins.hour < 17 else "weekday_evening"

    def in_(self, language: str) -> str:
        if not self.lessons:
            return ""
        begins, minutes = self.lessons[0]
        days = sorted({moment.weekday() for moment, _ in self.lessons[:14]})
        names = [format_date(date(2024, 1, 1 + day), "EE", locale=language) for day in days]
        listed = (
            names[0] if len(names) == 1 else say(language, "people.and", first=", ".join(names[:-1]), last=names[-1])
        )
        return f"{listed}, {hour(begins)}–{hour(begins + timedelta(minutes=minutes))}"
