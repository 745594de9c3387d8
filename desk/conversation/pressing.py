"""What a pressed button does; one that belongs to an earlier question does nothing and says so."""

from sqlalchemy import select
from sqlmodel import col

from desk import ids
from desk import messages as post
from desk.conversation import answering, asking, classes, commands, danger, erasing, files, linking, offering
from desk.conversation.turn import Turn
from desk.corrections import BY_PERSON, correct
from desk.messages import Message, Purpose
from desk.safety import Alarm
from desk.script import buttons, form, summary
from desk.script.form import Progress
from desk.texts import line, w
from desk.tickets import Status, Ticket

STANDING = "-"  # The token of buttons that stay good: ratings, reminders, the Polish original.


async def press(turn: Turn, data: str) -> bool:
    """Do what the button says; False when it is old, forged or no longer makes sense."""
    token, pressed = buttons.parted(data)
    if token == STANDING:
        return await _press_standing(turn, pressed)
    if not turn.talk.token or token != turn.talk.token or data not in {button["id"] for button in turn.talk.buttons}:
        return False
    kind, _, rest = pressed.partition(":")
    match kind:
        case "lang":
            await commands.take_language(turn, rest)
        case "go":
            await _press_tile(turn, rest)
        case "sv":
            await _press_service(turn, rest)
        case "a":
            return await _press_answer(turn, rest)
        case "s":
            return await _press_summary(turn, rest)
        case "f":
            return await _press_fix(turn, rest)
        case "n":
            return await _press_way_out(turn, rest)
        case "y" | "c" if turn.talk.step == "safe":
            await danger.answered(turn, pressed)
        case "v":
            return await offering.pressed(turn, rest)
        case "t":
            return await _press_ticket(turn, rest)
        case "d":
            await _press_delete(turn, rest)
        case "w":
            return await classes.press(turn, rest)
        case "r" if turn.talk.step == "remind":
            await classes.answer_remind(turn, on=rest == "on")
        case "e" if turn.talk.step == erasing.STEP:
            await erasing.answered(turn, yes=rest == "all")
        case "x":
            return await linking.give(turn, rest)
        case "j":
            return await linking.pressed(turn, rest)
        case _:
            return False
    return True


async def label_of(turn: Turn, data: str) -> tuple[str, str]:
    """What the person saw on the button, and the same for staff; those that stay good stand under earlier messages."""
    shown = [turn.talk.buttons]
    if data.startswith(f"{STANDING}:"):
        shown += await turn.session.scalars(
            select(col(Message.choices))
            .where(col(Message.address_id) == turn.address.id, col(Message.purpose).is_not(None))
            .order_by(col(Message.id).desc())
            .limit(30)
        )
    found = next((button for buttons_ in shown for button in buttons_ if button["id"] == data), {"label": ""})
    return found["label"], found.get("staff", "")


def _draft(turn: Turn) -> Ticket | None:
    ticket = turn.ticket(turn.talk.ticket)
    return ticket if ticket is not None and ticket.status is Status.DRAFT else None


async def _draft_or_new(turn: Turn) -> Ticket:
    ticket = _draft(turn) or await turn.open_draft()
    await turn.join(ticket)
    return ticket


async def _press_tile(turn: Turn, tile_id: str) -> None:
    if tile_id == "urgent":
        await _ask_urgency(turn)
        return
    tile = turn.book.catalogue.tile(tile_id)
    if tile is None or not tile.services:
        turn.show_menu()
        return
    if len(tile.services) > 1:
        asking.show_tile(turn, turn.talk.ticket, tile.id)
        return
    ticket = await _draft_or_new(turn)
    await asking.choose_service(turn, ticket, tile.services[0], routed=False, tile=tile.id)


async def _ask_urgency(turn: Turn) -> None:
    """«Терміново»: how urgent, with the number of help above it."""
    ticket = await _draft_or_new(turn)
    ticket.form = Progress(tile="urgent").kept()
    turn.set_service(ticket, "other")
    turn.head.append(w("safe.112", n112=turn.book.centre.n112))
    await asking.go_on(turn, ticket)
    turn.extra |= {"danger": True}


async def _press_service(turn: Turn, service_id: str) -> None:
    tile, routed = turn.talk.data.get("tile", ""), turn.talk.step == "unsure"
    if service_id not in turn.book.catalogue.running:
        turn.show_menu()
        return
    ticket = await _draft_or_new(turn)
    if routed:
        correct(turn.session, ticket, service_id, BY_PERSON)
    await asking.choose_service(turn, ticket, service_id, routed=routed, tile=tile)


async def _press_answer(turn: Turn, rest: str) -> bool:
    slot_id, _, option_id = rest.partition(":")
    ticket = _draft(turn)
    service = turn.service_of(ticket) if ticket else None
    if (
        ticket is None
        or service is None
        or turn.talk.step not in ("ask", "contact")
        or turn.talk.data.get("slot") != slot_id
    ):
        return False
    slot = service.slots[slot_id]
    answer = form.pressed(slot, option_id)
    if answer is None:
        return False
    await turn.join(ticket)
    option = slot.option(option_id)
    if option is not None and option.alarm:
        ticket.answers = {**ticket.answers, slot_id: answer}
        await danger.raise_alarm(turn, Alarm("asked_for_help", option.alarm))
        return True
    if slot.type == "multi_choice":
        _take_one_of_many(turn, ticket, slot_id, option_id)
        return True
    await asking.take_answer(turn, ticket, answer)
    return True


def _take_one_of_many(turn: Turn, ticket: Ticket, slot_id: str, option_id: str) -> None:
    """One more of several: it is noted, and the others stay on offer."""
    service = turn.service_of(ticket)
    assert service is not None
    slot = service.slots[slot_id]
    chosen = [*turn.talk.data.get("chosen", []), option_id]
    progress = Progress.of(ticket.form)
    question = form.Question(slot, len(progress.asked), progress.total or len(progress.asked), progress)
    words = summary.said(slot, {"v": chosen})
    assert words is not None
    turn.say(w("multi.more", chosen=words))
    turn.choices = buttons.under_question(question, may_skip=False, ask_language=False, chosen=chosen)
    turn.talk.begin("ask", ticket.id, slot=slot_id, chosen=chosen)
    turn.about = ticket.id


async def _press_summary(turn: Turn, what: str) -> bool:
    ticket = _draft(turn)
    if ticket is None or turn.talk.step not in ("summary", "course"):
        return False
    await turn.join(ticket)
    if what == "ok":
        await asking.finish(turn, ticket)
    else:
        asking.ask_what_to_fix(turn, ticket)
    return True


async def _press_fix(turn: Turn, slot_id: str) -> bool:
    ticket = _draft(turn)
    service = turn.service_of(ticket) if ticket else None
    if ticket is None or service is None or slot_id not in service.slots:
        return False
    await turn.join(ticket)
    ticket.answers = {name: answer for name, answer in ticket.answers.items() if name != slot_id}
    progress = Progress.of(ticket.form)
    asked = tuple(name for name in progress.asked if name != slot_id)
    kept = Progress((*asked, slot_id), unclear=progress.unclear, doubts=progress.doubts)
    turn.ask_question(ticket, form.Question(service.slots[slot_id], 1, 1, kept))
    return True


async def _press_way_out(turn: Turn, what: str) -> bool:
    ticket = _draft(turn)
    match what:
        case "person":
            await asking.call_person(turn)
        case "language":
            commands.ask_language(turn)
        case "skip" if ticket and turn.talk.step in ("ask", "contact"):
            await turn.join(ticket)
            await asking.take_answer(turn, ticket, {"v": None, "w": ""})
        case "done" if ticket and turn.talk.step == "ask":
            await turn.join(ticket)
            chosen = turn.talk.data.get("chosen", [])
            await asking.take_answer(turn, ticket, {"v": chosen or None, "w": ""})
        case "back" if turn.talk.step == "tile":
            turn.show_menu()
        case "back" if ticket and turn.talk.step == "ask":
            await turn.join(ticket)
            await asking.go_back(turn, ticket)
        case "topic" if ticket:
            await turn.join(ticket)
            await _not_about_this(turn, ticket)
        case "go" if turn.talk.step == "resume":
            await asking.resume(turn, turn.talk.ticket)
        case "later":
            turn.talk.rest()
        case "new":
            await _something_new(turn)
        case "notnow":
            turn.talk.rest()
        case _:
            return False
    return True


async def _not_about_this(turn: Turn, ticket: Ticket) -> None:
    """One tap undoes what was understood: the next best, or the menu."""
    wrong_one = ticket.service
    progress = Progress.of(ticket.form)
    if progress.doubts >= 2:
        await answering.wrong(turn, ticket, turn.book.understand(""))
        return
    others = turn.book.understand(await turn.words_of(ticket)).without(wrong_one)
    ticket.service, ticket.answers = "", {}
    ticket.form = Progress(doubts=progress.doubts + 1).kept()
    turn.head.append(w("wrong"))
    if others.candidates:
        asking.ask_which_service(turn, ticket, others)
    else:
        turn.show_menu()
        turn.talk.ticket = ticket.id
        turn.about = ticket.id


async def _press_ticket(turn: Turn, rest: str) -> bool:
    """The answer to "which request is this about?"."""
    ticket = turn.ticket(int(rest)) if rest.isdigit() else None
    if turn.talk.step != "which" or ticket is None or not ticket.is_open:
        return False
    turn.said.ids = [*turn.talk.data.get("messages", []), *turn.said.ids]
    await turn.join(ticket)
    turn.say(w("ticket.added", ref=ids.spoken(ticket.ref)))
    turn.talk.rest()
    turn.about = ticket.id
    return True


async def _something_new(turn: Turn) -> None:
    messages = turn.talk.data.get("messages", [])
    turn.said.ids = [*messages, *turn.said.ids]
    texts = await turn.session.scalars(select(col(Message.text)).where(col(Message.id).in_(messages)))
    turn.said.text = "\n".join(texts)
    turn.talk.rest()
    await answering.new_need(turn, turn.book.understand(turn.said.text), None)


async def _press_delete(turn: Turn, rest: str) -> None:
    what, _, number = rest.partition(":")
    held, step, ticket_id = turn.talk.data.get("held"), turn.talk.data.get("before", ""), turn.talk.ticket
    if what == "photo":
        photo = turn.talk.data.get("photo")
        if photo:
            await files.erase(turn, photo)
        ticket = turn.ticket(ticket_id)
        if ticket is not None and turn.talk.step == "summary":
            turn.head, turn.body = [*turn.body], []
            turn.talk.data.pop("photo", None)
            turn.show_summary(ticket)
        return
    if what == "delete" and number.isdigit():
        await files.erase(turn, int(number))
    ticket = turn.ticket(ticket_id)
    if step and ticket is not None and ticket.status is Status.DRAFT:
        turn.talk.step, turn.talk.data = step, held or {}
        turn.head = [line(*turn.body, w("resume.back"))] if turn.body else [w("resume.back")]
        turn.body = []
        await commands.repeat(turn, ticket, step)
    else:
        turn.talk.rest()


async def _press_standing(turn: Turn, pressed: str) -> bool:
    kind, _, rest = pressed.partition(":")
    if kind == "m":
        return await _show_original(turn, rest)
    if kind == "j":
        return await linking.pressed(turn, rest)
    if kind == "r":
        return _rate(turn, rest)
    if pressed == "c:trace":
        alarmed = next((ticket for ticket in reversed(turn.open_tickets) if ticket.alarm), None)
        turn.say(w("safe.trace"), *([w("safe.return", ref=ids.spoken(alarmed.ref))] if alarmed else []))
        turn.extra = {"danger": True}
        return True
    if kind == "l":
        answer, _, lesson = rest.partition(":")
        number = ids.row_number(lesson)
        known = answer in ("yes", "no") and number is not None
        return known and await classes.comes(turn, number or 0, yes=answer == "yes")
    if kind == "go":
        # The tiles that the web page shows before anything was said.
        turn.open_with(got=False, menu=True)
        await _press_tile(turn, rest)
        return True
    return False


async def _show_original(turn: Turn, rest: str) -> bool:
    """The Polish words behind a translated reply."""
    message_id = ids.row_number(rest)
    message = await turn.session.get(Message, message_id) if message_id else None
    if message is None or message.person_id != turn.person.id or not message.other:
        return False
    await post.tell(
        turn.session,
        turn.address,
        message.other,
        language=message.other_language,
        at=turn.at,
        purpose=Purpose.ANSWER,
        ticket_id=message.ticket_id,
    )
    return True


def _rate(turn: Turn, rest: str) -> bool:
    number, _, stars = rest.partition(":")
    ticket = turn.ticket(ids.row_number(number))
    if ticket is None or ticket.is_open or stars not in ("1", "2", "3"):
        return False
    ticket.rating = int(stars)
    turn.say(w("rated"))
    turn.talk.rest()
    if stars == "1":
        turn.choices = [buttons.PERSON]
        turn.talk.ticket = None
    turn.about = ticket.id
    return True
