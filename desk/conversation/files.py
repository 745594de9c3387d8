"""Photos, voices and numbers that people send: kept, acknowledged, and taken back when they would rather."""

from sqlalchemy import select, update
from sqlmodel import col

from desk import messages as post
from desk import reading, translation
from desk.conversation.turn import Turn
from desk.files import SPOKEN, File, announce
from desk.history import record
from desk.messages import Heard, Message, Purpose
from desk.script.buttons import Choice
from desk.texts import w
from desk.tickets import Ticket
from desk.triage.words import fold

WITH_FILES = frozenset({"photo", "voice", "audio", "video", "video_note", "animation", "document"})
# What a caption says when the picture shows an identity paper.
_PAPERS = (
    " паспорт",
    " passport",
    " paszport",
    " pasport",
    " песел",
    " pesel",
    " dowod",
    " id карт",
    " посвідчення особи",
    " удостоверение",
)
MB = 1024 * 1024


def keep(turn: Turn, message_id: int, heard: Heard) -> None:
    """The files of a message; a recording remembers what was being asked when it came."""
    announce(
        turn.session,
        message_id,
        turn.address,
        heard.files,
        turn.at,
        covered=shows_papers(heard.text),
        transcribes=turn.book.transcribes,
    )
    if turn.book.transcribes and any(file.kind in SPOKEN for file in heard.files):
        turn.talk.voices[str(message_id)] = [turn.talk.step, str(turn.talk.data.get("slot", ""))]


def shows_papers(caption: str) -> bool:
    folded = fold(caption)
    return any(word in folded for word in _PAPERS)


async def acknowledge(turn: Turn, ticket: Ticket) -> bool:
    """Say what became of a file that came into a ticket; False when there was none to speak of."""
    kinds = [kind for kind in turn.said.kinds if kind in WITH_FILES]
    if not kinds:
        return False
    turn.about = ticket.id
    too_big = await turn.session.scalar(
        select(File).where(col(File.message_id).in_(turn.said.ids), col(File.status) == "too_big")
    )
    if too_big is not None:
        turn.say(w("file.big", mb=turn.facts.files_up_to // MB))
    elif "photo" in kinds and shows_papers(turn.said.text):
        message = turn.said.ids[turn.said.kinds.index("photo")]
        turn.say(w("photo.id"))
        turn.choices = [Choice(f"d:delete:{message}", w("button.d:delete")), Choice("d:keep", w("button.d:keep"))]
        turn.talk.begin("photo", ticket.id, message=message)
    elif any(kind in SPOKEN for kind in kinds):
        turn.say(w("voice.got"))
    else:
        return False
    return True


def asks_about_number(turn: Turn, message_id: int, ticket_id: int | None) -> bool:
    """A number of a person, a passport or a card: hidden at once, offered for deletion; whatever was asked waits."""
    kind = reading.document_number(turn.said.text)
    if not kind:
        return False
    turn.say(w(f"number.{kind}"))
    turn.choices = [Choice(f"d:delete:{message_id}", w("button.d:delete")), Choice("d:keep", w("button.d:keep"))]
    turn.about = ticket_id
    return True


async def erase(turn: Turn, message_id: int) -> None:
    """Take back one of the person's own messages: words, files, translation; on the channel too where it can."""
    message = await turn.session.get(Message, message_id)
    if message is None or message.person_id != turn.person.id or message.key is None:
        return
    number = message.number
    await translation.forget(turn.session, [message])
    message.text = message.other = message.original = ""
    message.kind, message.other_state = "erased", ""
    await turn.session.execute(
        update(File).where(col(File.message_id) == message_id).values(status="erased", content=None, remote="", name="")
    )
    record(turn.session, "message.erased", ticket_id=message.ticket_id, person_id=turn.person.id, message=message_id)
    if turn.facts.can_erase and number:
        await post.tell(
            turn.session,
            turn.address,
            "",
            language="",
            at=turn.at,
            purpose=Purpose.DEED,
            kind="erase",
            extra={"erase": number},
        )
    turn.say(w("deleted.both" if turn.facts.can_erase else "deleted.ours"))
    turn.about = message.ticket_id
