"""Which of our languages a text is in, and how sure that is."""

import re
from dataclasses import dataclass

from desk.triage.words import fold


@dataclass(frozen=True)
class Guess:
    """`language` is empty when nothing in the text tells; not `sure` means that the person is offered the choice."""

    language: str
    sure: bool


_MARKS = {
    "uk": frozenset("іїєґ"),
    "ru": frozenset("ыэъё"),
    "pl": frozenset("ąćęłńśźż"),
}
# Small words that one of the languages has and its neighbours have not.
_WORDS = {
    "uk": "що шо як це та чи треба потрібно будь ласка дякую доброго добрий день мене мені можна зараз де коли або "
    "скільки дитина дитини документи робота роботу немає нема вже також тут вас вам ваш ще буде було після дуже",
    "ru": "что как это или нужно нужна пожалуйста спасибо здравствуйте добрый меня мне можно сейчас где когда если "
    "сколько ребенок ребенка документы работа работу нет уже тоже здесь вас вам ваш еще будет было после очень",
    "pl": "dzien dobry jest nie jak czy prosze dziekuje potrzebuje gdzie kiedy mam mi sie na do chce moge zeby ze dla "
    "dziecko dziecka pracy praca pomoc tak bardzo juz tutaj pan pani jestem czesc co ile przy od po lub albo bedzie",
    "en": "the is are my please thank thanks hello how what where when need want can help with for have you not "
    "yes and this work job doctor child school documents good morning hi i am",
    "latin_uk": "shcho scho sho yak jak ce tse chy treba potribno proshu bud laska dyakuju diakuju dyakuyu dobryj dobryi "
    "dobry den "
    "mene meni mozhna zaraz hochu khochu de koly abo skilky dytyna robotu rabotu nema vzhe tut vas vam ja ya shukaju shukayu "
    "bo duzhe pryvit dobrogo dnya ne znaju znayu jak tak zavtra dyakuyu dity shob jaki",
}
_LOOKED_FOR = {name: frozenset(words.split()) for name, words in _WORDS.items()}
_LATIN = re.compile(r"[a-z]")
_CYRILLIC = re.compile(r"[Ѐ-ӿ]")


def language_of(text: str) -> Guess:
    """Guess the language of a message; letters alone do not decide between Ukrainian in Latin letters and Polish."""
    small = text.lower()
    words = fold(text).split()
    if _CYRILLIC.search(small):
        letters = {name: sum(letter in marks for letter in small) for name, marks in _MARKS.items()}
        count = {name: sum(word in _LOOKED_FOR[name] for word in words) for name in ("uk", "ru")}
        uk, ru = letters["uk"] * 2 + count["uk"], letters["ru"] * 2 + count["ru"]
        if uk == ru == 0:
            return Guess("", False)
        # Surzhyk leans both ways; Ukrainian is what we answer in, unless Russian is plain.
        return Guess("ru", True) if ru > uk else Guess("uk", uk > ru)
    if not _LATIN.search(small):
        return Guess("", False)
    marks = sum(letter in _MARKS["pl"] for letter in small)
    count = {name: sum(word in _LOOKED_FOR[name] for word in words) for name in ("pl", "en", "latin_uk")}
    if marks and count["pl"] + marks >= count["en"]:
        return Guess("pl", True)
    best = max(count, key=lambda name: count[name])
    if count[best] == 0:
        return Guess("", False)
    if best == "en":
        return Guess("en", count["en"] > count["pl"] + 1)
    if best == "latin_uk" and count["latin_uk"] > count["pl"]:
        return Guess("uk", False)
    return Guess("pl", False)
