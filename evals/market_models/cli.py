"""`bricol eval models NAME`: measures a model of the market in simulated worlds and says whether it may serve."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from evals.market_models.measure import Verdict

ARTIFACTS = Path(__file__).resolve().parents[2] / "finetune" / "artifacts"


def models(
    name: Annotated[str, typer.Argument(help="which model, as in `bricol train`")],
    seeds: Annotated[int, typer.Option(help="of each world; 5 for a verdict", min=1)] = 5,
    bookings: Annotated[int, typer.Option(help="about how many in each world")] = 20_000,
    technicians: Annotated[int, typer.Option(help="in each world")] = 2_000,
    days: Annotated[int, typer.Option(help="in each world; the last quarter is judged")] = 365,
    work: Annotated[Path, typer.Option(help="where worlds are kept, to be used again")] = Path("var/market_models"),
    json_file: Annotated[Path | None, typer.Option("--json", help="write every figure here")] = None,
    keep: Annotated[bool, typer.Option(help="train the model that serves on all these worlds and write the verdict beside it")] = False,
    audit: Annotated[bool, typer.Option(help="write only what its page shows (examined.json), by these worlds; the verdict stays")] = False,
) -> None:
    """Measures a model where the truth is known. Exit 0: it may serve; 1: its rule serves; 2: an option or a training was wrong."""
    console = Console(stderr=True)
    try:
        from evals.market_models import measure as measuring
        from evals.market_models.worlds import Plan
    except ImportError as missing:
        console.print(f"{missing.name} is not installed; install it with: pip install 'bricol\\[market]'")
        raise typer.Exit(2) from None
    plan = Plan(bookings=bookings, technicians=technicians, days=days, seeds=seeds)
    try:
        with console.status("measuring ...") as status:
            verdict = measuring.measure(name, plan, work, status.update)
            if keep:
                if measuring.examiner(name).trained:
                    status.update("training what serves")
                    folders = [plan.folder(work, world, seed) for world in plan.worlds for seed in range(plan.seeds)]
                    measuring.train(name, folders, ARTIFACTS / name)
                measuring.written(verdict, plan, ARTIFACTS / name)
            if keep or audit:
                measuring.kept(name, verdict, plan, measuring.curve(name, plan, work, verdict, status.update), ARTIFACTS / name)
    except (ValueError, measuring.TrainingFailed) as fault:
        console.print(str(fault), style="red", markup=False, soft_wrap=True)
        raise typer.Exit(2) from None
    if json_file:
        json_file.write_text(json.dumps(measuring.report(verdict, plan), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    show(verdict, measuring.report(verdict, plan)["by_world"], Console())
    raise typer.Exit(0 if verdict.decision.serves else 1)


def pages(
    folder: Annotated[Path, typer.Argument(help="where index.html and a page per model go")],
    live: Annotated[bool, typer.Option(help="with what real outcomes say, from the store of the settings")] = False,
) -> None:
    """Draws one page per trained model and an index; `bricol models --html` calls it."""
    from bot import models_command
    from evals.market_models import pages as drawing

    written = drawing.write(folder, live=models_command.live_now() if live else None)
    Console().print(f"{len(written)} pages: {written[0]}", markup=False, highlight=False, soft_wrap=True)


def show(verdict: Verdict, by_world: dict[str, float | None], console: Console) -> None:
    """For people; every figure is of simulated worlds."""
    told = list(next(iter(verdict.figures.values())))
    table = Table("simulated", "loss", *told)
    for who, loss in sorted(verdict.losses.items(), key=lambda item: item[1]):
        table.add_row(who, f"{loss:.4f}", *(f"{verdict.figures[who][name]:.3f}" if who in verdict.figures else "" for name in told))
    console.print(table)
    decision = verdict.decision
    gap = f"{decision.gap_closed:.2f} [{decision.ci[0]:.2f}, {decision.ci[1]:.2f}]"
    console.print(f"gap closed against {verdict.baseline!r}: {gap}, 95 % interval over seeds", highlight=False)
    console.print("gap closed by world: " + ", ".join(f"{world} {gap}" for world, gap in by_world.items()), highlight=False)
    who = "serves" if decision.serves else "the rule serves"
    console.print(f"{who}: {decision.reason}; {verdict.latency_ms:.2f} ms an answer (p95)", highlight=False)
