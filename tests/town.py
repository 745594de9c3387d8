"""The people of the stories: those who write, the staff who answer, and a channel that remembers what it brought.

Oksana, Ihor, Halyna, Liudmyla, Olena and Iryna write Ukrainian on Telegram; Tetiana writes a learner's Polish in the
web chat. Marta takes requests, Paweł is a caseworker, Beata leads safeguarding, Anna teaches.
"""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import httpx2
import pytest
from argon2 import PasswordHasher
from sqlalchemy import select
from sqlmodel import col

from api.app import staff_app
from api.doors import Desk
from bot.channels import webchat
from bot.intake import Intake
from bot.rounds import Rounds
from desk import channels, clock, ids, library, outages
from desk import staff as accounts
from desk.channels import Facts
from desk.conversation import Outcome, hear
from desk.database import Database
from desk.drills import FACTS as DRILL
from desk.files import FileHeard
from desk.handbook import Shelf
from desk.history import News
from desk.messages import Direction, Heard, Message, Purpose, Status
from desk.people import Address, Person, Place
from desk.settings import Settings
from desk.tickets import Ticket
from desk.times import HALF_HOUR
from desk.triage.understanding import NOT_A_REQUEST, Candidate, Triage, Understood

WARSAW = ZoneInfo("Europe/Warsaw")
TELEGRAM = Facts(
    "telegram",
    "Telegram",
    longest=4096,
    taps_commands=True,
    pops_up=True,
    can_erase=True,
    invites="https://t.me/example_bot?start={code}",
)
WEB = Facts("web", "Web", longest=20_000, reaches_closed=False, pops_up=True)
PASSWORD = "a long enough password"
CONFIRMED = (
    "emergency_112",
    "ambulance_999",
    "fire_998",
    "police_997",
    "adult_crisis_116123",
    "child_116111",
    "niebieska_linia",
)

ANSWERED = ("cukr_time", "driving_licence", "scams", "work_right", "new_arrival", "unpaid_wages")


Files = Sequence[tuple[str, bytes]]  # (name, bytes)


@dataclass
class Shown:
    """One message on a person's screen."""

    text: str
    buttons: list[str]
    data: dict[str, str]
    number: str
    kind: str = "text"


@dataclass
class Villager:
    """Somebody who writes to the centre."""

    town: "Town"
    name: str
    channel: str
    external: str
    screen: list[Shown] = field(default_factory=list)
    unread: list[Shown] = field(default_factory=list)
    popups: list[str] = field(default_factory=list)
    said: int = 0

    async def writes(self, text: str, *, reply_to: str = "", **more: Any) -> Outcome:
        return await self._sends(text=text, reply_to=reply_to, **more)

    async def presses(self, label: str) -> Outcome:
        """Press the newest button with this label."""
        for shown in reversed(self.screen):
            if label in shown.data:
                return await self._sends(kind="press", choice=shown.data[label], reply_to=shown.number)
        raise AssertionError(f"{self.name} sees no button [{label}]")

    async def presses_data(self, data: str) -> Outcome:
        """Press a button that nobody showed them."""
        return await self._sends(kind="press", choice=data)

    async def sends(self, kind: str, caption: str = "", *, size: int = 1000, content: bytes | None = None) -> Outcome:
        mime = "image/jpeg" if kind == "photo" else ""
        file = FileHeard(kind=kind, remote=f"file-{self.said}", size=size, mime=mime, content=content)
        return await self._sends(kind=kind, text=caption, files=(file,))

    async def leaves(self) -> None:
        """The quick exit of the web chat."""
        async with self.town.database.transaction() as session:
            await webchat.left(session, self.external)

    async def _sends(self, *, kind: str = "text", text: str = "", **more: Any) -> Outcome:
        self.said += 1
        heard = Heard(
            place=Place(self.channel, self.external, name=self.name),
            key=f"{self.external}-{self.said}",
            number=str(1000 + self.said),
            said_at=more.pop("said_at", None) or clock.now(),
            kind=kind,
            text=text,
            **more,
        )
        outcome = await self.town.intake.take(heard)
        if outcome.popup:
            self.popups.append(outcome.popup)
        await self.town.deliver()
        return outcome

    def reads(self) -> Shown:
        """The next message that was not read yet."""
        assert self.unread, f"{self.name} has nothing to read"
        return self.unread.pop(0)

    @property
    def last(self) -> str:
        return self.screen[-1].text if self.screen else ""


@dataclass
class Worker:
    """Somebody of the staff, at the desk in a browser."""

    town: "Town"
    name: str
    email: str
    client: httpx2.AsyncClient

    async def signs_in(self) -> None:
        response = await self.client.post("/staff/sign-in", data={"email": self.email, "password": PASSWORD})
        assert response.status_code == 303, response.text[:500]

    async def opens(self, path: str) -> str:
        response = await self.client.get(path)
        assert response.status_code == 200, (path, response.status_code, response.text[:300])
        return response.text

    async def posts(self, path: str, files: Files = (), **fields: str) -> httpx2.Response:
        page = await self.client.get("/staff/tickets")
        if page.status_code == 303:  # The session has ended over a long morning.
            await self.signs_in()
            page = await self.client.get("/staff/tickets")
        csrf = re.search(r'name="csrf" value="([^"]+)"', page.text)
        assert csrf, "no form on the page"
        brought = [("files", (name, content)) for name, content in files]
        response = await self.client.post(path, data={"csrf": csrf[1], **fields}, files=brought or None)
        await self.town.deliver()
        return response

    async def answers(
        self,
        ticket: Ticket,
        polish: str,
        shown: str = "",
        *,
        corrected: bool = False,
        confirm: bool = False,
        files: Files = (),
    ) -> httpx2.Response:
        """Write a reply; `shown` is what the translator made of it, `files` go along with it."""
        return await self.posts(
            f"/staff/tickets/{ids.spoken(ticket.ref)}/replies",
            files, text=polish, translation=shown, corrected="1" if corrected else "", confirm="1" if confirm else "",
        )  # fmt: skip

    async def closes(self, ticket: Ticket, reason: str, polish: str, shown: str = "") -> httpx2.Response:
        return await self.posts(
            f"/staff/tickets/{ids.spoken(ticket.ref)}/closure", reason=reason, text=polish, translation=shown
        )


class StrictIntake(Intake):
    """In a story nothing may have to be set aside."""

    async def take(self, heard: Heard) -> Outcome:
        return await self._whole(heard)


class StandingTranslator:
    """A translator that says what the story says it says."""

    engine = "libretranslate"

    async def translate(self, text: str, source: str, target: str) -> str:
        return f"[{target}] {text}"


class Town:
    """The whole desk without wires: real database, real conversation, the real staff app."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.shelf = Shelf(WARSAW)
        self.intake = StrictIntake(database, self._hear)
        self.rounds = Rounds(database, self.shelf, "town")
        self.people: dict[str, Villager] = {}
        self.workers: dict[str, Worker] = {}
        channels.know([TELEGRAM, WEB, DRILL])
        settings = Settings(_env_file=None)  # type: ignore[call-arg]
        self.desk = Desk(database, self.shelf, "test", False, settings, News(database), StandingTranslator())
        self.app = staff_app(self.desk)
        self.seen = 0
        self.wired: set[str] = set()  # Channels whose messages a real wire carries.

    async def _hear(self, session: Any, heard: Heard) -> Outcome:
        return await hear(session, heard, await self.shelf.book(session))

    async def opens_its_doors(self, at: datetime) -> None:
        """The stage: the centre has confirmed its help lines; its staff have accounts."""
        clock.stand_at(at)
        async with self.database.transaction() as session:
            for entry in await library.entries(session, "helpline"):
                if entry.key in CONFIRMED:
                    library.confirm(session, entry, None)
                    entry.edits = {"verify_by": "2027-06-30"}
            for entry in await library.entries(session, "answer"):
                if entry.key in ANSWERED:
                    library.confirm(session, entry, None)
            for name, role, teams in (
                ("Marta Zięba", accounts.Role.INTAKE, []),
                ("Paweł Sikora", accounts.Role.CASEWORKER, []),
                ("Beata Nowak", accounts.Role.COORDINATOR, ["safeguarding"]),
                ("Anna Lis", accounts.Role.TEACHER, []),
            ):
                await accounts.add_staff(
                    session, f"{name.split()[0].lower()}@example.org", name, role, PASSWORD, teams=teams
                )
        self.shelf.forget()
        async with self.database.reading() as session:
            (await self.shelf.book(session)).answers.warm()

    def person(self, name: str, channel: str = "telegram") -> Villager:
        if name not in self.people:
            self.people[name] = Villager(self, name, channel, str(7000 + len(self.people)))
        return self.people[name]

    async def staff(self, name: str) -> Worker:
        """Somebody signs in with the real form."""
        if name not in self.workers:
            transport = httpx2.ASGITransport(app=self.app)
            client = httpx2.AsyncClient(transport=transport, base_url="http://desk.test")
            email = f"{name.lower()}@example.org"
            self.workers[name] = Worker(self, name, email, client)
            await self.workers[name].signs_in()
        return self.workers[name]

    async def deliver(self) -> None:
        """Bring what waits to the screens, as the channels would."""
        async with self.database.transaction() as session:
            waiting = await session.execute(
                select(Message, Address)
                .join(Address, col(Address.id) == col(Message.address_id))
                .where(
                    col(Message.direction) == Direction.TOLD,
                    col(Message.status) == Status.WAITING,
                    col(Message.not_before) <= clock.now(),
                    col(Message.channel).not_in(self.wired),
                )
                .order_by(col(Message.id))
            )
            for message, address in waiting.all():
                message.status, message.sent_at = Status.SENT, clock.now()
                villager = next((one for one in self.people.values() if one.external == address.external), None)
                if villager is None or message.purpose is Purpose.DEED:
                    continue
                message.number = str(5000 + (message.id or 0))
                shown = Shown(
                    message.text,
                    [choice["label"] for choice in message.choices],
                    {choice["label"]: choice["id"] for choice in message.choices},
                    message.number,
                    message.kind,
                )
                villager.screen.append(shown)
                villager.unread.append(shown)

    async def waits(self, span: timedelta) -> None:
        """Time goes by; bursts that have gone quiet are answered."""
        clock.move_on(span)
        await self.rounds.answer_bursts()
        await self.rounds.mind_alarms()
        await self.rounds.nudge()
        await self.rounds.apologise()
        await self.rounds.remind()
        await self.deliver()

    async def was_away(self, began_at: datetime, ended_at: datetime) -> None:
        """Nothing worked between these moments, as the rounds would notice."""
        for moment in (began_at, ended_at):
            async with self.database.transaction() as session:
                await outages.beat(session, moment)

    async def until(self, moment: datetime) -> None:
        """Time goes by until `moment`, a step at a time, so that whatever is due on the way happens."""
        await self.waits(min(timedelta(seconds=5), max(moment - clock.now(), timedelta(0))))
        while clock.now() < moment:
            await self.waits(min(HALF_HOUR, moment - clock.now()))

    async def tickets(self) -> Sequence[Ticket]:
        async with self.database.reading() as session:
            return (await session.scalars(select(Ticket).order_by(col(Ticket.id)))).all()

    async def ticket(self, ref: str = "") -> Ticket:
        """The ticket with this ref, or the newest."""
        found = await self.tickets()
        return next(one for one in found if one.ref == ids.plain(ref)) if ref else found[-1]

    async def person_row(self, name: str) -> Person:
        async with self.database.reading() as session:
            return (
                await session.scalars(
                    select(Person)
                    .join(Address, col(Address.person_id) == col(Person.id))
                    .where(col(Address.external) == self.people[name].external)
                )
            ).one()

    async def closes_its_doors(self) -> None:
        for worker in self.workers.values():
            await worker.client.aclose()


def hash_quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same hashing of passwords with little work, since everyone signs in."""
    monkeypatch.setattr(accounts, "_hasher", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


def reads_as(monkeypatch: pytest.MonkeyPatch, text: str, services: str) -> None:
    """What triage makes of these first words, rightly or wrongly: the story is about what the bot does then."""
    understand = Triage.understand
    read = tuple(Candidate(service, float(share)) for service, share in (one.split() for one in services.split(", ")))

    def as_written(self: Triage, said: str, running: Collection[str]) -> Understood:
        understood = understand(self, said, running)
        offered = () if read[0].service == NOT_A_REQUEST else read
        return replace(understood, ranking=read, candidates=offered) if said == text else understood

    monkeypatch.setattr(Triage, "understand", as_written)
