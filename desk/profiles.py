"""A person together with their tickets, as staff find them, see them and correct what is known."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, case, exists, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from desk import ids, reading
from desk.access import may_read, readable_by
from desk.errors import Conflict, Invalid, NotAllowed, NotFound
from desk.history import Event, record
from desk.people import Address, ContactRule, Person, find_person, rename, rule_change
from desk.services import Catalogue, Slot
from desk.staff import CASEWORK, Staff, in_cyrillic
from desk.texts import LANGUAGES
from desk.tickets import Status, Ticket, find_ticket
from desk.triage.words import fold

PAGE = 50
MOST_TICKETS = 100  # Of one person, on one page.


@dataclass(frozen=True)
class Row:
    person: Person
    address: Address | None  # The one they used last.
    open: int  # Open tickets that the reader may read.
    hidden: bool  # All their tickets are closed to the reader.


@dataclass(frozen=True)
class Profile:
    person: Person
    tickets: Sequence[Ticket]  # Those that the reader may read, newest first.

    @property
    def phone_ticket(self) -> Ticket | None:
        """The newest ticket in which they gave a number."""
        return next((ticket for ticket in self.tickets if (ticket.answers.get("phone") or {}).get("v")), None)

    @property
    def phone(self) -> str:
        return str(self.phone_ticket.answers["phone"]["v"]) if self.phone_ticket else ""


# Finding


async def list_people(
    session: AsyncSession, reader: Staff, catalogue: Catalogue, *, words: str = "", before: int | None = None
) -> tuple[list[Row], int | None]:
    """One page of people, the newest first, and the number before which the next page begins.

    Without words those who are closed to the reader stand in it too, hidden; a search does not find them, since
    finding them by name would give away that they are here.
    """
    if reader.disabled or reader.role not in CASEWORK:
        raise NotAllowed("error.not_your_role")
    readable = readable_by(reader, catalogue)
    query = (
        select(Person)
        .where(col(Person.merged_into).is_(None), col(Person.erased_at).is_(None))
        .order_by(col(Person.id).desc())
        .limit(PAGE + 1)
    )
    if before is not None:
        query = query.where(col(Person.id) < before)
    if words := " ".join(reading.readable(words).split()):
        query = query.where(_open_to(readable), _matching(words, readable))
    found = list(await session.scalars(query))
    page = found[:PAGE]
    numbers = [person.id for person in page]
    addresses = await _last_addresses(session, numbers)
    counted = await _counted(session, numbers, readable)
    rows = []
    for person in page:
        assert person.id is not None
        all_, readable_ones, open_ones = counted.get(person.id, (0, 0, 0))
        rows.append(Row(person, addresses.get(person.id), open_ones, hidden=all_ > 0 and readable_ones == 0))
    return rows, page[-1].id if len(found) > PAGE else None


async def readable_people(
    session: AsyncSession, reader: Staff, catalogue: Catalogue, people: Sequence[int | None]
) -> set[int | None]:
    """Those of these people whom the reader may know."""
    if not people or reader.disabled or reader.role not in CASEWORK:
        return set()
    query = select(col(Person.id)).where(col(Person.id).in_(people), _open_to(readable_by(reader, catalogue)))
    return set(await session.scalars(query))


def _open_to(readable: ColumnElement[bool]) -> ColumnElement[bool]:
    """The rule of `open_profile`, as a condition on people."""
    of_person = col(Ticket.person_id) == col(Person.id)
    return or_(exists().where(of_person, readable), ~exists().where(of_person))


def _matching(words: str, readable: ColumnElement[bool]) -> ColumnElement[bool]:
    """People with this name in either alphabet, or with a readable ticket of this ref or phone number."""
    found: list[ColumnElement[bool]] = [
        col(Person.name).ilike(f"%{_escaped(spelling)}%", escape="\\") for spelling in spellings(words)
    ]
    named = [col(Ticket.ref) == ids.plain(words)] if ids.is_ref(words) else []
    if (phone := reading.phone(words)) is not None:
        named.append(col(Ticket.answers)["phone"]["v"].as_string() == phone)
    found += [exists().where(col(Ticket.person_id) == col(Person.id), readable, one) for one in named]
    return or_(*found)


def spellings(words: str) -> list[str]:
    """A name as it may be written: in Latin and in Cyrillic, in small letters and with capitals.

    SQLite knows small and capital letters of the Latin alphabet only, so the others are spelt out.
    """
    small = words.strip().lower()
    alphabets = [small, *(in_cyrillic(small, language).lower() for language in ("uk", "ru")), in_latin(small)]
    cased = [one for text in alphabets for one in (text, text.title(), text.upper())]
    return list(dict.fromkeys(one for one in cased if one))


def in_latin(text: str) -> str:
    """A Cyrillic name in Latin letters, as it stands in a passport or nearly so."""
    return "".join(_LATIN.get(letter, letter) for letter in text.lower())


_LATIN = {
    "а": "a", "б": "b", "в": "v", "г": "h", "ґ": "g", "д": "d", "е": "e", "є": "ie", "ж": "zh", "з": "z", "и": "y",
    "і": "i", "ї": "i", "й": "i", "к": "k", "л": "l", "м": "m", "н": "n", "о": "o", "п": "p", "р": "r", "с": "s",
    "т": "t", "у": "u", "ф": "f", "х": "kh", "ц": "ts", "ч": "ch", "ш": "sh", "щ": "shch", "ь": "", "ю": "iu",
    "я": "ia", "ё": "io", "ы": "y", "э": "e", "ъ": "", "’": "", "'": "", "ʼ": "",
}  # fmt: skip


def _escaped(words: str) -> str:
    return words.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


async def _last_addresses(session: AsyncSession, people: Sequence[int | None]) -> dict[int, Address]:
    rows = await session.scalars(
        select(Address)
        .where(col(Address.person_id).in_(people))
        .order_by(col(Address.heard_at), col(Address.id).desc())
    )
    return {address.person_id: address for address in rows}


async def _counted(
    session: AsyncSession, people: Sequence[int | None], readable: ColumnElement[bool]
) -> dict[int, tuple[int, int, int]]:
    """Of each person: all tickets, those the reader may read, and of these the open ones."""
    open_ = and_(readable, col(Ticket.status) != Status.CLOSED)
    rows = await session.execute(
        select(col(Ticket.person_id), func.count(), func.count(case((readable, 1))), func.count(case((open_, 1))))
        .where(col(Ticket.person_id).in_(people))
        .group_by(col(Ticket.person_id))
    )
    return {person_id: (all_, readable_, open__) for person_id, all_, readable_, open__ in rows}


# Seeing


async def open_profile(session: AsyncSession, person_id: int, reader: Staff, catalogue: Catalogue) -> Profile:
    """A person, for whoever may read one of their tickets; without any ticket, for everyone who works with people."""
    if reader.disabled or reader.role not in CASEWORK:
        raise NotAllowed("error.not_your_role")
    person = await find_person(session, person_id if 0 < person_id < 2**53 else 0)
    tickets = (
        await session.scalars(
            select(Ticket).where(col(Ticket.person_id) == person_id).order_by(col(Ticket.id).desc()).limit(MOST_TICKETS)
        )
    ).all()
    readable = [ticket for ticket in tickets if may_read(reader, ticket, catalogue)]
    if tickets and not readable:
        raise NotAllowed("error.not_yours")
    return Profile(person, readable)


async def behind(session: AsyncSession, ref: str, reader: Staff, catalogue: Catalogue) -> Profile:
    """The person behind a ticket's ref, for whoever may read them."""
    if not ids.is_ref(ref):
        raise Invalid("error.no_ref", field="ref")
    try:
        ticket = await find_ticket(session, ids.plain(ref))
        return await open_profile(session, ticket.person_id, reader, catalogue)
    except (NotFound, NotAllowed):
        # Whether it exists is not told to those who may not read it.
        raise Invalid("error.no_ref", field="ref") from None


async def nobody_said_how(session: AsyncSession, ticket: Ticket, person: Person) -> bool:
    """Whether someone was in danger and nobody has set how they may be reached: then nobody should call."""
    if not ticket.alarm or person.contact_rule is not ContactRule.FREE:
        return False
    return await rule_change(session, person.id or 0) is None


async def history_of(session: AsyncSession, profile: Profile, kinds: Sequence[str], most: int = 30) -> Sequence[Event]:
    """What was done with and for this person, newest first; nothing of tickets that the reader may not read."""
    readable = [ticket.id for ticket in profile.tickets]
    return (
        await session.scalars(
            select(Event)
            .where(
                col(Event.person_id) == profile.person.id,
                col(Event.kind).in_(kinds),
                or_(col(Event.ticket_id).is_(None), col(Event.ticket_id).in_(readable)),
            )
            .order_by(col(Event.id).desc())
            .limit(most)
        )
    ).all()


# Correcting


def correct(
    session: AsyncSession,
    profile: Profile,
    slot: Slot | None,
    *,
    name: str,
    commune: str,
    phone: str,
    is_minor: bool,
    by: int,
) -> None:
    """What staff know better than the chat does. An empty phone changes nothing; an empty name or commune empties it."""
    gmina = _gmina_of(commune, slot)
    number = _read_phone(phone)
    if number and not profile.tickets:
        raise Conflict("error.phone_nowhere", field="phone")
    rename(session, profile.person, " ".join(reading.readable(name).split()), gmina, is_minor, by)
    if number and number != profile.phone:
        # A number stands among the answers of a ticket: the one that has it already, or else the newest.
        ticket = profile.phone_ticket or profile.tickets[0]
        ticket.answers = {**ticket.answers, "phone": {"v": number, "w": ""}}
        record(session, "person.phone", ticket_id=ticket.id, person_id=profile.person.id, staff_id=by)


def _gmina_of(text: str, slot: Slot | None) -> str:
    """The commune that somebody has typed, in any of our languages."""
    typed = fold(text).strip()
    if not typed or slot is None:
        return ""
    known = [option for option in slot.options if option.id != "other" and not option.hidden]
    for option in known:
        if typed in {option.id, *(fold(option.label.in_(language)).strip() for language in LANGUAGES)}:
            return option.id
    raise Invalid("error.no_gmina", field="commune", known=", ".join(option.label.in_("pl") for option in known))


def _read_phone(text: str) -> str | None:
    if not text.strip():
        return None
    number = reading.phone(text)
    if number is None:
        raise Invalid("error.phone", field="phone")
    return number
