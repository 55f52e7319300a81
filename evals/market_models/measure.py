"""Trains and examines a model in every world, asks the gate, and writes the verdict into the model's entry."""

from __future__ import annotations

import importlib
import math
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from statistics import mean
from typing import Any

from domain.learning import registry
from domain.learning.gate import Decision, Trial, decide
from evals.market.parameters import fingerprint
from evals.market_models import details, known
from evals.market_models.examined import Examined, Examiner
from evals.market_models.worlds import Plan, ready, split_at

#: Models that can be examined; a new one is a module with an EXAMINER, and a line here.
EXAMINERS = {
    "arrival": "evals.market_models.arrival",
    "cost": "evals.market_models.cost",
    "elasticity": "evals.market_models.elasticity",
    "match": "evals.market_models.match",
    "offsets": "evals.market_models.offsets",
    "accept": "evals.market_models.accept",
    "success": "evals.market_models.success",
}
SHARES = (0.25, 0.5)  # of the days a training may see: what less past would have taught
Say = Callable[[str], None]


class TrainingFailed(RuntimeError):
    """The training said no; the message is what it printed."""


@dataclass(frozen=True)
class Verdict:
    """`baseline`: the simple rule that did best on average, the one to beat; `trials`: (world, seed) -> what was examined."""

    decision: Decision
    baseline: str
    losses: Mapping[str, float]
    figures: Mapping[str, Mapping[str, float]]
    trials: Mapping[tuple[str, int], Examined]
    latency_ms: float
    seconds: float


def examiner(name: str) -> Examiner:
    """Raises ValueError that lists the known ones."""
    if name not in EXAMINERS:
        raise ValueError(f"no model {name!r} can be examined; one of {', '.join(sorted(EXAMINERS))}")
    found: Examiner = importlib.import_module(EXAMINERS[name]).EXAMINER
    return found


def measure(name: str, plan: Plan, work: Path, say: Say = lambda text: None) -> Verdict:
    """Each world: simulate, train in a process that is given observed/ up to the split and nothing else, examine what came after.

    Raises ValueError for an unknown model or impossible plan, TrainingFailed with the training's own words.
    """
    plan.check()
    judge, began = examiner(name), time.perf_counter()
    trials: dict[tuple[str, int], Examined] = {}
    ms = 0.0
    for seed in range(plan.seeds):
        for world in plan.worlds:
            say(f"{world} seed {seed}: simulating")
            folder = ready(plan, work, world, seed)
            until = split_at(folder, plan.split)
            model = folder / "models" / name if judge.trained else None
            if model is not None:
                say(f"{world} seed {seed}: training")
                train(name, [folder / "observed"], model, until)
            say(f"{world} seed {seed}: examining")
            trials[world, seed] = judge.examine(folder, model, until)
            ms = ms or judge.latency(model)
    return _verdict(judge, trials, ms, time.perf_counter() - began)


def curve(name: str, plan: Plan, work: Path, verdict: Verdict, say: Say = lambda text: None) -> list[dict[str, Any]]:
    """The model's mean loss after SHARES of the days and after all of them, in the first seed of every world, on the same later rows.

    Empty for what has no training. What refuses so little data (TrainingFailed) is left out.
    """
    judge, found = examiner(name), []
    if not judge.trained:
        return []
    for share in SHARES:
        losses = []
        for world in plan.worlds:
            say(f"{world}: after {share:.0%} of the days")
            folder = ready(plan, work, world, 0)
            first, until = split_at(folder, 0.0), split_at(folder, plan.split)
            model = folder / "models" / f"{name}-{share:g}"
            try:
                train(name, [folder / "observed"], model, first + int((until - first) * share))
                losses.append(judge.examine(folder, model, until).losses["model"])
            except TrainingFailed:
                break
        if len(losses) == len(plan.worlds):
            found.append({"share": share, "loss": _short(mean(losses))})
    whole = [verdict.trials[world, 0].losses["model"] for world in plan.worlds]
    return [*found, {"share": 1.0, "loss": _short(mean(whole))}]


def kept(name: str, verdict: Verdict, plan: Plan, curve: list[dict[str, Any]], folder: Path) -> Path | None:
    """Writes examined.json, what the model's page shows beside the verdict; None where the examiner keeps none, or one row."""
    parts = [trial.judged for trial in verdict.trials.values() if trial.judged is not None]
    if sum(len(part.counted) for part in parts) < 2:
        return None
    told = report(verdict, plan)
    head = {key: told[key] for key in ("simulated", "parameters", "plan", "judged_rows")}
    return details.write(folder, head | {"curve": curve} | details.details(parts, verdict.baseline) | known.data(examiner(name), parts))


def _verdict(judge: Examiner, trials: Mapping[tuple[str, int], Examined], ms: float, seconds: float) -> Verdict:
    who = next(iter(trials.values())).losses
    losses = {name: mean(t.losses[name] for t in trials.values()) for name in who}
    figures: dict[str, dict[str, float]] = {}
    for name, told in next(iter(trials.values())).figures.items():
        figures[name] = {figure: mean(t.figures[name][figure] for t in trials.values()) for figure in told}
    best = min(judge.rules, key=lambda rule: losses[rule])
    runs = [Trial(world, seed, t.losses["model"], t.losses[best], t.losses["oracle"]) for (world, seed), t in trials.items()]
    decision = decide(runs, {name: holds(figures) for name, holds in judge.guardrails.items()})
    return Verdict(decision, best, losses, figures, trials, ms, seconds)


def train(name: str, data: list[Path], out: Path, until: int | None = None) -> None:
    """`bricol train NAME` as a person would type it. Raises TrainingFailed."""
    command = [sys.executable, "-c", "from bot.cli import app; app()", "train", name, "--out", str(out)]
    for folder in data:
        command += ["--data", str(folder)]
    if until is not None:
        command += ["--until", datetime.fromtimestamp(until, UTC).isoformat()]
    threads = {f"{library}_NUM_THREADS": "1" for library in ("OMP", "OPENBLAS")}  # as a laptop would, and beside others
    done = subprocess.run(command, capture_output=True, text=True, env=os.environ | threads)
    if done.returncode:
        raise TrainingFailed((done.stdout + done.stderr).strip())


def written(verdict: Verdict, plan: Plan, folder: Path) -> registry.Entry:
    """The entry of `folder` with the verdict in it; what learns while it is used gets one without files. Raises ModelRefused for no model."""
    judge, decision = examiner(folder.name), verdict.decision
    entry = registry.read(folder) if judge.trained else registry.Entry(folder.name, "online-1", judge.metric)
    entry = replace(
        entry,
        value=_short(verdict.losses["model"]),
        baseline=_short(verdict.losses[verdict.baseline]),
        oracle=_short(verdict.losses["oracle"]),
        gap_closed=_short(decision.gap_closed),
        ci=(_four(decision.ci[0]), _four(decision.ci[1])),
        serving=decision.serves and bool(entry.files),
        reason=decision.reason if entry.files else f"measured only, nothing is priced by it: {decision.reason}",
        baseline_name=verdict.baseline,
        latency_ms=_short(verdict.latency_ms),
        measured=report(verdict, plan),
    )
    registry.write(folder, entry)
    return entry


def report(verdict: Verdict, plan: Plan) -> dict[str, Any]:
    """The verdict as JSON holds it. Every figure is of a simulated market."""
    return {
        "simulated": True,
        "parameters": fingerprint(),
        "by_world": _by_world(verdict),
        "plan": {"worlds": list(plan.worlds), "seeds": plan.seeds, "bookings": plan.bookings, "technicians": plan.technicians, "days": plan.days},
        "judged_rows": sum(t.rows for t in verdict.trials.values()),
        "losses": {who: _short(value) for who, value in verdict.losses.items()},
        "figures": {who: {name: _short(v) for name, v in told.items()} for who, told in verdict.figures.items()},
        "trials": [
            {"world": world, "seed": seed, "rows": t.rows, "losses": {who: _short(v) for who, v in t.losses.items()}}
            for (world, seed), t in verdict.trials.items()
        ],
    }


def _by_world(verdict: Verdict) -> dict[str, float | None]:
    """world -> gap closed there: a model that only wins in W1 has inverted our own formula."""
    found = {}
    for world in sorted({world for world, _ in verdict.trials}):
        told = [t.losses for (of, _), t in verdict.trials.items() if of == world]
        room = sum(t[verdict.baseline] - t["oracle"] for t in told)
        found[world] = _short(sum(t[verdict.baseline] - t["model"] for t in told) / room) if room > 0 else None
    return found


def _short(value: float) -> float | None:
    """Four digits; None for what could not be measured."""
    return None if math.isnan(value) else _four(value)


def _four(value: float) -> float:
    return float(f"{value:.4g}")
