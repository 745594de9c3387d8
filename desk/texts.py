"""Every sentence that people read, in their language; the catalogues are in locales/."""

import gettext
import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Protocol, runtime_checkable

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

LOCALES = Path(__file__).parent.parent / "locales"
LANGUAGES = ("uk", "ru", "pl", "en")  # In the order in which they are offered.
STAFF_LANGUAGES = ("pl", "uk", "en")


@runtime_checkable
class InLanguages(Protocol):
    """Something that can be said in each of our languages."""

    def in_(self, language: str) -> str: ...


Gap = str | int | InLanguages


@lru_cache
def catalogue(domain: str, language: str) -> gettext.NullTranslations:
    """One language's sentences, read from the .po itself: nobody can forget to compile it."""
    path = LOCALES / language / "LC_MESSAGES" / f"{domain}.po"
    if not path.exists():
        return gettext.NullTranslations()
    with path.open("rb") as file:
        messages = read_po(file, locale=language)
    compiled = io.BytesIO()
    write_mo(compiled, messages)
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)


def say(language: str, key: str, domain: str = "desk", /, **gaps: Gap) -> str:
    """The sentence `key` in `language`, with its named gaps filled."""
    text = catalogue(domain, language).gettext(key)
    if text == key:  # A house test keeps this from happening; a person must still read a sentence, not a key.
        text = catalogue(domain, "en").gettext(key)
    return _fill(text, language, gaps)


def say_count(language: str, key: str, count: int, domain: str = "desk", /, **gaps: Gap) -> str:
    """The form of `key` that fits the number: one, few, many."""
    return _fill(catalogue(domain, language).ngettext(key, key, count), language, {"n": count, **gaps})


def _fill(text: str, language: str, gaps: Mapping[str, Gap]) -> str:
    if not gaps:
        return text
    return text.format(**{name: gap if isinstance(gap, str | int) else gap.in_(language) for name, gap in gaps.items()})


@dataclass(frozen=True)
class Words:
    """A sentence that is not yet in any language, so that the person and the staff each get it in theirs."""

    key: str
    gaps: Mapping[str, Gap] = field(default_factory=dict)
    count: int | None = None

    def in_(self, language: str) -> str:
        if self.count is None:
            return say(language, self.key, **self.gaps)
        return say_count(language, self.key, self.count, **self.gaps)


def w(key: str, /, **gaps: Gap) -> Words:
    return Words(key, gaps)


def w_count(key: str, n: int, /, **gaps: Gap) -> Words:
    return Words(key, gaps, n)


@dataclass(frozen=True)
class Written:
    """A text that somebody wrote in each language: a service's title, a question, a help line."""

    texts: Mapping[str, str]

    def in_(self, language: str) -> str:
        return self.texts.get(language) or self.texts.get("en") or next(iter(self.texts.values()), "")


@dataclass(frozen=True)
class Verbatim:
    """The same in every language: a name, a number, a person's own words."""

    text: str

    def in_(self, language: str) -> str:
        return self.text


@dataclass(frozen=True)
class Lower:
    """Another text as it stands in the middle of a sentence: lower case, unless it begins with an abbreviation."""

    of: InLanguages

    def in_(self, language: str) -> str:
        text = self.of.in_(language)
        first = text.split(" ", 1)[0]
        return text if first.isupper() and len(first) > 1 else text[:1].lower() + text[1:]


@dataclass(frozen=True)
class Joined:
    """Several texts in one, with something between them; empty ones leave no gap."""

    parts: tuple[InLanguages, ...]
    between: str = " "

    def in_(self, language: str) -> str:
        return self.between.join(text for part in self.parts if (text := part.in_(language)))


def line(*parts: InLanguages) -> Joined:
    """Sentences one after another."""
    return Joined(parts, " ")


def lines(*parts: InLanguages) -> Joined:
    """Sentences on lines of their own."""
    return Joined(parts, "\n")


def paragraphs(*parts: InLanguages) -> Joined:
    """Thoughts with an empty line between them."""
    return Joined(parts, "\n\n")
