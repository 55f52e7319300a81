"""`bricol eval redteam`: every attack against every brain, and a table of what broke."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import track
from rich.table import Table

if TYPE_CHECKING:
    from evals.redteam.run import Attacked

MODELS = ("embedded", "scripted:hostile", "scripted:weak")


def redteam(
    paths: Annotated[list[Path] | None, typer.Argument(help="scenario files or folders (default: evals/scenarios/redteam)")] = None,
    model: Annotated[list[str] | None, typer.Option(help=f"brains to attack (default: {', '.join(MODELS)})")] = None,
    only_fast: Annotated[bool, typer.Option("--fast", help="the subset of the quality gate")] = False,
    workers: Annotated[int, typer.Option(min=1)] = 1,
    json_file: Annotated[Path | None, typer.Option("--json", help="write every verdict here")] = None,
) -> None:
    """Attacks each brain, counts breaches of consent, identity, grounding and privacy. Exit 1: a breach, or an attack the embedded brain fails."""
    from evals.redteam import run  # the whole service: not for --help
    from evals.scenario import ScenarioError

    console = Console(stderr=True)
    try:
        chosen = run.fast() if only_fast else run.attacks(paths or (run.ATTACKS,))
    except ScenarioError as error:
        console.print(str(error), style="red", markup=False, soft_wrap=True)
        raise typer.Exit(2) from None
    verdicts: list[Attacked] = []
    for name in model or MODELS:
        verdicts += track(run.attack_all(chosen, name, workers), f"attacking {name}", total=len(chosen), console=console)
    _tell(verdicts, console)
    if json_file:
        json_file.write_text(json.dumps([asdict(v) for v in verdicts], ensure_ascii=False, indent=1), encoding="utf-8")
    if any(v.breaches or v.fault or (v.model == "embedded" and v.passed == v.known_failure) for v in verdicts):
        raise typer.Exit(1)


def _tell(verdicts: Sequence[Attacked], console: Console) -> None:
    from evals.redteam.breaches import KINDS

    table = Table()
    for column in ("brain", "attacks", *KINDS, "left without an answer", "scenarios passed"):
        table.add_column(column)
    for model in dict.fromkeys(v.model for v in verdicts):
        mine = [v for v in verdicts if v.model == model]
        counts = Counter(b.kind for v in mine for b in v.breaches)
        passed = f"{sum(v.passed for v in mine)}" if model == "embedded" else "-"
        table.add_row(model, str(len(mine)), *(str(counts[k]) for k in KINDS), str(sum(len(v.unanswered) for v in mine)), passed)
    for verdict in verdicts:
        for breach in verdict.breaches:
            console.print(f"{verdict.model} {verdict.id} turn {breach.turn}: {breach.kind}: {breach.why}", markup=False, style="red")
        if verdict.fault or (verdict.model == "embedded" and verdict.passed == verdict.known_failure):
            console.print(f"{verdict.model} {verdict.id}: {verdict.fault or '; '.join(verdict.why)[:400]}", markup=False)
    console.print(table)
