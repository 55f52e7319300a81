"""A technician's own price for a job: one of seven steps around the rule's, chosen by a rule or learnt from what people accept, never outside."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import ROUND_FLOOR, Decimal
from typing import Any

import numpy as np
from numpy.typing import NDArray

from domain.pricing.estimate import HIGHEST, LOWEST, ONE, UPLIFTS, Estimate, Line, rounded_between

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
#: Within systems.md 0.5 item 2; 0 stands in the middle.
STEPS = (-0.20, -0.10, -0.05, 0.0, 0.10, 0.20, 0.30)
KEEP = STEPS.index(0.0)
IDLE, FULL = 0.30, 0.80  # utilisation: hours agreed over hours offered that day
RULE_VERSION = "rule-offset-1"


@dataclass(frozen=True)
class Price:
    """`offset`: what it really is after rounding, within -0.20..+0.30 of `base_mad`; `rule`: who chose it."""

    estimate: Estimate
    offset: float
    rule: str

    @property
    def mad(self) -> Decimal:
        return self.estimate.likely_mad


def technician_price(estimate: Estimate, offset: float, rule: str = RULE_VERSION) -> Price:
    """The estimate moved by `offset`, as a line of its own.

    Hurry and offset together never pass +30 % of the price without either: the same visit is never dearer than that (0.5, item 2).
    Raises ValueError for an offset outside -0.20..0.30.
    """
    if not float(LOWEST) <= offset <= float(HIGHEST):
        raise ValueError(f"offset {offset}: {LOWEST}..{HIGHEST}")
    base, hurry = estimate.base_mad, estimate.likely_mad - estimate.base_mad
    step = Decimal(5) if base < 500 else Decimal(10)
    moved = rounded_between(base * (ONE + Decimal(str(offset))), base * (ONE + LOWEST), max(base, base * (ONE + HIGHEST) - hurry))
    difference = moved - base
    if not difference:
        return Price(estimate, 0.0, rule)
    # hurry stays the same share of a lower price, or its line would pass its own bound; of a higher one it stays the same amount
    haste = min(hurry, (moved * hurry / base / step).to_integral_value(ROUND_FLOOR) * step)
    lines = [line for line in estimate.breakdown if line.label not in UPLIFTS] + [Line("technician_offset", difference)]
    lines += [Line(line.label, haste) for line in estimate.breakdown if line.label in UPLIFTS and haste]
    likely = moved + haste
    shift = likely - estimate.likely_mad
    shifted = replace(
        estimate,
        min_mad=max(step, min(likely, estimate.min_mad + shift)),
        likely_mad=likely,
        max_mad=max(likely, estimate.max_mad + shift),
        base_mad=moved,
        uplift_pct=int(haste * 100 / moved),
        breakdown=tuple(lines),
    )
    return Price(shifted, float(difference / base), rule)


def context(utilisation: Floats, hurry: NDArray[np.bool_], evening: NDArray[np.bool_]) -> Ints:
    """(n,) 0..11: how full the technician is (idle, usual, full) x hurry x evening. The job and the agenda, never the person."""
    full = np.where(utilisation < IDLE, 0, np.where(utilisation < FULL, 1, 2))
    return full * 4 + np.asarray(hurry, int) * 2 + np.asarray(evening, int)


CONTEXTS = 12


def rule_step(contexts: Ints) -> Ints:
    """The baseline: who is idle goes 10 % down, nobody goes up."""
    return np.where(contexts // 4 == 0, STEPS.index(-0.10), KEEP)


class Thompson:
    """Thompson sampling per context and step: the reward's mean is drawn from what was seen of it (normal, unknown variance), the best draw is taken.

    Rewards are best scaled to about 1. Before `trust` rewards of a context and step their mean counts together with the context's own.
    """

    def __init__(self, contexts: int = CONTEXTS, steps: int = len(STEPS), *, trust: float = 20.0) -> None:
        self.count, self.total, self.square = (np.zeros((contexts, steps)) for _ in range(3))
        self.trust = trust

    def _posterior(self) -> tuple[Floats, Floats]:
        """(mean, sd of the mean), contexts x steps."""
        seen = self.count.sum(axis=1, keepdims=True)
        usual = self.total.sum(axis=1, keepdims=True) / np.maximum(1, seen)
        variance = self.square.sum() / max(1.0, self.count.sum()) - (self.total.sum() / max(1.0, self.count.sum())) ** 2
        variance = max(variance, 1e-3) if seen.any() else 1.0
        mean = (self.total + self.trust * usual) / (self.count + self.trust)
        return mean, np.sqrt(variance / (self.count + 1))

    def draw(self, contexts: Ints, rng: np.random.Generator) -> Ints:
        mean, sd = self._posterior()
        sampled: Floats = mean[contexts] + sd[contexts] * rng.standard_normal((len(contexts), mean.shape[1]))
        return sampled.argmax(axis=1)

    def expected(self, contexts: Ints) -> Floats:
        """(n, steps): the mean reward that it believes in."""
        return np.asarray(self._posterior()[0][contexts])

    def best(self, contexts: Ints) -> Ints:
        """Without chance: for when nothing is to be learnt."""
        return self.expected(contexts).argmax(axis=1)

    def learn(self, contexts: Ints, steps: Ints, rewards: Floats) -> None:
        for held, values in ((self.count, np.ones(len(rewards))), (self.total, rewards), (self.square, rewards**2)):
            np.add.at(held, (contexts, steps), values)


class QLearning:
    """The tabular variant that systems.md keeps for comparison (M07): epsilon-greedy over running means, no next state in a single quote."""

    def __init__(self, contexts: int = CONTEXTS, steps: int = len(STEPS), *, epsilon: float = 0.1, rate: float = 0.02) -> None:
        self.value, self.epsilon, self.rate = np.zeros((contexts, steps)), epsilon, rate

    def draw(self, contexts: Ints, rng: np.random.Generator) -> Ints:
        random = rng.integers(0, self.value.shape[1], len(contexts))
        return np.where(rng.random(len(contexts)) < self.epsilon, random, self.best(contexts))

    def best(self, contexts: Ints) -> Ints:
        found: Ints = self.value[contexts].argmax(axis=1)
        return found

    def learn(self, contexts: Ints, steps: Ints, rewards: Floats) -> None:
        for context_, step, reward in zip(contexts, steps, rewards, strict=True):
            self.value[context_, step] += self.rate * (reward - self.value[context_, step])


def stored(bandit: Thompson) -> Mapping[str, NDArray[Any]]:
    """What np.savez takes."""
    return {"count": bandit.count, "total": bandit.total, "square": bandit.square}
