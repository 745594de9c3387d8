"""What was said in a ticket, as staff read it: both languages beside each other, and where every text comes from."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from api.doors import Asking
from api.moments import Moments
from api.tickets.window import other_ways
from desk import history, ids, library
from desk import messages as post
from desk.files import File
from desk.history import Event
from desk.messages import Author, Message, Status
from desk.people import Address, Person
from desk.reading import masked
from desk.staff import Staff
from desk.texts import Written, say
from desk.tickets import Note, Reason, Ticket, notes_of

HIDDEN = frozenset({"erase", "old_press", "blocked", "unblocked"})
KIND_OF_FILE = {"photo": "photo", "voice": "voice", "audio": "voice", "video": "video"}
# Happenings that stand as a line between the messages; the rest is in the panel's history.
LINES = {
    "ticket.opened": ("opened", "inbox"),
    "ticket.submitted": ("asked", "check"),
    "ticket.assigned": ("assigned", "person"),
    "ticket.closed": ("closed", "check"),
    "ticket.reopened": ("reopened_person", "inbox"),
    "ticket.reopened_by_staff": ("reopened", "inbox"),
    "ticket.handed_back": ("handed_back", "robot"),
    "answer.expired": ("answer_expired", "clock"),
    "alarm.raised": ("alarm", "alert"),
    "alarm.taken": ("taken", "person"),
    "alarm.lowered": ("lowered", "info"),
    "address.lost": ("unreachable", "info"),
    "link.joined": ("link_joined", "safe"),
    "link.refused": ("link_refused", "alert"),
    "ticket.replied_elsewhere": ("elsewhere", "info"),
    "person.quick_exit": ("quick_exit", "info"),
    "message.erased": ("erased", "info"),
    "ticket.erased": ("erased_all", "info"),
}


KNOWN_FAILURES = ("blocked", "deactivated", "unknown", "window")


def failure_key(failure: str) -> str:
    """The sentence for why something did not go out."""
    return f"failure.{failure if failure in KNOWN_FAILURES else 'refused'}"


async def conversation_of(
    session: AsyncSession,
    ticket: Ticket,
    person: Person,
    names: Mapping[int, Staff],
    moments: Moments,
    asking: Asking,
    addresses: Sequence[Address],
) -> tuple[list[dict[str, Any]], int]:
    """The items of the page, oldest first, and the id of the newest message."""
    assert ticket.id is not None
    messages = [message for message in await post.of_ticket(session, ticket.id) if message.kind not in HIDDEN]
    files = await _files(session, messages)
    notes = await notes_of(session, ticket.id)
    events = await history.of_ticket(session, ticket.id)
    teller = _Teller(ticket, person, names, moments, asking, addresses, await _expired(session, events, asking))
    dated: list[tuple[Any, int, dict[str, Any]]] = [
        *((message.at, 1, teller.message(message, files.get(message.id or 0, []))) for message in messages),
        *((note.at, 1, teller.note(note)) for note in notes),
        *((event.at, 0, line) for event in events if (line := teller.line(event))),
    ]
    dated.sort(key=lambda item: (item[0], item[1]))
    items: list[dict[str, Any]] = []
    day = None
    for at, _, item in dated:
        local = moments.local(at).date()
        if local != day:
            day = local
            items.append({"type": "day", "text": moments.day(at)})
        items.append(item)
    return items, max((message.id or 0 for message in messages), default=0)


async def _files(session: AsyncSession, messages: Sequence[Message]) -> dict[int, list[File]]:
    wanted = [message.id for message in messages if message.kind not in ("text", "press")]
    if not wanted:
        return {}
    columns = [column for column in File.__table__.columns if column.name != "content"]  # type: ignore[attr-defined]
    found: dict[int, list[File]] = {}
    for row in (await session.execute(select(*columns).where(col(File.message_id).in_(wanted)))).mappings():
        file = File(**row)
        found.setdefault(file.message_id, []).append(file)
    return found


async def _expired(session: AsyncSession, events: Sequence[Event], asking: Asking) -> dict[str, str]:
    """The questions of the answers that would have fitted, had they not been past their date."""
    keys = {str(event.facts.get("answer")) for event in events if event.kind == "answer.expired"}
    known = await library.entries(session, "answer") if keys else []
    return {entry.key: Written(entry.now["q"]).in_(asking.language) for entry in known if entry.key in keys}


class _Teller:
    def __init__(
        self,
        ticket: Ticket,
        person: Person,
        names: Mapping[int, Staff],
        moments: Moments,
        asking: Asking,
        addresses: Sequence[Address],
        expired: Mapping[str, str],
    ) -> None:
        self.ticket, self.person, self.names, self.moments, self.expired = ticket, person, names, moments, expired
        self.addresses = addresses
        self.lang = asking.language

    def message(self, message: Message, files: list[File]) -> dict[str, Any]:
        side = message.author.value
        staff = self.names.get(message.staff_id or 0)
        shown = {
            Author.PERSON: (self.person.name or say(self.lang, "row.no_name", "staff"), _initials(self.person.name)),
            Author.BOT: (say(self.lang, "word.bot", "staff"), "B"),
            Author.STAFF: (
                staff.name
                if staff
                else say(self.lang, "who.elsewhere", "staff")
                if message.extra.get("elsewhere")
                else "",
                staff.initials if staff else "",
            ),
        }[message.author]
        late = message.author is Author.PERSON and (message.at - message.said_at).total_seconds() > 900
        return {
            "type": "message",
            "id": message.id,
            "side": side,
            "who": shown[0],
            "initials": shown[1],
            "channel": message.channel,
            "at_text": self.moments.time(message.at),
            "at_iso": self.moments.iso(message.at),
            "edited_text": self.moments.time(message.at) if message.original else None,
            "pressed": message.kind == "press",
            "late_text": self.moments.time(message.said_at) if late else None,
            "texts": self.texts(message),
            "files": [self.file(file, theirs=message.author is Author.PERSON) for file in files],
            "versions": [
                {
                    "at_text": self.moments.time(message.said_at),
                    "text": masked(message.original),
                    "lang": message.language,
                }
            ]
            if message.original
            else [],
            "delivery": self.delivery(message) if message.author is not Author.PERSON else None,
        }

    def texts(self, message: Message) -> list[dict[str, Any]]:
        """The staff's text first, then the person's; one column when there is only one."""
        language = message.language or self.person.language or "uk"
        original = self._text(masked(message.text), language, self._origin(message))
        if message.kind == "erased":
            return [self._text(say(self.lang, "message.erased", "staff"), self.lang, None)]
        if not message.text:
            return [original] if message.kind == "text" else []
        if message.other:
            how = {"fixed": "fixed", "staff": "original"}.get(message.other_by, "machine")
            if message.author is Author.STAFF:
                how = "original"
            return [
                self._text(masked(message.other), message.other_language or "pl", how, by=message.other_by),
                original,
            ]
        if message.author is Author.PERSON and message.other_state == "wanted" and language != "pl":
            return [self._text("", "pl", "pending"), original]
        if message.author is Author.PERSON and message.other_state == "failed" and language != "pl":
            retry = f"/staff/tickets/{ids.spoken(self.ticket.ref)}/messages/{message.id}/translation"
            return [self._text("", "pl", "missing", retry_url=retry), original]
        return [original]

    def _origin(self, message: Message) -> str | None:
        if message.author is Author.PERSON:
            if message.text_by:
                return "transcript"
            return "fixed" if message.kind == "press" else "original"
        if message.author is Author.BOT:
            return "fixed"
        if message.extra.get("as_is"):
            return "as_is"
        return "machine" if message.other_by not in ("", "staff", "fixed") else "human" if message.other else "original"

    def _text(
        self, text: str, lang: str, provenance: str | None, *, by: str = "", retry_url: str | None = None
    ) -> dict[str, Any]:
        return {"text": text, "lang": lang, "provenance": provenance, "by": by, "parts": None, "retry_url": retry_url}

    def file(self, file: File, *, theirs: bool) -> dict[str, Any]:
        url = f"/staff/files/{file.id}" if file.status == "kept" else None
        missing = None
        if file.status in ("too_big", "failed", "erased", "refused"):
            megabytes = max(1, round(file.size / 1024 / 1024))
            missing = say(self.lang, f"file.missing.{file.status}", "staff", mb=megabytes)
        elif file.status == "wanted":
            missing = say(self.lang, "file.missing.wanted", "staff")
        return {
            "kind": KIND_OF_FILE.get(file.kind, "file"),
            "url": url,
            "thumb_url": None,
            "name": file.name,
            "size_text": _size(file),
            "covered": file.covered or (theirs and self.person.is_minor and file.kind == "photo"),
            "missing": missing,
        }

    def delivery(self, message: Message) -> dict[str, Any] | None:
        if message.status is Status.WITHDRAWN:
            return None
        base = f"/staff/messages/{message.id}"
        reason = None
        if message.status is Status.FAILED:
            reason = say(self.lang, failure_key(message.failure), "staff")
        elif message.status is Status.HELD:
            reason = say(self.lang, "delivery.held.window", "staff")
        acts = message.author is Author.STAFF and message.settled_by is None
        return {
            "state": message.status.value,
            "at_text": self.moments.time(message.sent_at),
            "channel": message.channel,
            "reason": reason,
            "read_text": self.moments.short(message.read_at) if message.read_at else None,
            "arrived": message.arrived_at is not None,
            "ways": other_ways(message.address_id, self.addresses, self.moments)
            if acts and message.status in (Status.HELD, Status.FAILED)
            else [],
            "reroute_url": f"{base}/rerouting",
            "resend_url": f"{base}/resending" if acts else None,
            "delivered_url": f"{base}/arrival" if acts else None,
        }

    def note(self, note: Note) -> dict[str, Any]:
        staff = self.names.get(note.staff_id)
        return {
            "type": "note",
            "id": f"n{note.id}",
            "who": staff.name if staff else "",
            "initials": staff.initials if staff else "",
            "at_text": self.moments.time(note.at),
            "at_iso": self.moments.iso(note.at),
            "text": note.text,
            "lang": "pl",
        }

    def line(self, event: Event) -> dict[str, Any] | None:
        known = LINES.get(event.kind)
        if known is None:
            return None
        name, icon = known
        who = self.names.get(event.staff_id or 0)
        facts: dict[str, str] = {
            "who": who.name if who else "",
            "name": self.person.name or say(self.lang, "row.no_name", "staff"),
        }
        if event.kind == "ticket.assigned":
            to = self.names.get(int(event.facts.get("to") or 0))
            if to is None:
                name = "unassigned"
            facts["to"] = to.name if to else ""
        if event.kind == "answer.expired":
            facts["answer"] = self.expired.get(str(event.facts.get("answer")), "")
        if event.kind == "alarm.raised":
            facts["to"] = say(self.lang, "alarm.to_all", "staff")
        if event.kind == "alarm.lowered":
            facts["reason"] = str(self.ticket.alarm_state.get("why_lowered", ""))
        if event.kind == "ticket.closed":
            reason = str(event.facts.get("reason", ""))
            if reason in {one.value for one in Reason} - {Reason.ANSWERED.value}:
                facts["reason"] = say(self.lang, f"close.reason.{reason}", "staff")
            else:
                facts["reason"] = ""
        if "channel" in event.facts:
            facts["channel"] = say(self.lang, f"channel.{event.facts['channel']}", "staff")
        return {
            "type": "system",
            "event": name,
            "facts": facts,
            "at_text": self.moments.time(event.at),
            "at_iso": self.moments.iso(event.at),
            "icon": icon,
        }


def _initials(name: str) -> str:
    return "".join(part[0] for part in name.split()[:2]).upper() or "?"


def _size(file: File) -> str:
    if file.seconds:
        return f"{file.seconds // 60}:{file.seconds % 60:02d}"
    if not file.size:
        return ""
    return (
        f"{file.size / 1024 / 1024:.1f} MB".replace(".", ",")
        if file.size > 500_000
        else f"{max(1, file.size // 1024)} kB"
    )
