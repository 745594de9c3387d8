"""Nothing is lost: the sums that say so, what was set aside, what did not arrive; and who sees how much of it."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select
from sqlmodel import col

from desk import clock, health, messages
from desk.handbook import Handbook
from desk.history import Event
from desk.messages import Message, Purpose, SetAside, Status
from desk.people import Person, addresses_of
from desk.reminders import Kind, Reminder, State
from desk.staff import Role
from desk.tickets import Ticket
from tests.pages.visits import newcomer, signs_in
from tests.town import WARSAW, Town

CASEWORK = [Role.INTAKE, Role.CASEWORKER, Role.COORDINATOR]
HEALTH = "/staff/health"
WORDS = "Мій номер 600100200, допоможіть"


async def aside(town: Town, raw: str = WORDS, key: str = "u1") -> int:
    async with town.database.transaction() as session:
        await messages.set_aside(session, "telegram", "", key, raw.encode(), "KeyError", clock.now())
    async with town.database.reading() as session:
        return (await session.scalars(select(col(SetAside.id)).order_by(col(SetAside.id).desc()))).first()


async def told(town: Town, person: Person, ticket: Ticket | None, status: Status, failure: str = "") -> None:
    """A reply that has fared in some way."""
    async with town.database.transaction() as session:
        (address,) = await addresses_of(session, person.id)
        message = await messages.tell(
            session, address, "Добрий день", language="uk", at=clock.now(), purpose=Purpose.REPLY,
            ticket_id=ticket.id if ticket else None,
        )  # fmt: skip
        message.status, message.failure = status, failure


class TestWhoSeesIt:
    @pytest.mark.parametrize("role", [*CASEWORK, Role.SPECIALIST, Role.ADMINISTRATOR, Role.REPORT_READER])
    async def test_everyone_but_teachers(self, town, role):
        visitor = await signs_in(town, role)

        page = await visitor.opens(HEALTH)

        assert "Nic nie zginęło" in page
        assert "Od pt. 26 lutego. Sprawdzono 09:00." in page

    async def test_a_teacher_reads_a_sentence(self, town):
        visitor = await signs_in(town, Role.TEACHER)

        await visitor.opens(HEALTH, 403)

    @pytest.mark.parametrize("role", [Role.ADMINISTRATOR, Role.REPORT_READER, Role.SPECIALIST])
    async def test_those_who_may_not_read_a_ticket_see_its_ref_and_no_name(self, town, role):
        person, (ticket,) = await newcomer(town, "Оксана", "health")
        await told(town, person, ticket, Status.FAILED, "blocked")
        visitor = await signs_in(town, role)

        page = await visitor.opens(HEALTH)

        assert f"{ticket.ref[:3]}-{ticket.ref[3:]}" in page
        assert "Оксана" not in page
        assert f"/staff/tickets/{ticket.ref[:3]}" not in page

    async def test_a_caseworker_sees_whom_it_did_not_reach(self, town):
        person, (ticket,) = await newcomer(town, "Оксана", "health")
        await told(town, person, ticket, Status.UNSURE)
        visitor = await signs_in(town, Role.CASEWORKER)

        page = await visitor.opens(HEALTH)

        assert "Оксана" in page
        assert f'href="/staff/tickets/{ticket.ref[:3]}-{ticket.ref[3:]}"' in page
        assert "nie wiemy, czy dotarło" in page

    async def test_a_name_on_a_confidential_ticket_stays_covered(self, town):
        person, (ticket,) = await newcomer(town, "Ірина", "psychologist")
        await told(town, person, ticket, Status.FAILED)
        visitor = await signs_in(town, Role.COORDINATOR)

        assert "Ірина" not in await visitor.opens(HEALTH)

    async def test_without_a_ticket_the_name_goes_to_those_who_may_know_the_person(self, town):
        oksana, _ = await newcomer(town, "Оксана", "job_search")
        iryna, _ = await newcomer(town, "Ірина", "psychologist")
        for person in (oksana, iryna):
            await told(town, person, None, Status.FAILED)
        caseworker = await signs_in(town, Role.CASEWORKER)
        administrator = await signs_in(town, Role.ADMINISTRATOR)

        page = await caseworker.opens(HEALTH)

        assert f'href="/staff/people/{oksana.id}"' in page
        assert "Ірина" not in page
        assert "Оксана" not in await administrator.opens(HEALTH)


class TestSums:
    async def test_what_people_wrote_stands_in_tickets(self, town):
        await town.opens_its_doors(clock.now())
        oksana = town.person("Оксана")
        await oksana.writes("Шукаю роботу, допоможіть знайти роботу прибиральниці")
        await oksana.sends("photo")
        await town.waits(timedelta(seconds=30))
        visitor = await signs_in(town, Role.COORDINATOR)

        page = await visitor.opens(HEALTH)

        assert "<span>Odebrane:</span> 2 = <span>w zgłoszeniach:</span> 2" in page
        assert "Żadna wiadomość nie zginęła." in page

    async def test_what_was_set_aside_is_received_too(self, town):
        await newcomer(town, "Оксана", "job_search")
        await aside(town)
        visitor = await signs_in(town, Role.COORDINATOR)

        page = await visitor.opens(HEALTH)

        assert "<span>Odebrane:</span> 1 = <span>w zgłoszeniach:</span> 0 + <span>odłożone:</span> 1" in page
        assert "Brakujące są poniżej, zapisane w całości." in page

    async def test_commands_need_no_ticket(self, town):
        await town.opens_its_doors(clock.now())
        await town.person("Оксана").writes("/privacy")
        visitor = await signs_in(town, Role.COORDINATOR)

        page = await visitor.opens(HEALTH)

        assert "<span>Odebrane:</span> 0 =" in page
        assert "Żadna wiadomość nie zginęła." in page

    async def test_what_we_told_by_how_it_fared(self, town):
        person, (ticket,) = await newcomer(town, "Оксана", "job_search")
        for status in (Status.SENT, Status.SENT, Status.WAITING, Status.FAILED, Status.WITHDRAWN):
            await told(town, person, ticket, status)
        visitor = await signs_in(town, Role.COORDINATOR)

        page = " ".join((await visitor.opens(HEALTH)).split())

        assert (
            "<span>Nasze wiadomości:</span> 4 = <span>wysłane:</span> 2 + <span>w drodze:</span> 1 + <span>niewysłane:</span> 1"
        ) in page

    async def test_reminders_whose_time_has_come(self, town):
        person, _ = await newcomer(town, "Оксана", "polish_course")
        now = clock.now()
        async with town.database.transaction() as session:
            from desk.courses import add_course, add_lesson

            course = await add_course(session, "A1", at=now)
            for ahead, state in (
                (timedelta(hours=-2), State.TOLD),
                (timedelta(hours=-3), State.MISSED),
                (timedelta(hours=-1), State.PLANNED),
                (timedelta(minutes=-2), State.PLANNED),
                (timedelta(hours=5), State.PLANNED),
                (timedelta(hours=-1), State.WITHDRAWN),
                (timedelta(days=-10), State.TOLD),
            ):
                lesson = await add_lesson(session, course, now + timedelta(days=1))
                session.add(
                    Reminder(person_id=person.id, lesson_id=lesson.id, kind=Kind.DAY, due_at=now + ahead, state=state)
                )
        visitor = await signs_in(town, Role.COORDINATOR)

        page = " ".join((await visitor.opens(HEALTH)).split())

        assert "<span>Przypomnienia:</span> 3 ≠ <span>wysłane:</span> 1 + <span>na liście:</span> 1" in page
        assert "Niektóre czekają dłużej, niż powinny." in page

    async def test_an_empty_desk_is_whole(self, town):
        visitor = await signs_in(town, Role.COORDINATOR)

        page = await visitor.opens(HEALTH)

        assert page.count('class="card whole"') == 3
        assert "Nic nie czeka na sprawdzenie." in page

    @pytest.mark.parametrize(
        ("now", "since"),
        [
            (datetime(2027, 3, 2, 9, 0), datetime(2027, 3, 1)),
            (datetime(2027, 3, 1, 0, 5), datetime(2027, 2, 26)),
            (datetime(2027, 3, 6, 12, 0), datetime(2027, 3, 5)),
            (datetime(2027, 3, 30, 8, 0), datetime(2027, 3, 26)),  # After Easter Monday.
        ],
    )
    async def test_since_the_last_working_day(self, town, now, since):
        async with town.database.reading() as session:
            book: Handbook = await town.shelf.book(session)

        assert health.last_working_day(book.centre, now.replace(tzinfo=WARSAW)) == since.replace(tzinfo=WARSAW)


class TestSetAside:
    @pytest.mark.parametrize("role", CASEWORK)
    async def test_those_who_work_with_people_read_it_whole(self, town, role):
        number = await aside(town)
        visitor = await signs_in(town, role)
        assert f"{HEALTH}/set-aside/{number}" in await visitor.opens(HEALTH)

        answer = await visitor.client.get(f"{HEALTH}/set-aside/{number}")

        assert answer.text == WORDS
        assert answer.headers["content-type"] == "text/plain; charset=utf-8"
        assert answer.headers["content-security-policy"] == "sandbox; default-src 'none'"
        assert answer.headers["x-content-type-options"] == "nosniff"
        async with town.database.reading() as session:
            event = (await session.scalars(select(Event).where(col(Event.kind) == "aside.read"))).one()
        assert (event.staff_id, event.facts) == (visitor.member.id, {"aside": number})

    @pytest.mark.parametrize("role", [Role.ADMINISTRATOR, Role.REPORT_READER, Role.TEACHER])
    async def test_others_do_not(self, town, role):
        number = await aside(town)
        visitor = await signs_in(town, role)

        assert "600100200" not in await visitor.opens(f"{HEALTH}/set-aside/{number}", 403)
        if role is not Role.TEACHER:
            page = await visitor.opens(HEALTH)
            assert f'href="{HEALTH}/set-aside/{number}"' not in page
            assert "600100200" not in page

    @pytest.mark.parametrize("role", [*CASEWORK, Role.ADMINISTRATOR])
    async def test_somebody_has_looked_and_it_waits_no_longer(self, town, role):
        number = await aside(town)
        visitor = await signs_in(town, role)

        await visitor.sends(f"{HEALTH}/set-aside/{number}/outcome", outcome="seen")
        await visitor.sends(f"{HEALTH}/set-aside/{number}/outcome", outcome="seen")

        assert "Nic nie czeka na sprawdzenie." in await visitor.opens(HEALTH)
        async with town.database.reading() as session:
            assert len((await session.scalars(select(Event).where(col(Event.kind) == "aside.settled"))).all()) == 1
            assert (await session.get_one(SetAside, number)).raw == WORDS.encode()

    @pytest.mark.parametrize("role", [Role.REPORT_READER, Role.TEACHER])
    async def test_others_cannot_settle_it(self, town, role):
        number = await aside(town)
        visitor = await signs_in(town, role)

        await visitor.sends(f"{HEALTH}/set-aside/{number}/outcome", outcome="seen", sees="")

        async with town.database.reading() as session:
            assert await health.waiting_aside(session) == 1

    @pytest.mark.parametrize("outcome", ["erased", "nobody"])
    async def test_of_a_wish_to_be_forgotten_they_say_what_became_of_it(self, town, outcome):
        """Its page tells it to who wished it, so that nobody may say more than was done."""
        async with town.database.transaction() as session:
            await messages.set_aside(session, "messenger", "", f"{messages.WISH}1a2b", b"{}", "asked", clock.now())
        visitor = await signs_in(town, Role.COORDINATOR)
        page = await visitor.opens(HEALTH)
        assert "Dane usunięte" in page
        assert "Sprawdzone" not in page

        await visitor.sends(f"{HEALTH}/set-aside/1/outcome", outcome="seen", sees="Wybierz, co z tym zrobiono.")
        await visitor.sends(f"{HEALTH}/set-aside/1/outcome", sees="Wybierz, co z tym zrobiono.")
        await visitor.sends(f"{HEALTH}/set-aside/1/outcome", outcome=outcome)

        other = {"erased": "nobody", "nobody": "erased"}[outcome]
        answer = await visitor.client.post(
            f"{HEALTH}/set-aside/1/outcome", data={"csrf": visitor.word, "outcome": other}
        )
        assert answer.status_code == 409
        async with town.database.reading() as session:
            row = (await session.scalars(select(SetAside))).one()
        assert (row.outcome, row.settled_at) == (outcome, clock.now())

    @pytest.mark.parametrize("number", ["0", "77", "9" * 25])
    async def test_what_is_not_there(self, town, number):
        visitor = await signs_in(town, Role.CASEWORKER)

        await visitor.opens(f"{HEALTH}/set-aside/{number}", 404)
        await visitor.sends(
            f"{HEALTH}/set-aside/{number}/outcome", outcome="seen", sees="Nie ma takiej odłożonej wiadomości."
        )

    async def test_bytes_that_are_no_text(self, town):
        async with town.database.transaction() as session:
            await messages.set_aside(session, "telegram", "", "odd", b"\xff\xfe<script>", "ValueError", clock.now())
        visitor = await signs_in(town, Role.CASEWORKER)

        answer = await visitor.client.get(f"{HEALTH}/set-aside/1")

        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/plain")


class TestUndelivered:
    async def test_what_somebody_has_dealt_with_is_gone(self, town):
        person, (ticket,) = await newcomer(town, "Оксана", "job_search")
        await told(town, person, ticket, Status.UNSURE)
        visitor = await signs_in(town, Role.CASEWORKER)
        async with town.database.reading() as session:
            number = (await session.scalars(select(col(Message.id)))).one()

        await visitor.sends(f"/staff/messages/{number}/arrival")

        assert "Wszystkie odpowiedzi dotarły." in await visitor.opens(HEALTH)
