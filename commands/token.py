"""poruch token: tokens of other systems for the JSON API."""

from typing import Annotated

import typer

from commands.common import do, opened
from desk import clock, tokens

app = typer.Typer(no_args_is_help=True, help="Tokens of other systems for the JSON API.")


@app.command()
def add(
    name: str,
    scope: Annotated[tokens.Scope, typer.Option()],
    days: Annotated[int, typer.Option(min=1, max=3650)] = tokens.LASTS_DAYS,
    sensitive: Annotated[bool, typer.Option("--sensitive", help="Sees sensitive services too.")] = False,
) -> None:
    """Make a token; it is printed this once, as the last word."""

    async def work() -> str:
        async with opened() as database, database.transaction() as session:
            return await tokens.add(session, name, scope.value, days, sensitive=sensitive)

    print(f"Token {name}, good for {days} days: {do(work())}")


@app.command("list")
def list_() -> None:
    """Show the tokens, without their secrets."""

    async def work() -> list[tokens.Token]:
        async with opened() as database, database.reading() as session:
            return await tokens.everyone(session)

    for token in do(work()):
        day = f"{token.expires_at:%Y-%m-%d}"
        state = "revoked" if token.revoked else f"expired {day}" if token.expires_at <= clock.now() else f"until {day}"
        print(f"{token.name}\t{token.scope.value}{' sensitive' if token.sensitive else ''}\t{state}")


@app.command()
def revoke(name: str) -> None:
    """End a token at once."""

    async def work() -> None:
        async with opened() as database, database.transaction() as session:
            await tokens.revoke(session, name)

    do(work())
    print("Done.")
