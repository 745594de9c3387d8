"""Staff add files to a reply: they reach the person behind the words, and nobody else."""

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlmodel import col

from desk import clock, ids
from desk.attachments import ALL_TOGETHER
from desk.files import File
from desk.history import Event
from desk.messages import Author, Message, Status
from tests.town import Town
from tests.wires import MessengerWire

QUESTION = "Доброго дня, загубила паспорт, що робити з PESEL UKR?"
FORM = ("Wniosek o PESEL.pdf", b"%PDF-1.7 the form")
MAP = ("mapa.png", b"\x89PNG\r\n\x1a\n the way to the office")


async def told_by_staff(town: Town) -> list[Message]:
    async with town.database.reading() as session:
        query = select(Message).where(col(Message.author) == Author.STAFF).order_by(col(Message.id))
        return list(await session.scalars(query))


async def files_of(town: Town) -> list[File]:
    async with town.database.reading() as session:
        return list(await session.scalars(select(File).order_by(col(File.id))))


async def test_files_come_behind_the_words_and_stand_in_the_ticket(town: Town) -> None:
    oksana, marta = town.person("Oksana"), await town.staff("Marta")
    await oksana.writes(QUESTION)
    ticket = await town.ticket()

    answer = await marta.answers(ticket, "Wniosek w załączniku.", "Заява у файлі.", files=[FORM, MAP])

    assert answer.status_code == 303
    assert [(shown.kind, "Заява у файлі." in shown.text) for shown in oksana.screen[-3:]] == [
        ("text", True),
        ("document", False),
        ("photo", False),
    ]
    form, way = await files_of(town)
    assert (form.name, form.mime, form.content, form.status) == (
        "Wniosek o PESEL.pdf",
        "application/pdf",
        FORM[1],
        "kept",
    )
    assert (way.kind, way.content) == ("photo", MAP[1])
    page = await marta.opens(f"/staff/tickets/{ids.spoken(ticket.ref)}")
    assert f'href="/staff/files/{form.id}"' in page
    assert f'src="/staff/files/{way.id}"' in page
    opened = await marta.client.get(f"/staff/files/{form.id}")
    assert opened.content == FORM[1]
    assert opened.headers["content-disposition"] == "attachment; filename*=UTF-8''Wniosek%20o%20PESEL.pdf"
    async with town.database.reading() as session:
        assert "file.read" in set(await session.scalars(select(col(Event.kind))))


async def test_a_repeated_press_sends_no_file_twice(town: Town) -> None:
    oksana, marta = town.person("Oksana"), await town.staff("Marta")
    await oksana.writes(QUESTION)
    path = f"/staff/tickets/{ids.spoken((await town.ticket()).ref)}/replies"

    for _ in range(3):
        await marta.posts(path, [FORM], text="Wniosek.", translation="Заява.", key="once")

    assert len(await files_of(town)) == 1
    assert len(await told_by_staff(town)) == 2


@pytest.mark.parametrize(
    ("files", "sentence"),
    [
        ([("setup.exe", b"MZ\x90")], "Pliku „setup.exe” nie można wysłać"),
        ([("pusty.pdf", b"")], "Plik „pusty.pdf” jest pusty."),
        ([FORM] * 6, "najwyżej 5 plików"),
        ([("duży.pdf", b"%PDF-" + bytes(ALL_TOGETHER))], "razem najwyżej 20 MB"),
    ],
    ids=["program", "empty", "many", "big"],
)
async def test_what_cannot_go_is_said_and_nothing_typed_is_lost(
    town: Town, files: list[tuple[str, bytes]], sentence: str
) -> None:
    oksana, marta = town.person("Oksana"), await town.staff("Marta")
    await oksana.writes(QUESTION)
    before = len(oksana.screen)

    answer = await marta.answers(await town.ticket(), "Wniosek w załączniku.", "Заява у файлі.", files=files)

    assert answer.status_code == 422
    assert sentence in answer.text
    assert "Wniosek w załączniku." in answer.text
    assert "Заява у файлі." in answer.text
    assert f"Wybierz pliki jeszcze raz: {files[0][0]}" in answer.text
    assert await files_of(town) == []
    assert len(oksana.screen) == before


async def test_a_file_without_a_word_is_asked_about(town: Town) -> None:
    """A file from nowhere is what swindlers send."""
    oksana, marta = town.person("Oksana"), await town.staff("Marta")
    await oksana.writes(QUESTION)

    answer = await marta.answers(await town.ticket(), " ", files=[FORM])

    assert answer.status_code == 422
    assert await files_of(town) == []


async def test_far_too_much_is_refused_before_it_is_read(town: Town) -> None:
    await town.person("Oksana").writes(QUESTION)
    marta = await town.staff("Marta")
    ticket = await town.ticket()

    for path, size in (("replies", ALL_TOGETHER + (2 << 20)), ("assignment", 3 << 20)):
        answer = await marta.posts(
            f"/staff/tickets/{ids.spoken(ticket.ref)}/{path}", [("duży.pdf", bytes(size))], text="Wniosek."
        )
        assert answer.status_code == 413, path

    assert await files_of(town) == []


async def test_in_a_sensitive_ticket_the_name_on_the_lock_screen_says_nothing(town: Town) -> None:
    olena, beata = town.person("Olena"), await town.staff("Beata")
    await olena.writes("чоловік мене б'є, боюся йти додому")
    ticket = await town.ticket()
    await beata.posts(f"/staff/tickets/{ids.spoken(ticket.ref)}/take")
    assert "„document”" in await beata.opens(f"/staff/tickets/{ids.spoken(ticket.ref)}")

    await beata.answers(
        ticket, "Tu są adresy.", "Тут адреси.", files=[("Niebieska Karta.pdf", FORM[1]), MAP], confirm=True
    )

    assert [file.name for file in await files_of(town)] == ["document.pdf", "photo.png"]


async def test_in_the_web_chat_only_the_person_can_open_it(town: Town) -> None:
    from bot.channels import webchat

    tetiana, oksana = town.person("Tetiana", "web"), town.person("Oksana", "web")
    await tetiana.writes(QUESTION)
    ticket = await town.ticket()
    await oksana.writes(QUESTION)
    marta = await town.staff("Marta")

    await marta.answers(ticket, "Wniosek.", "Заява.", files=[FORM])

    async with town.database.reading() as session:
        for villager, mine in ((tetiana, True), (oksana, False)):
            address = await webchat.address_of(session, villager.external)
            assert address is not None
            said = await webchat.said(session, address, 0)
            files = await webchat.files_of(session, said)
            shown = [webchat.shown(message, files.get(message.id or 0)) for message in said]
            assert [one["file"]["name"] for one in shown if one["file"]] == (["Wniosek o PESEL.pdf"] if mine else [])


async def test_what_the_window_holds_back_comes_with_its_words_and_in_order(town: Town) -> None:
    async with MessengerWire(town) as wire:
        svitlana = wire.api.person("7001", "Світлана")
        await svitlana.writes(QUESTION)
        await svitlana.hears()
        await wire.settles()
        marta = await town.staff("Marta")
        clock.move_on(timedelta(hours=30))
        await marta.answers(await town.ticket(), "Wniosek w załączniku.", "Заява у файлі.", files=[FORM, MAP])
        assert [message.status for message in await told_by_staff(town)] == [Status.HELD] * 3

        await svitlana.writes("Дякую, чекаю")
        await wire.settles()

        words, form, way = [one for one in svitlana.told if one.attachments or "Заява" in one.text]
        assert "Заява у файлі." in words.text
        assert [(one.attachments[0].kind, one.attachments[0].content) for one in (form, way)] == [
            ("file", FORM[1]),
            ("image", MAP[1]),
        ]
        assert [message.status for message in await told_by_staff(town)] == [Status.SENT] * 3
        assert wire.api.violations == []


async def test_a_file_that_is_erased_before_it_leaves_does_not_leave(town: Town) -> None:
    async with MessengerWire(town) as wire:
        svitlana = wire.api.person("7001", "Світлана")
        await svitlana.writes(QUESTION)
        await svitlana.hears()
        await wire.settles()
        marta = await town.staff("Marta")
        clock.move_on(timedelta(hours=30))
        await marta.answers(await town.ticket(), "Wniosek.", "Заява.", files=[FORM])
        async with town.database.transaction() as session:
            (file,) = await session.scalars(select(File))
            file.status, file.content = "erased", None

        await svitlana.writes("Дякую, чекаю")
        await wire.settles()

        assert [message.status for message in await told_by_staff(town)] == [Status.SENT, Status.FAILED]
