"""The walls and the ladder: the architecture is a test."""

import ast
from pathlib import Path

import pytest

import desk

ROOT = Path(__file__).parent.parent.parent
CLOSED = {
    "desk": {"bot", "api", "commands", "aiogram", "telegram", "fastapi", "starlette", "httpx", "uvicorn"},
    "bot": {"api", "commands"},
    "api": {"bot", "commands", "aiogram", "telegram", "httpx"},
}


def imports_of(file: Path) -> set[str]:
    """Full names of what a file imports."""
    found = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            found |= {f"{node.module}.{alias.name}" for alias in node.names} | {node.module}
    return found


def files_of(room: str) -> list[Path]:
    return [file for file in (ROOT / room).rglob("*.py") if "migrations" not in file.parts]


@pytest.mark.parametrize("room", CLOSED)
def test_no_room_reaches_through_a_wall(room: str) -> None:
    reached = [
        f"{file.relative_to(ROOT)} imports {name}"
        for file in files_of(room)
        for name in imports_of(file)
        if name.split(".")[0] in CLOSED[room]
    ]

    assert reached == []


def test_only_telegrams_own_folder_knows_its_libraries() -> None:
    reached = [
        f"{file.relative_to(ROOT)} imports {name}"
        for file in files_of("bot")
        if "telegram" not in file.parts
        for name in imports_of(file)
        if name.split(".")[0] in {"aiogram", "telegram"}
    ]

    assert reached == []


def names_a_channel(file: Path) -> list[str]:
    """Texts of the code that are, or hold, the name of a channel; comments and docstrings may say what they like."""
    tree = ast.parse(file.read_text())
    said = {
        node.body[0].value
        for node in ast.walk(tree)
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef))
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    return [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant)
        and node not in said
        and isinstance(node.value, str)
        and any(name in node.value.lower() for name in ("telegram", "messenger"))
    ]


def test_nothing_outside_the_channels_and_the_settings_knows_a_channel_by_name() -> None:
    """So that a further channel is a folder, a line among the recipes, its settings and its words."""
    files = [
        *files_of("desk"),
        *files_of("api"),
        *files_of("bot"),
        *files_of("commands/serving"),
        *files_of("commands/doctor"),
    ]
    # The log's own library names, and the settings of each channel.
    known = {ROOT / "desk" / "settings.py", ROOT / "desk" / "logs.py"}

    named = {
        str(file.relative_to(ROOT)): found
        for file in files
        if file not in known and "channels" not in file.parts and (found := names_a_channel(file))
    }

    assert named == {}


def test_desk_and_api_do_not_even_know_the_page_by_name() -> None:
    named = [
        str(file.relative_to(ROOT))
        for file in (*files_of("desk"), *files_of("api"))
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Constant) and node.value in ("web", "webchat")
    ]

    assert named == []


def ladder() -> list[str]:
    """The rooms of the desk from the ground up, as its own opening page lists them."""
    assert desk.__doc__
    return [line.split()[0] for line in desk.__doc__.split("\n")[2:] if line.strip() and not line.startswith(" ")]


def room_of(file: Path) -> str:
    return file.relative_to(ROOT / "desk").parts[0].removesuffix(".py")


def test_the_ladder_names_every_room_of_the_desk() -> None:
    rooms = {room_of(file) for file in files_of("desk")} - {"__init__", "models"}

    assert rooms == set(ladder())


def test_the_desk_imports_only_downwards() -> None:
    rungs = {room: height for height, room in enumerate(ladder())}
    climbs = []
    for file in files_of("desk"):
        room = room_of(file)
        if room not in rungs:
            continue
        for name in imports_of(file):
            parts = name.split(".")
            if parts[0] == "desk" and len(parts) > 1 and parts[1] in rungs and rungs[parts[1]] > rungs[room]:
                climbs.append(f"{file.relative_to(ROOT)} imports {name}")

    assert sorted(set(climbs)) == []


def test_only_the_clock_reads_the_time() -> None:
    readers = []
    for room in ("desk", "bot", "api"):
        for file in files_of(room):
            text = file.read_text()
            if file.name != "clock.py" and any(
                sign in text for sign in ("datetime.now(", "utcnow(", "time.time(", "date.today(", "time.monotonic(")
            ):
                readers.append(str(file.relative_to(ROOT)))

    assert readers == []
