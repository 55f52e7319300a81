"""`bricol eval`: plays scenario files, says which passed and why the others did not, and compares runs."""

from __future__ import annotations

import os
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn, track

from evals.commands import mount

if TYPE_CHECKING:
    from evals.records import Played
    from evals.run import Plan
    from evals.scenario import Scenario

app = typer.Typer(help="Regression conversations.", no_args_is_help=True)
mount(app)

Paths = Annotated[list[Path], typer.Argument(help="scenario files or folders")]
Model = Annotated[str, typer.Option(help="which brain answers (BRICOL_MODEL)")]


@app.callback()
def evaluation() -> None:
    """Regression conversations."""


@app.command()
def run(
    paths: Paths,
    model: Model = "embedded",
    trials: Annotated[int, typer.Option(help="plays of each; the first as written, the others respelled", min=1, max=100)] = 1,
    workers: Annotated[int, typer.Option(help="processes", min=1)] = min(2, os.cpu_count() or 1),
    seed: Annotated[int, typer.Option(help="decides every respelling and fault")] = 0,
    inject: Annotated[str, typer.Option(help="faults, by comma: duplicate,reorder,crash,slow-model,model-down,late-status")] = "",
    json_file: Annotated[Path | None, typer.Option("--json", help="write every turn and verdict here")] = None,
    html: Annotated[Path | None, typer.Option(help="write one page that people read")] = None,
    junit: Annotated[Path | None, typer.Option(help="write JUnit XML")] = None,
    baseline: Annotated[Path | None, typer.Option(help="the --json of an earlier run to compare with")] = None,
    allow_drift: Annotated[bool, typer.Option("--allow-drift", help="other facts or end states than the baseline's are told, but no exit 1")] = False,
    resume: Annotated[Path | None, typer.Option(help="keep every result here as it comes, and go on from what is there")] = None,
    suite: Annotated[list[str] | None, typer.Option(help="only this suite (may be repeated)")] = None,
    split: Annotated[list[str] | None, typer.Option(help="only train, dev or test of splits.yaml")] = None,
    language: Annotated[list[str] | None, typer.Option(help="only this language, or language-script as ary-latn")] = None,
    tag: Annotated[list[str] | None, typer.Option(help="only scenarios with this tag")] = None,
    person: Annotated[str, typer.Option(help="a language model that speaks for the person, as openai:NAME; without it the facts do")] = "",
    judge: Annotated[str, typer.Option(help="a language model that judges politeness; its agreement with people is told first")] = "",
    tariff: Annotated[Path | None, typer.Option(help="what tokens and machines cost; default evals/report/tariff.yaml")] = None,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="show the conversations that failed")] = False,
) -> None:
    """Plays the scenarios. Exit 0: all passed; 1: one failed, or got worse than the baseline; 2: something cannot be played, nothing was run.

    One with the tag known_failure must fail: when it passes, that is exit 1 too, until the tag is struck.
    """
    from evals import run as runner
    from evals.journal import Journal, JournalError
    from evals.report import console as tell
    from evals.report import costs, document
    from evals.report import junit as junit_file
    from evals.report.baseline import WORSE
    from evals.report.baseline import compare as against

    console = Console(stderr=True)
    faults = tuple(sorted({name.strip() for name in inject.split(",") if name.strip()}))
    plan = runner.Plan(model, trials, workers, seed, faults, person)
    chosen = runner.Chosen(tuple(suite or ()), tuple(split or ()), tuple(language or ()), tuple(tag or ()))
    try:
        earlier = document.read(baseline) if baseline else None
        prices = costs.tariff(tariff)
        scenarios = [s for s in _read(paths, console) if chosen.takes(s)]
        runner.check(scenarios, plan)
        if judge:
            plan = replace(plan, judge=runner.calibrated(judge))
            assert plan.judge is not None
            console.print(plan.judge[1].told(), markup=False)
        part = resume or (json_file.with_name(json_file.name + ".part") if json_file else None)
        who = " ".join(filter(None, (model, person, judge)))
        journal = Journal.open(part, model=who, seed=seed, inject=plan.inject, fresh=resume is None) if part else None
    except (runner.RunError, JournalError, document.ReportError, costs.TariffError) as error:
        _refuse(error, console)
    if not scenarios:
        _refuse(f"no scenario in {', '.join(map(str, paths))} with what --suite, --split, --language and --tag ask for", console)
    if journal and journal.aside:
        console.print(f"{journal.aside} kept results were made by other code or data: all is played again", markup=False, style="yellow")
    begun = time.perf_counter()
    try:
        results = _play(scenarios, plan, journal, console)
    except (KeyboardInterrupt, runner.RunError) as stopped:
        on = f"; to go on: the same command with --resume {journal.path}" if journal else ""
        console.print(f"{str(stopped) or 'stopped'}{on}", style="red", markup=False, soft_wrap=True)
        raise typer.Exit(130 if isinstance(stopped, KeyboardInterrupt) else 2) from None
    report = document.document(results, plan, prices, time.perf_counter() - begun)
    comparison = against(report, earlier) if earlier else None
    tell.show(report, console, verbose, comparison)
    if comparison:
        report["baseline"] = comparison.to_dict()
        tell.compared(comparison, report, console)
    if json_file:
        document.write(report, json_file)
    if junit:
        junit_file.write(report, junit)
    if html:
        from evals.report.page import write as write_page

        write_page(report, html, comparison, earlier)
        console.print(f"page: {html}", markup=False)
    if journal and resume is None:
        journal.path.unlink(missing_ok=True)
    worse = comparison.of(*(WORSE[:1] if allow_drift else WORSE)) if comparison else []
    if worse or document.surprises(report["scenarios"]):
        raise typer.Exit(1)


@app.command()
def compare(
    reports: Annotated[list[Path], typer.Argument(help="files written by `bricol eval run --json`; the first is what the others are held against")],
    html: Annotated[Path | None, typer.Option(help="write one page with all of them side by side")] = None,
) -> None:
    """Puts runs side by side: models, versions, settings. Exit 2 when a file is no report."""
    from evals.report import console as tell
    from evals.report import document
    from evals.report.baseline import compare as against

    console = Console(stderr=True)
    try:
        found = dict(zip(_names(reports), (document.read(path) for path in reports), strict=True))
    except document.ReportError as error:
        _refuse(error, console)
    first, *others = found
    comparisons = {name: against(found[name], found[first]) for name in others}
    tell.side_by_side(found, comparisons, Console())
    if html:
        from evals.report.page import write_models

        write_models(found, comparisons, html)
        console.print(f"page: {html}", markup=False)


@app.command()
def export(
    paths: Paths,
    out: Annotated[Path, typer.Option(help="the .jsonl to write, one lesson a line")],
    leave_out: Annotated[list[Path] | None, typer.Option(help="ids never to learn from: one a line, or YAML; the test split always is")] = None,
    model: Model = "embedded",
) -> None:
    """Plays the scenarios and writes those that pass as lessons for `bricol train llm`, private details hidden."""
    from evals import export as exporting

    console = Console(stderr=True)
    scenarios = _read(paths, console)
    try:
        never = exporting.never_learnt(leave_out or ())
    except ValueError as error:
        _refuse(error, console)
    out.parent.mkdir(parents=True, exist_ok=True)
    with out.open("w", encoding="utf-8") as file:
        done = exporting.export(track(scenarios, "playing", console=console), file, leave_out=never, model=model)
    told = f"{done.lessons} lessons of {done.scenarios} scenarios in {out}"
    console.print(f"{told}; {done.left_out} left out by id, {done.failed} did not pass", markup=False)


def _read(paths: list[Path], console: Console) -> list[Scenario]:
    from evals.run import read
    from evals.scenario import ScenarioError

    try:
        return read(paths, lambda line: console.print(line, markup=False, soft_wrap=True))
    except ScenarioError as error:
        _refuse(error, console)


def _refuse(error: Exception | str, console: Console) -> NoReturn:
    console.print(str(error), style="red", markup=False, soft_wrap=True)
    raise typer.Exit(2) from None


def _play(scenarios: list[Scenario], plan: Plan, journal: object, console: Console) -> list[Played]:
    """Plays with a line of progress: done, failed, time left."""
    from evals.journal import Journal
    from evals.run import play_all

    assert journal is None or isinstance(journal, Journal)
    count, failures = MofNCompleteColumn(), TextColumn("{task.fields[failed]}")
    with Progress(TextColumn("playing"), BarColumn(), count, failures, TimeElapsedColumn(), TimeRemainingColumn(), console=console) as progress:
        task = progress.add_task("playing", total=len(scenarios) * plan.trials, failed="")
        failed = 0

        def done(played: Played) -> None:
            nonlocal failed
            failed += played.passed == played.known_failure
            progress.update(task, advance=1, failed=f"[red]{failed} failed[/]" if failed else "")

        return play_all(scenarios, plan, journal, done)


def _names(reports: list[Path]) -> list[str]:
    """A short name for each file; the whole path where two are called the same."""
    stems = [path.stem for path in reports]
    return [stem if stems.count(stem) == 1 else str(path) for stem, path in zip(stems, reports, strict=True)]
