"""poruch content: loads the starter content, and leaves alone what staff have edited."""

from pathlib import Path
from typing import Annotated

import typer

from commands.common import do, opened
from desk import library

app = typer.Typer(no_args_is_help=True, help="The starter content: loading it leaves alone what staff have edited.")


@app.callback()
def content() -> None:
    """Services, help lines, answers."""


@app.command()
def load(
    folder: Annotated[Path, typer.Argument(help="A folder with the same files as desk/content.")] = library.STARTER,
) -> None:
    """Load or update services, help lines and answers."""

    async def work() -> library.Loaded:
        async with opened() as database, database.transaction() as session:
            return await library.load(session, folder)

    loaded = do(work())
    print(f"Added {loaded.added}, updated {loaded.updated}, unchanged {loaded.unchanged}.")
