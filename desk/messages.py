"""What was heard and what was told, and what could not be understood."""

import enum
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Index, Text, UniqueConstraint, literal_column, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement
from sqlmodel import Field, SQLModel, col

from desk import channels, windows
from desk.database import NEVER_AGAIN, BigKey, insert_unless_there, ring, words
from desk.files import FileHeard
from desk.people import Address, Person, Place
from desk.sealing import Sealed


class Direction(enum.Enum):
    HEARD = "heard"
    TOLD = "told"


class Author(enum.Enum):
    PERSON = "person"
    BOT = "bot"
    STAFF = "staff"


class Status(enum.Enum):
    HEARD = "heard"
    WAITING = "waiting"
    SENDING = "sending"
    SENT = "sent"
    HELD = "held"  # The channel lets nothing out before the person writes again.
    UNSURE = "unsure"  # It may have arrived; we do not repeat it by ourselves.
    FAILED = "failed"
    WITHDRAWN = "withdrawn"


class Purpose(enum.Enum):
    """Why something is told: what becomes of it when its sending is unsure or too late depends on this."""

    ANSWER = "answer"  # The bot answers what was just said.
    REPLY = "reply"  # A person of the centre wrote it.
    REMINDER = "reminder"
    NEWS = "news"  # The bot tells something unasked: closed, late, taken.
    DEED = "deed"  # Nothing is said: something is erased or changed on the channel.


SHUT = "window"  # Why a message waits or failed: the channel's time for writing to the person was over.


class Transaction(FunctionElement[int]):
    """The number of the transaction that writes a row, on PostgreSQL; SQLite's become visible in the order of ids."""

    inherit_cache = True


@compiles(Transaction)
def _no_number(*_: Any, **__: Any) -> str:
    return "0"


@compiles(Transaction, "postgresql")
def _number(*_: Any, **__: Any) -> str:
    return "CAST(CAST(pg_current_xact_id() AS text) AS bigint)"


class Message(SQLModel, table=True):
    __table_args__ = (
        UniqueConstraint("channel", "account", "key", name="uq_message_heard_once"),
        UniqueConstraint("request_key", name="uq_message_request_key"),
        Index("ix_message_ticket", "ticket_id", "id"),
        Index("ix_message_person", "person_id", "id"),
        Index("ix_message_mark", "mark", "id"),
        Index("ix_message_said_at", "said_at"),
        Index(
            "ix_message_undelivered",
            "id",
            sqlite_where=text("status IN ('unsure', 'failed', 'held') AND settled_by IS NULL"),
            postgresql_where=text("status IN ('unsure', 'failed', 'held') AND settled_by IS NULL"),
        ),
        Index(
            "ix_message_outbox",
            "channel",
            "account",
            "not_before",
            sqlite_where=text("status IN ('waiting', 'sending')"),
            postgresql_where=text("status IN ('waiting', 'sending')"),
        ),
        Index(
            "ix_message_in_line",
            "address_id",
            "id",
            sqlite_where=text("status IN ('waiting', 'sending')"),
            postgresql_where=text("status IN ('waiting', 'sending')"),
        ),
        Index("ix_message_number", "address_id", "number"),
        Index(
            "ix_message_untranslated",
            "id",
            sqlite_where=text("other_state = 'wanted'"),
            postgresql_where=text("other_state = 'wanted'"),
        ),
        NEVER_AGAIN,
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=BigKey)
    # `mark, id` is the order in which rows became visible.
    mark: int | None = Field(default=None, nullable=False, sa_type=BigKey, sa_column_kwargs={"default": Transaction()})
    person_id: int = Field(foreign_key="person.id", sa_type=BigKey)
    address_id: int = Field(foreign_key="address.id", sa_type=BigKey)
    ticket_id: int | None = Field(default=None, foreign_key="ticket.id", sa_type=BigKey)
    channel: str = Field(max_length=20)
    account: str = Field(max_length=40)
    direction: Direction = Field(sa_type=words(Direction))
    author: Author = Field(sa_type=words(Author))
    staff_id: int | None = Field(default=None, sa_type=BigKey)
    kind: str = Field(default="text", max_length=20)
    text: str = Field(default="", sa_type=Text)  # In the language that the person wrote or read.
    language: str = Field(default="", max_length=2)
    at: datetime  # When we stored it.
    said_at: datetime  # When it was said, by the channel's own clock.

    text_by: str = Field(default="", max_length=40)  # The transcriber's name, where nobody typed these words.

    # The same in the staff's language (or, for a reply, as the staff wrote it), and who made it so.
    other: str = Field(default="", sa_type=Text)
    other_language: str = Field(default="", max_length=2)
    other_state: str = Field(default="", max_length=12)  # "", wanted, done, failed, same
    other_by: str = Field(default="", max_length=40)  # fixed, staff, or the engine's name
    original: str = Field(default="", sa_type=Text)  # The first version, when the person has edited it.

    number: str | None = Field(default=None, max_length=120)  # What the channel calls it, inside its chat.

    # Heard.
    key: str | None = Field(default=None, max_length=120)
    reply_to: int | None = Field(default=None, sa_type=BigKey)
    choice: str = Field(default="", max_length=64)

    # Told.
    purpose: Purpose | None = Field(default=None, sa_type=words(Purpose))
    status: Status = Field(sa_type=words(Status))
    choices: list[dict[str, str]] = Field(default_factory=list, sa_type=JSON)
    extra: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    not_before: datetime | None = None
    claimed_at: datetime | None = None
    attempts: int = 0
    typed: bool = False  # A person of the centre has written it, no machine; some channels ask.
    sent_at: datetime | None = None
    arrived_at: datetime | None = None  # As the channel reports it, if it does.
    read_at: datetime | None = None
    failure: str = Field(default="", max_length=80)
    settled_by: int | None = None  # Who of the staff has dealt with its being unsure or failed.
    request_key: str | None = Field(default=None, max_length=120)


WISH = "deletion:"  # How the key of such a row begins; behind it stands the code that the person was given.


class SetAside(SQLModel, table=True):
    """Something a channel sent that we could not understand or handle: kept whole, shown to staff."""

    __table_args__ = (UniqueConstraint("channel", "account", "key"),)

    id: int | None = Field(default=None, primary_key=True, sa_type=BigKey)
    channel: str = Field(max_length=20)
    account: str = Field(max_length=40)
    key: str = Field(max_length=120)
    raw: bytes = Field(sa_type=Sealed)
    error: str = Field(max_length=200)
    at: datetime
    settled_at: datetime | None = None
    outcome: str = Field(default="", max_length=20)  # What staff have said became of it: see health.Outcome.

    @property
    def is_wish(self) -> bool:
        """Nothing odd, but a channel's word that somebody wishes to be forgotten; see WISH."""
        return self.key.startswith(WISH)


@dataclass(frozen=True)
class Heard:
    """One thing a person sent us, as a channel hands it over."""

    place: Place
    key: str  # The channel's own number for it: a second delivery has the same.
    said_at: datetime
    number: str = ""  # What the channel calls the message, inside its chat.
    kind: str = "text"
    text: str = ""
    choice: str = ""  # The data of a pressed button.
    reply_to: str = ""  # The number of the message which this answers.
    edits: str = ""  # The number of the earlier message which this replaces.
    files: tuple[FileHeard, ...] = ()
    facts: dict[str, Any] = field(default_factory=dict)  # Language of the profile, a deep link's payload, forwarded.


@dataclass(frozen=True)
class Button:
    id: str  # kind:id:value, with the step's token in front; ASCII, at most 40 bytes.
    label: str


async def store_heard(
    session: AsyncSession, heard: Heard, person: Person, address: Address, at: datetime, language: str
) -> int | None:
    """Store what was heard and give its id, or None when the same delivery was stored before."""
    row = Message(
        person_id=person.id or 0,
        address_id=address.id or 0,
        channel=heard.place.channel,
        account=heard.place.account,
        direction=Direction.HEARD,
        author=Author.PERSON,
        status=Status.HEARD,
        kind=heard.kind,
        text=heard.text,
        language=language,
        at=at,
        said_at=heard.said_at,
        key=heard.key,
        number=heard.number or None,
        choice=heard.choice[:64],
        # A press says what its button said, and that was in every language from the start.
        other_state="wanted" if heard.text and heard.kind != "press" else "",
    )
    return row.id if await insert_unless_there(session, row, "channel", "account", "key") else None


async def heard_before(session: AsyncSession, heard: Heard) -> int | None:
    """The id under which a delivery was stored the first time."""
    return await session.scalar(
        select(col(Message.id)).where(
            col(Message.channel) == heard.place.channel,
            col(Message.account) == heard.place.account,
            col(Message.key) == heard.key,
        )
    )


async def tell(
    session: AsyncSession,
    address: Address,
    words_: str,
    *,
    language: str,
    at: datetime,
    purpose: Purpose = Purpose.ANSWER,
    author: Author = Author.BOT,
    staff_id: int | None = None,
    ticket_id: int | None = None,
    choices: Sequence[Button] = (),
    other: str = "",
    other_language: str = "",
    other_by: str = "",
    not_before: datetime | None = None,
    request_key: str | None = None,
    extra: dict[str, Any] | None = None,
    kind: str = "text",
    typed: bool = False,
) -> Message:
    """Put words for a person into the outbox; the delivery carries them out after the commit.

    `typed`: a person has written them. What the channel's window does not let out waits for the person's next words,
    if it answers them; other news is told to staff as undelivered. Words that are longer than the channel takes go in
    pieces; the last one has the buttons, and is given back.
    """
    facts = channels.facts_of(address.channel)
    *earlier, words_ = channels.pieces(words_, facts.longest)
    for piece in earlier:
        await tell(
            session,
            address,
            piece,
            language=language,
            at=at,
            purpose=purpose,
            author=author,
            staff_id=staff_id,
            ticket_id=ticket_id,
            other=other,
            other_language=other_language,
            other_by=other_by,
            not_before=not_before,
            extra={name: fact for name, fact in (extra or {}).items() if name != "link"},
            typed=typed,
        )
        other = ""  # It stands whole beside the first piece.
    reachable = address.reachable or facts.reaches_closed
    lets = windows.of(address).lets(max(at, not_before or at), typed=typed)
    status, failure = Status.WAITING, ""
    if facts.nobody:
        status = Status.SENT  # Nobody fetches it.
    elif not reachable:
        # A page that was left for good fetches nothing any more; a messenger may still tell us that it does.
        status, failure = Status.FAILED, address.why_not[:80]
    elif not lets:
        status, failure = (Status.HELD if author is Author.STAFF else Status.FAILED), SHUT
    message = Message(
        person_id=address.person_id,
        address_id=address.id or 0,
        ticket_id=ticket_id,
        channel=address.channel,
        account=address.account,
        direction=Direction.TOLD,
        author=author,
        staff_id=staff_id,
        kind=kind,
        text=words_,
        language=language,
        at=at,
        said_at=at,
        other=other,
        other_language=other_language,
        other_state="done" if other else "",
        other_by=other_by,
        purpose=purpose,
        status=status,
        failure=failure,
        typed=typed,
        choices=[{"id": button.id, "label": button.label} for button in choices],
        extra=extra or {},
        not_before=not_before or at,
        sent_at=at if facts.nobody else None,
        request_key=request_key,
    )
    session.add(message)
    ring(session, "outbox")
    return message


async def adopt(session: AsyncSession, person_id: int, ticket_id: int) -> None:
    """What staff wrote elsewhere before there was a ticket stands in the first one there is."""
    await session.execute(
        update(Message)
        .where(
            col(Message.person_id) == person_id,
            col(Message.ticket_id).is_(None),
            col(Message.author) == Author.STAFF,
        )
        .values(ticket_id=ticket_id)
    )


async def of_ticket(session: AsyncSession, ticket_id: int) -> Sequence[Message]:
    return (
        await session.scalars(select(Message).where(col(Message.ticket_id) == ticket_id).order_by(col(Message.id)))
    ).all()


async def committed_after(session: AsyncSession, after: int, limit: int) -> Sequence[Message]:
    """What was heard and told after message `after`, in the order in which it was committed, leaving out nothing.

    On PostgreSQL a row with a lower number can be committed later than one with a higher; so rows are read by the
    transaction that wrote them, and only those of which no older transaction is still open.
    """
    query = select(Message).order_by(col(Message.mark), col(Message.id)).limit(limit)
    if session.get_bind().dialect.name == "postgresql":
        query = query.where(
            literal_column("CAST(CAST(pg_snapshot_xmin(pg_current_snapshot()) AS text) AS bigint)") > col(Message.mark)
        )
    last = await session.get(Message, after) if after else None
    if last is not None:
        query = query.where(
            (col(Message.mark) > last.mark) | ((col(Message.mark) == last.mark) & (col(Message.id) > last.id))
        )
    elif after:
        query = query.where(col(Message.id) > after)
    return (await session.scalars(query)).all()


async def set_aside(
    session: AsyncSession, channel: str, account: str, key: str, raw: bytes, error: str, at: datetime
) -> None:
    """Keep what could not be handled, so that it is not lost and does not hold up the next."""
    row = SetAside(channel=channel, account=account, key=key[:120], raw=raw, error=error[:200], at=at)
    await insert_unless_there(session, row, "channel", "account", "key")
    ring(session, "history")
