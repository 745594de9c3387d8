"""What nobody does by mistake: forged numbers, stale pages, guessed passwords, other systems that pass for people."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import httpx2
import pytest
from sqlalchemy import select, update
from sqlmodel import col

from bot.channels.webchat import Pages
from bot.web import Door, public_app
from desk import clock, courses, ids, tokens
from desk.files import plain_mime
from desk.messages import Message, Status
from desk.staff import Role
from desk.tickets import Status as TicketStatus
from desk.tickets import Ticket
from tests.pages.visits import signs_in, text_of
from tests.town import PASSWORD, Town


@pytest.fixture
async def town(town: Town) -> Town:
    await town.opens_its_doors(clock.now())
    return town


def url(ticket: Ticket) -> str:
    return f"/staff/tickets/{ids.spoken(ticket.ref)}"


# Danger


async def test_nobody_closes_over_an_alarm_that_nobody_has_taken(town: Town) -> None:
    oksana, marta = town.person("Oksana"), await town.staff("Marta")
    await oksana.writes("Загубила паспорт, що робити з PESEL UKR?")
    ticket = await town.ticket()
    await oksana.writes("Мій чоловік б'є мене, допоможіть")

    refused = await marta.closes(ticket, "done", "Koniec.", "Кінець.")

    assert refused.status_code == 422
    assert "Koniec." in refused.text, "what was typed is kept"
    assert (await town.ticket()).status is not TicketStatus.CLOSED
    assert (await town.ticket()).is_urgent


async def test_nobody_closes_over_words_that_came_since_the_page_was_opened(town: Town) -> None:
    oksana, marta = town.person("Oksana"), await town.staff("Marta")
    await oksana.writes("Загубила паспорт, що робити з PESEL UKR?")
    ticket = await town.ticket()
    page = await marta.opens(url(ticket))
    seen = page.split('name="seen" value="', 1)[1].split('"', 1)[0]
    await oksana.writes("і ще одне, мене викликали на суд")

    fields = {"reason": "done", "text": "Gotowe.", "translation": "Готово."}
    refused = await marta.posts(f"{url(ticket)}/closure", **fields, seen=seen)

    assert refused.status_code == 422
    assert "Osoba napisała coś nowego." in text_of(refused)
    assert (await town.ticket()).is_open


async def test_an_alarm_that_never_was_is_not_lowered(town: Town) -> None:
    await town.person("Oksana").writes("Загубила паспорт, що робити з PESEL UKR?")
    marta, ticket = await town.staff("Marta"), await town.ticket()

    assert (await marta.posts(f"{url(ticket)}/lowering", reason="pomyłka")).status_code == 409


@pytest.mark.parametrize("role", [Role.TEACHER, Role.ADMINISTRATOR, Role.REPORT_READER])
async def test_a_ticket_is_not_passed_to_who_may_not_read_it(town: Town, role: Role) -> None:
    await town.person("Oksana").writes("Загубила паспорт, що робити з PESEL UKR?")
    other = await signs_in(town, role)
    marta, ticket = await town.staff("Marta"), await town.ticket()

    for form, field in (("pass", "to"), ("assignment", "owner")):
        assert (await marta.posts(f"{url(ticket)}/{form}", **{field: str(other.member.id)})).status_code == 404
    assert (await town.ticket()).owner_id is None


# Numbers that are none


@pytest.mark.parametrize("number", ["²", "٣", "-1", "0x1", "9" * 30, "9" * 5000, "1e3", " "])
async def test_odd_numbers_in_forms_are_no_numbers(town: Town, number: str) -> None:
    await town.person("Oksana").writes("Загубила паспорт, що робити з PESEL UKR?")
    marta, ticket = await town.staff("Marta"), await town.ticket()

    assert (await marta.posts(f"{url(ticket)}/assignment", owner=number)).status_code == 404
    assert (await marta.posts(f"{url(ticket)}/pass", to=number)).status_code == 404
    sent = await marta.posts(f"{url(ticket)}/replies", text="Dzień dobry", translation="Доброго дня", seen=number)
    assert sent.status_code == 303


@pytest.mark.parametrize(
    "path",
    [
        "/staff/tickets?after=0_2026-01-01_1",
        "/staff/tickets?after=0_0001-01-01T00:00:00%2B14:00_1",
        "/staff/tickets?after=0_2026-01-01T00:00:00%2B00:00_99999999999999999999",
        "/staff/people?after=9223372036854775808",
    ],
)
async def test_odd_marks_of_pages_begin_at_the_beginning(town: Town, path: str) -> None:
    assert (await (await town.staff("Marta")).client.get(path)).status_code == 200


@pytest.mark.parametrize("number", ["0", "-99999999999999999999", "99999999999999999999"])
async def test_odd_messages_are_not_found_and_change_nothing(town: Town, number: str) -> None:
    await town.person("Oksana").writes("Загубила паспорт, що робити з PESEL UKR?")
    marta, ticket = await town.staff("Marta"), await town.ticket()

    for act in ("resending", "arrival"):
        assert (await marta.posts(f"/staff/messages/{number}/{act}")).status_code == 404
    assert (await marta.posts(f"{url(ticket)}/messages/{number}/translation")).status_code == 303


@pytest.mark.parametrize(
    "held", ["1", "%5B1%5D", "%5B" * 3000, "%7B%22key%22%3A%22said.noted%22%2C%22undo%22%3A%7B%7D%7D"]
)
async def test_an_odd_cookie_is_no_reason_to_fail(town: Town, held: str) -> None:
    marta = await town.staff("Marta")

    page = await marta.client.get(
        "/staff/tickets", headers={"cookie": f"poruch_said={held}; " + _cookies(marta.client)}
    )

    assert page.status_code == 200


def _cookies(client: httpx2.AsyncClient) -> str:
    return "; ".join(f"{name}={value}" for name, value in client.cookies.items())


async def test_words_that_cannot_be_seen_are_no_reply(town: Town) -> None:
    await town.person("Oksana").writes("Загубила паспорт, що робити з PESEL UKR?")
    marta, ticket = await town.staff("Marta"), await town.ticket()

    for text in ("\u200b", "\x00", " \u2060\ufeff "):
        assert (await marta.posts(f"{url(ticket)}/replies", text=text)).status_code == 422
        assert (await marta.posts(f"{url(ticket)}/notes", text=text)).status_code == 422
    sent = await marta.posts(f"{url(ticket)}/replies", text="Dzień\x00 dobry", translation="Доброго\x00 дня")
    assert sent.status_code == 303


# Passwords


async def test_many_guesses_at_once_are_many(town: Town) -> None:
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=town.app), base_url="http://desk.test") as guesser:
        tries = [
            guesser.post("/staff/sign-in", data={"email": "marta@example.org", "password": "x"}) for _ in range(12)
        ]
        answers = [answer.status_code for answer in await asyncio.gather(*tries)]

    assert answers.count(401) == 5
    assert answers.count(429) == 7


async def test_typing_errors_of_colleagues_do_not_lock_out_the_centre(town: Town) -> None:
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=town.app), base_url="http://desk.test") as office:
        for number in range(8):
            await office.post("/staff/sign-in", data={"email": f"k{number}@example.org", "password": "x"})
        signed_in = await office.post("/staff/sign-in", data={"email": "marta@example.org", "password": PASSWORD})

    assert signed_in.status_code == 303


# Courses


async def adds_course(town: Town, **fields: str) -> httpx2.Response:
    beata = await town.staff("Beata")
    form = {"code": "A1-9", "capacity": "10", "level": "A1", "first": "2027-03-02", "last": "2027-03-30", "day": "2"}
    return await beata.posts("/staff/courses", **(form | {"begin-2": "10:00", "end-2": "11:30"} | fields))


async def test_a_second_course_of_one_code_is_refused_beside_the_field(town: Town) -> None:
    assert (await adds_course(town)).status_code == 303

    again = await adds_course(town, title="Popołudniowa")

    assert again.status_code == 422
    assert "Grupa o tym skrócie już istnieje." in text_of(again)
    assert "Popołudniowa" in again.text


@pytest.mark.parametrize(
    "fields",
    [
        {"first": "9999-12-31", "last": "9999-12-31"},
        {"first": "0001-01-01", "last": "0001-02-01"},
        {"begin-2": "10:00+02:00", "end-2": "11:00"},
        {"first": "2027-03-06", "last": "2027-03-06"},
        {"begin-2": "12:00", "end-2": "11:00"},
    ],
)
async def test_impossible_dates_and_hours_make_no_course(town: Town, fields: dict[str, str]) -> None:
    refused = await adds_course(town, **fields)

    assert refused.status_code == 422
    async with town.database.reading() as session:
        assert await session.scalar(select(courses.Course)) is None


# Other systems


async def machine(town: Town, name: str, scope: str, *, sensitive: bool = False) -> httpx2.AsyncClient:
    async with town.database.transaction() as session:
        token = await tokens.add(session, name, scope, sensitive=sensitive)
    return httpx2.AsyncClient(
        transport=httpx2.ASGITransport(app=town.app),
        base_url="http://desk.test",
        headers={"Authorization": f"Bearer {token}"},
    )


async def test_a_system_does_not_pass_for_a_person(town: Town) -> None:
    oksana = town.person("Oksana")
    await oksana.writes("Загубила паспорт, що робити з PESEL UKR?")
    ticket = await town.ticket()
    async with await machine(town, "intranet", "write") as intranet:
        sent = await intranet.post(f"/api/v1/tickets/{ids.spoken(ticket.ref)}/replies", json={"text": "Przyjdź jutro"})
    await town.deliver()

    assert sent.status_code == 201
    assert oksana.last.startswith("Від Центру: Przyjdź jutro\n")
    assert "людина" not in oksana.last


async def test_a_system_closes_no_alarm_either(town: Town) -> None:
    await town.person("Oksana").writes("Мій чоловік б'є мене, допоможіть")
    ticket = await town.ticket()
    async with await machine(town, "intranet", "write", sensitive=True) as intranet:
        body = {"reason": "done", "text": "Koniec"}
        refused = await intranet.post(f"/api/v1/tickets/{ids.spoken(ticket.ref)}/closure", json=body)

    assert refused.status_code == 409
    assert refused.json()["error"] == "conflict"
    assert (await town.ticket()).is_urgent


async def test_words_on_the_way_to_a_sensitive_ticket_are_hidden_too(town: Town) -> None:
    natalia = town.person("Natalia")
    await natalia.writes("/menu")
    await town.waits(timedelta(seconds=10))
    await natalia.writes("можна якось до психолога?")
    async with (
        await machine(town, "numbers", "read") as plain,
        await machine(town, "all", "read", sensitive=True) as all_,
    ):
        hidden = (await plain.get("/api/v1/messages")).json()["messages"]
        shown = (await all_.get("/api/v1/messages")).json()["messages"]

    assert len(hidden) == len(shown) > 2
    assert {message["text"] for message in hidden} == {""}
    assert any("психолога" in message["text"] for message in shown)


async def test_the_api_describes_itself_with_nobody_elses_scripts(town: Town) -> None:
    async with await machine(town, "reader", "read") as reader:
        page = await reader.get("/api/v1/docs")
        schema = (await reader.get("/api/v1/openapi.json")).json()
        listed = await reader.get("/api/v1/tickets")

    assert page.status_code == 200
    assert "/api/v1/tickets/{ref}/replies" in page.text
    assert "//cdn" not in page.text
    assert "default-src 'self'" in page.headers["content-security-policy"]
    assert schema["components"]["securitySchemes"]
    assert listed.headers["cache-control"] == "no-store"


# Wishes that a person carries out


async def test_staff_see_who_wants_their_data(town: Town) -> None:
    oksana, marta = town.person("Oksana"), await town.staff("Marta")

    await oksana.writes("/mydata")

    ticket = await town.ticket()
    assert "/mydata" in await marta.opens(url(ticket))
    assert oksana.screen, "the person is told that somebody will do it"


# The web chat


@pytest.fixture
async def web(town: Town) -> AsyncIterator[httpx2.AsyncClient]:
    door = Door(town.database, town.shelf, town.intake, Pages(town.database), "test")
    transport = httpx2.ASGITransport(app=public_app(door))
    async with httpx2.AsyncClient(transport=transport, base_url="http://chat.test") as client:
        answer = await client.post("/chat/session")
        assert answer.headers["cache-control"] == "no-store"
        client.headers["Authorization"] = f"Bearer {answer.json()['token']}"
        yield client


async def test_after_a_quick_exit_nothing_is_brought_and_staff_see_it(town: Town, web: httpx2.AsyncClient) -> None:
    await web.post("/chat/messages", json={"text": "Загубила паспорт, що робити з PESEL UKR?"})
    ticket = await town.ticket()
    await web.post("/chat/exit")
    marta = await town.staff("Marta")

    await marta.answers(ticket, "Dzień dobry", "Доброго дня")

    page = text_of(await marta.client.get(url(ticket)))
    assert "Szybkie wyjście z czatu" in page
    assert ids.spoken(ticket.ref) in text_of(await marta.client.get("/staff/health"))
    async with town.database.reading() as session:
        told = list(await session.scalars(select(Message).where(col(Message.author) == "staff")))
    assert [message.status for message in told] == [Status.FAILED]


async def test_an_open_page_of_a_left_chat_ends(town: Town) -> None:
    pages = Pages(town.database)
    door = Door(town.database, town.shelf, town.intake, pages, "test")
    async with httpx2.AsyncClient(
        transport=httpx2.ASGITransport(app=public_app(door)), base_url="http://chat.test"
    ) as client:
        token = (await client.post("/chat/session")).json()["token"]
        held = {"Authorization": f"Bearer {token}"}
        await client.post("/chat/messages", json={"text": "Загубила паспорт, що робити з PESEL UKR?"}, headers=held)
        open_page = asyncio.create_task(client.get("/chat/stream?after=9999", headers=held))
        while not pages.open:
            await asyncio.sleep(0.01)
        await client.post("/chat/exit", headers=held)

        ended = await asyncio.wait_for(open_page, 5)

    assert "data:" not in ended.text


async def test_the_same_key_gives_the_same_number(web: httpx2.AsyncClient) -> None:
    said = {"text": "Загубила паспорт", "key": "k-1"}

    first, again = [(await web.post("/chat/messages", json=said)).json()["id"] for _ in range(2)]

    assert first == again is not None


@pytest.mark.parametrize("choice", ["-:m:²", "-:r:²:1", "-:l:yes:²", "-:r:٣:1", "-:m:99999999999999999999"])
async def test_forged_buttons_are_old_buttons(web: httpx2.AsyncClient, choice: str) -> None:
    refused = await web.post("/chat/messages", json={"choice": choice})

    assert refused.status_code == 409
    assert refused.json()["sentence"]


async def test_halves_of_letters_in_a_key_lose_nothing(town: Town, web: httpx2.AsyncClient) -> None:
    sent = await web.post(
        "/chat/messages", content=b'{"text": "hi", "key": "\\ud800x"}', headers={"Content-Type": "application/json"}
    )

    assert sent.status_code == 202
    assert sent.json()["id"]


async def test_a_file_and_a_press_in_one_are_refused(web: httpx2.AsyncClient) -> None:
    both = await web.post("/chat/messages", data={"choice": "x"}, files={"file": ("a.png", b"\x89PNG\r\n\x1a\n")})

    assert both.status_code == 422


@pytest.mark.parametrize("number", ["0", "-99999999999999999999", "99999999999999999999"])
async def test_odd_files_are_not_found(web: httpx2.AsyncClient, number: str) -> None:
    assert (await web.get(f"/chat/files/{number}")).status_code == 404


@pytest.mark.parametrize(
    ("claimed", "kept"),
    [
        ("image/PNG", "image/png"),
        ("image/png\r\nX-Evil: 1", "application/octet-stream"),
        ("image/пнг", "application/octet-stream"),
        ("text", "application/octet-stream"),
        ("", ""),
    ],
)
def test_a_content_type_that_is_none_is_some_bytes(claimed: str, kept: str) -> None:
    assert plain_mime(claimed) == kept


async def test_what_staff_wrote_is_not_translated_over(town: Town) -> None:
    await town.person("Oksana").writes("Загубила паспорт, що робити з PESEL UKR?")
    marta, ticket = await town.staff("Marta"), await town.ticket()
    await marta.answers(ticket, "Dzień dobry", "Доброго дня")
    async with town.database.transaction() as session:
        message = (await session.scalars(select(Message).where(col(Message.author) == "staff"))).one()
        await session.execute(update(Message).values(other_state="done"))

    await marta.posts(f"{url(ticket)}/messages/{message.id}/translation")

    async with town.database.reading() as session:
        assert (await session.get_one(Message, message.id)).other_state == "done"
