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
from retrieval.encoder import NoEncoder

#: name -> module : function returning figures
BENCHES = {
    "reading": "evals.bench.reading:measure",
    "turns": "evals.bench.conversations:measure",
    "agent": "evals.bench.agent_step:measure",
    "knowledge": "evals.bench.knowledge:measure",
    "matching": "evals.bench.match:measure",
    "server": "evals.bench.server:measure",
    "start": "evals.bench.server:start_again",
    "fuzz": "evals.bench.fuzz:measure",
}
#: Only measured when asked for by name: it takes a quarter of an hour.
LONG = {"fuzz"}


def bench(
    names: Annotated[list[str] | None, typer.Argument(help=f"some of: {', '.join(BENCHES)} (default: all), or: intent, sms, day")] = None,
    json_file: Annotated[Path | None, typer.Option("--json", help="write the figures here")] = None,
    train: Annotated[Path | None, typer.Option(help='with intent: labelled lines {"text", "label"} to fit a head on')] = None,
    test: Annotated[Path | None, typer.Option(help="with intent: labelled lines to measure it on")] = None,
    kind: Annotated[str, typer.Option(help="with intent: intent or sentiment")] = "intent",
    unadapted: Annotated[Path | None, typer.Option(help="with knowledge: an encoder before its training, to compare with")] = None,
    tune: Annotated[bool, typer.Option(help="with knowledge: learn the bars anew from evals/questions/tuning.yaml and keep them")] = False,
    conversations: Annotated[int, typer.Option(min=1, max=5000, help="with day: how many people write")] = 500,
    seed: Annotated[int, typer.Option(help="with day: who they are and what goes wrong")] = 1,
) -> None:
    """Measures this machine. Prints every figure beside the number it is held to; exit 0 whatever they are.

    `bench knowledge` alone shows every way of searching side by side and what the shipped one missed.
    `bench sms` shows what our words cost as SMS, by flow and language-script, and which are over their budget (exit 1).
    `bench day` plays a day over every channel, with everything going wrong, and says what did not hold (exit 1).
    `bench intent --train F --test F` measures the encoder instead: a head fitted on it, on anybody's labels.
    """
    console = Console(stderr=True)
    if names == ["intent"]:
        _intent(train, test, kind, json_file, console)
        return
    if names == ["knowledge"]:
        _knowledge(unadapted, tune, json_file, console)
        return
    if names == ["sms"]:
        _sms(json_file)
        return
    if names == ["day"]:
        _day(conversations, seed, json_file)
        return
    if unknown := set(names or ()) - set(BENCHES):
        console.print(f"unknown bench {sorted(unknown)[0]!r}; one of {', '.join(BENCHES)}", style="red")
        raise typer.Exit(2)
    found: list[Figure] = []
    for name in names or [name for name in BENCHES if name not in LONG]:
        with console.status(f"measuring {name} ..."):
            module, _, function = BENCHES[name].partition(":")
            found += getattr(importlib.import_module(module), function)()
    _show(found)
    if json_file:
        figures = [figure.__dict__ for figure in found]
        json_file.write_text(json.dumps({"machine": machine(), "figures": figures}, ensure_ascii=False, indent=1), encoding="utf-8")


def _knowledge(unadapted: Path | None, tune: bool, json_file: Path | None, console: Console) -> None:
    from evals.bench import knowledge

    try:
        with console.status("asking every question in every way ..."):
            found = knowledge.results(unadapted, tune)
    except NoEncoder as fault:
        console.print(str(fault), style="red", markup=False)
        raise typer.Exit(2) from None
    knowledge.show(found, Console(), json_file)


def _sms(json_file: Path | None) -> None:
    from evals.bench import sms

    found = sms.measure()
    sms.show(found, Console(width=150), json_file)
    if not all(one.kept for one in found):
        raise typer.Exit(1)


def _day(conversations: int, seed: int, json_file: Path | None) -> None:
    from bot.logs import configure
    from evals.bench.day import report

    configure("ERROR")  # what goes wrong on purpose is no news
    if not report.run(conversations, seed, json_file):
        raise typer.Exit(1)


def _intent(train: Path | None, test: Path | None, kind: str, json_file: Path | None, console: Console) -> None:
    from evals.bench import intent

    for option, path in (("--train", train), ("--test", test)):
        if path is None or not path.is_file():
            console.print(f"bench intent needs {option} with a file of labelled lines; {path or 'none'} is not there", style="red")
            raise typer.Exit(2)
    if kind not in intent.STRENGTH:
        console.print(f"unknown kind {kind!r}; one of {', '.join(intent.STRENGTH)}", style="red")
        raise typer.Exit(2)
    assert train and test
    try:
        with console.status("fitting heads on the encoder ..."):
            found = intent.measure(train, test, kind)
    except (intent.BadLine, NoEncoder) as fault:
        console.print(str(fault), style="red", markup=False)
        raise typer.Exit(2) from None
    intent.show(found, Console(), json_file)


def _show(found: list[Figure]) -> None:
    table = Table(title=machine(), title_justify="left")
    for column in ("what", "value", "hold", "", "note"):
        table.add_column(column, justify="right" if column == "value" else "left")
    for f in found:
        mark = "" if f.kept is None else "[green]ok[/]" if f.kept else "[red]not held[/]"
        table.add_row(f.name, f"{f.value:g} {f.unit}", f.hold, mark, f.note)
    console = Console()
    console.print(table, width=max(console.width, 150) if not console.is_terminal else None)
