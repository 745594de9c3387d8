"""One spelling for every way of typing: Cyrillic and Latin letters, with marks or without, fold to the same few."""

import re
import unicodedata
from functools import lru_cache

LONGEST = 4000  # Letters that are looked at; nobody names a need later than that.

# What people mix up when they type in the other alphabet becomes one letter: и, і, ї, ы, й, y, j are i; г, ґ, х, h, g,
# kh, x are h; w is v; щ, shch, szcz, sch are sh; doubled letters count once. Marks are gone before this is applied.
_LETTERS = str.maketrans(
    {
        "а": "a", "б": "b", "в": "v", "г": "h", "ґ": "h", "д": "d", "е": "e", "э": "e", "є": "ie", "ж": "zh", "з": "z",
        "и": "i", "і": "i", "ы": "i", "к": "k", "л": "l", "м": "m", "н": "n", "о": "o", "п": "p", "р": "r", "с": "s",
        "т": "t", "у": "u", "ф": "f", "х": "h", "ц": "c", "ч": "ch", "ш": "sh", "щ": "sh", "ь": "", "ъ": "", "ю": "iu",
        "я": "ia", "ł": "l", "đ": "d", "ø": "o", "ß": "s", "æ": "e", "œ": "e", "ı": "i", "ј": "i",
        "w": "v", "y": "i", "j": "i", "x": "h", "g": "h", "q": "k",
    }
)  # fmt: skip
_TOGETHER = (
    ("shch", "sh"), ("szcz", "sh"), ("sch", "sh"), ("sz", "sh"), ("cz", "ch"), ("rz", "zh"),
    ("kh", "h"), ("ck", "k"), ("ts", "c"),
)  # fmt: skip
_APOSTROPHES = dict.fromkeys(map(ord, "'’ʼ`´‘ʹ′＇ʻ\u00ad"))
_GAPS = re.compile(r"(?:[^\w+]|_)+")
_FOUR = re.compile(r"4(?=[^\W\d_])|(?<=[^\W\d_])4")  # «4ому», «ho4u»
# «Муж был» is no «муж бил»: where ы and и tell being from beating, the forms of «быть» become those of «бути».
_TO_BE = re.compile(r"(?:бы|by)(?=[лтltłч])|\b(?:бы|by)(?=[вvw]|c\b)")
_LONG_NUMBERS = re.compile(r"\d{4,}")
_AGAIN = re.compile(r"([^\W\d_])\1+")

# Letters that look alike in the two alphabets, small or capital.
_ALIKE = "abcehikmoptxy", "авсенікмортху"
_TO_CYRILLIC, _TO_LATIN = str.maketrans(*_ALIKE), str.maketrans(*reversed(_ALIKE))
_CYRILLIC_ALONE = re.compile(r"[бгґджзилпфцчшщъыьэюяє]")
_LATIN_ALONE = re.compile(r"[dfgjlnqrsuvwz]")
_ABBREVIATIONS = frozenset(
    ["pit", "pkp", "pko", "pck", "ok", "it", "km", "taxi"]
)  # In Latin letters wherever they stand.


@lru_cache(maxsize=1024)
def skeleton(text: str) -> str:
    """A text as one line of words in the letters that all our languages share, a space at both ends.

    Doing it twice changes nothing. Capitals, marks, apostrophes, spaces and look-alike letters of the other alphabet
    change nothing. No text of any script or length raises.
    """
    line = _TO_BE.sub("bu", plain(text)).translate(_LETTERS)
    line = _LONG_NUMBERS.sub("0000", _FOUR.sub("ch", line))
    while (shorter := _shorter(line)) != line:
        line = shorter
    line = " ".join(line[: LONGEST - 2].split())
    return f" {line} " if line else " "


@lru_cache(maxsize=1024)
def plain(text: str) -> str:
    """The words of a text in small letters without marks, each in one alphabet, with single spaces between them."""
    small = unicodedata.normalize("NFKC", text[:LONGEST]).lower().translate(_APOSTROPHES)
    words = _GAPS.sub(" ", _without_marks(small)).split()
    cyrillic = (sum(map(_script, words)) or _letters(words)) > 0
    return " ".join(_in_one_alphabet(word, cyrillic) for word in words)


def _without_marks(small: str) -> str:
    plain = unicodedata.normalize("NFD", small)
    return "".join(letter for letter in plain if unicodedata.category(letter) not in ("Mn", "Cf", "Cs"))


def _script(word: str) -> int:
    """1 for a word with letters that only Cyrillic has, -1 with such that only Latin has, 0 when it could be either."""
    if _CYRILLIC_ALONE.search(word):
        return 1
    return -1 if _LATIN_ALONE.search(word) else 0


def _letters(words: list[str]) -> int:
    """Above 0 where more letters are Cyrillic than Latin, though each could be either."""
    return sum((letter > "z") - ("a" <= letter <= "z") for word in words for letter in word)


def _in_one_alphabet(word: str, cyrillic: bool) -> str:
    """The word without look-alike letters of the other alphabet; the text decides where the word itself does not."""
    script = _script(word) or (1 if cyrillic and word not in _ABBREVIATIONS else -1)
    return in_cyrillic(word) if script > 0 else word.translate(_TO_LATIN)


def in_cyrillic(word: str) -> str:
    return word.translate(_TO_CYRILLIC)


def _shorter(line: str) -> str:
    for letters, one in _TOGETHER:
        line = line.replace(letters, one)
    return _AGAIN.sub(r"\1", line)
