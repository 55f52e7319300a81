"""Gives little-known technicians a fair chance: on at most a fifth of lists the last place is drawn by Thompson sampling, its probability told."""

from __future__ import annotations

from dataclasses import dataclass
from math import floor, sqrt
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
CAP = 0.20  # systems.md A06
POOL = 12  # of whom the last place may be drawn; the rest are too far from good
GRID = 400  # points of the integral; 800 change no probability by more than 1e-3
FEWEST = 1e-4  # no candidate who may be drawn is less likely than this, so that weights of off-policy estimates stay finite
#: What is known of a visit's success before the first one: as of this many visits that went the usual way.
PRIOR, USUAL = 6.0, 0.85


@dataclass(frozen=True)
class Exploring:
    """The policy as it serves: on `share` 0..CAP of the lists the last place is drawn among the best POOL."""

    share: float = CAP
    seed: int = 0


def serving(folder: Path) -> Exploring:
    """The policy, where the settings name it; it has no file, whatever the folder of the artefacts."""
    return Exploring()


@dataclass(frozen=True)
class Shown:
    """`places`: of the candidates, best first. `propensity` (places,): of this one at this place given those above it, 1 without chance.

    `explored`: the last place was drawn. The propensity of the whole list is the product.
    """

    places: Ints
    propensity: Floats
    explored: bool


def explores(number: int, share: float, seed: int) -> bool:
    """Whether list `number` (0, 1, ... of a stream) has a drawn place: for each list with probability `share`, and among any n lists in a row
    at most `share` n + 1 of them (systematic sampling). The same seed gives the same answer.

    Raises ValueError for a share outside 0..CAP.
    """
    if not 0 <= share <= CAP:
        raise ValueError(f"share {share}: choose 0 to {CAP}; more would make too many people pay for what we learn")
    start = np.random.default_rng(seed).random()
    return floor((number + 1) * share + start) > floor(number * share + start)


def show(
    scores: Floats, tried: Floats, done: Floats, *, k: int = 3, number: int = 0, share: float = 0.0, seed: int = 0, emergency: bool = False
) -> Shown:
    """The `k` to show of candidates with `scores` (n,) above 0, of whose `tried` visits `done` went well. Never explores in an emergency.

    In a list that explores, the last place goes to whoever scores best when each one's success is drawn from its Beta posterior: often somebody with
    few visits, whose score may be too low by bad luck. The probabilities are exact to the grid and the draw is made from them, so what is logged is
    what was done: 1 - share + share x (probability of being drawn) for who would stand there anyway, share x (that probability) for others.
    """
    best = np.lexsort((np.arange(len(scores)), -scores))
    places, propensity = best[:k].copy(), np.ones(min(k, len(best)))
    if share == 0.0 or emergency or len(best) <= k:
        explores(number, share, seed)  # an impossible share is refused whether or not it matters
        return Shown(places, propensity, False)
    rest = best[k - 1 :]
    chances = best_of(scores[rest], tried[rest], done[rest])
    drawn = explores(number, share, seed)
    pick = int(np.random.default_rng((seed, number)).choice(len(rest), p=chances)) if drawn else 0
    places[-1] = rest[pick]
    propensity[-1] = share * chances[pick] + (1 - share) * (pick == 0)
    return Shown(places, propensity, drawn)


def best_of(scores: Floats, tried: Floats, done: Floats) -> Floats:
    """(n,): for each the probability that score x (drawn success / expected success) is the largest; above 0, adds up to 1.

    Success of each ~ Beta(USUAL x PRIOR + done, (1 - USUAL) x PRIOR + tried - done). By quadrature over the common value (Thompson 1933).
    """
    from scipy.stats import beta

    good, bad = USUAL * PRIOR + done, (1 - USUAL) * PRIOR + np.maximum(0, tried - done)
    per_success = scores * (good + bad) / good  # what one is worth for each unit of drawn success
    edges = np.linspace(0, float(per_success.max()), GRID + 1)
    below = beta.cdf(np.clip(edges[None, :] / per_success[:, None], 0, 1), good[:, None], bad[:, None])
    middle, mass = (below[:, 1:] + below[:, :-1]) / 2, np.diff(below, axis=1)
    logs = np.log(np.maximum(middle, 1e-300))
    chance = (mass * np.exp(logs.sum(axis=0) - logs)).sum(axis=1)
    chance = np.maximum(chance / chance.sum(), FEWEST)
    return np.asarray(chance / chance.sum())


def off_policy(outcome: Floats, propensity: Floats, target: Floats) -> tuple[float, float, float]:
    """What another policy's mean outcome would be, from lists that this one showed: (estimate, lower, upper 95 %).

    `propensity` (n,): what was logged, above 0; `target` (n,): how likely the other policy shows the same. Inverse propensity weights (Horvitz and
    Thompson 1952) over their own sum (Hajek 1971), with the interval of that ratio.
    Raises ValueError where nothing of what was shown could be the other's.
    """
    weights = target / propensity
    total = float(weights.sum())
    if total <= 0:
        raise ValueError("the other policy shows none of these; log lists that it could show too")
    estimate = float((weights * outcome).sum()) / total
    reach = 1.959964 * sqrt(float(((weights * (outcome - estimate)) ** 2).sum())) / total
    return estimate, estimate - reach, estimate + reach
