"""Examines the estimated price elasticities of the four needs against the true ones, beside the naive regression."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from domain.pricing.elasticity import LISTS_AT_LEAST, elasticity, naive
from evals.market.files import read
from evals.market.oracle import Oracle
from evals.market_models.examined import Examined, Examiner

NEEDS = ("emergency", "planned", "quality", "business")
STEP = 0.01  # both ways, for the true slope
SHOWN = 5


def examine(world: Path, model: Path | None, until: int) -> Examined:
    """Loss: mean absolute error over the needs that have enough lists. The price of need is not one person's: nothing is quoted from it."""
    oracle = Oracle(world)
    lists = _lists(oracle, world)
    before = oracle.requests["at"][lists["request"]] < until
    errors: dict[str, list[float]] = {"model": [], "naive": [], "oracle": []}
    covered: list[bool] = []
    told: dict[str, dict[str, float]] = {}
    for need in NEEDS:
        mine = before & (lists["need"] == need)
        if mine.sum() < LISTS_AT_LEAST:
            continue
        found = elasticity(lists["chosen"][mine], lists["log_step"][mine], lists["expected"][mine], lists["facts"][mine])
        guess = naive(lists["chosen"][mine], lists["log_ratio"][mine])
        true = _true(oracle, lists, np.flatnonzero(mine))
        for who, value in (("model", found.value), ("naive", guess), ("oracle", true)):
            errors[who].append(abs(value - true))
            told.setdefault(who, {})[need] = value
        covered.append(found.ci_low <= true <= found.ci_high)
    figures = {who: {need: told.get(who, {}).get(need, float("nan")) for need in NEEDS} for who in errors}
    for who in figures:
        figures[who]["covered"] = float(np.mean(covered)) if who == "model" and covered else float("nan")
    return Examined({who: float(np.mean(values)) if values else 0.0 for who, values in errors.items()}, figures, int(before.sum()))


def _lists(oracle: Oracle, world: Path) -> dict[str, NDArray[Any]]:
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


def _true(oracle: Oracle, lists: dict[str, NDArray[Any]], rows: NDArray[np.int64]) -> float:
    """d log P(somebody is chosen) / d log price when the whole list moves, over these lists."""
    share = []
    for factor in (1 - STEP, 1 + STEP):
        none = oracle.choice(
            lists["request"][rows], lists["technician_id"][rows].astype(np.int64), price_mad=lists["price_mad"][rows].astype(float) * factor,
            rating=lists["rating"][rows].astype(float), reviews=lists["reviews"][rows].astype(np.int64), km=lists["km"][rows].astype(float),
            known=lists["known"][rows].astype(bool),
        )[:, 0]  # fmt: skip
        share.append(float(1 - none.mean()))
    return float(np.log(share[1] / share[0]) / np.log((1 + STEP) / (1 - STEP)))


def latency(folder: Path | None) -> float:
    """ms of one estimate from a thousand lists."""
    rng = np.random.default_rng(0)
    began = time.perf_counter()
    elasticity(rng.random(1000) < 0.5, np.log1p(rng.choice([-0.1, 0, 0.1], 1000)), np.zeros(1000), rng.random((1000, 9)))
    return (time.perf_counter() - began) * 1000


EXAMINER = Examiner("elasticity", ("naive",), examine, {}, latency, trained=False, metric="mean absolute error of four elasticities")
