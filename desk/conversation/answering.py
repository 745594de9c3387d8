"""What a person's free words lead to: an answer to what was asked, more for an open ticket, or a new need."""

from dataclasses import replace
from datetime import timedelta

from desk import ids
from desk.conversation import asking, classes, erasing, files, offering, seconding
from desk.conversation.turn import Turn
from desk.history import record
from desk.script import buttons, form
from desk.script.buttons import Choice
from desk.script.form import Progress, Unclear
from desk.services import Slot
from desk.texts import InLanguages, line, w
from desk.tickets import Reason, Status, Ticket
from desk.triage.understanding import SURE, Understood

TALKING = timedelta(minutes=30)  # So long after staff have written, new words surely belong to their ticket.


async def answer(turn: Turn) -> None:
    """Find what the words mean in the light of what was asked, and prepare what to say."""
    if await _thanks(turn):
        return
    if turn.book.lexicon.says("person", turn.said.text):
        await asking.call_person(turn)
        return
    if turn.talk.step == erasing.STEP and await erasing.written(turn):
        return
    if await _about_reminders(turn):
        return
    if await _joins_people_talking(turn):
        return
    match turn.talk.step:
        case "ask" | "contact":
            await _answer_question(turn)
        case "summary":
            await _answer_summary(turn)
        case "unsure":
            await _answer_unsure(turn)
        case "resume" if turn.book.lexicon.says("yes", turn.said.text):
            await asking.resume(turn, turn.talk.ticket)
        case "which":
            await _answer_which(turn)
        case offering.STEP if await offering.written(turn):
            pass
        case "rate":
            await new_words(turn)
        case _:
            await new_words(turn)


# Words that need no answer, or a person's


async def _thanks(turn: Turn) -> bool:
    """«Дякую», in any language: one «Будь ласка» from the bot, none while people talk, and nothing reopens."""
    said = turn.said
    wordless = not said.has_words and not any(kind in files.WITH_FILES for kind in said.kinds)
    thanks = turn.book.lexicon.says("thanks", said.text)
    if not thanks and not wordless:
        return False
    open_ones = turn.open_tickets
    if wordless and not turn.tickets and turn.is_first_contact:
        return False
    current = turn.ticket(turn.talk.ticket) or (
        open_ones[-1] if open_ones else turn.tickets[-1] if turn.tickets else None
    )
    if current is not None:
        await _attach_quietly(turn, current)
    if wordless or any(ticket.with_people for ticket in open_ones) or turn.talk.step in ("ask", "summary", "contact"):
        return True
    if not turn.talk.data.get("thanked"):
        turn.talk.data["thanked"] = True
        turn.say(w("thanks"))
        turn.about = current.id if current else None
    return True


async def _about_reminders(turn: Turn) -> bool:
    """«Стоп», «нагадування», «ой не зможу»: in any language, whatever was being asked."""
    lexicon, text = turn.book.lexicon, turn.said.text
    if lexicon.says("stop", text):
        await classes.answer_remind(turn, on=False)
        return True
    if lexicon.says("reminders", text):
        await classes.answer_remind(turn, on=True)
        return True
    if turn.talk.step == "remind" and (lexicon.says("yes", text) or lexicon.says("no", text)):
        await classes.answer_remind(turn, on=lexicon.says("yes", text))
        return True
    return turn.talk.step in ("", "offer") and await classes.cannot_come(turn)


async def _attach_quietly(turn: Turn, ticket: Ticket) -> None:
    """Words that stand in a ticket without waking it."""
    was = ticket.status, ticket.touched_at, ticket.preview_id
    await turn.join(ticket)
    if not ticket.is_open:
        ticket.status, ticket.touched_at, ticket.preview_id = was


async def _joins_people_talking(turn: Turn) -> bool:
    """Where people talk the bot is silent: the words join, and the ticket rises."""
    chosen = turn.ticket(turn.said.reply_to_ticket)
    if chosen is not None and chosen.is_open:
        if chosen.with_people:
            await turn.join(chosen)
            return True
        if chosen.status is not Status.DRAFT:
            await _add(turn, chosen)
            return True
    talking = [ticket for ticket in turn.open_tickets if ticket.with_people]
    recent = [ticket for ticket in talking if ticket.staff_at and turn.at - ticket.staff_at <= TALKING]
    if recent:
        await turn.join(max(recent, key=lambda ticket: ticket.staff_at or turn.at))
        return True
    if talking and turn.talk.step not in ("ask", "summary", "unsure", "contact", "which"):
        submitted = [ticket for ticket in turn.open_tickets if ticket.status is not Status.DRAFT]
        if len(submitted) == 1:
            await turn.join(submitted[0])
            return True
        await ask_which(turn, submitted)
        return True
    return False


# A question of the form


async def _answer_question(turn: Turn) -> None:
    ticket = turn.ticket(turn.talk.ticket)
    service = turn.service_of(ticket) if ticket else None
    if ticket is None or service is None or ticket.status is not Status.DRAFT:
        turn.talk.rest()
        await new_words(turn)
        return
    slot = service.slots[turn.talk.data["slot"]]
    text = turn.said.text
    lexicon = turn.book.lexicon
    if slot.can_skip and lexicon.says("skip", text):
        await turn.join(ticket)
        await asking.take_answer(turn, ticket, {"v": None, "w": ""})
        return
    if lexicon.says("back", text):
        await turn.join(ticket)
        await asking.go_back(turn, ticket)
        return
    found = form.answered(slot, text, turn.today, lexicon) if text.strip() else form.UNCLEAR
    if isinstance(found, Unclear) or (_is_first_of_routed(ticket) and _is_angry(text)):
        await _not_an_answer(turn, ticket)
        return
    await turn.join(ticket)
    await asking.take_answer(turn, ticket, found)


async def _not_an_answer(turn: Turn, ticket: Ticket) -> None:
    """Words that do not fit the question: another topic, another need, or simply not understood, said once."""
    progress = Progress.of(ticket.form)
    service = turn.service_of(ticket)
    assert service is not None
    slot = service.slots[turn.talk.data["slot"]]
    understood = turn.book.understand(turn.said.text)
    first = _is_first_of_routed(ticket)
    other = understood.sure if understood.sure and understood.sure.service != ticket.service else None
    if first and (_denies(turn) or _is_angry(turn.said.text)):
        await turn.join(ticket)
        await wrong(turn, ticket, understood)
        return
    if other is not None:
        await another_need(turn, ticket, other.service)
        return
    await turn.join(ticket)
    turn.fill(ticket, turn.said.text)
    if slot.id in ticket.answers:
        await asking.go_on(turn, ticket)
        return
    if not turn.said.has_words and turn.said.kinds != ["text"]:
        await files.acknowledge(turn, ticket)
        return
    if slot.id in progress.unclear:
        # Said once is enough: the words are kept, and the talk goes on.
        ticket.answers = {**ticket.answers, slot.id: {"v": None, "w": turn.said.text.strip()[:500]}}
        await asking.go_on(turn, ticket)
        return
    _ask_again(turn, ticket, slot, replace(progress, unclear=(*progress.unclear, slot.id)))


def _is_first_of_routed(ticket: Ticket) -> bool:
    """Whether the first question stands about a topic that we, not the person, have named."""
    progress = Progress.of(ticket.form)
    return len(progress.asked) == 1 and progress.routed


def _ask_again(turn: Turn, ticket: Ticket, slot: Slot, progress: Progress) -> None:
    if slot.type in ("date", "datetime", "window"):
        example = "05.12, 10:30" if slot.type == "datetime" else "05.12"
        said = w("date.unclear", example=example)
    elif slot.type == "phone":
        said = w("phone.unclear")
    else:
        said = w("choice.unclear")
    question = form.Question(slot, len(progress.asked), progress.total or len(progress.asked), progress)
    turn.ask_question(ticket, question)
    turn.body = [said]


def _denies(turn: Turn) -> bool:
    first = turn.said.text.strip().split(" ")[0].strip(",.!?").lower()
    return first in {"ні", "не", "нет", "nie", "no", "not", "ni", "ne", "nje"}


def _is_angry(text: str) -> bool:
    letters = [letter for letter in text if letter.isalpha()]
    loud = sum(letter.isupper() for letter in letters) > max(8, len(letters) // 3)
    return loud or "??" in text or "!!" in text


async def wrong(turn: Turn, ticket: Ticket, understood: Understood) -> None:
    """The topic was wrong. If another is sure it is taken; a second doubt is never a second guess: a person."""
    sure = understood.sure
    if sure is not None and sure.service != ticket.service and not _is_angry(turn.said.text):
        turn.set_service(ticket, sure.service)
        ticket.form, ticket.answers = Progress(routed=True, doubts=1).kept(), {}
        turn.head.append(w("wrong"))
        turn.fill(ticket, turn.said.text)
        await asking.go_on(turn, ticket, with_topic=True)
        return
    best = understood.best
    ticket.guess = best.service if best else ticket.guess
    ticket.service, ticket.sensitivity = "", "normal"
    await asking.pass_on(turn, ticket, w("wrong"))


async def another_need(turn: Turn, unfinished: Ticket, service_id: str) -> None:
    """A second need in the middle of the questions about a first: the first one rests, nothing of it is lost."""
    assert unfinished.id is not None
    if unfinished.id not in turn.talk.resting:
        turn.talk.resting.append(unfinished.id)
    ticket = await turn.open_draft(service=service_id, form=Progress(routed=True).kept())
    await turn.join(ticket)
    turn.fill(ticket, turn.said.text)
    turn.open_with(got=True)
    turn.head.append(w("topic.new", topic=turn.topic_of(ticket), other=turn.topic_of(unfinished)))
    await asking.go_on(turn, ticket)


# The summary


async def _answer_summary(turn: Turn) -> None:
    ticket = turn.ticket(turn.talk.ticket)
    if ticket is None or ticket.status is not Status.DRAFT:
        turn.talk.rest()
        await new_words(turn)
        return
    lexicon, text = turn.book.lexicon, turn.said.text
    if lexicon.says("yes", text):
        await turn.join(ticket)
        await asking.finish(turn, ticket)
    elif lexicon.says("no", text):
        await turn.join(ticket)
        asking.ask_what_to_fix(turn, ticket)
    elif (sure := turn.book.understand(text).sure) and sure.service != ticket.service:
        await another_need(turn, ticket, sure.service)
    else:
        await turn.join(ticket)
        known = dict(ticket.answers)
        changed = turn.fill(ticket, text)
        if not changed and turn.talk.data.get("again"):
            await asking.finish(turn, ticket)  # Their words are in the ticket; asking a third time helps nobody.
            return
        turn.show_summary(ticket)
        turn.talk.data["again"] = known == ticket.answers


# New words


async def new_words(turn: Turn) -> None:
    """Words outside any question: more for an open ticket, a closed one again, or a new need."""
    understood = seconding.seconded(turn, turn.book.understand(turn.said.text))
    draft = turn.ticket(turn.talk.ticket)
    if draft is not None and draft.status is Status.DRAFT and not draft.service:
        await new_need(turn, understood, draft)
        return
    submitted = [ticket for ticket in turn.open_tickets if ticket.status is not Status.DRAFT]
    unfinished = [ticket for ticket in turn.open_tickets if ticket.status is Status.DRAFT]
    chosen = turn.ticket(turn.said.reply_to_ticket)
    if chosen is not None and not chosen.is_open and chosen.can_reopen(turn.at):
        reopen(turn, chosen)
        await turn.join(chosen)
        return
    sure = understood.sure
    same = [ticket for ticket in submitted if sure is None or ticket.service in ("", sure.service)]
    closed = _reopenable(turn, sure.service if sure else "")
    goes_on = closed is not None and sure is not None and closed.service == sure.service
    left = next((ticket for ticket in reversed(unfinished) if ticket.service), None)
    if sure is not None and not same and not goes_on and left is not None and left.service != sure.service:
        await another_need(turn, left, sure.service)
    elif sure is not None and not same and not goes_on:
        await new_need(turn, understood, None)
    elif len(same) == 1:
        await _add(turn, same[0])
    elif len(same) > 1:
        await ask_which(turn, same)
    elif unfinished and _only(unfinished) and sure is None:
        await _to_unfinished(turn, unfinished[0])
    elif closed is not None:
        reopen(turn, closed)
        await turn.join(closed)
    else:
        await new_need(turn, understood, None)


async def _to_unfinished(turn: Turn, ticket: Ticket) -> None:
    """Words for a ticket whose questions were left: they are kept there, and the question comes again."""
    await turn.join(ticket)
    turn.fill(ticket, turn.said.text)
    await asking.resume(turn, ticket.id)


async def _add(turn: Turn, ticket: Ticket) -> None:
    await turn.join(ticket)
    turn.fill(ticket, turn.said.text)
    if turn.late is not None:
        turn.say(line(turn.apology(), turn.got()))
    elif not await files.acknowledge(turn, ticket):
        turn.say(w("ticket.added", ref=ids.spoken(ticket.ref)))
    turn.about = ticket.id


def _reopenable(turn: Turn, service: str) -> Ticket | None:
    """The closed ticket that goes on: one about this service first, else the last."""
    closed = [ticket for ticket in turn.tickets if not ticket.is_open and ticket.can_reopen(turn.at)]
    closed = [ticket for ticket in closed if ticket.reason != Reason.ANSWERED.value]
    closed.sort(key=lambda ticket: (ticket.service == service, ticket.closed_at or turn.at))
    return closed[-1] if closed else None


def reopen(turn: Turn, ticket: Ticket) -> None:
    """A need within seven days: the same ticket, the same owner."""
    due = turn.book.centre.due(turn.at)
    ticket.reopen(turn.at, due)
    record(turn.session, "ticket.reopened", ticket_id=ticket.id, person_id=turn.person.id)
    closed = turn.closed_line()
    said = w("ticket.reopened", ref=ids.spoken(ticket.ref), when=turn.by_when(due))
    turn.say(line(said, closed) if closed else said)
    turn.about = ticket.id
    turn.talk.rest()


async def new_need(turn: Turn, understood: Understood, draft: Ticket | None) -> None:
    """The beginning: a draft at once, then the questions, or which of three it is, or the menu."""
    known = bool(draft) and not turn.is_first_contact
    sure = understood.sure
    ticket = draft or await turn.open_draft()
    await turn.join(ticket)
    fresh = not Progress.of(ticket.form).doubts
    if fresh and understood.is_request and await offering.offer(turn, ticket, understood):
        return
    has_need = understood.is_request or (turn.said.has_words and not turn.book.lexicon.says("greeting", turn.said.text))
    turn.open_with(got=has_need or any(kind in files.WITH_FILES for kind in turn.said.kinds), menu=not has_need)
    progress = Progress.of(ticket.form)
    if sure is not None:
        turn.set_service(ticket, sure.service)
        ticket.form = Progress(routed=True, doubts=progress.doubts).kept()
        turn.fill(ticket, turn.said.text)
        await asking.go_on(turn, ticket, with_topic=True)
        return
    if progress.doubts and has_need and known:
        # A second doubt is never a second guess: a person.
        await asking.pass_on(turn, ticket)
        return
    ticket.form = Progress(doubts=progress.doubts + (1 if has_need else 0)).kept()
    if understood.candidates:
        asking.ask_which_service(turn, ticket, understood)
        return
    turn.show_menu()
    turn.talk.ticket = ticket.id
    turn.about = ticket.id


async def _answer_unsure(turn: Turn) -> None:
    """Typed instead of pressed: the name of one of the three, or other words, which are understood together."""
    ticket = turn.ticket(turn.talk.ticket)
    if ticket is None or not ticket.is_open:
        turn.talk.rest()
        await new_words(turn)
        return
    understood = turn.book.understand("\n".join([await turn.words_of(ticket), turn.said.text]))
    best = understood.best
    await turn.join(ticket)
    if best is not None and (best.confidence >= SURE or _named(turn, best.service)):
        await asking.choose_service(turn, ticket, best.service, routed=True)
        return
    await asking.pass_on(turn, ticket)


def _named(turn: Turn, service_id: str) -> bool:
    service = turn.book.catalogue.service(service_id)
    alone = turn.book.understand(turn.said.text).best
    return service is not None and alone is not None and alone.service == service_id and alone.confidence >= SURE


# Several tickets


async def ask_which(turn: Turn, tickets: list[Ticket]) -> None:
    """It fits several: stored, shown to both owners, until the person says which."""
    for ticket in tickets:
        ticket.touched_at = turn.at
    await turn.join(tickets[-1])
    turn.say(w("which"))
    turn.choices = [
        *(Choice(f"t:{ticket.id}", _name_of(turn, ticket)) for ticket in tickets[:5]),
        buttons.NEW,
        buttons.PERSON,
    ]
    turn.talk.begin("which", tickets[-1].id, messages=turn.said.ids, tickets=[ticket.id for ticket in tickets])


def _name_of(turn: Turn, ticket: Ticket) -> InLanguages:
    service = turn.service_of(ticket)
    return service.name if service else w("topic.unknown")


async def _answer_which(turn: Turn) -> None:
    waiting = turn.talk.data.get("messages", [])
    tickets = [ticket for name in turn.talk.data.get("tickets", []) if (ticket := turn.ticket(name)) and ticket.is_open]
    text = turn.said.text
    best = turn.book.understand(text).best
    fitting = [ticket for ticket in tickets if best is not None and ticket.service == best.service]
    turn.said.ids = [*waiting, *turn.said.ids]
    turn.talk.rest()
    if len(fitting) == 1:
        await _add(turn, fitting[0])
    elif tickets:
        # Not understood twice: it stays where it stands, and staff of both see it.
        await turn.join(tickets[-1])
        turn.say(w("ticket.added", ref=ids.spoken(tickets[-1].ref)))
    else:
        await new_words(turn)


def _only(tickets: list[Ticket]) -> Ticket | None:
    return tickets[0] if len(tickets) == 1 else None
