"""Examines the learnt ranking on everybody who was free, shown or not: against four simple rules and the true probability that a job comes of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from domain.learning import registry
from domain.learning.forest import Forest
from domain.matching.features import FEATURES, NOT_KEPT, TABLES, hurry, inputs_of, place
from domain.matching.index import Card, Index
from domain.matching.rank import MOVES_AT_LEAST, Request, rule
from domain.matching.ranker import FILE, GROUPS, MatchModel, contributions
from evals.bench.match import latencies
from evals.market.files import read
from evals.market.oracle import Oracle
from evals.market_models.examined import Examined, Examiner

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Columns = dict[str, NDArray[Any]]
SHOWN = 3
DISCOUNT = 1 / np.log2(np.arange(SHOWN) + 2)
EXPLAINED = 40  # lists of each world whose reasons are taken away one by one


def load(folder: Path) -> MatchModel:
    """A freshly trained model, measured or not. Raises ModelRefused for other features or a damaged file."""
    entry = registry.verified(folder, FEATURES)
    return MatchModel.read(folder / FILE, entry.version)


def examine(world: Path, model: Path, until: int) -> Examined:
    """Judges on every request after `until` (seconds) whose whole pool was kept and held at least two."""
    tables = {name: read(world, name, list(names)) for name, names in TABLES.items()}
    pools = candidates(world, tables, until)
    oracle = Oracle(world)
    fitted, (inputs, _) = load(model), inputs_of(tables, pools)
    columns = fitted.columns(inputs)
    ways = simple(world, tables, pools)
    ways["oracle"] = worth(oracle, tables, pools)
    ways["model"] = fitted.values(columns)
    ways["model, what our tables hold"] = fitted.values(fitted.columns(without(inputs, NOT_KEPT)))
    ways["model, lines alone"] = lines_alone(fitted).values(columns)
    ways["model, no popularity"] = fitted.values(fitted.columns(without(inputs, ("popular",))))
    first = np.flatnonzero(np.append(True, np.diff(pools["slate_id"]) != 0))
    told = {who: figures(scores, ways["oracle"], first) for who, scores in ways.items()}
    told["model"]["faithful"] = faithful(fitted, columns, first)
    return Examined({who: 1 - each["ndcg3"] for who, each in told.items()}, told, len(first))


def candidates(world: Path, tables: Mapping[str, Columns], until: int) -> Columns:
    """Everybody who was free for the requests whose pool was written, in their order; shaped as slate_items."""
    names = list(TABLES["slate_items"])
    looked_at = read(world, "pools", names)
    slates = tables["slates"]
    late = slates["slate_id"][(slates["at"] >= until) & (slates["source"] == "list")]
    kept = np.intersect1d(np.unique(looked_at["slate_id"]), late)
    both = {name: np.concatenate([tables["slate_items"][name], looked_at[name]]) for name in names}
    at = np.flatnonzero(np.isin(both["slate_id"], kept))
    at = at[np.lexsort((both["technician_id"][at], both["slate_id"][at]))]
    return {name: values[at] for name, values in both.items()}


def worth(oracle: Oracle, tables: Mapping[str, Columns], pools: Columns) -> Floats:
    """The truth: P(taken when shown alone and first) x P(the visit is kept and done), for somebody who knows the client's words but not the fault."""
    request = _request(tables, pools)
    who = pools["technician_id"].astype(np.int64)
    shown = {name: pools[name].astype(float)[:, None] for name in ("price_mad", "rating", "km")}
    taken = oracle.choice(request, who[:, None], reviews=pools["reviews"][:, None], known=pools["known"][:, None], **shown)[:, 1]
    return np.asarray(taken * oracle.kept(request, who) * oracle.success(request, who, known="described"))


def simple(world: Path, tables: Mapping[str, Columns], pools: Columns) -> dict[str, Floats]:
    """Scores (n,) of what needs no model. The last is the simulated marketplace's own rule, by which the lists were made."""
    usual = _usual(tables, pools)
    price = np.log(pools["price_mad"] / usual)
    return {
        "nearest": -pools["km"].astype(float),
        "highest rating": pools["rating"] + 1e-3 * np.log1p(pools["reviews"]),
        "rule": by_rule(world, tables, pools, np.exp(price)),
        "the lists' own rule": pools["rating"] + 0.10 * np.log1p(pools["reviews"]) - 0.12 * pools["km"] - 1.2 * price,
    }


def by_rule(world: Path, tables: Mapping[str, Columns], pools: Columns, ratio: Floats) -> Floats:
    """The very rule that serves, list by list. The usual small job is taken as 300 MAD, the reviews as the jobs that are shown beside the stars."""
    homes = read(world, "technicians", ["technician_id", "city", "district"])
    asked = read(world, "requests", ["request_id", "city", "district"])
    home, request = place(homes["technician_id"], pools["technician_id"]), place(asked["request_id"], _request(tables, pools))
    found, now = np.zeros(len(request)), datetime(2026, 1, 1, tzinfo=UTC)
    for rows in np.split(np.arange(len(request)), np.flatnonzero(np.diff(pools["slate_id"])) + 1):
        cards = [
            Card(int(pools["technician_id"][i]), ("any",), homes["city"][home[i]], homes["district"][home[i]], 0.0, 0.0, 300 * float(ratio[i]),
                 float(pools["rating"][i]), int(pools["reviews"][i]))
            for i in rows
        ]  # fmt: skip
        known = pools["technician_id"][rows][pools["known"][rows]]
        where = request[rows[0]]
        job = Request("any", asked["city"][where], 0, 0, now, asked["district"][where], last_technician_id=int(known[0]) if len(known) else None)
        found[rows] = rule(Index(cards), job, np.arange(len(rows)), pools["km"][rows].astype(float))
    return found


def figures(scores: Floats, true: Floats, first: Ints) -> dict[str, float]:
    """ndcg3 (gains are the true values), top-1 regret and what the first is truly worth, share of the three that are in the list's best quarter."""
    ndcg, regret, worth_, precise = [], [], [], []
    for start, end in zip(first, np.append(first[1:], len(true)), strict=True):
        value = true[start:end]
        if len(value) < 2:
            continue
        order, best = np.argsort(-scores[start:end], kind="stable")[:SHOWN], np.sort(value)[::-1]
        ndcg.append((value[order] * DISCOUNT[: len(order)]).sum() / (best[:SHOWN] * DISCOUNT[: len(order)]).sum())
        regret.append(best[0] - value[order[0]])
        worth_.append(value[order[0]])
        precise.append((value[order] >= np.quantile(value, 0.75)).mean())
    told = {"ndcg3": ndcg, "regret": regret, "first is worth": worth_, "precision3": precise}
    return {name: float(np.mean(values)) for name, values in told.items()}


def faithful(model: MatchModel, columns: NDArray[np.float32], first: Ints) -> float:
    """The share of reasons that are true to the score: the same technician, average in what the reason names, scores lower."""
    held = []
    bounds = list(zip(first, np.append(first[1:], columns.shape[1]), strict=True))
    for start, end in bounds[:: max(1, len(bounds) // EXPLAINED)]:
        list_ = np.ascontiguousarray(columns[:, start:end])
        typical, best = list_.mean(axis=1), np.argsort(-model.values(list_))[:SHOWN]
        for shown, why in zip(best, contributions(model, list_, best), strict=True):
            for group in (name for name, moved in why.items() if moved >= MOVES_AT_LEAST and name != "record"):
                other = list_[:, [shown]].copy()
                at = [FEATURES.names.index(name) for name in GROUPS[group]]
                other[at, 0] = typical[at]
                held.append(model.values(other)[0] < model.values(list_[:, [shown]])[0])
    return float(np.mean(held)) if held else 1.0


def without(inputs: Floats, names: tuple[str, ...]) -> Floats:
    found = inputs.copy()
    found[:, [FEATURES.names.index(name) for name in names]] = np.nan
    return found


def lines_alone(model: MatchModel) -> MatchModel:
    """The regularised logistic part: what I04 of the requirements asks to be nearly as good."""
    return replace(model, take=replace(model.take, trees=Forest.none()), done=replace(model.done, trees=Forest.none()))


def latency(folder: Path) -> float:
    """p95 of one request among 50,000 technicians, ms, with reasons."""
    return latencies(load(folder), asked=300)["learnt"][1]


def _request(tables: Mapping[str, Columns], pools: Columns) -> Ints:
    slates = tables["slates"]
    return slates["request_id"][place(slates["slate_id"], pools["slate_id"])].astype(np.int64)


def _usual(tables: Mapping[str, Columns], pools: Columns) -> Floats:
    requests = tables["requests"]
    at = place(requests["request_id"], _request(tables, pools))
    return requests["usual_mad"][at].astype(float) * (1 + hurry(requests)[at])


EXAMINER = Examiner(
    "match",
    ("nearest", "highest rating", "rule", "the lists' own rule"),
    examine,
    {
        "the first is worth no less than any simple rule's": lambda mean: all(
            mean["model"]["regret"] <= mean[rule]["regret"] for rule in ("nearest", "highest rating", "rule", "the lists' own rule")
        ),
        "95 % of the reasons are true to the score": lambda mean: mean["model"]["faithful"] >= 0.95,
    },
    latency,
)
