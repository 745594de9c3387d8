"""poruch demo: fills an empty installation with invented people, who speak to the real conversation over the last days."""

import secrets
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from bot.channels.telegram import FACTS as TELEGRAM
from bot.channels.webchat import FACTS as WEB
from commands.demo.scenes import FROM, SCENES
from commands.demo.stage import MARK, NoSuchButton, Stage, play
from desk import channels, clock, ids, library, logs, schema, sealing
from desk import staff as accounts
from desk.courses import Course, Lesson
from desk.database import Database, DatabaseAway
from desk.errors import DeskError
from desk.handbook import Shelf
from desk.messages import Message
from desk.people import Person
from desk.settings import Settings
from desk.staff import Role
from desk.tickets import Status, Ticket

STAFF: tuple[tuple[str, Role, tuple[str, ...]], ...] = (
    ("Marta Zięba", Role.INTAKE, ()),
    ("Paweł Sikora", Role.CASEWORKER, ()),
    ("Beata Nowak", Role.COORDINATOR, ("safeguarding",)),
    ("Ewa Górska", Role.SPECIALIST, ("psychologist",)),
    ("Jan Wrona", Role.SPECIALIST, ("lawyer",)),
    ("Anna Lis", Role.TEACHER, ()),
    ("Zofia Sowa", Role.REPORT_READER, ()),
)
# Some stay unconfirmed: that work is there to be shown, too.
CONFIRMED = ("adult_crisis_116123", "child_116111", "niebieska_linia", "missing_116000", "la_strada")
CONFIRMED_FOR = timedelta(days=60)


async def fill(settings: Settings) -> None:
    """All of it in one transaction, or nothing. The same people, words and refs each time; only the days move along."""
    logs.set_up("WARNING")
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    sealing.use_key(settings.key())
    channels.know([TELEGRAM, WEB])
    database, password = Database(settings.database), secrets.token_urlsafe(9)
    try:
        await _ready(database)
        with _numbered_refs():
            async with database.transaction() as session:
                report = await _fill(session, Shelf(settings.zone), password)
    except (NoSuchButton, DeskError) as error:
        sys.exit(f"The demo fits the content as it is shipped; here it stopped, and nothing was kept: {error}")
    except DatabaseAway:
        sys.exit("The database cannot be reached. `poruch doctor` tells more.")
    finally:
        clock.stand_at(None)
        await database.close()
    print(report)
    print(f"All of them are invented; their names end with {MARK}. Real work begins with another PORUCH_DATA_DIR.")
    print(f"\nAccounts, all with the password {password} (shown this once):")
    for name, role, teams in STAFF:
        print(f"  {_email(name):<22} {name:<14} {', '.join((role.value, *teams))}")


async def _ready(database: Database) -> None:
    match await schema.state_of(database):
        case schema.State.EMPTY:
            await schema.bring_up_to_date(database)
        case schema.State.OLDER | schema.State.UNKNOWN:
            sys.exit("The database is not of this version. Back it up, then run: poruch migrate")
    async with database.transaction() as session:
        if not await library.entries(session, "centre"):
            await library.load(session)


@contextmanager
def _numbered_refs() -> Iterator[None]:
    """Refs in their order instead of by chance: what is written about the demo can name them."""
    by_chance, bodies = ids.ticket_ref, iter(range(12_345, 100_000, 1_111))

    def next_ref(digits: int = 6) -> str:
        body = str(next(bodies))
        return body + ids.luhn_digit(body)

    ids.ticket_ref = next_ref
    try:
        yield
    finally:
        ids.ticket_ref = by_chance


async def _fill(session: AsyncSession, shelf: Shelf, password: str) -> str:
    if await session.scalar(select(col(Person.id)).limit(1)):
        sys.exit("There are people in this database already. The demo is for a new PORUCH_DATA_DIR.")
    stage = Stage(session, await shelf.book(session))
    clock.stand_at(stage.day(FROM, "08:00"))
    for name, role, teams in STAFF:
        member = await accounts.add_staff(session, _email(name), f"{name} {MARK}", role, password, teams=list(teams))
        stage.members[member.first_name] = member
    for entry in await library.entries(session, "helpline"):
        if entry.key in CONFIRMED and entry.confirmed_at is None:
            until = (stage.now + CONFIRMED_FOR).date()
            library.confirm(session, entry, stage.members["Beata"].id, until)
    shelf.forget()
    stage.book = await shelf.book(session)
    await play(stage, SCENES)
    return await _report(session)


def _email(name: str) -> str:
    first, _ = name.lower().replace("ł", "l").split()
    return f"{first}@demo.example"


async def _report(session: AsyncSession) -> str:
    states = Counter(await session.scalars(select(col(Ticket.status))))
    urgent = await session.scalar(select(func.count()).where(col(Ticket.alarm_at).is_not(None)))
    people, messages, groups, lessons = [
        await session.scalar(select(func.count()).select_from(kind)) for kind in (Person, Message, Course, Lesson)
    ]
    listed = ", ".join(f"{states[state]} {state.value}" for state in Status)
    return (
        f"Made {people} people with {messages} messages; {states.total()} tickets ({listed}; {urgent} with an alarm); "
        f"{groups} courses with {lessons} lessons and their reminders."
    )
