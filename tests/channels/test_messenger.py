"""Every kind of thing that Messenger can bring has one defined effect, and every way a send can end is told apart."""

import asyncio
import base64
import functools
import hashlib
import hmac
import itertools
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from copy import deepcopy
from datetime import datetime, timedelta
from typing import Any

import httpx2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, update
from sqlmodel import SQLModel, col

from bot.channels import BadWebhook, Call, Outgoing, Refused, TryLater
from bot.channels.messenger.graph import Graph, outcome_of, patient_of
from bot.channels.messenger.hearing import MessengerEar
from bot.intake import Intake
from desk import channels, clock, ids, library, tokens, windows
from desk.conditions import Condition
from desk.database import Database
from desk.files import File
from desk.health import settle_aside
from desk.history import Event
from desk.messages import Author, Direction, Message, Purpose, SetAside, Status
from desk.people import Address
from desk.tickets import Status as TicketStatus
from tests.graph_api import GraphApi, Person
from tests.running import patiently
from tests.town import WARSAW, Town, hash_quickly
from tests.wires import PAGE, MessengerWire

Act = Callable[[Person], Awaitable[Any]]

TUESDAY = datetime(2026, 12, 1, 9, 0, tzinfo=WARSAW)
A_DAY_LATER = timedelta(hours=25)
REQUEST = "Потрібна довідка з установи"
REPLY = ("Proszę przyjść jutro.", "Приходьте завтра.")
T_ME = "https://t.me/poruch_example_bot?start={code}"


# Where the two databases might not agree; everything else is told on SQLite alone.
both = pytest.mark.parametrize("on", ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True)
_read_once = functools.cache(library.read_yaml)


@pytest.fixture(autouse=True)
def _quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    hash_quickly(monkeypatch)
    monkeypatch.setattr(library, "read_yaml", _read_once)


@pytest.fixture
def on(request: pytest.FixtureRequest) -> str:
    """The address of a database of its own."""
    return str(request.getfixturevalue(f"{getattr(request, 'param', 'sqlite')}_url"))


@pytest.fixture
async def town(on: str) -> AsyncIterator[Town]:
    database = Database(on)
    town = Town(database)
    await town.opens_its_doors(TUESDAY)
    yield town
    await town.closes_its_doors()
    await database.close()


@pytest.fixture
async def wire(town: Town) -> AsyncIterator[MessengerWire]:
    async with MessengerWire(town) as wire:
        yield wire
        assert wire.api.violations == []


@pytest.fixture
async def wire_with_human_agent(town: Town) -> AsyncIterator[MessengerWire]:
    async with MessengerWire(town, human_agent=True) as wire:
        yield wire
        assert wire.api.violations == []


@pytest.fixture
async def deaf_ear(town: Town) -> AsyncIterator[MessengerEar]:
    """An ear behind which nothing is sent: calls are handed to it by the test."""
    graph = Graph("a-token", "http://127.0.0.1:1", "v25.0")
    intake = Intake(town.database, town._hear)
    ear = MessengerEar(
        graph,
        intake,
        app_secret=PAGE["app_secret"],
        verify_token=PAGE["verify_token"],
        public_url="https://help.example.org",
    )
    yield ear
    await ear.close()


async def rows(town: Town, table: type[SQLModel], *where: Any) -> list[Any]:
    async with town.database.reading() as session:
        return list(await session.scalars(select(table).where(*where).order_by(*table.__table__.primary_key)))  # type: ignore[attr-defined]


async def heard(town: Town) -> list[Message]:
    return await rows(town, Message, col(Message.direction) == Direction.HEARD)


async def told(town: Town, author: Author | None = None) -> list[Message]:
    where = [col(Message.direction) == Direction.TOLD]
    return await rows(town, Message, *where, *([col(Message.author) == author] if author else []))


async def address_of(town: Town, person: Person) -> Address:
    (address,) = await rows(town, Address, col(Address.external) == person.psid)
    return address


async def becomes(town: Town, status: Status, author: Author | None = None) -> Message:
    """The last message told, when it has come to this."""

    async def has() -> bool:
        found = await told(town, author)
        return bool(found) and found[-1].status is status

    await patiently(has, step=0.02)
    return (await told(town, author))[-1]


async def writes(wire: MessengerWire, person: Person, text: str = REQUEST) -> None:
    """Words of a person, with everything that follows from them at once."""
    await person.writes(text)
    await wire.settles()


async def replies(wire: MessengerWire, polish: str = REPLY[0], shown: str = REPLY[1]) -> Message:
    """Marta answers the newest ticket; her words as they stand in the outbox when all has settled."""
    marta = await wire.town.staff("Marta")
    answer = await marta.answers(await wire.town.ticket(), polish, shown)
    assert answer.status_code == 303, answer.text[:500]
    await wire.settles()
    return (await told(wire.town, Author.STAFF))[-1]


def sends(api: GraphApi) -> list[Any]:
    return [call for call in api.calls_of("messages") if "message" in call.params]


def signature(body: bytes, secret: str = PAGE["app_secret"]) -> str:
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def body_of(*events: Any, lane: str = "messaging") -> bytes:
    entry = {"id": "1040001", "time": 1_796_000_000_000, lane: list(events)}
    return json.dumps({"object": "page", "entry": [entry]}).encode()


def event_of(psid: str = "7001", **content: Any) -> dict[str, Any]:
    at = int(clock.now().timestamp() * 1000)
    return {"sender": {"id": psid}, "recipient": {"id": "1040001"}, "timestamp": at, **content}


async def posts(ear: MessengerEar, body: bytes) -> None:
    await ear.webhook(Call("POST", "", {}, {"x-hub-signature-256": signature(body)}, body))


# What a person can send


async def sends_many(person: Person, *kinds: str, text: str = "") -> None:
    keep = person.api.files.keep
    files = [
        {"type": kind, "payload": {"url": keep(person.api.url, kind, f"{kind}.bin", "image/jpeg", b"1").url}}
        for kind in kinds
    ]
    person._sends({**({"text": text} if text else {}), "attachments": files})


async def shares_link(person: Person) -> None:
    payload = {"url": "https://example.org/page", "title": "A page"}
    person._sends({"text": "подивіться", "attachments": [{"type": "fallback", "payload": payload}]})


# What somebody new does; the kind it is stored as; the words that staff read; its files; whether it stands in a ticket.
FIRST: dict[str, tuple[Act, str, str, list[str], bool]] = {
    "text": (lambda she: she.writes(REQUEST), "text", REQUEST, [], True),
    "get started": (lambda she: she.gets_started(), "command", "/start", [], False),
    "get started by a link": (lambda she: she.gets_started("flyer"), "command", "/start", [], False),
    "menu": (lambda she: she.presses("Покликати людину"), "command", "/human", [], True),
    "image": (lambda she: she.sends_image(), "photo", "", ["photo"], True),
    "audio": (lambda she: she.sends_audio(), "voice", "", ["voice"], True),
    "video": (lambda she: she.sends_video(), "video", "", ["video"], True),
    "file": (lambda she: she.sends_file("umowa.pdf"), "document", "", ["document"], True),
    "location": (lambda she: she.sends_location(50.06, 19.94), "location", "50.06000, 19.94000", [], True),
    "sticker": (lambda she: she.sends_sticker(), "sticker", "", [], True),
    "share that is not handed on": (lambda she: she.shares(), "unknown", "", [], True),
    "share with an address": (shares_link, "text", "подивіться\nA page\nhttps://example.org/page", [], True),
    "three attachments": (lambda she: sends_many(she, "image", "image", "file"), "document", "",
                          ["photo", "photo", "document"], True),
    "words with a picture": (lambda she: sends_many(she, "image", text="ось лист"), "photo", "ось лист", ["photo"],
                             True),
}  # fmt: skip


@both
@pytest.mark.parametrize("kind", FIRST)
async def test_each_kind_is_stored_once_in_a_ticket_that_staff_see(wire: MessengerWire, town: Town, kind: str) -> None:
    act, stored_as, words, files, in_ticket = FIRST[kind]
    svitlana = wire.api.person("7001", "Світлана")

    await act(svitlana)
    await wire.settles()

    (message,) = await heard(town)
    assert (message.kind, message.text) == (stored_as, words)
    assert (message.ticket_id is not None) == in_ticket
    assert message.key == wire.api.events[0].mid
    assert [file.kind for file in await rows(town, File)] == files
    assert await rows(town, SetAside) == []
    assert "mark_seen" in svitlana.actions or await patiently(lambda: "mark_seen" in svitlana.actions) is None


async def taps(she: Person) -> None:
    await she.taps(she.told[-1].quick_replies[0])


# The same in a thread that is under way; how often it is heard.
LATER: dict[str, tuple[Act, list[tuple[str, str]], bool]] = {
    "quick reply": (taps, [("press", "")], True),
    "words": (lambda she: she.writes("до понеділка"), [("text", "до понеділка")], True),
    "words that answer others": (lambda she: she.writes("так", reply_to=she.told[-1].mid), [("text", "так")], True),
    "link followed": (lambda she: she.follows("flyer"), [("command", "/start")], False),
    "reaction": (lambda she: she.reacts("👍"), [], False),
    "read": (lambda she: she.reads(), [], False),
}


@pytest.mark.parametrize("kind", LATER)
async def test_in_a_running_thread_each_kind_is_heard_once_as_well(wire: MessengerWire, town: Town, kind: str) -> None:
    act, stored, in_ticket = LATER[kind]
    svitlana = wire.api.person("7001", "Світлана")
    await writes(wire, svitlana)
    wire.api.subscribed.add("message_reactions")
    clock.move_on(timedelta(minutes=1))

    await act(svitlana)
    await wire.settles()

    first, *others = await heard(town)
    assert [message.kind for message in others] == [kind for kind, _ in stored]
    for message, (_, words) in zip(others, stored, strict=True):
        assert message.text == words or message.kind == "press"
        assert (message.ticket_id == first.ticket_id) == in_ticket
    assert await rows(town, SetAside) == []


async def test_a_button_that_stays_is_heard_as_pressed(wire: MessengerWire, town: Town) -> None:
    svitlana = wire.api.person("7001", "Світлана")
    await writes(wire, svitlana)
    await replies(wire, "Proszę przyjść jutro.", "Приходьте завтра.")
    async with town.database.transaction() as session:
        standing = [{"id": f"-:m:{(await told(town))[-1].id}", "label": "Оригінал польською"}]
        await session.execute(
            update(Message).where(col(Message.id) == (await told(town))[-1].id).values(choices=standing)
        )
    postback = {"mid": "m_postback", "title": "Оригінал польською", "payload": standing[0]["id"]}

    assert await wire.api.raw(body_of(event_of(postback=postback))) == 200
    await wire.settles()

    pressed = (await heard(town))[-1]
    assert (pressed.kind, pressed.key, pressed.text) == ("press", "m_postback", "Оригінал польською")


async def test_the_words_of_a_quick_reply_that_came_too_late_are_kept(wire: MessengerWire, town: Town) -> None:
    svitlana = wire.api.person("7001", "Світлана")
    await writes(wire, svitlana)
    first = svitlana.told[-1].quick_replies
    clock.move_on(timedelta(minutes=1))
    await svitlana.taps(first[0])
    await wire.settles()

    old = next(title for title in first if title not in svitlana.told[-1].quick_replies)
    await svitlana.taps(old, late=True)
    await wire.settles()

    message = (await heard(town))[-1]
    assert (message.kind, message.text) == ("old_press", old)


async def test_an_answer_to_a_message_joins_its_ticket(wire: MessengerWire, town: Town) -> None:
    svitlana = wire.api.person("7001", "Світлана")
    await writes(wire, svitlana)
    question = svitlana.told[-1]

    await svitlana.writes("мені треба, щоб пішли зі мною", reply_to=question.mid)
    await wire.settles()

    first, second = await heard(town)
    assert first.ticket_id == second.ticket_id is not None


@both
async def test_files_are_fetched_from_where_they_lie_and_the_token_is_shown_to_nobody(
    wire: MessengerWire, town: Town
) -> None:
    svitlana = wire.api.person("7001", "Світлана")
    letter = b"\xff\xd8\xff\xe0 every word of the letter can be read"

    await svitlana.sends_image(letter)
    await svitlana.sends_file("umowa Олі.pdf", b"%PDF-1.4 a contract")

    async def kept() -> bool:
        files = await rows(town, File)
        return len(files) == 2 and all(file.status == "kept" for file in files)

    await patiently(kept)
    photo, contract = await rows(town, File)
    assert (photo.content, contract.content, contract.name) == (letter, b"%PDF-1.4 a contract", "umowa Олі.pdf")
    assert [file.downloads for file in wire.api.files.by_token.values()] == [1, 1]
    assert wire.api.violations == []


async def test_a_picture_is_shown_to_staff_as_a_picture(wire: MessengerWire, town: Town) -> None:
    await wire.api.person("7001", "Світлана").sends_image()

    async def kept() -> bool:
        return [file.status for file in await rows(town, File)] == ["kept"]

    await patiently(kept)
    (photo,) = await rows(town, File)
    shown = await (await town.staff("Marta")).client.get(f"/staff/files/{photo.id}")
    assert shown.headers["Content-Type"] == "image/jpeg"
    assert shown.headers["Content-Disposition"].startswith("inline;")


@both
async def test_a_file_with_an_address_as_long_as_the_real_ones_is_kept(wire: MessengerWire, town: Town) -> None:
    svitlana = wire.api.person("7001", "Світлана")
    await sends_many(svitlana)
    file = wire.api.files.keep(wire.api.url, "image", "image.jpg", "image/jpeg", b"\xff\xd8\xff")
    long = f"{file.url}&_nc_ohc={'x' * 700}"
    svitlana._sends({"attachments": [{"type": "image", "payload": {"url": long}}]})
    await wire.settles()

    async def kept() -> bool:
        return [file.status for file in await rows(town, File)] == ["kept"]

    assert await rows(town, SetAside) == []
    await patiently(kept)
    assert (await heard(town))[-1].kind == "photo"


@pytest.mark.parametrize("address", ["http://[bad", "nonsense", "ftp://127.0.0.1/x", "http://127.0.0.1:1/x", "/cdn/0"])
async def test_a_file_that_cannot_be_had_does_not_keep_the_next_from_being_fetched(
    wire: MessengerWire, town: Town, address: str
) -> None:
    svitlana = wire.api.person("7001", "Світлана")
    url = wire.api.url + address if address.startswith("/") else address
    svitlana._sends({"attachments": [{"type": "image", "payload": {"url": url}}]})
    await wire.settles()

    await svitlana.sends_image()

    async def kept() -> bool:
        files = await rows(town, File)
        return len(files) == 2 and files[1].status == "kept" and files[0].attempts > 0

    await patiently(kept)


async def test_a_file_over_the_limit_is_refused_and_staff_see_why(
    wire: MessengerWire, town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wire.sender, "facts", channels.Facts("messenger", "Messenger", files_up_to=100))

    await wire.api.person("7001", "Світлана").sends_video(b"0" * 101)

    async def noted() -> bool:
        return [file.status for file in await rows(town, File)] == ["too_big"]

    await patiently(noted)


async def test_the_name_is_learned_where_meta_gives_it(wire: MessengerWire, town: Town) -> None:
    wire.api.gives_names = True
    svitlana = wire.api.person("7001", "Світлана Коваль")

    await writes(wire, svitlana)

    async def named() -> bool:
        async with town.database.reading() as session:
            from desk.people import Person as Row

            return await session.scalar(select(col(Row.name))) == "Світлана Коваль"

    await patiently(named)


# The door


@pytest.mark.parametrize("escapes", [True, False])
async def test_what_is_rightly_signed_is_heard_however_its_letters_are_spelt(
    wire: MessengerWire, town: Town, escapes: bool
) -> None:
    wire.api.escapes = escapes
    svitlana = wire.api.person("7001", "Світлана")

    event = await svitlana.writes("Потрібна довідка / заświadczenie 🙏")
    await wire.settles()

    assert event.statuses == [200]
    assert [message.text for message in await heard(town)] == ["Потрібна довідка / заświadczenie 🙏"]


def escaped(event: dict[str, Any]) -> bytes:
    """The body as Meta spells it."""
    return body_of(event).replace(b"/", b"\\/")


# The body that comes, and the signature that comes with it, of an event as Meta spells it.
FORGED: dict[str, Callable[[bytes], tuple[bytes, str]]] = {
    "no signature": lambda body: (body, ""),
    "of another secret": lambda body: (body, signature(body, "another")),
    "of no secret": lambda body: (body, signature(body, "")),
    "of another body": lambda body: (body, signature(body + b" ")),
    "read and written again": lambda body: (json.dumps(json.loads(body)).encode(), signature(body)),
    "read and written raw": lambda body: (json.dumps(json.loads(body), ensure_ascii=False).encode(), signature(body)),
    "without the name of the hash": lambda body: (body, signature(body).removeprefix("sha256=")),
    "in capitals": lambda body: (body, signature(body).upper()),
    "a word": lambda body: (body, "sha256=x"),
    "empty hash": lambda body: (body, "sha256="),
}


@pytest.mark.parametrize("how", FORGED)
async def test_what_is_not_rightly_signed_is_refused_and_changes_nothing(
    wire: MessengerWire, town: Town, how: str
) -> None:
    body, told_signature = FORGED[how](escaped(event_of(message={"mid": "m_1", "text": "Потрібна довідка / лист"})))

    assert await wire.api.raw(body, told_signature) == 401

    for table in (Message, SetAside, Address, Event):
        assert await rows(town, table, *([col(Event.person_id).is_not(None)] if table is Event else [])) == []


async def test_a_signature_in_other_letters_is_refused(deaf_ear: MessengerEar) -> None:
    for told_signature in ("sha256=ключ", "ключ", "\x00"):
        with pytest.raises(BadWebhook) as refused:
            await deaf_ear.webhook(Call("POST", "", {}, {"x-hub-signature-256": told_signature}, body_of()))
        assert refused.value.status == 401


async def test_without_a_secret_nothing_is_let_in(deaf_ear: MessengerEar) -> None:
    deaf_ear.app_secret = deaf_ear.verify_token = ""
    body = body_of(event_of(message={"mid": "m_1", "text": REQUEST}))
    handshake = {"hub.mode": "subscribe", "hub.verify_token": "", "hub.challenge": "1"}
    for call, status in (
        (Call("POST", "", {}, {"x-hub-signature-256": signature(body, "")}, body), 401),
        (Call("GET", "", handshake, {}, b""), 403),
        (Call("POST", "data-deletion", {}, {}, sealed(GOOD, "")), 401),
    ):
        with pytest.raises(BadWebhook) as refused:
            await deaf_ear.webhook(call)
        assert refused.value.status == status


async def test_the_handshake_gives_the_challenge_back_to_who_knows_the_word(wire: MessengerWire) -> None:
    assert await wire.api.verifies() == (200, "1158201444")
    for wrong in ({"token": "another"}, {"token": ""}, {"token": "ключ"}, {"mode": "unsubscribe"}, {"mode": ""}):
        status, words = await wire.api.verifies(**wrong)
        assert status == 403
        assert "1158201444" not in words


BODIES: dict[str, tuple[bytes, int]] = {
    "nothing": (b"", 400),
    "half": (b'{"object":"page","entry":', 400),
    "no letters": (b"\xff\xfe", 400),
    "deep": (b"[" * 100_000, 400),
    "a number without end": (b'{"object":"page","entry":[' + b"9" * 10_000 + b"]}", 400),
    "a list": (b"[]", 400),
    "a word": (b'"page"', 400),
    "null": (b"null", 400),
    "another object": (b'{"object":"user","entry":[]}', 400),
    "an odd object": (b'{"object":["page"],"entry":[]}', 400),
    "no entry": (b'{"object":"page"}', 400),
    "entry is no list": (b'{"object":"page","entry":{}}', 400),
    "no entries": (b'{"object":"page","entry":[]}', 200),
    "an empty entry": (b'{"object":"page","entry":[{}]}', 200),
    "no events": (body_of(), 200),
    "no events on standby": (body_of(lane="standby"), 200),
    "something of the page's wall": (body_of({"field": "feed"}, lane="changes"), 200),
}


@pytest.mark.parametrize("kind", BODIES)
async def test_every_body_gets_a_clear_status(wire: MessengerWire, town: Town, kind: str) -> None:
    body, status = BODIES[kind]

    assert await wire.api.raw(body) == status

    assert await heard(town) == [] == await rows(town, SetAside)


@pytest.mark.parametrize("method, path", [("PUT", ""), ("DELETE", ""), ("POST", "nothing"), ("GET", "data-deletion")])
async def test_there_is_nothing_behind_other_doors(deaf_ear: MessengerEar, method: str, path: str) -> None:
    body = body_of()
    with pytest.raises(BadWebhook) as refused:
        await deaf_ear.webhook(Call(method, path, {}, {"x-hub-signature-256": signature(body)}, body))
    assert refused.value.status == 404


# Many at once
@both
async def test_several_events_of_several_people_come_in_one_request(wire: MessengerWire, town: Town) -> None:
    svitlana, ihor, olena = (wire.api.person(psid) for psid in ("7001", "7002", "7003"))

    with wire.api.batch():
        await svitlana.writes(REQUEST)
        await ihor.sends_image()
        await svitlana.writes("до понеділка")
        await olena.gets_started()
    await wire.settles()

    said = {person.psid: [] for person in (svitlana, ihor, olena)}
    places = {(address.id): address.external for address in await rows(town, Address)}
    for message in await heard(town):
        said[places[message.address_id]].append((message.kind, message.text))
    assert said == {
        "7001": [("text", REQUEST), ("text", "до понеділка")],
        "7002": [("photo", "")],
        "7003": [("command", "/start")],
    }


@both
async def test_one_odd_event_keeps_no_other_from_being_heard(wire: MessengerWire, town: Town) -> None:
    good = event_of(message={"mid": "m_good", "text": REQUEST})
    odd = [None, 5, "x", [], {}, {"sender": {"id": "7001"}}, event_of(message={"text": "без номера"}), event_of(new={})]
    entries = [None, 7, {"messaging": odd}, {"messaging": 5}, {"messaging": None}, {"messaging": [good]}]

    assert await wire.api.raw(json.dumps({"object": "page", "entry": entries}).encode()) == 200
    await wire.api.raw(json.dumps({"object": "page", "entry": entries}).encode())
    await wire.api.person("7001").writes("ще")

    await wire.settles()
    assert [message.text for message in await heard(town)] == [REQUEST, "ще"]
    kept = [json.loads(row.raw) for row in await rows(town, SetAside)]
    assert len(kept) == len(odd) + 1, "each once, wherever in a delivery it stands, and what came again is known"
    assert any((event.get("message") or {}).get("text") == "без номера" for event in kept)


@both
async def test_the_same_event_brought_twenty_times_at_once_is_heard_once(wire: MessengerWire, town: Town) -> None:
    wire.api.gives_up, hook, wire.api.webhook_url = 1, wire.api.webhook_url, ""
    svitlana = wire.api.person("7001", "Світлана")
    event = await svitlana.writes(REQUEST)
    wire.api.webhook_url = hook

    assert set(await wire.api.deliver_again(event, 20)) == {200}
    await wire.settles()

    assert len(await heard(town)) == 1
    assert len(await rows(town, Address)) == 1
    assert len(svitlana.told) == 1
    assert await rows(town, SetAside) == []


async def test_a_message_brought_again_much_later_opens_no_window(wire: MessengerWire, town: Town) -> None:
    svitlana = wire.api.person("7001", "Світлана")
    event = await svitlana.writes(REQUEST)
    await wire.settles()
    clock.move_on(A_DAY_LATER)

    assert await wire.api.deliver_again(event) == [200]

    assert (await address_of(town, svitlana)).heard_at == TUESDAY


# What nobody has thought of

mids = itertools.count()
RECORDED: dict[str, dict[str, Any]] = {
    "text": {"message": {"mid": "", "text": REQUEST}},
    "quick reply": {"message": {"mid": "", "text": "Людина", "quick_reply": {"payload": "bdfg:n:person"}}},
    "reply": {"message": {"mid": "", "text": "так", "reply_to": {"mid": "m_1", "is_self_reply": False}}},
    "image": {"message": {"mid": "", "attachments": [{"type": "image", "payload": {"url": "https://cdn/1"}}]}},
    "location": {"message": {"mid": "", "attachments": [
        {"type": "location", "payload": {"coordinates": {"lat": 50.06, "long": 19.94}}}]}},
    "fallback": {"message": {"mid": "", "text": "о", "attachments": [{"type": "fallback", "title": "x"}]}},
    "postback": {"postback": {"mid": "", "title": "Start", "payload": "/start", "referral": {"ref": "flyer"}}},
    "referral": {"referral": {"ref": "flyer", "source": "SHORTLINK", "type": "OPEN_THREAD"}},
    "echo": {"message": {"mid": "", "is_echo": True, "app_id": 1, "metadata": "poruch:1", "text": "x",
                         "attachments": [{"type": "image", "payload": {"url": "https://cdn/1"}}]}},
    "delivery": {"delivery": {"mids": ["m_1"], "watermark": 1_796_000_000_000}},
    "read": {"read": {"watermark": 1_796_000_000_000}},
    "reaction": {"reaction": {"reaction": "love", "emoji": "❤", "action": "react", "mid": "m_1"}},
}  # fmt: skip

JUNK: st.SearchStrategy[Any] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.sampled_from([10**400, -(10**400), 253_402_300_799_999, -62_135_596_800_000, 0, -1]),
    st.floats(),
    st.sampled_from(["", " ", "\x00", "a\x00b", "\ud800", "x\udfffy", "x" * 200, "ї" * 5000, "../me", "a?b#c", "🙏"]),
    st.text(st.characters(), max_size=20),
    st.recursive(
        st.none() | st.integers() | st.text(max_size=4),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
        max_leaves=5,
    ),
    st.integers(1, 60).map(lambda depth: json.loads("[" * depth + "]" * depth)),
)


def places_in(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The way to everything inside."""
    keys = value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    return [way for key in keys for way in ((*path, key), *places_in(value[key], (*path, key)))]


@st.composite
def mutated(draw: st.DrawFn) -> tuple[dict[str, Any], str]:
    event = deepcopy(RECORDED[draw(st.sampled_from(sorted(RECORDED)))])
    for content in event.values():
        if "mid" in content and not content["mid"]:
            content["mid"] = f"m_{next(mids)}"
    event = {"sender": {"id": "7001"}, "recipient": {"id": "1040001"}, "timestamp": 1_796_000_000_000, **event}
    for _ in range(draw(st.integers(1, 3))):
        ways = places_in(event)
        *before, last = draw(st.sampled_from(ways)) if ways else ("new",)
        inside = event
        for key in before:
            inside = inside[key]
        match draw(st.sampled_from(["replace", "replace", "delete", "add"])):
            case "delete" if ways:
                del inside[last]
            case "add" if isinstance(inside, dict):
                inside[f"new_{draw(st.integers(0, 3))}"] = draw(JUNK)
            case _:
                inside[last] = draw(JUNK)
    return event, draw(st.sampled_from(["messaging", "messaging", "standby"]))


def stated(event: Any) -> str:
    """The number of a person's message, where it is one and says whose it is; else nothing."""
    content, sender = event.get("message"), event.get("sender")
    if not isinstance(content, dict) or content.get("is_echo") or not isinstance(sender, dict):
        return ""
    mid, psid = content.get("mid"), sender.get("id")
    return str(mid) if isinstance(mid, str | int) and isinstance(psid, str | int) and psid != "" else ""


@both
@settings(max_examples=250, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(sample=mutated())
async def test_no_message_is_lost_whatever_is_in_it(deaf_ear: MessengerEar, town: Town, sample: Any) -> None:
    event, lane = sample
    body = body_of(event, lane=lane)

    try:
        await posts(deaf_ear, body)
    except BadWebhook:
        assert stated(event) == ""

    if mid := stated(event):
        keys = [row.key for row in await heard(town)]
        aside = [(row.key, row.raw.decode(errors="replace")) for row in await rows(town, SetAside)]
        mid_there = json.dumps(mid)[1:-1]
        assert mid in keys or any(mid[:120] in key or mid in raw or mid_there in raw for key, raw in aside)


# Each of these came out of the test above, or stands beside what did.
ODD: dict[str, Callable[[], dict[str, Any]]] = {
    "attachments of an echo are a number": lambda: echo_event(text="x", attachments=5),
    "attachments of an echo are true": lambda: echo_event(text="x", attachments=True),
    "half a letter in an echo": lambda: echo_event(text="a\ud83d"),
    "a zero letter in an echo": lambda: echo_event(text="a\x00b"),
    "a zero letter in the number of an echo": lambda: echo_event(mid="m\x00", text="x"),
    "a long number of an echo": lambda: echo_event(mid="m" * 300, text="x"),
    "half a letter in a message without number": lambda: event_of(message={"text": "a\ud83d"}),
    "half a letter in the number of a message": lambda: event_of(message={"mid": "m_\ud83d", "text": REQUEST}),
    "a zero letter in the number of a message": lambda: event_of(message={"mid": "m_\x00", "text": REQUEST}),
    "a long number of a message": lambda: event_of(message={"mid": "m" * 300, "text": REQUEST}),
    "half a letter in the sender": lambda: event_of("7\ud83d", message={"mid": "m_1", "text": REQUEST}),
    "a zero letter in the sender": lambda: event_of("7\x00", message={"mid": "m_1", "text": REQUEST}),
    "a zero letter in the address of a file": lambda: event_of(
        message={"mid": "m_1", "attachments": [{"type": "image", "payload": {"url": "https://cdn/\x00"}}]}
    ),
    "half a letter in the address of a file": lambda: event_of(
        message={"mid": "m_1", "attachments": [{"type": "image", "payload": {"url": "https://cdn/\ud800"}}]}
    ),
    "half a letter in the answered message": lambda: event_of(
        message={"mid": "m_1", "text": REQUEST, "reply_to": {"mid": "\ud800"}}
    ),
    "a place beyond all numbers": lambda: event_of(
        message={
            "mid": "m_1",
            "attachments": [{"type": "location", "payload": {"coordinates": {"lat": 10**400, "long": 1}}}],
        }
    ),
    "read until the end of time": lambda: event_of(read={"watermark": 253_402_300_799_000}),
    "arrived before all time": lambda: event_of(delivery={"watermark": -62_135_596_800_000}),
    "said at the end of time": lambda: {
        **event_of(message={"mid": "m_1", "text": REQUEST}), "timestamp": 253_402_300_799_000,
    },
    "said before all time": lambda: {
        **event_of(message={"mid": "m_1", "text": REQUEST}), "timestamp": -62_135_596_800_000,
    },
}  # fmt: skip


def echo_event(psid: str = "7001", mid: str = "m_inbox", **message: Any) -> dict[str, Any]:
    ends = {"sender": {"id": "1040001"}, "recipient": {"id": psid}}
    return {**event_of(), **ends, "message": {"mid": mid, "is_echo": True, "app_id": 263902037430900, **message}}


@both
@pytest.mark.parametrize("kind", ODD)
async def test_what_is_odd_raises_nothing_and_is_kept(deaf_ear: MessengerEar, town: Town, kind: str) -> None:
    await posts(deaf_ear, body_of(event_of(message={"mid": "m_0", "text": "Добрий день"})))
    event = ODD[kind]()

    await posts(deaf_ear, body_of(event))

    if "message" in event and not event["message"].get("is_echo"):
        assert len(await heard(town)) + len(await rows(town, SetAside)) == 2


async def test_no_depth_of_nesting_is_an_error_of_ours(deaf_ear: MessengerEar) -> None:
    for depth in range(700, 1100, 1):
        body = b'{"object":"page","entry":[{"messaging":[' + b"[" * depth + b"]" * depth + b"]}]}"
        try:
            await posts(deaf_ear, body)
        except BadWebhook as bad:
            assert bad.status == 400


# Sending


async def test_a_long_reply_comes_in_pieces_between_its_paragraphs(wire: MessengerWire, town: Town) -> None:
    svitlana = wire.api.person("7001", "Світлана")
    await writes(wire, svitlana)
    before = len(svitlana.told)
    paragraphs = [f"{number}. " + "Дуже важливе речення. " * 38 for number in range(1, 7)]
    text = "\n\n".join(part.strip() for part in paragraphs)

    await replies(wire, text.replace("Дуже важливе", "Bardzo ważne"), text)

    pieces = [message.text for message in svitlana.told[before:]]
    assert len(pieces) == 3
    assert all(len(piece) <= 2000 for piece in pieces)
    assert text in "\n\n".join(pieces)
    for piece in pieces[1:]:
        assert piece[0].isdigit(), "a piece begins with a paragraph"
    rows_of = (await told(town, Author.STAFF))[-3:]
    assert [message.metadata for message in svitlana.told[before:]] == [f"poruch:{row.id}" for row in rows_of]


async def test_letters_that_take_two_are_counted_as_two(wire: MessengerWire, town: Town) -> None:
    svitlana = wire.api.person("7001", "Світлана")
    await writes(wire, svitlana)

    reply = await replies(wire, "🙏" * 1500, "🙏" * 1500)

    assert reply.status is Status.SENT
    assert all(len(one.text.encode("utf-16-le")) <= 4000 for one in svitlana.told)


FRESH = [f"bdfg:a:{number}" for number in range(20)]
STAND = [f"-:r:{number}" for number in range(20)]

# The data of the choices, the label of each, the text above; how many quick replies, how many buttons.
CHOICES: dict[str, tuple[list[str], str, str, int, int]] = {
    "none": ([], "", "Добрий день", 0, 0),
    "one of a question": (FRESH[:1], "Так", "Добрий день", 1, 0),
    "three of a question": (FRESH[:3], "Так", "Добрий день", 3, 0),
    "thirteen": (FRESH[:13], "Так", "Добрий день", 13, 0),
    "twenty": (FRESH, "Так", "Добрий день", 13, 0),
    "long labels": (FRESH[:4], "Довідка про місце проживання", "Добрий день", 4, 0),
    "labels of letters that take two": (FRESH[:2], "🙏" * 15, "Добрий день", 2, 0),
    "one that stays": (STAND[:1], "Оригінал", "Добрий день", 0, 1),
    "three that stay": (STAND[:3], "Оригінал польською мовою", "Добрий день", 0, 3),
    "four that stay": (STAND[:4], "Оригінал", "Добрий день", 4, 0),
    "one that stays, and one of a question": ([STAND[0], FRESH[0]], "Так", "Добрий день", 2, 0),
    "one that stays, 640 letters": (STAND[:1], "Оригінал", "ї" * 640, 0, 1),
    "one that stays, 641 letters": (STAND[:1], "Оригінал", "ї" * 641, 1, 0),
    "one that stays, 400 letters that take two": (STAND[:1], "Оригінал", "🙏" * 400, 1, 0),
    "data as long as it may be": ([f"bdfg:{'a' * 1200}"], "Так", "Добрий день", 1, 0),
}


@pytest.mark.parametrize("kind", CHOICES)
async def test_choices_are_shown_as_messenger_can_show_them(wire: MessengerWire, kind: str) -> None:
    data, label, text, quick, buttons = CHOICES[kind]
    svitlana = wire.api.person("7001", "Світлана")
    svitlana.opened_at = wire.api.now()

    mid = await wire.sender.send("7001", Outgoing(text, tuple((one, label) for one in data), id="77"))

    (shown,) = svitlana.told
    assert (shown.mid, shown.text, shown.metadata) == (mid, text, "poruch:77")
    assert (len(shown.quick_replies), len(shown.buttons)) == (quick, buttons)
    for title in (*shown.quick_replies, *shown.buttons):
        assert channels.units(title) <= 20
        assert title == label or title.endswith("…")


async def test_what_the_bot_asks_is_shown_with_quick_replies_that_carry_our_data(wire: MessengerWire) -> None:
    svitlana = wire.api.person("7001", "Світлана")

    await writes(wire, svitlana)

    (asked,) = svitlana.told
    (row,) = await told(wire.town)
    assert [one["payload"] for one in asked.json["quick_replies"]] == [choice["id"] for choice in row.choices]
    assert (asked.messaging_type, asked.tag, asked.metadata) == ("RESPONSE", "", f"poruch:{row.id}")
    assert (row.status, row.number) == (Status.SENT, asked.mid)


# Echoes


async def kinds_of_history(town: Town, message: Message) -> list[str]:
    return [event.kind for event in await rows(town, Event) if event.facts.get("message") == message.id]


@both
async def test_an_echo_may_come_before_the_answer(wire: MessengerWire, town: Town) -> None:
    wire.api.echo_first = True
    svitlana = wire.api.person("7001", "Світлана")

    await writes(wire, svitlana)

    message = await becomes(town, Status.SENT)
    (shown,) = svitlana.told
    assert (message.number, len(await told(town))) == (shown.mid, 1)


@both
async def test_the_echo_settles_what_a_broken_connection_left_unsure(wire: MessengerWire, town: Town) -> None:
    wire.api.holds_echoes = True
    wire.api.faults.drop(1, performed=True)
    svitlana, marta = wire.api.person("7001", "Світлана"), await town.staff("Marta")
    await svitlana.writes(REQUEST)
    unsure = await becomes(town, Status.UNSURE)
    ref = ids.spoken((await town.ticket()).ref)
    assert ref in await marta.opens("/staff/health")

    await wire.api.release_echoes()

    message = await becomes(town, Status.SENT)
    assert (message.id, message.number, message.failure) == (unsure.id, svitlana.told[0].mid, "")
    assert message.sent_at is not None
    assert ref not in await marta.opens("/staff/health")
    clock.move_on(timedelta(hours=1))
    await writes(wire, wire.api.person("7002"))
    assert (len(svitlana.told), len(await told(town))) == (1, 2)


@both
async def test_an_echo_that_comes_before_the_connection_breaks_leaves_no_doubt(wire: MessengerWire, town: Town) -> None:
    wire.api.echo_first = True
    wire.api.faults.drop(1, performed=True)
    svitlana = wire.api.person("7001", "Світлана")

    await writes(wire, svitlana)
    await becomes(town, Status.SENT)
    await writes(wire, wire.api.person("7002"))

    first = (await told(town))[0]
    assert (first.status, len(svitlana.told)) == (Status.SENT, 1)
    assert await kinds_of_history(town, first) == ["message.sent"]


@pytest.mark.parametrize("before", [True, False])
async def test_an_error_of_theirs_after_the_message_is_out_makes_no_second_one(
    wire: MessengerWire, town: Town, before: bool
) -> None:
    wire.api.echo_first = before
    wire.api.holds_echoes = not before
    wire.api.faults.break_down(1, performed=True)
    svitlana = wire.api.person("7001", "Світлана")
    await svitlana.writes(REQUEST)
    if not before:
        await becomes(town, Status.WAITING)
        await patiently(lambda: bool(wire.api._held) and sends(wire.api)[0].status == 500)
        await wire.api.release_echoes()

    await becomes(town, Status.SENT)
    clock.move_on(timedelta(minutes=5))
    await writes(wire, wire.api.person("7002"))

    assert len(svitlana.told) == 1
    assert (await told(town))[0].status is Status.SENT


async def test_an_echo_that_comes_again_changes_nothing(wire: MessengerWire, town: Town) -> None:
    svitlana = wire.api.person("7001", "Світлана")
    await writes(wire, svitlana)
    before = [row.model_dump() for row in await told(town)]
    echo = next(event for event in wire.api.events if event.kind == "message_echoes")
    clock.move_on(timedelta(hours=1))

    assert set(await wire.api.deliver_again(echo, 5)) == {200}

    assert [row.model_dump() for row in await told(town)] == before


@both
async def test_words_of_staff_in_metas_own_inbox_stand_once_in_the_ticket_and_the_bot_is_silent(
    wire: MessengerWire, town: Town
) -> None:
    svitlana = wire.api.person("7001", "Світлана")
    await writes(wire, svitlana)
    ticket, before = await town.ticket(), len(svitlana.told)
    clock.move_on(timedelta(minutes=1))

    echo = await wire.api.staff_writes_in_inbox("7001", "Дзвоню Вам за годину")
    await wire.settles()
    await wire.api.deliver_again(echo, 5)
    clock.move_on(timedelta(minutes=2))
    await svitlana.writes("Добре, чекаю")
    await wire.settles()
    await town.waits(timedelta(minutes=1))
    await wire.settles()

    (row,) = await told(town, Author.STAFF)
    assert (row.text, row.status, row.ticket_id, row.number) == (
        "Дзвоню Вам за годину", Status.SENT, ticket.id, echo.mid,
    )  # fmt: skip
    assert len(svitlana.told) == before
    assert (await heard(town))[-1].ticket_id == ticket.id
    marta = await town.staff("Marta")
    assert "Дзвоню Вам за годину" in await marta.opens(f"/staff/tickets/{ids.spoken(ticket.ref)}")


async def test_an_instant_reply_of_the_page_silences_nobody(wire: MessengerWire, town: Town) -> None:
    svitlana = wire.api.person("7001", "Світлана")
    await writes(wire, svitlana)
    clock.move_on(timedelta(seconds=2))

    await wire.api.staff_writes_in_inbox("7001", "Дякуємо за повідомлення!")
    await wire.settles()

    assert [row.text for row in await told(town, Author.STAFF)] == ["Дякуємо за повідомлення!"]
    assert not (await town.ticket()).with_people


@both
async def test_the_same_echo_of_the_inbox_at_once_stands_once(wire: MessengerWire, town: Town) -> None:
    await writes(wire, wire.api.person("7001", "Світлана"))
    body = body_of(echo_event(text="Дзвоню"))

    assert set(await asyncio.gather(*(wire.api.raw(body) for _ in range(20)))) == {200}

    assert len(await told(town, Author.STAFF)) == 1


async def test_an_echo_of_the_inbox_that_overtakes_the_first_words_stands_in_their_ticket(
    wire: MessengerWire, town: Town
) -> None:
    assert await wire.api.raw(body_of(echo_event("7001", text="Чим допомогти?"))) == 200
    clock.move_on(timedelta(seconds=1))
    await writes(wire, wire.api.person("7001", "Світлана"))

    (elsewhere,) = await told(town, Author.STAFF)
    assert elsewhere.text == "Чим допомогти?"
    assert elsewhere.ticket_id == (await town.ticket()).id


async def test_our_number_in_an_echo_to_somebody_unknown_does_no_harm(wire: MessengerWire, town: Town) -> None:
    assert await wire.api.raw(body_of(echo_event("9999", text="Добрий день", metadata="poruch:1"))) == 200

    assert await told(town) == []
    assert await rows(town, Address) == []


async def test_words_of_staff_in_the_inbox_after_the_end_stand_in_the_closed_ticket(
    wire: MessengerWire, town: Town
) -> None:
    await writes(wire, wire.api.person("7001", "Світлана"))
    await replies(wire)
    marta = await town.staff("Marta")
    await marta.closes(await town.ticket(), "done", "Gotowe.", "Готово.")
    await wire.settles()
    clock.move_on(timedelta(minutes=5))

    await wire.api.staff_writes_in_inbox("7001", "Ще одне: візьміть паспорт")
    await wire.settles()

    ticket = await town.ticket()
    assert ticket.status is TicketStatus.CLOSED
    assert "Ще одне: візьміть паспорт" in await marta.opens(f"/staff/tickets/{ids.spoken(ticket.ref)}")


async def test_a_picture_of_staff_in_the_inbox_is_seen_in_the_ticket(wire: MessengerWire, town: Town) -> None:
    await writes(wire, wire.api.person("7001", "Світлана"))
    picture = wire.api.files.keep(wire.api.url, "image", "map.png", "image/png", b"the way to us")
    event = echo_event("7001")
    event["message"]["attachments"] = [{"type": "image", "payload": {"url": picture.url}}]

    assert await wire.api.raw(body_of(event)) == 200

    async def kept() -> bool:
        return [one.content for one in await rows(town, File)] == [b"the way to us"]

    await patiently(kept, step=0.02)
    (shown,) = await told(town, Author.STAFF)
    assert shown.kind == "photo"
    marta = await town.staff("Marta")
    assert "/staff/files/" in await marta.opens(f"/staff/tickets/{ids.spoken((await town.ticket()).ref)}")


async def test_our_number_in_the_echo_of_another_thread_changes_nothing(wire: MessengerWire, town: Town) -> None:
    svitlana, ihor = wire.api.person("7001"), wire.api.person("7002")
    await writes(wire, ihor)
    wire.api.holds_echoes = True
    wire.api.faults.drop(1, performed=False)
    await svitlana.writes(REQUEST)
    unsure = await becomes(town, Status.UNSURE)

    for metadata in (f"poruch:{unsure.id}", "poruch:", "poruch:x", "poruch:-1", "poruch:9999999999999999"):
        await wire.api.raw(body_of(echo_event("7002", mid="m_other", text="x", metadata=metadata)))

    assert (await told(town, Author.BOT))[-1].status is Status.UNSURE


# Receipts
@both
async def test_arrived_and_read_reach_the_messages(wire: MessengerWire, town: Town) -> None:
    svitlana, ihor = wire.api.person("7001"), wire.api.person("7002")
    await writes(wire, svitlana)
    await writes(wire, ihor)
    clock.move_on(timedelta(minutes=1))
    await replies(wire)  # To Ihor, whose ticket is the newest.
    read_at = clock.now()

    await ihor.reads()
    await wire.settles()

    to_svitlana, question, reply = await told(town)
    assert [message.arrived_at for message in (to_svitlana, question)] == [TUESDAY, TUESDAY]
    assert to_svitlana.read_at is None
    assert (question.read_at, reply.read_at) == (read_at, read_at)


async def test_reading_alone_says_that_it_has_arrived(wire: MessengerWire, town: Town) -> None:
    wire.api.deliveries = False
    svitlana = wire.api.person("7001")
    await writes(wire, svitlana)
    (message,) = await told(town)
    assert message.arrived_at is None

    await svitlana.reads()
    await wire.settles()

    (message,) = await told(town)
    assert message.arrived_at == message.read_at == TUESDAY


async def test_what_is_read_before_our_own_call_is_answered_is_known_as_read(wire: MessengerWire, town: Town) -> None:
    svitlana, wire.api.holds_echoes = wire.api.person("7001"), True
    wire.api.faults.delay(1.0, count=1)
    await svitlana.writes(REQUEST)
    await patiently(lambda: len(svitlana.told) == 1, step=0.02)

    await svitlana.reads()

    async def is_read() -> bool:
        (message,) = await told(town)
        return message.read_at is not None

    await patiently(is_read)
    (message,) = await told(town)
    assert (message.status, message.read_at) == (Status.SENT, TUESDAY)


async def test_an_echo_that_has_lost_our_number_is_still_ours(wire: MessengerWire, town: Town) -> None:
    svitlana, wire.api.holds_echoes, wire.api.deliveries = wire.api.person("7001"), True, False
    wire.api.faults.delay(1.0, count=1)
    await svitlana.writes(REQUEST)
    await patiently(lambda: len(svitlana.told) == 1, step=0.02)

    message = {"mid": svitlana.told[0].mid, "text": svitlana.told[0].text, "is_echo": True, "app_id": 77}
    echo = event_of("1040001", message=message) | {"recipient": {"id": "7001"}}
    assert await wire.api.raw(json.dumps({"object": "page", "entry": [{"messaging": [echo]}]}).encode()) == 200
    await wire.settles()

    assert [one.author for one in await told(town)] == [Author.BOT]


async def test_one_part_of_the_page_that_is_refused_does_not_cost_us_the_others(town: Town) -> None:
    async with GraphApi(**PAGE) as api:
        api.subscribed, api.refuses = set(), {"messenger_profile": 100}
        graph = Graph(PAGE["page_token"], api.url, "v25.0")
        ear = MessengerEar(
            graph, Intake(town.database, town._hear), app_secret="s", verify_token="v", public_url="https://x.example"
        )
        running = asyncio.create_task(ear.run(town.database, "here"))

        async def is_told() -> bool:
            return any(one.complaint for one in await rows(town, Condition))

        await patiently(is_told)
        (condition,) = await rows(town, Condition)
        assert condition.complaint == "me/messenger_profile: error 100/0"
        assert condition.invites.startswith("https://m.me/")
        assert "messages" in api.subscribed
        assert "messenger_profile" in await (await town.staff("Marta")).opens("/staff/health")

        api.refuses = {}
        await patiently(lambda: bool(api.profile))
        await patiently(lambda: _complains_no_more(town))
        running.cancel()
        await ear.close()


async def _complains_no_more(town: Town) -> bool:
    (condition,) = await rows(town, Condition)
    return not condition.complaint


async def test_what_was_edited_stands_with_both_versions(wire: MessengerWire, town: Town) -> None:
    svitlana = wire.api.person("7001")
    await writes(wire, svitlana)
    (first,) = await heard(town)
    edit = {"sender": {"id": "7001"}, "recipient": {"id": "1040001"}, "timestamp": 1796000000000}
    edit["message_edit"] = {"mid": first.number, "text": REQUEST + " Терміново", "num_edit": 1}

    for _ in range(2):
        assert await wire.api.raw(json.dumps({"object": "page", "entry": [{"messaging": [edit]}]}).encode()) == 200

    (edited,) = await heard(town)
    assert (edited.original, edited.text) == (REQUEST, REQUEST + " Терміново")
    assert await rows(town, SetAside) == []


@both
async def test_an_older_receipt_changes_nothing(wire: MessengerWire, town: Town) -> None:
    wire.api.deliveries = False
    svitlana = wire.api.person("7001")
    await writes(wire, svitlana)
    earlier, later = (int((TUESDAY + timedelta(minutes=by)).timestamp() * 1000) for by in (-10, 5))

    for kind, watermark in (("delivery", earlier), ("read", earlier)):
        wire.api.happens(
            f"message_{kind}s".replace("deliverys", "deliveries"), "7001", {kind: {"watermark": watermark}}
        )
    await wire.settles()
    (message,) = await told(town)
    assert message.arrived_at is message.read_at is None

    clock.move_on(timedelta(minutes=5))
    await svitlana.reads()
    await wire.settles()
    clock.move_on(timedelta(minutes=5))
    for kind, watermark in (("delivery", earlier), ("read", earlier), ("read", later + 60_000)):
        wire.api.happens(
            f"message_{kind}s".replace("deliverys", "deliveries"), "7001", {kind: {"watermark": watermark}}
        )
    await wire.settles()
    (message,) = await told(town)
    assert message.arrived_at == message.read_at == TUESDAY + timedelta(minutes=5)


async def test_a_receipt_is_no_word_of_the_person(wire: MessengerWire, town: Town) -> None:
    svitlana = wire.api.person("7001")
    await writes(wire, svitlana)
    clock.move_on(timedelta(hours=3))

    await svitlana.reads()
    await wire.settles()

    assert (await address_of(town, svitlana)).heard_at == TUESDAY
    assert len(await heard(town)) == 1


# Another app has the thread
@both
async def test_on_standby_words_are_kept_in_a_ticket_and_the_bot_is_silent(wire: MessengerWire, town: Town) -> None:
    wire.api.standby = True
    svitlana = wire.api.person("7001", "Світлана")

    await writes(wire, svitlana)
    await svitlana.sends_image()
    await svitlana.writes("ще одне")
    await wire.settles()
    await town.waits(timedelta(minutes=1))
    await wire.settles()

    ticket = await town.ticket()
    assert [(one.kind, one.ticket_id) for one in await heard(town)] == [
        ("text", ticket.id), ("photo", ticket.id), ("text", ticket.id),
    ]  # fmt: skip
    assert ticket.status is TicketStatus.NEW
    assert (await told(town), svitlana.told, svitlana.actions) == ([], [], [])


async def test_on_standby_a_pressed_button_is_not_answered_either(wire: MessengerWire, town: Town) -> None:
    svitlana = wire.api.person("7001", "Світлана")
    await writes(wire, svitlana)
    wire.api.standby = True
    clock.move_on(timedelta(minutes=1))

    await svitlana.taps(svitlana.told[-1].quick_replies[0])
    await wire.settles()
    await svitlana.presses("Покликати людину")
    await wire.settles()

    assert len(await heard(town)) == 3
    assert len(svitlana.told) == 1


async def test_on_standby_a_reply_that_had_to_wait_brings_no_word_of_the_bot(wire: MessengerWire, town: Town) -> None:
    channels.know([*channels.in_use()])
    channels.know_invitation("telegram", T_ME)
    svitlana = wire.api.person("7001", "Світлана")
    await writes(wire, svitlana)
    clock.move_on(A_DAY_LATER)
    assert (await replies(wire)).status is Status.HELD
    before = len(await told(town, Author.BOT))
    wire.api.standby = True

    await svitlana.writes("є новини?")
    await wire.settles()

    assert len(await told(town, Author.BOT)) == before


# What Graph refuses


async def conditions(town: Town) -> dict[tuple[str, str], str]:
    return {(one.channel, one.account): one.why for one in await rows(town, Condition)}


# The code and subcode; why the whole channel is at rest, and for how many seconds.
EVERYONE: dict[str, tuple[int, int, str, int]] = {
    "token expired": (190, 0, "token refused", 300),
    "token expired, told more closely": (190, 463, "token refused", 300),
    "page restricted": (10, 1893063, "page restricted", 300),
    "permission": (200, 0, "permission missing", 300),
    "permission of the page": (230, 0, "permission missing", 300),
    "permission for others": (299, 0, "permission missing", 300),
    "no permission": (10, 0, "permission missing", 300),
    "judged abusive": (368, 0, "judged abusive", 300),
    "token gone": (102, 0, "token refused", 300),
    "too much of the page": (32, 0, "slow down", 60),
    "too much of Messenger": (80006, 0, "slow down", 60),
    "too much": (613, 0, "slow down", 60),
    "too much for the app": (4, 0, "slow down", 60),
}


@pytest.mark.parametrize("kind", EVERYONE)
async def test_what_concerns_the_page_halts_the_channel_until_it_goes_again(
    wire: MessengerWire, town: Town, kind: str
) -> None:
    code, subcode, why, seconds = EVERYONE[kind]
    wire.api.faults.refuse(code, 1, subcode)
    svitlana, marta = wire.api.person("7001", "Світлана"), await town.staff("Marta")

    await svitlana.writes(REQUEST)

    async def halted() -> bool:
        return any((await conditions(town)).values())

    await patiently(halted, step=0.02)
    (message,) = await told(town)
    assert (message.status, message.failure) == (Status.WAITING, why)
    assert message.not_before == TUESDAY + timedelta(seconds=seconds)
    assert await conditions(town) == {("messenger", ""): why}
    address = await address_of(town, svitlana)
    assert address.reachable and address.shut_at is None
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1):
            await wire.sender.ready()
    assert len(sends(wire.api)) == 1
    assert "Messenger" in await marta.opens("/staff/health")

    wire.sender._halted_until = 0.0  # The seconds are over.
    clock.move_on(timedelta(seconds=seconds + 1))
    message = await becomes(town, Status.SENT)
    assert (message.failure, len(svitlana.told)) == ("", 1)

    async def goes() -> bool:
        return await conditions(town) == {("messenger", ""): ""}

    await patiently(goes, step=0.02)


async def test_staff_see_why_the_channel_is_at_rest_now(wire: MessengerWire, town: Town) -> None:
    wire.api.faults.refuse(613)
    wire.api.faults.refuse(190)
    await wire.api.person("7001", "Світлана").writes(REQUEST)
    for why in ("slow down", "token refused"):

        async def known(why: str = why) -> bool:
            return await conditions(town) == {("messenger", ""): why}

        await patiently(known, step=0.02)
        wire.sender._halted_until = 0.0  # The seconds are over.
        clock.move_on(timedelta(seconds=61))


# Why one message failed and nothing else is the matter: the code and subcode; the failure; why nobody is there any more.
ONE_PERSON: dict[str, tuple[int, int, str, str]] = {
    "blocked": (551, 1545041, "blocked", "blocked"),
    "nobody of that number": (100, 2018001, "unknown", "unknown"),
    "a mistake of ours": (100, 33, "refused: error 100/33", ""),
    "a dead tag": (100, 1893061, "refused: error 100/1893061", ""),
    "something new": (4711, 1, "refused: error 4711/1", ""),
}


@pytest.mark.parametrize("kind", ONE_PERSON)
async def test_what_concerns_one_person_fails_for_that_person_alone(wire: MessengerWire, town: Town, kind: str) -> None:
    code, subcode, failure, why_not = ONE_PERSON[kind]
    wire.api.faults.refuse(code, 1, subcode)
    svitlana, ihor = wire.api.person("7001", "Світлана"), wire.api.person("7002", "Ігор")

    await svitlana.writes(REQUEST)
    message = await becomes(town, Status.FAILED)
    await writes(wire, ihor)

    assert message.failure == failure
    address = await address_of(town, svitlana)
    assert (address.reachable, address.why_not, address.shut_at) == (not why_not, why_not, None)
    assert (len(ihor.told), (await address_of(town, ihor)).reachable) == (1, True)
    assert not any((await conditions(town)).values())
    clock.move_on(timedelta(minutes=1))
    await svitlana.writes("Ви тут?")
    await wire.settles()
    assert (await address_of(town, svitlana)).reachable


async def test_who_has_blocked_the_page_is_unreachable_until_they_write(wire: MessengerWire, town: Town) -> None:
    svitlana = wire.api.person("7001", "Світлана")
    await writes(wire, svitlana)
    await svitlana.blocks()
    assert (await replies(wire)).failure == "blocked"
    assert not (await address_of(town, svitlana)).reachable

    assert (await replies(wire, "Jeszcze raz.", "Ще раз.")).failure == "blocked"

    await svitlana.unblocks()
    await writes(wire, svitlana, "Я тут")
    assert (await address_of(town, svitlana)).reachable
    assert (await replies(wire, "Dobrze.", "Добре.")).status is Status.SENT


async def test_a_thread_that_another_app_has_harms_nobody_else(wire: MessengerWire, town: Town) -> None:
    wire.api.faults.refuse(10, 1, 2018300)
    svitlana, ihor = wire.api.person("7001", "Світлана"), wire.api.person("7002", "Ігор")
    await svitlana.writes(REQUEST)
    await patiently(lambda: len(sends(wire.api)) == 1)

    await ihor.writes(REQUEST)

    await patiently(lambda: len(ihor.told) == 1)
    assert not any((await conditions(town)).values())


@pytest.mark.parametrize("status, code", [(500, 1), (500, 2), (503, 2), (400, 1), (400, 2), (400, 1200)])
async def test_trouble_of_theirs_is_tried_again_and_harms_nobody_else(
    wire: MessengerWire, town: Town, status: int, code: int
) -> None:
    wire.api.faults.break_down(1, status, code)
    svitlana, ihor = wire.api.person("7001", "Світлана"), wire.api.person("7002", "Ігор")

    await svitlana.writes(REQUEST)

    async def tried() -> bool:
        return any(one.status is Status.WAITING and one.failure for one in await told(town))

    await patiently(tried, step=0.02)
    await ihor.writes(REQUEST)
    await wire.settles()
    message = (await told(town))[0]
    assert (message.status, message.failure, message.attempts) == (Status.WAITING, "server trouble", 1)
    assert message.not_before == TUESDAY + timedelta(seconds=30)
    assert (len(svitlana.told), len(ihor.told)) == (0, 1)
    assert not any((await conditions(town)).values())

    clock.move_on(timedelta(seconds=31))
    await patiently(lambda: len(svitlana.told) == 1)
    await wire.settles()
    assert (await told(town))[0].status is Status.SENT


@both
async def test_trouble_without_end_is_given_up_and_told_to_staff(wire: MessengerWire, town: Town) -> None:
    wire.api.faults.break_down(100)
    svitlana, marta = wire.api.person("7001", "Світлана"), await town.staff("Marta")
    await svitlana.writes(REQUEST)
    for tries in range(1, 8):
        await patiently(lambda tries=tries: len(sends(wire.api)) == tries, step=0.02)
        await becomes(town, Status.WAITING)
        clock.move_on(timedelta(seconds=31))

    message = await becomes(town, Status.FAILED)

    assert (message.attempts, len(sends(wire.api))) == (8, 8)
    assert ids.spoken((await town.ticket()).ref) in await marta.opens("/staff/health")


async def test_where_nobody_answers_the_door_all_wait_a_moment(wire: MessengerWire, town: Town) -> None:
    root, wire.sender.graph.root = wire.sender.graph.root, "http://127.0.0.1:1/v25.0"
    svitlana = wire.api.person("7001", "Світлана")

    await svitlana.writes(REQUEST)

    async def tried() -> bool:
        return [one.failure for one in await told(town)] == ["not connected"]

    await patiently(tried, step=0.02)
    (message,) = await told(town)
    assert message.status is Status.WAITING
    assert not any((await conditions(town)).values())

    wire.sender.graph.root, wire.sender._halted_until = root, 0.0
    clock.move_on(timedelta(seconds=4))
    await becomes(town, Status.SENT)
    assert len(svitlana.told) == 1


async def test_a_connection_that_breaks_leaves_it_unsure_and_nothing_is_repeated(
    wire: MessengerWire, town: Town
) -> None:
    wire.api.faults.drop(1, performed=False)
    svitlana, ihor = wire.api.person("7001", "Світлана"), wire.api.person("7002", "Ігор")

    await svitlana.writes(REQUEST)
    message = await becomes(town, Status.UNSURE)
    clock.move_on(timedelta(hours=1))
    await writes(wire, ihor)

    assert message.failure == "no answer"
    assert (len(svitlana.told), len(ihor.told), len(sends(wire.api))) == (0, 1, 2)
    assert (await address_of(town, svitlana)).reachable
    assert not any((await conditions(town)).values())
    assert "message.unsure" in await kinds_of_history(town, message)


# When one may write
@both
async def test_in_the_evening_asked_and_answered_the_next_afternoon_waits_for_the_next_words(
    wire: MessengerWire, town: Town
) -> None:
    clock.stand_at(datetime(2026, 12, 1, 15, 0, tzinfo=WARSAW))
    svitlana, marta = wire.api.person("7001", "Світлана"), await town.staff("Marta")
    await writes(wire, svitlana)
    clock.move_on(A_DAY_LATER)
    ticket, before = await town.ticket(), len(svitlana.told)

    reply = await replies(wire)

    assert (reply.status, reply.failure, len(svitlana.told)) == (Status.HELD, "window", before)
    page = await marta.opens(f"/staff/tickets/{ids.spoken(ticket.ref)}")
    assert "poczeka na wiadomość od tej osoby" in page

    clock.move_on(timedelta(hours=3))
    await svitlana.writes("є новини?")
    await wire.settles()

    answer = svitlana.told[before]
    assert REPLY[1] in answer.text
    assert answer.text.startswith("Відповідь готова")
    assert (answer.messaging_type, answer.tag) == ("RESPONSE", "")
    (reply,) = await told(town, Author.STAFF)
    assert (reply.status, reply.failure) == (Status.SENT, "")


async def test_a_tap_releases_what_had_to_wait_as_well(wire: MessengerWire, town: Town) -> None:
    svitlana = wire.api.person("7001", "Світлана")
    await writes(wire, svitlana)
    clock.move_on(A_DAY_LATER)
    await replies(wire)

    await svitlana.taps(svitlana.told[-1].quick_replies[0])
    await wire.settles()

    assert (await told(town, Author.STAFF))[0].status is Status.SENT


@both
async def test_a_long_reply_that_had_to_wait_comes_whole_and_in_order(wire: MessengerWire, town: Town) -> None:
    svitlana = wire.api.person("7001", "Світлана")
    await writes(wire, svitlana)
    clock.move_on(A_DAY_LATER)
    text = "\n\n".join(f"{number}. " + "Речення. " * 100 for number in range(1, 6))
    before = len(svitlana.told)
    await replies(wire, text, text)

    await writes(wire, svitlana, "є новини?")

    pieces = [one.text for one in svitlana.told[before:]]
    assert pieces[0].startswith("Відповідь готова")
    places = ["\n".join(pieces).index(f"{number}. ") for number in range(1, 6)]
    assert places == sorted(places)
    assert all(len(piece) <= 2000 for piece in pieces)


@both
async def test_with_human_agent_what_a_person_typed_goes_out_for_a_week(
    wire_with_human_agent: MessengerWire, town: Town
) -> None:
    wire, svitlana = wire_with_human_agent, wire_with_human_agent.api.person("7001", "Світлана")
    await writes(wire, svitlana)
    assert (svitlana.told[-1].messaging_type, svitlana.told[-1].tag) == ("RESPONSE", "")
    for wait, status in (
        (timedelta(hours=23, minutes=59), Status.SENT),
        (timedelta(minutes=2), Status.SENT),
        (timedelta(hours=1), Status.SENT),
        (timedelta(days=5, hours=22, minutes=58), Status.SENT),
        (timedelta(minutes=2), Status.HELD),
        (timedelta(days=1), Status.HELD),
    ):
        clock.move_on(wait)
        assert (await replies(wire, f"Proszę, {wait}.", f"Прошу, {wait}.")).status is status, wait

    kinds = [(one.messaging_type, one.tag) for one in svitlana.told if "Прошу" in one.text]
    assert kinds == [("RESPONSE", ""), *[("MESSAGE_TAG", "HUMAN_AGENT")] * 3]


async def test_with_human_agent_the_bots_own_news_never_goes_out_late(
    wire_with_human_agent: MessengerWire, town: Town
) -> None:
    wire, svitlana = wire_with_human_agent, wire_with_human_agent.api.person("7001", "Світлана")
    await writes(wire, svitlana)
    await writes(wire, svitlana, "Людина")
    before, calls = len(svitlana.told), len(sends(wire.api))
    rows_before = len(await told(town))
    clock.move_on(A_DAY_LATER)

    await town.waits(timedelta(seconds=1))
    await wire.settles()

    late = (await told(town))[rows_before:]
    assert late and all((one.author, one.status, one.failure) == (Author.BOT, Status.FAILED, "window") for one in late)
    assert (len(svitlana.told), len(sends(wire.api))) == (before, calls)


@pytest.mark.parametrize("human_agent", [False, True])
async def test_what_another_system_says_never_passes_for_a_person(
    town: Town, human_agent: bool, request: pytest.FixtureRequest
) -> None:
    async with MessengerWire(town, human_agent=human_agent) as wire:
        svitlana = wire.api.person("7001", "Світлана")
        await writes(wire, svitlana)
        ref = ids.spoken((await town.ticket()).ref)
        async with town.database.transaction() as session:
            token = await tokens.add(session, "Intranet", "write", sensitive=True)
        transport = httpx2.ASGITransport(app=town.app)
        headers = {"Authorization": f"Bearer {token}"}
        async with httpx2.AsyncClient(transport=transport, base_url="http://desk.test", headers=headers) as intranet:
            sent = await intranet.post(f"/api/v1/tickets/{ref}/replies", json={"text": "Przyjdź jutro"})
            assert sent.status_code == 201
            await wire.settles()
            assert (svitlana.told[-1].messaging_type, svitlana.told[-1].tag) == ("RESPONSE", "")
            before = len(svitlana.told)
            clock.move_on(A_DAY_LATER)
            sent = await intranet.post(f"/api/v1/tickets/{ref}/replies", json={"text": "Przyjdź dziś"})
            assert sent.status_code == 201
            await wire.settles()
        assert (await told(town, Author.STAFF))[-1].status is Status.HELD
        assert len(svitlana.told) == before
        assert not any(one.tag for one in svitlana.told)
        assert wire.api.violations == []


@both
async def test_a_window_that_closes_between_writing_and_sending_holds_the_reply(
    wire: MessengerWire, town: Town
) -> None:
    svitlana = wire.api.person("7001", "Світлана")
    await writes(wire, svitlana)
    clock.move_on(timedelta(hours=23, minutes=59))
    before = len(svitlana.told)
    wire.api.faults.break_down(1)
    marta = await town.staff("Marta")
    await marta.answers(await town.ticket(), *REPLY)

    async def tried() -> bool:
        return [one.failure for one in await told(town, Author.STAFF)] == ["server trouble"]

    await patiently(tried, step=0.02)
    clock.move_on(timedelta(minutes=2))

    reply = await becomes(town, Status.HELD, Author.STAFF)
    assert (reply.failure, len(svitlana.told)) == ("window", before)
    await writes(wire, svitlana, "є новини?")
    assert (await told(town, Author.STAFF))[-1].status is Status.SENT
    assert any(REPLY[1] in one.text for one in svitlana.told)


async def waits_for_better_times(wire: MessengerWire, person: Person, purpose: Purpose) -> Message:
    """Something of the bot's that waits because of trouble of theirs, when the window closes."""
    wire.api.faults.break_down(1)
    await person.writes(REQUEST)

    async def tried() -> bool:
        return [one.failure for one in await told(wire.town)] == ["server trouble"]

    await patiently(tried, step=0.02)
    async with wire.town.database.transaction() as session:
        await session.execute(update(Message).where(col(Message.direction) == Direction.TOLD).values(purpose=purpose))
    clock.move_on(A_DAY_LATER)

    async def decided() -> bool:
        return (await told(wire.town))[0].status in (Status.HELD, Status.FAILED)

    await patiently(decided, step=0.02)
    return (await told(wire.town))[0]


@pytest.mark.parametrize("purpose", [Purpose.NEWS, Purpose.REMINDER])
@pytest.mark.parametrize("human_agent", [False, True])
async def test_news_that_the_bot_could_not_bring_in_time_are_not_brought_days_later(
    town: Town, purpose: Purpose, human_agent: bool
) -> None:
    async with MessengerWire(town, human_agent=human_agent) as wire:
        svitlana = wire.api.person("7001", "Світлана")
        late = await waits_for_better_times(wire, svitlana, purpose)
        assert (late.status, late.failure) == (Status.FAILED, "window")
        clock.move_on(timedelta(days=2))
        await writes(wire, svitlana, "Людина")
        await town.waits(timedelta(seconds=30))
        await wire.settles()

        assert not any(one.text.startswith("Відповідь готова") for one in svitlana.told)
        assert (await told(town))[0].status is Status.FAILED
        assert wire.api.violations == []


async def test_news_of_the_bot_that_graph_refuses_as_too_late_have_failed(wire: MessengerWire, town: Town) -> None:
    svitlana = wire.api.person("7001", "Світлана")
    await writes(wire, svitlana)
    await writes(wire, svitlana, "Людина")
    assert svitlana.opened_at is not None
    svitlana.opened_at -= 22 * 3600  # They heard her much earlier than we did.
    before = len(await told(town))
    clock.move_on(timedelta(hours=5))

    await town.waits(timedelta(seconds=1))  # «Ми не встигли відповісти…»
    await wire.settles()

    late = (await told(town))[before:]
    assert [(one.author, one.purpose) for one in late] == [(Author.BOT, Purpose.NEWS)]
    assert (late[0].status, late[0].failure) == (Status.FAILED, "window")
    assert (await address_of(town, svitlana)).shut_at == clock.now()


@both
async def test_what_graph_takes_for_closed_is_held_and_shown_as_closed(wire: MessengerWire, town: Town) -> None:
    svitlana, ihor, marta = wire.api.person("7001"), wire.api.person("7002"), await town.staff("Marta")
    await writes(wire, ihor)
    await writes(wire, svitlana)
    clock.move_on(timedelta(hours=23))
    assert svitlana.opened_at is not None
    svitlana.opened_at -= 2 * 3600  # They heard her earlier than we did.

    reply = await replies(wire)

    assert (reply.status, reply.failure, reply.attempts) == (Status.HELD, "window", 1)
    assert (await address_of(town, svitlana)).shut_at == clock.now()
    assert (await address_of(town, ihor)).shut_at is None
    page = await marta.opens(f"/staff/tickets/{ids.spoken((await town.ticket()).ref)}")
    assert "poczeka na wiadomość od tej osoby" in page
    assert not any((await conditions(town)).values())
    calls = len(sends(wire.api))
    assert (await replies(wire, "Jeszcze raz.", "Ще раз.")).status is Status.HELD
    assert len(sends(wire.api)) == calls

    await writes(wire, svitlana, "Я тут")
    assert [one.status for one in await told(town, Author.STAFF)] == [Status.SENT, Status.SENT]
    assert (await address_of(town, svitlana)).shut_at is None


async def test_with_human_agent_what_graph_refused_as_an_answer_goes_out_as_a_persons_words(
    wire_with_human_agent: MessengerWire, town: Town
) -> None:
    wire, svitlana = wire_with_human_agent, wire_with_human_agent.api.person("7001")
    await writes(wire, svitlana)
    clock.move_on(timedelta(hours=23))
    assert svitlana.opened_at is not None
    svitlana.opened_at -= 2 * 3600  # They heard her earlier than we did.

    await replies(wire, "Pierwsze.", "Перше.")
    await replies(wire, "Drugie.", "Друге.")

    assert [one.status for one in await told(town, Author.STAFF)] == [Status.SENT, Status.SENT]
    assert ["Перше" in one.text for one in svitlana.told[-2:]] == [True, False]
    assert {one.tag for one in svitlana.told[-2:]} == {"HUMAN_AGENT"}


async def test_a_page_that_was_not_given_human_agent_is_not_halted_by_a_late_reply(
    wire_with_human_agent: MessengerWire, town: Town
) -> None:
    wire, svitlana = wire_with_human_agent, wire_with_human_agent.api.person("7001")
    wire.api.human_agent = False  # The operator believes otherwise.
    await writes(wire, svitlana)
    clock.move_on(A_DAY_LATER)
    await (await town.staff("Marta")).answers(await town.ticket(), *REPLY)
    await patiently(lambda: any(call.code == 10 for call in sends(wire.api)))

    ihor = wire.api.person("7002")
    await ihor.writes(REQUEST)

    await patiently(lambda: len(ihor.told) == 1)
    # Nor is the feature promised to staff any more, until she writes.
    address = await address_of(town, svitlana)
    assert windows.of(address).way(clock.now()) is windows.Way.SHUT
    await writes(wire, svitlana, "Я тут")
    assert windows.of(await address_of(town, svitlana)).way(clock.now()) is windows.Way.OPEN
    assert windows.of(await address_of(town, svitlana)).way(clock.now() + A_DAY_LATER) is windows.Way.PEOPLE


# The wish to be deleted


async def asks(ear: MessengerEar, request: bytes) -> dict[str, Any]:
    answer = await ear.webhook(Call("POST", "data-deletion", {}, {}, request))
    assert answer.media_type == "application/json"
    told_: dict[str, Any] = json.loads(answer.body)
    return told_


@both
async def test_who_asks_to_be_deleted_gets_a_code_and_a_page_and_staff_a_row(wire: MessengerWire, town: Town) -> None:
    first = await wire.api.asks_deletion("10158001")
    clock.move_on(timedelta(hours=1))
    again = await wire.api.asks_deletion("10158001")
    other = await wire.api.asks_deletion("10158002")

    assert first == again
    assert first["url"] == f"https://help.example.org/deletion/{first['confirmation_code']}"
    assert other["confirmation_code"] != first["confirmation_code"]
    assert "10158001" not in first["confirmation_code"]
    kept = await rows(town, SetAside)
    assert [row.key for row in kept] == [f"deletion:{one['confirmation_code']}" for one in (first, other)]
    assert json.loads(kept[0].raw)["user_id"] == "10158001"

    # The page says what staff say, and no more.
    async with httpx2.AsyncClient(base_url=wire.door.root) as browser:
        pages = [f"/deletion/{one['confirmation_code']}?lang=en" for one in (first, other)]
        assert "We have received the request" in (await browser.get(pages[0])).text
        async with town.database.transaction() as session:
            settle_aside(session, await session.get_one(SetAside, kept[0].id), "nobody", 1)
            settle_aside(session, await session.get_one(SetAside, kept[1].id), "erased", 1)
        assert "nothing was deleted" in (await browser.get(pages[0])).text
        assert "has been deleted" in (await browser.get(pages[1])).text

    # Who asks anew when it was done is not told of the first time.
    clock.move_on(timedelta(days=30))
    anew = await wire.api.asks_deletion("10158001")
    assert anew != first
    assert len(await rows(town, SetAside)) == 3


def sealed(payload: bytes, secret: str = PAGE["app_secret"]) -> bytes:
    encoded = base64.urlsafe_b64encode(payload).rstrip(b"=")
    digest = hmac.new(secret.encode(), encoded, hashlib.sha256).digest()
    return b"signed_request=" + base64.urlsafe_b64encode(digest).rstrip(b"=") + b"." + encoded


GOOD = b'{"algorithm":"HMAC-SHA256","user_id":"10158001","issued_at":1796000000}'
WISHES: dict[str, tuple[bytes, int]] = {
    "another secret": (sealed(GOOD, "another"), 401),
    "no secret": (sealed(GOOD, ""), 401),
    "another payload": (sealed(GOOD).rpartition(b".")[0] + b"." + sealed(GOOD + b" ").rpartition(b".")[2], 401),
    "no signature": (b"signed_request=." + base64.urlsafe_b64encode(GOOD), 401),
    "nothing": (b"", 400),
    "empty": (b"signed_request=", 400),
    "one part": (b"signed_request=abc", 400),
    "no base64": (b"signed_request=a.a", 400),
    "other letters": ("signed_request=ключ.ключ".encode(), 400),
    "no letters": (b"signed_request=\xff.\xfe", 400),
    "no json": (sealed(b"hello"), 400),
    "no unicode": (sealed(b"\xff\xfe"), 400),
    "deep": (sealed(b"[" * 50_000), 400),
    "a list": (sealed(b"[]"), 400),
    "nobody": (sealed(b"{}"), 400),
    "an odd nobody": (sealed(b'{"user_id":["10158001"]}'), 400),
    "a true nobody": (sealed(b'{"user_id":true}'), 400),
    "half a letter": (sealed(b'{"user_id":"\\ud800"}'), 400),
}


@pytest.mark.parametrize("kind", WISHES)
async def test_a_wish_that_is_forged_or_cannot_be_read_is_refused(
    deaf_ear: MessengerEar, town: Town, kind: str
) -> None:
    request, status = WISHES[kind]

    with pytest.raises(BadWebhook) as refused:
        await asks(deaf_ear, request)

    assert (refused.value.status, bool(refused.value.sentence)) == (status, True)
    assert await rows(town, SetAside) == []


async def test_a_wish_spelt_with_its_padding_is_read_too(deaf_ear: MessengerEar) -> None:
    plain = await asks(deaf_ear, sealed(GOOD))
    signature_, _, payload = sealed(GOOD).removeprefix(b"signed_request=").partition(b".")
    padded = signature_ + b"=" * (-len(signature_) % 4)

    assert await asks(deaf_ear, b"signed_request=" + padded.replace(b"=", b"%3D") + b"." + payload) == plain


@pytest.mark.parametrize(
    ("status", "headers", "why", "seconds"),
    [
        (429, {}, "slow down", 60),
        (429, {"retry-after": "120"}, "slow down", 120),
        (429, {"retry-after": "999999"}, "slow down", 3600),
        (401, {}, "token refused", 300),
        (403, {}, "permission missing", 300),
        (503, {}, "server trouble", 30),
        (400, {"x-business-use-case-usage": "nonsense"}, "", 0),
        (
            429,
            {"x-business-use-case-usage": '{"1": [{"type": "messenger", "estimated_time_to_regain_access": 19}]}'},
            "slow down",
            1140,
        ),
    ],
)
def test_what_http_alone_says_is_understood_and_named_times_are_kept(
    status: int, headers: dict[str, str], why: str, seconds: int
) -> None:
    outcome = patient_of(outcome_of(status, None), headers)

    if not why:
        assert isinstance(outcome, Refused)
        return
    assert isinstance(outcome, TryLater)
    assert (outcome.why, outcome.seconds) == (why, seconds)


def test_numbers_of_errors_may_come_as_text() -> None:
    outcome = outcome_of(400, {"error": {"code": "190", "error_subcode": "463"}})

    assert isinstance(outcome, TryLater)
    assert outcome.why == "token refused"


async def test_a_reply_that_was_sent_after_the_reading_is_not_shown_as_read(wire: MessengerWire, town: Town) -> None:
    svitlana = wire.api.person("7001", "Світлана")
    await writes(wire, svitlana)
    await svitlana.reads()
    await wire.settles()
    clock.move_on(timedelta(seconds=3))
    reply = await replies(wire)

    read = int((clock.now() - timedelta(seconds=3)).timestamp() * 1000)
    event = {**event_of(), "read": {"watermark": read}}
    assert await wire.api.raw(body_of(event)) == 200

    (row,) = await rows(town, Message, col(Message.id) == reply.id)
    assert row.read_at is None


async def test_named_messages_have_arrived_also_without_a_watermark(wire: MessengerWire, town: Town) -> None:
    wire.api.deliveries = False
    svitlana = wire.api.person("7001", "Світлана")
    await writes(wire, svitlana)
    reply = await replies(wire)

    assert await wire.api.raw(body_of({**event_of(), "delivery": {"mids": [reply.number]}})) == 200

    arrived = {row.id: row.arrived_at is not None for row in await told(town)}
    assert [number for number, there in arrived.items() if there] == [reply.id]


async def test_long_last_words_come_in_pieces_too(wire: MessengerWire, town: Town) -> None:
    svitlana = wire.api.person("7001", "Світлана")
    await writes(wire, svitlana)
    marta = await town.staff("Marta")
    text = "\n\n".join("Дуже важливе речення. " * 30 for _ in range(5))

    await marta.closes(await town.ticket(), "done", "Gotowe.", text)
    await wire.settles()

    pieces = svitlana.told[1:]
    assert len(pieces) == 3
    assert pieces[-1].quick_replies or pieces[-1].buttons, "the marks stand under the last of them"
    assert {row.status for row in await told(town, Author.STAFF)} == {Status.SENT}


async def test_a_held_reply_and_its_file_can_be_sent_by_another_channel(wire: MessengerWire, town: Town) -> None:
    svitlana, other = wire.api.person("7001", "Світлана"), town.person("Svitlana")
    await writes(wire, svitlana)
    await other.writes(REQUEST)
    first, second = await town.tickets()
    marta = await town.staff("Marta")
    await marta.posts(f"/staff/people/{first.person_id}/merging", ref=ids.spoken(second.ref))
    address = await address_of(town, svitlana)
    clock.move_on(A_DAY_LATER)
    path = f"/staff/tickets/{ids.spoken(first.ref)}/replies"
    await marta.posts(path, [("a.pdf", b"%PDF-1")], text=REPLY[0], translation=REPLY[1], via=str(address.id))
    held = [row for row in await told(town, Author.STAFF) if row.status is Status.HELD]
    assert [row.kind for row in held] == ["text", "document"]
    (telegram,) = await rows(town, Address, col(Address.channel) == "telegram")

    for row in held:
        answer = await marta.posts(f"/staff/messages/{row.id}/rerouting", address=str(telegram.id))
        assert answer.status_code == 303

    assert [shown.kind for shown in other.screen[-2:]] == ["text", "document"]


async def test_what_is_too_long_for_the_other_channel_goes_there_in_pieces(wire: MessengerWire, town: Town) -> None:
    svitlana, other = wire.api.person("7001", "Світлана"), town.person("Svitlana")
    await writes(wire, svitlana)
    await other.writes(REQUEST)
    first, second = await town.tickets()
    marta = await town.staff("Marta")
    await marta.posts(f"/staff/people/{first.person_id}/merging", ref=ids.spoken(second.ref))
    (telegram,) = await rows(town, Address, col(Address.channel) == "telegram")
    text = "\n\n".join("Дуже важливе речення. " * 30 for _ in range(5))
    await marta.posts(
        f"/staff/tickets/{ids.spoken(first.ref)}/replies", text=REPLY[0], translation=text, via=str(telegram.id)
    )
    async with town.database.transaction() as session:
        await session.execute(update(Message).where(col(Message.author) == Author.STAFF).values(status=Status.FAILED))
    (stuck,) = await told(town, Author.STAFF)
    before, here = len(svitlana.told), await address_of(town, svitlana)

    answer = await marta.posts(f"/staff/messages/{stuck.id}/rerouting", address=str(here.id))
    await wire.settles()

    assert answer.status_code == 303
    pieces = [one.text for one in svitlana.told[before:]]
    assert len(pieces) == 3
    assert all(len(piece) <= 2000 for piece in pieces)
    assert "".join(text.split()) in "".join("".join(pieces).split())
