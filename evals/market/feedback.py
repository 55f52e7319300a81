"""What people felt and what of it they say: true satisfaction, stars from those who answer, complaints and what they get back."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from evals.market import laws
from evals.market.scene import Scene
from evals.market.visits import DONE, NO_SHOW

Floats = NDArray[np.float64]
REASONS = ("bad_work", "late", "price", "no_show")


def feel(scene: Scene, day: int, booked: dict[str, Any], visit: dict[str, Any]) -> dict[str, Any]:
    """Per visit: satisfaction (nan where nobody worked), stars (0 = no answer), complaint (-1 none, else of REASONS), refund MAD, chance and draw of
    leaving for good."""
    n, rng, count = scene.numbers, scene.streams("feedback"), len(booked["request"])
    client, technician = booked["client"], booked["technician"]
    clients, fake, worked = scene.clients, visit["fake"], visit["worked"]
    overrun = np.where(visit["status"] == DONE, visit["final"] / booked["price"], 1.0)
    late = np.nan_to_num(visit["late"])
    mean = laws.satisfaction(
        n,
        fixed=visit["status"] == DONE,
        quality=scene.technicians.quality[technician],
        late_min=late,
        overrun=overrun,
        price_weight=clients.price_weight[client],
    )
    felt = mean + n("feedback.noise") * rng.standard_normal(count)
    careful = scene.fraud.careful(n, day)
    answers = worked & (rng.random(count) < np.where(fake, 0.95, laws.rates(n, felt, clients.leniency[client])))
    said = felt + n("feedback.leniency") * clients.leniency[client] + 0.2 * rng.standard_normal(count)
    stars = 1 + (said[:, None] > np.array(n("feedback.stars"))).sum(axis=1)
    stars = np.where(fake, np.where(rng.random(count) < 0.4 * careful, 4, 5), stars)
    abuses = scene.fraud.abuses[client] & worked & (rng.random(count) < n("fraud.abuse"))
    missed = visit["status"] == NO_SHOW
    unhappy = (worked & (rng.random(count) < laws.complains(n, felt))) | (missed & (rng.random(count) < 0.5))
    complains = (unhappy & ~fake) | abuses
    reason = np.where(missed, 3, np.where((visit["status"] != DONE) | abuses, 0, np.where(late > 30, 1, np.where(overrun > 1.2, 2, 0))))
    granted = complains & worked & (abuses | (rng.random(count) < n("feedback.refunded")))
    share = rng.choice([0.25, 0.5, 1.0], count, p=[0.4, 0.4, 0.2])
    leaving = np.where(worked, laws.client_leaves(n, felt), np.nan)
    return {
        "satisfaction": np.where(worked, felt, np.nan),
        "stars": np.where(answers, stars, 0),
        "rated_at": visit["closed_at"] + rng.exponential(n("feedback.delay_h") * 60, count),
        "complaint": np.where(complains, reason, -1),
        "complained_at": visit["closed_at"] + rng.exponential(24 * 60, count),
        "refund": np.where(granted, np.maximum(5, np.round(visit["final"] * share / 5) * 5), 0.0),
        "refunded_after": rng.uniform(1, 5, count) * 1440,
        "leaving": leaving,
        "leaves": worked & ~fake & (rng.random(count) < np.nan_to_num(leaving)),
    }
