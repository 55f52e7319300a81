"""Shows a day and its verdict to a person, and keeps both as JSON."""

from __future__ import annotations

import json
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from evals.bench.day.check import Verdict, judge
from evals.bench.day.lines import Web
from evals.bench.day.play import Day
from evals.bench.figures import machine

LINES = ("taken in", "answered", "delivered once", "forward only", "nothing waits", "not stuck")
SHOWN = 40


def run(conversations: int, seed: int, json_file: Path | None) -> bool:
    """Plays a day, shows it, keeps it; whether every line holds."""
    with tempfile.TemporaryDirectory(prefix="bricol-day-") as folder, Day(Path(folder), conversations, seed) as day:
        columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f} %"), TimeElapsedColumn())
        with Progress(*columns, console=Console(stderr=True)) as bar:
            task = bar.add_task("08:00", total=1.0)
            day.play(lambda clock, share: bar.update(task, description=f"{clock}, {len(day.sent)} messages", completed=share))
        verdict = judge(day)
        figures = summary(day, verdict)
    _show(figures, verdict)
    if json_file:
        json_file.write_text(json.dumps(figures, ensure_ascii=False, indent=1), encoding="utf-8")
    return not verdict.broken


def summary(day: Day, verdict: Verdict) -> dict[str, Any]:
    """The figures of a day; counts of messages are of people's own, repeated deliveries not counted."""
    asked, got = Counter(c.goal for c in day.people), Counter(c.goal for c in day.people if c.reached)
    handed = {name: len(line.handed_over()) for name, line in day.lines.items() if not isinstance(line, Web)}
    return {
        "machine": machine(),
        "conversations": day.conversations,
        "seed": day.seed,
        "seconds": round(day.seconds, 1),
        "channels": dict(Counter(c.channel for c in day.people)),
        "locales": dict(Counter(c.locale for c in day.people)),
        "messages": len(day.sent),
        "answered": verdict.answered,
        "silent": dict(verdict.silent),
        "taken by providers": handed,
        "faults": {**day.counts, "workers killed": sum(d.struck for d in day.deaths)},
        "deaths": [{"point": d.point, "struck": d.struck} for d in day.deaths],
        "goals reached": {goal: f"{got[goal]} of {asked[goal]}" for goal in sorted(asked)},
        "held": {line: not any(b.line == line for b in verdict.broken) for line in LINES},
        "broken": [str(b) for b in verdict.broken],
        "excused": verdict.excused,
    }


def _show(figures: dict[str, Any], verdict: Verdict) -> None:
    console = Console(width=150)
    console.print(figures["machine"], markup=False)
    for name in (
        "conversations",
        "messages",
        "answered",
        "silent",
        "channels",
        "locales",
        "taken by providers",
        "faults",
        "goals reached",
        "seconds",
    ):
        value = figures[name]
        told = ", ".join(f"{k} {v}" for k, v in value.items()) if isinstance(value, dict) else str(value)
        console.print(f"{name:20} {told}", markup=False)
    for line, holds in figures["held"].items():
        console.print(f"{line:20} " + ("[green]holds[/]" if holds else "[red]does not hold[/]"))
    for copy in verdict.excused:
        console.print(f"sent twice after a death: {copy}", markup=False)
    for broken in verdict.broken[:SHOWN]:
        console.print(str(broken), markup=False, style="red")
    if len(verdict.broken) > SHOWN:
        console.print(f"... and {len(verdict.broken) - SHOWN} more (--json keeps all)", style="red")
