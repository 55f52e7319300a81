"""Who and where each judged row was, for slices of a model's page: read off a simulated world for audit, never an input of a model."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evals.market.files import read

Names = NDArray[Any]
TIERS = ("quiet districts", "middling districts", "busy districts")
INCOMES = ("modest", "middle", "well-off")
#: Wall-clock hours of the visit, from which on.
NIGHT = "night, 19:00 to 07:00"
HOURS: Mapping[float, str] = {0: NIGHT, 7: "morning, 07:00 to 12:00", 12: "midday, 12:00 to 15:00", 15: "afternoon, 15:00 to 19:00", 19: NIGHT}
#: What is over of a technician's, from how many on.
KNOWN: Mapping[float, str] = {0: "new: nothing yet", 1: "1 to 9", 10: "10 and more"}


def groups(world: Path, request_id: NDArray[Any], done: NDArray[Any] | None = None) -> dict[str, Names]:
    """Kind of slice -> name (n,) for rows that begin with these requests; `done` (n,): what was over of the technician's when it was asked."""
    asked = read(world, "requests", ["city", "district", "service", "urgency", "client_id", "start_hour"])
    client = asked["client_id"][request_id]
    about = json.loads((world / "world.json").read_text(encoding="utf-8"))
    writes = read(world, "clients", ["locale", "channel"])
    income = read(world, "client_traits", ["income"])["income"]
    place = [f"{district}, {city}" for city, district in zip(asked["city"][request_id], asked["district"][request_id], strict=True)]
    return {
        "world": np.full(len(request_id), about["world"], object),
        "city": asked["city"][request_id],
        "district": np.array(place, object),
        "district tier": _tiers(asked["city"], asked["district"])[request_id],
        "language and script": writes["locale"][client],
        "channel": writes["channel"][client],
        "household": np.array(INCOMES, object)[income[client].astype(int)],
        "trade": asked["service"][request_id],
        "urgency": asked["urgency"][request_id],
        "hour of the visit": named(HOURS, asked["start_hour"][request_id]),
    } | ({} if done is None else {"technician's past here": named(KNOWN, done)})


def named(names: Mapping[float, str], values: NDArray[Any]) -> Names:
    """(n,) the name of the last key that each value reaches."""
    return np.array(list(names.values()), object)[np.digitize(values, list(names)) - 1]


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
