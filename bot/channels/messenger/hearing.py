"""Messenger's ear: signed webhook calls become what was heard, and what became of what we told."""

import asyncio
import hmac
import json
import mimetypes
import re
from collections import defaultdict
from collections.abc import Collection, Iterator
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any
from urllib.parse import unquote

import structlog

from bot.channels import Answer, BadWebhook, Call
from bot.channels.messenger import FACTS, deletion, profile
from bot.channels.messenger.graph import FAILURES, Graph, why_of
from bot.channels.messenger.sending import OURS
from bot.intake import Intake, side_by_side
from desk import clock, conditions
from desk.database import Database, DatabaseAway
from desk.files import FileHeard
from desk.messages import Heard
from desk.people import Place
from desk.reading import readable
from desk.receipts import Receipt, What

log = structlog.get_logger()

INBOX = "263902037430900"  # The app by which people write in Meta's own inbox.
KINDS = {"image": "photo", "audio": "voice", "video": "video", "file": "document"}
MIMES = {"image": "image/jpeg", "audio": "audio/mp4", "video": "video/mp4"}  # What Messenger makes of them.
# Of the thread or the page, and no words of anybody.
SAY_NOTHING = frozenset(
    {
        "reaction", "optin", "account_linking", "policy_enforcement", "app_roles",
        "pass_thread_control", "take_thread_control", "request_thread_control",
    }
)  # fmt: skip
UNTIL_ANSWERED, TRIES = 3.0, 6  # Seconds; after so many times the answer to our call has come, or will not.
BUTTON = re.compile(r"(-|[a-z0-9]{4}):")  # How the data of our own buttons begins.
REPEATED = 5000  # Remembered names of people, so that each is asked for once.


class MessengerEar:
    """The receiving half of the channel."""

    def __init__(
        self, graph: Graph, intake: Intake, *, app_secret: str, verify_token: str, public_url: str, account: str = ""
    ) -> None:
        self.graph, self.intake, self.account = graph, intake, account
        self.app_secret, self.verify_token, self.public_url = app_secret, verify_token, public_url.rstrip("/")
        self._named: set[str] = set()
        self._errands: set[asyncio.Task[Any]] = set()

    # Receiving

    async def webhook(self, call: Call) -> Answer:
        match call.method, call.path:
            case "GET", "":
                return self._verified(call)
            case "POST", "":
                self._check_signature(call)
                await self._take_all(_read(call.body))
                return Answer(b"EVENT_RECEIVED", "text/plain")
            case "POST", "data-deletion":
                return await deletion.asked(call, self.app_secret, self.public_url, self.intake, self.account)
            case _:
                raise BadWebhook(404, "There is nothing here.")

    def _verified(self, call: Call) -> Answer:
        told = call.query.get("hub.verify_token", "")
        known = bool(self.verify_token) and hmac.compare_digest(told.encode(), self.verify_token.encode())
        if call.query.get("hub.mode") != "subscribe" or not known:
            raise BadWebhook(403, "The verify token is missing or wrong.")
        if not (challenge := call.query.get("hub.challenge", "")):
            raise BadWebhook(400, "There is no hub.challenge to answer with.")
        return Answer(challenge.encode(), "text/plain")

    def _check_signature(self, call: Call) -> None:
        """Over the bytes as they came: Meta signs its own spelling of them."""
        told = call.headers.get("x-hub-signature-256", "")
        ours = "sha256=" + hmac.new(self.app_secret.encode(), call.body, sha256).hexdigest()
        if not self.app_secret or not hmac.compare_digest(told.encode(), ours.encode()):
            raise BadWebhook(401, "The signature is missing or wrong.")

    async def _take_all(self, raw: dict[str, Any]) -> None:
        """Every event of every entry: those of one person in their order, people side by side."""
        lines: dict[str, list[tuple[dict[str, Any], bool]]] = defaultdict(list)
        for event, ours in _events(raw):
            lines[_whose(event)].append((event, ours))
        await side_by_side(lines.values(), self._take_or_keep)

    async def _take_or_keep(self, brought: tuple[dict[str, Any], bool]) -> None:
        event, ours = brought
        try:
            await self._take(event, ours=ours)
        except DatabaseAway:
            raise
        except Exception as odd:  # Whatever it is, it is kept, and those behind it come through.
            if not isinstance(odd, _Odd):
                log.exception("messenger.odd_event", error=type(odd).__name__)
            spelt = json.dumps(event).encode()
            key = f"{_text(event.get('timestamp'))}:{sha256(spelt).hexdigest()[:24]}"
            await self.intake.set_aside(FACTS.name, self.account, key, spelt, str(odd) or "odd")

    async def _take(self, event: dict[str, Any], *, ours: bool) -> None:
        """`ours`: whether the thread is ours to answer in, or another app has it."""
        message = event.get("message")
        if isinstance(message, dict) and message.get("is_echo"):
            await self.intake.report(_echo(event, message, self.account))
        elif "delivery" in event or "read" in event:
            receipt = _receipt(event, self.account)
            if receipt is not None and await self.intake.report(receipt):
                self._errand(self._report_again(receipt))
        elif (heard := _heard(event, self.account, ours=ours)) is not None:
            outcome = await self.intake.take(heard)
            if ours:
                signs = ("mark_seen", "typing_on") if outcome.answer_waits else ("mark_seen",)
                self._errand(self._shows(heard.place.external, *signs))
            self._errand(self._learn_name(heard.place))

    # What nobody waits for

    async def _report_again(self, receipt: Receipt) -> None:
        """It came faster than the answer to our own call, with which we learn what Messenger calls the message."""
        for _ in range(TRIES):
            await asyncio.sleep(UNTIL_ANSWERED)
            if not await self.intake.report(receipt):
                return

    async def _shows(self, psid: str, *signs: str) -> None:
        """That it was seen, that an answer is coming: signs in the thread that are no messages."""
        for sign in signs:
            await self.graph.tell("me/messages", {"recipient": {"id": psid}, "sender_action": sign})

    async def _learn_name(self, place: Place) -> None:
        """The name as Messenger shows it, a hint for staff; many pages may not ask for it."""
        if place.external in self._named:
            return
        if len(self._named) >= REPEATED:
            self._named.clear()
        self._named.add(place.external)
        told = await self.graph.ask(place.external, fields="first_name,last_name")
        name = " ".join(part for part in (_text(told.get("first_name")), _text(told.get("last_name"))) if part)
        if name:
            await self.intake.name(Place(place.channel, place.external, place.account, name))

    def _errand(self, doing: Any) -> None:
        async def run() -> None:
            try:
                await doing
            except FAILURES as error:
                log.info("messenger.errand_failed", error=type(error).__name__)
            except Exception as error:
                log.warning("messenger.errand_broken", error=type(error).__name__)

        task = asyncio.create_task(run())
        self._errands.add(task)
        task.add_done_callback(self._errands.discard)

    # Setting up

    async def run(self, database: Database, holder: str) -> None:
        """Set the page up, however long Meta takes to be reachable; then only webhooks come."""
        pause = 2.0
        left = await self._set_up(database, profile.PARTS)
        while left:
            await asyncio.sleep(pause)
            left = await self._set_up(database, left)
            pause = min(pause * 2, 300.0)
        await asyncio.Event().wait()

    async def _set_up(self, database: Database, parts: Collection[str]) -> Collection[str]:
        """Do these parts, and give back those that failed; staff see them, and why."""
        try:
            failed = await profile.set_up(self.graph, parts)
            try:
                invites = await profile.invitation(self.graph)
            except FAILURES as error:
                invites, failed["me"] = "", why_of(error)
            at = clock.now()
            async with database.transaction() as session:
                if invites:
                    await conditions.introduced(session, FACTS.name, self.account, at, invites)
                complaint = ", ".join(f"{path}: {why}" for path, why in failed.items())
                await conditions.reported(
                    session,
                    FACTS.name,
                    self.account,
                    at,
                    pending=0,
                    complaint=complaint,
                    complained_at=at if complaint else None,
                )
        except DatabaseAway:
            log.warning("messenger.set_up_failed", error="DatabaseAway")
            return parts
        if failed:
            log.warning("messenger.set_up_failed", **{path.rpartition("/")[2]: why for path, why in failed.items()})
        return list(failed)

    async def close(self) -> None:
        for task in self._errands:
            task.cancel()
        await self.graph.close()


class _Odd(Exception):
    """An event of a shape that Messenger does not have."""


def _read(body: bytes) -> dict[str, Any]:
    try:
        raw = json.loads(body)
    except (ValueError, RecursionError):
        raise BadWebhook(400, "The body is not JSON.") from None
    if not isinstance(raw, dict) or raw.get("object") != "page" or not isinstance(raw.get("entry"), list):
        raise BadWebhook(400, "The body is no event of a page.")
    return raw


def _events(raw: dict[str, Any]) -> Iterator[tuple[dict[str, Any], bool]]:
    """Each event, and whether the thread is ours; what is no event at all is given as an odd one."""
    for entry in raw["entry"]:
        if not isinstance(entry, dict):
            yield {"odd": entry}, True
            continue
        for name, ours in (("messaging", True), ("standby", False)):
            events = entry.get(name, [])
            for event in events if isinstance(events, list) else [events]:
                yield (event if isinstance(event, dict) else {"odd": event}), ours


def _whose(event: dict[str, Any]) -> str:
    """The person's end of the thread; empty where nobody is named."""
    message = event.get("message")
    one = event.get("recipient" if isinstance(message, dict) and message.get("is_echo") else "sender")
    return _text(one.get("id")) if isinstance(one, dict) else ""


def _heard(event: dict[str, Any], account: str, *, ours: bool) -> Heard | None:
    """What a person said or pressed; None for kinds that say nothing, such as a reaction taken back."""
    place = Place(FACTS.name, _id_of(event, "sender"), account)
    at = _moment(event.get("timestamp"))
    facts: dict[str, Any] = {} if ours else {"standby": True}
    if isinstance(message := event.get("message"), dict):
        return _message(place, at, message, facts)
    if isinstance(postback := event.get("postback"), dict):
        return _postback(place, at, postback, event, facts)
    if isinstance(referral := event.get("referral"), dict):
        ref = _text(referral.get("ref"))
        key = f"ref:{_text(event.get('timestamp'))}:{place.external}"
        return Heard(place, key, at, text=f"/start {ref}".strip(), facts=facts)
    if isinstance(edit := event.get("message_edit"), dict) and (mid := _text(edit.get("mid"))):
        key = f"edit:{_text(edit.get('num_edit'))}:{mid}"
        return Heard(place, key, at, number=mid, text=_text(edit.get("text")), edits=mid, facts=facts)
    if SAY_NOTHING & set(event):
        return None
    raise _Odd("unknown event")


def _message(place: Place, at: datetime, message: dict[str, Any], facts: dict[str, Any]) -> Heard:
    mid = _text(message.get("mid"))
    if not mid or readable(mid) != mid:
        raise _Odd("message without mid")
    if isinstance(quick := message.get("quick_reply"), dict):
        payload, title = _text(quick.get("payload")), _text(message.get("text"))
        if BUTTON.match(payload):
            return Heard(place, mid, at, number=mid, kind="press", choice=payload, text=title, facts=facts)
    text = _text(message.get("text"))
    kind, words, files = _contents(_attachments(message), text)
    reply = message.get("reply_to")
    return Heard(
        place,
        mid,
        at,
        number=mid,
        kind="text" if text and not files else kind,
        text="\n".join(part for part in (text, words) if part),
        reply_to=_text(reply.get("mid")) if isinstance(reply, dict) else "",
        files=files,
        facts=facts,
    )


def _attachments(message: dict[str, Any]) -> list[dict[str, Any]]:
    return _objects(message.get("attachments"))


def _contents(attachments: list[dict[str, Any]], text: str) -> tuple[str, str, tuple[FileHeard, ...]]:
    """The kind a message is stored as, the words that stand for what is no file, and its files.

    `text`: what was written above them; a link that stands there already is not told again.
    """
    files: list[FileHeard] = []
    words: list[str] = []
    kind = "unknown" if attachments else "text"
    for one in attachments:
        payload = one.get("payload")
        payload = payload if isinstance(payload, dict) else {}
        match one.get("type"), payload:
            case "image", {"sticker_id": _}:
                kind = "sticker"
            case "sticker", _:
                kind = "sticker"
            case "location", {"coordinates": {"lat": lat, "long": long}} if place := _place(lat, long):
                kind = "location"
                words.append(place)
            case str(name), {"url": str(url)} if name in KINDS:
                kind = KINDS[name]
                called = _name_of(url, name)
                mime = MIMES.get(name) or mimetypes.guess_type(called)[0] or ""
                files.append(FileHeard(kind=KINDS[name], remote=url, name=called, mime=mime))
            case _:
                # Something shared: a link, a post, a reel, a template. What can be read of it is told.
                told = [_text(one.get("title") or payload.get("title")), _text(payload.get("url") or one.get("url"))]
                told += [_text(element.get("title")) for element in _objects(payload.get("elements"))]
                told += [_text(payload.get("text"))]
                if any(told):
                    kind = "text"
                words += [word for word in told if word not in text]
    return kind, "\n".join(dict.fromkeys(word for word in words if word)), tuple(files)


def _objects(value: Any) -> list[dict[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _place(lat: Any, long: Any) -> str:
    """Where on earth; empty when it is nowhere."""
    try:
        north, east = float(lat), float(long)
    except (TypeError, ValueError):
        return ""
    return f"{north:.5f}, {east:.5f}" if abs(north) <= 90 and abs(east) <= 180 else ""


def _name_of(url: str, kind: str) -> str:
    """What a document is called: the last part of its address; photos and voices have no names of their own."""
    return unquote(url.partition("?")[0].rpartition("/")[2])[:200] if kind == "file" else ""


def _postback(
    place: Place, at: datetime, postback: dict[str, Any], event: dict[str, Any], facts: dict[str, Any]
) -> Heard:
    payload = _text(postback.get("payload"))
    key = _text(postback.get("mid")) or f"{_text(event.get('timestamp'))}:{place.external}:{payload[:40]}"
    if payload.startswith("/"):
        # The menu and «Почати»: commands, as they would be typed elsewhere.
        referral = postback.get("referral")
        ref = _text(referral.get("ref")) if isinstance(referral, dict) else ""
        return Heard(place, key, at, text=f"{payload} {ref}".strip(), facts=facts)
    title = _text(postback.get("title"))
    if not BUTTON.match(payload):
        return Heard(place, key, at, text=title, facts=facts)  # A button of somebody else's: what it says is said.
    return Heard(place, key, at, kind="press", choice=payload, text=title, facts=facts)


def _echo(event: dict[str, Any], message: dict[str, Any], account: str) -> Receipt:
    """What was told in the thread: by us, or by staff in Meta's own inbox."""
    mid, metadata = _text(message.get("mid")), _text(message.get("metadata"))
    if not mid:
        raise _Odd("echo without mid")
    text = _text(message.get("text"))
    _, words, files = _contents(_attachments(message), text)
    return Receipt(
        Place(FACTS.name, _id_of(event, "recipient"), account),
        What.TOLD,
        _moment(event.get("timestamp")),
        number=mid,
        ours=metadata.removeprefix(OURS) if metadata.startswith(OURS) else "",
        text="\n".join(part for part in (text, words) if part),
        files=files,
        automatic=_text(message.get("app_id")) not in ("", INBOX),
    )


def _receipt(event: dict[str, Any], account: str) -> Receipt | None:
    what = What.READ if "read" in event else What.ARRIVED
    told = event.get("read") or event.get("delivery")
    if not isinstance(told, dict):
        return None
    named = told.get("mids")
    numbers = tuple(one for one in named if isinstance(one, str)) if isinstance(named, list) else ()
    if not numbers and not isinstance(told.get("watermark"), int):
        return None
    at = _moment(told.get("watermark", event.get("timestamp")))
    return Receipt(Place(FACTS.name, _id_of(event, "sender"), account), what, at, numbers=numbers)


def _id_of(event: dict[str, Any], who: str) -> str:
    one = event.get(who)
    number = _text(one.get("id")) if isinstance(one, dict) else ""
    if not number or len(number) > 80:
        raise _Odd(f"event without {who}")
    return number


def _text(value: Any) -> str:
    return value if isinstance(value, str) else str(value) if isinstance(value, int) else ""


def _moment(milliseconds: Any) -> datetime:
    """Meta's unix milliseconds in UTC; nonsense becomes now."""
    try:
        return datetime.fromtimestamp(milliseconds / 1000, UTC)
    except (TypeError, ValueError, OverflowError, OSError):
        return clock.now()
