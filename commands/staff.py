"""poruch staff: accounts of the people who work at the centre."""

import getpass
import secrets
import sys
from typing import Annotated

import typer

from commands.common import do, opened
from desk import staff as accounts
from desk.errors import NotFound

app = typer.Typer(no_args_is_help=True, help="Accounts of the people who work at the centre.")

FromInput = Annotated[bool, typer.Option("--password-stdin", help="Read the password from standard input.")]


@app.command()
def add(
    email: str,
    name: Annotated[str, typer.Option()],
    role: Annotated[accounts.Role, typer.Option()],
    team: Annotated[list[str] | None, typer.Option(help="A team beside the role, such as psychologist.")] = None,
    password_stdin: FromInput = False,
) -> None:
    """Add an account."""
    password, shown = _password(password_stdin)

    async def work() -> None:
        async with opened() as database, database.transaction() as session:
            await accounts.add_staff(session, email, name, role, password, teams=team)

    do(work())
    print(f"Added {email}." + (f" Password: {password}" if shown else ""))


@app.command("list")
def list_() -> None:
    """Show the accounts."""

    async def work() -> list[accounts.Staff]:
        async with opened() as database, database.reading() as session:
            return await accounts.everyone(session)

    for member in do(work()):
        print(f"{member.email}\t{member.name}\t{member.role.value}\t{'disabled' if member.disabled else 'active'}")


@app.command()
def reset(email: str, password_stdin: FromInput = False) -> None:
    """Give an account a new password and end its sessions."""
    password, shown = _password(password_stdin)

    async def work() -> None:
        async with opened() as database, database.transaction() as session:
            await accounts.reset_password(session, email, password)

    do(work())
    print("Done." + (f" Password: {password}" if shown else ""))


@app.command()
def disable(email: str) -> None:
    """Close an account; what it wrote stays."""

    async def work() -> None:
        async with opened() as database, database.transaction() as session:
            member = await accounts.by_email(session, email)
            if member is None:
                raise NotFound("error.no_staff")
            await accounts.disable(session, member)

    do(work())
    print("Done.")


def _password(from_input: bool) -> tuple[str, bool]:
    """A password, and whether we made it and must show it."""
    if from_input:
        return sys.stdin.readline().rstrip("\n"), False
    if sys.stdin.isatty():
        given = getpass.getpass("Password (empty: make one): ")
        if given:
            return given, False
    return secrets.token_urlsafe(12), True
