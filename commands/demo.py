"""poruch demo: fills an empty installation with invented people, who speak to the real conversation over the last days."""

import heapq
import secrets
import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from bot.channels.telegram import FACTS as TELEGRAM
from bot.channels.webchat import FACTS as WEB
from desk import channels, clock, courses, library, logs, people, reminders, replying, schema, sealing, tickets, translation
from desk import staff as accounts
from desk.conversation import QUIET, answer_burst, hear, later
from desk.conversation.talk import Talk
from desk.courses import Course, Lesson
from desk.database import Database, DatabaseAway
from desk.handbook import Handbook, Shelf
from desk.ids import spoken
from desk.messages import Direction, Heard, Message, Status
from desk.people import Address, Person, Place
from desk.replying import Reply
from desk.settings import Settings
from desk.staff import Role, Staff
from desk.tickets import Ticket

# Our bots and pages have other accounts, so that nothing told to these people ever leaves for a real messenger.
ACCOUNT = "demo"
MARK = "(demo)"
READING = timedelta(seconds=20)

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
    """All of it in one transaction, or nothing."""
    logs.set_up("WARNING")
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    sealing.use_key(settings.key())
    channels.know([TELEGRAM, WEB])
    database, password = Database(settings.database), secrets.token_urlsafe(9)
    try:
        await _ready(database)
        async with database.transaction() as session:
            if await session.scalar(select(col(Person.id)).limit(1)):
                sys.exit("There are people in this database already. The demo is for a new PORUCH_DATA_DIR.")
            members = await _people_of_the_centre(session, password)
            stage = Stage(session, await Shelf(settings.zone).book(session), members)
            await _play(stage, [scene(stage) for scene in SCENES])
            report = await _report(session)
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


async def _people_of_the_centre(session: AsyncSession, password: str) -> dict[str, Staff]:
    members = {}
    for name, role, teams in STAFF:
        member = await accounts.add_staff(session, _email(name), f"{name} {MARK}", role, password, teams=list(teams))
        members[member.first_name] = member
    for entry in await library.entries(session, "helpline"):
        if entry.key in CONFIRMED and entry.confirmed_at is None:
            library.confirm(session, entry, members["Beata"].id, (clock.now() + CONFIRMED_FOR).date())
    return members


def _email(name: str) -> str:
    return f"{name.split()[0].lower().replace('ł', 'l')}@demo.example"


async def _report(session: AsyncSession) -> str:
    states = Counter(await session.scalars(select(col(Ticket.status))))
    urgent = await session.scalar(select(func.count()).where(col(Ticket.alarm_at).is_not(None)))
    counted = [await session.scalar(select(func.count()).select_from(kind)) for kind in (Person, Message, Course, Lesson)]
    listed = ", ".join(f"{states[state]} {state.value}" for state in tickets.Status)
    return (
        f"Made {counted[0]} people with {counted[1]} messages; {states.total()} tickets ({listed}; {urgent} with an alarm);"
        f" {counted[2]} courses with {counted[3]} lessons and their reminders."
    )


# The stage


@dataclass
class Somebody:
    """One of the people who write."""

    name: str
    channel: str = "telegram"
    said: int = 0

    @property
    def place(self) -> Place:
        return Place(self.channel, f"{ACCOUNT}-{self.name.lower()}", ACCOUNT, f"{self.name} {MARK}")


@dataclass
class Stage:
    """The desk without wires. What is told counts as delivered at once, and every act takes a little time."""

    session: AsyncSession
    book: Handbook
    members: dict[str, Staff]
    now: datetime = field(default_factory=clock.now)
    lessons: list[Lesson] = field(default_factory=list)

    def day(self, back: int, hour: str) -> datetime:
        """An hour of the `back`-th working day before today."""
        centre = self.book.centre
        day = centre.local(self.now).date()
        while back:
            day -= timedelta(days=1)
            back -= centre.hours.on(day) is not None
        return datetime.combine(day, time.fromisoformat(hour), centre.zone)

    def ago(self, minutes: int) -> datetime:
        return self.now - timedelta(minutes=minutes)

    # What people do

    async def says(self, who: Somebody, text: str, polish: str = "", *, goes_on: bool = False) -> None:
        """Write something; `polish` is what a translator would have made of it."""
        message_id = await self._heard(who, text=text)
        message = await self.session.get_one(Message, message_id)
        if polish:
            wanted = translation.Wanted(message_id, text, message.language or "uk")
            await translation.keep(self.session, wanted, polish, ACCOUNT, clock.now())
        else:
            await translation.give_up(self.session, message_id, "same")
        if goes_on:
            clock.move_on(QUIET / 2)
            return
        person = await self.person(who)
        if person.answer_due_at is not None:
            clock.stand_at(person.answer_due_at)
            await answer_burst(self.session, person.id or 0, self.book)
        await self._delivered()

    async def presses(self, who: Somebody, choice: str) -> None:
        """Press the newest button whose id, without its step's token, is `choice` or begins with it."""
        for message in await self._told(who):
            for button in message.choices:
                name = button["id"].partition(":")[2]
                if name == choice or name.startswith(f"{choice}:"):
                    await self._heard(who, kind="press", choice=button["id"])
                    await self._delivered()
                    return
        raise LookupError(f"{who.name} sees no button {choice}")

    async def fills_in(self, who: Somebody, **answers: str) -> None:
        """Answer what is asked until nothing more is: by button where one fits, else in words, else any way it goes."""
        for _ in range(20):
            talk = Talk.of((await self.person(who)).talk)
            offered = [button["id"].partition(":")[2] for button in talk.buttons]
            match talk.step:
                case "ask" | "contact":
                    slot = talk.data["slot"]
                    answer = answers.get(slot, "")
                    if talk.data.get("chosen"):
                        await self.presses(who, "n:done")
                    elif f"a:{slot}:{answer}" in offered:
                        await self.presses(who, f"a:{slot}:{answer}")
                    elif answer:
                        await self.says(who, answer)
                    else:
                        await self.presses(who, "n:skip" if "n:skip" in offered else offered[0])
                case "summary":
                    await self.presses(who, "s:ok")
                case "course":
                    await self.presses(who, "w:enrol" if "w:enrol" in offered else "w:join")
                case "remind":
                    await self.presses(who, "r:on")
                case _:
                    return

    # What staff do

    async def replies(self, name: str, who: Somebody, polish: str, shown: str = "") -> None:
        await replying.reply(self.session, await self.ticket(who), self.members[name], Reply(polish, shown), clock.now())
        await self._delivered()

    async def closes(self, name: str, who: Somebody, reason: str, polish: str, shown: str = "") -> None:
        ticket, words = await self.ticket(who), Reply(polish, shown)
        await replying.close(self.session, ticket, self.members[name], reason, words, self.book, clock.now())
        await self._delivered()

    async def takes(self, name: str, who: Somebody) -> None:
        await replying.take(self.session, await self.ticket(who), self.members[name], clock.now())
        await self._delivered()

    async def notes(self, name: str, who: Somebody, text: str) -> None:
        replying.note(self.session, await self.ticket(who), self.members[name], text, clock.now())

    async def assigns(self, who: Somebody, to: str, by: str) -> None:
        tickets.assign(self.session, await self.ticket(who), self.members[to].id, self.members[by].id or 0)

    async def rates(self, who: Somebody, stars: int) -> None:
        await self.presses(who, f"r:{(await self.ticket(who)).id}:{stars}")

    # What time does

    async def comes_due(self, what: Callable[..., object], who: Somebody) -> None:
        """The nudge or the apology that the rounds would have brought by now."""
        await what(self.session, (await self.ticket(who)).id, self.book, clock.now())  # type: ignore[misc]
        await self._delivered()

    async def reminds(self) -> None:
        await reminders.tell_due(self.session, self.book, clock.now())
        await self._delivered()

    # Looking

    async def person(self, who: Somebody) -> Person:
        found = await people.meet(self.session, who.place, clock.now())
        return found[0]

    async def ticket(self, who: Somebody) -> Ticket:
        """The newest ticket."""
        person = await self.person(who)
        query = select(Ticket).where(col(Ticket.person_id) == person.id).order_by(col(Ticket.id).desc()).limit(1)
        return (await self.session.scalars(query)).one()

    async def _told(self, who: Somebody) -> Sequence[Message]:
        address = select(col(Address.id)).where(col(Address.external) == who.place.external).scalar_subquery()
        told = select(Message).where(col(Message.address_id) == address, col(Message.direction) == Direction.TOLD)
        return (await self.session.scalars(told.order_by(col(Message.id).desc()).limit(10))).all()

    async def _heard(self, who: Somebody, *, kind: str = "text", text: str = "", choice: str = "") -> int:
        who.said += 1
        number = str(who.said)
        heard = Heard(
            who.place,
            key=f"{who.place.external}-{number}",
            number=number,
            said_at=clock.now(),
            kind=kind,
            text=text,
            choice=choice,
        )
        outcome = await hear(self.session, heard, self.book)
        assert outcome.message_id is not None
        return outcome.message_id

    async def _delivered(self) -> None:
        """Nothing may stay in the outbox; and the next act finds the rows as they are, not as they were read."""
        await self.session.flush()
        await self.session.execute(
            update(Message)
            .where(col(Message.account) == ACCOUNT, col(Message.status) == Status.WAITING)
            .values(status=Status.SENT, sent_at=clock.now())
        )
        self.session.expunge_all()
        clock.move_on(READING)


Scene = AsyncIterator[datetime]


async def _play(stage: Stage, scenes: Sequence[Scene]) -> None:
    """Every scene says when it goes on; the earliest does, so that rows are written in the order of time."""
    line = [(await anext(scene), place) for place, scene in enumerate(scenes)]
    heapq.heapify(line)
    while line:
        moment, place = heapq.heappop(line)
        clock.stand_at(moment)
        again = await anext(scenes[place], None)
        if again is not None:
            heapq.heappush(line, (again, place))
