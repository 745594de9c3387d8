"""The stage of the demo: the real conversation and the real replies, with a clock that the story moves."""

import heapq
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from desk import alarms, clock, people, reminders, replying, tickets, translation
from desk.conversation import hear
from desk.conversation.bursts import answer_burst
from desk.conversation.seconding import QUIET
from desk.conversation.talk import Talk
from desk.courses import Lesson
from desk.handbook import Handbook
from desk.messages import Direction, Heard, Message, Status
from desk.people import Address, Person, Place
from desk.replying import Reply
from desk.staff import Staff
from desk.tickets import Ticket

# Our bots and pages have other accounts, so that nothing told to these people ever leaves for a real messenger.
ACCOUNT = "demo"
MARK = "(demo)"
READING = timedelta(seconds=20)


class NoSuchButton(Exception):
    """The conversation went another way than the scene was written for."""


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
    members: dict[str, Staff] = field(default_factory=dict)  # By first name.
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
        raise NoSuchButton(f"{who.name} sees no {choice}")

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
                        await self.presses(who, "n:skip" if "n:skip" in offered else await self._any_answer(who, slot))
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
        await replying.reply(
            self.session, await self.ticket(who), self.members[name], Reply(polish, shown), clock.now()
        )
        await self._delivered()

    async def closes(self, name: str, who: Somebody, reason: str, polish: str, shown: str = "") -> None:
        ticket, words = await self.ticket(who), Reply(polish, shown)
        await replying.close(self.session, ticket, self.members[name], reason, words, self.book, clock.now())
        await self._delivered()

    async def takes(self, name: str, who: Somebody) -> None:
        await alarms.take(self.session, await self.ticket(who), self.members[name], clock.now())
        await self._delivered()

    async def notes(self, name: str, who: Somebody, text: str) -> None:
        replying.note(self.session, await self.ticket(who), self.members[name], text, clock.now())

    async def assigns(self, who: Somebody, to: str, by: str) -> None:
        tickets.assign(self.session, await self.ticket(who), self.members[to].id, self.members[by].id or 0)

    async def rates(self, who: Somebody, stars: int) -> None:
        await self.presses(who, f"r:{(await self.ticket(who)).id}:{stars}")

    # What time does

    async def comes_due(self, what: Callable[..., Awaitable[None]], who: Somebody) -> None:
        """The nudge or the apology that the rounds would have brought by now."""
        await what(self.session, (await self.ticket(who)).id, self.book, clock.now())
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

    async def _any_answer(self, who: Somebody, slot: str) -> str:
        """The first button under a question that raises no alarm."""
        service = self.book.catalogue.services[(await self.ticket(who)).service]
        options = (option.id for option in service.slots[slot].options if not option.alarm and not option.hidden)
        return f"a:{slot}:{next(options, 'yes')}"

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


async def play(stage: Stage, written: Sequence[Callable[[Stage], Scene]]) -> None:
    """Every scene says when it goes on; the earliest does, so that rows are written in the order of time."""
    scenes = [scene(stage) for scene in written]
    line = [(await anext(scene), place) for place, scene in enumerate(scenes)]
    heapq.heapify(line)
    while line:
        moment, place = heapq.heappop(line)
        clock.stand_at(max(moment, clock.now()))
        again = await anext(scenes[place], None)
        if again is not None:
            heapq.heappush(line, (again, place))
