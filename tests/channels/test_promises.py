"""What every channel promises, in one table: each row is run through each channel, with the same words."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select
from sqlmodel import col

from desk import channels, clock, ids
from desk.conditions import Condition
from desk.database import Database
from desk.files import File
from desk.messages import Author, Direction, Message, SetAside, Status
from desk.people import Address
from tests.channels.ends import End, MessengerEnd, TelegramEnd, WebEnd, end_of
from tests.faults.outage import postgres_away, sqlite_away
from tests.running import patiently
from tests.town import Town, hash_quickly

REQUEST = "Загубила паспорт, що робити з PESEL?"
ALL = [TelegramEnd.channel, MessengerEnd.channel, WebEnd.channel]
CARRIED = [TelegramEnd.channel, MessengerEnd.channel]
LETTER = b"\xff\xd8\xff\xe0 every word of the letter can be read"
FORM = ("Wniosek.pdf", b"%PDF-1.7 a form to fill in")

every_channel = pytest.mark.parametrize("channel", ALL)
every_carried_channel = pytest.mark.parametrize("channel", CARRIED)


@pytest.fixture
async def town(database_url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Town]:
    """A town that lives in the present, as the stand-ins do, and whose clock can be moved on."""
    hash_quickly(monkeypatch)
    database = Database(database_url)
    town = Town(database)
    await town.opens_its_doors(datetime.now(UTC))
    yield town
    await town.closes_its_doors()
    await database.close()


@pytest.fixture
async def oksana(channel: str, town: Town) -> AsyncIterator[End]:
    async with end_of(channel, town) as end:
        yield end
        assert end.violations == []


async def heard(town: Town) -> list[Message]:
    async with town.database.reading() as session:
        query = select(Message).where(col(Message.direction) == Direction.HEARD).order_by(col(Message.id))
        return list(await session.scalars(query))


async def told(town: Town, author: Author) -> list[Message]:
    async with town.database.reading() as session:
        query = select(Message).where(col(Message.author) == author).order_by(col(Message.id))
        return list(await session.scalars(query))


async def last_told(town: Town, author: Author, *statuses: Status) -> Message:
    """The last message told, when it has come to one of these."""

    async def has() -> bool:
        found = await told(town, author)
        return bool(found) and found[-1].status in statuses

    await patiently(has, step=0.02)
    return (await told(town, author))[-1]


async def replies(town: Town, oksana: End, polish: str, shown: str, **more: object) -> None:
    marta = await town.staff("Marta")
    answer = await marta.answers(await town.ticket(), polish, shown, **more)  # type: ignore[arg-type]
    assert answer.status_code == 303, answer.text[:500]
    await oksana.settles()


async def rests(oksana: End, town: Town) -> None:
    """However long the channel asked for, it is over: by the town's clock, and inside the sender."""
    clock.move_on(timedelta(seconds=301))
    sender = oksana.wire.sender  # type: ignore[attr-defined]
    if hasattr(sender, "_halted_until"):
        sender._halted_until = 0.0
    town.database.bell("outbox").ring()


async def is_refused(town: Town, why: str) -> None:
    """A send has come back, and waits for its next try."""

    async def has() -> bool:
        return [(one.status, one.failure) for one in await told(town, Author.BOT)] == [(Status.WAITING, why)]

    await patiently(has, step=0.02)


# Nothing said to us is lost, and nothing is done twice


@every_channel
async def test_words_are_stored_once_in_a_ticket_and_answered_once(town: Town, oksana: End) -> None:
    await oksana.writes(REQUEST)
    await oksana.settles()

    (message,) = await heard(town)
    assert (message.kind, message.text, message.channel) == ("text", REQUEST, oksana.channel)
    assert message.ticket_id == (await town.ticket()).id
    (answer,) = await oksana.screen()
    assert "Я – Поруч" in answer.text
    assert "Пояснити" in answer.labels


@every_channel
async def test_the_bytes_of_a_photo_are_kept_whole(town: Town, oksana: End) -> None:
    await oksana.sends_photo(LETTER)

    async def kept() -> bool:
        async with town.database.reading() as session:
            return [(file.kind, file.content) for file in await session.scalars(select(File))] == [("photo", LETTER)]

    await patiently(kept, step=0.02)
    (message,) = await heard(town)
    assert message.ticket_id is not None


@every_channel
async def test_what_is_brought_twenty_times_at_once_is_heard_and_answered_once(town: Town, oksana: End) -> None:
    await oksana.writes(REQUEST)
    await oksana.settles()

    await oksana.says_again(20)
    await oksana.settles()

    assert len(await heard(town)) == 1
    assert len(await town.tickets()) == 1
    assert len(await oksana.screen()) == 1


@every_channel
async def test_a_burst_is_heard_in_its_order_and_answered_once(town: Town, oksana: End) -> None:
    words = ["доброго дня", "маю питання", "це важливо", "дуже важливо", REQUEST]
    for text in words:
        await oksana.writes(text)
    await oksana.settles()
    assert [message.text for message in await heard(town)] == words
    assert await oksana.screen() == []
    if oksana.sends_itself:
        await patiently(oksana.is_shown_typing, step=0.02)

    clock.move_on(timedelta(seconds=5))
    await town.rounds.answer_bursts()
    await oksana.settles()

    (answer,) = await oksana.screen()
    assert "Пояснити" in answer.labels, "also what was said last is understood"
    assert len(await town.tickets()) == 1


@every_channel
async def test_while_the_database_is_away_nothing_is_lost_and_nothing_doubled(town: Town, oksana: End) -> None:
    url = town.database.engine.url.render_as_string(hide_password=False)
    away = postgres_away if "postgresql" in url else sqlite_away
    async with away(url.replace("+aiosqlite", ""), seconds=1.5):
        if oksana.sends_itself:
            await oksana.writes(REQUEST)  # The channel keeps it and repeats it by itself.
    if not oksana.sends_itself:
        await oksana.writes(REQUEST)

    async def is_in() -> bool:
        return len(await heard(town)) == 1

    await patiently(is_in)
    await oksana.settles()

    assert [message.text for message in await heard(town)] == [REQUEST]
    assert len(await oksana.screen()) == 1


@every_channel
async def test_nonsense_is_refused_or_set_aside_and_the_next_words_are_heard(town: Town, oksana: End) -> None:
    await oksana.talks_nonsense()
    await oksana.writes(REQUEST)
    await oksana.settles()

    assert [message.text for message in await heard(town)] == [REQUEST]
    async with town.database.reading() as session:
        aside = list(await session.scalars(select(SetAside)))
    assert len(aside) == (1 if oksana.sends_itself else 0)


# Buttons


@every_channel
async def test_a_button_is_answered_once_and_an_old_one_does_no_harm(town: Town, oksana: End) -> None:
    await oksana.writes(REQUEST)
    await oksana.settles()
    await oksana.presses("Пояснити")
    await oksana.settles()
    assert "Наскільки це терміново?" in (await oksana.screen())[-1].text
    seen = len(await oksana.screen())

    await oksana.presses("Пояснити")
    await oksana.settles()

    assert [message.kind for message in await heard(town)] == ["text", "press", "old_press"]
    pops_up = channels.facts_of(oksana.channel).pops_up
    assert len(await oksana.screen()) - seen == (0 if pops_up else 1), "where it cannot pop up, it is said"


# What staff write


@every_channel
async def test_a_long_reply_comes_whole_in_its_order_in_pieces_that_fit(town: Town, oksana: End) -> None:
    await oksana.writes(REQUEST)
    await oksana.settles()
    before = len(await oksana.screen())
    text = "\n\n".join(f"{number}. " + "Дуже важливе речення. 🙏 " * 30 for number in range(1, 9)).strip()

    await replies(town, oksana, "Bardzo ważne.", text, corrected=True)

    pieces = [seen.text for seen in (await oksana.screen())[before:]]
    longest = channels.facts_of(oksana.channel).longest
    assert len(pieces) == {"telegram": 2, "messenger": 4, "web": 1}[oksana.channel]
    assert all(channels.units(piece) <= longest for piece in pieces)
    assert "".join(text.split()) in "".join("".join(pieces).split())


@every_channel
async def test_a_file_of_staff_arrives_whole_behind_the_words(town: Town, oksana: End) -> None:
    await oksana.writes(REQUEST)
    await oksana.settles()
    picture = ("mapa.jpg", LETTER)

    await replies(town, oksana, "W załączniku.", "Заява у файлі.", files=[FORM, picture])

    words, form, photo = (await oksana.screen())[-3:]
    assert "Заява у файлі." in words.text
    assert form.files == [FORM]
    assert [content for _, content in photo.files] == [LETTER]
    assert {message.status for message in await told(town, Author.STAFF)} == {Status.SENT}


@every_channel
async def test_who_has_left_is_unreachable_and_staff_see_it(town: Town, oksana: End) -> None:
    await oksana.writes(REQUEST)
    await oksana.settles()
    await oksana.leaves()
    await oksana.settles()

    await replies(town, oksana, "Dzień dobry", "Доброго дня")

    message = await last_told(town, Author.STAFF, Status.FAILED)
    assert message.failure in ("blocked", "left")
    async with town.database.reading() as session:
        assert await session.scalar(select(col(Address.reachable))) is False
    marta = await town.staff("Marta")
    assert ids.spoken((await town.ticket()).ref) in await marta.opens("/staff/health")


# What goes wrong on the way out; a page that comes for its messages knows none of it


@every_carried_channel
async def test_slow_down_means_wait_and_then_go_on(town: Town, oksana: End) -> None:
    oksana.is_told_to_wait()
    await oksana.writes(REQUEST)
    await is_refused(town, "slow down")
    assert await oksana.screen() == []

    await rests(oksana, town)

    assert (await last_told(town, Author.BOT, Status.SENT)).failure == ""
    assert len(await oksana.screen()) == 1


@every_carried_channel
async def test_trouble_of_the_server_is_tried_again(town: Town, oksana: End) -> None:
    oksana.breaks_down()
    await oksana.writes(REQUEST)
    await is_refused(town, "server trouble")

    await rests(oksana, town)

    await last_told(town, Author.BOT, Status.SENT)
    assert len(await oksana.screen()) == 1


@every_carried_channel
async def test_where_nobody_knows_whether_it_arrived_nothing_is_repeated_and_staff_decide(
    town: Town, oksana: End
) -> None:
    oksana.hangs_up()
    await oksana.writes(REQUEST)
    await last_told(town, Author.BOT, Status.UNSURE)
    clock.move_on(timedelta(hours=1))
    await town.rounds.answer_bursts()

    assert len(await oksana.screen()) == 1
    marta = await town.staff("Marta")
    assert ids.spoken((await town.ticket()).ref) in await marta.opens("/staff/health")


@every_carried_channel
async def test_a_dead_token_halts_the_channel_and_staff_see_why(town: Town, oksana: End) -> None:
    oksana.loses_its_token()
    await oksana.writes(REQUEST)

    async def halted() -> bool:
        async with town.database.reading() as session:
            return [one.why for one in await session.scalars(select(Condition))] == ["token refused"]

    await patiently(halted, step=0.02)
    marta = await town.staff("Marta")
    assert channels.facts_of(oksana.channel).title in await marta.opens("/staff/health")
    assert await oksana.screen() == []

    oksana.gets_its_token_back()
    await rests(oksana, town)

    await last_told(town, Author.BOT, Status.SENT)
    assert len(await oksana.screen()) == 1
