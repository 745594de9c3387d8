"""Adding another channel: a code is given here, opened there, and confirmed where the person already is."""

from urllib.parse import urlsplit

from sqlalchemy import select
from sqlmodel import col

from desk import channels, linking, merging
from desk import messages as post
from desk.channels import Facts
from desk.conversation.talk import Talk
from desk.conversation.turn import STAFF_LANGUAGE, Turn
from desk.history import record
from desk.linking import End, Link
from desk.messages import Button, Purpose
from desk.people import Address, Person, find_person
from desk.script import buttons
from desk.script.buttons import Choice
from desk.texts import InLanguages, Verbatim, w

STEP = "offer"
LATER = buttons.word("n:notnow")


async def others(turn: Turn) -> list[Facts]:
    """The channels that can be added, and that the person does not have yet."""
    has = set(await turn.session.scalars(select(col(Address.channel)).where(col(Address.person_id) == turn.person.id)))
    return [facts for facts in channels.in_use() if facts.invites and facts.name not in has]


async def ask_about_window(turn: Turn, when: str) -> bool:
    """«Messenger дозволяє нам відповідати лише 24 години…»: once on the first day, once when an answer got stuck."""
    if turn.facts.answers_within is None or f"window.{when}" in turn.talk.once:
        return False
    # Where an answer reaches them with the app closed, else the page, which they can open themselves.
    possible = sorted(
        (one for one in await others(turn) if one.answers_within is None), key=lambda one: not one.reaches_closed
    )
    if not possible:
        return False
    turn.talk.said_once(f"window.{when}")
    other = possible[0]
    turn.say(w("window.ask", channel=_called(turn.facts), other=_called(other)))
    turn.choices = [buttons.word(f"x:{other.name}"), LATER]
    turn.talk.begin(STEP, turn.about)
    return True


async def choose(turn: Turn) -> None:
    """/link: which channel to add."""
    possible = await others(turn)
    if not possible:
        turn.say(w("link.none"))
        return
    turn.say(w("link.which"))
    turn.choices = [*(buttons.word(f"x:{facts.name}") for facts in possible), LATER]
    turn.talk.begin(STEP, turn.about)


async def give(turn: Turn, channel: str) -> bool:
    """A link that opens the other channel, with a code for this person alone."""
    facts = next((one for one in await others(turn) if one.name == channel), None)
    if facts is None:
        return False
    code = await linking.give(turn.session, turn.person.id or 0, turn.address.id or 0, turn.at)
    turn.talk.rest()
    link = facts.invites.format(code=code)
    turn.say(w("link.give", other=_called(facts), link=Verbatim(link)))
    if "." in (urlsplit(link).hostname or ""):  # A button to this machine alone is refused, and the words with it.
        turn.extra |= {"link": {"url": link, "label": w("button.link:open").in_(turn.language)}}
    return True


async def opened(turn: Turn, code: str) -> bool:
    """Somebody came here with a code; False when it is none of ours, or of the same person."""
    link = await linking.found(turn.session, code, turn.at)
    if link is None:
        turn.say(w("link.gone"))
        return True
    if link.person_id == turn.person.id:
        return False
    if link.opened_by not in (None, turn.address.id):
        # Whoever opens it second cannot take the place of the first.
        turn.say(w("link.gone"))
        return True
    link.opened_by = turn.address.id
    first = await turn.session.get_one(Address, link.address_id)
    turn.person.language = turn.person.language or (await find_person(turn.session, link.person_id)).language
    facts = channels.facts_of(first.channel)
    turn.say(w("link.new.page") if facts.called else w("link.new", channel=facts.title))
    turn.choices = [Choice(f"j:{answer}:{link.short}", w(f"button.x:{answer}")) for answer in ("join", "leave")]
    turn.talk.begin("link")
    return True


async def pressed(turn: Turn, rest: str) -> bool:
    """[Так, приєднати] and [Ні] where the code was opened; [Так, це я] and [Ні, не я] where it was given."""
    answer, _, short = rest.partition(":")
    other = await _other_side(turn, short) if answer == "me" else None
    link = await linking.pressed(turn.session, short, turn.at)
    if link is None:
        turn.say(w("link.gone"))
        return True
    if answer in ("join", "leave") and link.opened_by == turn.address.id:
        return await _answered_there(turn, link, wants=answer == "join")
    if answer in ("me", "notme") and link.address_id == turn.address.id and link.pressed_at is not None:
        return await _answered_here(turn, link, other)
    return False


async def _other_side(turn: Turn, short: str) -> Person | None:
    """The person who opened the code, held before the code itself: they hold themselves when they press."""
    link = await linking.pressed(turn.session, short, turn.at, to_change=False)
    if link is None or link.opened_by is None:
        return None
    there = await turn.session.get_one(Address, link.opened_by)
    return await turn.session.scalar(
        select(Person)
        .where(col(Person.id) == there.person_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )


async def _answered_there(turn: Turn, link: Link, *, wants: bool) -> bool:
    turn.talk.rest()
    if not wants:
        link.end = End.DROPPED
        turn.say(w("link.dropped"))
        return True
    first = await turn.session.get_one(Address, link.address_id)
    if link.pressed_at is None:
        link.pressed_at = turn.at
        person = await find_person(turn.session, link.person_id)
        asked = [Choice(f"j:{answer}:{link.short}", w(f"button.x:{answer}")) for answer in ("me", "notme")]
        await _tell(turn, first, person, w("link.old", channel=_called(turn.facts)), asked)
    return True


async def _answered_here(turn: Turn, link: Link, other: Person | None) -> bool:
    """`other`: the person on the other side, if this is really them."""
    there = await turn.session.get_one(Address, link.opened_by, populate_existing=True)
    if other is None or other.id != there.person_id or other.erased_at is not None:
        link.end = End.REFUSED
        for ticket_id in [ticket.id for ticket in turn.open_tickets] or [None]:
            record(turn.session, "link.refused", ticket_id=ticket_id, person_id=turn.person.id, channel=there.channel)
        turn.say(w("link.refused"))
        return True
    link.end = End.JOINED
    if other.id != turn.person.id:
        turn.person.talk = turn.talk.kept()
        await merging.merge(turn.session, turn.person, other, turn.at)
        both = Talk.of(turn.person.talk)  # With the words of there that have no answer yet.
        turn.talk.waiting, turn.talk.waiting_since = both.waiting, both.waiting_since
    facts = channels.facts_of(there.channel)
    if facts.reaches_closed:
        turn.person.prefers = there.id
    # To a page that may be closed nobody can promise to send anything.
    await _tell(turn, there, turn.person, w("link.done" if facts.reaches_closed else "link.done.page"))
    for ticket in turn.open_tickets:
        record(turn.session, "link.joined", ticket_id=ticket.id, person_id=turn.person.id, channel=there.channel)
    if facts.reaches_closed and turn.facts.reaches_closed and turn.facts.answers_within is None:
        turn.say(w("link.joined", channel=_called(facts)))
    return True


async def _tell(
    turn: Turn, address: Address, person: Person, words: InLanguages, asked: list[Choice] | None = None
) -> None:
    """Say something at another address of theirs than the one that just spoke."""
    language = person.language or "uk"
    await post.tell(
        turn.session,
        address,
        words.in_(language),
        language=language,
        at=turn.at,
        purpose=Purpose.NEWS,
        choices=[Button(f"-:{choice.id}", choice.label.in_(language)) for choice in asked or ()],
        other=words.in_(STAFF_LANGUAGE) if language != STAFF_LANGUAGE else "",
        other_language=STAFF_LANGUAGE,
        other_by="fixed",
    )


def _called(facts: Facts) -> InLanguages:
    return w(facts.called) if facts.called else Verbatim(facts.title)
