"""What staff say to a person in a ticket: a reply, the last words of a closing, that the bot speaks again."""

import unicodedata
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, cast

from sqlalchemy import CursorResult, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from desk import alarms, channels, ids, people, reading, windows
from desk import messages as post
from desk.attachments import Attachment
from desk.database import ring
from desk.errors import Conflict, Invalid
from desk.files import FileHeard, announce
from desk.handbook import Handbook
from desk.history import record
from desk.messages import Author, Button, Message, Purpose, Status
from desk.people import Address, ContactRule, Person
from desk.safety import CHILD
from desk.staff import Staff
from desk.texts import InLanguages, line, say, w
from desk.tickets import Note, Reason, Ticket
from desk.times import OpenWeek
from desk.windows import Way

STAYS = ("resting", "spoke_at", "heard_at", "closed_for", "once")  # Of a talk that begins anew.
LONGEST = 8000  # Letters of one reply.
ROOM_FOR_WHY = 200


class AnsweredMeanwhile(Conflict):
    """Somebody else of the staff has written since this page was opened; the draft is kept."""

    sentence = "error.answered_meanwhile"


@dataclass(frozen=True)
class Reply:
    """What a member of staff wrote, and what the person will read."""

    polish: str
    shown: str = ""  # In the person's language; empty means that the Polish itself goes out.
    engine: str = ""  # Who translated: empty when a person did, or corrected it.
    seen: int | None = None  # The last message on the page when it was written.
    key: str = ""  # A repeated key changes nothing.
    via: int | None = None  # The address that staff chose; the best one otherwise.
    files: tuple[Attachment, ...] = ()

    def readable(self) -> "Reply":
        """The same without signs that nobody can see; empty where nothing else was written."""
        return replace(self, polish=written(self.polish), shown=written(self.shown))


def written(text: str) -> str:
    """What a member of staff has written, or nothing when no sign of it can be seen."""
    text = reading.readable(text).strip()
    return text if any(unicodedata.category(letter)[0] not in "CZM" for letter in text) else ""


async def reply(session: AsyncSession, ticket: Ticket, staff: Staff, words: Reply, at: datetime) -> Message:
    """Put a reply into the outbox; the ticket then waits for the person."""
    words = words.readable()
    text = words.polish
    if not text:
        raise Invalid("error.reply_empty")
    if len(text) > LONGEST or len(words.shown) > LONGEST * 2:
        raise Invalid("error.reply_long", n=LONGEST)
    if words.key and (again := await _sent_before(session, ticket, words.key)):
        return again
    alarms.must_be_taken(ticket)
    if words.seen is not None:
        await _nobody_was_faster(session, ticket, staff, words.seen)
    person = await people.present(session, ticket.person_id)
    typed = not staff.is_system
    address = await windows.choose(session, person, at, typed=typed, chosen=words.via)
    assert staff.id is not None
    # A child has read «Тебе вже читає …» a moment ago: the next words come from that person, without ceremony.
    said_so = person.is_minor and ticket.taken_at is not None and ticket.owner_id == staff.id
    is_first = not said_so and not await _wrote_before(session, ticket, staff.id)
    ticket.answered(staff.id, at)
    language = person.language or "uk"
    shown = _signed(words.shown or text, staff, language, is_first=is_first)
    as_is = language != "pl" and not words.shown
    if as_is:
        shown += "\n\n" + say(language, "untranslated")
    elif words.engine and language != "pl":
        shown += "\n\n" + say(language, "translated")
    said_by = {"who": say(language, "who.centre") if staff.is_system else staff.called(language)}
    longest = channels.facts_of(address.channel).longest
    if not windows.of(address).lets(at, typed=typed):
        longest -= ROOM_FOR_WHY  # What has to wait is brought with a word about why it comes so late.
    pieces = channels.pieces(shown, longest)
    told = []
    for number, piece in enumerate(pieces):
        told.append(
            await post.tell(
                session,
                address,
                piece,
                language=language,
                at=at,
                purpose=Purpose.REPLY,
                author=Author.STAFF,
                typed=typed,
                staff_id=staff.id,
                ticket_id=ticket.id,
                other=_signed(text, staff, "pl", is_first=is_first) if number == 0 and language != "pl" else "",
                other_language="pl",
                other_by=words.engine or "staff",
                request_key=f"{ticket.id}:{words.key}" if words.key and number == 0 else None,
                extra=said_by | ({"as_is": True} if as_is else {}),
            )
        )
    await session.flush()
    if words.engine and language != "pl":
        button = Button(f"-:m:{told[0].id}", say(language, "button.m:original"))
        told[-1].choices = [{"id": button.id, "label": button.label}]
    for file in words.files:
        await _tell_file(session, ticket, address, staff, file.nameless() if ticket.is_sensitive else file, said_by, at)
    record(session, "ticket.replied", ticket_id=ticket.id, person_id=person.id, staff_id=staff.id, message=told[0].id)
    return told[0]


async def _tell_file(
    session: AsyncSession,
    ticket: Ticket,
    address: Address,
    staff: Staff,
    file: Attachment,
    said_by: dict[str, str],
    at: datetime,
) -> None:
    """A file goes as a message of its own behind the words, so that each can fail or wait by itself."""
    message = await post.tell(
        session,
        address,
        "",
        language="",
        at=at,
        purpose=Purpose.REPLY,
        author=Author.STAFF,
        typed=not staff.is_system,
        staff_id=staff.id,
        ticket_id=ticket.id,
        kind=file.kind,
        extra=dict(said_by),
    )
    await session.flush()
    told = FileHeard(file.kind, name=file.name, mime=file.mime, size=len(file.content), content=file.content)
    announce(session, message.id or 0, address, [told], at)


def _signed(text: str, staff: Staff, language: str, *, is_first: bool) -> str:
    """The words with who says them, in the language in which they are read."""
    if staff.is_system:
        # Another system of the centre passes words on; it must not pass for a person.
        return f"{say(language, 'centre.says')} {text}"
    who = say(language, "who", name=staff.called(language))
    if is_first:
        return say(language, "person.here", who=who) + "\n\n" + text
    return f"{say(language, 'person.says', who=who)} {text}"


async def close(
    session: AsyncSession, ticket: Ticket, staff: Staff, reason: str, words: Reply, book: Handbook, at: datetime
) -> None:
    """Close with a reason and last words; the person can rate it and reopen it within seven days."""
    chosen = next((one for one in Reason if one.value == reason and one is not Reason.ANSWERED), None)
    words = words.readable()
    text = words.polish
    if chosen is None:
        raise Invalid("error.no_reason")
    if not text:
        raise Invalid("error.no_last_words")
    if len(text) > LONGEST or len(words.shown) > LONGEST * 2:
        raise Invalid("error.reply_long", n=LONGEST)
    alarms.must_be_taken(ticket)
    if words.seen is not None:
        await _nothing_new_was_heard(session, ticket, words.seen)
    person = await people.present(session, ticket.person_id)
    language = person.language or "uk"
    ticket.close(chosen, at)
    rating = book.catalogue.services["complaint_feedback"].slots["rating"] if _may_rate(ticket, person, book) else None
    asked = rating.ask if rating is not None else None
    record(session, "ticket.closed", ticket_id=ticket.id, person_id=person.id, staff_id=staff.id, reason=chosen.value)
    if person.contact_rule is ContactRule.NEVER_FIRST:
        return
    typed = not staff.is_system
    address = await windows.choose(session, person, at, typed=typed)
    if windows.of(address).way(at) is not Way.OPEN:
        rating, asked = None, None  # No machine asks where only a person may still write.
    await post.tell(
        session,
        address,
        _last_words(ticket, words.shown or text, asked, language),
        language=language,
        at=at,
        purpose=Purpose.NEWS,
        author=Author.STAFF,
        typed=typed,
        staff_id=staff.id,
        ticket_id=ticket.id,
        other=_last_words(ticket, text, asked, "pl") if language != "pl" else "",
        other_language="pl",
        other_by=words.engine or "staff",
        extra={"as_is": True} if language != "pl" and not words.shown else {},
        choices=[Button(f"-:r:{ticket.id}:{option.id}", option.button.in_(language)) for option in rating.options]
        if rating is not None
        else (),
    )


def _last_words(ticket: Ticket, text: str, asked: InLanguages | None, language: str) -> str:
    closed = say(language, "ticket.closed", ref=ids.spoken(ticket.ref))
    said = f"{closed} {text}\n{say(language, 'ticket.reopen')}"
    return f"{said}\n\n{asked.in_(language)}" if asked else said


def _may_rate(ticket: Ticket, person: Person, book: Handbook) -> bool:
    """Nobody who was in danger is asked for a mark, and no child."""
    return not ticket.alarm and not person.is_minor and "complaint_feedback" in book.catalogue.services


async def hand_back(session: AsyncSession, ticket: Ticket, staff: Staff, book: Handbook, at: datetime) -> None:
    """The bot speaks again in this ticket, and says so, unless nothing may be said there first."""
    if not ticket.with_people:
        raise Conflict("error.bot_speaks")
    ticket.staff_at, ticket.touched_at = None, at
    record(session, "ticket.handed_back", ticket_id=ticket.id, person_id=ticket.person_id, staff_id=staff.id)
    person = await people.present(session, ticket.person_id)
    # What the bot asked before people came is answered by now, or must not be asked of old.
    person.talk = {name: kept for name, kept in person.talk.items() if name in STAYS}
    if person.contact_rule is ContactRule.NEVER_FIRST:
        return
    language = person.language or "uk"
    said = _bot_again(person, book, at)
    await post.tell(
        session,
        await windows.choose(session, person, at),
        said.in_(language),
        language=language,
        at=at,
        purpose=Purpose.NEWS,
        ticket_id=ticket.id,
        other=said.in_("pl") if language != "pl" else "",
        other_language="pl",
        other_by="fixed",
    )


def _bot_again(person: Person, book: Handbook, at: datetime) -> InLanguages:
    """«Знову пише бот Поруч.», and to a child when people answer and who does at other times."""
    if not person.is_minor:
        return w("bot.again")
    child = book.screen.scenario(CHILD)
    shown = book.register.shown(child.lines_child, book.centre.local(at).date(), most=1)
    number = shown[0].number if shown else book.centre.n112
    return line(w("bot.again"), w("child.hours", hours=OpenWeek(book.centre.hours), line=number))


async def reroute(session: AsyncSession, message: Message, address_id: int, by: int, at: datetime) -> None:
    """Words that could not go out go to another address of the same person."""
    addresses = await people.addresses_of(session, message.person_id)
    address = next((one for one in addresses if one.id == address_id), None)
    if address is None or not address.reachable or not windows.of(address).lets(at, typed=message.typed):
        raise Conflict("error.no_address")
    facts = channels.facts_of(address.channel)
    if not facts.reaches_closed:
        raise Conflict("error.no_address")  # An old row would stand above what the page has shown already.
    first, *rest = channels.pieces(message.text, facts.longest)
    taken = await session.execute(
        update(Message)
        .where(col(Message.id) == message.id, col(Message.status).in_((Status.HELD, Status.FAILED)))
        .values(
            address_id=address.id,
            channel=address.channel,
            account=address.account,
            text=first,
            choices=[] if rest else message.choices,
            status=Status.WAITING,
            failure="",
            not_before=at,
            attempts=0,
        )
    )
    if not cast("CursorResult[Any]", taken).rowcount:
        raise Conflict("error.not_stuck")
    for number, piece in enumerate(rest, 1):  # What was one message where it was written takes several here.
        await post.tell(
            session,
            address,
            piece,
            language=message.language,
            at=at,
            purpose=message.purpose or Purpose.REPLY,
            author=message.author,
            staff_id=message.staff_id,
            ticket_id=message.ticket_id,
            typed=message.typed,
            extra=message.extra,
            choices=[Button(**choice) for choice in message.choices] if number == len(rest) else (),
        )
    ring(session, "outbox")
    record(
        session,
        "message.resent",
        ticket_id=message.ticket_id,
        person_id=message.person_id,
        staff_id=by,
        channel=address.channel,
    )


def note(session: AsyncSession, ticket: Ticket, staff: Staff, text: str, at: datetime) -> None:
    text = written(text)
    if not text:
        raise Invalid("error.note_empty")
    if len(text) > LONGEST:
        raise Invalid("error.reply_long", n=LONGEST)
    assert ticket.id is not None and staff.id is not None
    session.add(Note(ticket_id=ticket.id, staff_id=staff.id, text=text, at=at))
    record(session, "ticket.noted", ticket_id=ticket.id, person_id=ticket.person_id, staff_id=staff.id)


async def _sent_before(session: AsyncSession, ticket: Ticket, key: str) -> Message | None:
    return await session.scalar(select(Message).where(col(Message.request_key) == f"{ticket.id}:{key}"))


async def _nobody_was_faster(session: AsyncSession, ticket: Ticket, staff: Staff, seen: int) -> None:
    other = await session.scalar(
        select(Message)
        .where(
            col(Message.ticket_id) == ticket.id,
            col(Message.id) > seen,
            col(Message.author) == Author.STAFF,
            col(Message.staff_id) != staff.id,
        )
        .order_by(col(Message.id).desc())
        .limit(1)
    )
    if other is not None:
        writer = await session.get(Staff, other.staff_id)
        raise AnsweredMeanwhile(who=writer.first_name if writer else "")


async def _nothing_new_was_heard(session: AsyncSession, ticket: Ticket, seen: int) -> None:
    """Nobody closes over words that they have not read."""
    newer = select(col(Message.id)).where(
        col(Message.ticket_id) == ticket.id, col(Message.id) > seen, col(Message.author) == Author.PERSON
    )
    if await session.scalar(newer.limit(1)) is not None:
        raise Conflict("error.heard_meanwhile")


async def _wrote_before(session: AsyncSession, ticket: Ticket, staff_id: int) -> bool:
    """Whether this member of staff is already known to the person in this ticket."""
    if ticket.staff_at is None:
        return False
    found = await session.scalar(
        select(col(Message.id))
        .where(
            col(Message.ticket_id) == ticket.id,
            col(Message.staff_id) == staff_id,
            col(Message.purpose) == Purpose.REPLY,
        )
        .limit(1)
    )
    return found is not None
