"""Accounts of the people who work at the centre, their roles, and who may see what."""

import enum
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import JSON, delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import Field, SQLModel, col

from desk import clock, ids, people
from desk.database import words
from desk.errors import Conflict, DeskError, Invalid, NotFound
from desk.history import Event, record

SESSION_LASTS = timedelta(hours=12)
SESSION_IDLES = timedelta(hours=2)
SHORTEST_PASSWORD = 10
TRIES = 5  # Wrong passwords in a row for one account, before it has to wait.
TRIES_FROM = 50  # From one address: a whole centre may sit behind it.
TRY_AGAIN = timedelta(minutes=10)

_hasher = PasswordHasher()


class Role(enum.Enum):
    INTAKE = "intake"
    CASEWORKER = "caseworker"
    SPECIALIST = "specialist"
    TEACHER = "teacher"
    COORDINATOR = "coordinator"
    REPORT_READER = "report_reader"
    ADMINISTRATOR = "administrator"


# Whose daily work is with people's words. A report reader and an administrator see no content.
CASEWORK = frozenset({Role.INTAKE, Role.CASEWORKER, Role.SPECIALIST, Role.COORDINATOR})
MANAGES_CONTENT = frozenset({Role.COORDINATOR, Role.ADMINISTRATOR})
MANAGES_STAFF = frozenset({Role.ADMINISTRATOR, Role.COORDINATOR})
MANAGES_COURSES = frozenset({Role.TEACHER, Role.INTAKE, Role.CASEWORKER, Role.COORDINATOR})

# Teams stand beside a role: whoever is in one reads the tickets that are open to it. Alone it means this role.
TEAMS = {
    "psychologist": Role.SPECIALIST,
    "lawyer": Role.SPECIALIST,
    "interpreter": Role.SPECIALIST,
    "safeguarding": Role.CASEWORKER,
}
# Of several roles an account has the widest, which may do what the narrower ones may.
_WIDEST_FIRST = (Role.COORDINATOR, Role.CASEWORKER, Role.INTAKE, Role.SPECIALIST, Role.TEACHER)
# These read no words of people, so nothing that does can stand beside them.
_ALONE = frozenset({Role.ADMINISTRATOR, Role.REPORT_READER})


SYSTEMS = "@api.poruch.local"  # The addresses of accounts that are no person's.


class Staff(SQLModel, table=True):
    id: int | None = Field(default=None, primary_key=True)
    email: str = Field(unique=True, max_length=200)
    name: str = Field(max_length=120)
    names: dict[str, str] = Field(default_factory=dict, sa_type=JSON)  # How the name is written in uk, ru, …
    role: Role = Field(sa_type=words(Role))
    teams: list[str] = Field(default_factory=list, sa_type=JSON)  # psychologist, lawyer, safeguarding, …
    language: str = Field(default="pl", max_length=2)
    password: str = ""
    must_change: bool = False
    disabled: bool = False
    added_at: datetime

    @property
    def first_name(self) -> str:
        return self.name.split(" ", 1)[0]

    def called(self, language: str) -> str:
        """The first name in the letters of a language."""
        if language in self.names:
            return self.names[language]
        return in_cyrillic(self.first_name, language) if language in ("uk", "ru") else self.first_name

    @property
    def is_system(self) -> bool:
        """Another system that writes through the JSON API, not a person."""
        return self.email.endswith(SYSTEMS)

    @property
    def initials(self) -> str:
        return people.initials(self.name)


class StaffSession(SQLModel, table=True):
    __tablename__ = "staff_session"

    token: str = Field(primary_key=True, max_length=64)  # A fingerprint; the token itself is only in the cookie.
    staff_id: int = Field(foreign_key="staff.id", index=True)
    csrf: str = Field(max_length=64)
    made_at: datetime
    seen_at: datetime


class WrongTry(SQLModel, table=True):
    """A sign-in that failed, to slow down whoever guesses."""

    __tablename__ = "wrong_try"

    id: int | None = Field(default=None, primary_key=True)
    who: str = Field(index=True, max_length=80)  # A fingerprint of the account's name or of the caller's address.
    at: datetime


class TryLaterPlease(DeskError):
    sentence = "error.too_many_tries"


def may_see(staff: Staff, roles: frozenset[str], teams: frozenset[str], owner_id: int | None) -> bool:
    """Whether someone may read a ticket of a service that is open to these roles and teams.

    Nobody reads words by being an administrator or a reader of reports; whoever owns the ticket reads it.
    """
    if staff.disabled or staff.role not in CASEWORK:
        return False
    return owner_id == staff.id or staff.role.value in roles or bool(teams & set(staff.teams))


def read_ticks(ticked: Iterable[str]) -> tuple[Role, list[str]]:
    """The role of an account and its teams, from everything that was ticked; narrower roles stay among the teams."""
    names = set(ticked)
    roles = {role for role in Role if role.value in names}
    teams = [team for team in TEAMS if team in names]
    if names - {role.value for role in roles} - set(teams):
        raise Invalid("error.no_role", field="role")
    wanted = roles | {TEAMS[team] for team in teams}
    if not wanted:
        raise Invalid("error.role_wanted", field="role")
    # A specialist may not change courses, so that role does not cover a teacher's.
    if (len(wanted) > 1 and wanted & _ALONE) or wanted == {Role.SPECIALIST, Role.TEACHER}:
        raise Invalid("error.roles_apart", field="role")
    role = next((role for role in _WIDEST_FIRST if role in wanted), None) or next(iter(wanted))
    return role, [*teams, *(other.value for other in Role if other in roles and other is not role)]


async def add_staff(
    session: AsyncSession,
    email: str,
    name: str,
    role: Role,
    password: str,
    *,
    teams: list[str] | None = None,
    by: int | None = None,
) -> Staff:
    email = email.strip().lower()
    if not name.strip() or len(name) > 120:
        raise Invalid("error.staff_incomplete", field="name")
    if not _is_email(email):
        raise Invalid("error.staff_incomplete", field="email")
    if len(password) < SHORTEST_PASSWORD:
        raise Invalid("error.password_short", n=SHORTEST_PASSWORD)
    if await session.scalar(select(col(Staff.id)).where(col(Staff.email) == email)):
        raise Conflict("error.staff_exists", field="email")
    staff = Staff(
        email=email,
        name=name.strip(),
        role=role,
        password=_hasher.hash(password),
        teams=teams or [],
        added_at=clock.now(),
    )
    session.add(staff)
    await session.flush()
    record(session, "staff.added", staff_id=by, account=staff.id, role=role.value, teams=staff.teams)
    return staff


def _is_email(text: str) -> bool:
    before, at, after = text.partition("@")
    return bool(before and at and after) and "@" not in after and not any(map(str.isspace, text)) and len(text) <= 200


async def reset_password(session: AsyncSession, email: str, password: str, *, by: int | None = None) -> Staff:
    staff = await by_email(session, email)
    if staff is None:
        raise NotFound("error.no_staff")
    if len(password) < SHORTEST_PASSWORD:
        raise Invalid("error.password_short", n=SHORTEST_PASSWORD)
    staff.password = _hasher.hash(password)
    await session.execute(delete(StaffSession).where(col(StaffSession.staff_id) == staff.id))
    record(session, "staff.reset", staff_id=by, account=staff.id)
    return staff


def change_role(session: AsyncSession, staff: Staff, role: Role, teams: list[str], by: int) -> None:
    """What an account may do from now on. Nobody changes their own, so somebody who manages accounts always remains."""
    if role is staff.role and set(teams) == set(staff.teams):
        return
    if staff.id == by:
        raise Conflict("error.not_your_own_role")
    staff.role, staff.teams = role, teams
    record(session, "staff.role", staff_id=by, account=staff.id, role=role.value, teams=teams)


async def disable(session: AsyncSession, staff: Staff, *, by: int | None = None) -> None:
    if staff.id == by:
        raise Conflict("error.not_yourself")
    staff.disabled = True
    await session.execute(delete(StaffSession).where(col(StaffSession.staff_id) == staff.id))
    record(session, "staff.disabled", staff_id=by, account=staff.id)


def enable(session: AsyncSession, staff: Staff, by: int) -> None:
    staff.disabled = False
    record(session, "staff.enabled", staff_id=by, account=staff.id)


async def find_staff(session: AsyncSession, staff_id: int) -> Staff:
    staff = await session.get(Staff, staff_id) if 0 < staff_id < 2**31 else None
    if staff is None:
        raise NotFound("error.no_staff")
    return staff


async def by_email(session: AsyncSession, email: str) -> Staff | None:
    return await session.scalar(select(Staff).where(col(Staff.email) == email.strip().lower()))


async def everyone(session: AsyncSession) -> list[Staff]:
    return list(await session.scalars(select(Staff).order_by(col(Staff.disabled), col(Staff.name))))


async def last_seen(session: AsyncSession) -> dict[int, datetime]:
    """When each account last signed in."""
    rows = await session.execute(
        select(col(Event.staff_id), func.max(col(Event.at)))
        .where(col(Event.kind) == "staff.signed_in")
        .group_by(col(Event.staff_id))
    )
    return {staff_id: at for staff_id, at in rows if staff_id is not None}


def password_fits(hashed: str, password: str) -> bool:
    """Slow on purpose (about 0.1 s): call it in a thread. With no hash it takes as long, and fails."""
    try:
        return _hasher.verify(hashed or _NOBODY, password)
    except (VerificationError, InvalidHashError):
        return False


_NOBODY = _hasher.hash("nobody has this password")


async def must_wait(session: AsyncSession, account: str, caller: str) -> bool:
    """Whether an account's name or a caller's address has failed too often lately; if not, one more try is counted.

    Counted before the password is looked at, so that many tries at once are many; a right one takes its count back.
    """
    since = clock.now() - TRY_AGAIN
    for name, most in ((account, TRIES), (caller, TRIES_FROM)):
        tries = await session.scalar(
            select(func.count()).where(col(WrongTry.who) == ids.fingerprint(name), col(WrongTry.at) > since)
        )
        if (tries or 0) >= most:
            return True
    session.add_all(WrongTry(who=ids.fingerprint(name), at=clock.now()) for name in (account, caller))
    return False


async def sign_in(session: AsyncSession, staff: Staff, caller: str) -> tuple[str, str]:
    """A new session's token, for the cookie, and its word against forged forms."""
    token, csrf, at = ids.token(), ids.token(), clock.now()
    assert staff.id is not None
    session.add(StaffSession(token=ids.fingerprint(token), staff_id=staff.id, csrf=csrf, made_at=at, seen_at=at))
    tries = [ids.fingerprint(name) for name in (staff.email, caller)]
    await session.execute(delete(WrongTry).where(col(WrongTry.who).in_(tries)))
    record(session, "staff.signed_in", staff_id=staff.id)
    return token, csrf


async def signed_in(session: AsyncSession, token: str) -> tuple[Staff, StaffSession] | None:
    """Who holds this token, while their session lasts."""
    found = (
        await session.execute(
            select(Staff, StaffSession)
            .join(StaffSession, col(StaffSession.staff_id) == col(Staff.id))
            .where(col(StaffSession.token) == ids.fingerprint(token), col(Staff.disabled).is_(False))
        )
    ).first()
    if found is None:
        return None
    staff, held = found
    now = clock.now()
    if now - held.made_at > SESSION_LASTS or now - held.seen_at > SESSION_IDLES:
        return None
    return staff, held


async def keep_alive(session: AsyncSession, held: StaffSession, at: datetime) -> None:
    await session.execute(
        update(StaffSession)
        .where(col(StaffSession.token) == held.token, col(StaffSession.seen_at) < at)
        .values(seen_at=at)
    )


async def sign_out(session: AsyncSession, token: str) -> None:
    await session.execute(delete(StaffSession).where(col(StaffSession.token) == ids.fingerprint(token)))


def in_cyrillic(name: str, language: str) -> str:
    """A Polish first name in Cyrillic letters, well enough to be read aloud; the account can hold a better spelling."""
    text, result, place = name.lower(), "", 0
    pairs: dict[str, Any] = _CYRILLIC | (_RUSSIAN if language == "ru" else {})
    while place < len(text):
        for size in (4, 3, 2, 1):
            piece = text[place : place + size]
            if len(piece) == size and piece in pairs:
                result += pairs[piece]
                place += size
                break
        else:
            result += text[place]
            place += 1
    return result[:1].upper() + result[1:]


_CYRILLIC = {
    "szcz": "щ", "sz": "ш", "cz": "ч", "rz": "ж", "ch": "х", "dz": "дз", "dż": "дж", "dź": "дзь",
    "ia": "я", "ie": "є", "io": "йо", "iu": "ю", "ja": "я", "je": "є", "jo": "йо", "ju": "ю",
    "a": "а", "ą": "он", "b": "б", "c": "ц", "ć": "ць", "d": "д", "e": "е", "ę": "ен", "f": "ф", "g": "г",
    "h": "г", "i": "і", "j": "й", "k": "к", "l": "л", "ł": "л", "m": "м", "n": "н", "ń": "нь", "o": "о",
    "ó": "у", "p": "п", "r": "р", "s": "с", "ś": "сь", "t": "т", "u": "у", "v": "в", "w": "в", "x": "кс",
    "y": "и", "z": "з", "ź": "зь", "ż": "ж",
}  # fmt: skip
_RUSSIAN = {"i": "и", "y": "ы", "ie": "е", "je": "е", "io": "ё", "jo": "ё", "h": "х", "ć": "ч", "ź": "зь"}
