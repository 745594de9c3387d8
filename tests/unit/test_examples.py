"""The example messages are whole, varied, and hold nothing of anybody real."""

import json
import re
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parent.parent.parent
EXAMPLES = ROOT / "desk" / "triage" / "examples"
FILES = sorted(EXAMPLES.rglob("*.jsonl"))
STYLES = {"plain", "typos", "latin", "surzhyk", "no_diacritics", "learner", "voice", "formal", "short"}


def content(name: str) -> Any:
    return yaml.safe_load((ROOT / "desk" / "content" / name).read_text())


LABELS = {service["id"] for service in content("services.yaml")["services"]} | {"not_a_request"}
SCENARIOS = {scenario["id"] for scenario in content("safety.yaml")["scenarios"]} | {"none"}


def folded(text: str) -> str:
    return re.sub(r"\W+", " ", text.lower()).strip()


def lines(path: Path) -> list[dict[str, str]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


HELD_OUT = [path for path in FILES if "held-out" in path.parts]
SERVICES = [line for path in sorted(EXAMPLES.glob("services/*.jsonl")) for line in lines(path)]
DANGER = [line for path in sorted(EXAMPLES.glob("danger/*.jsonl")) for line in lines(path)]


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_every_line_is_whole(path: Path) -> None:
    for line in lines(path):
        assert line["text"].strip() and len(line["text"]) < 1500, line
        assert line["lang"] in ("uk", "ru", "pl", "en"), line
        assert line["style"] in STYLES, line
        assert line["life"] and line["situation"], line
        if "label" in line:
            assert line["label"] in LABELS, line
            assert line["label2"] in LABELS | {""} and line["label2"] != line["label"], line
        else:
            assert line["scenario"] in SCENARIOS, line
            assert (line["level"] == "none") == (line["scenario"] == "none"), line


@pytest.mark.parametrize("known", [SERVICES, DANGER], ids=["services", "danger"])
def test_nothing_is_said_twice_and_no_situation_more_than_twice(known: list[dict[str, str]]) -> None:
    texts = Counter(folded(line["text"]) for line in known)
    situations = Counter((line["life"], line["situation"]) for line in known)

    assert [text for text, times in texts.items() if times > 1 and len(text) > 12] == []
    assert [situation for situation, times in situations.items() if times > 2] == []


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_there_are_no_numbers_and_addresses_of_anybody(path: Path) -> None:
    for line in lines(path):
        assert not re.search(r"\+?\d[\d -]{7,}\d", re.sub(r"\b\d{2,4}( \d{2,4})+\b(?! \d)", "", line["text"])), line
        assert not re.search(r"https?://|www\.|\S+@\S+\.\w{2,}", line["text"]), line


def test_every_service_is_asked_for_by_many_lives() -> None:
    lives = defaultdict(set)
    for line in SERVICES:
        lives[line["label"]].add(line["life"])

    assert set(lives) == LABELS
    assert min(len(those) for those in lives.values()) >= 150
    assert len(SERVICES) >= 14_000
    assert len(DANGER) >= 8_000


def test_what_is_held_out_stands_nowhere_else() -> None:
    known = {folded(line["text"]) for line in (*SERVICES, *DANGER)}
    held = [line for path in HELD_OUT for line in lines(path)]

    assert len(held) >= 2_000
    assert [line["text"] for line in held if len(folded(line["text"])) > 12 and folded(line["text"]) in known] == []
