"""When the screen sees danger: help first, an urgent ticket, an alarm to staff that names no topic."""

from dataclasses import replace
from datetime import timedelta

from desk import ids, reading
from desk.conversation.turn import Turn
from desk.history import record
from desk.people import ContactRule
from desk.safety import CERTAIN, Alarm, warning
from desk.script.buttons import Choice
from desk.texts import InLanguages, Words, line, lines, w
from desk.tickets import Priority, Status, Ticket
from desk.times import AfterWhen, Day, hour

SILENCE = timedelta(minutes=5)  # After a "perhaps" nobody answered, it counts as certain.
ANSWERS = {"y:yes": "yes", "y:unknown": "unknown", "y:no": "no", "c:now": "now"}


def look(turn: Turn, words: str) -> Alarm | None:
    """What the screen sees in new words; who says that they are a child is treated as one from here on."""
    if reading.is_minor(words):
        turn.person.is_minor = True
    return turn.book.screen.look(words) if words else None


async def raise_alarm(turn: Turn, alarm: Alarm) -> None:
    """Say where help is, stop whatever was being asked, and put the ticket before everybody's eyes."""
    alarm = replace(alarm, child=alarm.child or turn.person.is_minor)
    paused = turn.talk.step in ("ask", "summary", "contact", "unsure")
    ticket = await _ticket_for(turn)
    await turn.join(ticket)
    again = ticket.alarm_level == CERTAIN
    _mark(turn, ticket, alarm)
    if again and ticket.taken_at is not None:
        return  # A person is already reading; the bot does not come between.
    turn.person.is_minor = alarm.child
    warned = warning(
        alarm,
        turn.book.screen,
        turn.book.register,
        turn.book.centre,
        today=turn.today,
        closed_until=_closed_until(turn),
        paused=paused,
    )
    turn.head, turn.body, turn.extra = [], [warned.text], {"danger": True}
    turn.choices = [Choice(answer, w(f"button.{answer}")) for answer in warned.answers]
    turn.talk.begin("safe", ticket.id, question=warned.question, scenario=alarm.scenario, child=alarm.child)


async def ask_for_help(turn: Turn) -> None:
    """/sos, the tile "urgent", or an answer that there is danger now."""
    await raise_alarm(turn, Alarm("asked_for_help", CERTAIN))


async def _ticket_for(turn: Turn) -> Ticket:
    current = turn.ticket(turn.talk.ticket)
    if current is not None and current.is_open:
        return current
    open_ones = turn.open_tickets
    if open_ones:
        return open_ones[-1]
    return await turn.open_draft()


def _mark(turn: Turn, ticket: Ticket, alarm: Alarm) -> None:
    if alarm.level == CERTAIN or not ticket.alarm_level:
        ticket.alarm, ticket.alarm_level = alarm.scenario, alarm.level
    if ticket.alarm_at is None:
        ticket.alarm_at, ticket.taken_at = turn.at, None
    ticket.priority = Priority.URGENT if alarm.level == CERTAIN else Priority.HIGH
    ticket.sensitivity = "high"
    if ticket.status is Status.DRAFT:
        ticket.submit(turn.book.centre.due(turn.at), turn.at)
    ticket.alarm_state = {**ticket.alarm_state, "why": list(alarm.why)[:6], "said_at": turn.at.isoformat()}
    record(
        turn.session,
        "alarm.raised",
        ticket_id=ticket.id,
        person_id=turn.person.id,
        scenario=alarm.scenario,
        level=alarm.level,
    )


def is_news(turn: Turn, alarm: Alarm) -> bool:
    """Whether words that sound like danger are more than the answer to our own question about it."""
    ticket = turn.ticket(turn.talk.ticket)
    if turn.talk.step != "safe" or ticket is None or not ticket.alarm:
        return True
    if alarm.level == CERTAIN and ticket.alarm_level != CERTAIN:
        return True
    return bool(alarm.why) and alarm.scenario != ticket.alarm


def _closed_until(turn: Turn) -> InLanguages | None:
    hours = turn.book.centre.hours
    if hours.is_open(turn.at):
        return None
    return AfterWhen(turn.book.centre.local(hours.next_opening(turn.at)), turn.at)


async def answered(turn: Turn, pressed: str = "") -> None:
    """The reply to the one question that was asked."""
    ticket = turn.ticket(turn.talk.ticket)
    if ticket is None or not ticket.is_open:
        turn.talk.rest()
        return
    await turn.join(ticket)
    if ticket.with_people and not pressed:
        return
    child = turn.talk.data.get("child", False)
    if child and not pressed and turn.book.lexicon.says("secrecy", turn.said.text, alone=False):
        # The bot promises no secrecy: that is for a person to answer.
        turn.say(w("child.promise"))
        turn.extra, turn.about = {"danger": True}, ticket.id
        return
    question = turn.talk.data.get("question", "")
    answer = ANSWERS.get(pressed, "") or _read(turn)
    turn.extra = {"danger": True}
    turn.about = ticket.id
    ticket.alarm_state = {**ticket.alarm_state, "answer": answer or "words"}
    if question == "safe.write":
        _safe_to_write(turn, ticket, answer)
    elif question == "safe.contact":
        _safe_contact(turn, ticket, pressed)
    elif question == "safe.when":
        _safe_when(turn, ticket)
    elif answer == "yes":
        turn.say(w("child.heard") if child else line(w("safe.heard"), w("safe.read")))
        turn.talk.begin("safe", ticket.id, question="", child=child)
    elif answer in ("no", "unknown") or not question:
        await _call_again(turn, ticket, child) if question else None
    elif child:
        turn.say(w("child.heard"))


def _read(turn: Turn) -> str:
    """Yes, no or unknown, only when that is all that was said: «та не знаю» must not count as a yes."""
    lexicon, text = turn.book.lexicon, turn.said.text
    if "не зна" in text.lower() or "nie wiem" in text.lower() or "know" in text.lower():
        return "unknown"
    first = " ".join(text.split()[:1]).strip(",.!")
    if lexicon.says("no", text) or first.lower() in ("ні", "нет", "nie", "no"):
        return "no"
    return "yes" if lexicon.says("yes", text) or first.lower() in ("так", "да", "tak", "yes") else ""


async def _call_again(turn: Turn, ticket: Ticket, child: bool) -> None:
    """ "No", "not sure": certain from here, and people are called again; no second question."""
    make_certain(turn, ticket)
    scenario = turn.book.screen.scenario(turn.talk.data.get("scenario", ""))
    ids = scenario.lines_child if child else scenario.lines_adult
    lines_ = [one.sentence for one in turn.book.register.shown(ids, turn.today)]
    n112 = turn.book.centre.n112
    if child:
        turn.say(lines(w("child.112", n112=n112), *lines_), w("child.heard"))
    else:
        turn.say(lines(line(w("safe.heard"), w("safe.someone")), w("safe.112", n112=n112), *lines_, w("safe.again")))
    turn.talk.begin("safe", ticket.id, question="", child=child)


def make_certain(turn: Turn, ticket: Ticket) -> None:
    ticket.alarm_level, ticket.priority = CERTAIN, Priority.URGENT
    record(turn.session, "alarm.certain", ticket_id=ticket.id, person_id=turn.person.id)


def say_nobody_has_come(turn: Turn, ticket: Ticket) -> None:
    """«Ніхто з Центру ще не відповів. Не чекайте на нас…», with the numbers that may be shown."""
    scenario = turn.book.screen.scenario(ticket.alarm)
    child = turn.person.is_minor
    shown = turn.book.register.shown(scenario.lines_child if child else scenario.lines_adult, turn.today, most=1)
    key = "child.nobody" if child else "safe.nobody"
    if shown:
        turn.say(w(key, n112=turn.book.centre.n112, line=shown[0].number))
    else:
        turn.say(w(f"{key}.112", n112=turn.book.centre.n112))
    turn.extra = {"danger": True}
    turn.about = ticket.id


def _safe_to_write(turn: Turn, ticket: Ticket, answer: str) -> None:
    if answer == "yes" and len(turn.said.text.split()) <= 3:
        turn.say(line(w("safe.heard"), w("safe.read")))
        turn.talk.begin("safe", ticket.id, question="")
        return
    # «Лише зараз», «вдома ні»: the rule is kept before anything else is asked.
    turn.person.contact_rule = ContactRule.NEVER_FIRST
    record(turn.session, "person.contact_rule", ticket_id=ticket.id, person_id=turn.person.id, rule="never_first")
    turn.say(w("safe.contact"))
    turn.choices = [Choice(name, w(f"button.{name}")) for name in ("c:visit", "c:call", "c:wait")]
    turn.talk.begin("safe", ticket.id, question="safe.contact")


def _safe_contact(turn: Turn, ticket: Ticket, pressed: str) -> None:
    if pressed == "c:visit":
        centre = turn.book.centre
        turn.say(w("safe.when", hours=opening_words(turn), address=centre.address))
        turn.talk.begin("safe", ticket.id, question="safe.when")
        return
    turn.say(line(w("safe.heard"), w("safe.read")))
    turn.talk.begin("safe", ticket.id, question="")


def _safe_when(turn: Turn, ticket: Ticket) -> None:
    found = reading.when(turn.said.text, turn.today)
    if found.day is None:
        turn.say(line(w("safe.heard"), w("safe.read")))
    else:
        day = Day(found.day, turn.today, form="name", always_dated=True)
        time_: Words | Day = day
        if found.at is not None:
            time_ = w("time.noted", day=day, time=f"{found.at.hour}:{found.at.minute:02d}")
        turn.say(w("safe.rule", time=time_, ref=ids.spoken(ticket.ref)))
    turn.talk.begin("safe", ticket.id, question="")


def opening_words(turn: Turn) -> InLanguages:
    """«сьогодні до 15:30 і в понеділок з 8:00»: when one can come, in words."""
    centre = turn.book.centre
    local = centre.local(turn.at)
    today = centre.hours.on(local.date())
    opening = centre.hours.next_opening(
        turn.at if not centre.hours.is_open(turn.at) else today[1] if today else turn.at
    )
    later = w("time.from", day=Day(opening.date(), local.date(), after_vowel=True), time=hour(centre.local(opening)))
    if centre.hours.is_open(turn.at) and today:
        return w("time.until_and", until=hour(today[1]), later=later)
    return later
