"""The golden conversations, word for word: tests/stories/golden/*.txt are read and played."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from pathlib import Path

import pytest

from desk import clock, ids
from tests.town import WARSAW, Town, Villager, reads_as

GOLDEN = Path(__file__).parent / "golden"
BUTTON = re.compile(r"\[([^\]]+)\]")
STAFF = {"Marta", "Paweł", "Beata"}


@dataclass
class Line:
    """One row of a conversation: who, when, what; for staff also what they typed in Polish."""

    who: str
    at: datetime
    text: str
    buttons: list[str] = field(default_factory=list)
    number: int = 0
    pressed: str = ""
    acts: dict[str, str] = field(default_factory=dict)


def read(path: Path) -> tuple[dict[str, str], list[Line]]:
    """The settings at the top (`key = value`) and the lines of a conversation."""
    settings: dict[str, str] = {}
    lines: list[Line] = []
    at: datetime | None = None
    rows = path.read_text().split("\n")
    place = 0
    while place < len(rows):
        row = rows[place]
        place += 1
        if row.startswith("#") or not row.strip():
            continue
        if row.startswith("@ "):
            at = datetime.strptime(row[2:].strip(), "%Y-%m-%d %H:%M:%S").replace(tzinfo=WARSAW)
        elif " = " in row and at is None:
            key, _, value = row.partition(" = ")
            settings[key.strip()] = value.strip()
        else:
            assert at is not None, path
            who, _, text = row.partition(":")
            block = [text.strip()] if text.strip() else []
            while place < len(rows) and (rows[place].startswith("  ") or _goes_on(rows, place)):
                block.append(rows[place][2:])
                place += 1
            lines.append(_line(who.strip(), at, block, place))
    return settings, lines


def _goes_on(rows: list[str], place: int) -> bool:
    """An empty line inside a message."""
    return not rows[place].strip() and place + 1 < len(rows) and rows[place + 1].startswith("  ")


def _line(who: str, at: datetime, block: list[str], number: int) -> Line:
    acts = {}
    while block and (found := re.match(r"~(\w+) ?(.*)", block[0])):
        acts[found[1]] = found[2]
        block = block[1:]
    if who not in ("bot", *STAFF) and len(block) == 1 and (pressed := re.fullmatch(r"\[([^\]]+)\]", block[0])):
        return Line(who, at, "", number=number, pressed=pressed[1])
    buttons: list[str] = []
    if block and re.fullmatch(r"(\[[^\]]+\] ?)+", block[-1].strip()):
        buttons = BUTTON.findall(block.pop())
    return Line(who, at, "\n".join(block).strip("\n"), buttons, number, acts=acts)


def stories() -> Iterator[object]:
    for path in sorted(GOLDEN.glob("*.txt")):
        yield pytest.param(path, id=path.stem)


@pytest.mark.parametrize("path", list(stories()))
async def test_a_golden_conversation_goes_word_for_word(
    path: Path, town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings, lines = read(path)
    refs = iter(settings["refs"].split())
    monkeypatch.setattr(ids, "ticket_ref", lambda _digits=6: next(refs))
    if "reads" in settings:
        reads_as(monkeypatch, lines[0].text, settings["reads"])
    clock.stand_at(lines[0].at)
    villager = town.person(settings["who"], settings.get("channel", "telegram"))

    for line in lines:
        await _until(town, line.at)
        where = f"{path.name}:{line.number}"
        if line.who == "bot":
            shown = villager.reads() if villager.unread else await _soon(town, villager, where, line)
            assert shown.text == line.text, where
            assert shown.buttons == line.buttons, where
        elif line.who in STAFF:
            await _staff_acts(town, villager, line, where)
        elif line.who == "popup":
            assert villager.popups.pop(0) == line.text, where
        elif line.who == "away":
            began, ended = (_at(line.at, hour) for hour in line.text.split())
            await town.was_away(began, ended)
        elif line.who == "nothing":
            await town.waits(timedelta(seconds=6))
            assert villager.unread == [], where
        else:
            assert villager.unread == [], f"{where}: unread {villager.unread}"
            await _speaks(villager, line)

    await town.waits(timedelta(seconds=6))
    assert villager.unread == []


def _at(day: datetime, hour: str) -> datetime:
    """«10:40» of that day."""
    return datetime.combine(day, time.fromisoformat(hour), WARSAW)


async def _until(town: Town, moment: datetime) -> None:
    if moment > clock.now():
        await town.until(moment)


async def _soon(town: Town, villager: Villager, where: str, line: Line):  # type: ignore[no-untyped-def]
    """An answer that waits for a burst to go quiet."""
    await town.waits(timedelta(seconds=5))
    assert villager.unread, f"{where}: the bot says nothing, expected {line.text!r}"
    return villager.reads()


async def _speaks(villager: Villager, line: Line) -> None:
    if line.pressed:
        await villager.presses(line.pressed)
    elif "leaves" in line.acts:
        await villager.leaves()
    elif "sends" in line.acts:
        kind, _, size = line.acts["sends"].partition(" ")
        await villager.sends(kind, line.text, size=int(size or 1000))
    elif "replies_to" in line.acts:
        number = next(shown.number for shown in reversed(villager.screen) if line.acts["replies_to"] in shown.text)
        await villager.writes(line.text, reply_to=number)
    elif "old" in line.acts:
        shown = next(shown for shown in villager.screen if line.acts["old"] in shown.data)
        await villager._sends(kind="press", choice=shown.data[line.acts["old"]], reply_to=shown.number)
    else:
        said_at = _at(line.at, line.acts["said"]) if "said" in line.acts else None
        await villager.writes(line.text, said_at=said_at)


async def _staff_acts(town: Town, villager: Villager, line: Line, where: str) -> None:
    """Staff write Polish; `~shown` is the translation, and what stands in the file is what the person reads."""
    worker = await town.staff(line.who)
    ticket = await town.ticket(line.acts.get("ref", ""))
    if "takes" in line.acts:
        response = await worker.posts(f"/staff/tickets/{ids.spoken(ticket.ref)}/take")
        assert response.status_code == 303, (where, response.text[-2000:])
        return
    if "hands_back" in line.acts:
        response = await worker.posts(f"/staff/tickets/{ids.spoken(ticket.ref)}/handback")
        assert response.status_code == 303, (where, response.text[-2000:])
        return
    if "closes" in line.acts:
        response = await worker.closes(ticket, line.acts["closes"], line.acts["polish"], line.acts.get("shown", ""))
    else:
        polish, shown_as = line.acts["polish"], line.acts.get("shown", "")
        response = await worker.answers(
            ticket, polish, shown_as, corrected="by_hand" in line.acts, confirm="confirms" in line.acts
        )
    assert response.status_code == 303, (where, response.text[-2000:])
    shown = villager.reads()
    assert shown.text == line.text, where
    assert shown.buttons == line.buttons, where
