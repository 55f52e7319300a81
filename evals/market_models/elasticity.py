"""Examines the estimated price elasticities of the four needs against the true ones, beside the naive regression."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from domain.learning.asof import Feature
from domain.pricing.elasticity import LISTS_AT_LEAST, elasticity, naive
from evals.market.files import read
from evals.market.oracle import Oracle
from evals.market_models.audience import groups
from evals.market_models.examined import Curve, Examined, Examiner, Judged, facts

NEEDS = ("emergency", "planned", "quality", "business")
STEP = 0.01  # both ways, for the true slope
SHOWN = 5
SHARES = (0.25, 0.5, 1.0)  # of the lists: what fewer would have taught
ESTIMATES = 3  # of a slice, each from a world of its own, before it is told
Columns = dict[str, NDArray[Any]]
Floats = NDArray[np.float64]
#: In the order of `_lists`: the drawn step, then what was known before the draw.
INPUTS = (
    Feature("log_step", "randomised step of the whole list's prices: the instrument", "price", -0.11, 0.1, unit="log"),
    Feature("price", "the first one's price without the step, over the job's usual one", "price", -3, 3, unit="log"),
    Feature("rating", "stars of the first one, as shown", "list", 1, 5, unit="stars"),
    Feature("ratings", "mean stars of the list, as shown", "list", 1, 5, unit="stars"),
    Feature("reviews", "log of 1 + reviews of the first one", "list", 0, 15, unit="log"),
    Feature("shown", "how many were shown", "list", 1, 5, unit="technicians"),
    Feature("known", "somebody who did this client's last good job is among them", "list", 0, 1, unit="yes or no"),
    Feature("described", "how hard the client's words make it", "job", -8, 8, unit="sd"),
    Feature("evening", "the visit is from 19:00 on", "job", 0, 1, unit="yes or no"),
    Feature("season", "day of the simulated time over a year", "time", 0, 4, unit="years"),
)


def examine(world: Path, model: Path | None, until: int) -> Examined:
    """Loss: mean absolute error over the needs that have enough lists. The price of need is not one person's: nothing is quoted from it."""
    oracle = Oracle(world)
    every = _lists(oracle, world)
    at = oracle.requests["at"][every["request"]].astype(np.int64)
    before = np.flatnonzero(at < until)
    lists = {name: values[before] for name, values in every.items()}
    chances = _chances(oracle, lists)
    found = {need: one for need in NEEDS if (one := _estimated(lists, chances, np.flatnonzero(lists["need"] == need))) is not None}
    errors = {who: [abs(one[who] - one["oracle"]) for one in found.values()] for who in ("model", "naive", "oracle")}
    covered = [one["low"] <= one["oracle"] <= one["high"] for one in found.values()]
    figures = {who: {need: found[need][who] if need in found else float("nan") for need in NEEDS} for who in errors}
    for who in figures:
        figures[who]["covered"] = float(np.mean(covered)) if who == "model" and covered else float("nan")
    judged = _judged(world, lists, chances, found, facts(world, at[before], at[before], lists["chosen"], lists["log_step"]))
    return Examined({who: float(np.mean(values)) if values else 0.0 for who, values in errors.items()}, figures, len(before), judged)


def _estimated(lists: Columns, chances: Floats, rows: NDArray[np.int64]) -> dict[str, float] | None:
    """Model with its interval, plain regression and truth from these lists; None where they are too few, or had one step only."""
    if len(rows) < LISTS_AT_LEAST or np.ptp(lists["log_step"][rows]) == 0:
        return None
    found = elasticity(*(lists[name][rows] for name in ("chosen", "log_step", "expected", "facts")))
    share = chances[rows].mean(axis=0)
    true = float(np.log(share[1] / share[0]) / np.log((1 + STEP) / (1 - STEP)))
    return {
        "model": found.value,
        "low": found.ci_low,
        "high": found.ci_high,
        "naive": naive(lists["chosen"][rows], lists["log_ratio"][rows]),
        "oracle": true,
    }


def _judged(world: Path, lists: Columns, chances: Floats, needs: dict[str, dict[str, float]], data: dict[str, Any]) -> Judged | None:
    """One row an estimate: of each need (these are the whole), then of every slice with enough lists. None where no need had enough."""
    if not needs:
        return None
    kinds = groups(world, lists["request"], lists["reviews"][:, 0].astype(np.int64))
    rows = [("kind of need", need, one) for need, one in needs.items()]
    for kind, names in kinds.items():
        slices = ((name, _estimated(lists, chances, np.flatnonzero(names == name))) for name in sorted(set(names.tolist())))
        rows += [(kind, name, one) for name, one in slices if one is not None and kind != "world"]
    told = {who: np.array([one[who] for _, _, one in rows]) for who in ("model", "naive", "oracle", "low", "high")}
    whole = np.array([kind == "kind of need" for kind, _, _ in rows])
    named = {kind: np.array([name if of == kind else "" for of, name, _ in rows], object) for kind in ("kind of need", *kinds)}
    return Judged(
        "value",
        told["model"],
        told["oracle"],
        {who: np.abs(told[who] - told["oracle"]) for who in ("model", "naive", "oracle")},
        named | {"world": np.where(whole, kinds["world"][0], "").astype(object)},
        told["low"],
        told["high"],
        whole=whole,
        enough=ESTIMATES,
        curves={"lists": _by_share(lists, chances)},
        data=data,
    )


def _by_share(lists: Columns, chances: Floats) -> Curve:
    """The error over the needs from the first lists alone; nan where none had enough."""
    lines: dict[str, list[float]] = {"model": [], "naive": []}
    for share in SHARES:
        first = np.arange(int(len(chances) * share))
        found = [one for need in NEEDS if (one := _estimated(lists, chances, first[lists["need"][first] == need])) is not None]
        for who, line in lines.items():
            line.append(float(np.mean([abs(one[who] - one["oracle"]) for one in found])) if found else float("nan"))
    return Curve(SHARES, {who: np.array(line) for who, line in lines.items()})


def _lists(oracle: Oracle, world: Path) -> Columns:
    """One row per ranked list that showed somebody."""
    slates, items = read(world, "slates"), read(world, "slate_items")
    kept = np.flatnonzero((slates["source"] == "list") & (slates["shown"] > 0))
    number = np.full(len(slates["slate_id"]), -1)
    number[kept] = np.arange(len(kept))
    mine = number[items["slate_id"]] >= 0
    row, place = number[items["slate_id"][mine]], items["position"][mine].astype(int) - 1
    found: dict[str, NDArray[Any]] = {"request": slates["request_id"][kept].astype(np.int64), "chosen": slates["chosen_position"][kept] > 0}
    for name, empty in {"technician_id": -1, "price_mad": np.nan, "rating": np.nan, "reviews": 0, "km": np.nan, "known": False}.items():
        table = np.full((len(kept), SHOWN), empty)
        table[row, place] = items[name][mine]
        found[name] = table
    request = found["request"]
    rows = oracle.requests
    offsets, shares = (list(side) for side in (oracle.numbers("policy.offset"), oracle.numbers("policy.offset").values()))
    found["log_step"] = np.log1p(slates["offset"][kept].astype(float))
    found["expected"] = np.full(len(kept), float(np.dot(np.log1p(np.array(offsets, float)), shares)))
    found["need"] = rows["need"][request]
    ratio = np.log(found["price_mad"][:, 0] / rows["usual_mad"][request])
    found["log_ratio"] = ratio
    stars, reviews = found["rating"], np.log1p(found["reviews"][:, 0])
    shown = ratio - found["log_step"], stars[:, 0], np.nanmean(stars, axis=1), reviews, slates["shown"][kept], found["known"].any(axis=1)
    asked = rows["described"][request], rows["start_hour"][request] >= 19, rows["day"][request] / 365
    found["facts"] = np.column_stack([*shown, *asked]).astype(float)
    return found


def _chances(oracle: Oracle, lists: Columns) -> Floats:
    """(n, 2): P(somebody is chosen) when the whole list costs STEP less, and STEP more."""
    found = []
    for factor in (1 - STEP, 1 + STEP):
        none = oracle.choice(
            lists["request"], lists["technician_id"].astype(np.int64), price_mad=lists["price_mad"].astype(float) * factor,
            rating=lists["rating"].astype(float), reviews=lists["reviews"].astype(np.int64), km=lists["km"].astype(float),
            known=lists["known"].astype(bool),
        )[:, 0]  # fmt: skip
        found.append(1 - none)
    return np.column_stack(found)


def latency(folder: Path | None) -> float:
    """ms of one estimate from a thousand lists."""
    rng = np.random.default_rng(0)
    began = time.perf_counter()
    elasticity(rng.random(1000) < 0.5, np.log1p(rng.choice([-0.1, 0, 0.1], 1000)), np.zeros(1000), rng.random((1000, 9)))
    return (time.perf_counter() - began) * 1000


EXAMINER = Examiner(
    "elasticity",
    ("naive",),
    examine,
    {},
    latency,
    trained=False,
    metric="mean absolute error of four elasticities",
    tables={
        "slates": ("slate_id", "request_id", "source", "shown", "offset", "chosen_position"),
        "slate_items": ("slate_id", "position", "technician_id", "price_mad", "rating", "reviews", "km", "known"),
        "requests": ("request_id", "at", "day", "start_hour", "described", "usual_mad"),
    },
    hidden=("job_truths.need", "choice_truths.choice_probability", "client_traits.price_weight", "client_traits.income"),
    inputs=INPUTS,
)
