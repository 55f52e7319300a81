"""`bricol eval run`: plays scenario files, says which passed and why the others did not."""

from __future__ import annotations

import json
import os
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import track

from evals.records import Played
from evals.scenario import Scenario, ScenarioError, files, load

app = typer.Typer(help="Regression conversations.", no_args_is_help=True)


@app.callback()
def evaluation() -> None:
    """Regression conversations."""


@app.command()
def run(
    paths: Annotated[list[Path], typer.Argument(help="scenario files or folders")],
    model: Annotated[str, typer.Option(help="which brain answers (BRICOL_MODEL)")] = "embedded",
    json_file: Annotated[Path | None, typer.Option("--json", help="write every turn and verdict here")] = None,
    workers: Annotated[int, typer.Option(help="processes", min=1)] = min(2, os.cpu_count() or 1),
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="show the conversations that failed")] = False,
) -> None:
    """Plays the scenarios. Exit 0: all passed; 1: one failed; 2: a file cannot be played, nothing was run.

    One with the tag known_failure must fail: when it passes, that is exit 1 too, until the tag is struck.
    """
    console = Console(stderr=True)
    try:
        scenarios = _read(paths, console)
    except ScenarioError as error:
        console.print(str(error), style="red", markup=False, soft_wrap=True)
        raise typer.Exit(2) from None
    results = _play_all(scenarios, model, workers, console)
    surprises = [p for p in results if p.passed == p.known_failure]
    for played in surprises:
        _explain(played, console, verbose)
    passed, faults = sum(p.passed for p in results), sum(p.simulator_fault is not None for p in results)
    suites = Counter(p.suite for p in results)
    good = Counter(p.suite for p in results if p.passed)
    for suite in sorted(suites):
        console.print(f"{suite:12} {good[suite]:4}/{suites[suite]}")
    known = sum(p.known_failure for p in results)
    style = "red" if surprises else "green"
    console.print(f"{passed} of {len(results)} scenarios passed, {faults} with a fault of the simulated person, {known} known to fail", style=style)
    if json_file:
        share = passed / len(results) if results else None
        summary = {"scenarios": len(results), "passed": passed, "simulator_faults": faults, "known_failures": known, "pass^1": share, "model": model}
        report = {"summary": summary, "scenarios": [p.to_dict() for p in results]}
        json_file.write_text(json.dumps(report, ensure_ascii=False, indent=1), encoding="utf-8")
    if surprises:
        raise typer.Exit(1)


@app.command()
def export(
    paths: Annotated[list[Path], typer.Argument(help="scenario files or folders")],
    out: Annotated[Path, typer.Option(help="the .jsonl to write, one lesson a line")],
    leave_out: Annotated[list[Path] | None, typer.Option(help="ids never to learn from: one a line, or YAML; the test split always is")] = None,
    model: Annotated[str, typer.Option(help="which brain answers (BRICOL_MODEL)")] = "embedded",
) -> None:
    """Plays the scenarios and writes those that pass as lessons for `bricol train llm`, private details hidden."""
    from evals import export as exporting

    console = Console(stderr=True)
    try:
        scenarios, never = _read(paths, console), exporting.never_learnt(leave_out or ())
    except (ScenarioError, ValueError) as error:
        console.print(str(error), style="red", markup=False, soft_wrap=True)
        raise typer.Exit(2) from None
    out.parent.mkdir(parents=True, exist_ok=True)
    with out.open("w", encoding="utf-8") as file:
        done = exporting.export(track(scenarios, "playing", console=console), file, leave_out=never, model=model)
    told = f"{done.lessons} lessons of {done.scenarios} scenarios in {out}"
    console.print(f"{told}; {done.left_out} left out by id, {done.failed} did not pass", markup=False)


def _read(paths: list[Path], console: Console) -> list[Scenario]:
    found: dict[str, Scenario] = {}
    for path in files(paths):
        scenario = load(path)
        if scenario is None:
            console.print(f"{path}: no scenario (no id and turns), skipped", markup=False)
        elif scenario.id in found:
            raise ScenarioError(f"{path}: id {scenario.id!r} is also in {found[scenario.id].path}; ids are unique")
        else:
            found[scenario.id] = scenario
    return list(found.values())


def _play_all(scenarios: list[Scenario], model: str, workers: int, console: Console) -> list[Played]:
    from evals.player import play

    one = partial(play, model=model)
    if workers == 1 or len(scenarios) < 8:
        return [one(s) for s in track(scenarios, "playing", console=console)]
    with ProcessPoolExecutor(workers) as pool:
        return list(track(pool.map(one, scenarios, chunksize=4), "playing", total=len(scenarios), console=console))


def _explain(played: Played, console: Console, verbose: bool) -> None:
    if played.passed:
        console.print(f"PASSED {played.id}, which is tagged known_failure: strike the tag", style="red")
        return
    console.print(f"FAILED {played.id}", style="red")
    if played.simulator_fault:
        console.print(f"  the simulated person could not go on: {played.simulator_fault}", markup=False)
    for reason in played.why:
        console.print(f"  {reason}", markup=False, soft_wrap=True)
    for turn in played.turns if verbose else ():
        console.print(f"    {turn.action}: {turn.said}   {turn.tools}", markup=False, soft_wrap=True, style="dim")
        for reply in turn.replies:
            console.print(f"      -> [{reply.get('awaiting')}] {reply['text']}", markup=False, soft_wrap=True, style="dim")
