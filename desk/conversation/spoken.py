"""A recording that has been written down goes the way of typed words: the screen first, then the talk."""

from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from desk.conversation import bursts, danger
from desk.conversation.talk import Talk
from desk.conversation.turn import Said, Turn
from desk.database import ring
from desk.files import File
from desk.handbook import Handbook
from desk.history import record
from desk.messages import Direction, Message
from desk.people import Address, Person
from desk.reading import readable
from desk.tickets import Status, current_of


async def written_down(session: AsyncSession, file_id: int, words: str, by: str, book: Handbook, at: datetime) -> None:
    """Keep what was said in a recording, marked as automatic, and answer it if nothing was said since."""
    # The person first, as in hear(): two who lock in different orders wait for each other.
    person = await session.scalar(
        select(Person)
        .join(Message, col(Message.person_id) == col(Person.id))
        .join(File, col(File.message_id) == col(Message.id))
        .where(col(File.id) == file_id)
        .with_for_update(of=Person)
    )
    message_id = await session.scalar(
        update(File)
        .where(col(File.id) == file_id, col(File.transcript) == "wanted", col(File.status) == "kept")
        .values(transcript="done")
        .returning(col(File.message_id))
    )
    if person is None or message_id is None:
        return  # The person has taken it back meanwhile.
    message = await session.get_one(Message, message_id, populate_existing=True)
    talk = Talk.of(person.talk)
    asked = talk.voices.pop(str(message_id), None)
    words = readable(words).strip()
    if words:
        _put_into(session, message, words, by, book)
        turn = Turn(
            session=session,
            book=book,
            person=person,
            address=await session.get_one(Address, message.address_id),
            talk=talk,
            at=at,
            tickets=list(await current_of(session, person.id or 0, at)),
            said=Said([message_id], message.text, ["text"]),
        )
        await _go_on(turn, message, words, asked)
    person.talk = talk.kept()


async def _go_on(turn: Turn, message: Message, words: str, asked: list[str] | None) -> None:
    """The screen first; then the words are answered as if they were said now, or with the burst they belong to."""
    alarm = danger.look(turn, words)
    if alarm is not None and danger.is_news(turn, alarm):
        bursts.forget(turn)
        await danger.raise_alarm(turn, alarm)
        await turn.tell()
    elif message.id not in turn.talk.waiting:
        await _answer(turn, message, asked)


def _put_into(session: AsyncSession, message: Message, words: str, by: str, book: Handbook) -> None:
    message.text = f"{message.text}\n{words}" if message.text else words
    message.text_by = by
    message.language = book.triage.tongues.of(words).language or message.language
    message.other, message.other_by, message.other_state = "", "", "wanted"
    record(
        session,
        "message.written_down",
        ticket_id=message.ticket_id,
        person_id=message.person_id,
        message=message.id,
    )
    ring(session, "outbox")  # Translating listens there.


async def _answer(turn: Turn, message: Message, asked: list[str] | None) -> None:
    """The words answer what was asked when they were spoken; if the talk has gone on since, they only fill in."""
    ticket = turn.ticket(message.ticket_id)
    said_since = await turn.session.scalar(
        select(col(Message.id))
        .where(
            col(Message.person_id) == turn.person.id,
            col(Message.direction) == Direction.HEARD,
            col(Message.id) > message.id,
        )
        .limit(1)
    )
    asks_now = [turn.talk.step, str(turn.talk.data.get("slot", ""))]
    open_ended = turn.talk.step in ("", "menu", "unsure", "offer")
    if said_since is not None or (asks_now != asked and not open_ended):
        if ticket is not None:
            turn.fill(ticket, turn.said.text)
    elif turn.talk.step == "safe":
        await danger.answered(turn)
        await turn.tell()
    elif ticket is not None and ticket.status is Status.DRAFT:
        await bursts.answer(turn)
    elif ticket is not None:
        turn.fill(ticket, turn.said.text)
