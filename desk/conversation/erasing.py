"""/delete: what goes, what stays and what it costs is said first; then all of it goes at once."""

from desk import courses, ids, privacy
from desk.conversation import asking
from desk.conversation.turn import Turn
from desk.script import buttons
from desk.texts import line, lines, w
from desk.tickets import Status

STEP = "erase"


async def ask(turn: Turn) -> None:
    """Whoever is in danger is not forgotten at a press, which another hand might make: a person looks first."""
    if any(ticket.is_urgent for ticket in turn.open_tickets):
        await asking.call_person(turn)
        return
    costs = [w("erase.open", ref=ids.spoken(ticket.ref)) for ticket in turn.open_tickets]
    if await courses.courses_of(turn.session, turn.person.id or 0):
        costs.append(w("erase.place"))
    turn.say(lines(line(w("erase.ask"), *costs), w("erase.stays")))
    turn.choices = [buttons.word("e:all"), buttons.word("e:none"), buttons.PERSON]
    # What waited for the rest of a burst stands in its ticket; an answer to it now would take this question away.
    turn.talk.waiting, turn.talk.waiting_since, turn.person.answer_due_at = [], "", None
    turn.talk.begin(STEP, turn.talk.ticket)


async def written(turn: Turn) -> bool:
    """A plain yes or no, where the question still stands on the screen."""
    lexicon, text = turn.book.lexicon, turn.said.text
    yes = lexicon.says("yes", text)
    if yes or lexicon.says("no", text):
        await answered(turn, yes=yes)
        return True
    return False


async def answered(turn: Turn, *, yes: bool) -> None:
    ticket = turn.ticket(turn.talk.ticket)
    if yes and not any(one.is_urgent for one in turn.open_tickets):
        turn.talk.forget()
        turn.talk.brought = await privacy.brought(turn.session, turn.address, turn.said.ids[-1], turn.at)
        await privacy.erase(turn.session, turn.person, turn.at, asked=turn.said.ids[-1], address=turn.address)
        turn.say(w("erase.done"))
        return
    turn.talk.rest()
    if ticket is not None and ticket.status is Status.DRAFT:
        turn.head = [line(w("erase.none"), w("resume.back"))]
        await asking.resume(turn, ticket.id)
    else:
        turn.say(w("erase.none"))
