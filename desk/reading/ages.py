"""Whether somebody says that they themselves are under eighteen."""

import re

from desk.triage.skeleton import skeleton

_SLAVIC = (
    "сім вісім девять десять одинадцять дванадцять тринадцять чотирнадцять пятнадцять шістнадцять сімнадцять"
    " семь восемь девять десять одиннадцать двенадцать тринадцать четырнадцать пятнадцать шестнадцать семнадцать"
    " siedem osiem dziewięć dziesięć jedenaście dwanaście trzynaście czternaście piętnaście szesnaście siedemnaście"
)
_ENGLISH = "seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen"
_EIGHTEEN = "18 вісімнадцять вісімнадцяти восемнадцать восемнадцати osiemnaście osiemnastu eighteen"
_ONLY = (
    "ще лише тільки всього ледве вже еще только всего уже jeszcze dopiero tylko już zaledwie only just still already"
)
_YEARS = "років рік рочків лет год годиков lat latek l years year y yo р"
# What «мені 15» may be the beginning of instead: minutes, days, money, people.
_MEASURES = (
    "хв годин минут час дн ден тиж недел мес міс зл грн грив тис проц відсот км кг сант раз діт дет люд чел осіб"
    " min hod dni dzie tyg god proc metr osob"
)
_NOT_OF_AGE = (
    "я дитина", "я ще дитина", "я неповнолітн", "я ще неповнолітн", "я ребенок", "я еще ребенок", "я несовершеннолетн",
    "jestem dzieckiem", "jestem jeszcze dzieckiem", "jestem niepełnoletn", "jestem nieletn", "i am a minor", "im a minor",
    "i am underage", "im underage", "i am under 18", "im under 18", "i am still a child",
)  # fmt: skip
_CLAUSE_ENDS = re.compile(r"[.,!?…;:()\n–—]+| - ")
_CYRILLIC = re.compile(r"[а-яіїєґ]", re.IGNORECASE)


def _any_of(words: str) -> str:
    return "|".join(sorted({skeleton(word).strip() for word in words.split()}, key=len, reverse=True))


_STILL = rf"(?: (?:{_any_of(_ONLY)}))*"
_TO_ME = re.compile(
    rf" (?:{_any_of('мені мне meni mnie')}){_STILL} (?:[7-9]|1[0-7]|{_any_of(_SLAVIC)})(?= )(?! (?:\d|{_any_of(_MEASURES)}))"
)
# «Mam 15» is an age only where years or nothing follow: «mam 15 lat doświadczenia» is none.
_ENDS = rf"(?: (?:{_any_of(_YEARS)}))?(?: old)?(?= $| (?:{_any_of('і й та а и я i a and but но ale')}) )"
_I_HAVE = re.compile(rf" ma(?:m|iu){_STILL} (?:[7-9]|1[0-7]|{_any_of(_SLAVIC)}){_ENDS}")
_I_AM = re.compile(rf" (?:i am|im){_STILL} (?:[7-9]|1[0-7]|{_any_of(_ENGLISH)}){_ENDS}")
_NOT_YET = re.compile(rf" (?:nema|nemaie|net|niet|nie mam|ne|not){_STILL} (?:{_any_of(_EIGHTEEN)})(?= )")
_SAID = re.compile("|".join(skeleton(said).rstrip() for said in _NOT_OF_AGE))


def is_minor(text: str) -> bool:
    """«Мені 16 років», «mam 15 lat», «I am under 18»: said of oneself, in any of our languages and either alphabet."""
    # In Cyrillic «їм 14» is said of others.
    patterns = (_TO_ME, _I_HAVE, _NOT_YET, _SAID, *(() if _CYRILLIC.search(text) else (_I_AM,)))
    clauses = [skeleton(clause) for clause in _CLAUSE_ENDS.split(text)]
    return any(pattern.search(clause) for clause in clauses for pattern in patterns)
