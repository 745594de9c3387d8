"""Slash commands, and what the first screen and the language choice do."""

from desk import ids
from desk.conversation import asking, classes, danger, erasing, linking
from desk.conversation.turn import Turn
from desk.linking import is_code
from desk.script import buttons, summary
from desk.texts import LANGUAGES, Gap, Lower, Verbatim, Words, lines, paragraphs, w
from desk.tickets import Status, Ticket
from desk.times import ByWhen

# Wishes that the notice speaks of and that a person may have to carry out: staff must see which it was.
ASKED_OF_PEOPLE = ("mydata", "delete")


def name_of(text: str) -> str:
    """The command a message begins with, without slash, bot's name and payload; empty when it is none."""
    first = text.strip().split(maxsplit=1)[0] if text.strip() else ""
    return first[1:].partition("@")[0].lower() if first.startswith("/") and len(first) > 1 else ""


def meant(turn: Turn, text: str) -> str:
    """The command that a message gives, also in words of its own where these must not be missed."""
    return name_of(text) or ("delete" if turn.book.lexicon.says("erase", text) else "")


async def obey(turn: Turn, name: str) -> bool:
    """Do what a command asks; False when we do not know it."""
    match name:
        case "start":
            code = turn.said.text.partition(" ")[2].strip()
            # A flyer's own word behind the command is no code of ours.
            if not is_code(code) or not await linking.opened(turn, code):
                await _start(turn)
        case "link":
            await linking.choose(turn)
        case "menu":
            turn.open_with(got=False, menu=True)
            turn.show_menu()
        case "language":
            ask_language(turn)
        case "human" | "mydata":
            await asking.call_person(turn)
        case "delete":
            await erasing.ask(turn)
        case "status":
            _status(turn)
        case "classes":
            await classes.list_them(turn)
        case "privacy":
            _privacy(turn)
        case "help":
            turn.say(w("help.text"))
        case "sos":
            await danger.ask_for_help(turn)
        case _:
            return False
    return True


async def _start(turn: Turn) -> None:
    """The first press in a messenger. The language is asked once; what the profile says is not trusted."""
    if not turn.person.language_sure:
        ask_language(turn)
        return
    turn.open_with(got=False, menu=True)
    turn.show_menu()


def ask_language(turn: Turn) -> None:
    asked = " · ".join(Words("greeting.language").in_(language) for language in ("uk", "pl", "ru", "en"))
    turn.say(Verbatim(f"Poruch · Поруч\n{asked}"))
    turn.choices = buttons.languages()
    step, ticket, data = turn.talk.step, turn.talk.ticket, turn.talk.data
    turn.talk.begin("language", ticket, before=step, held=data)


async def take_language(turn: Turn, language: str) -> None:
    """The person has chosen: from here on everything is in that language, and the talk goes on where it was."""
    if language not in LANGUAGES:
        return
    turn.person.language, turn.person.language_sure = language, True
    before = turn.talk.data.get("before", "")
    ticket = turn.ticket(turn.talk.ticket)
    if ticket is not None and ticket.status is Status.DRAFT and before in ("ask", "contact", "summary", "unsure"):
        turn.head.append(w("language.set"))
        await repeat(turn, ticket, before)
        return
    if not turn.is_first_contact and turn.tickets:
        turn.say(w("language.set"))
        turn.talk.rest()
        return
    turn.open_with(got=False, menu=True)
    turn.show_menu()


async def repeat(turn: Turn, ticket: Ticket, step: str) -> None:
    """Ask again what stood on the screen."""
    if step == "summary":
        turn.show_summary(ticket)
    elif step == "unsure" or not ticket.service:
        understood = turn.book.understand(await turn.words_of(ticket))
        if understood.candidates:
            asking.ask_which_service(turn, ticket, understood)
        else:
            turn.show_menu()
            turn.talk.ticket = ticket.id
    else:
        await asking.resume(turn, ticket.id)


def _status(turn: Turn) -> None:
    open_ones = turn.open_tickets
    if not open_ones:
        turn.say(w("status.none"))
        return
    turn.say(lines(*(_status_line(turn, ticket) for ticket in open_ones)))


def _status_line(turn: Turn, ticket: Ticket) -> Words:
    service = turn.service_of(ticket)
    topic = summary.topic_of(service, ticket.answers) if service else w("topic.unknown")
    gaps: dict[str, Gap] = {"ref": ids.spoken(ticket.ref), "topic": Lower(topic)}
    if ticket.status is Status.DRAFT:
        return Words("status.asking", gaps)
    if ticket.status is Status.WAITING:
        return Words("status.waiting", gaps)
    if ticket.due_at is None or ticket.due_at < turn.at:
        return Words("status.new.late", gaps)
    return Words("status.new", {**gaps, "when": ByWhen(turn.book.centre.local(ticket.due_at), turn.at)})


def _privacy(turn: Turn) -> None:
    turn.person.notice = turn.book.centre.notice_version
    turn.say(paragraphs(w("privacy.short", link=turn.book.privacy_link)))
