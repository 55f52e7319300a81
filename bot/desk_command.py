"""`bricol desk`: who works at the desk."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from bot.settings import Settings
    from bot.wiring import House

app = typer.Typer(help="Accounts of the desk where people take over.", no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)

DEMO_LOGIN = "demo"


@app.command("add")
def add(
    login: Annotated[str, typer.Argument(help="Small letters and digits; what colleagues and the audit see.")],
    role: Annotated[str, typer.Option(help="agent (conversations), lead (also refunds, reports), operator (reports, audit)")] = "agent",
    name: Annotated[str, typer.Option(help="What clients read; the login when left out.")] = "",
) -> None:
    """Make an account, or give one a new password and role; asks for the password."""
    from channels.desk import accounts, passwords

    password = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    house = _house()
    try:
        accounts.add(house.db, house.clock.now(), login, password, role, name)
    except (accounts.BadAccount, passwords.WeakPassword) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from None
    finally:
        house.close()
    typer.echo(f"{login} may sign in at {house.settings.address}/desk as {role}")


@app.command("close")
def close(login: str) -> None:
    """End an account and its sessions; what it did stays in the audit."""
    from channels.desk import accounts

    house = _house()
    found = accounts.close(house.db, house.clock.now(), login)
    house.close()
    if not found:
        typer.echo(f"there is no account {login!r}", err=True)
        raise typer.Exit(2)
    typer.echo(f"{login} may not sign in any more")


def demo_account(house: House) -> tuple[str, str] | None:
    """(login, password) of the demonstration's own desk account, with a new password at each start; None where this is no demonstration."""
    from channels.desk import accounts

    if not house.settings.demo_on:
        return None
    password = secrets.token_urlsafe(9)
    accounts.add(house.db, house.clock.now(), DEMO_LOGIN, password, "lead", "Karima")
    return DEMO_LOGIN, password


def _house() -> House:
    from bot import settings, wiring

    try:
        found: Settings = settings.load()
    except settings.SettingsError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from None
    house = wiring.build(found, channels={})
    wiring.prepare_store(house, world=False)
    return house
