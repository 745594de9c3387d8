"""The stand-in of Facebook's Graph API keeps Messenger's promises, and forgives nothing."""

import asyncio
import base64
import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from aiohttp import web

from tests.graph_api import GraphApi, NoSuchButton, Person

TOKEN, SECRET, HANDSHAKE = "EAAG-of-paper", "app-secret-of-paper", "a word agreed on"
NOON = 1_790_000_000.0
DAY = 86_400


class Clock:
    def __init__(self) -> None:
        self.at = NOON

    def __call__(self) -> float:
        return self.at


class Desk:
    """A webhook that accepts unless told otherwise, and a client that can post anything."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        self.signatures: list[str | None] = []
        self.answers: list[int] = []
        self.hold = 0.0
        self.url = ""
        self.client = httpx.AsyncClient()

    @asynccontextmanager
    async def open(self) -> AsyncIterator["Desk"]:
        app = web.Application()
        app.router.add_post("/hook", self._take)
        app.router.add_get("/hook", self._shake)
        app.router.add_post("/hook/data-deletion", self._forget)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
        async with self.client:
            yield self
        await runner.cleanup()

    @property
    def events(self) -> list[dict[str, Any]]:
        """Everything accepted, of all requests and entries."""
        entries = [entry for body in self.bodies for entry in json.loads(body)["entry"]]
        return [event for entry in entries for event in entry.get("messaging") or entry["standby"]]

    def heard(self, kind: str) -> list[Any]:
        return [event[kind] for event in self.events if kind in event]

    async def _take(self, request: web.Request) -> web.Response:
        body = await request.read()
        await asyncio.sleep(self.hold)
        status = self.answers.pop(0) if self.answers else 200
        if status == 200:
            self.bodies.append(body)
            self.signatures.append(request.headers.get("X-Hub-Signature-256"))
        return web.Response(status=status)

    async def _shake(self, request: web.Request) -> web.Response:
        if request.query["hub.mode"] != "subscribe" or request.query["hub.verify_token"] != HANDSHAKE:
            return web.Response(status=403)
        return web.Response(text=request.query["hub.challenge"])

    async def _forget(self, request: web.Request) -> web.Response:
        signature, _, payload = str((await request.post())["signed_request"]).partition(".")
        right = hmac.new(SECRET.encode(), payload.encode(), hashlib.sha256).digest()
        assert base64.urlsafe_b64decode(signature + "=") == right
        wish = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        return web.json_response({"url": "https://desk.test/gone", "confirmation_code": f"gone-{wish['user_id']}"})


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    async with Desk().open() as desk:
        yield desk


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def api(desk: Desk, clock: Clock) -> AsyncIterator[GraphApi]:
    async with GraphApi(
        page_token=TOKEN, app_secret=SECRET, verify_token=HANDSHAKE, now=clock, webhook_url=desk.url,
        webhook_backoff=0.01,
    ) as api:  # fmt: skip
        desk.client.base_url = httpx.URL(f"{api.url}/v25.0/")
        desk.client.headers["Authorization"] = f"Bearer {TOKEN}"
        yield api


@pytest.fixture
async def oksana(api: GraphApi) -> Person:
    person = api.person("7001", "Оксана Коваль")
    await person.writes("Добрий день")
    await api.until(lambda: not api.pending)
    return person


async def send(desk: Desk, text: str = "Вітаємо", to: str = "7001", **more: Any) -> httpx.Response:
    """A plain answer; `more` takes the place of its parts, and `message` of its words."""
    message = more.pop("message", {"text": text})
    whole = {"recipient": {"id": to}, "messaging_type": "RESPONSE", "message": message, **more}
    return await desk.client.post("me/messages", json={name: part for name, part in whole.items() if part is not None})


def said(answer: httpx.Response) -> tuple[int, int, int]:
    error = answer.json()["error"]
    assert error["type"] == "OAuthException"
    assert error["message"] and error["fbtrace_id"]
    return answer.status_code, error["code"], error.get("error_subcode", 0)


def offers(*titles: str) -> dict[str, Any]:
    replies = [{"content_type": "text", "title": title, "payload": f"p:{title}"} for title in titles]
    return {"text": "Choose", "quick_replies": replies}


def template(**more: Any) -> dict[str, Any]:
    button = {"type": "postback", "title": "Doctor", "payload": "s:1"}
    return {"attachment": {"type": "template", "payload": {
        "template_type": "button", "text": "Choose", "buttons": [button], **more,
    }}}  # fmt: skip


# What is heard


async def test_an_event_is_signed_over_the_very_bytes_that_are_sent(api, desk, oksana):
    await oksana.sends_image()
    api.escapes = False
    await oksana.writes("сирі літери")
    await api.until(lambda: not api.pending)

    for body, signature in zip(desk.bodies, desk.signatures, strict=True):
        assert signature == "sha256=" + hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    assert b"\\u0414" in desk.bodies[0] and desk.bodies[0].isascii()
    assert b"http:\\/\\/127.0.0.1" in desk.bodies[1]
    assert "сирі літери".encode() in desk.bodies[2]
    whole = json.loads(desk.bodies[0])
    assert (whole["object"], whole["entry"][0]["id"]) == ("page", "1040001")
    assert whole["entry"][0]["messaging"] == [
        {
            "sender": {"id": "7001"},
            "recipient": {"id": "1040001"},
            "timestamp": int(NOON * 1000),
            "message": {"mid": api.events[0].mid, "text": "Добрий день"},
        }
    ]


async def test_everything_a_person_does_has_its_shape(api, desk, oksana):
    mine = api.events[0].mid
    await send(desk, message=offers("Doctor", "Lawyer"))
    reply = await oksana.writes("Ось", reply_to=mine)
    await oksana.taps("Lawyer", late=True)
    await oksana.sends_location(49.5, 24.5)
    await oksana.shares()
    await oksana.sends_sticker()
    await oksana.follows("course-12")
    await oksana.reads()
    await oksana.reacts("👍")
    await api.until(lambda: not api.pending)

    messages = [message for message in desk.heard("message") if not message.get("is_echo")]
    assert messages[1] == {"mid": reply.mid, "text": "Ось", "reply_to": {"mid": mine, "is_self_reply": True}}
    assert (messages[2]["text"], messages[2]["quick_reply"]) == ("Lawyer", {"payload": "p:Lawyer"})
    assert messages[3]["attachments"][0]["payload"] == {"coordinates": {"lat": 49.5, "long": 24.5}}
    assert messages[4]["attachments"] == [{"type": "fallback"}]
    assert messages[5]["attachments"][0]["type"] == "sticker"
    assert desk.heard("referral") == [{"ref": "course-12", "source": "SHORTLINK", "type": "OPEN_THREAD"}]
    assert desk.heard("read") == [{"watermark": int(NOON * 1000)}]
    assert desk.heard("reaction")[0]["mid"] == oksana.told[-1].mid


async def test_files_are_fetched_without_a_token_and_not_for_ever(api, desk, clock, oksana):
    sent = [await oksana.sends_file("довідка.pdf", b"%PDF"), await oksana.sends_audio(), await oksana.sends_video()]
    url = sent[0].json["message"]["attachments"][0]["payload"]["url"]

    async with httpx.AsyncClient() as stranger:
        fetched = await stranger.get(url)
        unknown = await stranger.get(f"{api.url}/cdn/nothing")
        clock.at += DAY + 1
        late = await stranger.get(url)

    assert (fetched.content, fetched.headers["Content-Type"]) == (b"%PDF", "application/pdf")
    assert (unknown.status_code, late.status_code) == (403, 410)
    assert [file.downloads for file in api.files.by_token.values()] == [1, 0, 0]
    assert api.violations == []
    await desk.client.get(url)
    assert "shown to the CDN" in api.violations[0]


async def test_buttons_must_be_there_to_be_pressed(api, desk, oksana):
    link = {"type": "web_url", "title": "Map", "url": "https://example.org/map"}
    button = {"type": "postback", "title": "Doctor", "payload": "s:1"}
    await send(desk, message=template(buttons=[button, link]))
    await send(desk, message=offers("Yes"))

    pressed = await oksana.presses("Doctor")
    assert await oksana.presses("Map") == "https://example.org/map"
    await oksana.taps("Yes")

    assert pressed.json["postback"] == {"mid": pressed.mid, "title": "Doctor", "payload": "s:1"}
    with pytest.raises(NoSuchButton, match="sees no button 'Yes', but no buttons at all"):
        await oksana.taps("Yes")
    with pytest.raises(NoSuchButton, match=r"'Doctor', 'Map'"):
        await oksana.presses("Lawyer")
    with pytest.raises(NoSuchButton):
        await oksana.gets_started()


async def test_what_is_not_accepted_is_posted_again_and_overtaken(api, desk, oksana):
    api.webhook_backoff = 0.2
    desk.answers = [503]
    first = await oksana.writes("one")
    second = await oksana.writes("two")
    await api.until(lambda: not api.pending)

    assert [message["text"] for message in desk.heard("message")] == ["Добрий день", "two", "one"]
    assert (first.statuses, second.statuses) == ([503, 200], [200])


async def test_a_silent_webhook_is_given_up_at_last(desk, clock):
    desk.hold = 0.2
    async with GraphApi(
        page_token=TOKEN, app_secret=SECRET, verify_token=HANDSHAKE, now=clock, webhook_url=desk.url,
        webhook_backoff=0.0, webhook_timeout=0.02,
    ) as api:  # fmt: skip
        api.gives_up = 3
        event = await api.person("7").writes("hello")
        await api.until(lambda: not api.pending)

    assert (event.accepted, event.statuses) == (False, [0, 0, 0])


async def test_what_happens_before_there_is_a_webhook_waits_for_it(api, desk, oksana):
    api.webhook_url = ""
    await oksana.writes("one")
    await oksana.writes("two")
    assert len(api.pending) == 2
    api.webhook_url = desk.url
    await api.until(lambda: not api.pending)

    assert [message["text"] for message in desk.heard("message")] == ["Добрий день", "one", "two"]


async def test_the_same_event_may_come_often_and_many_at_once(api, desk, oksana):
    assert await api.deliver_again(api.events[0], times=20) == [200] * 20
    assert {message["mid"] for message in desk.heard("message")} == {api.events[0].mid}

    with api.batch():
        await oksana.writes("one")
        await api.person("7002").writes("two")
        await oksana.writes("three")
    await api.until(lambda: not api.pending)

    entries = json.loads(desk.bodies[-1])["entry"]
    assert [len(entry["messaging"]) for entry in entries] == [2, 1]


async def test_another_app_may_own_the_thread(api, desk, oksana):
    api.standby = True
    await oksana.writes("not for the bot")
    await api.until(lambda: not api.pending)

    assert json.loads(desk.bodies[-1])["entry"][0].keys() == {"id", "time", "standby"}


async def test_anything_may_be_posted(api, desk):
    assert await api.raw(b"not json") == 200
    assert await api.raw(b"{}", signature="sha256=00") == 200
    assert await api.raw(b"{}", signature="") == 200

    assert desk.signatures[1:] == ["sha256=00", None]
    assert desk.signatures[0] == "sha256=" + hmac.new(SECRET.encode(), b"not json", hashlib.sha256).hexdigest()


async def test_the_handshake_and_the_wish_to_be_deleted(api):
    assert await api.verifies(challenge="77") == (200, "77")
    assert (await api.verifies(token="wrong"))[0] == 403
    assert (await api.asks_deletion("app-scoped-9"))["confirmation_code"] == "gone-app-scoped-9"
    assert api.signed_request("9") != api.signed_request("9", secret="forged")
    assert api.violations == []


# What is sent


async def test_a_message_arrives_and_is_echoed(api, desk, oksana):
    message = {**offers("Yes", "No"), "metadata": "outbox:5"}
    answer = (await send(desk, message=message)).json()
    told = await oksana.hears()
    await api.until(lambda: not api.pending)

    assert answer == {"recipient_id": "7001", "message_id": told.mid}
    assert told.mid.startswith("m_")
    assert (told.text, told.quick_replies, told.metadata, told.time) == ("Choose", ["Yes", "No"], "outbox:5", NOON)
    assert (told.messaging_type, told.tag, told.buttons, told.attachments) == ("RESPONSE", "", [], [])
    echo = desk.events[1]
    assert (echo["sender"], echo["recipient"]) == ({"id": "1040001"}, {"id": "7001"})
    assert echo["message"] == {
        "is_echo": True, "app_id": 900100, "mid": told.mid, "text": "Choose", "metadata": "outbox:5",
    }  # fmt: skip
    assert desk.heard("delivery") == [{"mids": [told.mid], "watermark": int(NOON * 1000)}]
    assert api.calls_of("messages")[0].params["message"] == message
    assert api.violations == []


async def test_a_file_comes_in_a_form(api, desk, oksana):
    form = {
        "recipient": json.dumps({"id": "7001"}),
        "messaging_type": "UPDATE",
        "message": json.dumps({"attachment": {"type": "image", "payload": {"is_reusable": False}}}),
    }

    answer = await desk.client.post("1040001/messages", data=form, files={"filedata": ("a.png", b"PNG", "image/png")})
    wrong = await desk.client.post("me/messages", data=form, files={"filedata": ("a.pdf", b"PDF", "application/pdf")})
    large = await desk.client.post(
        "me/messages", data=form, files={"filedata": ("a", bytes(25 << 20) + b"!", "image/x")}
    )
    none = await desk.client.post("me/messages", data=form, files={"other": ("a", b"x", "image/png")})

    assert answer.json()["recipient_id"] == "7001"
    (file,) = oksana.told[0].attachments
    assert (file.kind, file.name, file.mime, file.content) == ("image", "a.png", "image/png", b"PNG")
    assert [said(no) for no in (wrong, large, none)] == [(400, 100, 0)] * 3
    await api.until(lambda: desk.heard("message")[-1].get("is_echo"))
    assert desk.heard("message")[-1]["attachments"] == [{"type": "image", "payload": {"url": file.url}}]


async def test_typing_is_shown_and_is_no_message(api, desk, oksana):
    body = {"recipient": {"id": "7001"}, "sender_action": "typing_on"}

    answer = await desk.client.post("me/messages", json=body)
    both = await desk.client.post("me/messages", json={**body, "message": {"text": "x"}})

    assert answer.json() == {"recipient_id": "7001"}
    assert said(both) == (400, 100, 0)
    assert (oksana.actions, oksana.told) == (["typing_on"], [])


FOURTEEN = [{"content_type": "text", "title": str(number), "payload": "p"} for number in range(14)]
LINK = {"type": "web_url", "title": "Map", "url": "http://example.org"}


@pytest.mark.parametrize(
    "wrong",
    [
        {"recipient": {}},
        {"recipient": {"id": 7001}},
        {"messaging_type": None},
        {"messaging_type": "UTILITY"},
        {"tag": "HUMAN_AGENT"},
        {"messaging_type": "MESSAGE_TAG"},
        {"messaging_type": "MESSAGE_TAG", "tag": "CUSTOMER_FEEDBACK"},
        {"mesaging_type": "RESPONSE"},
        {"message": None},
        {"message": {}},
        {"message": {"text": "x", "quickreplies": []}},
        {"message": {"text": " \n"}},
        {"message": {"text": "x" * 2001}},
        {"message": {"text": "🙂" * 1001}},
        {"message": {"text": "x", "metadata": "x" * 1001}},
        {"message": {"text": "x", "attachment": {"type": "image", "payload": {"url": "https://a.test/a.png"}}}},
        {"message": {"attachment": {"type": "image", "payload": {}}}},
        {"message": {"attachment": {"type": "image", "payload": {"url": "http://a.test/a.png"}}}},
        {"message": {"attachment": {"type": "picture", "payload": {"url": "https://a.test/a.png"}}}},
        {"message": {"quick_replies": offers("Yes")["quick_replies"]}},
        {"message": {"text": "x", "quick_replies": FOURTEEN}},
        {"message": offers("")},
        {"message": offers("x" * 21)},
        {"message": {"text": "x", "quick_replies": [{"content_type": "text", "title": "x", "payload": "p" * 1001}]}},
        {"message": {"text": "x", "quick_replies": [{"content_type": "txt", "title": "x", "payload": "p"}]}},
        {"message": template(text="x" * 641)},
        {"message": template(buttons=[])},
        {"message": template(buttons=[{"type": "postback", "title": "A", "payload": "a"}] * 4)},
        {"message": template(buttons=[{"type": "postback", "title": "x" * 21, "payload": "a"}])},
        {"message": template(buttons=[{"type": "postback", "title": "A"}])},
        {"message": template(buttons=[LINK])},
        {"message": template(template_type="generic")},
    ],
    ids=lambda wrong: json.dumps(wrong)[:60],
)
async def test_a_careless_message_is_refused_and_written_down(api, desk, oksana, wrong):
    assert said(await send(desk, **wrong)) == (400, 100, 0)
    assert oksana.told == []
    assert len(api.violations) == 1


async def test_what_is_just_short_enough_is_accepted(desk, oksana):
    for message in (
        {"text": "x" * 2000, "metadata": "x" * 1000},
        {"text": "x", "quick_replies": FOURTEEN[:13]},
        offers("x" * 20),
        template(text="x" * 640, buttons=[{**LINK, "url": "https://example.org", "title": "x" * 20}] * 3),
        {"attachment": {"type": "file", "payload": {"url": "https://a.test/a.pdf"}}},
    ):
        assert (await send(desk, message=message)).status_code == 200


@pytest.mark.parametrize("tag", ["CONFIRMED_EVENT_UPDATE", "ACCOUNT_UPDATE", "POST_PURCHASE_UPDATE"])
async def test_old_tags_are_dead(desk, oksana, tag):
    assert said(await send(desk, messaging_type="MESSAGE_TAG", tag=tag)) == (400, 100, 1893061)


async def test_the_window_closes_after_a_day_and_for_staff_after_a_week(api, desk, clock, oksana):
    by_hand = {"messaging_type": "MESSAGE_TAG", "tag": "HUMAN_AGENT"}
    closed = (400, 10, 2018278)
    clock.at = NOON + DAY
    assert (await send(desk)).status_code == 200
    clock.at += 1
    assert said(await send(desk)) == said(await send(desk, messaging_type="UPDATE")) == closed
    assert said(await send(desk, **by_hand)) == (400, 10, 0)
    api.human_agent = True
    assert (await send(desk, **by_hand)).status_code == 200
    await oksana.reads()
    await api.staff_writes_in_inbox("7001", "from the inbox")
    assert said(await send(desk)) == closed
    clock.at = NOON + 7 * DAY + 1
    assert said(await send(desk, **by_hand)) == closed
    assert api.violations == []

    await oksana.reacts()
    assert (await send(desk, **by_hand)).status_code == 200
    assert "the window without a tag is open" in api.violations[0]


async def test_some_people_cannot_be_written_to(api, desk, oksana):
    api.person("7002")
    assert said(await send(desk, to="7002")) == (400, 10, 2018278)
    assert said(await send(desk, to="7999")) == (400, 100, 2018001)
    await oksana.blocks()
    assert said(await send(desk)) == (400, 551, 1545041)
    with pytest.raises(ValueError, match="blocked"):
        await oksana.writes("hello")
    await oksana.unblocks()
    assert (await send(desk)).status_code == 200
    assert api.violations == []


async def test_the_page_may_be_restricted_or_too_fast(api, desk, clock, oksana):
    api.restricted = True
    assert said(await send(desk)) == (400, 10, 1893063)
    api.restricted = False
    api.slow_down(5)
    assert said(await send(desk)) == (400, 613, 0)
    clock.at += 5
    assert (await send(desk)).status_code == 200


async def test_the_token_comes_in_the_header_and_nowhere_else(api, desk, oksana):
    body = {"recipient": {"id": "7001"}, "messaging_type": "RESPONSE", "message": {"text": "x"}}
    async with httpx.AsyncClient(base_url=desk.client.base_url) as stranger:
        none = await stranger.post("me/messages", json=body)
        other = await stranger.post("me/messages", json=body, headers={"Authorization": "Bearer other"})
        assert api.violations == []
        asked = await stranger.post("me/messages", json=body, params={"access_token": TOKEN})
        told = await desk.client.post("me/messages", json={**body, "access_token": TOKEN})

    assert [said(no) for no in (none, other, asked, told)] == [(401, 190, 0)] * 4
    assert len(api.violations) == 2
    assert TOKEN not in repr(api.calls)


async def test_paths_that_are_not_there(api, desk):
    assert said(await desk.client.get(f"{api.url}/me")) == (404, 2500, 0)
    assert said(await desk.client.get("me/friends/all")) == (404, 2500, 0)
    assert said(await desk.client.get("me/friends")) == (400, 100, 33)
    assert said(await desk.client.post("999/messages", json={})) == (400, 100, 33)
    assert said(await desk.client.post("me/messages", content=b"{")) == (400, 100, 0)


# Echoes out of turn, and faults


async def test_an_echo_may_come_before_the_answer(api, desk, oksana):
    desk.hold = 0.05
    api.echo_first = True

    await send(desk)

    assert [message.get("is_echo", False) for message in desk.heard("message")] == [False, True]


async def test_echoes_may_be_held_or_not_come_at_all(api, desk, oksana):
    api.deliveries = False
    api.holds_echoes = True
    await send(desk)
    assert (api.pending, len(desk.events)) == ([], 1)
    await api.release_echoes()
    assert desk.heard("message")[-1]["mid"] == oksana.told[0].mid

    api.echoes = False
    await send(desk)
    await api.staff_writes_in_inbox("7001", "from the inbox")
    await api.release_echoes()

    assert [(message["text"], message["app_id"] == 900100, "metadata" in message) for message in desk.heard("message")[2:]] == [
        ("from the inbox", False, False)
    ]  # fmt: skip


async def test_a_send_may_be_refused_or_break_down(api, desk, oksana):
    api.faults.refuse(368)
    api.faults.refuse(4, count=2)
    api.faults.break_down(status=503, code=2)
    api.faults.break_down(performed=True)
    await desk.client.post("me/messages", json={"recipient": {"id": "7001"}, "sender_action": "mark_seen"})

    answers = [said(await send(desk, text=str(number))) for number in range(5)]

    assert answers == [(400, 368, 0), (400, 4, 0), (400, 4, 0), (503, 2, 0), (500, 1, 0)]
    assert [told.text for told in oksana.told] == ["4"]
    assert [(call.status, call.code, call.fault) for call in api.calls[-2:]] == [(503, 2, "break"), (500, 1, "break")]


async def test_a_message_may_arrive_although_the_page_hears_no_answer(api, desk, oksana):
    api.faults.drop(performed=False)
    api.faults.drop(performed=True)
    for text in ("never came", "came"):
        with pytest.raises(httpx.TransportError):
            await send(desk, message={"text": text, "metadata": text})
    await api.until(lambda: not api.pending)
    api.faults.delay(1.0, count=1)
    with pytest.raises(httpx.ReadTimeout):
        await desk.client.post(
            "me/messages",
            json={"recipient": {"id": "7001"}, "messaging_type": "RESPONSE", "message": {"text": "slow"}},
            timeout=0.1,
        )
    await api.until(lambda: not api.pending)

    assert [told.text for told in oksana.told] == ["came", "slow"]
    assert [message["text"] for message in desk.heard("message") if message.get("is_echo")] == ["came", "slow"]
    assert [call.status for call in api.calls_of("messages")] == [0, 0, 0]


# What the page says of itself

MENU = [
    {"locale": "default", "call_to_actions": [{"type": "postback", "title": "My tickets", "payload": "m:mine"}]},
    {"locale": "uk_UA", "call_to_actions": [{"type": "postback", "title": "Мої звернення", "payload": "m:mine"}]},
]


async def test_the_menu_needs_a_beginning_and_each_sees_it_in_their_language(api, desk, oksana):
    set_ = desk.client.post
    assert said(await set_("me/messenger_profile", json={"persistent_menu": MENU})) == (400, 100, 0)
    started = {"get_started": {"payload": "start"}, "persistent_menu": MENU}
    assert (await set_("me/messenger_profile", json=started)).json() == {"result": "success"}

    got = await desk.client.get("me/messenger_profile", params={"fields": "get_started,greeting"})
    begun = await api.person("7003").gets_started(ref="leaflet")
    again = await api.person("7003").presses("Get Started")
    pressed = await oksana.presses("Мої звернення")
    other = await api.person("7004", locale="en_US").presses("My tickets")

    assert got.json() == {"data": [{"get_started": {"payload": "start"}}]}
    assert (begun.json["postback"]["payload"], begun.json["postback"]["referral"]["ref"]) == ("start", "leaflet")
    assert "referral" not in again.json["postback"]
    assert pressed.json["postback"]["payload"] == other.json["postback"]["payload"] == "m:mine"
    for fields, status in ((["get_started"], 400), (["get_started", "persistent_menu"], 200)):
        answer = await desk.client.request("DELETE", "me/messenger_profile", json={"fields": fields})
        assert answer.status_code == status
    assert api.profile == {}


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"ice_breakers": []},
        {"get_started": {"payload": ""}},
        {"greeting": [{"locale": "uk_UA", "text": "Вітаємо"}]},
        {"greeting": [{"locale": "default", "text": "x" * 161}]},
        {"greeting": [{"locale": "default", "text": "x"}, {"locale": "ukr", "text": "x"}]},
        {"persistent_menu": MENU[1:]},
        {"persistent_menu": [{**MENU[0], "call_to_actions": MENU[0]["call_to_actions"] * 21}]},
        {"persistent_menu": [{**MENU[0], "call_to_actions": [{"type": "nested", "title": "x", "payload": "x"}]}]},
    ],
    ids=lambda wrong: json.dumps(wrong)[:60],
)
async def test_a_wrong_profile_is_refused(api, desk, wrong):
    await desk.client.post("me/messenger_profile", json={"get_started": {"payload": "start"}})

    assert said(await desk.client.post("me/messenger_profile", json=wrong)) == (400, 100, 0)
    assert api.profile == {"get_started": {"payload": "start"}}


async def test_only_what_was_subscribed_to_is_heard(api, desk, oksana):
    subscribe = desk.client.post
    assert said(await subscribe("me/subscribed_apps", json={"subscribed_fields": ["mesages"]})) == (400, 100, 0)
    fields = {"subscribed_fields": "messages,messaging_postbacks"}
    assert (await subscribe("1040001/subscribed_apps", params=fields)).json() == {"success": True}

    await send(desk)
    read = await oksana.reads()
    await oksana.writes("heard")
    await api.until(lambda: not api.pending)

    assert [message["text"] for message in desk.heard("message")] == ["Добрий день", "heard"]
    assert (read.accepted, read.statuses) == (False, [])
    apps = (await desk.client.get("me/subscribed_apps")).json()["data"]
    assert apps[0]["subscribed_fields"] == ["messages", "messaging_postbacks"]


async def test_names_are_given_to_those_who_may_have_them(api, desk, oksana):
    asked = {"fields": "first_name,last_name"}
    assert said(await desk.client.get("7001", params=asked)) == (400, 100, 33)
    api.gives_names = True

    assert (await desk.client.get("7001", params=asked)).json() == {
        "id": "7001", "first_name": "Оксана", "last_name": "Коваль",
    }  # fmt: skip
    assert (await desk.client.get("me", params={"fields": "id,name"})).json() == {"id": "1040001", "name": "Poruch"}
    assert said(await desk.client.get("me", params={"fields": "access_tokens"})) == (400, 100, 0)
