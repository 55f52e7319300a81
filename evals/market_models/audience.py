"""Who and where each judged row was, for slices of a model's page: read off a simulated world for audit, never an input of a model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evals.market.files import read

Names = NDArray[Any]
TIERS = ("quiet districts", "middling districts", "busy districts")
INCOMES = ("modest", "middle", "well-off")


def groups(world: Path, request_id: NDArray[Any]) -> dict[str, Names]:
    """Kind of slice -> name (n,) for rows that begin with these requests."""
    asked = read(world, "requests", ["city", "district", "service", "urgency", "client_id"])
    client = asked["client_id"][request_id]
    writes = read(world, "clients", ["locale", "channel"])
    income = read(world, "client_traits", ["income"])["income"]
    return {
        "city": asked["city"][request_id],
        "district tier": _tiers(asked["city"], asked["district"])[request_id],
        "language and script": writes["locale"][client],
        "channel": writes["channel"][client],
        "household": np.array(INCOMES, object)[income[client].astype(int)],
        "trade": asked["service"][request_id],
        "urgency": asked["urgency"][request_id],
    }


def _tiers(city: Names, district: Names) -> Names:
    """Each request's district by its share of its town's requests: thirds of the requests, from the districts that ask least."""
    place = np.array([f"{a}|{b}" for a, b in zip(city, district, strict=True)])
    names, code, count = np.unique(place, return_inverse=True, return_counts=True)
    town = np.array([name.split("|")[0] for name in names])
    tier = np.zeros(len(names), int)
    for each in np.unique(town):
        mine = np.flatnonzero(town == each)
        mine = mine[np.argsort(count[mine], kind="stable")]
        before = np.cumsum(count[mine]) - count[mine]
        tier[mine] = np.minimum(2, (before + count[mine] / 2) * 3 // count[mine].sum()).astype(int)
    return np.array(TIERS, object)[tier[code]]
