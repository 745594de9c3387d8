"""The command: what an operator can have Poruch do."""

import asyncio
import sys
from typing import Annotated

import typer

from commands import bench, content, staff, token
from desk.settings import Settings, SettingsError, load_settings

VERSION = "0.1.0"
PARTS = ("web", "delivery", "rounds")

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Poruch, the help-desk of a centre for refugees. Begin with `poruch run`.",
)
app.add_typer(bench.app, name="bench")
app.add_typer(content.app, name="content")
app.add_typer(staff.app, name="staff")
app.add_typer(token.app, name="token")


@app.command()
def run(
    host: Annotated[str | None, typer.Option(help="Where to listen; PORUCH_HOST otherwise.")] = None,
    port: Annotated[int | None, typer.Option(help="Where to listen; PORUCH_PORT otherwise.")] = None,
    part: Annotated[
        list[str] | None, typer.Option(help="web, delivery or rounds; all of them when none is named.")
    ] = None,
) -> None:
    """Start everything in one process, or only the named parts."""
    parts = tuple(part or PARTS)
    if unknown := set(parts) - set(PARTS):
        raise typer.BadParameter(f"there is no part {', '.join(sorted(unknown))}; choose from {', '.join(PARTS)}")
    settings = load_settings()
    if host is not None or port is not None:
        settings = settings.model_copy(
            update={name: value for name, value in (("host", host), ("port", port)) if value is not None}
        )
    from commands.serving import serve

    asyncio.run(serve(settings, parts))


@app.command()
def migrate() -> None:
    """Bring the database to this version."""
    from desk import schema
    from desk.database import Database

    async def up() -> None:
        database = Database(_settings_with_data_dir().database)
        await schema.bring_up_to_date(database)
        await database.close()

    asyncio.run(up())
    print("The database is up to date.")


@app.command()
def chat() -> None:
    """Talk to Poruch in this terminal: the whole conversation, with nothing installed."""
    from commands.chat import talk

    asyncio.run(talk(load_settings()))


@app.command()
def triage(
    text: Annotated[str | None, typer.Argument(help="What a person might write. Or: learn, forget, train.")] = None,
    jsonl: Annotated[
        bool, typer.Option("--jsonl", help='Read lines {"id": …, "text": …} from standard input.')
    ] = False,
) -> None:
    """Show what Poruch understands of a text; or learn from the examples again."""
    from commands.common import do
    from commands.triage import forget, learn, show, train

    match text:
        case "train" if not jsonl:
            train()
        case "learn" if not jsonl:
            do(learn())
        case "forget" if not jsonl:
            do(forget())
        case _:
            show(text, jsonl)


@app.command()
def doctor(
    fix: Annotated[
        bool, typer.Option("--fix", help="Set right at the channels what can be set right from here.")
    ] = False,
) -> None:
    """Check settings, database, channels, translator, clock, disk; exit 1 on any error."""
    from commands.doctor import examine

    raise typer.Exit(asyncio.run(examine(load_settings(), fix=fix)))


@app.command()
def demo() -> None:
    """Fill an empty installation with believable people, tickets and courses."""
    from commands.demo import fill

    asyncio.run(fill(load_settings()))


def _settings_with_data_dir() -> Settings:
    settings = load_settings()
    if settings.database.startswith("sqlite"):
        settings.data_dir.mkdir(parents=True, exist_ok=True)
    return settings


def main() -> None:
    try:
        app()
    except SettingsError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
