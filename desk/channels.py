"""What the desk must know of a channel without knowing its name: what fits, what can be tapped, who waits for whom."""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import timedelta


@dataclass(frozen=True)
class Facts:
    name: str
    title: str  # As people know it.
    called: str = ""  # The key of what people call it, where the title is no name in every language.
    longest: int = 2000  # UTF-16 units in one message.
    taps_commands: bool = False  # /privacy can be tapped; elsewhere the notice is a link.
    reaches_closed: bool = True  # An answer reaches the person when they are not looking.
    pops_up: bool = False  # A pressed button can be answered with words that stand in no message.
    can_erase: bool = False  # Messages can be taken back on their side too.
    files_up_to: int = 20 * 1024 * 1024  # Bytes.
    answers_within: timedelta | None = None  # So long after the person's last word we may write; None: always.
    people_within: timedelta | None = None  # So long what a person has typed may follow.
    nobody: bool = False  # An invented person's: what is told there counts as sent.
    invites: str = ""  # A link by which this channel can be added from another one, with {code}.


_known: dict[str, Facts] = {}


def know(facts: Iterable[Facts]) -> None:
    """Set what is known, once, when the program starts."""
    _known.clear()
    _known.update({fact.name: fact for fact in facts})


def know_invitation(name: str, link: str) -> None:
    """Set the link by which a channel can be added, once the channel itself has told what it is called there."""
    if name in _known:
        _known[name] = replace(_known[name], invites=link)


def facts_of(name: str) -> Facts:
    return _known.get(name) or Facts(name, name.capitalize())


def in_use() -> tuple[Facts, ...]:
    return tuple(_known.values())


def pieces(text: str, longest: int) -> list[str]:
    """A text in pieces that fit a channel, parted between paragraphs, else lines, sentences, words, and never in a letter.

    `longest` counts UTF-16 units, as the messengers do.
    """
    result: list[str] = []
    rest = text
    while units(rest) > longest:
        end = _border(rest, len(_prefix(rest, longest)))
        result.append(rest[:end].strip())
        rest = rest[end:].strip()
    return [piece for piece in [*result, rest] if piece] or [text]


# Where a text may be parted, the best first. A sentence ends with a word of some length: "ul." and "9." end none.
_PARAGRAPH, _LINE = re.compile(r"\n\s*\n"), re.compile(r"\n")
_SENTENCE = re.compile(r"(?:(?<=[^\W\d]{4}[.…])|(?<=[!?])|(?<=[!?.…][»”)]))\s+")
_WORD = re.compile(r"\s+")
# What belongs to the sign before it: marks and accents, what chooses its looks, shades of skin, what joins two signs.
_JOINER, _LOOKS, _SHADES, _FLAGS = "\u200d", "\ufe0e\ufe0f", ("\U0001f3fb", "\U0001f3ff"), ("\U0001f1e6", "\U0001f1ff")


def _border(text: str, most: int) -> int:
    """Where to part, at `most` letters at the latest. What would leave a stump is passed over, but for a paragraph."""
    for mark, least in ((_PARAGRAPH, most // 8), (_LINE, most // 4), (_SENTENCE, most // 4), (_WORD, most // 4)):
        ends = [found.start() for found in mark.finditer(text, 0, most + 1) if least <= found.start() <= most]
        if ends:
            return ends[-1]
    at = most
    while at > 1 and _belongs(text, at):
        at -= 1
    return at if at > 1 else most


def _belongs(text: str, at: int) -> bool:
    """Whether the sign at this place is one with the sign before it."""
    here, before = text[at], text[at - 1]
    if here == _JOINER or before == _JOINER or here in _LOOKS or unicodedata.category(here).startswith("M"):
        return True
    flags = 0
    while at - flags > 0 and _FLAGS[0] <= text[at - 1 - flags] <= _FLAGS[1]:
        flags += 1
    return _SHADES[0] <= here <= _SHADES[1] or (flags % 2 == 1 and _FLAGS[0] <= here <= _FLAGS[1])


def units(text: str) -> int:
    return len(text) + sum(letter > "\uffff" for letter in text)


def _prefix(text: str, longest: int) -> str:
    used = 0
    for place, letter in enumerate(text):
        used += 2 if letter > "\uffff" else 1
        if used > longest:
            return text[:place]
    return text
