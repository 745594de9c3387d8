"""One spelling for every way of typing, whatever comes in."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from desk.triage.features import look_at
from desk.triage.skeleton import LONGEST, skeleton

ALIKE = str.maketrans("асеіорхуАВСЕНІКМОРТХ", "aceiopxyABCEHIKMOPTX")
SENTENCE = st.text(alphabet="абвгдежзийклмнопрстуфхцчшщьюяіїєґ ’'-.,!?", min_size=1, max_size=200)


@settings(deadline=None)
@given(st.text(max_size=300))
@example("ß\u0130ﬁŁ½²４4")
@example("щ" * (LONGEST + 7))
@example("\ud800 \u202e e\u0301 한국어 עברית العربية")
def test_no_text_raises_and_doing_it_twice_changes_nothing(text: str) -> None:
    once = skeleton(text)

    assert skeleton(once) == once
    assert once == " " or (once.startswith(" ") and once.endswith(" ") and "  " not in once)
    look_at(text).pieces, look_at(text).words


@settings(deadline=None)
@given(SENTENCE)
def test_capitals_spaces_apostrophes_and_marks_change_nothing(text: str) -> None:
    plain = skeleton(text)

    assert skeleton(text.upper()) == plain
    assert skeleton(f"  {text.replace(' ', '   ')}\n") == plain
    assert skeleton(text.replace("’", "ʼ").replace("'", "`")) == plain
    assert skeleton(text.replace("й", "и").replace("ї", "і").replace("ґ", "г")) == plain


@settings(deadline=None)
@given(SENTENCE.map(lambda text: f"{text} щоб жити далі"))
def test_letters_that_look_alike_change_nothing(text: str) -> None:
    assert skeleton(text.translate(ALIKE)) == skeleton(text)


@pytest.mark.parametrize(
    ("cyrillic", "latin"),
    [
        ("шукаю роботу", "shukaju robotu"),
        ("шукаю роботу", "szukaju robotu"),
        ("Чому не прийшло щастя?", "4omu ne pryjshlo shchastja"),
        ("хочу вижити", "khochu vyzhyty"),
        ("хочу вижити", "xo4u wyzhyty"),
        ("ґанок і гроші", "ganok i hroshi"),
        ("п'ять м’ячів", "pjat mjachiv"),
        ("объявление", "objavlenie"),
        ("w żłobku", "w zlobku"),
    ],
)
def test_the_same_words_in_other_letters(cyrillic: str, latin: str) -> None:
    assert skeleton(cyrillic) == skeleton(latin)


@pytest.mark.parametrize(
    ("was", "beat"),
    [
        ("муж был", "муж бил"),
        ("mąż był", "mąż bił"),
        ("забыла", "забила"),
        ("может быть", "может бить"),
        ("być", "bić"),
    ],
)
def test_being_is_not_beating(was: str, beat: str) -> None:
    assert skeleton(was) != skeleton(beat)
    assert skeleton("был") == skeleton("byl") == skeleton("BYŁ")


def test_short_numbers_stay_and_long_ones_do_not() -> None:
    assert skeleton("800+, PIT-37 i 112") == " 800+ pit 37 i 112 "
    assert skeleton("44051401359") == " 0000 "
