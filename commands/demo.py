"""poruch demo: fills an empty installation with invented people, who speak to the real conversation over the last days."""

import heapq
import secrets
import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from bot.channels.telegram import FACTS as TELEGRAM
from bot.channels.webchat import FACTS as WEB
from desk import (
    channels,
    clock,
    courses,
    library,
    logs,
    people,
    reminders,
    replying,
    schema,
    sealing,
    tickets,
    translation,
)
from desk import staff as accounts
from desk.conversation import QUIET, answer_burst, hear, later
from desk.conversation.talk import Talk
from desk.courses import Course, Lesson
from desk.database import Database, DatabaseAway
from desk.handbook import Handbook, Shelf
from desk.messages import Direction, Heard, Message, Status
from desk.people import Address, Person, Place
from desk.replying import Reply
from desk.settings import Settings
from desk.staff import Role, Staff
from desk.tickets import Ticket

# Our bots and pages have other accounts, so that nothing told to these people ever leaves for a real messenger.
ACCOUNT = "demo"
MARK = "(demo)"
READING = timedelta(seconds=20)

STAFF: tuple[tuple[str, Role, tuple[str, ...]], ...] = (
    ("Marta Zięba", Role.INTAKE, ()),
    ("Paweł Sikora", Role.CASEWORKER, ()),
    ("Beata Nowak", Role.COORDINATOR, ("safeguarding",)),
    ("Ewa Górska", Role.SPECIALIST, ("psychologist",)),
    ("Jan Wrona", Role.SPECIALIST, ("lawyer",)),
    ("Anna Lis", Role.TEACHER, ()),
    ("Zofia Sowa", Role.REPORT_READER, ()),
)
# Some stay unconfirmed: that work is there to be shown, too.
CONFIRMED = ("adult_crisis_116123", "child_116111", "niebieska_linia", "missing_116000", "la_strada")
CONFIRMED_FOR = timedelta(days=60)


async def fill(settings: Settings) -> None:
    """All of it in one transaction, or nothing."""
    logs.set_up("WARNING")
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    sealing.use_key(settings.key())
    channels.know([TELEGRAM, WEB])
    database, password = Database(settings.database), secrets.token_urlsafe(9)
    try:
        await _ready(database)
        async with database.transaction() as session:
            if await session.scalar(select(col(Person.id)).limit(1)):
                sys.exit("There are people in this database already. The demo is for a new PORUCH_DATA_DIR.")
            members = await _people_of_the_centre(session, password)
            stage = Stage(session, await Shelf(settings.zone).book(session), members)
            await _play(stage, [scene(stage) for scene in SCENES])
            report = await _report(session)
    except DatabaseAway:
        sys.exit("The database cannot be reached. `poruch doctor` tells more.")
    finally:
        clock.stand_at(None)
        await database.close()
    print(report)
    print(f"All of them are invented; their names end with {MARK}. Real work begins with another PORUCH_DATA_DIR.")
    print(f"\nAccounts, all with the password {password} (shown this once):")
    for name, role, teams in STAFF:
        print(f"  {_email(name):<22} {name:<14} {', '.join((role.value, *teams))}")


async def _ready(database: Database) -> None:
    match await schema.state_of(database):
        case schema.State.EMPTY:
            await schema.bring_up_to_date(database)
        case schema.State.OLDER | schema.State.UNKNOWN:
            sys.exit("The database is not of this version. Back it up, then run: poruch migrate")
    async with database.transaction() as session:
        if not await library.entries(session, "centre"):
            await library.load(session)


async def _people_of_the_centre(session: AsyncSession, password: str) -> dict[str, Staff]:
    members = {}
    for name, role, teams in STAFF:
        member = await accounts.add_staff(session, _email(name), f"{name} {MARK}", role, password, teams=list(teams))
        members[member.first_name] = member
    for entry in await library.entries(session, "helpline"):
        if entry.key in CONFIRMED and entry.confirmed_at is None:
            library.confirm(session, entry, members["Beata"].id, (clock.now() + CONFIRMED_FOR).date())
    return members


def _email(name: str) -> str:
    return f"{name.split(maxsplit=1)[0].lower().replace('ł', 'l')}@demo.example"


async def _report(session: AsyncSession) -> str:
    states = Counter(await session.scalars(select(col(Ticket.status))))
    urgent = await session.scalar(select(func.count()).where(col(Ticket.alarm_at).is_not(None)))
    counted = [
        await session.scalar(select(func.count()).select_from(kind)) for kind in (Person, Message, Course, Lesson)
    ]
    listed = ", ".join(f"{states[state]} {state.value}" for state in tickets.Status)
    return (
        f"Made {counted[0]} people with {counted[1]} messages; {states.total()} tickets ({listed}; {urgent} with an alarm);"
        f" {counted[2]} courses with {counted[3]} lessons and their reminders."
    )


# The stage


@dataclass
class Somebody:
    """One of the people who write."""

    name: str
    channel: str = "telegram"
    said: int = 0

    @property
    def place(self) -> Place:
        return Place(self.channel, f"{ACCOUNT}-{self.name.lower()}", ACCOUNT, f"{self.name} {MARK}")


@dataclass
class Stage:
    """The desk without wires. What is told counts as delivered at once, and every act takes a little time."""

    session: AsyncSession
    book: Handbook
    members: dict[str, Staff]
    now: datetime = field(default_factory=clock.now)
    lessons: list[Lesson] = field(default_factory=list)

    def day(self, back: int, hour: str) -> datetime:
        """An hour of the `back`-th working day before today."""
        centre = self.book.centre
        day = centre.local(self.now).date()
        while back:
            day -= timedelta(days=1)
            back -= centre.hours.on(day) is not None
        return datetime.combine(day, time.fromisoformat(hour), centre.zone)

    def ago(self, minutes: int) -> datetime:
        return self.now - timedelta(minutes=minutes)

    # What people do

    async def says(self, who: Somebody, text: str, polish: str = "", *, goes_on: bool = False) -> None:
        """Write something; `polish` is what a translator would have made of it."""
        message_id = await self._heard(who, text=text)
        message = await self.session.get_one(Message, message_id)
        if polish:
            wanted = translation.Wanted(message_id, text, message.language or "uk")
            await translation.keep(self.session, wanted, polish, ACCOUNT, clock.now())
        else:
            await translation.give_up(self.session, message_id, "same")
        if goes_on:
            clock.move_on(QUIET / 2)
            return
        person = await self.person(who)
        if person.answer_due_at is not None:
            clock.stand_at(person.answer_due_at)
            await answer_burst(self.session, person.id or 0, self.book)
        await self._delivered()

    async def presses(self, who: Somebody, choice: str) -> None:
        """Press the newest button whose id, without its step's token, is `choice` or begins with it."""
        for message in await self._told(who):
            for button in message.choices:
                name = button["id"].partition(":")[2]
                if name == choice or name.startswith(f"{choice}:"):
                    await self._heard(who, kind="press", choice=button["id"])
                    await self._delivered()
                    return
        raise LookupError(f"{who.name} sees no button {choice}")

    async def fills_in(self, who: Somebody, **answers: str) -> None:
        """Answer what is asked until nothing more is: by button where one fits, else in words, else any way it goes."""
        for _ in range(20):
            talk = Talk.of((await self.person(who)).talk)
            offered = [button["id"].partition(":")[2] for button in talk.buttons]
            match talk.step:
                case "ask" | "contact":
                    slot = talk.data["slot"]
                    answer = answers.get(slot, "")
                    if talk.data.get("chosen"):
                        await self.presses(who, "n:done")
                    elif f"a:{slot}:{answer}" in offered:
                        await self.presses(who, f"a:{slot}:{answer}")
                    elif answer:
                        await self.says(who, answer)
                    else:
                        await self.presses(who, "n:skip" if "n:skip" in offered else await self._any_answer(who, slot))
                case "summary":
                    await self.presses(who, "s:ok")
                case "course":
                    await self.presses(who, "w:enrol" if "w:enrol" in offered else "w:join")
                case "remind":
                    await self.presses(who, "r:on")
                case _:
                    return

    # What staff do

    async def replies(self, name: str, who: Somebody, polish: str, shown: str = "") -> None:
        await replying.reply(
            self.session, await self.ticket(who), self.members[name], Reply(polish, shown), clock.now()
        )
        await self._delivered()

    async def closes(self, name: str, who: Somebody, reason: str, polish: str, shown: str = "") -> None:
        ticket, words = await self.ticket(who), Reply(polish, shown)
        await replying.close(self.session, ticket, self.members[name], reason, words, self.book, clock.now())
        await self._delivered()

    async def takes(self, name: str, who: Somebody) -> None:
        await replying.take(self.session, await self.ticket(who), self.members[name], clock.now())
        await self._delivered()

    async def notes(self, name: str, who: Somebody, text: str) -> None:
        replying.note(self.session, await self.ticket(who), self.members[name], text, clock.now())

    async def assigns(self, who: Somebody, to: str, by: str) -> None:
        tickets.assign(self.session, await self.ticket(who), self.members[to].id, self.members[by].id or 0)

    async def rates(self, who: Somebody, stars: int) -> None:
        await self.presses(who, f"r:{(await self.ticket(who)).id}:{stars}")

    # What time does

    async def comes_due(self, what: Callable[..., object], who: Somebody) -> None:
        """The nudge or the apology that the rounds would have brought by now."""
        await what(self.session, (await self.ticket(who)).id, self.book, clock.now())  # type: ignore[misc]
        await self._delivered()

    async def reminds(self) -> None:
        await reminders.tell_due(self.session, self.book, clock.now())
        await self._delivered()

    # Looking

    async def person(self, who: Somebody) -> Person:
        found = await people.meet(self.session, who.place, clock.now())
        return found[0]

    async def ticket(self, who: Somebody) -> Ticket:
        """The newest ticket."""
        person = await self.person(who)
        query = select(Ticket).where(col(Ticket.person_id) == person.id).order_by(col(Ticket.id).desc()).limit(1)
        return (await self.session.scalars(query)).one()

    async def _any_answer(self, who: Somebody, slot: str) -> str:
        """The first button under a question that raises no alarm."""
        service = self.book.catalogue.services[(await self.ticket(who)).service]
        options = (option.id for option in service.slots[slot].options if not option.alarm and not option.hidden)
        return f"a:{slot}:{next(options, 'yes')}"

    async def _told(self, who: Somebody) -> Sequence[Message]:
        address = select(col(Address.id)).where(col(Address.external) == who.place.external).scalar_subquery()
        told = select(Message).where(col(Message.address_id) == address, col(Message.direction) == Direction.TOLD)
        return (await self.session.scalars(told.order_by(col(Message.id).desc()).limit(10))).all()

    async def _heard(self, who: Somebody, *, kind: str = "text", text: str = "", choice: str = "") -> int:
        who.said += 1
        number = str(who.said)
        heard = Heard(
            who.place,
            key=f"{who.place.external}-{number}",
            number=number,
            said_at=clock.now(),
            kind=kind,
            text=text,
            choice=choice,
        )
        outcome = await hear(self.session, heard, self.book)
        assert outcome.message_id is not None
        return outcome.message_id

    async def _delivered(self) -> None:
        """Nothing may stay in the outbox; and the next act finds the rows as they are, not as they were read."""
        await self.session.flush()
        await self.session.execute(
            update(Message)
            .where(col(Message.account) == ACCOUNT, col(Message.status) == Status.WAITING)
            .values(status=Status.SENT, sent_at=clock.now())
        )
        self.session.expunge_all()
        clock.move_on(READING)


Scene = AsyncIterator[datetime]


async def _play(stage: Stage, scenes: Sequence[Scene]) -> None:
    """Every scene says when it goes on; the earliest does, so that rows are written in the order of time."""
    line = [(await anext(scene), place) for place, scene in enumerate(scenes)]
    heapq.heapify(line)
    clock.stand_at(line[0][0])
    while line:
        moment, place = heapq.heappop(line)
        clock.stand_at(max(moment, clock.now()))
        again = await anext(scenes[place], None)
        if again is not None:
            heapq.heappush(line, (again, place))


# The scenes


async def courses_begin(stage: Stage) -> Scene:
    """Two groups, of which one is soon full; their lessons go on into the coming weeks."""
    yield stage.day(7, "09:00")
    names = {"uk": "польська", "pl": "polski", "ru": "польский", "en": "Polish"}
    for code, level, capacity, days, hour in (("A1-3", "A1", 3, (1, 3), "17:30"), ("A2-1", "A2", 12, (5,), "10:00")):
        room = {"uk": "каб. 12", "pl": "pok. 12", "ru": "каб. 12", "en": "room 12"}
        course = await courses.add_course(
            stage.session, code, at=clock.now(), level=level, capacity=capacity, room=room, names=names,
            by=stage.members["Anna"].id,
        )  # fmt: skip
        centre = stage.book.centre
        first = centre.local(stage.now).date() - timedelta(days=10)
        for day in (first + timedelta(days=ahead) for ahead in range(40)):
            if day.weekday() in days:
                begins = datetime.combine(day, time.fromisoformat(hour), centre.zone)
                stage.lessons.append(await courses.add_lesson(stage.session, course, begins))


async def reminders_go_out(stage: Stage) -> Scene:
    yield stage.day(7, "09:05")
    centre = stage.book.centre
    due = {reminders.due_at(lesson, kind, centre) for lesson in stage.lessons for kind in reminders.Kind}
    for moment in sorted(moment for moment in due if clock.now() < moment < stage.now):
        yield moment
        await stage.reminds()


async def olena_learns_polish(stage: Stage) -> Scene:
    olena = Somebody("Олена")
    yield stage.day(6, "10:00")
    await stage.says(olena, "хочу на курси польської ввечері", "chcę na kurs polskiego wieczorem")
    await stage.fills_in(olena, level="A1", childcare_needed="no", transport_needed="no")
    yield stage.day(5, "08:30")
    await stage.closes("Marta", olena, "done", "Miejsce w grupie potwierdzone.", "Місце в групі підтверджено.")
    await stage.rates(olena, 3)
    yield _after_the_first_reminder(stage)
    await stage.presses(olena, "l:yes")


async def mykola_cannot_come(stage: Stage) -> Scene:
    mykola = Somebody("Микола")
    yield stage.day(6, "10:30")
    await stage.says(
        mykola, "Запишіть мене на польську, рівень А1, вечір", "Proszę mnie zapisać na polski, A1, wieczór"
    )
    await stage.fills_in(mykola, level="A1", days_times="weekday_evening", childcare_needed="no", transport_needed="no")
    yield _after_the_first_reminder(stage)
    await stage.presses(mykola, "l:no")


def _after_the_first_reminder(stage: Stage) -> datetime:
    """A quarter of an hour after the first evening lesson of the last days was reminded of."""
    centre, since = stage.book.centre, stage.day(6, "12:00")
    due = (reminders.due_at(lesson, reminders.Kind.DAY, centre) for lesson in stage.lessons)
    return min(moment for moment in due if moment > since) + timedelta(minutes=15)


async def svitlana_takes_the_last_place(stage: Stage) -> Scene:
    svitlana = Somebody("Светлана")
    yield stage.day(6, "11:00")
    await stage.says(
        svitlana, "Здравствуйте, хочу на курс польского вечером", "Dzień dobry, chcę na kurs polskiego wieczorem"
    )
    await stage.fills_in(svitlana, level="A1", childcare_needed="no", transport_needed="no")


async def yuliia_waits_in_the_queue(stage: Stage) -> Scene:
    yuliia = Somebody("Юлія", "web")
    yield stage.day(5, "15:00")
    await stage.says(
        yuliia, "Чи є ще місця на курс польської ввечері?", "Czy są jeszcze miejsca na kurs polskiego wieczorem?"
    )
    await stage.fills_in(yuliia, level="A1", childcare_needed="no", transport_needed="no")


async def oksana_is_helped(stage: Stage) -> Scene:
    """Closed, with a rating."""
    oksana = Somebody("Оксана")
    yield stage.day(4, "11:08")
    await stage.says(
        oksana,
        "Доброго дня, загубила паспорт, що робити з PESEL UKR?",
        "Dzień dobry, zgubiłam paszport, co zrobić z PESEL UKR?",
    )
    await stage.fills_in(
        oksana, topic="pesel_ukr", help_kind="go_with_me", visit_date="ще не записалась нікуди", urgency="not_urgent"
    )
    yield stage.day(4, "13:21")
    await stage.replies(
        "Marta",
        oksana,
        "Dzień dobry. Proszę przyjść do Centrum jutro o 9:00. Razem pójdziemy do urzędu gminy i sprawdzimy Pani dane w "
        "rejestrze PESEL. Proszę wziąć wszystkie dokumenty, jakie Pani ma. Nasza pomoc jest bezpłatna.",
        "Доброго дня. Прийдіть, будь ласка, до Центру завтра о 9:00. Разом підемо до управління гміни й перевіримо Ваші "
        "дані в реєстрі PESEL. Візьміть усі документи, які маєте. Наша допомога безоплатна.",
    )
    yield stage.day(4, "13:30")
    await stage.says(oksana, "добре, прийду, дякую", "dobrze, przyjdę, dziękuję")
    yield stage.day(3, "12:10")
    await stage.notes("Marta", oksana, "Byłyśmy razem w urzędzie gminy, dane w rejestrze są poprawne.")
    await stage.closes("Marta", oksana, "done", "Dane w rejestrze są poprawne.", "Дані в реєстрі правильні.")
    yield stage.day(3, "12:40")
    await stage.rates(oksana, 3)


async def liudmyla_comes_back(stage: Stage) -> Scene:
    """Closed, and open again when something was missing."""
    liudmyla = Somebody("Людмила")
    yield stage.day(3, "20:41")
    await stage.says(
        liudmyla,
        "Добрий вечір. Чи є у вас зимовий одяг для хлопчика 6 років? вже холодно а до зарплати грошей нема",
        "Dobry wieczór. Czy mają Państwo zimowe ubrania dla chłopca, 6 lat? Już zimno, a do wypłaty nie ma pieniędzy",
    )
    await stage.fills_in(liudmyla, urgency="today", gmina="wachock")
    yield stage.day(2, "08:50")
    await stage.replies(
        "Marta",
        liudmyla,
        "Dzień dobry. Mamy zimowe kurtki i buty dla chłopca. Można przyjść dziś do 15:30.",
        "Доброго дня. У нас є зимові куртки й черевики для хлопчика. Можна прийти сьогодні до 15:30.",
    )
    yield stage.day(2, "09:05")
    await stage.says(liudmyla, "дуже дякую! прийдемо о 14", "bardzo dziękuję! przyjdziemy o 14")
    yield stage.day(2, "14:25")
    await stage.closes("Marta", liudmyla, "done", "Odzież i buty wydane.", "Одяг і взуття видано.")
    yield stage.day(2, "14:41")
    await stage.rates(liudmyla, 3)
    yield stage.day(1, "18:10")
    await stage.says(liudmyla, "а ще б шапку", "a jeszcze by czapkę")


async def daria_is_sent_on(stage: Stage) -> Scene:
    daria = Somebody("Daria", "web")
    yield stage.day(4, "09:10")
    await stage.says(
        daria,
        "Hello, I need a sworn translation of my diploma into Polish",
        "Dzień dobry, potrzebuję tłumaczenia przysięgłego dyplomu na polski",
    )
    await stage.fills_in(daria, sworn="yes")
    yield stage.day(3, "10:00")
    await stage.replies(
        "Marta",
        daria,
        "Dzień dobry. Tłumaczenie przysięgłe zlecamy na zewnątrz. Proszę przynieść oryginał do Centrum.",
        "Good morning. Sworn translations are done by a translator we work with. Please bring the original to the Centre.",
    )
    yield stage.day(2, "11:00")
    await stage.closes("Marta", daria, "referred", "Dyplom przekazany.", "We have passed your diploma on.")
    await stage.rates(daria, 2)


async def tetiana_is_understood_by_a_person(stage: Stage) -> Scene:
    """The bot was wrong, a person is not; now we wait for her."""
    tetiana = Somebody("Tetiana", "web")
    yield stage.day(2, "13:10")
    await stage.says(tetiana, "dzien dobry, potrzebuje papier na dziecko zeby dostac pieniadze, tato w ukrainie")
    await stage.presses(tetiana, "n:person")
    await stage.says(tetiana, "on nie placi na dziecko. mam papier z sadu w Charkowie")
    yield stage.day(1, "09:12")
    await stage.replies(
        "Paweł",
        tetiana,
        "Dzień dobry. Rozumiem, że ojciec dziecka nie płaci alimentów. Prawnik przyjmuje w Centrum w poniedziałek o 11:00, "
        "z tłumaczem. Proszę wziąć dokument z sądu. Czy ten termin pasuje?",
    )
    yield stage.day(1, "09:30")
    await stage.says(tetiana, "tak moze byc dziekuje")
    yield stage.day(1, "09:33")
    await stage.replies("Paweł", tetiana, "Zapisane: poniedziałek, 11:00, Centrum, pok. 12. Do zobaczenia.")


async def larisa_looks_for_a_flat(stage: Stage) -> Scene:
    larisa = Somebody("Лариса")
    yield stage.day(2, "15:00")
    await stage.says(
        larisa,
        "Здравствуйте! Ищем квартиру в Стараховице, нас четверо, двое детей 5 и 9 лет",
        "Dzień dobry! Szukamy mieszkania w Starachowicach, jest nas czworo, dwoje dzieci, 5 i 9 lat",
    )
    await stage.fills_in(larisa, housing_need="look", urgency="not_urgent", gmina="starachowice")
    yield stage.day(1, "10:20")
    await stage.replies(
        "Paweł",
        larisa,
        "Dzień dobry. Ile mogą Państwo płacić miesięcznie? Wtedy wyślemy listę ogłoszeń i pomożemy zadzwonić.",
        "Здравствуйте. Сколько Вы можете платить в месяц? Тогда мы пришлём список объявлений и поможем позвонить.",
    )


async def natalia_asks_for_the_psychologist(stage: Stage) -> Scene:
    """Only its team and the coordinator see it."""
    natalia = Somebody("Наталія")
    yield stage.day(2, "11:00")
    await stage.says(natalia, "можна якось до психолога?", "czy można jakoś do psychologa?")
    await stage.fills_in(natalia, safe_now="safe", for_who="me", safe_to_call="only_text", mode="on_site")
    yield stage.day(1, "12:00")
    await stage.replies(
        "Ewa",
        natalia,
        "Dzień dobry. Mogę zaprosić Panią w czwartek o 12:00. Czy ta godzina pasuje?",
        "Доброго дня. Можу запросити Вас у четвер о 12:00. Чи підходить цей час?",
    )
    await stage.notes("Ewa", natalia, "Pierwsza rozmowa, 50 minut. Kontakt tylko przez wiadomości.")


async def vasyl_waits_too_long(stage: Stage) -> Scene:
    """Late: the bot has apologised, and the second hour has passed too."""
    vasyl = Somebody("Василь")
    yield stage.day(3, "14:00")
    await stage.says(
        vasyl,
        "Шеф не платить вже 2 місяці за роботу, що ви можете зробити?",
        "Szef nie płaci już 2 miesiące za pracę, co możecie zrobić?",
    )
    await stage.fills_in(vasyl, legal_topic="work", urgency="not_urgent")
    yield stage.day(2, "11:05")
    await stage.comes_due(later.apologise, vasyl)


async def iryna_has_stopped_half_way(stage: Stage) -> Scene:
    """A draft, recalled once."""
    iryna = Somebody("Ірина")
    yield stage.day(2, "09:10")
    await stage.says(iryna, "Треба перекласти свідоцтво про народження", "Trzeba przetłumaczyć akt urodzenia")
    await stage.presses(iryna, "a:direction")
    yield stage.day(1, "09:40")
    await stage.comes_due(later.nudge, iryna)


async def maksym_was_in_danger(stage: Stage) -> Scene:
    """An alarm that Beata has taken."""
    maksym = Somebody("Максим")
    yield stage.day(1, "09:50")
    await stage.says(
        maksym,
        "на роботі забрали паспорт і не віддають, живемо при цеху",
        "w pracy zabrali paszport i nie oddają, mieszkamy przy zakładzie",
    )
    yield stage.day(1, "09:53")
    await stage.takes("Beata", maksym)
    await stage.replies(
        "Beata",
        maksym,
        "Dzień dobry. Nikt nie ma prawa trzymać Pana paszportu. Czy może Pan teraz bezpiecznie pisać? Możemy przyjechać z "
        "inspekcją pracy.",
        "Доброго дня. Ніхто не має права тримати Ваш паспорт. Чи можете Ви зараз безпечно писати? Можемо приїхати разом з "
        "інспекцією праці.",
    )


async def vitia_looks_for_work(stage: Stage) -> Scene:
    """New today, given to Paweł with a note."""
    vitia = Somebody("Vitia")
    yield stage.ago(95)
    await stage.says(
        vitia,
        "dobryj den! ja z Mirca, shukaju robotu, ja svarshyk",
        "dzień dobry! jestem z Mirca, szukam pracy, jestem spawaczem",
    )
    await stage.fills_in(vitia, job_need="offers", availability="shifts")
    yield stage.ago(80)
    await stage.assigns(vitia, "Paweł", "Marta")
    await stage.notes("Marta", vitia, "Zakład w Wąchocku szuka spawaczy, jest dojazd. Zapytać o uprawnienia.")


async def halyna_has_a_letter(stage: Stage) -> Scene:
    """Five messages in a row, one answer, a new ticket."""
    halyna = Somebody("Галина")
    yield stage.ago(50)
    letter = stage.now + timedelta(days=12)
    await stage.says(halyna, "доброго дня", "dzień dobry", goes_on=True)
    await stage.says(halyna, "прийшов лист з зус", "przyszło pismo z ZUS", goes_on=True)
    await stage.says(halyna, "я нічо не розумію", "nic nie rozumiem", goes_on=True)
    await stage.says(halyna, f"там дата {letter:%d.%m}", f"jest tam data {letter:%d.%m}", goes_on=True)
    await stage.says(halyna, "шо робити??", "co robić??")
    await stage.fills_in(halyna)


async def ihor_is_still_being_asked(stage: Stage) -> Scene:
    """A draft: the bot has two more questions."""
    ihor = Somebody("Ігор")
    yield stage.ago(8)
    await stage.says(ihor, "/start")
    for choice in ("lang:uk", "go:translation", "sv:interpreter", "a:place_kind:doctor"):
        await stage.presses(ihor, choice)


async def kateryna_is_in_danger(stage: Stage) -> Scene:
    """An alarm that nobody has taken yet."""
    kateryna = Somebody("Катерина", "web")
    yield stage.ago(4)
    await stage.says(kateryna, "чоловік мене б'є, я боюсь іти додому", "mąż mnie bije, boję się iść do domu")


SCENES: tuple[Callable[[Stage], Scene], ...] = (
    courses_begin,
    reminders_go_out,
    olena_learns_polish,
    mykola_cannot_come,
    svitlana_takes_the_last_place,
    yuliia_waits_in_the_queue,
    oksana_is_helped,
    liudmyla_comes_back,
    daria_is_sent_on,
    tetiana_is_understood_by_a_person,
    larisa_looks_for_a_flat,
    natalia_asks_for_the_psychologist,
    vasyl_waits_too_long,
    iryna_has_stopped_half_way,
    maksym_was_in_danger,
    vitia_looks_for_work,
    halyna_has_a_letter,
    ihor_is_still_being_asked,
    kateryna_is_in_danger,
)
