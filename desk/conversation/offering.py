"""An approved answer before a ticket: shown at once, then «did this help?»; one past its date brings a person."""

from desk.answers import Answer, AnswerText, Shown, vote
from desk.conversation import asking
from desk.conversation.turn import Turn
from desk.history import record
from desk.script import buttons, summary
from desk.script.form import Progress
from desk.texts import InLanguages, Verbatim, line, lines, w
from desk.tickets import Reason, Status, Ticket
from desk.times import OpenWeek
from desk.triage.understanding import Understood

STEP = "answer"


async def offer(turn: Turn, ticket: Ticket, understood: Understood) -> bool:
    """Whether an answer was given, or a person called because the one that fits is out of date."""
    likely = {one.service: one.confidence for one in understood.ranking}
    answer = turn.book.answers.fitting(turn.said.text, likely)
    if answer is None:
        return False
    if answer.may_be_shown(turn.today):
        _show(turn, ticket, answer)
        return True
    if answer.is_past(turn.today):
        await _rules_may_have_changed(turn, ticket, answer)
        return True
    return False


def _show(turn: Turn, ticket: Ticket, answer: Answer) -> None:
    hello, notice = _opening(turn)
    book = turn.book
    told = AnswerText(answer, book.centre, book.register, turn.today, OpenWeek(book.centre.hours))
    _belongs(turn, ticket, answer)
    service = turn.service_of(ticket)
    topic = [w("topic", topic=summary.topic_of(service, ticket.answers))] if service and service.say_topic else []
    turn.head = [*hello, line(*topic, told)]
    checked = Verbatim(answer.checked.strftime("%d.%m.%Y")) if answer.checked else Verbatim("")
    turn.say(*([lines(*notice)] if notice else []), w("answer.checked", date=checked))
    turn.choices = [buttons.word("v:yes"), buttons.word("v:person")]
    assert ticket.id is not None
    turn.session.add(Shown(answer=answer.id, ticket_id=ticket.id, at=turn.at))
    turn.talk.begin(STEP, ticket.id)
    turn.about = ticket.id


def _opening(turn: Turn) -> tuple[list[InLanguages], list[InLanguages]]:
    """Who speaks, and the notice, where they have to be said; what comes between them is said now."""
    turn.open_with(got=False)
    return turn.head[:1], turn.head[1:]


def _belongs(turn: Turn, ticket: Ticket, answer: Answer) -> None:
    """The ticket is the answer's own service, with what the words have said already."""
    service = turn.book.catalogue.service(answer.service)
    if service is not None and service.on:
        turn.set_service(ticket, answer.service)
        ticket.form = Progress(routed=True).kept()
        turn.fill(ticket, turn.said.text)


async def _rules_may_have_changed(turn: Turn, ticket: Ticket, answer: Answer) -> None:
    """Nothing that is out of date is ever shown; the ticket's history says which answer it would have been."""
    hello, notice = _opening(turn)
    _belongs(turn, ticket, answer)
    turn.head = [line(*hello, w("answer.expired")), *notice]
    ticket.form = Progress(over=True).kept()
    record(turn.session, "answer.expired", ticket_id=ticket.id, person_id=turn.person.id, answer=answer.id)
    if not turn.facts.reaches_closed and "contact_channel" not in ticket.answers:
        # Only how to reach the person is asked: a closed page hears nothing.
        turn.ask_plainly(ticket, turn.book.catalogue.shared["contact_channel"], "contact")
        return
    await asking.finish(turn, ticket)


async def pressed(turn: Turn, choice: str) -> bool:
    """[Yes, it helped] or [I need a person]."""
    ticket = turn.ticket(turn.talk.ticket)
    if turn.talk.step != STEP or ticket is None or ticket.status is not Status.DRAFT:
        return False
    await turn.join(ticket)
    if choice == "yes":
        await _helped(turn, ticket)
    else:
        await _needs_a_person(turn, ticket)
    return True


async def written(turn: Turn) -> bool:
    """Typed instead of pressed: a yes is a yes, and whatever says more is for a person; False outside this step."""
    ticket = turn.ticket(turn.talk.ticket)
    if ticket is None or ticket.status is not Status.DRAFT:
        return False
    await turn.join(ticket)
    if turn.book.lexicon.says("yes", turn.said.text):
        await _helped(turn, ticket)
        return True
    await vote(turn.session, ticket.id, helped=False)
    await asking.pass_on(turn, ticket)
    return True


async def _helped(turn: Turn, ticket: Ticket) -> None:
    await vote(turn.session, ticket.id, helped=True)
    ticket.close(Reason.ANSWERED, turn.at)
    record(turn.session, "ticket.answered", ticket_id=ticket.id, person_id=turn.person.id)
    turn.say(w("answer.good"))
    turn.talk.rest()
    turn.about = ticket.id


async def _needs_a_person(turn: Turn, ticket: Ticket) -> None:
    """The ticket with the question as it was asked; nothing is asked again."""
    await vote(turn.session, ticket.id, helped=False)
    turn.submit(ticket)
    turn.say(turn.ticket_line(ticket))
    turn.talk.rest()
    await asking.offer_another_way(turn)
    turn.about = ticket.id
