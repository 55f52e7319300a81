"""Examines the learnt ranking on everybody who was free, shown or not: against four simple rules and the true probability that a job comes of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
from evals.market_models.audience import groups, named
from evals.market_models.examined import EXPLAINED, Curve, Examined, Examiner, Explained, Judged, facts, spread
from evals.market_models.explained import sampled

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Columns = dict[str, NDArray[Any]]
SHOWN = 3
DEEPEST = 8  # how many may be shown, in the curves
NEW = 5  # reviews below which a technician is new
NEWCOMERS: Mapping[float, str] = {0.0: "none", 1e-9: "up to a quarter", 0.25: "more than a quarter"}
FREE: Mapping[float, str] = {0: "2 to 5", 6: "6 to 15", 16: "16 and more"}
DRAWN = ("model", "model, what our tables hold", "the lists' own rule", "rule", "nearest")  # their curves
REASONED = 40  # lists of each world whose reasons are taken away one by one


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
    kept = judged(world, tables, pools, ways, fitted, inputs, until)
    return Examined({who: 1 - each["ndcg3"] for who, each in told.items()}, told, len(first), kept)


def judged(
    world: Path, tables: Mapping[str, Columns], pools: Columns, ways: Mapping[str, Floats], model: MatchModel, inputs: Floats, until: int
) -> Judged | None:
    """One row a list; what is said is the worth of whom the model puts first. None without a list of two."""
    lists = lists_of(pools["slate_id"])
    if not lists:
        return None
    true, request = ways["oracle"], _request(tables, pools)[[rows[0] for rows in lists]]
    first = np.array([rows[ways["model"][rows].argmax()] for rows in lists])
    new = np.array([(pools["reviews"][rows] < NEW).mean() for rows in lists])
    sizes = np.array([len(rows) for rows in lists])
    at = tables["slates"]["at"].astype(np.int64)
    return Judged(
        "value",
        ways["model"][first],
        true[first],
        {who: 1 - np.array([ndcg(scores[rows], true[rows]) for rows in lists]) for who, scores in ways.items()},
        {"newcomers among them": named(NEWCOMERS, new), "free then": named(FREE, sizes)} | groups(world, request),
        enough=30,
        curves=curves(ways, lists),
        explained={"": explained(model, inputs, lists)},
        data=facts(world, at[at < until], _times(tables, request), pools["slate_id"], pools["technician_id"]),
    )


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


def explained(model: MatchModel, inputs: Floats, lists: Sequence[Ints]) -> Explained:
    """Candidates spread over all lists, each against the average one of their list: what they share with it moves nothing."""
    every, of = np.concatenate(lists), np.repeat(np.arange(len(lists)), [len(rows) for rows in lists])
    some = spread(len(every), EXPLAINED)
    asked, known = every[some], model.columns(inputs).T.astype(float)
    typical = np.array([known[rows].mean(axis=0) for rows in lists])[of[some]]
    moves = sampled(lambda rows: np.log(model.values(np.ascontiguousarray(rows.T, np.float32))), known[asked], typical)
    return Explained(FEATURES.names, inputs[asked], moves, "log of the score")


def curves(ways: Mapping[str, Floats], lists: Sequence[Ints]) -> dict[str, Curve]:
    """By how many are shown: NDCG, and what the best of the list is worth more than the best shown."""
    shown = range(1, DEEPEST + 1)
    true = ways["oracle"]
    ndcgs = {who: np.array([np.mean([ndcg(ways[who][rows], true[rows], k) for rows in lists]) for k in shown]) for who in DRAWN}
    missed = {who: np.array([np.mean([regret(ways[who][rows], true[rows], k) for rows in lists]) for k in shown]) for who in DRAWN}
    return {"ndcg": Curve(list(shown), ndcgs), "regret": Curve(list(shown), missed)}


def lists_of(slate_id: Ints) -> list[Ints]:
    """The rows of every list with at least two candidates; those of one list stand together."""
    every = np.split(np.arange(len(slate_id)), np.flatnonzero(np.diff(slate_id)) + 1)
    return [rows for rows in every if len(rows) > 1]


def ndcg(scores: Floats, true: Floats, shown: int = SHOWN) -> float:
    """Of one list, 0..1; gains are the true values (Jarvelin and Kekalainen 2002)."""
    order, best = np.argsort(-scores, kind="stable")[:shown], np.sort(true)[::-1][:shown]
    discount = 1 / np.log2(np.arange(len(order)) + 2)
    return float((true[order] * discount).sum() / (best * discount).sum())


def regret(scores: Floats, true: Floats, shown: int = 1) -> float:
    """Of one list: the worth of its best less that of the best shown."""
    return float(true.max() - true[np.argsort(-scores, kind="stable")[:shown]].max())


def figures(scores: Floats, true: Floats, first: Ints) -> dict[str, float]:
    """ndcg3 (gains are the true values), top-1 regret and what the first is truly worth, share of the three that are in the list's best quarter."""
    told: dict[str, list[float]] = {"ndcg3": [], "regret": [], "first is worth": [], "precision3": []}
    for start, end in zip(first, np.append(first[1:], len(true)), strict=True):
        said, value = scores[start:end], true[start:end]
        if len(value) < 2:
            continue
        order = np.argsort(-said, kind="stable")[:SHOWN]
        precise = (value[order] >= np.quantile(value, 0.75)).mean()
        for name, one in zip(told, (ndcg(said, value), regret(said, value), value[order[0]], precise), strict=True):
            told[name].append(float(one))
    return {name: float(np.mean(values)) for name, values in told.items()}


def faithful(model: MatchModel, columns: NDArray[np.float32], first: Ints) -> float:
    """The share of reasons that are true to the score: the same technician, average in what the reason names, scores lower."""
    held = []
    bounds = list(zip(first, np.append(first[1:], columns.shape[1]), strict=True))
    for start, end in bounds[:: max(1, len(bounds) // REASONED)]:
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


def _times(tables: Mapping[str, Columns], request: Ints) -> Ints:
    """When these were asked, seconds."""
    requests = tables["requests"]
    return requests["at"][place(requests["request_id"], request)].astype(np.int64)


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
    tables={**TABLES, "pools": TABLES["slate_items"]},
    hidden=(
        "choice_truths.choice_probability",
        "client_traits.price_weight",
        "client_traits.quality_weight",
        "client_traits.loyalty",
        "technician_traits.quality",
        "technician_traits.reliability",
        "technician_weeks.fatigue",
        "client_traits.income",
    ),
)
