"""Fits whom clients take and whose visits end well: for each a line, then xgboost's trees on what it leaves, as far as later weeks like them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import xgboost
from numpy.typing import NDArray

from domain.learning.forest import Forest
from domain.learning.quality import Rows, by_time
from domain.matching.features import FEATURES, NAME, OF_THE_JOB, TABLES, checked, rows
from domain.matching.ranker import FILE, Head, MatchModel
from finetune.market import observed
from finetune.market.task import Task

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
SEED = 7
PLACES = 5
FOLDS = 3  # consecutive in time
#: How many trees a head may have; 0: the line alone.
SIZES = (0, 20, 50, 100)
DEPTH = 3
RIDGE = 3.0  # on standardised weights, in units of one example's log-likelihood
DONE_RIDGES = (3.0, 30.0, 100.0)
#: What a client sees of a list: nothing else can move whom they take.
SEEN = (*OF_THE_JOB, "km", "price", "price_emergency", "price_big", "known", "speaks", "rating", "reviews", "verified")
#: What may bear on how a visit ends.
PAST = ("fixes", "keeps", "accepts", "lately", "popular")
BEARS = (*OF_THE_JOB, "price", "known", "rating", "reviews", "level", "second_trade", "jobs_that_day", *PAST)
#: Which way an input may move an answer, whatever the data say: nobody falls for better stars or rises by a higher price.
RISING = ("known", "speaks", "rating", "reviews", "level", "verified", "fixes", "keeps", "lately")
FALLING = ("km", "price", "second_trade")
SIGNS = tuple((name in RISING) - (name in FALLING) for name in FEATURES.names)
TREES: dict[str, Any] = {"max_depth": DEPTH, "eta": 0.1, "min_child_weight": 15.0, "lambda": 10.0, "monotone_constraints": SIGNS}
TREES |= {"tree_method": "hist", "seed": SEED, "nthread": 2}
ENOUGH = 600_000  # places shown; more would teach two dozen weights and a hundred small trees no better


@dataclass(frozen=True)
class Lists:
    """Places shown, sorted by list: `first` is where each list begins. A client takes one of them or nobody (utility 0)."""

    inputs: Floats
    position: Ints
    chosen: Floats
    first: Ints

    def part(self, lists: NDArray[np.bool_]) -> Lists:
        size = np.diff(np.append(self.first, len(self.chosen)))
        kept = np.repeat(lists, size)
        return Lists(self.inputs[kept], self.position[kept], self.chosen[kept], np.concatenate([[0], np.cumsum(size[lists])[:-1]]).astype(np.int64))

    def chances(self, utility: Floats) -> Floats:
        """Of each place to be taken: conditional logit (McFadden 1974) with nobody as a further alternative."""
        weight = np.exp(np.clip(utility, -30, 30))
        total = 1 + np.add.reduceat(weight, self.first)
        return np.asarray(weight / np.repeat(total, np.diff(np.append(self.first, len(weight)))))

    def loss(self, utility: Floats) -> float:
        """Mean minus log-likelihood of a list."""
        utility = np.clip(utility, -30, 30)
        total = np.log1p(np.add.reduceat(np.exp(utility), self.first))
        return float((total.sum() - (utility * self.chosen).sum()) / len(self.first))


def examples(folders: list[Path], until: int | None = None) -> Rows:
    """Checked places of all lists whose choice was known before `until` (seconds). Raises BadTrainingData."""
    found = []
    for number, folder in enumerate(folders):
        each = rows(observed.read(folder, TABLES), until)
        each.extra["slate_id"][:] += number << 40  # lists of two markets never share a number
        found.append(each)
    every = Rows.joined(found)
    return checked(every if until is None else every.part(every.outcome_at < until))


def fit(found: Rows, folder: Path, say: Callable[[float, str], None]) -> None:
    """Writes the model to `folder`."""
    usual = np.nanmean(found.inputs, axis=0)
    (found,) = by_time(found, (1.0,))
    inputs = np.where(np.isnan(found.inputs), usual, found.inputs)
    lists = _lists(found, _only(inputs, SEEN))
    say(0.1, "whom clients take")
    take = _take(lists)
    visited = found.target >= 2
    say(0.7, "whose visits end well")
    done = _done(_only(inputs[visited], BEARS), (found.target[visited] >= 4).astype(float))
    MatchModel(usual.astype(np.float32), take, done, "").save(folder / FILE)


def _only(inputs: Floats, names: tuple[str, ...]) -> Floats:
    """The inputs with all others the same for everybody: no line leans on them and no tree asks them."""
    return np.where(np.isin(FEATURES.names, names), inputs, 0.0)


def _lists(found: Rows, inputs: Floats) -> Lists:
    """Lists in the order in which they were shown; those asked for by name say nothing of choice."""
    at = np.flatnonzero(found.extra["listed"])
    at = at[np.lexsort((found.extra["position"][at], found.extra["slate_id"][at], found.decided_at[at]))]
    number = found.extra["slate_id"][at]
    first = np.flatnonzero(np.append(True, number[1:] != number[:-1]))
    return Lists(inputs[at], found.extra["position"][at] - 1, found.target[at] % 2, first)


def _take(lists: Lists) -> Head:
    lists = lists.part(np.random.default_rng(SEED).random(len(lists.first)) < ENOUGH / len(lists.chosen))
    line, places = _choice_line(lists)
    fold = np.arange(len(lists.first)) * FOLDS // len(lists.first)
    losses = dict.fromkeys(SIZES, 0.0)
    for number in range(FOLDS):
        taught, held = lists.part(fold != number), lists.part(fold == number)
        base = _choice_line(taught)
        booster = _choice_trees(taught, *base, max(SIZES))
        for size in SIZES:
            losses[size] += held.loss(_utility(held, *base) + _trees(booster, held.inputs, size))
    size = min(losses, key=lambda each: losses[each])
    return Head(line, Forest.of(_choice_trees(lists, line, places, size), DEPTH) if size else Forest.none())


def _utility(lists: Lists, line: Floats, places: Floats) -> Floats:
    return np.asarray(line[0] + lists.inputs @ line[1:] + places[lists.position])


def _choice_line(lists: Lists) -> tuple[Floats, Floats]:
    """(intercept and weights, what each place of the list adds): a conditional logit with a small ridge. Places are for training alone."""
    design = np.column_stack([lists.inputs, *(lists.position == p for p in range(1, PLACES))])

    def of(utility: Floats) -> tuple[float, Floats]:
        return lists.loss(utility) * len(lists.first), lists.chances(utility) - lists.chosen

    found = _line(design, of, RIDGE)
    inputs = 1 + lists.inputs.shape[1]
    return found[:inputs], np.append(0.0, found[inputs:])


def _line(design: Floats, of: Callable[[Floats], tuple[float, Floats]], ridge: float) -> Floats:
    """Intercept and weights that make `of` (logits -> loss and its slope) least, with a ridge on standardised weights, none against its SIGN."""
    from scipy.optimize import minimize

    middle, spread = design.mean(axis=0), design.std(axis=0)
    scale = np.where(spread > 1e-9, spread, np.inf)  # what never varies has no weight
    whole = np.column_stack([np.ones(len(design)), (design - middle) / scale])
    penalty = np.append(0.0, np.full(design.shape[1], ridge))
    free = (None, None)
    bounds = [free, *({1: (0, None), -1: (None, 0)}.get(sign, free) for sign in SIGNS)]

    def climb(weights: Floats) -> tuple[float, Floats]:
        loss, slope = of(whole @ weights)
        return loss + 0.5 * float(penalty @ weights**2), whole.T @ slope + penalty * weights

    start = np.zeros(whole.shape[1])
    bounds += [free] * (len(start) - len(bounds))
    found = minimize(climb, start, jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": 300}).x
    weights = found[1:] / scale
    return np.append(found[0] - middle @ weights, weights)


def _choice_trees(lists: Lists, line: Floats, places: Floats, size: int) -> Any:
    """Trees that climb the likelihood of whole lists, from where the line ends."""

    def climb(margin: Floats, _: Any) -> tuple[Floats, Floats]:
        chances = lists.chances(margin.astype(np.float64))
        return chances - lists.chosen, np.maximum(chances * (1 - chances), 1e-6)

    data = xgboost.DMatrix(lists.inputs.astype(np.float32), label=lists.chosen, base_margin=_utility(lists, line, places))
    return xgboost.train(TREES | {"base_score": 0.0}, data, size, obj=climb)


def _done(inputs: Floats, done: Floats) -> Head:
    fold = np.arange(len(done)) * FOLDS // len(done)
    ways = [(ridge, size) for ridge in DONE_RIDGES for size in SIZES]
    losses = dict.fromkeys(ways, 0.0)
    for number in range(FOLDS):
        taught, held = fold != number, fold == number
        for ridge in DONE_RIDGES:
            base = _done_line(inputs[taught], done[taught], ridge)
            booster = _done_trees(inputs[taught], done[taught], base, max(SIZES))
            for size in SIZES:
                logit = base[0] + inputs[held] @ base[1:] + _trees(booster, inputs[held], size)
                losses[ridge, size] += float(np.logaddexp(0, np.where(done[held] > 0, -logit, logit)).mean())
    ridge, size = min(losses, key=lambda each: losses[each])
    line = _done_line(inputs, done, ridge)
    return Head(line, Forest.of(_done_trees(inputs, done, line, size), DEPTH) if size else Forest.none())


def _done_line(inputs: Floats, done: Floats, ridge: float) -> Floats:
    def of(logit: Floats) -> tuple[float, Floats]:
        return float(np.logaddexp(0, np.where(done > 0, -logit, logit)).sum()), 1 / (1 + np.exp(-logit)) - done

    return _line(inputs, of, ridge)


def _done_trees(inputs: Floats, done: Floats, line: Floats, size: int) -> Any:
    data = xgboost.DMatrix(inputs.astype(np.float32), label=done, base_margin=line[0] + inputs @ line[1:])
    return xgboost.train(TREES | {"objective": "binary:logistic"}, data, size)


def _trees(booster: Any, inputs: Floats, size: int) -> Floats:
    """What the first `size` trees add."""
    if not size:
        return np.zeros(len(inputs))
    data = xgboost.DMatrix(inputs.astype(np.float32), base_margin=np.zeros(len(inputs)))
    return np.asarray(booster.predict(data, output_margin=True, iteration_range=(0, size)), np.float64)


TASK = Task(NAME, FEATURES, "1 - NDCG@3 of P(taken) x P(done), true", (FILE,), examples, fit, "who is shown to a client")
