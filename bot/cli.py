"""The `bricol` command: each subcommand reads the settings, builds what it needs and nothing more."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Annotated, Any

import typer

from bot.desk_command import app as desk_app

app = typer.Typer(
    name="bricol",
    help="A conversational agent for a home-services marketplace: Darija, French, Arabic, English.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

#: What plug-in commands do, without importing them for `--help`.
PLUGIN_HELP = {
    "eval": "Play regression conversations and judge them.",
    "train": "Train a model by name.",
    "bench": "Measure turns, webhooks, start and memory.",
    "simulate": "Simulate a market with known ground truth.",
}


@contextmanager
def _plain_errors() -> Iterator[None]:
    """What a person did wrong is said in a line; only bugs show more, and those go to the log."""
    try:
        yield
    except (typer.Exit, typer.Abort, SystemExit, KeyboardInterrupt):
        raise
    except Exception as error:
        from sqlalchemy.exc import SQLAlchemyError

        from bot.settings import SettingsError
        from domain.store.migrate import MigrationError

        if isinstance(error, SettingsError | MigrationError) or error.__class__.__name__ == "ChatError":
            _fail(str(error))
        if isinstance(error, SQLAlchemyError):
            _fail(f"the store cannot be used: {str(error).splitlines()[0]}\nSee what to mend with: bricol doctor")
        import logging

        logging.getLogger(__name__).exception("command failed")
        _fail(f"unexpected failure: {error.__class__.__name__}: {error}")


def _fail(message: str, code: int = 2) -> None:
    sys.stderr.write(message.rstrip() + "\n")
    raise typer.Exit(code)


def _settings(**overrides: Any) -> Any:
    from bot import settings

    return settings.load(**{name: value for name, value in overrides.items() if value is not None})


@app.command()
def serve(
    port: Annotated[int | None, typer.Option(help="Instead of BRICOL_PORT.")] = None,
    host: Annotated[str | None, typer.Option(help="Instead of BRICOL_HOST.")] = None,
    worker: Annotated[bool, typer.Option(help="Also play conversations in this process.")] = True,
) -> None:
    """Run the server and its worker; an empty store is migrated and gets the demo market."""
    with _plain_errors():
        from bot import server

        server.serve(_settings(port=port, host=host), with_worker=worker)


@app.command()
def work() -> None:
    """Run a worker without a server; give each its own BRICOL_EXECUTOR_ID."""
    with _plain_errors():
        from bot import server

        server.work(_settings())


@app.command()
def migrate() -> None:
    """Bring the store to the tables of this version."""
    with _plain_errors():
        from domain.store.migrate import migrate as bring_up

        settings = _settings()
        settings.data_dir.mkdir(parents=True, exist_ok=True)
        typer.echo(f"store at revision {bring_up(settings.store_url)}")


@app.command()
def demo() -> None:
    """Load the demo market into an empty store."""
    with _plain_errors():
        from bot import wiring

        house = wiring.build(_settings(), channels={})
        if wiring.prepare_store(house):
            typer.echo(f"loaded {house.settings.world}")
        elif not house.settings.world.exists():
            _fail(f"BRICOL_WORLD: there is no file {house.settings.world}. Example: BRICOL_WORLD=evals/worlds/demo.yaml")
        else:
            typer.echo("the store has a market already; for a fresh one, remove the data directory or point BRICOL_DATABASE_URL to an empty database")


@app.command()
def chat(
    phone: Annotated[str, typer.Option("--as", help="Who writes: a phone in international form.")] = "+212661000001",
    role: Annotated[str, typer.Option(help="client or technician")] = "client",
    channel: Annotated[str, typer.Option(help="whatsapp, sms, web or telegram; technicians: sms")] = "",
    model: Annotated[str | None, typer.Option(help="Instead of BRICOL_MODEL.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON line per turn.")] = False,
    now: Annotated[str | None, typer.Option(help="Local time to start from; the clock then stands still. 2026-11-23T10:00")] = None,
) -> None:
    """Talk to the service in the terminal; piped input is one message a line."""
    with _plain_errors():
        if role not in ("client", "technician"):
            _fail(f"--role {role!r} must be client or technician")
        channel = channel or ("sms" if role == "technician" else "whatsapp")
        if channel not in ("whatsapp", "sms", "web", "telegram"):
            _fail(f"--channel {channel!r} must be whatsapp, sms, web or telegram")
        if not (phone.startswith("+") and phone[1:].isdigit() and 8 <= len(phone) <= 16):
            _fail(f"--as {phone!r} must be a phone in international form; example: --as +212661000001")
        settings = _settings(model=model)
        from bot import logs
        from bot.chat import Chat, read_lines, run

        logs.configure(settings.log_level, settings.data_dir / "bricol.log")
        conversation = Chat(settings, phone=phone, role=role, channel=channel, now=now)
        run(conversation, read_lines(sys.stdin), as_json=as_json, interactive=sys.stdin.isatty())


@app.command()
def understand(role: Annotated[str | None, typer.Option(help="client or technician, where a record does not say.")] = None) -> None:
    """Read JSON records from standard input and add what each message means."""
    with _plain_errors():
        from bot.understand_command import run

        if role not in (None, "client", "technician"):
            _fail(f"--role {role!r} must be client or technician")
        if not run(sys.stdin.buffer, sys.stdout, sys.stderr, role or "client"):
            raise typer.Exit(1)


@app.command()
def doctor(as_json: Annotated[bool, typer.Option("--json")] = False) -> None:
    """Say what is configured, reachable and migrated, and how to mend what is not."""
    with _plain_errors():
        from bot import doctor as checks

        findings = checks.examine()
        if as_json:
            typer.echo(json.dumps([f.to_dict() for f in findings], ensure_ascii=False, indent=1))
        else:
            checks.show(findings)
        if any(f.state == "broken" for f in findings):
            raise typer.Exit(1)


@app.command()
def index() -> None:
    """Bring the knowledge index up to date: only what changed is read again."""
    with _plain_errors():
        import retrieval
        from bot.settings import load

        knowledge, synced = retrieval.prepare(folder=load().index_folder)
        if synced is None:
            typer.echo(f"{knowledge.count()} texts, searched by words alone: there is no encoder (bricol train understanding)")
        else:
            typer.echo(f"index ready: {synced.added} texts new or changed, {synced.removed} gone, {synced.kept} as they were")


@app.command()
def models(
    as_json: Annotated[bool, typer.Option("--json")] = False,
    html: Annotated[Path | None, typer.Option(help="write a page per model and an index into this folder")] = None,
    live: Annotated[bool, typer.Option("--live", help="what real outcomes say of predictions that were told")] = False,
) -> None:
    """List the models that exist, how they were measured, and whether they serve."""
    with _plain_errors():
        from bot import models_command

        if html is not None:
            _forward("eval", ["pages", str(html), *(["--live"] if live else [])])
        elif live:
            models_command.show_live(_settings())
        elif as_json:
            typer.echo(json.dumps(models_command.listed(), ensure_ascii=False))
        else:
            models_command.show(models_command.told())


outbox = typer.Typer(help="Look at what could not be sent, and send it again.", no_args_is_help=True, pretty_exceptions_enable=False)
app.add_typer(outbox, name="outbox")
app.add_typer(desk_app, name="desk")


@outbox.command("dead")
def outbox_dead(
    every: Annotated[bool, typer.Option("--all", help="Also what reached the person another way, or was sent again.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=1000)] = 50,
    as_json: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """List the messages that failed for good, newest first, and why. Phones and details are masked but in --json."""
    with _plain_errors(), _store() as db:
        from bot.redact import redact
        from domain.store.dead_letters import dead

        with db.reading() as session:
            letters = dead(session, limit, open_only=not every)
        if as_json:
            typer.echo(json.dumps([one.to_dict() for one in letters], ensure_ascii=False, indent=1))
            return
        for one in letters:
            after = f" (instead: {one.moved_to})" if one.moved_to else f" (sent again: {one.resent_as})" if one.resent_as else ""
            typer.echo(f"{one.row_id}  {one.created_at:%Y-%m-%d %H:%M}  {one.channel}  {one.category}  {one.error}{after}")
            typer.echo(f"      {redact(' '.join(one.text.split()))[:110]}")
        if not letters:
            typer.echo("nothing failed for good")


@outbox.command("resend")
def outbox_resend(row: Annotated[int, typer.Argument(help="number of a failed message, as `bricol outbox dead` shows it")]) -> None:
    """Queue a failed message once more; what is true now counts: silence people asked for, quiet hours, sessions."""
    with _plain_errors(), _store() as db:
        from domain.clock import SystemClock
        from domain.store.dead_letters import NotDead, resend

        try:
            with db.transaction() as session:
                number = resend(session, row, SystemClock().now())
        except NotDead as refused:
            _fail(str(refused), 1)
        else:
            typer.echo(f"queued as {number}; a running worker sends it within seconds")


@contextmanager
def _store() -> Iterator[Any]:
    """The store alone, without the house around it."""
    from domain.store.database import Database

    db = Database(_settings().store_url)
    try:
        yield db
    finally:
        db.close()


def _forward(name: str, args: list[str]) -> None:
    """Runs a command of a folder above this one, as if it had been typed."""
    entry = next((each for each in entry_points(group="bricol.commands") if each.name == name), None)
    if entry is None:
        _fail(f"bricol {name} is not installed here. Install the whole project: make setup-dev")
    else:
        _run_plugin(entry, args)


def _plugin(entry: EntryPoint) -> Callable[[typer.Context], None]:
    """A command of a folder above this one, imported only when it is called."""

    def run(ctx: typer.Context) -> None:
        _run_plugin(entry, ctx.args)

    run.__doc__ = PLUGIN_HELP.get(entry.name, f"From {entry.module}.")
    return run


def _run_plugin(entry: EntryPoint, args: list[str]) -> None:
    try:
        command = entry.load()
    except (ImportError, AttributeError) as error:
        _fail(f"bricol {entry.name} is not installed here: {error}. Install the whole project: make setup-dev")
    if not isinstance(command, typer.Typer):
        single = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
        single.command(entry.name)(command)
        command = single
    command(args=args, prog_name=f"bricol {entry.name}")


def _add_plugins() -> None:
    own = {command.name or (command.callback.__name__ if command.callback else "") for command in app.registered_commands}
    for entry in sorted(entry_points(group="bricol.commands"), key=lambda e: e.name):
        if entry.name not in own:
            own.add(entry.name)
            passing = {"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}
            app.command(entry.name, context_settings=passing, add_help_option=False)(_plugin(entry))


_add_plugins()


def main() -> None:
    """Entry for `python -m bot.cli`; a closed pipe ends quietly."""
    try:
        app()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


if __name__ == "__main__":
    main()
