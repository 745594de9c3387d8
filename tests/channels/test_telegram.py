"""Every kind of thing that Telegram can bring has one defined effect, and none of them is an error."""

import asyncio
import json
import struct
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from sqlmodel import col

from bot.channels import BadWebhook, Call
from bot.delivery import Delivery
from desk import clock, people
from desk import messages as post
from desk.conditions import Condition
from desk.database import Database
from desk.files import File
from desk.people import Address
from desk.tickets import Ticket
from tests.channels.conftest import Line
from tests.running import patiently
from tests.telegram_api import TelegramApi
from tests.telegram_api.people import Person
from tests.town import Town, hash_quickly
from tests.wires import TelegramWire

Act = Callable[[Person], Awaitable[Any]]

# What a person does; the kind it is stored as; words that staff read.
KINDS: dict[str, tuple[Act, str, str]] = {
    "text": (lambda she: she.writes("Потрібна довідка з установи"), "text", "Потрібна довідка з установи"),
    "photo": (lambda she: she.sends_photo(caption="ось лист"), "photo", "ось лист"),
    "document": (lambda she: she.sends_document(caption="договір"), "document", "договір"),
    "voice": (lambda she: she.sends_voice(), "voice", ""),
    "audio": (lambda she: she.sends_audio(), "audio", ""),
    "video": (lambda she: she.sends_video(caption="тут"), "video", "тут"),
    "video note": (lambda she: she.sends_video_note(), "video_note", ""),
    "sticker": (lambda she: she.sends_sticker("🙏"), "sticker", "🙏"),
    "location": (lambda she: she.sends_location(50.06, 19.94), "location", "50.06000, 19.94000"),
    "venue": (lambda she: she.sends_venue("Вокзал", "Площа 1"), "location", "Вокзал, Площа 1"),
    "contact": (lambda she: she.sends_contact("+380670000001"), "contact", "+380670000001"),
    "poll": (lambda she: she.sends_poll("Коли?", ("Нині", "Завтра")), "poll", "– Завтра"),
    "dice": (lambda she: she.sends_dice(), "unknown", ""),
    "forwarded": (lambda she: she.forwards("Вам відмовлено"), "text", "Вам відмовлено"),
}
WITH_FILE = {"photo", "document", "voice", "audio", "video", "video note"}


@pytest.mark.parametrize("kind", KINDS)
async def test_each_kind_is_stored_once_in_a_ticket_that_staff_see(
    line: Line, telegram: TelegramApi, kind: str
) -> None:
    act, stored_as, words = KINDS[kind]
    halyna = telegram.person(501, "Галина")

    await act(halyna)

    await patiently(lambda: telegram.pending == 0)
    (message,) = await line.heard()
    assert message.kind == stored_as
    assert words in message.text
    assert message.ticket_id is not None
    async with line.town.database.reading() as session:
        files = list(await session.scalars(select(File)))
    assert len(files) == (1 if kind in WITH_FILE else 0)
    assert await line.set_aside() == []


async def test_of_a_photo_the_largest_size_is_fetched_and_kept(line: Line, telegram: TelegramApi) -> None:
    halyna = telegram.person(502, "Галина")
    letter = b"\xff\xd8\xff\xe0 every word of the letter can be read"

    await halyna.sends_photo(letter, sizes=((90, 67), (320, 240), (1280, 960)))

    async def kept() -> bool:
        async with line.town.database.reading() as session:
            file = await session.scalar(select(File))
            return file is not None and file.content == letter

    await patiently(kept)
    assert len(telegram.calls_of("getFile")) == 1


async def test_a_file_over_the_limit_is_not_asked_for_and_staff_see_why(line: Line, telegram: TelegramApi) -> None:
    halyna = telegram.person(503, "Галина")

    await halyna.sends_document(None, "film.pdf", size=25 << 20)

    async def noted() -> bool:
        async with line.town.database.reading() as session:
            return await session.scalar(select(col(File.status))) == "too_big"

    await patiently(noted)
    assert len(await line.heard()) == 1


async def test_an_edited_message_keeps_both_versions(line: Line, telegram: TelegramApi) -> None:
    halyna = telegram.person(504, "Галина")
    said = await halyna.writes("Мене звати Галина, мені треба лікаря")
    await patiently(lambda: telegram.pending == 0)

    await halyna.edits(said.message_id, "Мене звати Галина, мені треба юриста")

    await patiently(lambda: telegram.pending == 0)
    (message,) = await line.heard()
    assert message.text == "Мене звати Галина, мені треба юриста"
    assert message.original == "Мене звати Галина, мені треба лікаря"


async def test_a_press_stops_spinning_and_a_stale_one_says_so(line: Line, telegram: TelegramApi) -> None:
    halyna = telegram.person(505, "Галина")
    await halyna.writes("Загубила паспорт, що робити з PESEL?")
    question = await halyna.hears()
    await halyna.presses("Пояснити")
    await halyna.hears()

    stale = await halyna.presses("Пояснити", question.message_id)

    await telegram.until(lambda: stale.answered)
    assert stale.answer["text"], "the person is told why nothing happens"
    assert [message.kind for message in await line.heard()] == ["text", "press", "old_press"]
    assert len(halyna.told) == 2


async def test_forged_data_of_a_button_changes_nothing(line: Line, telegram: TelegramApi) -> None:
    halyna = telegram.person(506, "Галина")
    await halyna.writes("Загубила паспорт, що робити з PESEL?")
    await halyna.hears()
    for data in ("", "x", "aaaa:o:999", "аааа", "t:1", "' OR 1=1", "\x00", "x" * 64):
        message = {"message_id": 1, "date": 1, "chat": halyna.json, "from": telegram.bot}
        query = {"id": "1", "from": halyna.user, "message": message, "chat_instance": "1", "data": data}
        telegram.raw_update({"callback_query": query}, lane=halyna.id)

    await patiently(lambda: telegram.pending == 0)

    assert {message.kind for message in await line.heard()} == {"text", "old_press"}
    assert await line.set_aside() == []
    assert len(halyna.told) == 1


async def test_who_blocks_the_bot_is_known_to_be_unreachable_until_they_come_back(
    line: Line, telegram: TelegramApi
) -> None:
    halyna = telegram.person(507, "Галина")
    await halyna.writes("Потрібна довідка з установи")
    await halyna.hears()

    async def reachable() -> bool:
        async with line.town.database.reading() as session:
            return bool(await session.scalar(select(col(Address.reachable))))

    async def unreachable() -> bool:
        return not await reachable()

    await halyna.blocks()
    await patiently(unreachable)
    await halyna.unblocks()
    await patiently(reachable)
    assert [message.kind for message in await line.heard()] == ["text", "blocked", "unblocked"]


async def test_a_group_is_left_politely_and_its_words_are_not_kept(line: Line, telegram: TelegramApi) -> None:
    halyna = telegram.person(508, "Галина")
    group = telegram.group(-4000, "Мами Кракова")

    await group.adds_bot(halyna)
    await telegram.until(lambda: not group.bot.is_member)

    assert len(group.told) == 1
    assert await line.heard() == []


async def test_a_message_that_answers_another_joins_its_ticket(line: Line, telegram: TelegramApi) -> None:
    halyna = telegram.person(509, "Галина")
    await halyna.writes("Загубила паспорт, що робити з PESEL?")
    question = await halyna.hears()

    await halyna.writes("мені треба, щоб пішли зі мною", reply_to=question.message_id)

    await patiently(lambda: telegram.pending == 0)
    first, second = await line.heard()
    assert first.ticket_id == second.ticket_id


async def test_five_thousand_letters_come_in_two_messages_and_stand_in_one_ticket(
    line: Line, telegram: TelegramApi
) -> None:
    halyna = telegram.person(510, "Галина")

    await halyna.writes("Потрібна довідка з установи. " + "Дуже довга історія. " * 250)

    await patiently(lambda: telegram.pending == 0)
    heard = await line.heard()
    assert len(heard) == 2
    assert len({message.ticket_id for message in heard}) == 1


@pytest.mark.parametrize(
    "raw",
    [
        {"message": {"message_id": 1}},
        {"message": {"message_id": "one", "date": 1, "chat": {"id": 5, "type": "private"}, "text": "допоможіть"}},
        {"message": {"message_id": 1, "date": 1, "chat": {"id": 5, "type": "private"}, "text": 7}},
        {"callback_query": {"id": "1"}},
    ],
)
async def test_what_cannot_be_read_is_set_aside_whole_and_the_next_is_heard(
    line: Line, telegram: TelegramApi, raw: dict[str, Any]
) -> None:
    halyna = telegram.person(511, "Галина")
    telegram.raw_update(raw)

    await halyna.writes("Потрібна довідка з установи")

    await patiently(lambda: telegram.pending == 0)
    (odd,) = await line.set_aside()
    assert json.loads(odd.raw) == raw
    assert [message.text for message in await line.heard()] == ["Потрібна довідка з установи"]


async def test_kinds_that_nobody_asked_for_do_no_harm(line: Line, telegram: TelegramApi) -> None:
    telegram.raw_update({"something_new": {"of": "next year"}})
    telegram.raw_update({"message_reaction": {"chat": {"id": 5, "type": "private"}, "message_id": 1, "date": 1}})

    await patiently(lambda: telegram.pending == 0)

    assert await line.heard() == []


# Updates that nobody has thought of

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=40),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12), inner, max_size=3),
    max_leaves=6,
)
FIELDS = (
    "text", "caption", "photo", "document", "voice", "audio", "video", "video_note", "sticker", "venue", "location",
    "contact", "poll", "entities", "forward_origin", "reply_to_message", "quote", "edit_date", "media_group_id", "date",
    "message_id", "from", "new_field",
)  # fmt: skip
numbers = iter(range(900_000_000, 10**10))


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    kind=st.sampled_from(["message", "edited_message"]),
    changes=st.dictionaries(st.sampled_from(FIELDS), JSON, max_size=3),
)
async def test_no_private_message_is_lost_whatever_is_in_it(
    deaf_line: Line, kind: str, changes: dict[str, Any]
) -> None:
    number = next(numbers)
    user = {"id": 77, "is_bot": False, "first_name": "Галина"}
    message = {"message_id": number, "date": 1_790_000_000, "chat": {"id": 77, "type": "private"}, "from": user}
    message |= {"text": "Потрібна довідка з установи", **changes}

    await deaf_line.ear.take({"update_id": number, kind: message})

    kept = [row.key for row in (*await deaf_line.heard(), *await deaf_line.set_aside())]
    edits = kind == "edited_message" and str(changes.get("message_id", number)) != str(number)
    assert str(number) in kept or edits


async def test_every_webhook_body_gets_an_answer_and_a_wrong_secret_changes_nothing(deaf_line: Line) -> None:
    good = {"update_id": 1, "message": {"message_id": 1, "date": 1, "chat": {"id": 5, "type": "private"}, "text": "a"}}
    for body, secret, status in (
        (json.dumps(good).encode(), "", 401),
        (json.dumps(good).encode(), "a-secre", 401),
        (json.dumps(good).encode(), "ключ", 401),
        (b"", "a-secret", 400),
        (b"{", "a-secret", 400),
        (b"[" * 100_000, "a-secret", 400),
        (b"[]", "a-secret", 400),
        (b"\xff\xfe", "a-secret", 400),
        (b'{"update_id": "1"}', "a-secret", 400),
        (b'{"update_id": true}', "a-secret", 400),
    ):
        with pytest.raises(BadWebhook) as refused:
            await deaf_line.ear.webhook(Call("POST", "", {}, {"x-telegram-bot-api-secret-token": secret}, body))
        assert refused.value.status == status
        assert refused.value.sentence
    assert await deaf_line.heard() == []
    async with deaf_line.town.database.reading() as session:
        assert await session.scalar(select(Ticket)) is None


async def test_staff_see_how_much_telegram_holds_back_and_why(
    deaf_line: Line, telegram: TelegramApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.channels.telegram.hearing.MIND_EVERY", 0.05)
    # Nobody listens at this address, so what people say stays with Telegram.
    await deaf_line.ear.bot.set_webhook("http://127.0.0.1:9/webhooks/telegram", secret_token="a-secret")
    await telegram.person(506, "Галина").writes("Чи мене чути?")

    minding = asyncio.create_task(deaf_line.ear._mind_webhook(deaf_line.town.database))

    async def seen() -> bool:
        async with deaf_line.town.database.reading() as session:
            condition = await session.scalar(select(Condition))
            return condition is not None and condition.pending == 1 and bool(condition.complaint)

    await patiently(seen)
    minding.cancel()


async def test_a_server_of_the_centres_own_hands_over_larger_files_from_its_disk(
    database: Database, tmp_path: Path
) -> None:
    town = Town(database)
    film = b"%PDF-1.7 " + bytes(24 << 20)
    async with TelegramWire(town, local=tmp_path / "telegram", files_up_to=80) as wire:
        halyna = wire.api.person(512, "Галина")
        await halyna.sends_document(film, "umowa.pdf")

        async def kept() -> bool:
            async with town.database.reading() as session:
                return await session.scalar(select(col(File.status))) == "kept"

        await patiently(kept)

    async with town.database.reading() as session:
        (file,) = await session.scalars(select(File))
    assert file.content == film
    await town.closes_its_doors()


@pytest.mark.parametrize(
    ("height", "goes_as"), [(800, "photo"), (30_000, "document")], ids=["picture", "long screenshot"]
)
async def test_what_telegram_cannot_show_as_a_picture_goes_as_a_file(
    database: Database, monkeypatch: pytest.MonkeyPatch, height: int, goes_as: str
) -> None:
    hash_quickly(monkeypatch)
    town = Town(database)
    await town.opens_its_doors(datetime.now(UTC))
    picture = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + struct.pack(">II", 600, height) + b" and its points"
    async with TelegramWire(town) as wire:
        halyna = wire.api.person(513, "Галина")
        await halyna.writes("Потрібна довідка з установи")
        await wire.settles()
        marta = await town.staff("Marta")

        await marta.answers(await town.ticket(), "Proszę.", "Ось.", files=[("екран.png", picture)])
        await wire.settles()

        assert halyna.last.kind == goes_as
        assert wire.api.violations == []
    await town.closes_its_doors()


async def test_a_chat_that_has_moved_is_followed(deaf_line: Line, telegram: TelegramApi) -> None:
    """As groups do; what was to be said goes where the chat is now."""
    group = telegram.group(-4000, "Мами Кракова")
    await group.adds_bot(telegram.person(514, "Галина"))
    there = await group.upgrades(-1004000)
    database = deaf_line.town.database
    async with database.transaction() as session:
        _, address, _ = await people.meet(session, people.Place("telegram", "-4000"), clock.now())
        await post.tell(session, address, "Доброго дня", language="uk", at=clock.now())
    delivering = asyncio.create_task(Delivery(database, [deaf_line.sender], "here").run())

    await telegram.until(lambda: bool(there.told))

    assert [message.text for message in there.told] == ["Доброго дня"]

    async def settled() -> bool:
        async with database.reading() as session:
            status = await session.scalar(select(col(post.Message.status)))
            return status is post.Status.SENT and await session.scalar(select(col(Address.external))) == "-1004000"

    await patiently(settled)
    delivering.cancel()
    await asyncio.gather(delivering, return_exceptions=True)
