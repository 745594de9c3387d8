"""The inbox and the ticket page: what staff see, what they can do, and what they are not shown."""

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select
from sqlmodel import col

from desk import clock, conditions, ids, library, merging
from desk.database import Database
from desk.messages import Author
from desk.people import Person
from desk.staff import StaffSession
from desk.tickets import Status
from tests.town import PASSWORD, WARSAW, Town

QUESTION = "Доброго дня, загубила паспорт, що робити з PESEL UKR?"


@pytest.fixture
async def town(database: Database) -> AsyncIterator[Town]:
    town = Town(database)
    await town.opens_its_doors(datetime(2026, 12, 1, 9, 0, tzinfo=WARSAW))
    yield town
    await town.closes_its_doors()


def url(ref: str) -> str:
    return f"/staff/tickets/{ids.spoken(ref)}"


async def test_a_first_message_stands_in_new_at_once_marked_as_still_asking(town: Town) -> None:
    await town.person("Oksana").writes(QUESTION)
    marta = await town.staff("Marta")

    page = await marta.opens("/staff/tickets")

    ticket = await town.ticket()
    assert ids.spoken(ticket.ref) in page
    assert "Oksana" in page
    assert "bot pyta" in page
    assert "PESEL UKR, status" in page


async def test_the_ticket_page_shows_both_languages_and_the_answers(town: Town) -> None:
    oksana = town.person("Oksana")
    await oksana.writes(QUESTION)
    await oksana.presses("Пояснити")
    marta = await town.staff("Marta")
    ticket = await town.ticket()

    page = await marta.opens(url(ticket.ref))

    assert QUESTION in page
    assert "Jakiej pomocy potrzebujesz?" in page  # The bot's question in Polish beside the Ukrainian one.
    assert "Яка допомога потрібна?" in page
    assert "Wyjaśnić" in page or "wyjaśnić" in page


async def test_a_closed_ticket_reopens_when_the_person_writes_within_seven_days(town: Town) -> None:
    oksana = town.person("Oksana")
    await oksana.writes(QUESTION)
    marta = await town.staff("Marta")
    ticket = await town.ticket()
    await marta.answers(ticket, "Dzień dobry", "Доброго дня")
    response = await marta.closes(ticket, "done", "Gotowe.", "Готово.")
    assert response.status_code == 303
    clock.move_on(timedelta(days=6))

    await oksana.writes("а ще б довідку")
    await town.waits(timedelta(seconds=5))

    assert (await town.ticket()).status is Status.OPEN
    assert "знову відкрито" in oksana.last


async def test_closing_needs_a_reason_and_last_words(town: Town) -> None:
    await town.person("Oksana").writes(QUESTION)
    marta = await town.staff("Marta")
    ticket = await town.ticket()

    without_reason = await marta.closes(ticket, "", "Gotowe.")
    without_words = await marta.closes(ticket, "done", "")

    assert without_reason.status_code == without_words.status_code == 422
    assert (await town.ticket()).status is not Status.CLOSED


async def test_the_second_of_two_staff_sees_that_the_first_has_answered_and_keeps_the_draft(town: Town) -> None:
    oksana = town.person("Oksana")
    await oksana.writes(QUESTION)
    marta, pawel = await town.staff("Marta"), await town.staff("Paweł")
    ticket = await town.ticket()
    page = await pawel.opens(url(ticket.ref))
    seen = re.search(r'name="seen" value="(\d+)"', page)
    assert seen
    await marta.answers(ticket, "Odpowiedź Marty", "Відповідь Марти")
    before = len(oksana.screen)

    response = await pawel.posts(f"{url(ticket.ref)}/replies", text="Szkic Pawła", translation="Чернетка", seen=seen[1])

    assert response.status_code == 409
    assert "Jest już nowsza odpowiedź: Marta." in response.text
    assert "Szkic Pawła" in response.text
    assert len(oksana.screen) == before


async def test_a_repeated_key_sends_one_reply(town: Town) -> None:
    oksana = town.person("Oksana")
    await oksana.writes(QUESTION)
    marta = await town.staff("Marta")
    ticket = await town.ticket()

    for _ in range(3):
        await marta.posts(f"{url(ticket.ref)}/replies", text="Raz", translation="Один раз", key="the-same")

    assert sum("Один раз" in shown.text for shown in oksana.screen) == 1


async def test_a_note_stays_inside(town: Town) -> None:
    oksana = town.person("Oksana")
    await oksana.writes(QUESTION)
    marta = await town.staff("Marta")
    ticket = await town.ticket()
    before = len(oksana.screen)

    await marta.posts(f"{url(ticket.ref)}/notes", text="Zadzwonić do gminy")

    assert "Zadzwonić do gminy" in await marta.opens(url(ticket.ref))
    assert len(oksana.screen) == before


async def test_an_urgent_ticket_shows_nothing_in_the_list_and_must_be_taken_before_a_reply(town: Town) -> None:
    person = town.person("Olha")
    await person.writes("чоловік вчора вдарив мене при дітях. телефон забрав")
    beata = await town.staff("Beata")
    ticket = await town.ticket()
    assert ticket.alarm == "domestic_violence"

    inbox = await beata.opens("/staff/tickets")
    refused = await beata.answers(ticket, "Dzień dobry", "Доброго дня")
    page = await beata.opens(url(ticket.ref))
    await beata.posts(f"{url(ticket.ref)}/take")
    sent = await beata.answers(ticket, "Dzień dobry", "Доброго дня")

    assert "вдарив" not in inbox
    assert "Olha" not in inbox
    assert "PILNE" in inbox
    assert refused.status_code == 422
    assert "Decyduje człowiek" in page
    assert sent.status_code == 303
    assert "Вас уже читає Беата з Центру." in [shown.text for shown in person.screen]


async def test_a_teacher_and_a_stranger_see_no_tickets(town: Town) -> None:
    await town.person("Oksana").writes(QUESTION)
    anna = await town.staff("Anna")
    ticket = await town.ticket()

    assert (await anna.client.get("/staff/tickets")).status_code == 403
    assert (await anna.client.get(url(ticket.ref))).status_code == 403
    await anna.client.post("/staff/sign-out", data={"csrf": "wrong"})
    anna.client.cookies.clear()
    assert (await anna.client.get(url(ticket.ref))).status_code == 303


async def test_a_psychologists_ticket_is_closed_to_other_teams(town: Town) -> None:
    await town.person("Natalia").writes("можна якось до психолога?")
    marta = await town.staff("Marta")
    ticket = await town.ticket()
    assert ticket.service == "psychologist"

    assert (await marta.client.get(url(ticket.ref))).status_code == 403
    assert ids.spoken(ticket.ref) not in await marta.opens("/staff/tickets")


async def test_other_peoples_refs_and_odd_ones_are_not_found(town: Town) -> None:
    marta = await town.staff("Marta")

    for ref in ("123-456", "000000", "abc", "%27%20OR%201=1", "9" * 200, "482–158"):
        assert (await marta.client.get(f"/staff/tickets/{ref}")).status_code == 404


async def test_a_form_without_its_word_changes_nothing(town: Town) -> None:
    await town.person("Oksana").writes(QUESTION)
    marta = await town.staff("Marta")
    ticket = await town.ticket()

    response = await marta.client.post(f"{url(ticket.ref)}/replies", data={"text": "Podrobione", "csrf": "guess"})

    assert response.status_code == 403
    assert (await town.ticket()).staff_at is None


async def test_words_of_people_are_shown_as_text_never_as_markup(town: Town) -> None:
    person = town.person("<script>alert(1)</script>")
    await person.writes("загубила паспорт <img src=x onerror=alert(1)> '; DROP TABLE ticket; --")
    marta = await town.staff("Marta")
    ticket = await town.ticket()

    for page in (await marta.opens("/staff/tickets"), await marta.opens(url(ticket.ref))):
        assert "<script>alert" not in page
        assert "<img src=x" not in page
    assert len(await town.tickets()) == 1


async def test_six_wrong_passwords_make_one_wait(town: Town) -> None:
    marta = await town.staff("Marta")
    marta.client.cookies.clear()

    answers = [
        (
            await marta.client.post("/staff/sign-in", data={"email": "marta@example.org", "password": "wrong"})
        ).status_code
        for _ in range(6)
    ]
    right = await marta.client.post("/staff/sign-in", data={"email": "marta@example.org", "password": PASSWORD})

    assert answers == [401] * 5 + [429]
    assert right.status_code == 429


async def test_the_preview_says_what_the_person_will_read_and_which_figures_are_lost(town: Town) -> None:
    await town.person("Oksana").writes(QUESTION)
    marta = await town.staff("Marta")
    ticket = await town.ticket()
    page = await marta.opens(url(ticket.ref))
    csrf = re.search(r'name="csrf" value="([^"]+)"', page)
    assert csrf

    response = await marta.client.post(
        f"{url(ticket.ref)}/preview", json={"text": "Proszę przyjść o 9:00."}, headers={"X-CSRF-Token": csrf[1]}
    )

    assert response.json() == {"text": "[uk] Proszę przyjść o 9:00.", "same": False, "warnings": []}


async def test_every_page_keeps_to_its_own_address(town: Town) -> None:
    marta = await town.staff("Marta")
    response = await marta.client.get("/staff/tickets")

    assert "default-src 'self'" in response.headers["content-security-policy"]
    assert "http://" not in response.text.replace("http://www.w3.org", "")
    assert "style=" not in response.text
    assert response.headers["cache-control"] == "no-store"


async def test_what_the_bot_says_is_signed_by_the_bot(town: Town) -> None:
    await town.person("Oksana").writes(QUESTION)
    async with town.database.reading() as session:
        from desk import messages

        told = await messages.of_ticket(session, 1)

    assert [message.author for message in told] == [Author.PERSON, Author.BOT]
    assert library.STARTER.exists()


async def test_whoever_comes_back_after_a_while_does_not_wait_for_themselves(town: Town) -> None:
    """The sign-in is kept alive by a write of its own; the page has its transaction open by then."""
    await town.person("Oksana").writes(QUESTION)
    marta = await town.staff("Marta")
    ticket = await town.ticket()
    clock.move_on(timedelta(minutes=20))

    async with asyncio.timeout(3):
        await marta.opens(url(ticket.ref))

    async with town.database.reading() as session:
        assert await session.scalar(select(col(StaffSession.seen_at))) == clock.now()


async def test_what_staff_have_read_stays_read_when_the_bot_answers_it(town: Town) -> None:
    """A greeting is answered some seconds later; a row that jumps up again for that would say there was something new."""
    await town.person("Oksana").writes("добрий день")
    marta = await town.staff("Marta")
    clock.move_on(timedelta(seconds=2))
    await marta.opens(url((await town.ticket()).ref))
    assert 'class="row unread"' not in await marta.opens("/staff/tickets")

    await town.waits(timedelta(seconds=3))

    assert town.person("Oksana").screen
    assert 'class="row unread"' not in await marta.opens("/staff/tickets")


async def test_who_is_answered_before_the_bot_spoke_is_not_waited_for_by_staff(town: Town) -> None:
    await town.person("Oksana").writes("добрий день")
    marta = await town.staff("Marta")
    clock.move_on(timedelta(seconds=2))
    await marta.answers(await town.ticket(), "Dzień dobry.", "Добрий день.")

    await town.waits(timedelta(seconds=3))

    assert (await town.ticket()).status is Status.WAITING


async def test_a_channel_on_which_nothing_goes_out_is_said_where_staff_write(town: Town) -> None:
    await town.person("Oksana").writes(QUESTION)
    await town.person("Ihor", "web").writes(QUESTION)
    marta = await town.staff("Marta")
    pages = ["/staff/tickets", *(url(ticket.ref) for ticket in await town.tickets())]
    assert ["wstrzymane" in await marta.opens(page) for page in pages] == [False, False, False]

    async with town.database.transaction() as session:
        await conditions.goes_out(session, "telegram", "", clock.now(), why="token refused")

    sentence = "Telegram: wysyłanie wstrzymane (od 09:00): klucz kanału odrzucony"
    assert [sentence in await marta.opens(page) for page in pages] == [True, True, False]


async def test_two_addresses_on_one_channel_are_told_apart(town: Town) -> None:
    oksana, ihor = town.person("Oksana"), town.person("Ihor")
    await oksana.writes(QUESTION)
    clock.move_on(timedelta(minutes=25))
    await ihor.writes(QUESTION)
    one, other = await town.person_row("Oksana"), await town.person_row("Ihor")
    async with town.database.transaction() as session:
        kept, gone = await session.get_one(Person, one.id), await session.get_one(Person, other.id)
        await merging.merge(session, kept, gone, clock.now())

    page = await (await town.staff("Marta")).opens(url((await town.ticket()).ref))

    assert re.findall(r"<option value=\"\d+\"[^>]*>(Telegram[^<]*)<", page) == ["Telegram (09:25)", "Telegram (09:00)"]


async def test_a_page_that_looks_for_news_by_itself_keeps_nobody_signed_in(town: Town) -> None:
    await town.person("Oksana").writes(QUESTION)
    marta = await town.staff("Marta")
    path = url((await town.ticket()).ref)

    for _ in range(8):
        clock.move_on(timedelta(minutes=15))
        seen = await marta.client.get(f"{path}/window")
        assert seen.status_code == 200
    clock.move_on(timedelta(minutes=1))

    assert (await marta.client.get(path)).status_code == 303
