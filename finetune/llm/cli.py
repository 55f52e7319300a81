"""`bricol train lessons` and `bricol train llm`: from stored conversations to a model an OpenAI-compatible server can serve."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

console = Console(stderr=True)
#: The project's own test split, read where there is one: its scenarios are never learnt.
SPLITS = Path(__file__).parents[2] / "evals" / "scenarios" / "splits.yaml"


def lessons(
    out: Annotated[Path, typer.Option(help="The .jsonl to write, one lesson a line.")],
) -> None:
    """Write the store's conversations as lessons, private details hidden."""
    from bot.settings import SettingsError, load
    from finetune.llm.export import export

    try:
        counts = export(load(), out)
    except SettingsError as error:
        _fail(str(error))
    except Exception as error:
        from sqlalchemy.exc import SQLAlchemyError

        if not isinstance(error, SQLAlchemyError):
            raise
        _fail(f"the store cannot be read: {str(error).splitlines()[0]}\nSee what to mend with: bricol doctor")
    for name, count in sorted(counts.items()):
        console.print(f"{count:6}  {name}", highlight=False)
    console.print(f"{sum(counts.values())} lessons in {out}", markup=False, highlight=False)


def llm(
    data: Annotated[list[Path], typer.Option(help="Lessons: .jsonl of `bricol train lessons` or `bricol eval export`.")],
    base: Annotated[str, typer.Option(help="A model folder in the transformers format.")] = "",
    out: Annotated[Path, typer.Option(help="Where adapter/, merged/ and the card go.")] = Path("var/llm"),
    leave_out: Annotated[list[Path] | None, typer.Option(help="Ids never to learn: one a line, or YAML; the test split always is.")] = None,
    check: Annotated[bool, typer.Option("--check", help="Only read the lessons and say what is wrong with them.")] = False,
    template: Annotated[str, typer.Option(help="auto, tokenizer, chatml, llama3 or gemma.")] = "auto",
    epochs: Annotated[float, typer.Option(min=0.01, max=100)] = 2.0,
    rate: Annotated[float, typer.Option(help="Highest learning rate.", min=1e-7, max=1.0)] = 2e-4,
    batch: Annotated[int, typer.Option(help="Lessons of one step.", min=1)] = 8,
    tokens: Annotated[int, typer.Option(help="Longest lesson; older exchanges of a longer one are left out.", min=16)] = 12_288,
    rank: Annotated[int, typer.Option(help="Of the LoRA matrices.", min=1, max=1024)] = 32,
    alpha: Annotated[int, typer.Option(min=1)] = 64,
    dropout: Annotated[float, typer.Option(min=0.0, max=0.9)] = 0.05,
    save_every: Annotated[int, typer.Option(help="Steps after which a stopped run can be taken up again.", min=1)] = 50,
    seed: Annotated[int, typer.Option()] = 7,
    merge: Annotated[bool, typer.Option(help="Also write the merged model.")] = True,
) -> None:
    """Teach a language model our tools and manner: LoRA on the assistant's words of the lessons. Stopped, it goes on with the same command."""
    from bot.lessons import read_ids
    from finetune.llm.data import BadLessons, load

    try:
        paths = [*(leave_out or ()), *([SPLITS] if SPLITS.exists() else [])]
        never = frozenset().union(*(read_ids(path) for path in paths)) if paths else frozenset()
        found = load(data, never)
    except (BadLessons, ValueError) as error:
        _fail(str(error))
    console.print(f"{len(found)} lessons, {len(never)} ids left out", highlight=False)
    if check:
        return
    if not base:
        _fail("--base is missing: a folder with a causal language model, as saved by transformers")
    if missing := [name for name in ("torch", "transformers", "peft") if find_spec(name) is None]:
        _fail(f"{', '.join(missing)} not installed; uv pip install -e '.[finetune]'")
    from finetune.llm.options import Options
    from finetune.llm.templates import BadTemplate
    from finetune.llm.train import BadBase, OtherRun, train

    options = Options(base, out, template, epochs, rate, batch, tokens, rank, alpha, dropout, save_every=save_every, seed=seed, merge=merge)
    columns = (TextColumn("loss {task.fields[loss]:.3f}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    try:
        with Progress(*columns, console=console) as bar:
            task = bar.add_task("steps", total=None, loss=float("nan"))
            run = train(options, found, progress=lambda step, steps, loss: bar.update(task, completed=step, total=steps, loss=loss))
    except (BadBase, BadTemplate, OtherRun) as error:
        _fail(str(error))
    assert run is not None
    console.print(f"{run.steps} steps, loss {run.losses[0]:.3f} to {run.losses[-1]:.3f}; {out / 'README.md'} tells the rest", highlight=False)


def _fail(message: str) -> None:
    console.print(message, markup=False, highlight=False, soft_wrap=True)
    raise typer.Exit(2)
