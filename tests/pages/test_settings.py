"""The settings: who enters which room, what each change does, and that the bot knows of it at once."""

import re
from datetime import date, datetime

import pytest
from sqlalchemy import select
from sqlmodel import col

from desk import clock, library, staff, upkeep
from desk.handbook import Handbook
from desk.history import Event
from desk.library import Entry
from desk.services import OPEN_TO
from desk.staff import CASEWORK, TEAMS, Role
from tests.pages.visits import Visitor, newcomer, signs_in, text_of
from tests.town import PASSWORD, WARSAW, Town

EDITORS = [Role.COORDINATOR, Role.ADMINISTRATOR]
READERS = [Role.INTAKE, Role.CASEWORKER, Role.SPECIALIST]
OUTSIDERS = [Role.TEACHER, Role.REPORT_READER]
ROOMS = ("", "/centre", "/helplines", "/answers", "/services", "/drill")
SETTINGS = "/staff/settings"


async def book_of(town: Town) -> Handbook:
    """What the bot knows now."""
    async with town.database.reading() as session:
        return await town.shelf.book(session)


async def entry_of(town: Town, kind: str, key: str) -> Entry:
    async with town.database.reading() as session:
        return await library.find(session, kind, key)


async def done(town: Town, kind: str) -> list[Event]:
    async with town.database.reading() as session:
        return list(await session.scalars(select(Event).where(col(Event.kind) == kind)))


class TestWhoEnters:
    @pytest.mark.parametrize("role", [*EDITORS, *READERS])
    async def test_these_see_every_room(self, town, role):
        visitor = await signs_in(town, role)

        for room in ROOMS:
            page = await visitor.opens(SETTINGS + room)
            assert ("Zespół i role" in page) == (role in EDITORS)

    @pytest.mark.parametrize("role", OUTSIDERS)
    async def test_these_see_none(self, town, role):
        visitor = await signs_in(town, role)

        for room in (*ROOMS, "/staff"):
            await visitor.opens(SETTINGS + room, 403)

    @pytest.mark.parametrize("role", READERS)
    async def test_these_only_read(self, town, role):
        visitor = await signs_in(town, role)

        await visitor.opens(SETTINGS + "/staff", 403)
        for room in ROOMS[1:]:
            page = await visitor.opens(SETTINGS + room)
            assert "Potwierdzam" not in page
            assert ">Zapisz<" not in page

    @pytest.mark.parametrize("role", [*READERS, *OUTSIDERS])
    async def test_these_change_nothing(self, town, role):
        visitor = await signs_in(town, role)

        for form in (
            "/centre", "/centre/emergency", "/centre/closed-days", "/centre/closed-days/2027-03-05/removal",
            "/helplines/niebieska_linia/confirmation", "/helplines/niebieska_linia/withdrawal",
            "/answers/protection_until/confirmation", "/answers/protection_until/withdrawal",
            "/services/job_search/switch", "/services/job_search/roles",
            "/staff", "/staff/1/roles", "/staff/1/password", "/staff/1/disabling", "/staff/1/enabling",
        ):  # fmt: skip
            answer = await visitor.sends(
                SETTINGS + form, sees="", works="no", on="no", role="intake", until="2027-04-01"
            )
            assert answer.status_code == 403, form

        assert not await done(town, "content.edited")

    @pytest.mark.parametrize("language", ["uk", "en"])
    async def test_in_every_language_of_the_staff(self, town, language):
        visitor = await signs_in(town, Role.COORDINATOR)
        await visitor.sends("/staff/language", language=language)

        for path in (*(SETTINGS + room for room in (*ROOMS, "/staff")), "/staff/people", "/staff/health"):
            assert f'<html lang="{language}">' in await visitor.opens(path)

    async def test_the_rail_says_how_much_wants_a_look(self, town):
        visitor = await signs_in(town, Role.COORDINATOR)

        page = await visitor.opens(SETTINGS)

        assert f"{len(await _entries(town, 'answer'))} do sprawdzenia" in page


async def _entries(town: Town, kind: str) -> list[Entry]:
    async with town.database.reading() as session:
        return await library.entries(session, kind)


def centre_form(**changes: object) -> dict[str, object]:
    """The centre's form as it is shown, with some fields typed anew; None leaves a field out."""
    fields: dict[str, object] = {
        "name": "Centrum Pomocy Uchodźcom",
        "centre_of_pl": "Centrum Pomocy Uchodźcom",
        "centre_of_uk": "Центру допомоги біженцям",
        "centre_of_ru": "Центра помощи беженцам",
        "town": "Starachowice",
        "address": "ul. Przykładowa 1",
        "room": "12",
        "phone": "",
        "email": "",
        "open": ["1", "2", "3", "4", "5"],
    }
    for day in range(1, 8):
        fields |= {f"begin-{day}": "08:00", f"end-{day}": "15:30"}
    return {name: value for name, value in {**fields, **changes}.items() if value is not None}


class TestCentre:
    async def test_the_form_shows_what_is_kept_and_saving_it_changes_nothing(self, town):
        visitor = await signs_in(town, Role.COORDINATOR)
        page = await visitor.opens(SETTINGS + "/centre")
        shown = dict(re.findall(r'<input id="([\w-]+)" name="\1" type="\w+" value="([^"]*)"', page))

        await visitor.sends(SETTINGS + "/centre", **centre_form())

        assert {name: shown[name] for name in ("name", "address", "room", "town")} == {
            "name": "Centrum Pomocy Uchodźcom", "address": "ul. Przykładowa 1", "room": "12", "town": "Starachowice",
        }  # fmt: skip
        assert (await entry_of(town, "centre", "centre")).edits == {}

    @pytest.mark.parametrize("role", EDITORS)
    async def test_new_hours_move_the_promises_of_the_bot(self, town, role):
        visitor = await signs_in(town, role)
        before = (await book_of(town)).centre.due(clock.now())

        fields = centre_form(open=["1", "6"], **{"begin-1": "10:00", "end-1": "12:00", "begin-6": "09:00"})
        await visitor.sends(SETTINGS + "/centre", **fields)

        assert before == datetime(2027, 3, 1, 13, 0, tzinfo=WARSAW)
        # Two hours on Monday, two more on Saturday.
        assert (await book_of(town)).centre.due(clock.now()) == datetime(2027, 3, 6, 11, 0, tzinfo=WARSAW)
        (event,) = await done(town, "content.edited")
        assert (event.staff_id, event.facts) == (visitor.member.id, {"what": "centre:centre", "fields": ["hours"]})

    async def test_a_new_address_is_known_in_every_language(self, town):
        visitor = await signs_in(town, Role.COORDINATOR)

        await visitor.sends(SETTINGS + "/centre", **centre_form(address="ul. Nowa 5", room="3a"))

        address = (await book_of(town)).centre.address
        assert [address.in_(code) for code in ("pl", "uk", "ru", "en")] == [
            "ul. Nowa 5, pok. 3a", "ul. Nowa 5, каб. 3a", "ul. Nowa 5, каб. 3a", "ul. Nowa 5, room 3a",
        ]  # fmt: skip
        page = await visitor.opens(SETTINGS + "/centre")
        assert 'value="ul. Nowa 5"' in page
        assert 'value="3a"' in page

    async def test_a_new_name_stands_as_it_is_on_the_door(self, town):
        visitor = await signs_in(town, Role.COORDINATOR)

        fields = centre_form(
            name="Punkt Pomocy", centre_of_pl="Punktu Pomocy", centre_of_uk="Пункту допомоги", town="Brody"
        )
        await visitor.sends(SETTINGS + "/centre", **fields)

        centre = (await book_of(town)).centre
        assert {centre.name.in_(code) for code in ("pl", "uk", "ru", "en")} == {"Punkt Pomocy"}
        assert centre.of.in_("uk") == "Пункту допомоги"
        assert centre.of.in_("en") == "Punktu Pomocy"
        assert centre.town.in_("uk") == "Brody"

    async def test_phone_and_mail_are_kept(self, town):
        visitor = await signs_in(town, Role.COORDINATOR)

        await visitor.sends(SETTINGS + "/centre", **centre_form(phone="41 274 00 00", email="pomoc@example.org"))

        facts = (await book_of(town)).centre.facts
        assert (facts["phone"], facts["email"]) == ("41 274 00 00", "pomoc@example.org")

    @pytest.mark.parametrize(
        ("changes", "sentence"),
        [
            ({"name": " "}, "To pole nie może być puste."),
            ({"name": None}, "To pole nie może być puste."),
            ({"centre_of_uk": ""}, "To pole nie może być puste."),
            ({"address": ""}, "To pole nie może być puste."),
            ({"town": "x" * 201}, "Za długi tekst"),
            ({"phone": "proszę pytać"}, "To nie wygląda na numer telefonu."),
            ({"email": "pomoc"}, "To nie wygląda na adres e-mail."),
            ({"open": []}, "Centrum musi być kiedyś otwarte"),
            ({"begin-1": ""}, "Przy każdym zaznaczonym dniu"),
            ({"end-1": None}, "Przy każdym zaznaczonym dniu"),
            ({"begin-1": "ósma"}, "Przy każdym zaznaczonym dniu"),
            ({"begin-1": "16:00"}, "Przy każdym zaznaczonym dniu"),
            ({"begin-1": "15:29"}, "Przy każdym zaznaczonym dniu"),
            ({"end-1": "25:00"}, "Przy każdym zaznaczonym dniu"),
        ],
    )
    async def test_what_is_wrong_is_said_and_what_was_typed_stays(self, town, changes, sentence):
        visitor = await signs_in(town, Role.COORDINATOR)

        fields = centre_form(**({"room": "77"} | changes))
        answer = await visitor.sends(SETTINGS + "/centre", sees=sentence, **fields)

        assert answer.status_code == 422
        assert 'value="77"' in answer.text
        assert (await entry_of(town, "centre", "centre")).edits == {}

    async def test_an_empty_form_is_no_disaster(self, town):
        visitor = await signs_in(town, Role.COORDINATOR)

        await visitor.sends(SETTINGS + "/centre", sees="To pole nie może być puste.")


class TestClosedDays:
    async def test_the_bot_promises_nothing_for_a_closed_day(self, town):
        visitor = await signs_in(town, Role.COORDINATOR)

        await visitor.sends(SETTINGS + "/centre/closed-days", date="2027-03-01", why="Szkolenie")
        page = await visitor.opens(SETTINGS + "/centre")

        assert (await book_of(town)).centre.due(clock.now()) == datetime(2027, 3, 2, 12, 0, tzinfo=WARSAW)
        assert "Dzień wolny dodany: 1 marca 2027." in page
        assert "Szkolenie" in page

    async def test_and_does_again_when_it_is_taken_back(self, town):
        visitor = await signs_in(town, Role.COORDINATOR)
        await visitor.sends(SETTINGS + "/centre/closed-days", date="2027-03-01", why="Szkolenie")

        await visitor.sends(SETTINGS + "/centre/closed-days/2027-03-01/removal")

        assert (await book_of(town)).centre.due(clock.now()) == datetime(2027, 3, 1, 13, 0, tzinfo=WARSAW)
        assert "Szkolenie" not in await visitor.opens(SETTINGS + "/centre")
        await visitor.sends(SETTINGS + "/centre/closed-days/2027-03-01/removal", sees="Tego dnia nie ma już")

    async def test_days_that_are_over_are_not_listed(self, town):
        visitor = await signs_in(town, Role.COORDINATOR)
        await visitor.sends(SETTINGS + "/centre/closed-days", date="2027-03-02")
        clock.stand_at(datetime(2027, 3, 3, 9, 0, tzinfo=WARSAW))
        visitor = await signs_in(town, Role.COORDINATOR, "Jan Kos")

        assert "2 marca" not in await visitor.opens(SETTINGS + "/centre")

    @pytest.mark.parametrize(
        ("day", "why", "sentence"),
        [
            ("", "", "Podaj dzień od dziś"),
            ("jutro", "", "Podaj dzień od dziś"),
            ("2027-02-30", "", "Podaj dzień od dziś"),
            ("2027-02-28", "", "Podaj dzień od dziś"),
            ("2031-01-01", "", "Podaj dzień od dziś"),
            ("2027-03-05", "x" * 81, "Za długi tekst"),
        ],
    )
    async def test_what_is_wrong_is_said(self, town, day, why, sentence):
        visitor = await signs_in(town, Role.COORDINATOR)

        await visitor.sends(SETTINGS + "/centre/closed-days", sees=sentence, date=day, why=why)

        assert (await entry_of(town, "centre", "centre")).edits == {}

    async def test_the_same_day_twice(self, town):
        visitor = await signs_in(town, Role.COORDINATOR)
        await visitor.sends(SETTINGS + "/centre/closed-days", date="2027-03-05")

        await visitor.sends(SETTINGS + "/centre/closed-days", sees="jest już na liście", date="2027-03-05")


class TestEmergency:
    async def test_the_stand_ins_while_112_is_out_of_order(self, town):
        visitor = await signs_in(town, Role.COORDINATOR)

        await visitor.sends(SETTINGS + "/centre/emergency", works="no")
        page = await visitor.opens(SETTINGS + "/centre")

        assert (await book_of(town)).centre.n112 == "999 / 998 / 997"
        assert "Zamiast 112 bot podaje teraz 999, 998, 997." in page
        assert "pon. 1 marca, 09:00" in page

    async def test_and_112_again(self, town):
        visitor = await signs_in(town, Role.COORDINATOR)
        await visitor.sends(SETTINGS + "/centre/emergency", works="no")

        await visitor.sends(SETTINGS + "/centre/emergency", works="yes")

        assert (await book_of(town)).centre.n112 == "112"
        assert "Bot znowu podaje 112." in await visitor.opens(SETTINGS + "/centre")
        assert len(await done(town, "content.edited")) == 2

    @pytest.mark.parametrize("works", ["", "maybe"])
    async def test_only_yes_and_no(self, town, works):
        visitor = await signs_in(town, Role.COORDINATOR)

        answer = await visitor.sends(SETTINGS + "/centre/emergency", sees="", works=works)

        assert answer.status_code == 422
        assert (await book_of(town)).centre.n112 == "112"


class TestHelpLines:
    async def test_nothing_is_confirmed_at_first_but_the_emergency_numbers(self, town):
        visitor = await signs_in(town, Role.CASEWORKER)

        page = await visitor.opens(SETTINGS + "/helplines")

        lines = await _entries(town, "helpline")
        emergency = [line for line in lines if line.now.get("emergency")]
        assert page.count("potwierdzone</span>") == len(lines)
        assert page.count(">potwierdzone</span>") == len(emergency) == 4

    async def test_a_confirmed_line_is_shown_until_its_day(self, town):
        visitor = await signs_in(town, Role.COORDINATOR)
        today = date(2027, 3, 1)

        await visitor.sends(SETTINGS + "/helplines/niebieska_linia/confirmation", until="2027-03-31")

        assert (await book_of(town)).register.shown(["niebieska_linia"], today)
        assert not (await book_of(town)).register.shown(["niebieska_linia"], date(2027, 4, 1))
        entry = await entry_of(town, "helpline", "niebieska_linia")
        assert (entry.confirmed_by, entry.edits) == (visitor.member.id, {"verify_by": "2027-03-31"})
        page = await visitor.opens(SETTINGS + "/helplines")
        assert "1 marca 2027, Ewa Wrona" in page
        assert "ważne do 31 marca 2027" in page

    async def test_after_its_day_it_has_expired(self, town):
        visitor = await signs_in(town, Role.COORDINATOR)
        await visitor.sends(SETTINGS + "/helplines/niebieska_linia/confirmation", until="2027-03-02")
        clock.stand_at(datetime(2027, 3, 3, 0, 30, tzinfo=WARSAW))

        assert upkeep.state_of(await entry_of(town, "helpline", "niebieska_linia"), date(2027, 3, 3)) == "expired"
        visitor = await signs_in(town, Role.COORDINATOR, "Jan Kos")
        assert "po dacie" in await visitor.opens(SETTINGS + "/helplines")

    async def test_a_withdrawn_line_is_hidden_at_once(self, town):
        visitor = await signs_in(town, Role.COORDINATOR)
        await visitor.sends(SETTINGS + "/helplines/niebieska_linia/confirmation", until="2027-03-31")

        await visitor.sends(SETTINGS + "/helplines/niebieska_linia/withdrawal")

        assert not (await book_of(town)).register.shown(["niebieska_linia"], date(2027, 3, 1))
        entry = await entry_of(town, "helpline", "niebieska_linia")
        assert (entry.confirmed_at, entry.confirmed_by) == (None, None)

    async def test_the_emergency_numbers_stay(self, town):
        visitor = await signs_in(town, Role.COORDINATOR)

        await visitor.sends(SETTINGS + "/helplines/emergency_112/withdrawal", sees="bot podaje je zawsze")

    async def test_thirty_days_are_suggested(self, town):
        visitor = await signs_in(town, Role.COORDINATOR)

        assert 'name="until" value="2027-03-31"' in await visitor.opens(SETTINGS + "/helplines")

    @pytest.mark.parametrize("until", ["", "wkrótce", "2027-02-28", "2029-01-01", "2027-13-01"])
    async def test_a_day_that_cannot_be(self, town, until):
        visitor = await signs_in(town, Role.COORDINATOR)

        address = SETTINGS + "/helplines/niebieska_linia/confirmation"
        await visitor.sends(address, sees="Podaj dzień od dziś do roku naprzód.", until=until)

        assert (await entry_of(town, "helpline", "niebieska_linia")).confirmed_at is None

    @pytest.mark.parametrize("key", ["nobody", "x" * 300, "%00"])
    async def test_a_line_that_is_not_there(self, town, key):
        visitor = await signs_in(town, Role.COORDINATOR)

        answer = await visitor.sends(f"{SETTINGS}/helplines/{key}/confirmation", sees="", until="2027-03-31")

        assert answer.status_code == 404

    async def test_a_new_text_of_a_later_version_wants_a_new_check(self, town, tmp_path):
        visitor = await signs_in(town, Role.COORDINATOR)
        await visitor.sends(SETTINGS + "/helplines/niebieska_linia/confirmation", until="2027-03-31")
        async with town.database.transaction() as session:
            (await library.find(session, "helpline", "niebieska_linia")).starter = {"number": "old"}

        async with town.database.transaction() as session:
            await library.load(session)

        assert (await entry_of(town, "helpline", "niebieska_linia")).confirmed_at is None


class TestAnswers:
    async def test_confirmed_for_ninety_days_unless_said_otherwise(self, town):
        visitor = await signs_in(town, Role.ADMINISTRATOR)
        page = await visitor.opens(SETTINGS + "/answers")
        assert 'name="until" value="2027-05-30"' in page

        await visitor.sends(SETTINGS + "/answers/protection_until/confirmation", until="2027-05-30")

        entry = await entry_of(town, "answer", "protection_until")
        assert entry.confirmed_by == visitor.member.id
        assert entry.now["verify_by"] == "2027-05-30"
        assert "Do kiedy obowiązuje ochrona czasowa?" in await visitor.opens(SETTINGS + "/answers?state=confirmed")

        await visitor.sends(SETTINGS + "/answers/protection_until/withdrawal")

        assert (await entry_of(town, "answer", "protection_until")).confirmed_at is None
        assert "Nie ma tu odpowiedzi w tym stanie." in await visitor.opens(SETTINGS + "/answers?state=confirmed")

    async def test_found_by_words_in_any_language(self, town):
        visitor = await signs_in(town, Role.CASEWORKER)

        page = await visitor.opens(SETTINGS + "/answers?q=ТИМЧАСОВИЙ захист")

        assert "Do kiedy obowiązuje ochrona czasowa?" in page
        assert "state=unconfirmed&q=" in page

    async def test_nothing_is_found_or_asked_for_strangely(self, town):
        visitor = await signs_in(town, Role.CASEWORKER)

        assert "Nie ma tu odpowiedzi" in await visitor.opens(SETTINGS + "/answers?q=xyzzy")
        assert "Do kiedy obowiązuje" in await visitor.opens(SETTINGS + "/answers?state=strange")

    @pytest.mark.parametrize("until", ["", "2026-01-01", "x"])
    async def test_a_day_that_cannot_be(self, town, until):
        visitor = await signs_in(town, Role.COORDINATOR)

        address = SETTINGS + "/answers/protection_until/confirmation"
        await visitor.sends(address, sees="Podaj dzień od dziś do roku naprzód.", until=until)


class TestServices:
    async def test_a_service_that_is_off_is_not_offered(self, town):
        visitor = await signs_in(town, Role.COORDINATOR)
        assert "job_search" in (await book_of(town)).catalogue.running

        await visitor.sends(SETTINGS + "/services/job_search/switch", on="no")

        assert "job_search" not in (await book_of(town)).catalogue.running
        assert "Usługa wyłączona:" in await visitor.opens(SETTINGS + "/services")

        await visitor.sends(SETTINGS + "/services/job_search/switch", on="yes")

        assert "job_search" in (await book_of(town)).catalogue.running

    async def test_open_tickets_are_counted_without_a_name(self, town):
        await newcomer(town, "Оксана", "psychologist", "psychologist")
        visitor = await signs_in(town, Role.ADMINISTRATOR)

        page = await visitor.opens(SETTINGS + "/services")

        assert "2 otwarte zgłoszenia" in page
        assert "Оксана" not in page

    async def test_whoever_is_ticked_reads_the_tickets(self, town):
        person, _ = await newcomer(town, "Ірина", "psychologist")
        caseworker = await signs_in(town, Role.CASEWORKER, "Jan Kos")
        psychologist = await signs_in(town, Role.SPECIALIST, "Ola Lis", ("psychologist",))
        coordinator = await signs_in(town, Role.COORDINATOR)
        await caseworker.opens(f"/staff/people/{person.id}", 403)
        await psychologist.opens(f"/staff/people/{person.id}")

        await coordinator.sends(SETTINGS + "/services/psychologist/roles", role=["caseworker"])

        await caseworker.opens(f"/staff/people/{person.id}")
        await psychologist.opens(f"/staff/people/{person.id}", 403)
        await coordinator.opens(f"/staff/people/{person.id}", 403)

    async def test_a_team_alone_reads_alone(self, town):
        person, _ = await newcomer(town, "Ірина", "psychologist")
        coordinator = await signs_in(town, Role.COORDINATOR)
        psychologist = await signs_in(town, Role.SPECIALIST, "Ola Lis", ("psychologist",))

        await coordinator.sends(SETTINGS + "/services/psychologist/roles", role="psychologist")

        await coordinator.opens(f"/staff/people/{person.id}", 403)
        await psychologist.opens(f"/staff/people/{person.id}")
        page = await coordinator.opens(SETTINGS + "/services")
        assert re.search(r'id="service-psychologist".*?Widzą: psychologia\s*[<·]', page, re.DOTALL)

    @pytest.mark.parametrize(
        ("roles", "sentence"),
        [
            ([], "Zaznacz co najmniej jedną rolę"),
            (["boss"], "Nie ma takiej roli."),
            (["intake", "admin"], "Nie ma takiej"),
        ],
    )
    async def test_what_is_wrong_is_said(self, town, roles, sentence):
        visitor = await signs_in(town, Role.COORDINATOR)

        await visitor.sends(SETTINGS + "/services/job_search/roles", sees=sentence, role=roles)

        assert (await entry_of(town, "service", "job_search")).edits == {}

    @pytest.mark.parametrize("on", ["", "perhaps"])
    async def test_only_on_and_off(self, town, on):
        visitor = await signs_in(town, Role.COORDINATOR)

        await visitor.sends(SETTINGS + "/services/job_search/switch", sees="", on=on)

        assert (await entry_of(town, "service", "job_search")).on

    async def test_teams_of_the_starter_read_what_is_theirs(self, town):
        services = (await book_of(town)).catalogue.services

        assert services["legal_advice"].teams == {"lawyer"}
        assert services["interpreter"].teams == services["document_translation"].teams == {"interpreter"}
        assert services["psychologist"].teams == {"psychologist"}
        assert set(upkeep.READERS) == {role.value for role in CASEWORK} | set(TEAMS)
        assert set().union(*OPEN_TO.values()) <= set(upkeep.READERS)


class TestAccounts:
    @pytest.mark.parametrize("role", EDITORS)
    async def test_a_new_account_with_a_password_that_is_shown_once(self, town, role):
        manager = await signs_in(town, role)

        page, password = await added(manager, name="Jan  Kos", email="Jan.Kos@example.org ", role=["psychologist"])

        assert "Jan Kos" in page
        assert password not in await manager.opens(SETTINGS + "/staff")
        assert await can_sign_in(town, "jan.kos@example.org", password)
        member = await member_of(town, "jan.kos@example.org")
        assert (member.role, member.teams) == (Role.SPECIALIST, ["psychologist"])
        (event,) = [event for event in await done(town, "staff.added") if event.staff_id == manager.member.id]
        assert event.facts["account"] == member.id

    @pytest.mark.parametrize(
        ("fields", "sentence"),
        [
            ({"email": "jan"}, "role"),
            ({"email": "jan@example.org", "name": " "}, "role"),
            ({"email": "jan@example.org", "name": "x" * 121}, "role"),
            ({"email": "jan@" + "x" * 200}, "role"),
            ({"email": "ja n@example.org"}, "role"),
            ({"email": "jan@example.org", "role": []}, "Zaznacz co najmniej jedną rolę."),
            ({"email": "jan@example.org", "role": "boss"}, "Nie ma takiej roli."),
            ({"email": "jan@example.org", "role": ["admin", "caseworker"]}, "Tych ról nie da się połączyć"),
            ({"email": "jan@example.org", "role": ["reports", "admin"]}, "Tych ról nie da się połączyć"),
        ],
    )
    async def test_what_is_wrong_is_said_and_what_was_typed_stays(self, town, fields, sentence):
        manager = await signs_in(town, Role.ADMINISTRATOR)

        answer = await manager.sends(
            SETTINGS + "/staff", sees=sentence, **({"name": "Jan Kos", "role": ["intake"]} | fields)
        )

        assert answer.status_code == 422
        assert f'value="{fields["email"]}"' in text_of(answer)
        assert len(await everyone(town)) == 1

    async def test_the_same_address_twice(self, town):
        manager = await signs_in(town, Role.ADMINISTRATOR)

        await manager.sends(
            SETTINGS + "/staff",
            sees='aria-invalid="true"',
            name="Ewa",
            email=manager.member.email.upper(),
            role="intake",
        )

        assert len(await everyone(town)) == 1

    async def test_a_changed_role_holds_at_once(self, town):
        manager = await signs_in(town, Role.COORDINATOR)
        member = await signs_in(town, Role.INTAKE, "Jan Kos")

        await manager.sends(f"{SETTINGS}/staff/{member.member.id}/roles", role=["teacher"])

        await member.opens("/staff/people", 403)
        (event,) = await done(town, "staff.role")
        assert (event.staff_id, event.facts["account"]) == (manager.member.id, member.member.id)

    async def test_nobody_changes_their_own_role(self, town):
        manager = await signs_in(town, Role.ADMINISTRATOR)
        address = f"{SETTINGS}/staff/{manager.member.id}"

        await manager.sends(f"{address}/roles", sees="Własnej roli nie można zmienić.", role="coordinator")
        await manager.sends(f"{address}/roles", role="admin")

        assert (await everyone(town))[0].role is Role.ADMINISTRATOR

    async def test_nobody_disables_themself(self, town):
        manager = await signs_in(town, Role.ADMINISTRATOR)

        await manager.sends(
            f"{SETTINGS}/staff/{manager.member.id}/disabling", sees="Własnego konta nie można wyłączyć."
        )

        await manager.opens(SETTINGS + "/staff")

    async def test_a_disabled_account_is_out_at_once_and_can_come_back(self, town):
        manager = await signs_in(town, Role.COORDINATOR)
        member = await signs_in(town, Role.INTAKE, "Jan Kos")
        address = f"{SETTINGS}/staff/{member.member.id}"

        await manager.sends(f"{address}/disabling")

        assert (await member.client.get("/staff/people")).status_code == 303
        assert not await can_sign_in(town, member.member.email, PASSWORD)
        assert "konto wyłączone" in await manager.opens(SETTINGS + "/staff")

        await manager.sends(f"{address}/enabling")

        assert await can_sign_in(town, member.member.email, PASSWORD)

    async def test_a_new_password_ends_the_sessions_of_the_old(self, town):
        manager = await signs_in(town, Role.COORDINATOR)
        member = await signs_in(town, Role.INTAKE, "Jan Kos")

        answer = await posted(manager, f"{SETTINGS}/staff/{member.member.id}/password")

        assert (await member.client.get("/staff/people")).status_code == 303
        assert not await can_sign_in(town, member.member.email, PASSWORD)
        assert await can_sign_in(town, member.member.email, password_on(answer))

    async def test_a_disabled_account_gets_no_password(self, town):
        manager = await signs_in(town, Role.COORDINATOR)
        member = await signs_in(town, Role.INTAKE, "Jan Kos")
        await manager.sends(f"{SETTINGS}/staff/{member.member.id}/disabling")

        await manager.sends(f"{SETTINGS}/staff/{member.member.id}/password", sees="Najpierw je włącz.")

    @pytest.mark.parametrize("number", ["0", "999", "9" * 25])
    @pytest.mark.parametrize("act", ["roles", "password", "disabling", "enabling"])
    async def test_an_account_that_is_not_there(self, town, number, act):
        manager = await signs_in(town, Role.COORDINATOR)

        answer = await manager.sends(f"{SETTINGS}/staff/{number}/{act}", sees="", role="intake")

        assert answer.status_code == 404

    async def test_the_page_says_who_came_when(self, town):
        manager = await signs_in(town, Role.COORDINATOR)
        await added(manager, name="Jan Kos", email="jan@example.org", role=["intake"])

        page = await manager.opens(SETTINGS + "/staff")

        assert "ostatnio 09:00" in page
        assert "bez logowania" in page


class TestTicks:
    @pytest.mark.parametrize(
        ("ticked", "role", "teams"),
        [
            (["intake"], Role.INTAKE, []),
            (["specialist"], Role.SPECIALIST, []),
            (["psychologist"], Role.SPECIALIST, ["psychologist"]),
            (["lawyer", "psychologist"], Role.SPECIALIST, ["psychologist", "lawyer"]),
            (["safeguarding"], Role.CASEWORKER, ["safeguarding"]),
            (["coordinator", "safeguarding"], Role.COORDINATOR, ["safeguarding"]),
            (["intake", "teacher"], Role.INTAKE, ["teacher"]),
            (["caseworker", "intake", "interpreter"], Role.CASEWORKER, ["interpreter", "intake"]),
            (["administrator"], Role.ADMINISTRATOR, []),
            (["report_reader"], Role.REPORT_READER, []),
        ],
    )
    def test_one_role_and_its_teams(self, ticked, role, teams):
        assert staff.read_ticks(ticked) == (role, teams)

    @pytest.mark.parametrize(
        "ticked",
        [
            [],
            ["boss"],
            ["administrator", "intake"],
            ["report_reader", "lawyer"],
            ["teacher", "specialist"],
            ["teacher", "lawyer"],
        ],
    )
    def test_what_does_not_go_together(self, ticked):
        with pytest.raises(staff.Invalid):
            staff.read_ticks(ticked)


async def everyone(town: Town) -> list[staff.Staff]:
    async with town.database.reading() as session:
        return await staff.everyone(session)


async def member_of(town: Town, email: str) -> staff.Staff:
    return next(member for member in await everyone(town) if member.email == email)


async def posted(visitor: Visitor, path: str, **fields: object) -> str:
    """A form whose answer is the page itself."""
    answer = await visitor.client.post(path, data={"csrf": visitor.word, **fields})
    assert answer.status_code == 200, text_of(answer)[:300]
    assert answer.headers["cache-control"] == "no-store"
    return text_of(answer)


async def added(visitor: Visitor, **fields: object) -> tuple[str, str]:
    page = await posted(visitor, SETTINGS + "/staff", **fields)
    return page, password_on(page)


def password_on(page: str) -> str:
    found = re.search(r"<code>([\w-]{16})</code>", page)
    assert found
    return found[1]


async def can_sign_in(town: Town, email: str, password: str) -> bool:
    visitor = await signs_in(town, Role.TEACHER, f"Gość{len(await everyone(town))} Nowy")
    visitor.client.cookies.clear()
    answer = await visitor.client.post("/staff/sign-in", data={"email": email, "password": password})
    return answer.status_code == 303


async def test_what_has_vanished_is_a_task_on_every_page_of_those_who_keep_it(town):
    keeper, other = await signs_in(town, Role.COORDINATOR), await signs_in(town, Role.INTAKE, "Marta Zięba")
    badge = '<b class="badge">1<span class="unseen"> po dacie ważności, do sprawdzenia</span></b>'

    for last_day, vanished in ((date(2027, 3, 1), False), (date(2027, 2, 28), True)):
        async with town.database.transaction() as session:
            library.confirm(session, await library.find(session, "helpline", "niebieska_linia"), None, last_day)
        town.shelf.forget()

        assert (badge in await keeper.opens("/staff/tickets")) is vanished
        assert badge not in await other.opens("/staff/tickets")
