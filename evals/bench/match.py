"""How long the best technicians for a job take to be found among fifty thousand (a made-up crowd, fixed seed): by the rule and by the model."""

from __future__ import annotations

import random
import resource
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from domain.learning import registry
from domain.matching.features import FEATURES
from domain.matching.index import Card, Index
from domain.matching.rank import ROAD_FACTOR, Request, find
from domain.matching.ranker import FILE, MatchModel, Ranking
from evals.bench.figures import Figure, at_most, quantile

ARTIFACT = Path(__file__).resolve().parents[2] / "finetune" / "artifacts" / "match"
TRADES = ("plumbing", "electricity", "painting", "hvac", "carpentry", "locksmith", "cleaning", "moving")
TOWNS = {"casablanca": (33.57, -7.59), "rabat": (34.01, -6.83), "marrakech": (31.63, -8.0), "fes": (34.03, -5.0), "tangier": (35.77, -5.8)}
NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)


def measure(people: int = 50_000, asked: int = 1_000) -> list[Figure]:
    """The rule; and the learnt ranking beside its floor where an artefact is there, whether or not it may serve."""
    try:
        entry = registry.verified(ARTIFACT, FEATURES)
    except registry.ModelRefused:
        model = None
    else:
        model = MatchModel.read(ARTIFACT / FILE, entry.version)
    took = latencies(model, people, asked)
    note = f"{asked} requests, p50 {took['rule'][0]:.2f} ms"
    found = [at_most("match among 50,000 technicians, p95", took["rule"][1], "ms", 20, note)]
    if model is None:
        return found
    note = f"{asked} requests, p50 {took['learnt'][0]:.2f} ms, {took['candidates'][0]:.0f} candidates (p95 {took['candidates'][1]:.0f})"
    found.append(at_most("the same by the learnt ranking with reasons, p95", took["learnt"][1], "ms", 20, note))
    if "floor" in took:
        ratio = took["learnt"][1] / took["floor"][1]
        note = f"filter and one xgboost predict: p50 {took['floor'][0]:.2f}, p95 {took['floor'][1]:.2f} ms; p50 against p50: "
        found.append(Figure("learnt ranking over its floor, p95", round(ratio, 2), "x", note=note + f"{took['learnt'][0] / took['floor'][0]:.2f} x"))
    note = f"whole process {took['memory'][1]:.0f} MB at its peak"
    found.append(Figure("what the learnt ranking keeps of 50,000 technicians", round(took["memory"][0], 1), "MB", note=note))
    return found


def latencies(model: MatchModel | None, people: int = 50_000, asked: int = 1_000) -> dict[str, tuple[float, float]]:
    """name -> (p50, p95) in ms of rule, learnt and floor, asked in turn with the same requests; `candidates`: how many; `memory`: (kept, peak) MB."""
    dice = random.Random(7)
    index = crowd(dice, people)
    order = Ranking(model, index) if model is not None else None
    floor = _floor(model, index) if model is not None else None
    took: dict[str, list[float]] = {"rule": []}
    for _ in range(asked):
        request = _request(dice)
        _timed(took, "rule", partial(find, index, request))
        if order is not None:
            _timed(took, "learnt", partial(find, index, request, order=order))
        if floor is not None:
            began = time.perf_counter()
            count = floor(request)
            took.setdefault("floor", []).append((time.perf_counter() - began) * 1000)
            took.setdefault("candidates", []).append(count)
    found = {name: (quantile(values, 0.5), quantile(values, 0.95)) for name, values in took.items()}
    if order is not None:
        found["memory"] = order.bytes / 1e6, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
    return found


def crowd(dice: random.Random, people: int) -> Index:
    def card(number: int) -> Card:
        town = dice.choice(list(TOWNS))
        lat, lon = _near(dice, town)
        trades, rate = (dice.choice(TRADES),), dice.uniform(150, 700)
        return Card(number, trades, town, None, lat, lon, rate, dice.uniform(3, 5), dice.randrange(600), dice.uniform(5, 25))

    return Index([card(n) for n in range(people)])


def _near(dice: random.Random, town: str) -> tuple[float, float]:
    lat, lon = TOWNS[town]
    return lat + dice.gauss(0, 0.05), lon + dice.gauss(0, 0.05)


def _request(dice: random.Random) -> Request:
    town = dice.choice(list(TOWNS))
    lat, lon = _near(dice, town)
    start = NOW + timedelta(hours=dice.randrange(1, 100))
    return Request(dice.choice(TRADES), town, lat, lon, NOW, start=start)


def _timed(took: dict[str, list[float]], name: str, call: Callable[[], Any]) -> None:
    began = time.perf_counter()
    call()
    took.setdefault(name, []).append((time.perf_counter() - began) * 1000)


def _floor(model: MatchModel, index: Index) -> Callable[[Request], int] | None:
    """The least that such a ranking does: filter by numpy, then one xgboost prediction with as many trees, as deep; None without xgboost."""
    try:
        import xgboost
    except ImportError:
        return None
    dice = np.random.default_rng(7)
    size = max(1, sum(head.trees.leaf.shape[1] for head in (model.take, model.done)))
    depth = int(np.log2(max(len(model.take.trees.leaf), len(model.done.trees.leaf), 8)))
    table = dice.random((len(index), len(FEATURES.names)), np.float32)
    taught = xgboost.DMatrix(table[:5_000], label=dice.random(5_000))
    booster = xgboost.train({"max_depth": depth, "nthread": 1, "min_child_weight": 1}, taught, size)

    def answer(request: Request) -> int:
        rows = index.in_trade(request.service)
        km = index.distance_km(rows, request.lat, request.lon, ROAD_FACTOR)
        rows = rows[(km <= np.minimum(index.radius[rows], 25)) & index.at_work(rows, request.start or request.now)]
        if len(rows):
            scores = booster.inplace_predict(table[rows])
            np.argpartition(-scores, min(3, len(rows) - 1))
        return len(rows)

    return answer
