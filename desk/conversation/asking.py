"""The way through a need: which service, its questions forward and back, the summary, the ticket; or a person."""

from dataclasses import replace
from typing import Any

from desk.conversation import classes, linking
from desk.conversation.turn import Turn
from desk.history import record
from desk.script import buttons, form, summary
from desk.script.buttons import Choice
from desk.script.form import Progress, next_question
from desk.texts import Words, line, lines, w
from desk.tickets import Status, Ticket
from desk.triage.understanding import OFFERED, Understood

# Which service


async def choose_service(turn: Turn, ticket: Ticket, service_id: str, *, routed: bool, tile: str = "") -> None:
    """The service is known now, by a press or by words: what was said already is taken, the rest is asked."""
    turn.set_service(ticket, service_id)
    ticket.form = Progress(routed=routed, tile=tile, doubts=Progress.of(ticket.form).doubts).kept()
    turn.fill(ticket, await turn.words_of(ticket))
    await go_on(turn, ticket)


def ask_which_service(turn: Turn, ticket: Ticket, understood: Understood) -> None:
    """The three best, then "something else" and a person."""
    ticket.guess = understood.candidates[0].service
    # "Something else" stands behind them anyhow, and must not stand there twice.
    best = [candidate.service for candidate in understood.candidates if candidate.service != "other"][:OFFERED]
    turn.say(w("unsure"))
    turn.choices = [*buttons.services(turn.book.catalogue, best), buttons.word("go:other"), buttons.PERSON]
    if turn.language_doubt:
        turn.choices.append(buttons.LANGUAGE)
    turn.talk.begin("unsure", ticket.id, services=best)
    turn.about = ticket.id


def show_tile(turn: Turn, ticket_id: int | None, tile_id: str) -> None:
    """A tile of the menu behind which several services stand."""
    tile = turn.book.catalogue.tile(tile_id)
    assert tile is not None
    turn.say(tile.ask or w("unsure.translation"))
    turn.choices = [*buttons.services(turn.book.catalogue, tile.services), buttons.BACK, buttons.PERSON]
    turn.talk.begin("tile", ticket_id, tile=tile_id)


# Its questions


async def take_answer(turn: Turn, ticket: Ticket, answer: dict[str, Any]) -> None:
    """Keep the answer to the question that was asked, and whatever else its words said, and go on."""
    slot_id = turn.talk.data["slot"]
    service = turn.service_of(ticket)
    assert service is not None
    ticket.answers = {**ticket.answers, slot_id: answer}
    turn.mind_answers(ticket, {slot_id: answer})
    option = service.slots[slot_id].option(answer["v"]) if isinstance(answer.get("v"), str) else None
    if option is not None and option.opens and option.opens in turn.book.catalogue.running:
        turn.set_service(ticket, option.opens)
        ticket.form = Progress(tile=Progress.of(ticket.form).tile).kept()
    if answer.get("w"):
        turn.fill(ticket, answer["w"])
    await go_on(turn, ticket)


async def go_on(turn: Turn, ticket: Ticket, *, with_topic: bool = False) -> None:
    """The next question, or on the web how to reach the person, or the summary."""
    service = turn.service_of(ticket)
    assert service is not None
    question = next_question(service, ticket.answers, Progress.of(ticket.form))
    if question is not None:
        turn.ask_question(ticket, question, with_topic=with_topic)
        return
    if await classes.offer(turn, ticket):
        return
    shared = turn.book.catalogue.shared
    if not turn.facts.reaches_closed and not service.anonymous_ok:
        # A closed page hears nothing, so there the way to an answer has to be asked.
        if "contact_channel" not in ticket.answers:
            turn.ask_plainly(ticket, shared["contact_channel"], "contact")
            return
        if form.tags(ticket.answers["contact_channel"]) & {"call", "sms"} and "phone" not in ticket.answers:
            turn.ask_plainly(ticket, shared["phone"], "contact")
            return
    nothing_known = with_topic and not any(answer.get("v") is not None for answer in ticket.answers.values())
    if nothing_known or Progress.of(ticket.form).over:
        await finish(turn, ticket)
        return
    turn.show_summary(ticket)


async def go_back(turn: Turn, ticket: Ticket) -> None:
    """One question back; its answer stays until a new one replaces it. Before the first one lies the menu."""
    progress = Progress.of(ticket.form)
    service = turn.service_of(ticket)
    assert service is not None
    earlier = progress.asked[:-1]
    if not earlier:
        tile = turn.book.catalogue.tile(progress.tile)
        if tile is not None and len(tile.services) > 1:
            show_tile(turn, ticket.id, tile.id)
        else:
            turn.show_menu()
            turn.talk.ticket = ticket.id
        turn.about = ticket.id
        return
    slot = service.slots[earlier[-1]]
    known = {name: answer for name, answer in ticket.answers.items() if name != slot.id}
    before = Progress(earlier[:-1], routed=progress.routed, tile=progress.tile)
    total = max(len(earlier) - 1 + len(form.remaining(service, known, before)), len(earlier))
    total = min(total, progress.total or total)
    turn.ask_question(ticket, form.Question(slot, len(earlier), total, replace(progress, asked=earlier)))


async def resume(turn: Turn, ticket_id: int | None) -> None:
    """Exactly where the person stopped."""
    ticket = turn.ticket(ticket_id)
    if ticket is None or ticket.status is not Status.DRAFT:
        turn.talk.rest()
        turn.show_menu()
        return
    if ticket.id in turn.talk.resting:
        turn.talk.resting.remove(ticket.id)
    service = turn.service_of(ticket)
    progress = Progress.of(ticket.form)
    if service is None:
        turn.talk.ticket = ticket.id
        turn.show_menu()
        return
    if progress.asked and (last := progress.asked[-1]) not in ticket.answers:
        total = progress.total or len(progress.asked)
        turn.ask_question(ticket, form.Question(service.slots[last], len(progress.asked), total, progress))
        return
    await go_on(turn, ticket)


def offer_to_resume(turn: Turn, ticket: Ticket, *, with_person: bool = False) -> None:
    turn.say(w("resume", topic=turn.topic_of(ticket)))
    turn.choices = [buttons.GO_ON, buttons.LATER, *([buttons.PERSON] if with_person else [])]
    turn.talk.begin("resume", ticket.id)
    turn.about = ticket.id


# The summary and the end


def ask_what_to_fix(turn: Turn, ticket: Ticket) -> None:
    service = turn.service_of(ticket)
    assert service is not None
    turn.say(w("fix.which"))
    rows = [row for row in summary.rows(service, ticket.answers) if row.slot in service.slots]
    turn.choices = [Choice(f"f:{row.slot}", service.slots[row.slot].label) for row in rows][:9]
    turn.choices += [buttons.NOT_THIS, buttons.PERSON]
    turn.talk.begin("fix", ticket.id)
    turn.about = ticket.id


async def finish(turn: Turn, ticket: Ticket) -> None:
    """The ref, by when an answer is expected, and what comes next."""
    turn.submit(ticket)
    resting = next((other for name in turn.talk.resting if (other := turn.ticket(name)) and other.is_open), None)
    if turn.is_first_contact:
        turn.open_with(got=True)
    is_first = not turn.talk.said_once("ticket.more")
    done = turn.ticket_line(ticket, w("ticket.done"))
    turn.say(done)
    turn.talk.rest()
    turn.about = ticket.id
    if resting is not None:
        offer_to_resume(turn, resting)
    elif not await offer_another_way(turn) and is_first:
        turn.body[turn.body.index(done)] = turn.ticket_line(ticket, w("ticket.done"), more=True)


async def offer_another_way(turn: Turn) -> bool:
    """On the web: the answer will be on this page. Where a channel lets us answer for a day only: another one."""
    if turn.facts.reaches_closed:
        return await linking.ask_about_window(turn, "ask")
    if turn.talk.said_once("web.return"):
        return True
    other = next((facts for facts in await linking.others(turn) if facts.reaches_closed), None)
    if other is None:
        turn.say(w("web.here"))
        return True
    turn.say(w("web.return", other=other.title))
    turn.choices = [buttons.word(f"x:{other.name}"), buttons.word("n:notnow")]
    turn.talk.begin("offer", turn.about)
    return True


# A person instead


async def call_person(turn: Turn) -> None:
    """«Людина», anywhere: the ticket goes to people as it is."""
    only = turn.open_tickets[0] if len(turn.open_tickets) == 1 else None
    ticket = turn.ticket(turn.talk.ticket) or only
    if ticket is None or not ticket.is_open:
        ticket = await turn.open_draft()
    await turn.join(ticket)
    await pass_on(turn, ticket)


async def pass_on(turn: Turn, ticket: Ticket, *first: Words) -> None:
    """Hand a ticket to people: what was said need not be said again."""
    if turn.is_first_contact:
        turn.open_with(got=True)
    if ticket.status is not Status.DRAFT:
        if not ticket.with_people:
            turn.head.append(w("bot.still"))
        record(turn.session, "ticket.person_asked", ticket_id=ticket.id, person_id=turn.person.id)
        turn.about = ticket.id
        return
    if turn.service_of(ticket) is None and not ticket.guess:
        best = turn.book.understand(turn.said.text).best
        ticket.guess = best.service if best else ""
    turn.submit(ticket)
    turn.say(lines(line(*first, w("person.passed")), turn.ticket_line(ticket)))
    turn.talk.rest()
    await offer_another_way(turn)
    turn.about = ticket.id
