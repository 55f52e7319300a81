"""`bricol simulate`: makes a market with known truth and draws it."""

from __future__ import annotations

import time
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from evals.market.parameters import WORLDS


def simulate(
    folder: Annotated[Path, typer.Argument(help="where the world goes: observed/, oracle/, world.json and page.html")] = Path("var/market"),
    world: Annotated[str, typer.Option(help="W1 smooth, W2 steps and heavy tails, W3 = W1 that drifts; or all, each in its own folder")] = "W1",
    seed: Annotated[int, typer.Option(help="the same seed makes the same files, byte for byte", min=0)] = 0,
    technicians: Annotated[int, typer.Option(help="how many, at least 50")] = 2_000,
    bookings: Annotated[int, typer.Option(help="about how many, at least 200")] = 20_000,
    days: Annotated[int, typer.Option(help="14 to 1400")] = 365,
    start: Annotated[str, typer.Option(help="first local day, YYYY-MM-DD")] = "2026-01-01",
    page: Annotated[bool, typer.Option(help="draw page.html as well")] = True,
    only_page: Annotated[bool, typer.Option("--only-page", help="draw a world made before, make nothing")] = False,
) -> None:
    """Simulates a market whose truth is known and draws it. Exit 0: done; 2: an option is wrong, the message says which."""
    console = Console(stderr=True)
    try:
        from evals.market import draw
        from evals.market.world import Size
        from evals.market.world import simulate as make
    except ImportError as error:
        console.print(f"{error}: worlds are kept as Parquet. Install it with: pip install 'bricol\\[market]'", style="red")
        raise typer.Exit(2) from None
    wanted = WORLDS if world == "all" else (world.upper(),)
    if unknown := set(wanted) - set(WORLDS):
        console.print(f"no world {unknown.pop()!r}; one of {', '.join(WORLDS)}, all", style="red", markup=False)
        raise typer.Exit(2)
    try:
        for name in wanted:
            place = folder / name if world == "all" else folder
            if not only_page:
                size = Size(technicians, bookings, datetime.strptime(start, "%Y-%m-%d").date(), days)  # noqa: DTZ007 a local day has no zone
                size.check()
                began = time.perf_counter()
                with _bar(console) as bar:
                    task = bar.add_task(f"world {name}", total=days)
                    about = make(place, name, seed, size, lambda done, _: bar.update(task, completed=done))  # noqa: B023 called before the loop goes on
                rows = about["rows"]
                requests, booked = rows["observed/requests"], rows["observed/bookings"]
                console.print(f"{name}: {requests:,} requests, {booked:,} bookings in {time.perf_counter() - began:.0f} s -> {place}")
            if page or only_page:
                console.print(f"{name}: drawn -> {draw.page(place)}")
    except (ValueError, FileNotFoundError) as error:
        console.print(str(error), style="red", markup=False)
        raise typer.Exit(2) from None


def _bar(console: Console) -> Progress:
    words = TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed}/{task.total} days")
    return Progress(*words, TimeElapsedColumn(), TimeRemainingColumn(), console=console)
