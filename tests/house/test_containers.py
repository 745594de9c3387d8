"""The containers ask only for what there is: parts, commands, settings, files."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

import poruch
from desk.settings import Settings

ROOT = Path(__file__).parent.parent.parent
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
OURS = {name: service for name, service in COMPOSE["services"].items() if service.get("image") == "poruch"}


def test_every_setting_of_the_containers_is_one() -> None:
    known = {f"PORUCH_{name.upper()}" for name in Settings.model_fields} | {"PORUCH_DOMAIN", "POSTGRES_PASSWORD"}
    named = set(re.findall(r"\b(?:PORUCH|POSTGRES)_[A-Z_]+", (ROOT / "docker-compose.yml").read_text()))

    assert named - known <= {"POSTGRES_USER", "POSTGRES_DB"}
    assert set(re.findall(r"PORUCH_[A-Z_]+", (ROOT / "Dockerfile").read_text())) <= known


@pytest.mark.parametrize("name", OURS)
def test_every_command_of_the_containers_is_one(name: str) -> None:
    command = OURS[name]["command"]
    said = command[2].split(" && ") if command[0] == "sh" else [" ".join(command)]

    for one in said:
        program, *words = one.split()
        assert program == "poruch"
        options = [words[at + 1] for at, word in enumerate(words) if word == "--part"]
        assert set(options) <= set(poruch.PARTS)
        plain = [word for word in words if not word.startswith("--") and word not in options]
        assert CliRunner().invoke(poruch.app, [*plain, "--help"]).exit_code == 0


def test_together_the_containers_do_every_part() -> None:
    parts = {word for service in OURS.values() for word in service["command"]} & set(poruch.PARTS)

    assert parts == set(poruch.PARTS)


def test_what_is_copied_is_there() -> None:
    assert (ROOT / "Caddyfile").exists()
    for name in re.findall(r"^COPY (\S+) ", (ROOT / "Dockerfile").read_text(), re.MULTILINE):
        assert (ROOT / name).exists()
