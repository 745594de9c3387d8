"""What happens in the demo. Every name is invented, and everything said is invented with it."""

from collections.abc import Callable
from datetime import datetime, time, timedelta

from commands.demo.stage import Scene, Somebody, Stage
from desk import clock, courses, reminders
from desk.conversation import later

FROM = 7  # So many working days ago it all begins.


async def courses_begin(stage: Stage) -> Scene:
    """Two groups, of which one is soon full; their lessons go on into the coming weeks."""
    yield stage.day(FROM, "09:00")
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
    yield stage.day(FROM, "09:05")
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
    yield stage.day(5, "08:40")
    await stage.closes("Marta", mykola, "done", "Miejsce w grupie potwierdzone.", "Місце в групі підтверджено.")
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
        svitlana,
        "Здравствуйте, нужен курс польского языка, вечером",
        "Dzień dobry, potrzebny kurs polskiego, wieczorem",
    )
    await stage.fills_in(svitlana, level="A1", childcare_needed="no", transport_needed="no")
    yield stage.day(5, "08:50")
    await stage.closes("Marta", svitlana, "done", "Miejsce w grupie potwierdzone.", "Место в группе подтверждено.")


async def yuliia_waits_in_the_queue(stage: Stage) -> Scene:
    yuliia = Somebody("Юлія", "web")
    yield stage.day(5, "15:00")
    await stage.says(
        yuliia, "Чи є ще місця на курс польської ввечері?", "Czy są jeszcze miejsca na kurs polskiego wieczorem?"
    )
    await stage.fills_in(yuliia, level="A1", childcare_needed="no", transport_needed="no")
    yield stage.day(4, "09:00")
    await stage.replies(
        "Marta",
        yuliia,
        "Dzień dobry. Jest Pani pierwsza w kolejce. Nowa grupa zacznie się za kilka tygodni. Czy pasuje też sobota rano?",
        "Доброго дня. Ви перша в черзі. Нова група почнеться за кілька тижнів. Чи підходить також ранок суботи?",
    )


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
    await stage.fills_in(daria, sworn="yes", urgency="not_urgent")
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
        "Здравствуйте! Ищем квартиру в Стараховице, семья 4 человека, двое детей 5 и 9 лет",
        "Dzień dobry! Szukamy mieszkania w Starachowicach, rodzina 4 osoby, dwoje dzieci, 5 i 9 lat",
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
