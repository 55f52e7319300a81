"""Examines technicians' price steps: learnt while quoting, against a fixed price and the rule, by what a quote is really worth at each step.

Nothing here forecasts revenue: it is regret against the truth of an assumed market (systems.md 0.2, class C3)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from domain.learning.asof import Feature
from domain.pricing.estimate import HIGHEST
from domain.pricing.offsets import IDLE, KEEP, STEPS, QLearning, Thompson, context, rule_step
from evals.market.files import read
from evals.market.oracle import Oracle
from evals.market_models.audience import groups
from evals.market_models.examined import EXPLAINED, Curve, Examined, Examiner, Explained, Judged, facts, p95_ms, spread
from evals.market_models.explained import sampled

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
SHOWN = 5
BUSY_HOURS = 2.2  # of a nine-hour day that one agreed visit takes, way included
BATCH = 200  # quotes between two lessons: answers come hours later
SEED = 11
FULLNESS = ("idle", "usual", "full")
INPUTS = (
    Feature("utilisation", "hours agreed that day over hours offered: 0 idle, under 30 %; 2 full, from 80 %", "agenda", 0, 2, unit="level"),
    Feature("hurry", "asked as an emergency", "job", 0, 1, unit="yes or no"),
    Feature("evening", "the visit is from 19:00 on", "job", 0, 1, unit="yes or no"),
)


def examine(world: Path, model: Path | None, until: int) -> Examined:
    """Learns on what was asked before `until`, one batch after the other, and is judged on the rest by expected worth. `model` is not used."""
    oracle = Oracle(world)
    quotes = _quotes(oracle, world)
    worth, chance = _worth(oracle, quotes)
    past, later = quotes["at"] < until, quotes["at"] >= until
    rows, rng = np.arange(int(later.sum())), np.random.default_rng(SEED)
    contexts = quotes["context"]
    steps = {"fixed price": np.full(len(rows), KEEP), "idle goes down": rule_step(contexts[later]), "oracle": worth[later].argmax(axis=1)}
    thompson, drawn = Thompson(), {"fixed price": np.full(int(past.sum()), KEEP)}
    for name, learner in (("model", thompson), ("Q-learning", QLearning())):
        drawn[name] = _teach(learner, contexts[past], worth[past], chance[past], rng)
        steps[name] = learner.best(contexts[later])
    truth = {who: worth[later][rows, step] for who, step in steps.items()}
    return Examined(
        losses={who: float(-values.mean()) for who, values in truth.items()},
        figures={who: _told(values, steps[who], chance[later]) for who, values in truth.items()},
        rows=len(rows),
        judged=Judged(
            "value",
            thompson.expected(contexts[later])[rows, steps["model"]],
            truth["model"],
            {who: -values for who, values in truth.items()},
            {"technician that day": np.array(FULLNESS, object)[contexts[later] // 4]}
            | groups(world, quotes["request"][later], quotes["reviews"][later, 0].astype(np.int64)),
            curves=_curves(worth[past], drawn, worth[later], steps),
            explained={"": _explained(thompson, contexts[later], contexts[past])},
            data=facts(world, quotes["at"][past].astype(np.int64), quotes["at"][later].astype(np.int64), contexts[later], worth[later]),
        ),
    )


def _curves(past: Floats, drawn: dict[str, Ints], later: Floats, steps: dict[str, Ints]) -> dict[str, Curve]:
    """Worth lost by tenths of what was learnt on; the share of later quotes at each step, and what each is worth there."""
    lost = {who: past.max(axis=1) - past[np.arange(len(past)), step] for who, step in drawn.items()}
    tenths = {who: np.array([part.mean() if len(part) else np.nan for part in np.array_split(values, 10)]) for who, values in lost.items()}
    taken = {who: np.bincount(steps[who], minlength=len(STEPS)) / max(1, len(later)) for who in ("model", "oracle")}
    return {
        "while learning": Curve([(number + 1) / 10 for number in range(10)], tenths),
        "steps taken": Curve(STEPS, taken),
        "worth of a step": Curve(STEPS, {"all later quotes": later.mean(axis=0)}),
    }


def _explained(learner: Thompson, later: Ints, past: Ints) -> Explained:
    """How the three facts move the step, each quote against one of the past."""

    def step(rows: Floats) -> Floats:
        full, hurry, evening = rows.astype(np.int64).T
        return np.array(STEPS)[learner.best(full * 4 + hurry * 2 + evening)]

    def parts(contexts: Ints) -> Floats:
        return np.column_stack([contexts // 4, contexts // 2 % 2, contexts % 2]).astype(float)

    asked = parts(later[spread(len(later), EXPLAINED)])
    usual = parts(np.random.default_rng(SEED).choice(past, len(asked)))
    return Explained(tuple(each.name for each in INPUTS), asked, sampled(step, asked, usual), "price step")


def _told(worth: Floats, steps: Ints, chance: Floats) -> dict[str, float]:
    done = chance[np.arange(len(steps)), steps]
    return {"worth": float(worth.mean()), "mean_offset": float(np.array(STEPS)[steps].mean()), "done": float(done.mean())}


def _quotes(oracle: Oracle, world: Path) -> dict[str, NDArray[Any]]:
    """One row per list that was shown with at least one technician: its places as (n, 5), -1 or nan where shorter."""
    slates, items = read(world, "slates"), read(world, "slate_items")
    listed = slates["source"][items["slate_id"]] == "list"
    number = np.full(len(slates["slate_id"]), -1)
    kept = np.unique(items["slate_id"][listed])
    number[kept] = np.arange(len(kept))
    row, place = number[items["slate_id"][listed]], items["position"][listed].astype(int) - 1
    found: dict[str, NDArray[Any]] = {"request": slates["request_id"][kept].astype(np.int64), "offset": slates["offset"][kept].astype(float)}
    numbers = {"technician_id": -1, "price_mad": np.nan, "rating": np.nan, "reviews": 0, "km": np.nan, "known": False, "jobs_that_day": 0}
    for name, empty in numbers.items():
        table = np.full((len(kept), SHOWN), empty)
        table[row, place] = items[name][listed]
        found[name] = table
    request = found["request"]
    rows = oracle.requests
    found["at"] = rows["at"][request]
    found["hurry"] = rows["urgency"][request] == "emergency"
    late = rows["start_hour"][request] >= 19
    load = found["jobs_that_day"][:, 0].astype(float) * BUSY_HOURS / 9
    found["context"] = context(np.where(load == 0, 0.0, np.maximum(load, IDLE)), found["hurry"].astype(bool), late)
    return found


def _worth(oracle: Oracle, quotes: dict[str, NDArray[Any]]) -> tuple[Floats, Floats]:
    """((n, steps) expected price over usual one, 0 where nothing comes of it; (n, steps) probability of chosen x accepted x kept x fixed)."""
    request, technician = quotes["request"].astype(np.int64), quotes["technician_id"].astype(np.int64)
    first, price = technician[:, 0], quotes["price_mad"].astype(float)
    usual = oracle.requests["usual_mad"][request].astype(float)
    without = price[:, 0] / (1 + quotes["offset"].astype(float))  # the randomised step of the log is taken out
    hurry = np.where(quotes["hurry"], 0.25, 0.0)
    done = oracle.kept(request, first) * oracle.success(request, first)
    worth, chance = np.zeros((len(request), len(STEPS))), np.zeros((len(request), len(STEPS)))
    for number, step in enumerate(STEPS):
        # hurry and step together stay under the cap, as in technician_price
        asked = without / (1 + hurry) * np.minimum(1 + hurry + step, 1 + np.maximum(hurry, float(HIGHEST)))
        shown = price.copy()
        shown[:, 0] = asked
        chosen = oracle.choice(
            request, technician, price_mad=shown, rating=quotes["rating"].astype(float), reviews=quotes["reviews"].astype(np.int64),
            km=quotes["km"].astype(float), known=quotes["known"].astype(bool),
        )[:, 1]  # fmt: skip
        accepted = oracle.acceptance(
            request, first, price_mad=asked, km=quotes["km"][:, 0].astype(float), jobs_that_day=quotes["jobs_that_day"][:, 0].astype(np.int64),
            known=quotes["known"][:, 0].astype(bool),
        )  # fmt: skip
        chance[:, number] = chosen * accepted * done
        worth[:, number] = chance[:, number] * asked / usual
    return worth, chance


def _teach(learner: Thompson | QLearning, contexts: Ints, worth: Floats, chance: Floats, rng: np.random.Generator) -> Ints:
    """Quotes one after the other: a step is drawn, the visit happens or not, and only that is learnt. Returns the steps drawn."""
    drawn = np.zeros(len(contexts), np.int64)
    for start in range(0, len(contexts), BATCH):
        here = np.arange(start, min(start + BATCH, len(contexts)))
        step = learner.draw(contexts[here], rng)
        happened = rng.random(len(here)) < chance[here, step]
        reward = np.where(happened, worth[here, step] / np.maximum(chance[here, step], 1e-9), 0.0)
        learner.learn(contexts[here], step, reward)
        drawn[here] = step
    return drawn


def latency(folder: Path | None) -> float:
    """p95 of choosing one step, ms."""
    learner, asked, rng = Thompson(), np.array([5]), np.random.default_rng(0)
    return p95_ms(lambda: learner.draw(asked, rng))


EXAMINER = Examiner(
    "offsets",
    ("fixed price", "idle goes down"),
    examine,
    {"as many visits get done as at the fixed price, within 2 %": lambda mean: mean["model"]["done"] >= 0.98 * mean["fixed price"]["done"]},
    latency,
    trained=False,
    metric="minus the worth of a quote, in usual prices",
    tables={
        "slates": ("slate_id", "request_id", "source", "offset"),
        "slate_items": ("slate_id", "position", "technician_id", "price_mad", "rating", "reviews", "km", "known", "jobs_that_day"),
        "requests": ("request_id", "at", "urgency", "start_hour", "usual_mad"),
    },
    hidden=(
        "choice_truths.choice_probability",
        "offer_truths.acceptance_probability",
        "visit_truths.kept_probability",
        "visit_truths.success_probability",
        "client_traits.price_weight",
        "client_traits.income",
    ),
    inputs=INPUTS,
)
