"""The terminal as a channel, for trying out: a typed line is heard, what is told is printed with its buttons numbered."""

from collections.abc import Callable
from textwrap import indent

from bot.channels import Outgoing, Refused
from desk import clock
from desk.channels import Facts
from desk.messages import Heard
from desk.people import Place

FACTS = Facts(name="console", title="Terminal", longest=20_000, taps_commands=True)


class Console:
    """One person at one keyboard."""

    facts = FACTS
    account = ""
    gap = 0.0

    def __init__(self, show: Callable[[str], None]) -> None:
        self._show = show
        self._buttons: tuple[tuple[str, str], ...] = ()
        self._heard = self._told = 0

    def heard(self, line: str) -> Heard:
        """What a typed line is: the number of a button on the screen, or words."""
        self._heard += 1
        place, typed = Place(FACTS.name, "keyboard"), line.strip()
        number = int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 3 else 0
        if 0 < number <= len(self._buttons):
            choice = self._buttons[number - 1][0]
            return Heard(place, key=str(self._heard), said_at=clock.now(), kind="press", choice=choice)
        return Heard(place, key=str(self._heard), said_at=clock.now(), text=line)

    async def ready(self) -> None:
        """A terminal has no pace."""

    async def send(self, external: str, outgoing: Outgoing) -> str:
        self._buttons = outgoing.choices
        numbered = "  ".join(f"[{number}] {label}" for number, (_, label) in enumerate(outgoing.choices, 1))
        self._show(indent("\n".join(filter(None, [outgoing.text, numbered])), "    ") + "\n")
        self._told += 1
        return str(self._told)

    async def fetch(self, remote: str) -> bytes:
        raise Refused("a terminal has no files")

    async def close(self) -> None:
        """Nothing is held."""
