"""`bricol bench`: the figures of DESIGN.md 6 that exist by now, measured on this machine."""

from __future__ import annotations

import importlib
import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from evals.bench.figures import Figure, machine

#: name -> module : function returning figures
BENCHES = {
    "reading": "evals.bench.reading:measure",
    "turns": "evals.bench.conversations:measure",
    "agent": "evals.bench.agent_step:measure",
    "matching": "evals.bench.match:measure",
    "server": "evals.bench.server:measure",
    "start": "evals.bench.server:start_again",
}


def bench(
    names: Annotated[list[str] | None, typer.Argument(help=f"some of: {', '.join(BENCHES)} (default: all)")] = None,
    json_file: Annotated[Path | None, typer.Option("--json", help="write the figures here")] = None,
) -> None:
    """Measures this machine. Prints every figure beside the number it is held to; exit 0 whatever they are."""
    console = Console(stderr=True)
    if unknown := set(names or ()) - set(BENCHES):
        console.print(f"unknown bench {sorted(unknown)[0]!r}; one of {', '.join(BENCHES)}", style="red")
        raise typer.Exit(2)
    found: list[Figure] = []
    for name in names or BENCHES:
        with console.status(f"measuring {name} ..."):
            module, _, function = BENCHES[name].partition(":")
            found += getattr(importlib.import_module(module), function)()
    _show(found)
    if json_file:
        figures = [figure.__dict__ for figure in found]
        json_file.write_text(json.dumps({"machine": machine(), "figures": figures}, ensure_ascii=False, indent=1), encoding="utf-8")


def _show(found: list[Figure]) -> None:
    table = Table(title=machine(), title_justify="left")
    for column in ("what", "value", "hold", "", "note"):
        table.add_column(column, justify="right" if column == "value" else "left")
    for f in found:
        mark = "" if f.kept is None else "[green]ok[/]" if f.kept else "[red]not held[/]"
        table.add_row(f.name, f"{f.value:g} {f.unit}", f.hold, mark, f.note)
    console = Console()
    console.print(table, width=max(console.width, 150) if not console.is_terminal else None)
