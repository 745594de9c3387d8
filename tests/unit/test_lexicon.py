"""The words by which a need is recognised: sure where it is plain, in doubt where it is not."""

from typing import Any

import pytest

from desk.handbook import shipped
from desk.library import STARTER, read_yaml
from desk.triage.lexicon import Lexicon, read_lexicon
from desk.triage.understanding import SURE, Understood
from desk.triage.words import fold, stem

RAW: dict[str, Any] = read_yaml(STARTER / "lexicon.yaml")
LEXICON: Lexicon = read_lexicon(RAW)
TRIAGE = shipped()[1]
SERVICES = read_yaml(STARTER / "services.yaml")["services"]
RUNNING = [service["id"] for service in SERVICES if not service.get("staff_starts")]

PLAIN = {
    "office_matters": """
скільки чекати карту цукр? подав у вересні
Доброго дня, загубила паспорт, що робити з PESEL UKR?
як відновити статус укр після поїздки додому
статус злетів бо була в україні 40 днів
потеряла статус ukr что делать
получила письмо из ужонда ничего не понимаю
dostałam pismo z urzędu i nie rozumiem
I got a letter from ZUS and do not understand it
допоможіть заповнити заяву на карту побиту
как сделать профиль зауфаны
chcę założyć profil zaufany
закінчився паспорт, де робити новий
zahubyla pasport sho robyty
приложение дия пл не открывается
pryjshov lyst z ZUS
как получить ВНЖ
I lost my passport
треба зробити мельдунек
загубив документи, куди йти
як зробити дія пл
где продлить загранпаспорт
що таке карта CUKR і як її отримати
przyszedł list z urzędu wojewódzkiego
zgubiłam paszport
help me fill in the residence card form
как поменять водительские права на польские
zapovnyty zajavu na kartu pobytu
у мене статус NUE, що робити
як прописатися в гміні
мені прийшла повістка з поліції
підкажіть будь ласка як отримати карту побиту
good morning, I got a letter from the office
зайняти чергу в ужонд на відбитки пальців
""",
    "benefits": """
не прийшло 800 за листопад
як оформити 800+
когда будет пособие на ребенка
jak złożyć wniosek o świadczenie na dziecko
jakie zasiłki mi przysługują
How do I apply for child benefit?
чи можу я отримати пенсію в польщі
хочу подати на бецікове
зупинили виплату на дитину, чому
vyplatu na dytynu ne pryjshla
300 плюс до школи як подати
що треба щоб отримати 800+
ZUS перестав платити 800
какие выплаты есть для беременных
положена ли мне пенсия
dobry start kiedy złożyć
I did not get my 800+
дитячі виплати
соціальні виплати для біженців
зупинили 800+
маю питання щодо 800+
не прийшло 800 за листопад
nie dostałam 800 za listopad
допомога на дитину від держави
""",
    "health": """
потрібен лікар для дитини
як записатися до сімейного лікаря
болит зуб, куда идти
нет страховки, как попасть к врачу
jak zapisać się do lekarza rodzinnego
nie mam ubezpieczenia zdrowotnego
my child is sick, I need a doctor
de znajty stomatologa
треба рецепт на ліки від тиску
записатися на забіг
прийшов рахунок з лікарні
болить зуб
запишіть мене до гінеколога
де взяти рецепт
ребенку нужен педиатр
як зробити щеплення дитині
где купить лекарства без рецепта
potrzebuję skierowania do kardiologa
boli mnie ząb
where is the nearest pharmacy
chy potribna strahovka shchob pity do likarya
чи застрахована моя дитина
куди звернутись, болить зуб
підкажіть де знайти лікаря
mam cukrzycę, potrzebuję lekarza
мати без страховки, потрібна операція
""",
    "psychologist": """
можна якось до психолога?
хочу поговорити з психологом
у мене депресія і не можу спати
ребенок боится сирен, нужен психолог
potrzebuję psychologa dla córki
I have panic attacks
treba psyholog dlja dytyny
постійно плачу, нема з ким поговорити
можна записатися до психолога
мне очень тревожно, не сплю ночами
син замкнувся після переїзду, хочемо до психолога
mam depresję
szukam psychoterapeuty
I need to talk to a counsellor
вигорання, немає сил
мама померла, дуже важко, хочу до психолога
""",
    "legal_advice": """
шеф не платить
шеф не платить за два місяці
потрібен юрист
как подать на алименты
хочу розлучитися з чоловіком
pracodawca nie zapłacił mi za październik
potrzebna porada prawna
My boss has not paid me
мене обманули шахраї, зняли гроші з карти
potriben jurist
отримала штраф в автобусі
потрібна консультація юриста
роботодавець не заплатив за останній місяць
мені не виплатили зарплату
начальник не платит зарплату
как оспорить отказ, нужен адвокат
бывший муж не платит алименты
rozwód z mężem, jak złożyć pozew
nie wypłacili mi wynagrodzenia
my employer refuses to pay, unpaid wages
ne platyt zarplatu
вкрали гаманець
хочу отримати громадянство
батько дитини не дає дозвіл на виїзд, треба суд
не виплатили заробітну плату
alimenty na dziecko
тато не платить аліменти
""",
    "document_translation": """
Треба перекласти свідоцтво про народження
переклад документів на польську
скільки коштує присяжний переклад диплома
надо перевести свидетельство о рождении
ile kosztuje tłumaczenie przysięgłe
I need to translate my diploma
treba pereklasty dyplom
потрібно перекласти довідку з лікарні
перевод диплома и аттестата
перекласти диплом на польську
tłumacz przysięgły dokumenty
przetłumaczyć akt urodzenia
translation of birth certificate
переклад свідоцтва про шлюб
нужен присяжный перевод
скільки коштує переклад паспорта
мені треба перекласти документи для ужонду
potrzebuję tłumaczenia aktu małżeństwa
""",
    "interpreter": """
Потрібен перекладач до лікаря з дитиною, 15 грудня о 9
потрібен перекладач
нужен переводчик в полицию
potrzebuję tłumacza do urzędu
I need an interpreter for my doctor visit
potriben perekladach v uzhond
хтось може піти зі мною і перекладати у лікаря
перекладач на збори у школу
потрібен перекладач у лікарню завтра
чи може перекладач піти зі мною в ужонд
переводчик на собеседование
czy jest tłumacz języka ukraińskiego
do you have interpreters
треба щоб хтось переклав у лікаря
нужен переводчик на приём к врачу
потрібен перекладач на співбесіду
переводчик украинского
""",
    "polish_course": """
хочу на курси польської ввечері
курс польської
школа польської
де можна вчити польську безкоштовно
хочу записаться на курсы польского языка
chcę zapisać się na kurs polskiego
Are there Polish lessons for beginners?
hochu na kursy polskoji
коли почнеться нова група польської
курс польського для початківців
запишіть на курси польської мови
хочу вивчити польську
уроки польского онлайн
есть ли языковые курсы
lekcje polskiego wieczorem
I want to learn Polish
uroky polskoji movy
є місця на польську A2?
підготовка до іспиту з польської B1
еду из Мирца, хочу на курсы польского
яка програма курсу польської
хочу на польську, але тільки онлайн, курс польської
""",
    "vocational_course": """
хочу курс манікюру
курсы сварщика есть?
kurs na wózki widłowe
хочу вивчитися на перукаря
do you have vocational courses
професійні курси для жінок
kursy zvarnyka je?
курси бухгалтерів
де вивчитися на зварника
хочу переквалифицироваться
курс на права водителя
kurs fryzjerski
szkolenia zawodowe dla Ukraińców
welding course
kurs manikjuru
чи є безкоштовні курси комп'ютерні
""",
    "childcare": """
нема з ким залишити дитину під час курсу
не с кем оставить ребенка на время занятий
kto popilnuje dziecka podczas kursu
czy jest opieka nad dziećmi
can someone look after my child while I am in class
nema z kym zalyshyty dytynu
чи можна прийти з дитиною на заняття
потрібна няня
хто подивиться за дитиною поки я на курсах
немає на кого залишити малого
присмотрите за ребенком во время урока польского
opieka nad dzieckiem podczas lekcji
need a babysitter
чи є дитяча кімната
з ким залишити дитину поки на курсі
""",
    "dependant_care": """
потрібен догляд за мамою, вона лежача
ищу сиделку для бабушки
opieka nad starszą mamą
we need care for my mother, she cannot walk
dogljad za mamoju
чоловік на візку, потрібна доглядальниця
нужен уход за лежачим отцом
бабуся сама не ходить, потрібна допомога вдома
szukam opiekunki dla mamy
care for my elderly father
догляд за літньою людиною
""",
    "transport": """
як доїхати до вас
чи можете підвезти нас на курси
нужен транспорт в больницу
czy ktoś może nas podwieźć do szpitala
potrzebuję dojazdu na zajęcia
can you drive us to Kielce?
nema transport, jak dojihaty
нет транспорта чтобы доехать на курсы
чи є автобус до центру, як добратись до вас
хто може довезти до Кельц
чем доехать из Мирца
jak dojechać do centrum
we need a ride to the hospital
jak dojihaty z Brodiv
підвезіть до лікарні
""",
    "integration_events": """
які події будуть у грудні
есть мероприятия для детей на праздники?
jakie wydarzenia są w weekend
are there any events for families
хочу познайомитися з людьми, є якісь зустрічі?
майстер-клас для дітей
чи буде свято Миколая для дітей
экскурсии для детей есть?
jest jakaś wycieczka?
any workshops this month?
клуб для підлітків
хочу спілкування, розмовний клуб
""",
    "material_support": """
Чи є у вас зимовий одяг для хлопчика 6 років? вже холодно а до зарплати грошей нема
нема чим годувати дітей
потрібні памперси і дитяче харчування
нужна теплая одежда для ребенка
czy mogę dostać żywność
nie mam co jeść
I need winter clothes for my kids
treba odjag na zymu
чи є ковдри і подушки
гуманітарка є?
потрібен одяг для дитини
где получить продукты
чи є у вас коляска для немовляти
допоможіть продуктами
куртка на мальчика 8 лет
potrzebuję pieluch i mleka dla niemowlaka
do you have blankets
нема що їсти
нечем кормить детей
produkty harchuvannja de vzjaty
у мене син і дочка, двоє дітей, потрібен одяг
я мама трьох дітей, потрібні продукти
""",
    "housing": """
шукаю квартиру
нам нема де жити
хозяйка просит съехать до пятницы
szukam mieszkania do wynajęcia
gdzie mogę spać dziś w nocy
we have nowhere to live
shukaju zhytlo
чи можна поселитися в гуртожиток
шукаємо житло на двох
сниму комнату недорого
хазяїн виганяє з квартири
завтра останній день в хостелі, де ночувати
gdzie znaleźć mieszkanie
eksmisja z mieszkania
looking for a flat to rent
nema de zhyty
чи є місце в центрі проживання
я з дитиною, шукаю кімнату
we are from Moldova, looking for a room
""",
    "school": """
доброго вечора а в садок як записати? дитині 4 роки
як записати дитину в школу
дитину в садок
синові 13 років, треба в школу
надо устроить ребенка в детский сад
jak zapisać dziecko do przedszkola
how to enrol my son at school
zapysaty dytynu v shkolu
у класі сина дражнять, булінг
садок для дитини 3 роки
как перевести ребенка в другую школу
запис до школи
szkoła dla dziecka z Ukrainy
miejsce w przedszkolu
kindergarten place for my daughter
de zapysaty dytynu v sadok
світлиця після уроків
школа для сина
потрібна школа для дитини 7 років
перевести сына в другую школу
школа і садок, як записати
""",
    "job_search": """
робота
dobryj den! ja z Mirca, shukaju robotu, ja svarshyk
Доброго дня. Шукаю роботу, будь яку
шукаю роботу зварником
ищу работу, могу убирать
szukam pracy
I am looking for a job
чи є вакансії
як стати на облік в пуп
допоможіть скласти резюме
rejestracja w urzędzie pracy
потрібна робота без знання польської
mam 10 lat doświadczenia, szukam pracy
шукаю підробіток
есть работа для женщин без языка
poszukuję pracy w Starachowicach
any job please
резюме польською
зареєструватися безробітною
де знайти роботу водієм
robota dlja cholovika
нострифікація диплома
lost my job, need any job in Starachowice
хорошая работа есть?
чоловік шукає роботу, водій категорії С
""",
    "volunteering": """
хочу бути волонтером
могу помогать центру бесплатно
chcę zostać wolontariuszem
I want to volunteer
hochu dopomahaty, volonter
можу волонтерити на вихідних
I would like to help as a volunteer
хочу отдать вещи
""",
    "complaint_feedback": """
хочу поскаржитися на вашу працівницю
хочу оставить отзыв
chcę złożyć skargę
I want to complain about your staff
ваша сотрудница нахамила мне
скарга
хочу пожаловаться на сотрудника
your staff was rude to me
skarga na pracownika
хочу залишити відгук
""",
}

# Answers, follow-ups and small talk: nothing of this opens a topic by itself.
NO_TOPIC = """
а скільки це коштує?
принесу в пт
забула написати, живу в Бродах
добре, прийду, дякую
а ще б шапку
дякую
так
доброго дня
поясніть будь ласка
допоможіть
треба допомога
потрібна допомога
hello
завтра о 10
документи
дитина
приду завтра утром
tak moze byc dziekuje
до 12 грудня, на роботі просять
лікарня в Стараховіце, повятова
ой не зможу сьогодні, мала з температурою
так, дочка 4 рочки. і ще якби довозили з Мірця, від школи
мій паспорт про всяк випадок
ой а я уже отправила ему паспорт
з печаткою. не горить
переклад
з понеділка
мені 45 років
двоє дітей, 5 і 9 років
живу в Стараховіце з двома дітьми
коли буде відповідь
скажіть адресу
0501234567
👍
вт
беру!!
zminy normalno
є якісь новини?
знову бот. там люди взагалі є?
електрик був. тут ніхто не бере
а він не побачить що я писала?
класній. вона норм
поясніть будь ласка і якщо можна піти зі мною бо погано знаю польську
а ви мамі скажете?
він на нічній зміні. так
ок буду. вибачте шо накричав
ви шо знущаєтесь?? яке резюме! МЕНІ НЕ ПЛАТЯТЬ
"""

SAYS = {
    "erase": (
        "Видаліть, будь ласка, мої дані! · удалите мои данные · proszę o usunięcie moich danych · "
        "can you please delete my data? · vydalit moi dani · Можна видалити мої дані? · "
        "Хочу, щоб ви видалили все про мене"
    ),
    "greeting": (
        "доброго дня · Добрий вечір! · вітаю · Привіт · dzień dobry · cześć · hello · Hi! · здравствуйте · "
        "добрый день · dobryj den · dobry den · Доброго вечора 🙂 · dobrogo dnja · pryvit · Good morning"
    ),
    "thanks": (
        "дякую · дуже дякую · дякую дуже · щиро · Щиро дякую за допомогу · спасибі · спасибо большое · "
        "ок дякую · дякую ❤️ · дякую, гарного дня · dziękuję bardzo · dzięki · thanks! · great thanks! · "
        "thank you so much · diakuju · dyakuyu · djakuju"
    ),
    "person": (
        "людина · Людину · людину, будь ласка · жива людина · покличте людину · "
        "Покличте, будь ласка, людину · оператор · хочу говорити з людиною · є тут люди? · человек · "
        "живой человек · нужен оператор · człowiek · konsultant · chcę rozmawiać z człowiekiem · human · "
        "person · a real person · operator · I want to talk to a person · ljudynu"
    ),
    "yes": (
        "так · Так! · та · ага · угу · так так · все вірно · Все правильно · вірно · правильно · "
        "так, все правильно · ок · добре · tak · zgadza się · wszystko się zgadza · Tak, zgadza się. · да · "
        "всё верно · yes · ok · correct · vse virno"
    ),
    "no": (
        "ні · Ні, дякую · не так · не зовсім · неправильно · ні, не так · нет · неверно · nie · "
        "nie zgadza się · no · not quite · ni"
    ),
    "skip": "пропустити · Пропусти · далі · пропустить · pomiń · dalej · skip · next · propustyty",
    "back": "назад · попереднє питання · вернуться · wstecz · cofnij · back · go back · nazad",
    "stop": "стоп · СТОП · stop · не нагадуйте · відписатися · отписаться · nie przypominaj · unsubscribe",
    "later": "пізніше · потім · не зараз · позже · później · nie teraz · later · not now",
    "reminders": "нагадування · нагадуйте · напоминания · przypomnienia · reminders · remind me",
    "chatter": "алло · ви тут? · ти бот? · зрозуміло · понятно · jesteś botem? · are you there?",
}
SAYS_NOT = {
    "erase": (
        "видаліть мої дані, я хочу померти · будь ласка · видаліть фото · видаліть мене зі списку · забудьте мене · "
        "forget meeting · moje dane"
    ),
    "greeting": "доброго дня, загубила паспорт · вітаю! потрібен перекладач · dzień dobry, szukam pracy",
    "thanks": "дуже дякую! прийдемо о 14 · добре, прийду, дякую · tak moze byc dziekuje · дякую, але потрібен ще юрист",
    "person": "оператор верстата · шукаю роботу · людина на інвалідному візку шукає житло · ваш працівник нахамив",
    "yes": "не так · ні · не все вірно · так, але дата інша · nie · так я вдома · тут так. вдома ні, він все читає",
    "no": "так · не горить · не знаю · ні, завтра о 10 · nie wiem · нет времени на курсы",
    "skip": "пропустила заняття · далі що робити з документами",
    "back": "повернутися в україну з дітьми",
    "stop": "автобус стоп де",
    "later": "прийду пізніше о 15",
}


def lines_of(text: str) -> list[str]:
    return [line for line in text.strip().splitlines() if line]


def cases(phrases: dict[str, str]) -> list[tuple[str, str]]:
    return [(name, said) for name, texts in phrases.items() for said in texts.split(" · ")]


def understood(said: str, running: list[str] = RUNNING) -> Understood:
    return TRIAGE.understand(said, running)


def test_plain_needs_are_named() -> None:
    every = [(service, said) for service, texts in PLAIN.items() for said in lines_of(texts)]
    first = [(service, said, understood(said).ranking[0]) for service, said in every]
    wrong = [(service, said, best.service) for service, said, best in first if best.service != service]
    surely = [one for one in first if one[2].confidence >= SURE]

    assert len(wrong) <= len(every) * 0.03, wrong
    assert len(surely) >= len(every) * 0.75
    assert sum(best.service != service for service, _, best in surely) <= len(surely) * 0.01


def test_words_that_name_no_need_open_no_topic() -> None:
    every = lines_of(NO_TOPIC)
    opened = [(said, sure.service) for said in every if (sure := understood(said).sure) is not None]

    assert len(opened) <= len(every) * 0.12, opened


def test_six_lines_about_one_letter_are_one_need() -> None:
    sure = understood("доброго дня\nприйшов лист з зус\nя нічо не розумію\nтам дата 10.12\nшо робити??").sure
    assert sure is not None
    assert sure.service == "office_matters"


@pytest.mark.parametrize(
    ("said", "services"),
    [
        ("dzien dobry, potrzebuje papier na dziecko zeby dostac pieniadze, tato w ukrainie", {"benefits"}),
        ("nie 800. on nie placi na dziecko", {"legal_advice", "benefits"}),
        ("потрібен переклад", {"document_translation", "interpreter"}),
        ("чи можна у вас взяти шкільний рюкзак", {"material_support", "school"}),
        ("чи дають 800 якщо дитина не ходить в школу", {"benefits", "school"}),
        ("потрібна робота і житло", {"job_search", "housing"}),
    ],
)
def test_where_two_things_are_meant_both_are_offered(said: str, services: set[str]) -> None:
    assert services <= {candidate.service for candidate in understood(said).candidates[:3]}


def test_a_service_that_is_off_is_never_named() -> None:
    without = [service for service in RUNNING if service != "psychologist"]
    assert "psychologist" not in {one.service for one in understood("можна якось до психолога?", without).candidates}


@pytest.mark.parametrize(("phrase", "said"), cases(SAYS), ids=str)
def test_short_messages_are_understood(phrase: str, said: str) -> None:
    assert LEXICON.says(phrase, said)


@pytest.mark.parametrize(("phrase", "said"), cases(SAYS_NOT), ids=str)
def test_a_message_that_says_more_is_not_that_phrase(phrase: str, said: str) -> None:
    assert not LEXICON.says(phrase, said)


@pytest.mark.parametrize("said", [said for _, said in cases(SAYS)], ids=str)
def test_short_messages_open_no_topic(said: str) -> None:
    assert understood(said).sure is None


def test_every_service_has_its_words_and_no_other() -> None:
    assert set(RAW["services"]) == set(RUNNING)
    for service, lists in RAW["services"].items():
        assert set(lists) == {"strong", "weak"}, service
        assert len(lists["strong"]) >= (15 if service == "other" else 40), service
    assert set(SAYS) <= set(RAW["phrases"])


@pytest.mark.parametrize("service", RAW["services"])
def test_no_word_counts_twice(service: str) -> None:
    lists = RAW["services"][service]
    every = [entry for kind in ("strong", "weak") for entry in lists[kind]]
    assert all(isinstance(entry, str) for entry in every), "put what YAML reads as yes, no or a number in quotes"
    assert len({tuple(sorted(stem(entry).parts)) for entry in every}) == len(every)
    for kind in ("strong", "weak"):
        single = [stem(entry).parts[0] for entry in lists[kind] if len(stem(entry).parts) == 1]
        repeated = [(a, b) for a in single for b in single if a != b and b.startswith(a)]
        assert not repeated, f"the longer one adds nothing: {repeated}"


@pytest.mark.parametrize("phrase", RAW["phrases"])
def test_phrases_are_words_and_stand_once(phrase: str) -> None:
    listed = RAW["phrases"][phrase]
    assert all(isinstance(entry, str) for entry in listed)
    assert len({fold(entry) for entry in listed}) == len(listed)
