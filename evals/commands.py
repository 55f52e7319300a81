"""`bricol eval audit`, `from-conversation`, `redteam`, `models` and `pages`; evals/cli.py mounts them."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from evals.market_models.cli import models, pages
from evals.redteam.cli import redteam

if TYPE_CHECKING:
    from evals.audit import Audited


def mount(app: typer.Typer) -> None:
    """Adds the commands of this file."""
    app.command("audit")(audit)
    app.command("from-conversation")(from_conversation)
    app.command("redteam")(redteam)
    app.command("models")(models)
    app.command("pages")(pages)


def audit(
    paths: Annotated[list[Path], typer.Argument(help="scenario files or folders")],
    json_file: Annotated[Path | None, typer.Option("--json", help="write every verdict here")] = None,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="also tell what no tool could bring about")] = False,
    workers: Annotated[int, typer.Option(min=1, help="processes; the verdicts do not depend on it")] = min(2, os.cpu_count() or 1),
) -> None:
    """Shows that each scenario can be passed and cannot be passed by doing nothing. Exit 0: all; 1: some are not; 2: no such path."""
    from evals import audit as auditing
    from evals.scenario import ScenarioError

    console = Console(stderr=True)

    def tell(one: Audited) -> None:
        for name in one.idle:
            cure = "expect a call, a row of `after` or words that only work done can give"
            console.print(f"{one.path}: the {name} agent passes; {cure}", markup=False, soft_wrap=True)
        for why in one.impossible:
            console.print(f"{one.path}: an oracle fails: {why}", markup=False, soft_wrap=True)
        if verbose and one.by_hand:
            console.print(f"{one.path}: by hand: {'; '.join(one.by_hand)}", markup=False, soft_wrap=True, style="dim")

    try:
        found = auditing.audit(paths, tell, workers)
    except ScenarioError as error:
        console.print(str(error), style="red", markup=False, soft_wrap=True)
        raise typer.Exit(2) from None
    for line in found.unreadable:
        console.print(line, style="red", markup=False, soft_wrap=True)
    summary = found.to_dict()["summary"]
    told = f"{summary['passed_idle']} of {summary['scenarios']} scenarios can be passed by doing nothing, {summary['failed_by_oracle']} not at all"
    console.print(f"{told}; {summary['unreadable']} files cannot be read", style="green" if found.good else "red")
    if json_file:
        json_file.write_text(json.dumps(found.to_dict(), ensure_ascii=False, indent=1), encoding="utf-8")
    if not found.good:
        raise typer.Exit(1)


def from_conversation(
    conversation: Annotated[int, typer.Argument(help="the conversation's number, as the desk and the log show it")],
    data_dir: Annotated[Path | None, typer.Option(help="instead of BRICOL_DATA_DIR")] = None,
    out: Annotated[Path | None, typer.Option(help="the file to write; standard output without it")] = None,
    suite: Annotated[str | None, typer.Option(help="instead of the one its tools suggest")] = None,
) -> None:
    """Writes one conversation as a scenario with invented people, played once to see whether it passes. Exit 2: it cannot be written."""
    from sqlalchemy.exc import SQLAlchemyError

    from bot import settings
    from domain.store.database import Database
    from evals.from_conversation import NotToBeWritten, written
    from evals.scenario import ScenarioError

    console = Console(stderr=True)
    try:
        store = settings.load(**({"data_dir": data_dir} if data_dir else {})).store_url
        if store.startswith("sqlite:///") and not Path(store.removeprefix("sqlite:///")).exists():
            raise NotToBeWritten(f"there is no store at {store.removeprefix('sqlite:///')}; name its folder with --data-dir")
        db = Database(store)
        try:
            with tempfile.TemporaryDirectory() as folder:
                path = out or Path(folder) / "scenario.yaml"
                scenario, why = written(db, conversation, path, suite=suite)
                if out is None:
                    sys.stdout.write(path.read_text(encoding="utf-8"))
        finally:
            db.close()
    except (NotToBeWritten, ScenarioError, settings.SettingsError) as error:
        console.print(str(error), style="red", markup=False, soft_wrap=True)
        raise typer.Exit(2) from None
    except SQLAlchemyError as error:
        console.print(f"the store cannot be read: {str(error).splitlines()[0]}", style="red", markup=False, soft_wrap=True)
        raise typer.Exit(2) from None
    told = f"its replay differs, marked known_failure: {'; '.join(why)}" if why else "its replay passes"
    console.print(f"{scenario.id}: {told}", markup=False, soft_wrap=True, style="yellow" if why else "green")
