"""`bricol train cost` and its like: the market's models, from a folder of a marketplace's tables."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from domain.learning.quality import BadTrainingData
from finetune.market.tasks import NAMES, task

ARTIFACTS = Path(__file__).resolve().parents[1] / "artifacts"
console = Console()


def mount(app: typer.Typer) -> None:
    """Adds a command for each model."""
    for name, (_, text) in NAMES.items():
        app.command(name, help=text)(_command(name))


def _second(text: str) -> int | None:
    """A moment as seconds since 1970; None for no text. Raises BadTrainingData."""
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise BadTrainingData((f"--until {text!r}: write it as 2026-09-30 or 2026-09-30T12:00",)) from None
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())


def _command(name: str) -> Callable[..., None]:
    def train(
        data: Annotated[list[Path] | None, typer.Option(help="A world of `bricol simulate` or an export of its tables; may be repeated.")] = None,
        until: Annotated[str, typer.Option(help="Nothing known from this moment on may teach: 2026-09-30 or with a time, UTC.")] = "",
        out: Annotated[Path | None, typer.Option(help="Where the model goes; default: where it is served from.")] = None,
    ) -> None:
        try:
            from finetune.market.task import train as run

            chosen = task(name)
        except ImportError as missing:
            console.print(f"{missing.name} is not installed; install it with: pip install 'bricol\\[market,finetune]'")
            raise typer.Exit(2) from None
        try:
            with console.status(f"training {name} ...") as status:
                sources = data or [Path("var/market")]
                entry = run(chosen, sources, out or ARTIFACTS / name, lambda share, text: status.update(f"{name}: {text}"), _second(until))
        except BadTrainingData as refused:
            for fault in refused.faults:
                console.print(fault, markup=False, highlight=False, soft_wrap=True)
            console.print(f"{name} was not trained: {len(refused.faults)} fault(s) in the data above")
            raise typer.Exit(2) from None
        console.print(f"{name} {entry.version}: {entry.data['rows']} rows. Not serving yet; measure it: bricol eval models {name}", soft_wrap=True)

    train.__name__ = name
    return train
