"""The project's own catalogue as arrays: 17 services, their faults and jobs, usual price and time on site."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from domain.catalog import SERVICES, services

OUTSIDE = frozenset({"gardening", "masonry", "moving", "satellite_tv"})
#: Trades where what hides in the wall decides the bill.
IN_THE_WALL = frozenset({"masonry", "plumbing", "electricity", "tiling"})


@dataclass(frozen=True)
class Trades:
    """Nodes by number, service by service. `log_spread`: log of p90/p10 of the catalogue over 2.563 (a lognormal's sigma)."""

    services: tuple[str, ...]
    nodes: tuple[str, ...]
    service: NDArray[np.int64]
    price_mad: NDArray[np.float64]
    price_factor: NDArray[np.float64]
    minutes: NDArray[np.float64]
    log_spread: NDArray[np.float64]
    danger: NDArray[np.bool_]
    outside: NDArray[np.bool_]
    in_the_wall: NDArray[np.bool_]
    parts: NDArray[np.int64]


@cache
def trades() -> Trades:
    nodes = [node for name in SERVICES for node in services()[name].nodes.values()]
    minutes = np.array([node.minutes for node in nodes], float)
    return Trades(
        services=SERVICES,
        nodes=tuple(node.id for node in nodes),
        service=np.array([SERVICES.index(node.service) for node in nodes]),
        price_mad=np.array([float(node.price_mad) for node in nodes]),
        price_factor=np.array([node.price_factor for node in nodes]),
        minutes=minutes[:, 1],
        log_spread=np.log(minutes[:, 2] / minutes[:, 0]) / 2.563,
        danger=np.array([node.danger is not None for node in nodes]),
        outside=np.array([node.service in OUTSIDE for node in nodes]),
        in_the_wall=np.array([node.service in IN_THE_WALL for node in nodes]),
        parts=np.array([len(node.parts) for node in nodes]),
    )
