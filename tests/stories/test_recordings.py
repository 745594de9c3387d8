"""Voices are always kept and played; where the centre has a transcriber, their words go the way of typed ones."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlmodel import col

from bot.models import SpeechModel
from bot.transcribing import Transcribing
from desk import clock
from desk.files import File
from desk.messages import Message
from desk.tickets import Priority, Status
from tests.model_server import KEY, ModelServer
from tests.town import Town

VOICE = b"OggS and so on"
NEED = "Шукаю роботу на складі, повний день, живу в Легіонові"


@pytest.fixture
async def transcribing(town: Town, server: ModelServer) -> AsyncIterator[Transcribing]:
    town.shelf.transcribes = True
    town.shelf.forget()
    speech = SpeechModel(server.url, "whisper", KEY, deadline=0.5)
    transcribing = Transcribing(town.database, town.shelf, speech, "town")
    yield transcribing
    await speech.close()


async def heard(town: Town, transcribing: Transcribing) -> None:
    await town.waits(timedelta(seconds=5))
    await transcribing.write_some()
    await town.deliver()


async def the_voice(town: Town) -> tuple[Message, File]:
    async with town.database.reading() as session:
        found = await session.execute(
            select(Message, File).join(File, col(File.message_id) == col(Message.id)).order_by(col(Message.id))
        )
        message, file = found.all()[-1]
        return message, file


async def test_what_was_said_begins_the_questions(town: Town, server: ModelServer, transcribing: Transcribing) -> None:
    server.hears[VOICE] = NEED
    halyna = town.person("Halyna")
    await halyna.sends("voice", content=VOICE)
    await town.waits(timedelta(seconds=5))
    assert "Ваше повідомлення отримано" in halyna.last

    await heard(town, transcribing)

    ticket = await town.ticket()
    assert ticket.service == "job_search" and len(await town.tickets()) == 1
    message, file = await the_voice(town)
    assert (message.text, message.text_by, message.other_state) == (NEED, "whisper", "wanted")
    assert file.transcript == "done" and file.content == VOICE, "the recording stays"


async def test_staff_see_that_a_machine_wrote_it(town: Town, server: ModelServer, transcribing: Transcribing) -> None:
    server.hears[VOICE] = NEED
    await town.person("Halyna").sends("voice", content=VOICE)
    await heard(town, transcribing)
    ticket = await town.ticket()

    page = await (await town.staff("Marta")).opens(f"/staff/tickets/{ticket.ref[:3]}-{ticket.ref[3:]}")

    assert "zapis automatyczny z nagrania" in page and NEED in page and "<audio" in page


async def test_danger_in_a_voice_is_seen(town: Town, server: ModelServer, transcribing: Transcribing) -> None:
    server.hears[VOICE] = "Мене чоловік б'є, я замкнулася у ванній"
    halyna = town.person("Halyna")
    await halyna.sends("voice", content=VOICE)

    await heard(town, transcribing)

    ticket = await town.ticket()
    assert (ticket.alarm, ticket.priority) == ("domestic_violence", Priority.URGENT)
    assert "112" in halyna.last


async def test_a_voice_answers_what_was_asked(town: Town, server: ModelServer, transcribing: Transcribing) -> None:
    server.hears[VOICE] = "Треба резюме"
    halyna = town.person("Halyna")
    await halyna.writes(NEED)
    before = (await town.ticket()).form["asked"]
    await halyna.sends("voice", content=VOICE)

    await heard(town, transcribing)

    ticket = await town.ticket()
    assert ticket.status is Status.DRAFT and ticket.form["asked"] != before


async def test_a_voice_that_comes_late_only_fills_in(
    town: Town, server: ModelServer, transcribing: Transcribing
) -> None:
    server.hears[VOICE] = "Мій телефон 601 234 567"
    halyna = town.person("Halyna")
    await halyna.sends("voice", content=VOICE)
    await town.waits(timedelta(seconds=5))
    await halyna.writes(NEED)
    halyna.unread.clear()

    await heard(town, transcribing)

    assert halyna.unread == []
    assert "601 234 567" in (await the_voice(town))[0].text


async def test_numbers_in_a_voice_are_asked_about(town: Town, server: ModelServer, transcribing: Transcribing) -> None:
    server.hears[VOICE] = "Мій песель 44051401359"
    halyna = town.person("Halyna")
    await halyna.sends("voice", content=VOICE)

    await heard(town, transcribing)

    assert "PESEL" in halyna.last and "Видалити" in " ".join(halyna.screen[-1].buttons)


async def test_a_voice_that_was_taken_back_is_not_written_down(
    town: Town, server: ModelServer, transcribing: Transcribing
) -> None:
    server.hears[VOICE] = NEED
    halyna = town.person("Halyna")
    await halyna.sends("voice", content=VOICE)
    async with town.database.transaction() as session:
        file = (await session.scalars(select(File))).one()
        file.status, file.content = "erased", None

    await heard(town, transcribing)

    assert server.recordings == [] and (await the_voice(town))[0].text == ""


async def test_a_model_that_is_down_is_tried_again_and_not_for_ever(
    town: Town, server: ModelServer, transcribing: Transcribing
) -> None:
    server.fault = "html"
    halyna = town.person("Halyna")
    await halyna.sends("voice", content=VOICE)
    await heard(town, transcribing)
    assert (await the_voice(town))[1].transcript == "wanted"
    assert "Ваше повідомлення отримано" in halyna.last

    for _ in range(8):
        clock.move_on(timedelta(minutes=20))
        transcribing.breaker.closed_until = 0
        await transcribing.write_some()

    message, file = await the_voice(town)
    assert (file.transcript, file.status, message.text) == ("failed", "kept", "")
    assert len(server.recordings) == 6


async def test_silence_is_nothing_to_answer(town: Town, server: ModelServer, transcribing: Transcribing) -> None:
    halyna = town.person("Halyna")
    await halyna.sends("voice", content=VOICE)
    await town.waits(timedelta(seconds=5))
    halyna.unread.clear()

    await heard(town, transcribing)

    message, file = await the_voice(town)
    assert (message.text, message.text_by, file.transcript) == ("", "", "done")
    assert halyna.unread == []


async def test_nothing_is_written_down_unless_the_centre_chose_it(town: Town) -> None:
    await town.person("Halyna").sends("voice", content=VOICE)

    assert (await the_voice(town))[1].transcript == ""


async def test_a_voice_spoken_before_a_question_is_no_answer_to_it(
    town: Town, server: ModelServer, transcribing: Transcribing
) -> None:
    server.hears[VOICE] = "Так"
    halyna = town.person("Halyna")
    await halyna.sends("voice", content=VOICE)
    await halyna.writes(NEED)
    await town.waits(timedelta(seconds=5))
    before = (await town.ticket()).form["asked"]
    await town.waits(timedelta(seconds=5))
    halyna.unread.clear()

    await heard(town, transcribing)

    assert (await town.ticket()).form["asked"] == before and halyna.unread == []


async def test_a_transcriber_that_is_away_for_a_night_costs_no_recording_its_words(
    town: Town, server: ModelServer, transcribing: Transcribing
) -> None:
    server.fault = "overloaded"
    server.hears[VOICE] = NEED
    await town.person("Halyna").sends("voice", content=VOICE)
    for _ in range(12):
        clock.move_on(timedelta(hours=1))
        transcribing.breaker.closed_until = 0
        await transcribing.write_some()

    server.fault, transcribing.breaker.closed_until = "", 0
    clock.move_on(timedelta(hours=1))
    await transcribing.write_some()

    assert (await the_voice(town))[0].text == NEED


async def test_one_recording_that_makes_us_fall_does_not_keep_the_others(
    town: Town, server: ModelServer, transcribing: Transcribing, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.hears[b"odd"], server.hears[VOICE] = "odd", NEED
    await town.person("Ihor").sends("voice", content=b"odd")
    await town.person("Halyna").sends("voice", content=VOICE)
    words_of = transcribing.transcriber.words_of

    async def falls(sound: bytes, mime: str, language: str) -> str:
        if sound == b"odd":
            raise RuntimeError("a stranger's bug")
        return await words_of(sound, mime, language)

    monkeypatch.setattr(transcribing.transcriber, "words_of", falls)
    await heard(town, transcribing)

    assert (await the_voice(town))[0].text == NEED
