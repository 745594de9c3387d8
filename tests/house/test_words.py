"""Catalogues are complete: the same keys and gaps in every language, and every key that the code says is there."""

import ast
import re
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

from desk.texts import LANGUAGES, LOCALES, STAFF_LANGUAGES

ROOT = Path(__file__).parent.parent.parent
DOMAINS = {"desk": LANGUAGES, "staff": STAFF_LANGUAGES}
GAP = re.compile(r"\{(\w+)\}")
LONGEST_BUTTON = 20


def catalogue(domain: str, language: str) -> dict[str, list[str]]:
    """Key to its forms."""
    with (LOCALES / language / "LC_MESSAGES" / f"{domain}.po").open("rb") as file:
        messages = read_po(file, locale=language)
    found = {}
    for message in messages:
        if message.id:
            key = message.id[0] if isinstance(message.id, tuple) else message.id
            found[key] = list(message.string) if isinstance(message.string, (list, tuple)) else [message.string]
    return found


@pytest.mark.parametrize("path", sorted(LOCALES.glob("*/*/*.po")), ids=lambda path: f"{path.parts[-3]}-{path.stem}")
def test_no_sentence_stands_twice(path: Path) -> None:
    keys = re.findall(r'^msgid "(.+)"$', path.read_text(encoding="utf-8"), re.MULTILINE)

    assert sorted(keys) == sorted(set(keys))


@pytest.mark.parametrize("domain", DOMAINS)
def test_every_language_has_every_sentence_with_the_same_gaps(domain: str) -> None:
    first, *others = DOMAINS[domain]
    model = catalogue(domain, first)
    faults = [f"{first}: {key} is empty" for key, forms in model.items() if not all(forms)]
    for language in others:
        mine = catalogue(domain, language)
        faults += [f"{language} lacks {key}" for key in model.keys() - mine.keys()]
        faults += [f"{language} alone has {key}" for key in mine.keys() - model.keys()]
        for key in model.keys() & mine.keys():
            if not all(mine[key]):
                faults.append(f"{language}: {key} is empty")
            if set(GAP.findall(model[key][0])) != set(GAP.findall(mine[key][0])):
                faults.append(f"{language}: {key} has other gaps than {first}")

    assert faults == []


@pytest.mark.parametrize(
    ("domain", "forms"), [("desk", {"uk": 3, "ru": 3, "pl": 3, "en": 2}), ("staff", {"pl": 3, "uk": 3, "en": 2})]
)
def test_numbers_have_all_their_forms(domain: str, forms: dict[str, int]) -> None:
    for language, many in forms.items():
        for key, texts in catalogue(domain, language).items():
            assert len(texts) in (1, many), (language, key)


def literal_keys() -> set[tuple[str, str]]:
    """(file, key) of every sentence that the code names outright."""
    found = set()
    for room in ("desk", "bot", "api"):
        for file in (ROOT / room).rglob("*.py"):
            for node in ast.walk(ast.parse(file.read_text())):
                if isinstance(node, ast.Call):
                    name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
                    place = {"w": 0, "w_count": 0, "Words": 0, "say": 1, "say_count": 1}.get(name)
                    if place is None or len(node.args) <= place or not isinstance(node.args[place], ast.Constant):
                        continue
                    staff = any(
                        isinstance(one, ast.Constant) and one.value == "staff" for one in node.args[place + 1 :]
                    )
                    found.add(("staff" if staff else "desk", str(node.args[place].value)))
    return found


def test_every_sentence_that_the_code_says_is_in_the_catalogues() -> None:
    known = {domain: set(catalogue(domain, languages[0])) for domain, languages in DOMAINS.items()}

    missing = sorted(f"{domain}: {key}" for domain, key in literal_keys() if key not in known[domain])

    assert missing == []


@pytest.mark.parametrize(("door", "domain"), [("api", "staff"), ("bot", "desk")])
def test_every_sentence_that_a_page_says_is_in_the_catalogues(door: str, domain: str) -> None:
    known = set(catalogue(domain, DOMAINS[domain][0]))
    said = set()
    for page in (ROOT / door / "templates").rglob("*.html"):
        said |= {
            (page.name, key) for key in re.findall(r"""\b_n?\(\s*["']([a-z_.0-9]+[a-z0-9])["']""", page.read_text())
        }

    assert sorted(one for one in said if one[1] not in known) == []


def test_every_refusal_has_its_sentence() -> None:
    keys = set()
    for room in ("desk", "api"):
        for file in (ROOT / room).rglob("*.py"):
            keys |= set(re.findall(r"""["'](error\.[a-z_]+)["']""", file.read_text()))
    known = set(catalogue("staff", "pl"))

    assert sorted(key for key in keys if key not in known and key not in ("error.http", "error.html")) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_button_fits_on_a_phone(language: str) -> None:
    too_long = [
        (key, texts[0])
        for key, texts in catalogue("desk", language).items()
        if key.startswith("button.") and key != "button.old" and len(texts[0]) > LONGEST_BUTTON
    ]

    assert too_long == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_bot_neither_shouts_nor_smiles(language: str) -> None:
    loud = [
        key
        for key, texts in catalogue("desk", language).items()
        if any("!" in text or any(ord(letter) > 0x1F000 for letter in text) for text in texts)
    ]

    assert loud == []
