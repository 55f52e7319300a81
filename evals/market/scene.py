"""What stands still while a world runs (Scene) and what every day changes (State)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evals.market.calendar import Calendar
from evals.market.demand import Requests
from evals.market.fraud import Fraud
from evals.market.geography import Geography, road_km
from evals.market.jobs import Jobs
from evals.market.parameters import Numbers, Streams
from evals.market.people import Clients, Technicians
from evals.market.trades import Trades

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Masks = NDArray[np.uint64]
RING = 16  # days of agenda kept: the day itself and the 14 that may be booked
HALF_HOURS = np.uint64((1 << 48) - 1)


@dataclass(frozen=True)
class Scene:
    """Made once. `near`: (districts, services, pool) technicians, -1 where fewer."""

    numbers: Numbers
    streams: Streams
    calendar: Calendar
    places: Geography
    trades: Trades
    technicians: Technicians
    clients: Clients
    near: Ints
    asked: Requests
    jobs: Jobs
    fraud: Fraud
    arm: Ints  # of each client in the experiment, 1 or 2 of life.ARMS
    by_city: tuple[Ints, Ints]  # clients in the order of their towns, and where each town begins

    def km(self, lat: Floats, lon: Floats, client: Ints) -> Floats:
        """Road km from points to clients' homes (shapes broadcast)."""
        factor = self.places.road_factor[self.clients.city[client]]
        return road_km(self.clients.lat[client], self.clients.lon[client], lat, lon, factor)


@dataclass
class State:
    """As of now. Agendas: one bit a half-hour (`busy`), number of visits agreed (`agreed`), by technician and day of the ring."""

    busy: Masks
    agreed: Ints
    stars: Floats
    reviews: Ints
    active: NDArray[np.bool_]
    fatigue: Floats
    week_hours: Floats
    week_mad: Floats
    free_at: Floats
    at_lat: Floats
    at_lon: Floats
    at_day: Ints
    client_of: Ints  # by request
    alive: NDArray[np.bool_]
    last_good: Ints  # technician, -1 none
    offer_until: Ints  # minute until which a credit offer is open to a client, -1 none
    visits_on: dict[int, list[dict[str, Any]]] = field(default_factory=dict)
    ratings_on: dict[int, list[tuple[Ints, Ints]]] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)

    @classmethod
    def first(cls, scene: Scene) -> State:
        technicians, clients = scene.technicians, scene.clients
        n, m = len(technicians), len(clients)
        return cls(
            busy=np.zeros((n, RING), np.uint64),
            agreed=np.zeros((n, RING), np.int64),
            stars=technicians.stars.copy(),
            reviews=technicians.reviews.copy(),
            active=technicians.joined_day <= 0,
            fatigue=technicians.outside_load.copy(),
            week_hours=np.zeros(n),
            week_mad=np.zeros(n),
            free_at=np.zeros(n),
            at_lat=technicians.lat.copy(),
            at_lon=technicians.lon.copy(),
            at_day=np.full(n, -1),
            client_of=np.full(len(scene.asked.minute), -1),
            alive=np.ones(m, bool),
            last_good=np.full(m, -1),
            offer_until=np.full(m, -1),
        )

    def shown_rating(self, scene: Scene, technician: Ints) -> Floats:
        """The stars people see: shrunk to the prior, one decimal."""
        weight = scene.numbers("policy.prior_weight")
        total = self.stars[technician] + scene.numbers("policy.prior_rating") * weight
        return np.round(total / (self.reviews[technician] + weight), 1)

    def next_id(self, name: str, count: int) -> Ints:
        """The next `count` ids of a table."""
        first = self.counts.get(name, 0)
        self.counts[name] = first + count
        return np.arange(first, first + count)


def agenda_mask(start: Ints, minutes: Floats) -> Masks:
    """The half-hours a visit keeps: planned time plus half an hour of way, within its day."""
    length = np.ceil((np.minimum(minutes, 600) + 30) / 30).astype(np.uint64)
    first = (start % 1440 // 30).astype(np.uint64)
    mask: Masks = (((np.uint64(1) << length) - np.uint64(1)) << first) & HALF_HOURS
    return mask
