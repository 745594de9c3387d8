"""The example messages of the project: what triage and the screen learn from, and what only measures them."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Message:
    """One example. For danger, `label` is the scenario or "none", and `level` how plain it is."""

    text: str
    label: str
    label2: str = ""
    level: str = ""
    language: str = ""
    style: str = ""
    life: str = ""
    writer: str = ""  # The file; whole writers are held out where a figure must be honest.


def services() -> list[Message]:
    return _read(sorted((HERE / "services").glob("*.jsonl")))


def danger() -> list[Message]:
    return _read(sorted((HERE / "danger").glob("*.jsonl")))


def held_out_services() -> list[Message]:
    """Written apart from all others, and never trained on."""
    return _read(sorted((HERE / "held-out" / "services").glob("*.jsonl")))


def held_out_danger() -> list[Message]:
    return _read(sorted((HERE / "held-out" / "danger").glob("*.jsonl")))


def _read(paths: Iterable[Path]) -> list[Message]:
    return [
        Message(
            text=line["text"],
            label=line.get("label") or line["scenario"],
            label2=line.get("label2") or "",
            level=line.get("level") or "",
            language=line["lang"],
            style=line["style"],
            life=line["life"],
            writer=path.stem,
        )
        for path in paths
        for row in path.read_text(encoding="utf-8").splitlines()
        if (line := json.loads(row))
    ]
