"""hear(): one incoming message, whole."""

from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from desk import channels, clock, people, reading, translation
from desk import messages as post
from desk.conversation import bursts, commands, danger, erasing, files, held, linking, pressing
from desk.conversation.talk import Talk
from desk.conversation.turn import STAFF_LANGUAGE, Said, Turn
from desk.database import ring
from desk.handbook import Handbook
from desk.history import record
from desk.messages import Heard, Message, Purpose
from desk.people import Address, Person
from desk.texts import LANGUAGES, w
from desk.tickets import Status, current_of
from desk.triage.language import Guess


@dataclass(frozen=True)
class Outcome:
    """What became of one message, for the channel that brought it."""

    message_id: int | None = None
    popup: str = ""  # To be shown at the pressed button, and nowhere else.
    duplicate: bool = False
    answer_waits: bool = False  # For the rest of the burst; until then the channel may show that something comes.
    set_aside: bool = False


async def hear(session: AsyncSession, heard: Heard, book: Handbook) -> Outcome:
    """Store one message and answer it, or let it wait for the rest of its burst. A second delivery changes nothing."""
    at = clock.now()
    heard = replace(
        heard,
        text=reading.readable(heard.text),
        choice=reading.readable(heard.choice),
        files=tuple(
            replace(file, name=reading.readable(file.name), mime=reading.readable(file.mime)) for file in heard.files
        ),
    )
    place = replace(heard.place, name=reading.readable(heard.place.name))
    known = await people.find(session, place)
    if known is not None and any(people.was_forgotten(known[0], name) for name in (heard.key, heard.edits) if name):
        return Outcome(duplicate=True)
    is_new = known is None or known[0].erased_at is not None
    if is_new and not _speaks(heard, was_here=known is not None):
        page = str(heard.facts.get("page_language", ""))
        popup = w("button.old").in_(page if page in LANGUAGES else "uk") if heard.kind == "press" else ""
        return Outcome(popup=popup, duplicate=True)
    person, address = await people.welcome(session, place, at, known) if known is None or is_new else known
    if heard.kind in ("blocked", "unblocked"):
        return await _membership(session, heard, person, address, at)
    if heard.edits and (earlier := await _edited(session, heard, person, address, book, at)):
        return earlier
    guess = book.triage.tongues.of(heard.text)
    message_id = await post.store_heard(session, heard, person, address, at, guess.language or person.language)
    if message_id is None:
        if is_new:
            await people.unmeet(session, person, address, known)
        return Outcome(await post.heard_before(session, heard), duplicate=True)
    talk = Talk.of(person.talk)
    person.heard_at = at
    said = min(heard.said_at, at)
    if channels.facts_of(address.channel).answers_within is None:
        address.heard_at = at
    elif is_new or said > address.heard_at:
        # The channel counts from when it was said, also when it comes late; and older words open nothing again.
        address.heard_from(said)
    if heard.kind != "press" and person.prefers != address.id:
        person.prefers = None  # Who writes from somewhere else reads there.
    people.found_again(session, address)
    turn = Turn(
        session=session,
        book=book,
        person=person,
        address=address,
        talk=talk,
        at=at,
        tickets=[] if is_new else list(await current_of(session, person.id or 0, at)),
        said=Said(
            [message_id],
            "" if heard.kind == "press" else heard.text,
            [heard.kind],
            await _ticket_replied_to(session, heard, address),
            heard.said_at,
        ),
    )
    files.keep(turn, message_id, heard)
    _learn_language(turn, heard, guess)
    standby = bool(heard.facts.get("standby"))  # Another app answers in this thread.
    came_late = not standby and await held.release(turn)
    outcome = await _respond(turn, heard, message_id)
    if came_late and not turn.head and not turn.body:
        await linking.ask_about_window(turn, "stuck")
        await turn.tell(purpose=Purpose.NEWS)
    talk.heard_at = min(heard.said_at, at).isoformat()
    person.talk = talk.kept()
    return outcome


def _speaks(heard: Heard, *, was_here: bool) -> bool:
    """Whether this makes somebody known to us. `was_here`: they were forgotten a moment ago; an echo brings nobody back."""
    if heard.kind == "press":
        # The tiles of the empty page; or words on a button that we do not know any more.
        return heard.choice.startswith(f"{pressing.STANDING}:go:") or (bool(heard.text) and not was_here)
    return heard.kind not in ("blocked", "unblocked")


async def _respond(turn: Turn, heard: Heard, message_id: int) -> Outcome:
    standby = bool(heard.facts.get("standby"))
    if heard.kind == "press" and not standby:
        return await _press(turn, heard, message_id)
    name = commands.meant(turn, heard.text)
    # «Видаліть усе про мене» is a wish about data and nothing else; it only sounds like the other.
    alarm = None if turn.book.lexicon.says("erase", heard.text) else danger.look(turn, heard.text)
    if alarm is not None and danger.is_news(turn, alarm):
        bursts.forget(turn)
        await danger.raise_alarm(turn, alarm)
        await turn.tell()
        return Outcome(message_id)
    if standby:
        # Another app answers in this thread: the words are kept for people, and we are silent.
        await _keep_for_people(turn)
        return Outcome(message_id)
    if name and await commands.obey(turn, name):
        if name not in commands.ASKED_OF_PEOPLE or turn.talk.step == erasing.STEP:
            message = await turn.session.get_one(Message, message_id)
            message.kind = "command"
            if name == "start":
                message.text = "/start"  # A code behind it opens a conversation, and is nobody else's business.
        await turn.tell()
        return Outcome(message_id)
    if turn.talk.step == "safe" and not any(ticket.with_people for ticket in turn.open_tickets):
        await danger.answered(turn)
        await turn.tell()
        return Outcome(message_id)
    if bursts.must_wait(turn, heard):
        await bursts.wait(turn, message_id)
        return Outcome(message_id, answer_waits=True)
    if turn.talk.step == "safe":
        turn.talk.rest()
    await bursts.answer(turn)
    return Outcome(message_id)


async def _keep_for_people(turn: Turn) -> None:
    ticket = turn.open_tickets[-1] if turn.open_tickets else await turn.open_draft()
    await turn.join(ticket)
    if ticket.status is Status.DRAFT:
        turn.submit(ticket)


async def _press(turn: Turn, heard: Heard, message_id: int) -> Outcome:
    label, for_staff = await pressing.label_of(turn, heard.choice)
    message = await turn.session.get_one(Message, message_id)
    if not await pressing.press(turn, heard.choice):
        message.kind, message.text = "old_press", heard.text
        if not turn.facts.pops_up:
            turn.say(w("button.old"))
            await turn.tell()
        return Outcome(message_id, popup=w("button.old").in_(turn.language))
    message.text = label or heard.text
    if for_staff and turn.language != STAFF_LANGUAGE:
        message.other, message.other_language = for_staff, STAFF_LANGUAGE
        message.other_by, message.other_state = "fixed", "done"
    await turn.tell()
    return Outcome(message_id)


# What is not an ordinary message


async def _membership(session: AsyncSession, heard: Heard, person: Person, address: Address, at: datetime) -> Outcome:
    message_id = await post.store_heard(session, heard, person, address, at, "")
    if message_id is None:
        return Outcome(duplicate=True)
    if heard.kind == "blocked":
        current = [ticket.id for ticket in await current_of(session, person.id or 0, at) if ticket.is_open]
        await people.lost(session, address.id or 0, "blocked", current or (None,))
    else:
        people.found_again(session, address)
    return Outcome(message_id)


async def _edited(
    session: AsyncSession, heard: Heard, person: Person, address: Address, book: Handbook, at: datetime
) -> Outcome | None:
    """The person has changed an earlier message: staff see both versions, and the screen looks again."""
    message = await session.scalar(
        select(Message).where(
            col(Message.address_id) == address.id, col(Message.number) == heard.edits, col(Message.key).is_not(None)
        )
    )
    if message is None:
        return None  # We never saw the first version: it is new to us.
    if message.text == heard.text:
        return Outcome(message.id, duplicate=True)
    await translation.forget(session, [message])
    message.original = message.original or message.text
    message.text, message.other, message.other_state = heard.text, "", "wanted"
    record(session, "message.edited", ticket_id=message.ticket_id, person_id=person.id, message=message.id)
    ring(session, "outbox")  # Translating listens there.
    talk = Talk.of(person.talk)
    tickets = list(await current_of(session, person.id or 0, at))
    turn = Turn(session, book, person, address, talk, at, tickets, Said([message.id or 0], heard.text, ["text"]))
    alarm = danger.look(turn, heard.text)
    if alarm is not None:
        await danger.raise_alarm(turn, alarm)
        await turn.tell()
        person.talk = talk.kept()
    return Outcome(message.id)


async def _ticket_replied_to(session: AsyncSession, heard: Heard, address: Address) -> int | None:
    if not heard.reply_to or heard.kind == "press":
        return None
    return await session.scalar(
        select(col(Message.ticket_id))
        .where(col(Message.address_id) == address.id, col(Message.number) == heard.reply_to)
        .order_by(col(Message.id).desc())
        .limit(1)
    )


def _learn_language(turn: Turn, heard: Heard, guess: Guess) -> None:
    """The language of the first words, unless the person has chosen one; with the choice offered where it is in doubt."""
    person = turn.person
    if person.language_sure or heard.kind == "press" or heard.text.startswith("/"):
        return
    if guess.language:
        if not person.language or guess.sure:
            person.language = guess.language
        person.language_sure = guess.sure
        turn.language_doubt = not guess.sure and not turn.talk.said_once("language.doubt")
    elif not person.language:
        page = str(heard.facts.get("page_language", ""))
        person.language = page if page in LANGUAGES else ""
