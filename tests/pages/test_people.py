"""People: who finds whom, what stands on a person's page, and what may be corrected there."""

import pytest
from sqlalchemy import select
from sqlmodel import col

from desk import ids, profiles
from desk.courses import Place, Standing, add_course
from desk.history import Event
from desk.people import ContactRule, Person
from desk.staff import Role
from desk.tickets import Ticket
from tests.pages.visits import newcomer, signs_in
from tests.town import Town

OUTSIDERS = [Role.TEACHER, Role.REPORT_READER, Role.ADMINISTRATOR]
CASEWORK = [Role.INTAKE, Role.CASEWORKER, Role.COORDINATOR]


async def person_row(town: Town, person: Person) -> Person:
    async with town.database.reading() as session:
        return await session.get_one(Person, person.id)


async def kinds_of(town: Town, person: Person) -> list[str]:
    async with town.database.reading() as session:
        return list(
            await session.scalars(
                select(col(Event.kind)).where(col(Event.person_id) == person.id).order_by(col(Event.id))
            )
        )


class TestWhoSeesWhom:
    @pytest.mark.parametrize("role", CASEWORK)
    async def test_those_who_work_with_people_find_them_with_their_open_tickets(self, town, role):
        await newcomer(town, "Оксана Бондар", "job_search", "school")
        reader = await signs_in(town, role)

        page = await reader.opens("/staff/people")

        assert "Оксана Бондар" in page
        assert "2 otwarte zgłoszenia" in page

    @pytest.mark.parametrize("role", OUTSIDERS)
    async def test_others_read_a_sentence_and_no_name(self, town, role):
        person, _ = await newcomer(town, "Оксана Бондар", "job_search")
        reader = await signs_in(town, role)

        for path in ("/staff/people", "/staff/people?q=Оксана", f"/staff/people/{person.id}"):
            assert "Оксана" not in await reader.opens(path, 403)
        for form in ("name", "safe-contact"):
            answer = await reader.client.post(f"/staff/people/{person.id}/{form}", data={"name": "X"})
            assert answer.status_code == 403

    async def test_nobody_is_let_in_without_signing_in(self, town):
        reader = await signs_in(town, Role.CASEWORKER)
        reader.client.cookies.clear()

        answer = await reader.client.get("/staff/people")

        assert (answer.status_code, answer.headers["location"]) == (303, "/staff/sign-in?next=/staff/people")

    async def test_a_person_with_confidential_tickets_alone_is_hidden_from_others(self, town):
        person, _ = await newcomer(town, "Ірина Мельник", "psychologist")
        caseworker = await signs_in(town, Role.CASEWORKER)
        psychologist = await signs_in(town, Role.SPECIALIST, "Jan Kos", ("psychologist",))

        page = await caseworker.opens("/staff/people")

        assert "Ірина" not in page
        assert "Dane ukryte" in page
        assert "Ірина" not in await caseworker.opens(f"/staff/people/{person.id}", 403)
        assert "Ірина Мельник" in await psychologist.opens("/staff/people")
        assert "Ірина Мельник" in await psychologist.opens(f"/staff/people/{person.id}")

    async def test_a_search_does_not_give_away_that_somebody_is_here(self, town):
        _, (ticket,) = await newcomer(town, "Ірина Мельник", "psychologist", answers={"phone": {"v": "+48600100200"}})
        caseworker = await signs_in(town, Role.CASEWORKER)

        for words in ("Ірина", ids.spoken(ticket.ref), "600 100 200"):
            page = await caseworker.opens(f"/staff/people?q={words}")
            assert "Nikogo takiego nie ma" in page
            assert "Dane ukryte" not in page

    async def test_a_page_shows_only_the_tickets_that_the_reader_may_read(self, town):
        person, (work, soul) = await newcomer(town, "Ірина Мельник", "job_search", "psychologist")
        caseworker = await signs_in(town, Role.CASEWORKER)
        psychologist = await signs_in(town, Role.SPECIALIST, "Jan Kos", ("psychologist",))

        page = await caseworker.opens(f"/staff/people/{person.id}")

        assert ids.spoken(work.ref) in page
        assert ids.spoken(soul.ref) not in page
        assert ids.spoken(soul.ref) in await psychologist.opens(f"/staff/people/{person.id}")

    async def test_someone_without_a_ticket_can_be_opened(self, town):
        person, _ = await newcomer(town, "Галина")
        reader = await signs_in(town, Role.INTAKE)

        assert "Jeszcze nie ma zgłoszeń." in await reader.opens(f"/staff/people/{person.id}")

    @pytest.mark.parametrize("number", ["0", "-1", "999", "9" * 30])
    async def test_nobody_is_there(self, town, number):
        reader = await signs_in(town, Role.CASEWORKER)

        await reader.opens(f"/staff/people/{number}", 404)


class TestFinding:
    @pytest.mark.parametrize("words", ["Оксана", "оксана", "БОНДАР", "oksana", "Oksana Bondar", "бонд", "  оксана  "])
    async def test_by_name_in_both_alphabets_and_any_case(self, town, words):
        await newcomer(town, "Оксана Бондар", "job_search")
        await newcomer(town, "Petro", "job_search")
        reader = await signs_in(town, Role.INTAKE)

        page = await reader.opens(f"/staff/people?q={words}")

        assert "Оксана Бондар" in page
        assert "Petro" not in page

    async def test_a_latin_name_by_cyrillic_words(self, town):
        await newcomer(town, "Marta Hnatiuk", "job_search")
        reader = await signs_in(town, Role.INTAKE)

        assert "Marta Hnatiuk" in await reader.opens("/staff/people?q=Гнатюк")

    async def test_by_ref_and_by_phone(self, town):
        _, (ticket,) = await newcomer(town, "Оксана", "job_search", answers={"phone": {"v": "+48600100200", "w": ""}})
        await newcomer(town, "Petro", "job_search", answers={"phone": {"v": "+48600100201", "w": ""}})
        reader = await signs_in(town, Role.INTAKE)

        for words in (ticket.ref, ids.spoken(ticket.ref), "600100200", "%2B48 600 100 200"):
            page = await reader.opens(f"/staff/people?q={words}")
            assert "Оксана" in page
            assert "Petro" not in page

    @pytest.mark.parametrize("words", ["%25", "_", "\\", "'; DROP TABLE person", "%00", "💛"])
    async def test_signs_are_only_signs(self, town, words):
        await newcomer(town, "Оксана", "job_search")
        reader = await signs_in(town, Role.INTAKE)

        page = await reader.opens(f"/staff/people?q={words}")

        assert "Оксана" not in page or words == "%00"

    async def test_page_by_page(self, town):
        async with town.database.transaction() as session:
            from desk import clock

            session.add_all(
                Person(name=f"Osoba {n:03}", met_at=clock.now(), heard_at=clock.now()) for n in range(1, 121)
            )
        reader = await signs_in(town, Role.INTAKE)

        first = await reader.opens("/staff/people")
        second = await reader.opens(_link(first, "next"))
        third = await reader.opens(_link(second, "next"))

        assert [_people_on(page) for page in (first, second, third)] == [50, 50, 20]
        assert "Osoba 120" in first
        assert "Osoba 070" in second
        assert "Osoba 001" in third
        assert 'rel="next"' not in third
        assert _link(third, "prev") == "/staff/people"

    async def test_an_odd_place_is_the_first_page(self, town):
        await newcomer(town, "Оксана", "job_search")
        reader = await signs_in(town, Role.INTAKE)

        assert "Оксана" in await reader.opens("/staff/people?after=abc")

    def test_spellings_are_few(self):
        assert profiles.spellings("Оксана")[:3] == ["оксана", "Оксана", "ОКСАНА"]
        assert "Oksana" in profiles.spellings("оксана")
        assert "Оксана" in profiles.spellings("oksana")
        assert profiles.spellings(" ") == []


def _link(page: str, rel: str) -> str:
    return page.split(f'" rel="{rel}"')[0].rsplit('href="', 1)[1]


def _people_on(page: str) -> int:
    return page.count('<li class="entry linked">')


class TestPage:
    async def test_the_number_is_covered_until_somebody_uncovers_it(self, town):
        person, _ = await newcomer(town, "Оксана", "job_search", answers={"phone": {"v": "+48600100200", "w": ""}})
        reader = await signs_in(town, Role.CASEWORKER)

        covered = await reader.opens(f"/staff/people/{person.id}")
        whole = await reader.opens(f"/staff/people/{person.id}?phone=whole")

        assert "+48 ••• ••• 200" in covered
        assert "600100200" not in covered
        assert "+48600100200" in whole
        assert [kind for kind in await kinds_of(town, person) if kind.startswith("person.")] == [
            "person.read", "person.phone_read",
        ]  # fmt: skip
        assert "Numer telefonu odsłonięty: Ewa Wrona" in await reader.opens(f"/staff/people/{person.id}")

    async def test_the_newest_number_stands_there(self, town):
        person, (older, newer) = await newcomer(town, "Оксана", "job_search", "school")
        async with town.database.transaction() as session:
            for ticket, phone in ((older, "+48600100111"), (newer, "+48600100222")):
                held = await session.get_one(Ticket, ticket.id)
                held.answers = {"phone": {"v": phone, "w": ""}}
        reader = await signs_in(town, Role.CASEWORKER)

        assert "222" in await reader.opens(f"/staff/people/{person.id}")

    async def test_a_number_from_a_closed_ticket_is_not_shown(self, town):
        person, _ = await newcomer(town, "Оксана", "job_search")
        async with town.database.transaction() as session:
            from desk import clock, tickets

            await tickets.open_ticket(
                session, person.id, clock.now(), service="psychologist", answers={"phone": {"v": "+48600100999"}}
            )
        reader = await signs_in(town, Role.CASEWORKER)

        assert "999" not in await reader.opens(f"/staff/people/{person.id}?phone=whole")

    async def test_the_courses_stand_there(self, town):
        person, _ = await newcomer(town, "Оксана", "polish_course")
        async with town.database.transaction() as session:
            from desk import clock

            course = await add_course(session, "A1-3", at=clock.now(), names={"pl": "Polski A1"})
            session.add(Place(course_id=course.id, person_id=person.id, standing=Standing.QUEUE, since=clock.now()))
        reader = await signs_in(town, Role.CASEWORKER)

        page = await reader.opens(f"/staff/people/{person.id}")

        assert "Polski A1 A1-3" in page
        assert "w kolejce na miejsce" in page

    async def test_history_leaves_out_what_belongs_to_closed_tickets(self, town):
        from desk.history import record

        person, (work, soul) = await newcomer(town, "Оксана", "job_search", "psychologist")
        psychologist = await signs_in(town, Role.SPECIALIST, "Jan Kos", ("psychologist",))
        async with town.database.transaction() as session:
            for ticket in (work, soul):
                record(
                    session, "ticket.noted", ticket_id=ticket.id, person_id=person.id,
                    staff_id=psychologist.member.id if ticket is soul else None,
                )  # fmt: skip
        caseworker = await signs_in(town, Role.CASEWORKER)

        history = (await caseworker.opens(f"/staff/people/{person.id}")).split('class="history')[1]

        assert history.count("<li>") == 1


class TestCorrecting:
    async def test_name_and_commune(self, town):
        person, _ = await newcomer(town, "Okcaha", "job_search")
        reader = await signs_in(town, Role.CASEWORKER)

        await reader.sends(f"/staff/people/{person.id}/name", name="  Оксана   Бондар ", commune="wąchock")

        changed = await person_row(town, person)
        assert (changed.name, changed.gmina) == ("Оксана Бондар", "wachock")
        page = await reader.opens(f"/staff/people/{person.id}")
        assert "Wąchock" in page
        assert "Dane zapisane." in page
        assert "Dane poprawione: Ewa Wrona" in page

    @pytest.mark.parametrize("typed", ["Вонхоцьк", "WĄCHOCK", "wachock"])
    async def test_a_commune_in_any_of_our_languages(self, town, typed):
        person, _ = await newcomer(town, "Оксана", "job_search")
        reader = await signs_in(town, Role.CASEWORKER)

        await reader.sends(f"/staff/people/{person.id}/name", name="Оксана", commune=typed)

        assert (await person_row(town, person)).gmina == "wachock"

    async def test_saving_what_stands_there_changes_nothing(self, town):
        person, _ = await newcomer(town, "Оксана", "job_search")
        reader = await signs_in(town, Role.CASEWORKER)

        await reader.sends(f"/staff/people/{person.id}/name", name="Оксана", commune="", phone="")

        assert "person.named" not in await kinds_of(town, person)

    @pytest.mark.parametrize(
        ("fields", "sentence"),
        [
            ({"name": "Inna", "commune": "Atlantyda"}, "Nie znamy takiej gminy."),
            ({"name": "Inna", "commune": "Inne miejsce"}, "Nie znamy takiej gminy."),
            ({"name": "Inna", "phone": "dzwonić po 15"}, "To nie wygląda na numer telefonu."),
            ({"name": "x" * 121}, "Za długi tekst: najwyżej 120 znaków."),
        ],
    )
    async def test_what_is_wrong_is_said_and_nothing_changes(self, town, fields, sentence):
        person, _ = await newcomer(town, "Оксана", "job_search")
        reader = await signs_in(town, Role.CASEWORKER)

        await reader.sends(f"/staff/people/{person.id}/name", sees=sentence, **fields)

        assert (await person_row(town, person)).name == "Оксана"
        assert "person.named" not in await kinds_of(town, person)

    async def test_a_number_stands_in_the_newest_ticket(self, town):
        person, (_, newest) = await newcomer(town, "Оксана", "job_search", "school")
        reader = await signs_in(town, Role.CASEWORKER)

        await reader.sends(f"/staff/people/{person.id}/name", name="Оксана", phone="600 100 200")

        async with town.database.reading() as session:
            assert (await session.get_one(Ticket, newest.id)).answers["phone"]["v"] == "+48600100200"
        assert "+48 ••• ••• 200" in await reader.opens(f"/staff/people/{person.id}")

    async def test_a_number_needs_a_ticket(self, town):
        person, _ = await newcomer(town, "Галина")
        reader = await signs_in(town, Role.CASEWORKER)

        await reader.sends(
            f"/staff/people/{person.id}/name", sees="ta osoba jeszcze żadnego nie ma", name="Inna", phone="600100200"
        )

        assert (await person_row(town, person)).name == "Галина"

    async def test_without_the_word_against_forged_forms_nothing_changes(self, town):
        person, _ = await newcomer(town, "Оксана", "job_search")
        reader = await signs_in(town, Role.CASEWORKER)

        answer = await reader.client.post(f"/staff/people/{person.id}/name", data={"name": "Inna"})

        assert answer.status_code == 403
        assert (await person_row(town, person)).name == "Оксана"

    async def test_a_person_who_is_closed_to_the_reader_cannot_be_changed(self, town):
        person, _ = await newcomer(town, "Ірина", "psychologist")
        reader = await signs_in(town, Role.CASEWORKER)

        await reader.sends(f"/staff/people/{person.id}/name", sees="", name="Inna")
        await reader.sends(f"/staff/people/{person.id}/safe-contact", sees="", rule="any")

        assert (await person_row(town, person)).name == "Ірина"


class TestContactRule:
    @pytest.mark.parametrize(
        ("chosen", "rule"),
        [
            ("write_only", ContactRule.ONLY_TEXT),
            ("no_topic", ContactRule.NO_TOPIC),
            ("never_first", ContactRule.NEVER_FIRST),
            ("any", ContactRule.FREE),
        ],
    )
    async def test_each_rule_can_be_chosen(self, town, chosen, rule):
        person, _ = await newcomer(town, "Оксана", "job_search")
        reader = await signs_in(town, Role.CASEWORKER)

        await reader.sends(f"/staff/people/{person.id}/safe-contact", rule=chosen, text="Dzwonić po 15:00.")

        assert (await person_row(town, person)).contact_rule is rule
        page = await reader.opens(f"/staff/people/{person.id}")
        assert "Dzwonić po 15:00." in page
        assert "Zapisane: 1 marca, Ewa Wrona" in page
        assert ("safe-strip" in page) == (chosen in ("no_topic", "never_first"))

    @pytest.mark.parametrize(
        ("fields", "sentence"),
        [
            ({"rule": "whenever"}, "Wybierz jedną z reguł kontaktu."),
            ({}, "Wybierz jedną z reguł kontaktu."),
            ({"rule": "no_topic", "text": "x" * 161}, "Za długi tekst"),
        ],
    )
    async def test_what_is_wrong_is_said_and_the_rule_stays(self, town, fields, sentence):
        person, _ = await newcomer(town, "Оксана", "job_search")
        reader = await signs_in(town, Role.CASEWORKER)

        await reader.sends(f"/staff/people/{person.id}/safe-contact", sees=sentence, **fields)

        assert (await person_row(town, person)).contact_rule is ContactRule.FREE
