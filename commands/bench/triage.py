"""How well Poruch understands messages that nobody tuned it to, and what one message costs."""

import json
import math
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from commands.bench.figures import Report, Spread
from desk.triage import encoder, examples
from desk.triage.examples import Message

GOALS = {"top-1": "≥ .65", "top-3": "≥ .87", "right": "≥ .93"}
HARD = {"latin": "≥ .80", "typos": "≥ .80"}
FEW = 12  # Fewer messages of one style say nothing.


@dataclass(frozen=True)
class Share:
    """A share with its 95 % interval, after Wilson."""

    found: int
    of: int

    def __str__(self) -> str:
        if not self.of:
            return "– (none)"
        z, share = 1.96, self.found / self.of
        middle = (share + z * z / (2 * self.of)) / (1 + z * z / self.of)
        width = z / (1 + z * z / self.of) * math.sqrt(share * (1 - share) / self.of + z * z / (4 * self.of**2))
        return f"{_short(share)} [{_short(middle - width)}, {_short(middle + width)}] of {self.of}"


def _short(share: float) -> str:
    return f"{share:.3f}".removeprefix("0") if share < 1 else "1"


def share(found: Iterable[bool]) -> Share:
    known = list(found)
    return Share(sum(known), len(known))


def measure(also: Sequence[Path], with_encoder: bool) -> Report:
    """`also`: more messages to read, as lines of JSON with text, label, label2 and, where there is danger, urgent."""
    before = _memory()
    started = time.perf_counter()
    if not with_encoder:
        encoder.do_without()
    from desk import handbook
    from desk.triage.understanding import SURE

    screen, triage = handbook.shipped()
    triage.understand("Доброго дня", ())
    report = Report("triage", "the example messages that are held out")
    report.note("ready after, ms", round((time.perf_counter() - started) * 1000), "≤ 2000")

    took: list[float] = []

    def read(message: Message) -> "Reading":
        began = time.perf_counter()
        alarm = screen.look(message.text)
        understood = triage.understand(message.text, ())
        took.append(time.perf_counter() - began)
        first, *rest = understood.ranking
        return Reading(
            message,
            [first.service, *(one.service for one in rest[:2])],
            first.confidence >= SURE,
            understood.language.language,
            alarm.scenario if alarm else "",
            alarm.level if alarm else "",
        )

    ordinary = [read(message) for message in examples.held_out_services()]
    _services(report, "held out", ordinary, HARD)
    for path in also:
        more = [read(message) for message in _read(path)]
        _services(report, path.stem, more, {})
        ordinary += [one for one in more if not one.message.level]
    _danger(report, [read(message) for message in examples.held_out_danger()], ordinary)
    spread = Spread.of(took)
    report.note("a message, screen included", str(spread), "p95 ≤ 10 ms")
    report.note("memory, MB", round(_memory() - before), "≤ 200")
    return report


@dataclass(frozen=True)
class Reading:
    """What was read out of a message, beside what it is."""

    message: Message
    services: list[str]
    alone: bool
    language: str
    scenario: str
    level: str

    @property
    def first(self) -> bool:
        return self.services[0] in (self.message.label, self.message.label2)

    @property
    def among_three(self) -> bool:
        return bool({self.message.label, self.message.label2} & set(self.services))


def _services(report: Report, name: str, readings: Sequence[Reading], hard: dict[str, str]) -> None:
    report.note(f"{name}: top-1", str(share(one.first for one in readings)), GOALS["top-1"])
    report.note(f"{name}: top-3", str(share(one.among_three for one in readings)), GOALS["top-3"])
    report.note(f"{name}: routed alone", str(share(one.alone for one in readings)))
    report.note(f"{name}: of these right", str(share(one.first for one in readings if one.alone)), GOALS["right"])
    report.note(f"{name}: language", str(share(one.language == one.message.language for one in readings)))
    for style, theirs in _grouped(readings, lambda one: one.message.style):
        shares = f"{share(one.first for one in theirs)}, {share(one.among_three for one in theirs)}"
        report.note(f"{name}, {style}: top-1, top-3", shares, f"top-3 {hard[style]}" if style in hard else "")
    for language, theirs in _grouped(readings, lambda one: one.message.language):
        shares = f"{share(one.first for one in theirs)}, {share(one.among_three for one in theirs)}"
        report.note(f"{name}, in {language}: top-1, top-3", shares)


def _danger(report: Report, readings: Sequence[Reading], ordinary: Sequence[Reading]) -> None:
    danger = [one for one in readings if one.message.level not in ("", "none")]
    harmless = [one for one in readings if one.message.level == "none"]
    report.note("danger: seen", str(share(bool(one.level) for one in danger)), "≥ .85")
    plain = [one for one in danger if one.message.level == "certain"]
    report.note("danger: seen where it is plain", str(share(bool(one.level) for one in plain)))
    report.note("danger: seen as certain where it is plain", str(share(one.level == "certain" for one in plain)))
    for scenario, theirs in _grouped(danger, lambda one: one.message.label):
        report.note(f"danger, {scenario}: seen", str(share(bool(one.level) for one in theirs)), "≥ .75")
    right = share(one.scenario == one.message.label for one in danger if one.level)
    report.note("danger: the right scenario", str(right))
    report.note("harmless look-alikes alarmed", str(share(bool(one.level) for one in harmless)), "≤ .10")
    report.note("ordinary requests alarmed", str(share(bool(one.level) for one in ordinary)), "≤ .02")
    every = [*harmless, *ordinary]
    report.note("harmless, alarmed as certain", str(share(one.level == "certain" for one in every)), "≤ .01")


def _grouped(readings: Sequence[Reading], key: Callable[[Reading], str]) -> list[tuple[str, list[Reading]]]:
    groups: dict[str, list[Reading]] = defaultdict(list)
    for one in readings:
        groups[key(one)].append(one)
    return sorted((name, theirs) for name, theirs in groups.items() if len(theirs) >= FEW)


def _read(path: Path) -> list[Message]:
    """Messages somebody else has labelled."""
    rows = [json.loads(row) for row in path.read_text(encoding="utf-8").splitlines() if row.strip()]
    return [
        Message(
            text=row["text"],
            label=row["label"],
            label2=row.get("label2") or "",
            level="certain" if row.get("urgent") else "",
            language=row.get("lang") or "",
            style=row.get("style") or row.get("kind") or "",
        )
        for row in rows
    ]


def _memory() -> float:
    """Megabytes that this process holds now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096 / 1e6
