"""Every service that people can ask for, and every danger, in every language: from first words to a ticket."""

from datetime import timedelta

import pytest

from desk.tickets import Status
from tests.town import Shown, Town, Villager

NEEDS = {
    "office_matters": (
        "як відновити статус укр після поїздки додому",
        "потеряла статус ukr, как восстановить",
        "nie rozumiem pisma z urzędu wojewódzkiego",
        "help me fill in the residence card form",
    ),
    "benefits": (
        "не прийшло 800 за листопад",
        "не пришли 800+ за ноябрь",
        "ZUS wstrzymał mi 800+",
        "my 800+ stopped coming",
    ),
    "health": (
        "треба записатися до зубного лікаря",
        "нужен невролог для ребёнка",
        "szukam lekarza rodzinnego dla syna",
        "I need a dentist for my daughter",
    ),
    "psychologist": (
        "хочу записатися до психолога",
        "можно записаться к психологу",
        "potrzebuję rozmowy z psychologiem",
        "I would like to talk to a psychologist",
    ),
    "legal_advice": (
        "потрібна консультація юриста, розлучення",
        "нужен юрист, развод и алименты",
        "potrzebuję porady prawnika w sprawie rozwodu",
        "I need a lawyer, divorce",
    ),
    "document_translation": (
        "треба перекласти диплом у присяжного перекладача",
        "нужно перевести свидетельство о рождении",
        "muszę przetłumaczyć akt urodzenia",
        "I need a sworn translation of my diploma",
    ),
    "interpreter": (
        "потрібен перекладач, щоб пішов зі мною до лікаря",
        "нужен переводчик со мной на приём к врачу",
        "potrzebuję tłumacza na wizytę u lekarza",
        "I need an interpreter to go with me to the doctor",
    ),
    "polish_course": (
        "хочу на курси польської мови",
        "хочу записаться на курсы польского языка",
        "chcę się zapisać na kurs języka polskiego",
        "I want to join a Polish language course",
    ),
    "vocational_course": (
        "хочу вивчитися на водія навантажувача",
        "хочу пройти курсы маникюра, где записаться",
        "chcę zrobić kurs na wózki widłowe",
        "I want to take a forklift course",
    ),
    "childcare": (
        "чи є з ким залишити дитину на час курсу",
        "не с кем оставить ребёнка на время занятий",
        "kto popilnuje dziecka w czasie moich zajęć",
        "who can look after my child during the lesson",
    ),
    "dependant_care": (
        "нема з ким залишити лежачу маму на час курсу",
        "не с кем оставить лежачую маму",
        "kto zostanie z moją niepełnosprawną mamą",
        "who can stay with my disabled mother while I study",
    ),
    "transport": (
        "як доїхати до центру з Бродів, автобуса нема",
        "как добраться до вас из Мирца, автобус не ходит",
        "nie mam czym dojechać na zajęcia",
        "I have no way to get to the centre, no bus",
    ),
    "integration_events": (
        "хочемо прийти на вашу зустріч у суботу",
        "какие у вас мероприятия для детей на выходных",
        "jakie są spotkania integracyjne w tym tygodniu",
        "are there any meetings or trips this weekend",
    ),
    "material_support": (
        "потрібні зимові куртки дітям",
        "нужна тёплая одежда для ребёнка",
        "potrzebuję ubrań zimowych dla dzieci",
        "I need warm clothes for my children",
    ),
    "housing": (
        "шукаю житло, кімнату для двох",
        "ищу жильё, комнату",
        "szukam mieszkania do wynajęcia",
        "I am looking for a room to rent",
    ),
    "school": (
        "як записати дитину в садок",
        "как записать ребёнка в школу",
        "jak zapisać dziecko do szkoły",
        "how do I enrol my child in school",
    ),
    "job_search": (
        "шукаю роботу, будь яку",
        "ищу работу сварщиком",
        "szukam pracy jako kucharz",
        "I am looking for a job",
    ),
    "volunteering": (
        "хочу бути волонтером у вас",
        "хочу помогать как волонтёр",
        "chcę zostać wolontariuszem",
        "I want to volunteer with you",
    ),
    "complaint_feedback": (
        "хочу поскаржитися на вашого працівника",
        "хочу пожаловаться на вашего сотрудника",
        "chcę złożyć skargę na waszego pracownika",
        "I want to complain about your staff",
    ),
}
LANGUAGES = ("uk", "ru", "pl", "en")
CASES = [
    pytest.param(service, said, language, id=f"{service}-{language}")
    for service, texts in NEEDS.items()
    for language, said in zip(LANGUAGES, texts, strict=True)
]
MOST = 14  # Steps; nobody is asked more.


def pressable(villager: Villager, kind: str) -> str:
    """The label of the first button of a kind on the last message."""
    shown = villager.screen[-1]
    return next((label for label, data in shown.data.items() if data.partition(":")[2].startswith(kind)), "")


def slot_of(shown: Shown) -> str:
    return next((data.split(":")[2] for data in shown.data.values() if data.split(":")[1] == "a"), "")


async def goes_on(town: Town, villager: Villager, service: str) -> None:
    """One step as a patient person would take it: one of several is enough, and a date answers what has no buttons."""
    await town.waits(timedelta(seconds=30))
    shown = villager.screen[-1]
    same_question = len(villager.screen) > 1 and slot_of(shown) == slot_of(villager.screen[-2])
    done = ["n:done"] if same_question and pressable(villager, "n:done") else []
    for kind in [*done, f"sv:{service}", "s:ok", "v:person", "a:", "n:skip"]:
        if label := pressable(villager, kind):
            await villager.presses(label)
            return
    await villager.writes("10.12 о 10:00")


@pytest.mark.parametrize(("service", "said", "language"), CASES)
async def test_a_need_becomes_a_ticket(town: Town, service: str, said: str, language: str) -> None:
    villager = town.person("Olha", "telegram")

    await villager.writes(said)
    for _ in range(MOST):
        ticket = await town.ticket()
        if ticket.status is not Status.DRAFT:
            break
        await goes_on(town, villager, service)

    ticket = await town.ticket()
    assert (ticket.status, ticket.service) == (Status.NEW, service), villager.last
    assert ticket.due_at is not None
    assert (await town.person_row("Olha")).language == language


DANGERS = {
    "suicide": ("не хочу жити", "хочу умереть", "nie chcę już żyć", "I want to kill myself"),
    "medical_emergency": ("дитина не дихає", "ребёнок не дышит", "dziecko nie oddycha", "she is not breathing"),
    "fire": ("у нас пожежа", "у нас пожар, горим", "pali się nasze mieszkanie", "our house is on fire"),
    "missing_child": ("зникла дитина", "пропал ребёнок", "zaginęło moje dziecko", "my child is missing"),
    "domestic_violence": ("чоловік мене побив", "муж меня избил", "mąż mnie pobił", "my husband beats me"),
    "trafficking": (
        "начальник забрав паспорти і не випускає з роботи",
        "хозяин забрал паспорт и не выпускает",
        "szef zabrał nam paszporty i nie wypuszcza",
        "my boss took my passport and will not let me leave",
    ),
    "child_contacts_us": (
        "мені 12 і мене бють вдома",
        "мне 12, меня бьют дома",
        "mam 12 lat i biją mnie w domu",
        "i am 12 and they beat me at home",
    ),
}


@pytest.mark.parametrize(
    ("scenario", "said", "language"),
    [
        pytest.param(scenario, said, language, id=f"{scenario}-{language}")
        for scenario, texts in DANGERS.items()
        for language, said in zip(LANGUAGES, texts, strict=True)
    ],
)
async def test_danger_becomes_an_urgent_ticket_with_112(town: Town, scenario: str, said: str, language: str) -> None:
    villager = town.person("Olha", "telegram")

    await villager.writes(said)

    ticket = await town.ticket()
    assert ticket.alarm == scenario
    assert ticket.is_urgent
    assert "112" in villager.last
    assert (await town.person_row("Olha")).is_minor == (scenario == "child_contacts_us")


async def test_a_long_sad_story_is_understood_by_its_last_line(town: Town) -> None:
    villager = town.person("Olha", "telegram")

    await villager.writes(
        "Доброго дня. Ми з Бахмута, там вже нема нічого, ні хати ні вулиці. Спочатку жили в школі у Дніпрі, потім у "
        "знайомих, чоловік на війні, мама померла по дорозі, поховали в Хмельницькому. Тут живемо другий рік, дякуємо "
        "добрим людям. Діти вже говорять по-польськи краще за мене. Я не скаржуся, просто втомилась.\n"
        "Скажіть, будь ласка, чи можна у вас записатися на курси польської мови?"
    )

    ticket = await town.ticket()
    offered = [data for data in villager.screen[-1].data.values() if "sv:polish_course" in data]
    assert ticket.service == "polish_course" or offered
    assert not ticket.alarm


async def test_a_child_with_an_ordinary_request_raises_no_alarm_and_is_known_as_one(town: Town) -> None:
    sasha, marta = town.person("Сашко"), await town.staff("Marta")

    await sasha.writes("Привіт, мені 15 років. Хочу записатися на курси польської мови")

    ticket = await town.ticket()
    assert (ticket.service, ticket.alarm) == ("polish_course", "")
    page = await marta.opens(f"/staff/people/{ticket.person_id}")
    assert "odpowiada dorosła osoba" in page

    await marta.posts(f"/staff/people/{ticket.person_id}/name", name="Сашко")

    assert "odpowiada dorosła osoba" not in await marta.opens(f"/staff/people/{ticket.person_id}")


async def test_who_said_that_they_are_a_child_is_answered_as_one_when_danger_comes(town: Town) -> None:
    sasha = town.person("Сашко")
    await sasha.writes("мені 12, у вас є футбол у суботу?")

    await sasha.writes("/sos")

    assert "116 111" in sasha.last
    assert (await town.ticket()).alarm
