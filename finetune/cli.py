"""`bricol train NAME`: rebuilds a trained artefact from our sentences, and measures one on labelled messages."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from finetune.understanding.build import build
from finetune.understanding.evaluate import BadRecord, evaluate
from prompts.sentences import BadSentences, load

train = typer.Typer(help="Rebuild a trained artefact.", no_args_is_help=True)
console = Console()


@train.callback()
def main() -> None:
    """Rebuild a trained artefact."""


@train.command()
def understanding(
    data: Annotated[Path, typer.Option(help="Public corpora for the language head; done without where absent.")] = Path("../shared/data"),
    evaluate_on: Annotated[Path | None, typer.Option("--evaluate", help="Only measure the present artefact on this labelled .jsonl.")] = None,
    errors: Annotated[bool, typer.Option(help="With --evaluate: list each misread message.")] = False,
) -> None:
    """Train the reader of messages from prompts/sentences (about two minutes), or measure it with --evaluate."""
    if evaluate_on is None:
        try:
            sentences = load()
        except BadSentences as faults:
            console.print(str(faults), markup=False, highlight=False)
            raise typer.Exit(1) from None
        with console.status("reading sentences") as status:
            meta = build(sentences, data, say=lambda text: status.update(text))
        console.print(f"{meta['sentences']} sentences, {meta['corpus_texts']} corpus texts; out of fold: {json.dumps(meta['out_of_fold'])}")
        return
    if not evaluate_on.is_file():
        console.print(f"{evaluate_on} is not there; give a .jsonl of labelled messages")
        raise typer.Exit(2)
    try:
        report = evaluate(evaluate_on)
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
