"""The stand-in of Telegram keeps Telegram's promises, towards the two libraries that the bot is made of."""

import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import httpx
import pytest
from aiogram import Bot
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.exceptions import (
    TelegramBadRequest,
    TelegramConflictError,
    TelegramForbiddenError,
    TelegramRetryAfter,
    TelegramUnauthorizedError,
)
from aiogram.types import BufferedInputFile, InlineKeyboardButton, InlineKeyboardMarkup, Update
from aiohttp import web
from telegram import Bot as PtbBot
from telegram import BotCommand as PtbCommand
from telegram import BotCommandScopeChat, KeyboardButton, MenuButtonCommands, ReplyKeyboardMarkup, ReplyKeyboardRemove
from telegram import InlineKeyboardButton as PtbButton
from telegram import InlineKeyboardMarkup as PtbMarkup
from telegram import Update as PtbUpdate
from telegram.error import BadRequest, ChatMigrated, Forbidden, InvalidToken, NetworkError, RetryAfter, TimedOut
from telegram.ext import ExtBot
from telegram.request import HTTPXRequest

from bot.channels.telegram.sending import seconds_of
from tests.telegram_api import Flood, NoSuchButton, Person, RemoteApi, TelegramApi
from tests.telegram_api.files import DOT
from tests.telegram_api.wording import parse_html

ROOT = Path(__file__).parents[2]
# The library counts seconds now and will say timedelta one day; both are fine here.
pytestmark = pytest.mark.filterwarnings("ignore::telegram.warnings.PTBDeprecationWarning")


@pytest.fixture
async def api() -> AsyncIterator[TelegramApi]:
    async with TelegramApi(webhook_backoff=0.01, webhook_gap=0.0, hasty_wait=0.05) as api:
        yield api


@pytest.fixture
async def listener(api: TelegramApi) -> AsyncIterator[Bot]:
    """aiogram, which receives."""
    bot = Bot(api.token, session=AiohttpSession(api=TelegramAPIServer.from_base(api.url)))
    yield bot
    await (await bot.session.create_session()).close()


@pytest.fixture
async def sender(api: TelegramApi) -> AsyncIterator[ExtBot]:
    """python-telegram-bot, which sends."""
    plain = {"verify": False}  # No certificates on loopback, and loading them would be the slowest part of a test.
    bot = ExtBot(
        api.token,
        base_url=f"{api.url}/bot",
        base_file_url=f"{api.url}/file/bot",
        request=HTTPXRequest(httpx_kwargs=plain),
        get_updates_request=HTTPXRequest(httpx_kwargs=plain),
    )
    async with bot:
        yield bot


@pytest.fixture
async def oksana(api: TelegramApi) -> Person:
    person = api.person(7, "Oksana", language_code="uk", last_name="Koval")
    await person.starts()
    return person


def keyboard(*rows: list[tuple[str, str]]) -> PtbMarkup:
    return PtbMarkup([[PtbButton(label, callback_data=data) for label, data in row] for row in rows])


class Hook:
    """A webhook that answers what it is told to, and remembers what it got."""

    def __init__(self) -> None:
        self.got: list[dict] = []
        self.headers: list[dict[str, str]] = []
        self.answers: list[tuple[int, dict[str, str]]] = []
        self.under_way = self.most_under_way = 0
        self.hold = 0.0
        self.url = ""

    @asynccontextmanager
    async def open(self) -> AsyncIterator["Hook"]:
        runner = web.ServerRunner(web.Server(self._take, access_log=None), shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
        yield self
        await runner.cleanup()

    async def _take(self, request: web.BaseRequest) -> web.Response:
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        update = await request.json()
        await asyncio.sleep(self.hold)
        self.under_way -= 1
        status, headers = self.answers.pop(0) if self.answers else (200, {})
        if status < 300:
            self.got.append(update)
            self.headers.append(dict(request.headers))
        return web.Response(status=status, headers=headers)


@pytest.fixture
async def hook() -> AsyncIterator[Hook]:
    async with Hook().open() as hook:
        yield hook


# Receiving by polling


async def test_a_poll_that_waits_is_answered_when_someone_writes(api, listener, oksana):
    await listener.get_updates(offset=-1)
    asked = asyncio.create_task(listener.get_updates(offset=api.updates.next_id, timeout=30))
    await api.until(lambda: api.calls_of("getUpdates")[-1].params.get("timeout") == "30")

    await oksana.writes("Потрібен лікар")
    (update,) = await asked

    assert update.message.text == "Потрібен лікар"
    assert update.message.from_user.language_code == "uk"
    assert update.message.chat.type == "private"


async def test_an_update_comes_again_until_a_higher_offset_confirms_it(api, listener, oksana):
    await oksana.writes("hello")
    first = await listener.get_updates()

    again = await listener.get_updates(offset=first[0].update_id)
    rest = await listener.get_updates(offset=first[0].update_id + 1)

    assert [update.update_id for update in first] == [api.updates.next_id - 2, api.updates.next_id - 1]
    assert again[0].update_id == first[0].update_id
    assert [update.message.text for update in rest] == ["hello"]
    assert api.pending == 1


async def test_a_poller_that_does_not_move_on_gets_one_at_a_time(listener, oksana):
    await oksana.writes("hello")

    assert len(await listener.get_updates()) == 2
    assert len(await listener.get_updates()) == 1


async def test_at_most_a_hundred_come_at_once(api, listener, oksana):
    for number in range(150):
        await oksana.writes(f"message {number}")

    batch = await listener.get_updates(limit=1000)

    assert len(batch) == 100
    assert [update.update_id for update in batch] == sorted(update.update_id for update in batch)


async def test_what_was_not_asked_for_is_never_heard_and_the_wish_is_remembered(listener, oksana):
    await listener.get_updates(offset=-1, allowed_updates=["message"])
    await oksana.blocks()
    await oksana.unblocks()
    await oksana.writes("only this")

    batch = await listener.get_updates()

    assert [update.message and update.message.text for update in batch] == ["/start", "only this"]


async def test_two_pollers_are_a_conflict(api, listener):
    first = asyncio.create_task(listener.get_updates(timeout=20))
    await api.until(lambda: api.calls_of("getUpdates"))
    second = asyncio.create_task(listener.get_updates(offset=5, timeout=20))

    with pytest.raises(TelegramConflictError, match="terminated by other getUpdates request"):
        await first
    second.cancel()


async def test_a_press_that_nobody_fetched_is_forgotten_after_a_while(api, listener, sender, oksana):
    await sender.send_message(7, "Choose", reply_markup=keyboard([("Doctor", "s:1")]))
    await oksana.presses("Doctor")

    api.later(151)
    batch = await listener.get_updates()

    assert [bool(update.message) for update in batch] == [True]


# Receiving by webhook


async def test_the_webhook_gets_each_update_with_the_secret(api, listener, hook, oksana):
    await listener.set_webhook(hook.url, secret_token="s3cret-Word_", allowed_updates=["message"])
    await oksana.writes("hello")
    await api.until(lambda: not api.pending)

    assert [Update.model_validate(update).message.text for update in hook.got] == ["/start", "hello"]
    assert {headers["X-Telegram-Bot-Api-Secret-Token"] for headers in hook.headers} == {"s3cret-Word_"}
    with pytest.raises(TelegramConflictError, match="while webhook is active"):
        await listener.get_updates()


async def test_a_failing_webhook_is_tried_again_until_it_accepts(api, listener, hook, oksana):
    hook.answers = [(503, {}), (500, {}), (404, {})]
    await listener.set_webhook(hook.url)
    await oksana.writes("hello")
    await api.until(lambda: not api.pending)

    info = await listener.get_webhook_info()

    assert [update["message"]["text"] for update in hook.got] == ["/start", "hello"]
    assert [delivery.status for delivery in api.deliveries] == [503, 500, 404, 200, 200]
    assert info.last_error_message == "Wrong response from the webhook: 404 Not Found"
    assert info.pending_update_count == 0


async def test_the_webhook_may_ask_for_a_pause(api, listener, hook, oksana):
    hook.answers = [(503, {"Retry-After": "1"})]
    await listener.set_webhook(hook.url)
    await api.until(lambda: not api.pending)

    first, second = api.deliveries

    assert (first.status, second.status) == (503, 200)
    assert second.time - first.time >= 1.0


async def test_one_chat_waits_for_its_turn_while_others_go_on(api, listener, hook):
    hook.hold = 0.02
    await listener.set_webhook(hook.url, max_connections=5)
    people = [api.person(number) for number in range(1, 11)]
    for word in ("one", "two"):
        for person in people:
            await person.writes(word)
    await api.until(lambda: not api.pending)

    for person in people:
        mine = [delivery for delivery in api.deliveries if delivery.lane == person.id]
        assert mine[0].ended <= mine[1].time
    assert hook.most_under_way == 5
    assert [u["message"]["text"] for u in hook.got if u["message"]["from"]["id"] == 3] == ["one", "two"]


async def test_the_same_update_may_come_fifty_times_at_once(api, listener, hook, oksana):
    await listener.set_webhook(hook.url)
    await api.until(lambda: not api.pending)
    hook.hold = 0.01

    answers = await api.deliver_again(hook.got[0]["update_id"], times=50)

    assert answers == [200] * 50
    assert hook.most_under_way == 50
    assert len({update["update_id"] for update in hook.got}) == 1


async def test_a_test_may_put_anything_among_the_updates(api, listener, hook):
    await listener.set_webhook(hook.url, allowed_updates=["message"])
    update_id = api.raw_update({"managed_dream": {"of": "tomorrow"}})
    await api.until(lambda: not api.pending)

    assert hook.got == [{"update_id": update_id, "managed_dream": {"of": "tomorrow"}}]


async def test_nothing_is_lost_while_the_webhook_is_away(api, listener, hook, oksana):
    await listener.set_webhook("http://127.0.0.1:9/nobody")
    await oksana.writes("hello")
    await api.until(lambda: len(api.deliveries) > 2)

    info = await listener.get_webhook_info()
    await listener.set_webhook(hook.url)
    await api.until(lambda: not api.pending)

    assert info.pending_update_count == 2
    assert info.last_error_message == "Connection refused"
    assert [update["message"]["text"] for update in hook.got] == ["/start", "hello"]


async def test_a_webhook_is_taken_back_and_polling_goes_on(api, listener, hook, oksana):
    await listener.set_webhook(hook.url, drop_pending_updates=True)
    await listener.delete_webhook()
    await oksana.writes("hello")

    assert [update.message.text for update in await listener.get_updates()] == ["hello"]
    assert hook.got == []


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"url": "http://a.test/", "secret_token": "with space"}, "secret token contains unallowed characters"),
        ({"url": "http://a.test/", "secret_token": "x" * 257}, "secret token is too long"),
        ({"url": "ftp://a.test/"}, "invalid webhook URL specified"),
    ],
)
async def test_a_webhook_is_refused(listener, asked, words):
    with pytest.raises(TelegramBadRequest, match=words):
        await listener.set_webhook(**asked)


async def test_a_webhook_cannot_be_set_twice_in_a_second(listener, hook, api):
    api.webhook_gap = 1.0
    await listener.set_webhook(hook.url)

    with pytest.raises(TelegramRetryAfter):
        await listener.set_webhook(hook.url)


# Sending


async def test_a_person_sees_what_was_sent(sender, oksana):
    markup = PtbMarkup([[PtbButton("Doctor", callback_data="s:1"), PtbButton("Map", url="https://example.org/map")]])
    sent = await sender.send_message(
        7, "  <b>Вітаємо</b> 🙂 &amp; добрий день ", parse_mode="HTML", reply_markup=markup
    )

    assert oksana.last_text == "Вітаємо 🙂 & добрий день"
    assert oksana.last.buttons == [["Doctor", "Map"]]
    assert (sent.message_id, sent.chat_id) == (oksana.last.message_id, 7)
    assert [(entity.type, entity.offset, entity.length) for entity in sent.entities] == [("bold", 0, 7)]
    assert await oksana.presses("Map") == "https://example.org/map"


async def test_both_libraries_may_send(listener, sender, oksana):
    await listener.send_message(7, "from aiogram")
    await sender.send_message(7, "from python-telegram-bot")

    assert [message.text for message in oksana.screen] == ["from aiogram", "from python-telegram-bot"]


@pytest.mark.parametrize("how", ["json", "form", "query"])
async def test_parameters_may_come_in_any_clothes(api, oksana, how):
    asked = {
        "chat_id": 7,
        "text": "здоров",
        "reply_markup": {"inline_keyboard": [[{"text": "A", "callback_data": "a"}]]},
    }
    flat = {name: value if isinstance(value, str) else json.dumps(value) for name, value in asked.items()}
    clothes = {"json": {"json": asked}, "form": {"data": flat}, "query": {"params": flat}}[how]
    async with httpx.AsyncClient() as client:
        answer = await client.post(f"{api.url}/bot{api.token}/sendMessage", **clothes)

    assert answer.json()["ok"] is True
    assert (oksana.last_text, oksana.last.buttons) == ("здоров", [["A"]])


async def test_an_edit_changes_what_is_seen_and_a_second_one_is_refused(sender, oksana):
    sent = await sender.send_message(7, "Choose", reply_markup=keyboard([("Doctor", "s:1")]))

    await sent.edit_text("Chosen: doctor")

    assert (oksana.last_text, oksana.last.buttons) == ("Chosen: doctor", [])
    with pytest.raises(BadRequest, match="Message is not modified: specified new message content"):
        await sent.edit_text("Chosen: doctor")
    with pytest.raises(NoSuchButton):
        await oksana.presses("Doctor")


async def test_the_keyboard_alone_can_be_changed(sender, oksana):
    sent = await sender.send_message(7, "Choose", reply_markup=keyboard([("Doctor", "s:1")]))

    await sent.edit_reply_markup(keyboard([("Lawyer", "s:2")], [("Back", "b")]))

    assert oksana.last.buttons == [["Lawyer"], ["Back"]]


async def test_what_carries_a_reply_keyboard_cannot_be_edited(sender, oksana):
    sent = await sender.send_message(7, "Choose", reply_markup=ReplyKeyboardMarkup([["Yes", "No"]]))

    with pytest.raises(BadRequest, match="can't be edited"):
        await sent.edit_text("Chosen")


async def test_a_reply_keyboard_writes_for_the_person_until_it_is_removed(listener, sender, oksana):
    share = KeyboardButton("My number", request_contact=True)
    await sender.send_message(7, "Choose", reply_markup=ReplyKeyboardMarkup([["Yes", share]]))

    await oksana.presses("Yes")
    await oksana.presses("My number")
    await sender.send_message(7, "Thanks", reply_markup=ReplyKeyboardRemove())

    _, yes, contact = await listener.get_updates()
    assert yes.message.text == "Yes"
    assert contact.message.contact.user_id == 7
    with pytest.raises(NoSuchButton):
        await oksana.presses("Yes")


async def test_messages_are_deleted_for_two_days_and_not_longer(api, sender, oksana):
    old = await sender.send_message(7, "old")
    api.later(48 * 3600)
    fresh = await sender.send_message(7, "fresh")
    written = await oksana.writes("mine")

    await fresh.delete()
    await sender.delete_message(7, written.message_id)

    assert [message.text for message in oksana.screen] == ["old"]
    with pytest.raises(BadRequest, match="can't be deleted for everyone"):
        await old.delete()
    with pytest.raises(BadRequest, match="Message to delete not found"):
        await fresh.delete()


async def test_a_reply_needs_its_message_unless_it_may_do_without(sender, oksana):
    with pytest.raises(BadRequest, match="Message to be replied not found"):
        await sender.send_message(7, "yes", reply_to_message_id=99)

    without = await sender.send_message(7, "yes", reply_to_message_id=99, allow_sending_without_reply=True)
    with_it = await sender.send_message(7, "yes", reply_to_message_id=1)

    assert without.reply_to_message is None
    assert with_it.reply_to_message.text == "/start"


@pytest.mark.parametrize(
    ("text", "more", "words"),
    [
        ("", {}, "message text is empty"),
        (" \n\u200b\u2068 ", {}, "text must be non-empty"),
        ("я" * 4097, {}, "message is too long"),
        ("🙂" * 2049, {}, "message is too long"),
        (
            "<b>open",
            {"parse_mode": "HTML"},
            "can't parse entities: Can't find end tag corresponding to start tag \"b\"",
        ),
        ("a < b", {"parse_mode": "HTML"}, 'can\'t parse entities: Unsupported start tag "" at byte offset 2'),
        ("hi", {"message_thread_id": 3}, "message thread not found"),
        ("hi", {"reply_markup": keyboard([("Doctor", "я" * 33)])}, "BUTTON_DATA_INVALID"),
        ("hi", {"reply_markup": keyboard([(" ", "a")])}, "inline keyboard button text must be non-empty"),
        (
            "hi",
            {"reply_markup": PtbMarkup([[PtbButton("Alone")]])},
            "can't parse InlineKeyboardButton: Text buttons are not allowed in the inline keyboard",
        ),
        (
            "hi",
            {"reply_markup": PtbMarkup([[PtbButton("Call", url="tel:112")]])},
            "inline keyboard button URL 'tel:112' is invalid: Wrong HTTP URL",
        ),
        (
            "hi",
            {"reply_markup": {"inline_keyboard": [{"text": "A"}]}},
            'field "inline_keyboard" of the InlineKeyboardMarkup must be an Array of Arrays',
        ),
    ],
)
async def test_a_message_is_refused_in_telegrams_words(api, sender, oksana, text, more, words):
    with pytest.raises(BadRequest):
        await sender.send_message(7, text, **more)

    assert api.calls[-1].error == f"Bad Request: {words}"
    assert oksana.screen == []


async def test_telegram_tidies_a_text(sender, oksana):
    await sender.send_message(7, "\u202eone\ttwo\r\nthree \u2068isolated\u2069\n")

    assert oksana.last_text == "one two\nthree \u2068isolated\u2069"


async def test_a_link_brings_its_word(listener, oksana):
    await oksana.starts("course-12")

    update = (await listener.get_updates())[-1]

    assert update.message.text == "/start course-12"
    assert update.message.entities[0].length == 6
    with pytest.raises(ValueError, match="at most 64"):
        await oksana.starts("курс")


async def test_a_button_does_one_thing(listener, oksana):
    button = InlineKeyboardButton(text="Both", callback_data="a", url="https://example.org")

    with pytest.raises(TelegramBadRequest, match="exactly one"):
        await listener.send_message(7, "hi", reply_markup=InlineKeyboardMarkup(inline_keyboard=[[button]]))


async def test_texts_up_to_the_limit_go_through(sender, oksana):
    await sender.send_message(7, "я" * 4096, reply_markup=keyboard([("Doctor", "я" * 32)]))

    assert len(oksana.last_text) == 4096


async def test_nobody_is_written_to_who_did_not_come_first(api, sender):
    stranger = api.person(9)

    with pytest.raises(BadRequest, match="Chat not found"):
        await sender.send_message(9, "hello")
    with pytest.raises(BadRequest, match="Chat not found"):
        await sender.send_message(123456, "hello")
    assert stranger.screen == []


async def test_who_blocked_the_bot_or_left_cannot_be_reached(listener, sender, oksana):
    await oksana.blocks()
    with pytest.raises(Forbidden, match="bot was blocked by the user"):
        await sender.send_message(7, "hello")
    await oksana.starts()
    await sender.send_message(7, "welcome back")
    await oksana.deletes_account()
    with pytest.raises(TelegramForbiddenError, match="user is deactivated"):
        await listener.send_message(7, "hello")

    updates = await listener.get_updates()
    changes = [update.my_chat_member.new_chat_member.status for update in updates if update.my_chat_member]
    assert changes == ["kicked", "member"]
    assert updates[-1].message.text == "/start"


# Pressing


async def test_a_press_is_answered_once_and_in_time(api, listener, sender, oksana):
    await sender.send_message(7, "Choose", reply_markup=keyboard([("Doctor", "s:1")]))
    press, late = await oksana.presses("Doctor"), await oksana.presses("s:1")
    query = (await listener.get_updates())[1].callback_query
    assert (query.data, query.message.text, query.from_user.id) == ("s:1", "Choose", 7)

    with pytest.raises(BadRequest, match="Message_too_long"):
        await sender.answer_callback_query(query.id, "x" * 201)
    await sender.answer_callback_query(query.id, "Saved")

    assert press.answered
    assert [toast["text"] for toast in oksana.toasts] == ["Saved"]
    with pytest.raises(BadRequest, match="Query is too old and response timeout expired or query id is invalid"):
        await sender.answer_callback_query(query.id)
    api.later(16)
    with pytest.raises(BadRequest, match="Query is too old"):
        await sender.answer_callback_query(late.id)
    assert api.unanswered == [late]


# Files


async def test_the_bot_fetches_what_a_person_sent(listener, sender, oksana):
    await oksana.sends_photo(DOT, caption="passport")
    await oksana.sends_document(b"%PDF a letter", name="letter.pdf")
    _, photo, document = await listener.get_updates()

    picture = await listener.download(photo.message.photo[-1])
    letter = await (await sender.get_file(document.message.document.file_id)).download_as_bytearray()

    assert picture.read() == DOT
    assert [size.width for size in photo.message.photo] == [90, 320, 1280]
    assert bytes(letter) == b"%PDF a letter"


async def test_a_file_over_twenty_megabytes_stays_with_telegram(listener, oksana):
    sent = await oksana.sends_document(size=48 << 20)

    with pytest.raises(TelegramBadRequest, match="file is too big"):
        await listener.get_file(sent.json["document"]["file_id"])
    with pytest.raises(TelegramBadRequest, match="invalid file_id"):
        await listener.get_file("nothing")


async def test_the_bot_sends_files_and_sends_them_again_by_their_id(listener, sender, oksana):
    sent = await sender.send_document(7, b"a list", filename="list.txt", caption="Courses")
    await listener.send_document(7, sent.document.file_id)
    await listener.send_photo(7, BufferedInputFile(DOT, "map.png"), caption="Map")

    assert [(message.kind, message.text) for message in oksana.screen] == [
        ("document", "Courses"),
        ("document", ""),
        ("photo", "Map"),
    ]
    assert await (await sender.get_file(sent.document.file_id)).download_as_bytearray() == b"a list"


@pytest.mark.parametrize(
    ("content", "caption", "words"),
    [
        (b"not a picture", None, "IMAGE_PROCESS_FAILED"),
        (b"", None, "file must be non-empty"),
        (DOT, "я" * 1025, "message caption is too long"),
        ("unknown-id", None, "wrong file identifier/HTTP URL specified"),
    ],
)
async def test_a_photo_is_refused(api, sender, oksana, content, caption, words):
    with pytest.raises(BadRequest):
        await sender.send_photo(7, content, caption=caption)

    assert api.calls[-1].error == f"Bad Request: {words}"


async def test_every_kind_of_message_is_understood_by_both_libraries(listener, sender, oksana):
    taras = await oksana.sends_contact("+380671112233", "Taras", own=False)
    await oksana.sends_voice()
    await oksana.sends_audio()
    await oksana.sends_video(caption="our street")
    await oksana.sends_video_note()
    await oksana.sends_sticker()
    await oksana.sends_location()
    await oksana.sends_venue()
    await oksana.sends_poll()
    await oksana.sends_dice()
    await oksana.forwards("Come at nine")
    await oksana.forwards("Come at ten", of=oksana)
    await oksana.sends_album([DOT, DOT], caption="two pages")
    await oksana.edits(taras.message_id - 1, "/start again https://example.org")
    await oksana.sends(story={"id": 1, "chat": oksana.json})

    raw = json.loads(await listener_raw(listener))
    for update in raw:
        Update.model_validate(update, context={"bot": listener})
        assert PtbUpdate.de_json(update, sender).effective_message

    albums = {update["message"]["media_group_id"] for update in raw if "media_group_id" in update.get("message", {})}
    assert len(albums) == 1
    assert [entity["type"] for entity in raw[-2]["edited_message"]["entities"]] == ["bot_command", "url"]


async def listener_raw(listener: Bot) -> str:
    async with aiohttp.ClientSession() as session:
        url = listener.session.api.api_url(listener.token, "getUpdates")
        async with session.get(url) as answer:
            return json.dumps((await answer.json())["result"])


# Pace


async def test_a_burst_to_one_person_is_refused_and_a_second_later_it_goes_on(api, sender, oksana):
    for number in range(3):
        await sender.send_message(7, f"message {number}")
    with pytest.raises(RetryAfter) as told:
        await sender.send_message(7, "too fast")
    api.later(1)
    await sender.send_message(7, "in time")

    assert seconds_of(told.value) == 1
    assert api.violations == []
    assert oksana.last_text == "in time"


async def test_a_send_during_a_told_wait_is_refused_and_remembered(api, sender, oksana):
    api.flood.chat_gap = 30.0  # A wait so long that a slow machine does not outlive it.
    other = api.person(8)
    await other.starts()
    for number in range(3):
        await sender.send_message(7, f"message {number}")
    for _ in range(2):
        with pytest.raises(RetryAfter):
            await sender.send_message(7, "too fast")
        api.later(10)
    await sender.send_message(8, "the wait was for another chat")

    assert [(violation.chat_id, violation.told_for) for violation in api.violations] == [(7, 7)]
    assert api.flood.sends_in_any_wait == 2


def test_all_together_are_no_faster_than_thirty_in_a_second():
    flood = Flood()

    assert [flood.take(person, 100.0, group=False) for person in range(30)] == [0] * 30
    assert flood.take(31, 100.5, group=False) == 1
    assert flood.waiting(31, 100.9) == flood.waiting(8, 100.9) == 1
    assert flood.take(31, 101.5, group=False) == 0


async def test_a_group_takes_twenty_in_a_minute_edits_included(api, sender, oksana):
    group = api.group(-1001, "Staff")
    await group.adds_bot(oksana)
    for number in range(19):
        sent = await sender.send_message(-1001, f"message {number}")
    await sent.edit_text("twentieth")

    with pytest.raises(RetryAfter) as told:
        await sender.send_message(-1001, "one more")
    assert 58 <= seconds_of(told.value) <= 60


# Groups


async def test_a_group_is_heard_when_it_speaks_to_the_bot(api, listener, sender, oksana):
    group = api.group(-1001, "Staff")
    with pytest.raises(BadRequest, match="Chat not found"):
        await sender.send_message(-1001, "hello")
    await group.adds_bot(oksana)
    await group.writes(oksana, "among ourselves")
    await group.writes(oksana, "/help")

    await group.removes_bot(oksana)

    texts = [update.message.text for update in await listener.get_updates() if update.message]
    assert texts == ["/start", None, "/help"]
    with pytest.raises(Forbidden, match="bot was kicked from the group chat"):
        await sender.send_message(-1001, "hello")


async def test_a_group_that_became_a_supergroup_tells_its_new_number(api, sender, oksana):
    group = api.group(-1001, "Staff")
    await group.adds_bot(oksana)
    fresh = await group.upgrades(to=-1001234567890)

    with pytest.raises(ChatMigrated) as told:
        await sender.send_message(-1001, "hello")
    await sender.send_message(told.value.new_chat_id, "hello")

    assert fresh.last_text == "hello"
    await sender.leave_chat(fresh.id)
    with pytest.raises(Forbidden, match="bot is not a member of the supergroup chat"):
        await sender.send_message(fresh.id, "hello")


# What the bot says of itself


async def test_commands_are_kept_by_scope_and_language(listener, sender, oksana):
    await sender.set_my_commands([PtbCommand("help", "Допомога")], language_code="uk")
    await sender.set_my_commands([PtbCommand("mine", "Only here")], scope=BotCommandScopeChat(7))
    await listener.set_my_description("A help desk", language_code="uk")
    await sender.set_chat_menu_button(menu_button=MenuButtonCommands())

    assert [command.description for command in await listener.get_my_commands(language_code="uk")] == ["Допомога"]
    assert await sender.get_my_commands() == ()
    await sender.delete_my_commands(language_code="uk")
    assert await listener.get_my_commands(language_code="uk") == []
    assert (await sender.get_my_description("uk")).description == "A help desk"
    assert (await sender.get_my_name()).name == "Poruch"
    assert (await sender.get_chat(7)).first_name == "Oksana"


@pytest.mark.parametrize(
    ("commands", "more", "words"),
    [
        ([("Help", "x")], {}, "BOT_COMMAND_INVALID"),
        ([("a" * 33, "x")], {}, "command length must not exceed 32"),
        ([("help", " ")], {}, "command description must be non-empty"),
        ([("help", "x" * 257)], {}, "command description length must not exceed 256"),
        ([(f"c{number}", "x") for number in range(101)], {}, "BOT_COMMANDS_TOO_MUCH"),
        ([("help", "x")], {"language_code": "ukr"}, "invalid language code specified"),
        ([("help", "x")], {"scope": BotCommandScopeChat(99)}, "chat not found"),
    ],
)
async def test_commands_are_refused(api, sender, commands, more, words):
    with pytest.raises(BadRequest):
        await sender.set_my_commands(commands, **more)

    assert api.calls[-1].error == f"Bad Request: {words}"


async def test_a_wrong_token_and_an_unknown_method_are_refused(api, sender):
    stranger = Bot("123456789:another", session=AiohttpSession(api=TelegramAPIServer.from_base(api.url)))
    with pytest.raises(TelegramUnauthorizedError, match="Unauthorized"):
        await stranger.get_me()
    await (await stranger.session.create_session()).close()
    other = PtbBot("123456789:another", base_url=f"{api.url}/bot")
    with pytest.raises(InvalidToken):
        await other.initialize()
    await other.shutdown()
    async with httpx.AsyncClient() as client:
        answer = await client.get(f"{api.url}/bot{api.token}/sendHugs")

    assert (answer.status_code, answer.json()) == (404, {"ok": False, "error_code": 404, "description": "Not Found"})
    assert api.calls[-1].status == 404


# Faults


async def test_sends_are_refused_as_often_as_told_and_nothing_else_is(api, sender, oksana):
    api.faults.refuse_sends(2, retry_after=1)
    for _ in range(2):
        with pytest.raises(RetryAfter):
            await sender.send_message(7, "hello")
        await sender.get_me()
        api.later(1)
    await sender.send_message(7, "hello")

    assert [call.status for call in api.calls_of("sendMessage")] == [429, 429, 200]
    assert api.violations == []


async def test_a_slow_answer_comes_after_the_message(api, sender, oksana):
    api.faults.delay(0.2)

    sending = asyncio.create_task(sender.send_message(7, "hello"))
    heard = await oksana.hears()

    assert not sending.done()
    assert (await sending).message_id == heard.message_id


async def test_a_message_may_arrive_although_the_bot_hears_nothing(api, sender, oksana):
    api.faults.delay(1.0, count=1)
    with pytest.raises(TimedOut):
        await sender.send_message(7, "too slow", read_timeout=0.05)
    api.faults.drop_answers(1)
    with pytest.raises(NetworkError):
        await sender.send_message(7, "dropped")
    api.faults.drop_answers(1, performed=False)
    with pytest.raises(NetworkError):
        await sender.send_message(7, "never came")

    assert [message.text for message in oksana.screen] == ["too slow", "dropped"]
    assert api.calls[-1].status == 0


async def test_a_page_or_nonsense_may_come_instead_of_an_answer(api, listener, sender, oksana):
    api.faults.break_down(1, status=502)
    with pytest.raises(NetworkError, match="Bad Gateway"):
        await sender.send_message(7, "lost")
    api.faults.talk_nonsense(1)
    with pytest.raises(Exception, match="Invalid server response"):
        await sender.send_message(7, "arrived")
    api.faults.break_down(1, status=500, methods=["getUpdates"])
    with pytest.raises(Exception, match=r"500|Internal|decode"):
        await listener.get_updates()

    assert [message.text for message in oksana.screen] == ["arrived"]


async def test_telegram_may_be_away_for_a_while(api, sender, oksana):
    await api.goes_away()
    with pytest.raises(NetworkError):
        await sender.send_message(7, "lost")
    await api.comes_back()
    await api.goes_away(seconds=0.05)
    with pytest.raises(NetworkError):
        await sender.send_message(7, "lost as well")
    await asyncio.sleep(0.1)

    await sender.send_message(7, "hello")

    assert oksana.last_text == "hello"


# The control door


async def test_the_town_can_be_led_from_another_process(api, sender):
    async with RemoteApi(api.url) as remote:
        taras = await remote.person(8, "Taras", language_code="pl")
        await taras.starts()
        await taras.sends_document(content=b"%PDF", name="a.pdf")
        waiting = asyncio.create_task(taras.hears(within=5))
        await remote.faults.refuse_sends(count=1, retry_after=1)
        with pytest.raises(RetryAfter):
            await sender.send_message(8, "hello")
        await remote.later(seconds=1)
        await sender.send_message(8, "hello", reply_markup=keyboard([("Yes", "y")]))

        assert (await waiting)["text"] == "hello"
        assert [message["buttons"] for message in await taras.screen()] == [[["Yes"]]]
        assert (await taras.presses(button="Yes"))["data"] == "y"
        assert [call["status"] for call in await remote.calls() if call["method"] == "sendMessage"] == [429, 200]
        assert await remote.violations() == []
        with pytest.raises(LookupError, match="sees no button 'No'"):
            await taras.presses(button="No")
        await remote.many([{"person": 8, "act": "writes", "text": str(number)} for number in range(50)])
        assert await remote.pending() == 53


async def test_the_stand_in_runs_as_a_process():
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.telegram_api",
        "--port",
        "0",
        "--token",
        "123:abc",
        stdout=asyncio.subprocess.PIPE,
        cwd=ROOT,
    )
    url = (await process.stdout.readline()).decode().split()[-1]
    async with httpx.AsyncClient() as client:
        answer = await client.get(f"{url}/bot123:abc/getMe")
    process.terminate()

    assert answer.json()["result"]["id"] == 123
    assert await process.wait() == 0


# Size


async def test_a_morning_of_two_thousand_people_is_no_trouble(api, listener):
    people = [api.person(number) for number in range(1, 2001)]
    before = time.monotonic()
    for number in range(5000):
        await people[number % 2000].writes("hello")
    offset, got = 0, 0
    while got < 5000:
        batch = json.loads(await api.updates.poll(offset, 100, 0))
        offset, got = batch[-1]["update_id"] + 1, got + len(batch)
    await api.updates.poll(offset, 100, 0)

    assert api.pending == 0
    assert time.monotonic() - before < 5


async def test_five_thousand_updates_reach_the_webhook(api, listener, hook):
    await listener.set_webhook(hook.url, max_connections=100)
    people = [api.person(number) for number in range(1, 2001)]
    for number in range(5000):
        await people[number % 2000].writes(str(number))
    await api.until(lambda: not api.pending)

    assert len({update["update_id"] for update in hook.got}) == 5000


# HTML, by Telegram's own examples


@pytest.mark.parametrize(
    ("html", "text", "entities"),
    [
        ("&lt;&gt;&amp;&quot;&laquo;&#12345678;", '<>&"&laquo;&#12345678;', []),
        ("🏟 🏟<i>🏟 &lt🏟</i>", "🏟 🏟🏟 <🏟", [("italic", 5, 6)]),
        ("<i>a</i   ><b></b>", "a", [("italic", 0, 1)]),
        ("<i><b> </b> <code> </code></i>", "   ", [("bold", 0, 1), ("code", 2, 1), ("italic", 0, 3)]),
        ('<a href="https://example.org?a=1&amp;b=2">x</a>', "x", [("text_link", 0, 1)]),
        ("<a href='nodot'>x</a>", "x", []),
        ('<span class="tg-spoiler">x</span>', "x", [("spoiler", 0, 1)]),
        ("<blockquote expandable>x</blockquote>", "x", [("expandable_blockquote", 0, 1)]),
    ],
)
def test_html_is_read_as_telegram_reads_it(html, text, entities):
    plain, found = parse_html(html)

    assert plain == text
    assert [(entity["type"], entity["offset"], entity["length"]) for entity in found] == entities


@pytest.mark.parametrize(
    ("html", "words"),
    [
        ("🏟 🏟&lt;<abacaba", "Unclosed start tag at byte offset 13"),
        ("🏟 🏟&lt;<abac aba>", 'Unsupported start tag "abac" at byte offset 13'),
        ("🏟 🏟&lt;<i   =aba>", 'Empty attribute name in the tag "i" at byte offset 13'),
        ("🏟 🏟&lt;<i    aba>", 'Expected equal sign in declaration of an attribute of the tag "i" at byte offset 13'),
        ("🏟 🏟&lt;<i    aba  =  ", 'Unclosed start tag "i" at byte offset 13'),
        ("🏟 🏟&lt;<i    aba  =  190azAz-.,", "Unexpected end of name token at byte offset 27"),
        ('🏟 🏟&lt;<i    aba  =  "&lt;&gt;&quot;>', "Unclosed start tag at byte offset 13"),
        ("🏟 🏟&lt;</", "Unexpected end tag at byte offset 13"),
        ("🏟 🏟&lt;<i>a</i   ", "Unclosed end tag at byte offset 17"),
        ("🏟 🏟&lt;<i>a</em   >", 'Unmatched end tag at byte offset 17, expected "</i>", found "</em>"'),
        ("<span>x</span>", 'Tag "span" must have class "tg-spoiler" at byte offset 0'),
    ],
)
def test_html_is_refused_as_telegram_refuses_it(html, words):
    with pytest.raises(Exception, match="can't parse entities") as refused:
        parse_html(html)

    assert str(refused.value).endswith(words)


def test_no_limits_means_none():
    flood = Flood.none()

    assert not any(flood.take(7, 1.0, group=False) for _ in range(1000))
