"""What the desk must know of a channel without knowing its name: what fits, what can be tapped, who waits for whom."""

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
    """A text in pieces that fit a channel, parted between paragraphs, else lines, else words.

    `longest` counts UTF-16 units, as the messengers do.
    """
    if units(text) <= longest:
        return [text]
    result: list[str] = []
    rest = text
    while units(rest) > longest:
        fits = _prefix(rest, longest)
        cut = next((at for mark in ("\n\n", "\n", ". ", " ") if (at := fits.rfind(mark)) > len(fits) // 3), -1)
        end = cut + 1 if cut >= 0 else len(fits)
        result.append(rest[:end].strip())
        rest = rest[end:].strip()
    return [piece for piece in [*result, rest] if piece]


def units(text: str) -> int:
    return len(text) + sum(letter > "\uffff" for letter in text)


def _prefix(text: str, longest: int) -> str:
    used = 0
    for place, letter in enumerate(text):
        used += 2 if letter > "\uffff" else 1
        if used > longest:
            return text[:place]
    return text
