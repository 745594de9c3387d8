"""poruch bench: what the promises about speed are measured with. Needs the source checkout, for its stand-in Telegram."""

import asyncio
import importlib.util
import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from commands.bench.figures import Report

ROOT = Path(__file__).parent.parent.parent

app = typer.Typer(
    no_args_is_help=True, help="Measure how fast this machine serves people; exit 1 when something was lost."
)


@app.callback()
def _prepare() -> None:
    """Measure how fast this machine serves people; exit 1 when something was lost or doubled."""
    if str(ROOT) not in sys.path:
        sys.path.insert(0, str(ROOT))
    if importlib.util.find_spec("tests.telegram_api") is None:
        sys.exit("The benches speak with a stand-in for Telegram that lies in tests/: run them from a source checkout.")


@app.command()
def turns(
    database: Annotated[
        str, typer.Option(help="postgresql://…: a server on which the bench may make databases; SQLite when empty.")
    ] = "",
    seconds: Annotated[int, typer.Option(min=1, help="How long people write at a steady rate.")] = 60,
    rate: Annotated[int, typer.Option(min=1, max=25, help="People a second, one message each.")] = 20,
    crowd: Annotated[int, typer.Option(min=10, help="People who write as fast as they are heard.")] = 3000,
    web: Annotated[int, typer.Option(min=1, max=4, help="Web processes; more than one needs PostgreSQL.")] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """From a webhook to its acknowledgement, and to the answer in Telegram's hands."""
    from commands.bench.turns import measure

    if web > 1 and not database:
        raise typer.BadParameter("SQLite serves one process; name a PostgreSQL server with --database")
    _finish(asyncio.run(measure(database, seconds, rate, crowd, web)), as_json)


@app.command()
def triage(
    also: Annotated[
        list[Path] | None,
        typer.Option(help="More labelled messages, as lines of JSON: text, label, label2, lang, style."),
    ] = None,
    encoder: Annotated[bool, typer.Option(help="Whether the sentence encoder may be used.")] = True,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """How well messages are understood that nobody tuned for, whether danger is seen, and what one message costs."""
    from commands.bench.triage import measure

    _finish(measure(also or [], encoder), as_json)


def _finish(report: Report, as_json: bool) -> None:
    print(json.dumps(report.shown(), indent=2) if as_json else report.table())
    raise typer.Exit(1 if report.faults else 0)
