"""Messages that follow one another get one answer, when they have gone quiet."""

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from desk import clock, outages, reading
from desk.conversation import answering, asking, erasing, files, seconding
from desk.conversation.seconding import QUIET
from desk.conversation.talk import Talk
from desk.conversation.turn import Said, Turn
from desk.handbook import Handbook
from desk.messages import Heard, Message
from desk.people import Address, Person
from desk.script import form
from desk.texts import w
from desk.tickets import Status, Ticket, current_of
from desk.times import AtTime

LONGEST_WAIT = timedelta(seconds=20)  # However long a burst goes on, somebody who waits gets an answer.


async def answer(turn: Turn) -> None:
    """Answer what is in the turn, unless a number in it has to be dealt with first."""
    waiting_ids, turn.talk.waiting, turn.talk.waiting_since = turn.talk.waiting, [], ""
    turn.person.answer_due_at = None
    if waiting_ids:
        await _gather(turn, waiting_ids)
    await _explain_a_delay(turn)
    held, step = turn.talk.data, turn.talk.step
    if reading.document_number(turn.said.text):
        ticket = turn.ticket(turn.talk.ticket) or (turn.open_tickets[-1] if turn.open_tickets else None)
        if ticket is None:
            ticket = await turn.open_draft()
        await turn.join(ticket)
        files.asks_about_number(turn, turn.said.ids[-1], ticket.id)
        turn.talk.begin("number", ticket.id, held=held, before=step)
    else:
        await answering.answer(turn)
    await turn.tell()


async def _gather(turn: Turn, ids: list[int]) -> None:
    """All messages of a burst, in the order in which they came."""
    wanted = [*ids, *(name for name in turn.said.ids if name not in ids)]
    rows = list(
        await turn.session.scalars(select(Message).where(col(Message.id).in_(wanted)).order_by(col(Message.id)))
    )
    turn.said = Said(
        ids=[row.id or 0 for row in rows],
        text="\n".join(row.text for row in rows if row.text),
        kinds=[row.kind for row in rows],
        reply_to_ticket=turn.said.reply_to_ticket,
        said_at=min(row.said_at for row in rows),
        heard_at=max(row.at for row in rows),
    )


async def _explain_a_delay(turn: Turn) -> None:
    """Words that waited because we were away get an apology, once for an outage."""
    said_at = turn.said.said_at
    outage = await outages.that_delayed(turn.session, said_at, turn.at) if said_at else None
    if outage is None or outage.name in turn.talk.once:
        return
    began, ended = (AtTime(turn.book.centre.local(moment), turn.today) for moment in (outage.began_at, outage.ended_at))
    turn.late, turn.late_for = w("late.system", **{"from": began, "to": ended}), outage.name


def must_wait(turn: Turn, heard: Heard) -> bool:
    """Whether the answer should wait for more: nothing has been said yet, or the person is still typing."""
    if turn.talk.waiting:
        return True
    if any(ticket.with_people for ticket in turn.open_tickets):
        return False
    if _answers_the_question(turn, heard):
        return False
    if _adds_to_a_ticket(turn):
        return True
    before = turn.talk.heard_before()
    # By the person's own clock: however late we come to a burst, it is one.
    if before is not None and heard.said_at - before < QUIET:
        return True
    return _says_nothing_yet(turn, heard) or seconding.is_wanted(turn, heard.text)


def _adds_to_a_ticket(turn: Turn) -> bool:
    """Words after the questions are over: "added" is said once for all of them."""
    submitted = any(ticket.status is not Status.DRAFT for ticket in turn.open_tickets)
    return submitted and turn.talk.step in ("", "offer")


def _says_nothing_yet(turn: Turn, heard: Heard) -> bool:
    """A greeting, a photo, a sticker: the request is still to come."""
    if turn.talk.step in ("ask", "summary", "unsure", "which"):
        return False
    if heard.kind != "text" and not heard.text.strip():
        return True
    return heard.kind in ("photo", "sticker") or turn.book.lexicon.says("greeting", heard.text)


def _answers_the_question(turn: Turn, heard: Heard) -> bool:
    """Whether the words are a plain answer to what was asked, so that nothing has to be waited for."""
    lexicon, text = turn.book.lexicon, heard.text
    if not text.strip():
        return False
    if any(lexicon.says(word, text) for word in ("person", "back", "skip")):
        return True
    if turn.talk.step in ("summary", erasing.STEP):
        return lexicon.says("yes", text) or lexicon.says("no", text)
    ticket = turn.ticket(turn.talk.ticket)
    service = turn.service_of(ticket) if ticket else None
    if turn.talk.step not in ("ask", "contact") or service is None:
        return False
    slot = service.slots[turn.talk.data["slot"]]
    return slot.type != "text" and not isinstance(form.answered(slot, text, turn.today, lexicon), form.Unclear)


async def wait(turn: Turn, message_id: int) -> None:
    """Keep the words where staff see them, and come back when the person has stopped typing."""
    talk = turn.talk
    talk.waiting.append(message_id)
    talk.waiting_since = talk.waiting_since or turn.at.isoformat()
    longest = datetime.fromisoformat(talk.waiting_since) + LONGEST_WAIT
    patience = seconding.PATIENCE if seconding.is_wanted(turn, turn.said.text) else QUIET
    turn.person.answer_due_at = min(turn.at + patience, longest)
    await turn.join(await _for_now(turn))


async def _for_now(turn: Turn) -> Ticket:
    """The ticket in which waiting words stand until they are understood."""
    current = turn.ticket(turn.talk.ticket)
    if current is not None and current.is_open:
        return current
    if turn.open_tickets:
        return turn.open_tickets[-1]
    closed = [ticket for ticket in turn.tickets if ticket.can_reopen(turn.at)]
    if closed:
        return closed[-1]
    ticket = await turn.open_draft()
    turn.talk.ticket = ticket.id
    return ticket


def forget(turn: Turn) -> None:
    turn.talk.waiting, turn.talk.waiting_since = [], ""
    turn.person.answer_due_at = None


async def due_answers(session: AsyncSession, at: datetime, limit: int = 50) -> list[int]:
    """People whose burst has gone quiet."""
    rows = await session.scalars(
        select(col(Person.id)).where(col(Person.answer_due_at) <= at).order_by(col(Person.answer_due_at)).limit(limit)
    )
    return [number for number in rows if number is not None]


async def answer_burst(session: AsyncSession, person_id: int, book: Handbook) -> None:
    """Give a burst its one answer, unless another process was faster or more words have come."""
    at = clock.now()
    person = await session.scalar(
        select(Person).where(col(Person.id) == person_id, col(Person.answer_due_at) <= at).with_for_update()
    )
    if person is None:
        return
    talk = Talk.of(person.talk)
    person.answer_due_at = None
    if not talk.waiting:
        return
    rows = list(
        await session.scalars(select(Message).where(col(Message.id).in_(talk.waiting)).order_by(col(Message.id)))
    )
    if not rows:
        talk.waiting = []
        person.talk = talk.kept()
        return
    address = await session.get_one(Address, rows[-1].address_id)
    turn = Turn(
        session=session,
        book=book,
        person=person,
        address=address,
        talk=talk,
        at=at,
        tickets=list(await current_of(session, person_id, at)),
        said=Said([rows[-1].id or 0], rows[-1].text, [rows[-1].kind], said_at=rows[0].said_at, heard_at=rows[-1].at),
    )
    await _answer_what_followed(turn, rows)
    person.talk = talk.kept()


async def _answer_what_followed(turn: Turn, rows: list[Message]) -> None:
    """Words that came before the person could have read our question go on with the request; they do not answer it."""
    spoke = turn.talk.spoke_before()
    ticket = turn.ticket(turn.talk.ticket)
    unread = spoke is not None and rows[0].said_at - spoke < QUIET
    if (
        not unread
        or ticket is None
        or ticket.status is not Status.DRAFT
        or turn.talk.step not in ("ask", "unsure", "menu")
    ):
        await answer(turn)
        return
    waiting, turn.talk.waiting, turn.talk.waiting_since = turn.talk.waiting, [], ""
    await _gather(turn, waiting)
    if reading.document_number(turn.said.text) or turn.book.lexicon.says("person", turn.said.text):
        turn.talk.waiting = waiting
        await answer(turn)
        return
    await turn.join(ticket)
    asked = turn.talk.data.get("slot")
    if turn.talk.step == "ask" and turn.fill(ticket, turn.said.text) and asked in ticket.answers:
        await asking.go_on(turn, ticket)
        await turn.tell()
    elif turn.talk.step in ("unsure", "menu"):
        understood = turn.book.understand(await turn.words_of(ticket))
        if understood.sure is not None:
            await asking.choose_service(turn, ticket, understood.sure.service, routed=True)
            await turn.tell()
