"""The screen for danger finds what must not be missed, and stays silent where nobody is in danger."""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from desk.handbook import shipped
from desk.helplines import Register, read_register
from desk.library import STARTER, Entry, _plain, read_yaml, starter_entries
from desk.safety import CERTAIN, CHILD, PERHAPS, QUESTIONS, Alarm, Screen, read_screen, warning
from desk.texts import LANGUAGES, say
from desk.triage.words import fold

RAW: dict[str, Any] = read_yaml(STARTER / "safety.yaml")
SCREEN: Screen = shipped()[0]
CUES_ALONE: Screen = read_screen(RAW)
GRAVE = ("suicide", "medical_emergency", "fire", "missing_child", "domestic_violence", "trafficking", CHILD)
ASKED = "asked_for_help"
LONGEST_MESSAGE = 640

CERTAINLY = """
suicide: не хочу жити
suicide: НЕ ХОЧУ ЖИТИ!!!
suicide: нехочу жити
suicide: я більше не хочу жити, все
suicide: хочу вмерти
suicide: думаю покінчити з собою
suicide: ріжу себе коли погано
suicide: краще б мене не було
suicide: хочу заснути і не прокинутись
suicide: випила всі таблетки що були
suicide: жить не хочу
suicide: хочу умереть, сил нет
suicide: наглоталась таблеток
suicide: хочу покончить с собой
suicide: суицидальные мысли
suicide: nie chce mi sie zyc
suicide: Nie chcę już żyć
suicide: myślę żeby się zabić
suicide: tnę się
suicide: mam myśli samobójcze
suicide: I don't want to live anymore
suicide: i want to kill myself
suicide: she took all the pills
suicide: ne hochu zhyty
suicide: hochu vmerty
domestic_violence: чоловік вчора вдарив мене при дітях. телефон забрав. пишу з роботи
domestic_violence: чоловік нас бив
domestic_violence: він мене б'є
domestic_violence: чоловік б’є дітей
domestic_violence: він підняв на мене руку при дітях
domestic_violence: чоловік п'яний, кидається з ножем
domestic_violence: мене зґвалтували
domestic_violence: він погрожує вбити мене
domestic_violence: син б'є мене, йому 25
domestic_violence: муж меня избил
domestic_violence: муж угрожает убить если уйду
domestic_violence: боюсь идти домой, муж пьяный
domestic_violence: сожитель замыкает дверь и бьет меня
domestic_violence: mąż mnie bije
domestic_violence: maz mnie pobil wczoraj
domestic_violence: boję się wracać do domu
domestic_violence: on grozi że mnie zabije
domestic_violence: jestem ofiarą przemocy domowej
domestic_violence: my husband hits me
domestic_violence: he choked me last night
domestic_violence: I was raped
domestic_violence: cholovik mene bje
domestic_violence: muzh menja bjet
trafficking: забрали паспорт і не віддають
trafficking: паспорт у нас усіх забрали на фермі
trafficking: змушують працювати по 16 годин
trafficking: кажуть треба відпрацювати борг
trafficking: нас тримають на фермі під замком
trafficking: хозяин забрал паспорта
trafficking: заставляют работать без выходных и не выпускают
trafficking: zabrali mi paszport
trafficking: szef nie oddaje dokumentów
trafficking: agencja trzyma mój paszport
trafficking: my boss took my passport
trafficking: we are not allowed to leave the farm
trafficking: zabraly pasport i ne viddajut
medical_emergency: дитина не дихає
medical_emergency: мама втратила свідомість
medical_emergency: викличте швидку
medical_emergency: сильна кровотеча
medical_emergency: дитина випила ліки
medical_emergency: чоловіку погано, біль у грудях
medical_emergency: ребенок задыхается
medical_emergency: он отравился
medical_emergency: dziecko nie oddycha
medical_emergency: mąż ma zawał
medical_emergency: she is unconscious, call an ambulance
medical_emergency: mama bez svidomosti
fire: у нас пожежа
fire: горить наша квартира
fire: пахне газом у під'їзді
fire: у нас пожар, дом горит
fire: pali się mieszkanie sąsiadów
fire: our house is on fire
fire: pozhezha
missing_child: зникла дитина
missing_child: син не повернувся зі школи
missing_child: чоловік вивіз дитину, не знаю куди
missing_child: ребенок пропал во дворе
missing_child: сын не пришел из школы
missing_child: zaginęła moja córka
missing_child: my son is missing
missing_child: propala dytyna
"""

CHILDREN = """
привіт мені 13. в школі мене бють і забирають гроші. боюсь мамі казати
мені 12 років, я сама вдома
мені 14
привіт, мені 15 і мене вигнали з дому
я учениця 7 класу
тато мене б'є
однокласники мене б'ють
мне 13 и меня обижают
я ребенок и я один дома
mam 13 lat
mam dopiero 14 lat
jestem w 7 klasie, koledzy mnie biją
i am 13 years old
i'm 14 and my dad hits me
meni 14 rokiv
"""

PERHAPS_DANGER = """
suicide: та вже без різниці. скоро нікому не треба буде зі мною возитись, стомився прокидатись
suicide: всім буде легше без мене
suicide: я нікому не потрібна тут
suicide: скоро мене не стане
suicide: устала жить
suicide: не вижу выхода
suicide: mam dość życia
suicide: beze mnie będzie lepiej
suicide: everyone is better off without me
suicide: I'm a burden
suicide: nikomu ne potribna
domestic_violence: чоловік мене контролює і не пускає нікуди
domestic_violence: мене чоловік вигнав з дітьми на вулицю
domestic_violence: я в небезпеці
domestic_violence: муж не дает денег и следит
domestic_violence: my husband controls everything
trafficking: забирають всі гроші і стежать
child_contacts_us: тільки не кажіть мамі
"""

HARMLESS = """
записатися на забіг
хочу записатися на забіг
zapisać się na zabieg
свідоцтво, бо батько помер
потрібен переклад свідоцтва про смерть, мій батько помер
хочу отримати свідоцтво, бо батько помер
забрати документи з управління
коли можна забрати паспорт
ми забрали документи зі школи
я забрала паспорт у консульстві
mam 10 lat doświadczenia
mam 17 lat stażu pracy
зуб болить вбиває
zatrudnienie
jak zatrudnić opiekunkę
my documents are at the office
I took my documents to the office
синові 13 років, треба в школу
дочці 14, шукаємо гурток
загубила паспорт
мені 45
мені 35 років
мені 15 грудня до лікаря
мені 12 січня на візит
мне 15 декабря к врачу
мені 1500 злотих не заплатили
мені 10 тисяч винні
12 років тому переїхали
мені 800 не прийшло
моя дитина хворіє
моя дитина хоче в садок
бивший чоловік не платить аліменти
бывший муж не платит алименты
чоловік купив білет до Києва
муж купил билет
чоловік працює в Бєдронці
чоловік шукає роботу
чоловік вдарився ногою, потрібен лікар
розклад автобусів
не горить
з печаткою. не горить
nie pali się z tym
не хочу жити в гуртожитку, шукаю квартиру
не хочу жить с свекровью
I don't want to live with my sister, need a flat
после пожара остались без вещей
після інсульту мамі треба реабілітація
potrzebna rehabilitacja po udarze
my father needs care after a stroke
курс пожежної безпеки
grozi mi eksmisja
grozi mi mandat za bilet
dziecko ma przemoczone buty
lost my son's birth certificate
my child is missing school documents
husband took my child to school, can I get an interpreter
без різниці
з ким зручніше? без різниці
therapeutic massage course
do you accept grape juice donations
I was fired from work
my stroller is broken
судом вирішили справу
рішення за судом
дитина війни, чи є пільги
в школі мене попросили принести довідку
чоловік на роботі
боюсь помилитися в заяві
діти б'ються в садку
я не знаю як заповнити заяву
скільки коштує швидкий переклад
швидко треба переклад
хочу жити в Стараховіце
where can I live
chcę mieszkać w Kielcach
gdzie zapisać dziecko do przedszkola
чи можна забрати дитину раніше з садка
забрав дитину зі школи, йду до вас
мій чоловік хоче на курси
син закінчив 9 клас
дочка вчиться в 7 класі
im 35 and looking for a job
i am 30 years old
mam 2 dzieci
pracuję 10 lat jako kucharz
у мене 15 років досвіду
мені 16 років досвіду зарахували
мне 15 лет стажа не засчитали
доглядальниця для бабусі
телефон не працює
загубила телефон
ліки від серця
потрібен кардіолог, тиск високий
вибачте шо накричав
вам пофіг на людей
він на нічній зміні. так
добре, прийду, дякую
хочу вчитися на пожежника
діти без батьків можуть їхати?
охоронець не пускає мене в ужонд
хазяїн погрожує виселити
дитина боїться йти в школу
дитина впала і вдарилась ногою
у дитини температура 38
потрібен невролог, мама перенесла інсульт
загубила дитячий паспорт
зникла виплата на дитину
мій син пропав безвісти на війні
чоловік загинув на війні, чи є пенсія
документи забрали на переклад
паспорт забрали на обмін, коли готовий?
мені 11-го грудня на візит
мені 12.12 треба в ужонд
мені 10:30 підходить
так, мені 16 підходить
мені 18 років
нема за що жити
не хочу жити в центрі проживання
більше не можу чекати карту
втомилась від черг
рахунок за швидку прийшов
муж погиб на войне, нужна пенсия
хозяйка угрожает выселить нас
mam 12 grudnia wizytę
córka ma 13 lat
moja córka ma 16 lat i szuka pracy
boję się że stracę status
zabrałam dokumenty z urzędu
i am 16 weeks pregnant
my daughter is 13 years old
my husband is in Ukraine
i am a child psychologist from Kharkiv
my phone is dying
cholovik shukaje robotu
"""

# What people write in ordinary talks with the centre.
EVERYDAY = """
Доброго дня, загубила паспорт, що робити з PESEL UKR?
поясніть будь ласка і якщо можна піти зі мною бо погано знаю польську
ще не записалась нікуди
до 12 грудня, на роботі просять
в п'ятницю десь зранку
dzien dobry, potrzebuje papier na dziecko zeby dostac pieniadze, tato w ukrainie
nie 800. on nie placi na dziecko
mam papier z sadu w Charkowie ale po ukrainsku
прийшов лист з зус
шо робити??
мій паспорт про всяк випадок
Чи є у вас зимовий одяг для хлопчика 6 років? вже холодно а до зарплати грошей нема
Доброго дня. Шукаю роботу, будь яку
електрик був. тут ніхто не бере
хочу на курси польської ввечері
так, дочка 4 рочки. і ще якби довозили з Мірця, від школи
ой не зможу сьогодні, мала з температурою
можна якось до психолога?
скільки чекати карту цукр? подав у вересні
Hello, can I drive here with my Ukrainian licence?
dobryj den! ja z Mirca, shukaju robotu, ja svarshyk
vakansii. i shob hto podyvyvsja dogovir bo nichogo ne rozumiju
44051401359 ce mij pesel jak treba
Потрібен перекладач до лікаря з дитиною, 15 грудня о 9
лікарня в Стараховіце, повятова
Треба перекласти свідоцтво про народження
доброго вечора а в садок як записати? дитині 4 роки
здравствуйте в группе пишут за 900 зл сделают карту CUKR без очереди, просят фото паспорта. это правда?
ой а я уже отправила ему паспорт
он ещё код из смс просит, говорит что от вас
Шеф не платить вже 2 місяці за роботу, що ви можете зробити?
ви шо знущаєтесь?? яке резюме! МЕНІ НЕ ПЛАТЯТЬ
знову бот. там люди взагалі є?
вам пофіг на людей
ок буду. вибачте шо накричав
"""


def lines_of(text: str) -> list[str]:
    return [line for line in text.strip().splitlines() if line]


def cases(text: str) -> list[tuple[str, str]]:
    return [(scenario, said) for line in lines_of(text) for scenario, _, said in (line.partition(": "),)]


def register(today: date) -> Register:
    """Every help line, confirmed today."""
    at = datetime(today.year, today.month, today.day, tzinfo=UTC)
    entries = [
        Entry(kind=kind, key=key, place=place, starter=_plain(content), changed_at=at, confirmed_at=at)
        for place, (kind, key, content) in enumerate(starter_entries(STARTER))
    ]
    return read_register(entries)


TODAY = date(2026, 12, 1)
REGISTER = register(TODAY)


def looked(said: str) -> tuple[str, str]:
    alarm = SCREEN.look(said)
    return (alarm.scenario, alarm.level) if alarm is not None else ("", "")


@pytest.mark.parametrize(("scenario", "said"), cases(CERTAINLY), ids=str)
def test_plain_danger_is_never_missed(scenario: str, said: str) -> None:
    assert SCREEN.look(said) is not None
    assert CUES_ALONE.look(said) is not None


@pytest.mark.parametrize(
    "said",
    [
        "муж был на работе и не смог прийти",
        "mąż był w pracy",
        "у меня был паспорт, но я его сдала",
        "меня были рады видеть",
        "нас было трое",
        "я забыла паспорт дома",
    ],
)
def test_words_of_being_are_no_blows(said: str) -> None:
    assert SCREEN.look(said) is None
    assert SCREEN.look("муж меня бил") is not None


def test_plain_danger_is_certain_and_known_for_what_it_is() -> None:
    found = [(scenario, said, looked(said)) for scenario, said in cases(CERTAINLY)]
    certain = [one for one in found if one[2][1] == CERTAIN]
    right = [one for one in found if one[2][0] == one[0]]

    assert len(certain) >= len(found) * 0.97, [one for one in found if one not in certain]
    assert len(right) >= len(found) * 0.95, [one for one in found if one not in right]


def test_a_child_is_known_as_a_child() -> None:
    alarms = [(said, SCREEN.look(said)) for said in lines_of(CHILDREN)]
    children = [said for said, alarm in alarms if alarm is not None and alarm.child]

    assert len(children) >= len(alarms) * 0.9, [one for one in alarms if one[0] not in children]


@pytest.mark.parametrize(("scenario", "said"), cases(PERHAPS_DANGER), ids=str)
def test_a_hint_asks_gently(scenario: str, said: str) -> None:
    assert looked(said)[1] == PERHAPS


def test_the_screen_does_not_cry_wolf() -> None:
    """Most of these were written to mislead it; everyday messages are nearly never taken for danger."""
    harmless, everyday = lines_of(HARMLESS), lines_of(EVERYDAY)
    misled = [(said, looked(said)) for said in harmless if SCREEN.look(said)]
    wrong = [(said, looked(said)) for said in everyday if SCREEN.look(said)]

    assert len(misled) <= len(harmless) * 0.08, misled
    assert len(wrong) <= len(everyday) * 0.03, wrong
    assert sum(level == CERTAIN for _, (_, level) in (*misled, *wrong)) <= 4, (misled, wrong)


@pytest.mark.parametrize("said", ["зуб болить вбиває", "zatrudnienie", "my documents are at the office", "не горить"])
def test_what_must_never_be_taken_for_danger(said: str) -> None:
    assert SCREEN.look(said) is None


@pytest.mark.parametrize(("scenario", "said"), cases(CERTAINLY), ids=str)
def test_danger_is_found_in_the_middle_of_other_words(scenario: str, said: str) -> None:
    around = f"Доброго дня. Хочу записатися на курси, чоловік шукає роботу. {said}. Дякую, чекаю на відповідь"

    assert SCREEN.look(around) is not None


@settings(deadline=None)
@given(said=st.sampled_from([said for _, said in cases(CERTAINLY)] + lines_of(EVERYDAY)))
def test_typing_makes_no_difference(said: str) -> None:
    """Capitals, apostrophes, marks, spaces, and letters that only look like those of the other alphabet."""
    plain = SCREEN.look(said)
    alike = said.translate(str.maketrans("асеіорху", "aceiopxy"))

    assert SCREEN.look(f"  {said.upper().replace(' ', '   ')} ") == plain
    assert SCREEN.look(said.replace("’", "'").replace("'", "ʼ")) == plain
    assert SCREEN.look(said.replace("ґ", "г").replace("ё", "е").replace("ї", "і").replace("й", "и")) == plain
    if re.search("[бгджзйлпфцчшщьюяєїы]", said):
        assert SCREEN.look(alike) == plain


@settings(deadline=None)
@given(st.text(max_size=200))
def test_no_text_raises(text: str) -> None:
    SCREEN.look(text)
    SCREEN.look("ь" + text * 50)


def test_a_harmless_phrase_does_not_hide_the_danger_beside_it() -> None:
    alarm = SCREEN.look("бивший чоловік не платить аліменти, а вчора побив мене")
    assert alarm == Alarm("domestic_violence", CERTAIN, False, alarm.why if alarm else ())
    mother = SCREEN.look("мама після інсульту, зараз не дихає")
    assert mother is not None
    assert mother.scenario == "medical_emergency"


def test_every_kind_of_danger_has_its_scenario_and_the_gravest_come_first() -> None:
    names = [scenario["id"] for scenario in RAW["scenarios"]]
    assert names == [*GRAVE[:-1], CHILD, ASKED]
    assert SCREEN.scenario(ASKED).certain_cues.phrases == ()


def own_texts() -> Iterator[tuple[str, str, str]]:
    for scenario in RAW["scenarios"]:
        for part in [*scenario["certain"], *(scenario.get("perhaps") or [])]:
            if not isinstance(part, str):
                yield from ((scenario["id"], language, text) for language, text in part.items())


def test_what_is_said_is_known_in_every_language_and_names_no_number() -> None:
    keys = {
        part
        for scenario in RAW["scenarios"]
        for part in [*scenario["certain"], *(scenario.get("perhaps") or []), scenario.get("question")]
        if isinstance(part, str) and part != "line"
    }
    for key in keys:
        assert all(say(language, key) != key for language in LANGUAGES), key
    found = list(own_texts())
    for scenario, language, text in found:
        assert language in LANGUAGES, (scenario, language)
        assert not re.search(r"\d", text.replace("{n112}", "")), text
        assert set(re.findall(r"\{(\w+)\}", text)) <= {"n112"}, text
        assert all(len(sentence.split()) <= 15 for sentence in re.split(r"[.:] ?", text)), text
    assert len(found) % len(LANGUAGES) == 0


def test_questions_and_help_lines_exist() -> None:
    for scenario in SCREEN.scenarios:
        assert scenario.question in ("", *QUESTIONS), scenario.id
        assert scenario.question not in (*scenario.certain, *scenario.perhaps), scenario.id
        for name in (*scenario.lines_adult, *scenario.lines_child):
            assert name in REGISTER.lines, name
            assert not REGISTER.lines[name].emergency, f"{name}: 112 is said by its own sentence"
        if not scenario.lines_adult:
            assert "{n112}" in str(scenario.certain), scenario.id


class Centre112:
    """The part of the centre that a warning needs."""

    n112 = "112"


@pytest.mark.parametrize("scenario", [*GRAVE, ASKED])
@pytest.mark.parametrize("level", [CERTAIN, PERHAPS])
@pytest.mark.parametrize("child", [False, True], ids=["adult", "child"])
def test_the_message_is_short_and_says_112_and_the_question(scenario: str, level: str, child: bool) -> None:
    said = warning(
        Alarm(scenario, level, child),
        SCREEN,
        REGISTER,
        Centre112(),  # type: ignore[arg-type]
        today=TODAY,
        closed_until=None,
        paused=True,
    )
    for language in LANGUAGES:
        text = said.text.in_(language)
        assert "112" in text
        assert "{" not in text
        assert len(text) <= LONGEST_MESSAGE, (language, len(text), text)
        if said.question:
            assert text.endswith(say(language, said.question))
        assert not said.answers or said.question


def test_a_line_that_is_not_confirmed_leaves_no_trace() -> None:
    said = warning(
        Alarm("suicide", CERTAIN),
        SCREEN,
        Register({}),
        Centre112(),  # type: ignore[arg-type]
        today=TODAY,
        closed_until=None,
    )
    assert said.text.in_("uk") == (
        "Дякую, що сказали про це.\n\n"
        "Якщо небезпека зараз, телефонуйте 112.\n"
        "Я – бот, тому вже кличу людину з Центру.\n\n"
        "Чи Ви зараз у безпеці?"
    )


def test_cues_are_long_enough_and_stand_once() -> None:
    for scenario in RAW["scenarios"]:
        for group in ("cues", "perhaps_cues"):
            for language, listed in (scenario.get(group) or {}).items():
                folded = [fold(cue).strip() for cue in listed]
                assert len(set(folded)) == len(folded), (scenario["id"], group, language)
                assert all(len(cue) >= 4 for cue in folded), (scenario["id"], group, language)
                assert all(isinstance(cue, str) for cue in listed), (scenario["id"], group, language)
        for group in ("pairs", "perhaps_pairs"):
            for listed in (scenario.get(group) or {}).values():
                assert all(len(pair) == 2 for pair in listed), (scenario["id"], group)


def test_no_harmless_phrase_silences_a_cue_outright() -> None:
    for scenario in SCREEN.scenarios:
        for cues in (scenario.certain_cues, scenario.perhaps_cues):
            for phrase in cues.phrases:
                swallowed = [harmless for harmless in SCREEN.harmless if harmless in f"{phrase} "]
                assert not swallowed, (phrase, swallowed)
