"""The screen for danger finds what must not be missed, and stays silent where nobody is in danger."""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest

from desk.helplines import Register, read_register
from desk.library import STARTER, Entry, _plain, read_yaml, starter_entries
from desk.safety import CERTAIN, CHILD, PERHAPS, QUESTIONS, Alarm, Screen, read_screen, warning
from desk.texts import LANGUAGES, say
from desk.triage.words import fold

RAW: dict[str, Any] = read_yaml(STARTER / "safety.yaml")
SCREEN: Screen = read_screen(RAW)
GRAVE = ("suicide", "medical_emergency", "fire", "missing_child", "domestic_violence", "trafficking", CHILD)
ASKED = "asked_for_help"
LONGEST_MESSAGE = 640
IN_DANGER_SHORTER = 560  # With both help lines; the rest is left for «Анкета зачекає» and a stand-in for 112.

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
я тут без батьків
тато мене б'є
однокласники мене б'ють
мне 15 лет, хочу на курсы
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
