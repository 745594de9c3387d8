"""One person on several channels: joined by a code that both sides confirm, by staff, and parted again."""

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlmodel import col

from desk import channels, clock, courses, ids, merging
from desk.courses import Place, Standing
from desk.history import Event
from desk.linking import End, Link
from desk.messages import Message, Status
from desk.people import Address, ContactRule, Person
from desk.tickets import Ticket
from tests.town import Town, Villager

T_ME = "https://t.me/poruch_example_bot?start={code}"
NEED = "Загубила паспорт, що робити з PESEL?"


@pytest.fixture(autouse=True)
def _telegram_can_be_added(town: Town) -> None:
    channels.know_invitation("telegram", T_ME)


async def code_for(villager: Villager) -> str:
    """What somebody on the web chat gets when they ask for another channel."""
    await villager.writes("/link")
    await villager.presses("Додати Telegram")
    return villager.last.rsplit("start=", 1)[1]


async def all_of(town: Town, table: type) -> list:  # type: ignore[type-arg]
    async with town.database.reading() as session:
        return list(await session.scalars(select(table).order_by(col(table.id) if hasattr(table, "id") else None)))


async def test_a_code_joins_two_chats_and_answers_go_to_the_new_one(town: Town) -> None:
    on_page, on_phone, marta = town.person("Олена", "web"), town.person("Олена з телефону"), await town.staff("Marta")
    await on_page.writes(NEED)
    ticket = await town.ticket()

    await on_phone.writes(f"/start {await code_for(on_page)}")
    await on_phone.presses("Так, приєднати")
    await town.deliver()
    assert on_page.last == "Хтось приєднує Telegram до цієї розмови. Це Ви?"
    await on_page.presses("Так, це я")

    await marta.answers(ticket, "Proszę przyjść.", "Прийдіть, будь ласка.")
    assert "Прийдіть" in on_phone.last
    assert "Прийдіть" not in on_page.last
    addresses = await all_of(town, Address)
    assert len({address.person_id for address in addresses}) == 1


async def test_nobody_is_joined_who_was_not_confirmed_and_staff_learn_of_the_try(town: Town) -> None:
    on_page, stranger, marta = town.person("Олена", "web"), town.person("Чужий"), await town.staff("Marta")
    await on_page.writes(NEED)
    ticket = await town.ticket()
    code = await code_for(on_page)

    await stranger.writes(f"/start {code}")
    await stranger.presses("Так, приєднати")
    await town.deliver()
    await on_page.presses("Ні, не я")

    addresses = await all_of(town, Address)
    assert len({address.person_id for address in addresses}) == 2
    assert "że to nie ona" in await marta.opens(f"/staff/tickets/{ids.spoken(ticket.ref)}")
    await stranger.writes(f"/start {code}")
    assert "вже не діє" in stranger.last


@pytest.mark.parametrize("spoilt", ["late", "used", "guessed", "dropped"])
async def test_a_code_that_is_late_used_guessed_or_given_up_opens_nothing(town: Town, spoilt: str) -> None:
    on_page, first, second = town.person("Олена", "web"), town.person("Перша"), town.person("Друга")
    await on_page.writes(NEED)
    code = await code_for(on_page)
    if spoilt == "late":
        clock.move_on(timedelta(minutes=11))
    elif spoilt == "guessed":
        code = code[:-1] + ("A" if code[-1] != "A" else "B")
    else:
        await first.writes(f"/start {code}")
        await first.presses("Так, приєднати" if spoilt == "used" else "Ні")
        if spoilt == "used":
            await town.deliver()
            await on_page.presses("Так, це я")

    await second.writes(f"/start {code}")

    assert "вже не діє" in second.last
    people = {address.external: address.person_id for address in await all_of(town, Address)}
    assert people[second.external] != people[on_page.external]


async def test_a_forged_button_joins_nobody(town: Town) -> None:
    on_page, stranger = town.person("Олена", "web"), town.person("Чужий")
    await on_page.writes(NEED)
    await code_for(on_page)
    await stranger.writes(NEED)
    async with town.database.reading() as session:
        link = (await session.scalars(select(Link))).one()

    for data in (f"-:j:me:{link.short}", f"-:j:join:{link.short}", "-:j:me:", f"-:j:me:{'0' * 16}", "-:j::"):
        await stranger.presses_data(data)

    async with town.database.reading() as session:
        assert (await session.scalars(select(Link.end))).one() is End.OPEN
    assert len({address.person_id for address in await all_of(town, Address)}) == 2


async def test_a_code_stands_nowhere_in_the_database(town: Town) -> None:
    on_page, on_phone = town.person("Олена", "web"), town.person("Олена з телефону")
    await on_page.writes(NEED)
    code = await code_for(on_page)
    await on_phone.writes(f"/start {code}")

    heard = [message for message in await all_of(town, Message) if message.key is not None]

    assert not any(code in message.text for message in heard)
    assert not any(code in str(event.facts) for event in await all_of(town, Event))


async def test_staff_join_two_persons_and_part_them_again(town: Town) -> None:
    here, there, marta = town.person("Олена"), town.person("Олена (2)"), await town.staff("Marta")
    await here.writes(NEED)
    await there.writes("Потрібні курси польської мови")
    first, second = await town.tickets()
    assert first.person_id != second.person_id

    answer = await marta.posts(f"/staff/people/{first.person_id}/merging", ref=ids.spoken(second.ref))
    assert answer.status_code == 303
    page = await marta.opens(f"/staff/people/{first.person_id}")
    assert ids.spoken(second.ref) in page
    assert "Rozdziel" in page
    assert (
        (await marta.client.get(f"/staff/people/{second.person_id}")).headers["location"].endswith(str(first.person_id))
    )
    assert (await marta.opens("/staff/people")).count("/staff/people/") == 1

    # While they are one, each goes on where they are.
    await there.writes("А коли початок?")
    async with town.database.reading() as session:
        (done,) = await merging.of_person(session, first.person_id)
    await marta.posts(f"/staff/people/{first.person_id}/splitting", merge=str(done.id))

    first, second = (await town.tickets())[:2]
    assert first.person_id != second.person_id
    owners = {message.address_id: message.person_id for message in await all_of(town, Message)}
    assert {address.id: address.person_id for address in await all_of(town, Address)} == owners
    people = [person for person in await all_of(town, Person) if person.merged_into is None]
    assert len(people) == 2


async def test_odd_wishes_to_join_change_nothing(town: Town) -> None:
    here, marta = town.person("Олена"), await town.staff("Marta")
    await here.writes(NEED)
    (ticket,) = await town.tickets()
    url = f"/staff/people/{ticket.person_id}"

    for ref in ("", "123", "482-158", ids.spoken(ticket.ref), "x" * 500):
        assert (await marta.posts(f"{url}/merging", ref=ref)).status_code == 422
    for merge in ("", "7", "-1", "x", "9" * 30):
        assert (await marta.posts(f"{url}/splitting", merge=merge)).status_code in (404, 422)
    assert [one.person_id for one in await all_of(town, Ticket)] == [ticket.person_id]


async def test_what_keeps_somebody_safe_outlives_joining_and_parting(town: Town) -> None:
    here, there, marta = town.person("Олена"), town.person("Олена (2)"), await town.staff("Marta")
    await here.writes(NEED)
    await there.writes("Потрібні курси польської мови")
    first, second = await town.tickets()
    await marta.posts(f"/staff/people/{second.person_id}/safe-contact", rule="never_first", text="czyta mąż")

    await marta.posts(f"/staff/people/{first.person_id}/merging", ref=ids.spoken(second.ref))
    assert "czyta mąż" in await marta.opens(f"/staff/people/{first.person_id}")
    async with town.database.reading() as session:
        (done,) = await merging.of_person(session, first.person_id)
    await marta.posts(f"/staff/people/{first.person_id}/splitting", merge=str(done.id))

    rules = {person.id: person.contact_rule for person in await all_of(town, Person)}
    assert rules == {first.person_id: ContactRule.NEVER_FIRST, second.person_id: ContactRule.NEVER_FIRST}
    for person_id in rules:
        assert "czyta mąż" in await marta.opens(f"/staff/people/{person_id}")


async def test_a_seat_that_both_had_is_kept_and_given_back(town: Town) -> None:
    here, there, marta = town.person("Олена"), town.person("Олена (2)"), await town.staff("Marta")
    await here.writes(NEED)
    await there.writes("Потрібні курси польської мови")
    first, second = await town.tickets()
    async with town.database.transaction() as session:
        course = await courses.add_course(
            session, "A1-3", at=clock.now(), level="A1", capacity=1, room={}, names={"uk": "польська"}
        )
        for person_id, standing in ((first.person_id, Standing.QUEUE), (second.person_id, Standing.IN)):
            session.add(Place(course_id=course.id or 0, person_id=person_id, standing=standing, since=clock.now()))

    async def standings() -> dict[int, Standing]:
        return {place.person_id: place.standing for place in await all_of(town, Place)}

    await marta.posts(f"/staff/people/{first.person_id}/merging", ref=ids.spoken(second.ref))
    assert await standings() == {first.person_id: Standing.IN, second.person_id: Standing.LEFT}
    async with town.database.reading() as session:
        (done,) = await merging.of_person(session, first.person_id)
    await marta.posts(f"/staff/people/{first.person_id}/splitting", merge=str(done.id))
    assert await standings() == {first.person_id: Standing.QUEUE, second.person_id: Standing.IN}


async def test_a_reply_that_waits_elsewhere_does_not_come_to_a_page(town: Town) -> None:
    """It would stand above what the page has shown already, and nobody would see it."""
    here, page, marta = town.person("Олена"), town.person("Олена на сторінці", "web"), await town.staff("Marta")
    await here.writes(NEED)
    await page.writes("Потрібні курси польської мови")
    first, second = await town.tickets()
    await marta.posts(f"/staff/people/{first.person_id}/merging", ref=ids.spoken(second.ref))
    async with town.database.transaction() as session:
        held = await session.scalar(select(Message).where(col(Message.ticket_id) == first.id).limit(1))
        assert held is not None
        held.status = Status.HELD

    await page.writes("Ви тут?")

    async with town.database.reading() as session:
        assert (await session.get_one(Message, held.id)).status is Status.HELD
    await here.writes("Ви тут?")
    async with town.database.reading() as session:
        assert (await session.get_one(Message, held.id)).status is not Status.HELD
