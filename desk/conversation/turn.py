"""One turn of a dialogue: what is known, what the bot will say, and the ways in which it says it."""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from desk import channels, ids
from desk import messages as post
from desk.channels import Facts
from desk.conversation.talk import Talk
from desk.handbook import Handbook
from desk.history import record
from desk.messages import Message, Purpose
from desk.people import Address, Person
from desk.script import buttons, form, summary
from desk.script.buttons import Choice
from desk.script.form import Question
from desk.services import Service, Slot
from desk.texts import InLanguages, line, lines, paragraphs, w, w_count
from desk.tickets import Priority, Ticket, open_ticket
from desk.times import AfterWhen, ByWhen, hour, rounded_up

LONG_PAUSE = timedelta(days=3)  # After which the bot says again that it is a bot.
STAFF_LANGUAGE = "pl"


@dataclass
class Said:
    """What a person has just said: one message, or a whole burst."""

    ids: list[int]
    text: str
    kinds: list[str]
    reply_to_ticket: int | None = None
    said_at: datetime | None = None  # By the channel's clock; of a burst, the earliest.
    heard_at: datetime | None = None  # By ours; of a burst, the latest. None: now.

    @property
    def has_words(self) -> bool:
        return any(letter.isalnum() for letter in self.text)


@dataclass
class Turn:
    session: AsyncSession
    book: Handbook
    person: Person
    address: Address
    talk: Talk
    at: datetime
    tickets: list[Ticket]
    said: Said
    head: list[InLanguages] = field(default_factory=list)  # Lines of the first paragraph.
    body: list[InLanguages] = field(default_factory=list)  # Further paragraphs.
    choices: list[Choice] = field(default_factory=list)
    extra: dict[str, Any] = field(default_factory=dict)
    about: int | None = None  # The ticket that our answer stands in.
    language_doubt: bool = False
    late: InLanguages | None = None  # The apology for an outage in which these words had to wait,
    late_for: str = ""  # and which outage that was.
    popup: str = ""

    # What is known

    @property
    def facts(self) -> Facts:
        return channels.facts_of(self.address.channel)

    @property
    def language(self) -> str:
        return self.person.language or "uk"

    @property
    def today(self) -> date:
        return self.book.centre.local(self.at).date()

    @property
    def is_first_contact(self) -> bool:
        return not self.person.notice

    def ticket(self, ticket_id: int | None) -> Ticket | None:
        return next((ticket for ticket in self.tickets if ticket.id == ticket_id), None)

    def service_of(self, ticket: Ticket) -> Service | None:
        return self.book.catalogue.service(ticket.service) if ticket.service else None

    def topic_of(self, ticket: Ticket) -> InLanguages:
        service = self.service_of(ticket)
        return service.topic if service else w("topic.unknown")

    async def words_of(self, ticket: Ticket) -> str:
        """What the person has written in a ticket so far: their own words, no buttons and no commands."""
        written = await self.session.scalars(
            select(col(Message.text))
            .where(
                col(Message.ticket_id) == ticket.id,
                col(Message.key).is_not(None),
                col(Message.kind).not_in(("press", "old_press", "command")),
            )
            .order_by(col(Message.id))
        )
        return "\n".join(written)

    @property
    def open_tickets(self) -> list[Ticket]:
        return [ticket for ticket in self.tickets if ticket.is_open]

    # What is said

    def open_with(self, *, got: bool, menu: bool = False) -> None:
        """The first lines: who speaks, that the words have arrived, who reads them and when, the notice."""
        centre = self.book.centre
        first: list[InLanguages] = []
        closed = self.closed_line() if got or (menu and self.is_first_contact) else None
        if self.is_first_contact:
            first.append(w("hello", centre_of=centre.of))
            if closed is not None:
                first += [closed, w("danger.line", n112=centre.n112)]
            elif got:
                first.append(self.got())
            self.head.append(line(*first))
            self.head.append(self.notice())
            if "photo" in self.said.kinds:
                self.head.append(w("photo.cover"))
            return
        spoke = self.talk.spoke_before()
        if spoke is not None and self.at - spoke > LONG_PAUSE:
            first.append(w("bot.again"))
        if closed is not None:
            first.append(closed)
        if first:
            self.head.append(line(*first))

    def got(self) -> InLanguages:
        """«Отримано 2 повідомлення, їх прочитає людина.»"""
        return w_count("got.many", len(self.said.ids)) if len(self.said.ids) > 1 else w("got")

    def apology(self) -> InLanguages:
        """For the outage; from now on it has been said."""
        assert self.late is not None
        said, self.late = self.late, None
        self.talk.said_once(self.late_for)
        return said

    def notice(self) -> InLanguages:
        """The short notice, said once, with the version that was shown."""
        self.person.notice = self.book.centre.notice_version
        link = "/privacy" if self.facts.taps_commands else self.book.privacy_link
        return w("notice", privacy=link)

    def closed_line(self) -> InLanguages | None:
        """«Зараз Центр зачинено…», once until the centre opens again."""
        hours = self.book.centre.hours
        if hours.is_open(self.at):
            return None
        opening = hours.next_opening(self.at)
        if self.talk.closed_for == opening.isoformat():
            return None
        self.talk.closed_for = opening.isoformat()
        return w("closed.now", open=AfterWhen(self.book.centre.local(opening), self.at))

    def say(self, *paragraphs_: InLanguages) -> None:
        self.body += paragraphs_

    def ask_question(self, ticket: Ticket, question: Question, *, with_topic: bool = False) -> None:
        """Put a question of the form, with its number, its answers and the ways out."""
        service = self.service_of(ticket)
        assert service is not None
        ticket.form = question.progress.kept()
        slot = question.slot
        number = [w("step", i=question.i, n=question.n)] if question.n > 1 else []
        asked = line(*number, slot.ask)
        if question.i == 1 and service.intro is not None:
            self.head.append(service.intro)
        topic = (
            w("topic", topic=summary.topic_of(service, ticket.answers)) if with_topic and service.say_topic else None
        )
        self.say(lines(topic, asked) if topic else asked)
        self.choices = buttons.under_question(
            question, may_skip=slot.id in question.progress.unclear, ask_language=self.language_doubt
        )
        self.extra = {"step": {"i": question.i, "n": question.n}} if question.n > 1 else {}
        self.talk.begin("ask", ticket.id, slot=slot.id)
        self.about = ticket.id

    def ask_plainly(self, ticket: Ticket, slot: Slot, step: str) -> None:
        """A question that does not count: how to reach the person."""
        self.say(slot.ask)
        self.choices = [*buttons.answers_to(slot), buttons.PERSON]
        self.talk.begin(step, ticket.id, slot=slot.id)
        self.about = ticket.id

    def show_summary(self, ticket: Ticket) -> None:
        service = self.service_of(ticket)
        assert service is not None
        answers = ticket.answers
        closing: list[InLanguages] = []
        if "contact_channel" not in answers:
            shared = self.book.catalogue.shared["contact_channel"]
            here = shared.option("here")
            assert here is not None
            closing.append(summary.Row("contact_channel", shared.label, here.in_summary))
        self.say(summary.text(service, answers, [*closing, w("summary.ok")]))
        photo = (
            [Choice("d:photo", w("button.d:photo"))]
            if self.talk.data.get("photo") or "photo" in self.said.kinds
            else []
        )
        self.choices = [buttons.YES, buttons.FIX, *photo, buttons.PERSON]
        photo_message = self._photo_message()
        self.talk.begin("summary", ticket.id, **({"photo": photo_message} if photo_message else {}))
        self.about = ticket.id

    def _photo_message(self) -> int | None:
        kinds = self.said.kinds
        return self.said.ids[kinds.index("photo")] if "photo" in kinds else None

    def show_menu(self) -> None:
        self.say(w("menu"))
        self.choices = buttons.menu(self.book.catalogue)
        self.talk.begin("menu", self.talk.ticket)

    def ticket_line(self, ticket: Ticket, *first: InLanguages, more: bool = False) -> InLanguages:
        """«Номер звернення: 482-158. Відповідь має надійти сьогодні до 15:30.»"""
        due = self.book.centre.local(ticket.due_at or self.book.centre.due(self.at))
        said = w("ticket", ref=ids.spoken(ticket.ref), when=ByWhen(due, self.at))
        last = [w("ticket.more")] if more else []
        return line(*first, said, *last)

    def by_when(self, moment: datetime) -> InLanguages:
        return ByWhen(self.book.centre.local(moment), self.at)

    def on_the_hour(self, moment: datetime) -> str:
        return hour(rounded_up(self.book.centre.local(moment)))

    # What is done

    async def open_draft(self, **facts: Any) -> Ticket:
        assert self.person.id is not None
        service = self.book.catalogue.service(facts.get("service", ""))
        if service is not None:
            facts |= {"sensitivity": service.sensitivity, "priority": _priority(service.priority)}
        ticket = await open_ticket(self.session, self.person.id, self.at, due_at=self.book.centre.due(self.at), **facts)
        self.tickets.append(ticket)
        if self.person.met_at < self.at:
            await post.adopt(self.session, self.person.id, ticket.id or 0)
        return ticket

    def set_service(self, ticket: Ticket, service_id: str) -> None:
        service = self.book.catalogue.service(service_id)
        ticket.service = service_id
        if service is not None:
            ticket.sensitivity = service.sensitivity
            ticket.priority = _priority(service.priority)
            if not service.on:
                ticket.service = ""

    async def join(self, ticket: Ticket) -> None:
        """The words belong to this ticket."""
        assert ticket.id is not None
        ticket.heard(self.said.heard_at or self.at, self.said.ids[-1])
        with self.session.no_autoflush:  # What else has changed is written once, at the end of the turn.
            await self.session.execute(
                update(Message)
                .where(col(Message.id).in_(self.said.ids))
                .values(ticket_id=ticket.id)
                .execution_options(synchronize_session=False)
            )
        record(self.session, "message.heard", ticket_id=ticket.id, person_id=self.person.id)
        self.about = ticket.id

    def fill(self, ticket: Ticket, text: str) -> bool:
        """Take what the words answer by themselves; whether that was anything."""
        service = self.service_of(ticket)
        if service is None or not text.strip():
            return False
        found = form.filled(service, text, ticket.answers, self.today)
        if found:
            ticket.answers = {**ticket.answers, **found}
            self.mind_answers(ticket, found)
        return bool(found)

    def mind_answers(self, ticket: Ticket, found: dict[str, dict[str, Any]]) -> None:
        """What some answers change beside themselves: priority, the person's commune, how safe it is to write."""
        service = self.service_of(ticket)
        if service is None:
            return
        for slot_id, answer in found.items():
            slot = service.slots.get(slot_id)
            value = answer.get("v")
            if slot is None or not isinstance(value, str):
                continue
            option = slot.option(value)
            if option is not None and option.priority:
                ticket.priority = _priority(option.priority)
            if slot_id == "gmina" and value != "other":
                self.person.gmina = value

    def submit(self, ticket: Ticket) -> None:
        """The questions are over; people answer from here."""
        ticket.submit(self.book.centre.due(self.at), self.at)
        record(self.session, "ticket.submitted", ticket_id=ticket.id, person_id=self.person.id)
        if ticket.id in self.talk.resting:
            self.talk.resting.remove(ticket.id)

    async def tell(self, *, purpose: Purpose = Purpose.ANSWER) -> Message | None:
        """Put all that is to be said into one message of the outbox, with its buttons."""
        head = [self.apology(), *self.head] if self.late and (self.head or self.body) else self.head
        parts = [lines(*head)] if head else []
        words = paragraphs(*parts, *self.body)
        text = words.in_(self.language)
        if not text:
            return None
        self.talk.token = ids.step_token()
        shown = buttons.shown(self.choices, self.talk.token, self.language)
        staffs = buttons.shown(self.choices, self.talk.token, STAFF_LANGUAGE)
        self.talk.buttons = [
            {"id": button.id, "label": button.label, "staff": for_staff.label}
            for button, for_staff in zip(shown, staffs, strict=True)
        ]
        self.talk.spoke_at = self.at.isoformat()
        other = words.in_(STAFF_LANGUAGE) if self.language != STAFF_LANGUAGE else ""
        return await post.tell(
            self.session,
            self.address,
            text,
            language=self.language,
            at=self.at,
            purpose=purpose,
            ticket_id=self.about,
            choices=shown,
            other=other,
            other_language=STAFF_LANGUAGE if other else "",
            other_by="fixed",
            extra=self.extra,
        )


def _priority(name: str) -> Priority:
    return Priority(name) if name in {member.value for member in Priority} else Priority.MEDIUM
