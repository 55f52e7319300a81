from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from evals.market import laws
from evals.market.files import read
from evals.market.jobs import EMERGENCY, PLANNED
from evals.market.parameters import FILE, WORLDS, document, fingerprint, numbers_of
from evals.market.world import Size, make_scene, simulate

W1, W2, W3 = (numbers_of(world, 100) for world in WORLDS)


def test_the_parameters_are_frozen() -> None:
    frozen = yaml.safe_load((Path(__file__).parent / "frozen.yaml").read_text())
    version = document()["version"]
    assert frozen.get(version) == fingerprint(), f"{FILE.name} changed: raise its version and add {fingerprint()} to frozen.yaml"


def test_an_unknown_number_is_named() -> None:
    with pytest.raises(KeyError, match=r"choice\.colour"):
        W1("choice.colour")


def choice(n: Any, **changed: Any) -> float:
    usual: dict[str, Any] = {
        "day": 0, "hour": 12, "need": PLANNED, "price_ratio": 1.0, "rating": 4.5, "reviews": 10, "km": 3.0, "position": 1, "verified": True,
        "speaks": True, "known": False, "price_weight": 1.0, "quality_weight": 1.0, "loyalty": 1.0,
    }  # fmt: skip
    return float(laws.choice_utility(n, **{k: np.array([v]) for k, v in (usual | changed).items()})[0])


def accept(n: Any, **changed: Any) -> float:
    usual: dict[str, Any] = {
        "day": 0, "hour": 12, "friday": False, "ramadan": False, "rain": False, "km": 3.0, "price_mad": 300.0, "price_over_own": 1.0, "level": 3,
        "described": 0.0, "jobs_that_day": 0, "short_notice": False, "known": False, "choosy": 0.0, "fatigue": 0.5,
    }  # fmt: skip
    p = laws.acceptance(n, **{k: np.array([v]) for k, v in (usual | changed).items()})[0]
    return float(np.log(p / (1 - p)))


def success(n: Any, **changed: Any) -> float:
    usual: dict[str, Any] = {
        "day": 0, "hour": 12, "quality": 0.0, "level": 3, "complexity": 0.0, "second_trade": False, "fatigue": 0.5, "outside": False, "rain": False,
    }  # fmt: skip
    p = laws.success(n, **{k: np.array([v]) for k, v in (usual | changed).items()})[0]
    return float(np.log(p / (1 - p)))


#: Each interaction: the law, and the two conditions that only together make the step.
INTERACTIONS = [
    (choice, {"price_ratio": 1.3}, {"need": EMERGENCY}, -1),  # dear, unless it is an emergency: the second condition lifts the step
    (choice, {"km": 6.0}, {"hour": 20}, 1),
    (choice, {"speaks": False}, {"known": True}, -1),
    (accept, {"km": 6.0}, {"price_mad": 200.0}, 1),
    (accept, {"jobs_that_day": 1}, {"hour": 20}, 1),
    (accept, {"described": 1.5}, {"level": 2}, 1),
    (success, {"complexity": 1.0}, {"level": 4}, -1),
    (success, {"fatigue": 1.2}, {"hour": 20}, 1),
    (success, {"outside": True}, {"rain": True}, 1),
]


@pytest.mark.parametrize(("law", "one", "other", "sign"), INTERACTIONS)
def test_w2_has_the_interaction_and_w1_has_not(law: Any, one: dict[str, Any], other: dict[str, Any], sign: int) -> None:
    def together(n: Any) -> float:
        """The second difference: 0 where the two act independently on the logit."""
        return law(n, **one, **other) - law(n, **one) - law(n, **other) + law(n)

    price_alone = 0.0
    if "price_ratio" in one:  # W1's price weight differs by need, which is its own (smooth) interaction
        price_alone = (W1("choice.price.planned") - W1("choice.price.emergency")) * np.log(1.3)
    assert together(W1) == pytest.approx(price_alone, abs=1e-9)
    assert sign * (together(W2) - price_alone) < -0.6


def test_low_stars_are_a_step_in_w2_only() -> None:
    for n, steps in ((W1, False), (W2, True)):
        drop = choice(n, rating=4.1) - choice(n, rating=4.0)
        further = choice(n, rating=4.3) - choice(n, rating=4.2)
        assert (drop - further > 1) == steps


def test_w2_has_catastrophes_and_old_walls() -> None:
    facts = {"complexity": np.array([1.0]), "dearness": np.array([0.0])}
    plain, tailed = (laws.cost(n, **facts, in_the_wall=np.array([False])) for n in (W1, W2))
    assert (1 - tailed.cdf(np.array([2.5])))[0] > 5 * (1 - plain.cdf(np.array([2.5])))[0]
    wall = laws.cost(W2, **facts, in_the_wall=np.array([True])).quantile(0.5) / tailed.quantile(0.5)
    assert wall[0] == pytest.approx(np.exp(0.22), rel=0.03)
    assert laws.cost(W1, **facts, in_the_wall=np.array([True])).quantile(0.5) == pytest.approx(plain.quantile(0.5))


def test_w3_drifts_on_its_dates_and_not_before() -> None:
    assert len(W3.drifts) == 5
    for drift in W3.drifts:
        factor = W3.drifted(drift.path, np.array([0, drift.day - 1, drift.day, 99]))
        assert factor.tolist() == [1, 1, drift.factor, drift.factor]
        assert W1.drifted(drift.path, 99) == 1
    price = next(d for d in W3.drifts if d.path == "choice.price")
    loses = [choice(W3, day=day, price_ratio=1.2) - choice(W3, day=day) for day in (price.day - 1, price.day)]
    assert loses[1] == pytest.approx(1.5 * loses[0])
    assert accept(W3, day=57, km=10) == accept(W1, km=10) and accept(W3, day=58, km=10) < accept(W1, km=10) - 0.5
    assert success(W3, day=79, complexity=1) == success(W1, complexity=1) and success(W3, day=80, complexity=1) < success(W1, complexity=1) - 0.3


def test_the_drifted_market_shows_in_what_is_asked() -> None:
    size = Size(technicians=500, bookings=30_000, days=100)
    scene, expected = make_scene("W3", 5, size)
    still, unmoved = make_scene("W1", 5, size)
    tangier, day = scene.places.cities.index("tangier"), round(0.66 * 100)
    assert np.allclose(expected[tangier, :, :day], unmoved[tangier, :, :day])
    assert np.allclose(expected[tangier, :, day:], 1.7 * unmoved[tangier, :, day:])
    late = scene.calendar.day(scene.asked.minute) >= 72
    share = [(s.jobs.urgency[s.calendar.day(s.asked.minute) >= 72] == 0).mean() for s in (scene, still)]
    assert late.any() and share[0] > 1.2 * share[1]  # danger is an emergency in every world


def test_adversaries_grow_careful_in_w3(tiny: Size) -> None:
    scene, _ = make_scene("W3", 5, tiny)
    on = scene.fraud.adapts_on
    assert scene.fraud.careful(scene.numbers, on - 1) == 0 < scene.fraud.careful(scene.numbers, on)
    assert make_scene("W1", 5, tiny)[0].fraud.careful(W1, 99) == 0


def test_the_same_behaviour_differs_between_w1_and_w2_worlds(tmp_path: Path, w1: Path) -> None:
    """Planted where models will look: far and cheap jobs are refused in W2 beyond what distance and price explain one by one."""
    size = Size(technicians=900, bookings=4_000, days=30)
    far = {}
    for world in ("W1", "W2"):
        simulate(tmp_path / world, world, 2, size)
        offers, truth = read(tmp_path / world, "offers"), read(tmp_path / world, "offer_truths")
        p = truth["acceptance_probability"] / np.maximum(truth["reply_in_time_probability"], 1e-6)
        cheap, away = offers["price_mad"] < 220, offers["km"] > 5
        logit = np.log(np.clip(p, 1e-4, 0.9999) / (1 - np.clip(p, 1e-4, 0.9999)))
        far[world] = logit[cheap & away].mean() - logit[~cheap & away].mean() - logit[cheap & ~away].mean() + logit[~cheap & ~away].mean()
    assert abs(far["W1"]) < 0.4
    assert far["W2"] < far["W1"] - 1
