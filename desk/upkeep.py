"""What staff decide about the centre's content, checked before it is kept: its particulars, its days, what is valid."""

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncSession

from desk import ids, library
from desk.centre import read_centre
from desk.errors import Conflict, Invalid, NotFound
from desk.library import Entry
from desk.reading import readable
from desk.staff import TEAMS
from desk.texts import LANGUAGES

LONGEST = 200  # Letters of one particular of the centre.
LONGEST_REASON = 80
FARTHEST = timedelta(days=366)  # Nobody vouches for a number or a text longer than this.
FARTHEST_CLOSED = timedelta(days=731)
# How long a check is taken to hold, unless whoever confirms says otherwise.
VALID = {"helpline": timedelta(days=30), "answer": timedelta(days=90)}
SHORTEST_DAY = timedelta(minutes=30)  # Of opening: shorter days would move promises months away.

SOON = timedelta(days=14)

WORKS = ("112",)
STAND_INS = ("999", "998", "997")  # While 112 is out of order.

# Who may be let in to the tickets of a service: roles that work with people's words, and teams.
READERS = ("intake", "caseworker", "specialist", *TEAMS, "coordinator")

_ROOM = {"uk": "каб.", "pl": "pok.", "ru": "каб.", "en": "room"}
_WITH_ROOM = re.compile(r"(.*), pok\. (\S.*)")


# The centre


@dataclass(frozen=True)
class Particulars:
    """What the centre is called, where it is and when it is open, as somebody has typed it."""

    name: str
    centre_of: Mapping[str, str]  # The name in the genitive, in pl, uk and ru.
    town: str
    street: str
    room: str
    phone: str
    email: str
    hours: Mapping[int, tuple[str, str]]  # Weekday (0 is Monday) to from-and-until; a day that is not here is closed.


def particulars_of(facts: Mapping[str, Any]) -> Particulars:
    """The centre's entry as the form shows it: names in Polish, street and room apart."""
    address = facts["address"].get("pl", "")
    apart = _WITH_ROOM.fullmatch(address)
    return Particulars(
        name=facts["name"].get("pl", ""),
        centre_of={language: facts["centre_of"].get(language, "") for language in ("pl", "uk", "ru")},
        town=facts.get("town", {}).get("pl", ""),
        street=apart[1] if apart else address,
        room=apart[2] if apart else "",
        phone=facts.get("phone", ""),
        email=facts.get("email", ""),
        hours={int(day): (_padded(hours[0]), _padded(hours[1])) for day, hours in facts["hours"].items() if hours},
    )


def change_centre(
    session: AsyncSession, entry: Entry, typed: Particulars, zone: ZoneInfo, at: datetime, by: int
) -> None:
    """Keep what is different; nothing is kept when something is wrong."""
    facts, before = entry.now, particulars_of(entry.now)
    typed = _tidied(typed)
    changes: dict[str, Any] = {}
    if typed.name != before.name:
        # A new name is known in Polish alone: in the other languages it stands as it does on the door.
        changes["name"] = {"pl": typed.name}
    if typed.centre_of != before.centre_of:
        kept = {} if "name" in changes else facts["centre_of"]
        changes["centre_of"] = {**kept, **typed.centre_of}
    if typed.town != before.town:
        changes["town"] = {"pl": typed.town}
    if (typed.street, typed.room) != (before.street, before.room):
        changes["address"] = {
            language: f"{typed.street}, {_ROOM[language]} {typed.room}" if typed.room else typed.street
            for language in LANGUAGES
        }
    if typed.phone != before.phone:
        changes["phone"] = typed.phone
    if typed.email != before.email:
        changes["email"] = typed.email
    if typed.hours != before.hours:
        changes["hours"] = {str(day): list(hours) for day, hours in sorted(typed.hours.items())}
    if not changes:
        return
    _check_ever_open({**facts, **changes}, zone, at, field="hours")
    library.edit(session, entry, by, **changes)


def _tidied(typed: Particulars) -> Particulars:
    """The same without stray spaces, or Invalid with the field that is wrong."""
    for field, text, needed in (
        ("name", typed.name, True),
        *((f"centre_of_{language}", text, True) for language, text in typed.centre_of.items()),
        ("town", typed.town, False),
        ("address", typed.street, True),
        ("room", typed.room, False),
        ("phone", typed.phone, False),
        ("email", typed.email, False),
    ):
        if needed and not one_line(text):
            raise Invalid("error.field_empty", field=field)
        if len(one_line(text)) > LONGEST:
            raise Invalid("error.field_long", field=field, n=LONGEST)
    phone, email = one_line(typed.phone), one_line(typed.email)
    if phone and not re.fullmatch(r"\+?[\d ()-]{3,30}", phone):
        raise Invalid("error.phone", field="phone")
    if email and not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", email):
        raise Invalid("error.email", field="email")
    return Particulars(
        name=one_line(typed.name),
        centre_of={language: one_line(text) for language, text in typed.centre_of.items()},
        town=one_line(typed.town),
        street=one_line(typed.street),
        room=one_line(typed.room),
        phone=phone,
        email=email,
        hours={day: _checked_hours(*hours) for day, hours in typed.hours.items()},
    )


def _checked_hours(begin: str, end: str) -> tuple[str, str]:
    try:
        opens, shuts = time.fromisoformat(_padded(begin)), time.fromisoformat(_padded(end))
    except ValueError:
        raise Invalid("error.hours", field="hours") from None
    if _since_midnight(shuts) - _since_midnight(opens) < SHORTEST_DAY:
        raise Invalid("error.hours", field="hours")
    return f"{opens:%H:%M}", f"{shuts:%H:%M}"


def _since_midnight(at: time) -> timedelta:
    return timedelta(hours=at.hour, minutes=at.minute)


def _padded(hour: str) -> str:
    return f"0{hour}" if len(hour) == 4 else hour


def _check_ever_open(facts: Mapping[str, Any], zone: ZoneInfo, at: datetime, *, field: str) -> None:
    """Promises to people are counted in opening hours, so there must be some."""
    try:
        read_centre(facts, zone).due(at)
    except ValueError:
        raise Invalid("error.never_open", field=field) from None


def close_on(session: AsyncSession, entry: Entry, day: str, why: str, zone: ZoneInfo, at: datetime, by: int) -> date:
    """One more day on which the centre is closed."""
    closed, today = _day(day), at.astimezone(zone).date()
    if closed is None or not today <= closed <= today + FARTHEST_CLOSED:
        raise Invalid("error.closed_day", field="date")
    why = one_line(why)
    if len(why) > LONGEST_REASON:
        raise Invalid("error.field_long", field="why", n=LONGEST_REASON)
    facts = entry.now
    days = facts.get("closed_days", [])
    if closed.isoformat() in days:
        raise Conflict("error.closed_already", field="date")
    days = sorted([*days, closed.isoformat()])
    _check_ever_open({**facts, "closed_days": days}, zone, at, field="date")
    names = {**facts.get("closed_day_names", {}), **({closed.isoformat(): why} if why else {})}
    library.edit(session, entry, by, closed_days=days, closed_day_names=names)
    return closed


def open_on(session: AsyncSession, entry: Entry, day: str, by: int) -> None:
    """A day on which the centre is not closed after all."""
    facts = entry.now
    days = facts.get("closed_days", [])
    if day not in days:
        raise NotFound("error.no_closed_day")
    names = {name: why for name, why in facts.get("closed_day_names", {}).items() if name != day}
    library.edit(session, entry, by, closed_days=[one for one in days if one != day], closed_day_names=names)


def switch_112(session: AsyncSession, entry: Entry, works: str, at: datetime, by: int) -> bool:
    """Whether people are told 112, or its stand-ins while it is out of order."""
    if works not in ("yes", "no"):
        raise Invalid("error.invalid")
    numbers = WORKS if works == "yes" else STAND_INS
    if tuple(entry.now.get("emergency", WORKS)) != numbers:
        since = "" if works == "yes" else at.isoformat()
        library.edit(session, entry, by, emergency=list(numbers), emergency_since=since)
    return works == "yes"


# Help lines and answers


def state_of(entry: Entry, today: date) -> str:
    """confirmed, unconfirmed, expired or off: whether the bot may show it, and if not, why."""
    facts = entry.now
    if facts.get("emergency"):
        return "confirmed"  # These are never hidden.
    if not entry.on:
        return "off"
    if entry.confirmed_at is None:
        return "unconfirmed"
    until = facts.get("verify_by")
    return "expired" if until and date.fromisoformat(until) < today else "confirmed"


def ends_soon(entry: Entry, today: date) -> bool:
    """Whether what is shown today will vanish within two weeks unless somebody looks at it."""
    until = entry.now.get("verify_by")
    if not until or state_of(entry, today) != "confirmed" or entry.now.get("emergency"):
        return False
    return date.fromisoformat(until) <= today + SOON


def wants_a_look(entry: Entry, today: date) -> bool:
    return state_of(entry, today) in ("unconfirmed", "expired")


def confirm(session: AsyncSession, entry: Entry, until: str, today: date, by: int) -> None:
    """Somebody has checked this and answers for it until a day that is not far."""
    last = _day(until)
    if last is None or not today <= last <= today + FARTHEST:
        raise Invalid("error.until", field="until")
    if entry.kind == "answer":
        library.edit(session, entry, by, verified=today)
    library.confirm(session, entry, by, last)


def withdraw(session: AsyncSession, entry: Entry, by: int) -> None:
    if entry.now.get("emergency"):
        raise Conflict("error.emergency_stays")
    library.withdraw(session, entry, by)


@dataclass(frozen=True)
class AnswerTexts:
    """An approved answer as somebody has typed it, each text by its language."""

    questions: Mapping[str, str]
    answers: Mapping[str, str]
    source: str
    source_date: str
    by_bot: bool  # Otherwise it is for staff alone.
    service: str


_GAP = re.compile(r"\{[^{}]*\}")
_KNOWN_GAP = re.compile(r"\{(n112|address|hours|line:\w+)\}")
_A_NUMBER = re.compile(r"(?<![\d.])\+?\d[\d -]{6,}\d(?![\d.])")
LONGEST_QUESTION, LONGEST_ANSWER = 200, 1200


def answer_texts_of(entry: Entry) -> AnswerTexts:
    facts = entry.now
    return AnswerTexts(
        questions=facts["q"],
        answers=facts["a"],
        source=facts.get("source", ""),
        source_date=facts.get("source_date", ""),
        by_bot=facts.get("show") != "staff",
        service=facts.get("service", ""),
    )


NO_ANSWER = AnswerTexts({}, {}, "", "", by_bot=True, service="")


def add_answer(
    session: AsyncSession, typed: AnswerTexts, until: str, services: Collection[str], today: date, by: int
) -> Entry:
    """An answer of the centre's own, approved by whoever typed it; nothing is kept when something is wrong."""
    facts, last = _checked_answer(typed, until, services, today)
    entry = library.add(session, "answer", f"own_{ids.step_token()}{ids.step_token()}", by, **facts)
    library.confirm(session, entry, by, last)
    return entry


def change_answer(
    session: AsyncSession,
    entry: Entry,
    typed: AnswerTexts,
    until: str,
    services: Collection[str],
    today: date,
    by: int,
) -> None:
    """New words for an answer, approved by whoever typed them until a day; nothing is kept when something is wrong."""
    facts, last = _checked_answer(typed, until, services, today)
    library.edit(session, entry, by, **facts)
    library.confirm(session, entry, by, last)


def _checked_answer(
    typed: AnswerTexts, until: str, services: Collection[str], today: date
) -> tuple[dict[str, Any], date]:
    """What is kept of an answer and its last day, or Invalid with the field that is wrong."""
    if typed.service not in services:
        raise Invalid("error.no_service", field="service")
    questions = {language: one_line(typed.questions.get(language, "")) for language in LANGUAGES}
    texts = {language: _several_lines(typed.answers.get(language, "")) for language in LANGUAGES}
    for kind, known, longest in (("q", questions, LONGEST_QUESTION), ("a", texts, LONGEST_ANSWER)):
        for language, text in known.items():
            _check_text(f"{kind}-{language}", text, longest)
    source, read = one_line(typed.source), _day(typed.source_date)
    if not source:
        raise Invalid("error.field_empty", field="source")
    if len(source) > LONGEST:
        raise Invalid("error.field_long", field="source", n=LONGEST)
    if read is None or read > today:
        raise Invalid("error.source_date", field="source_date")
    last = _day(until)
    if last is None or not today <= last <= today + FARTHEST:
        raise Invalid("error.until", field="until")
    facts = {
        "q": questions,
        "a": texts,
        "source": source,
        "source_date": read,
        "verified": today,
        "show": "auto" if typed.by_bot else "staff",
        "service": typed.service,
    }
    return facts, last


def _check_text(field: str, text: str, longest: int) -> None:
    if not text:
        raise Invalid("error.field_empty", field=field)
    if len(text) > longest:
        raise Invalid("error.field_long", field=field, n=longest)
    if _A_NUMBER.search(text):
        raise Invalid("error.answer_number", field=field)
    if any(not _KNOWN_GAP.fullmatch(gap) for gap in _GAP.findall(text)) or text.count("{") != text.count("}"):
        raise Invalid("error.answer_gap", field=field)


def _several_lines(text: str) -> str:
    return "\n".join(" ".join(row.split()) for row in readable(text).strip().split("\n"))


# Services


def let_in(session: AsyncSession, entry: Entry, ticked: Iterable[str], by: int) -> None:
    """Which roles and teams read a service's tickets."""
    names = set(ticked)
    if names - set(READERS):
        raise Invalid("error.no_role")
    if not names:
        raise Invalid("error.readers_wanted")
    # An account has one role and any number of teams, and a narrower role may stand among its teams: so what was
    # ticked is looked for in both.
    readers = [name for name in READERS if name in names]
    library.edit(session, entry, by, roles=readers, teams=readers)


def switch_service(session: AsyncSession, entry: Entry, on: str, by: int) -> bool:
    if on not in ("yes", "no"):
        raise Invalid("error.invalid")
    if entry.on != (on == "yes"):
        library.switch(session, entry, on == "yes", by)
    return on == "yes"


def one_line(text: str) -> str:
    return " ".join(readable(text).split())


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        return None
