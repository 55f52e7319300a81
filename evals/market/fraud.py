"""Who cheats and how: rings of invented clients, self-bookings, ghosts, leakage, refund abuse, stolen cards. The oracle has the labels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from evals.market.parameters import Numbers, Streams
from evals.market.people import Clients, Technicians

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
SCHEMES = ("review_ring", "self_booking", "ghost", "leakage", "refund_abuse", "stolen_card")
REVIEW_RING, SELF, GHOST, LEAKAGE, ABUSE, STOLEN = range(6)


class Planted(NamedTuple):
    """Fake requests: when, by which invented client, for which technician by name, in which scheme."""

    minute: Ints
    client: Ints
    technician: Ints
    scheme: Ints


@dataclass(frozen=True)
class Fraud:
    """Members of every scheme: one row each in `ring`, `scheme`, `is_client`, `person`; and what the days ask of each person.

    `leader_of`: ring -> technician; `fakes`: ring -> its invented clients. `device`: hash of a phone. `adapts_on`: first day of their caution.
    """

    ring: Ints
    scheme: Ints
    is_client: Bools
    person: Ints
    leader: Ints
    ring_scheme: Ints
    first_fake: Ints
    fakes: Ints
    ghost: Bools
    leaks: Bools
    abuses: Bools
    stolen: Bools
    invented: Bools
    technician_device: Ints
    client_device: Ints
    adapts_on: int

    def plant(self, numbers: Numbers, days: int, streams: Streams) -> Planted:
        """The fake bookings of the whole horizon; adversaries that have grown careful make half as many at most."""
        rng = streams("fraud")
        rate = np.where(self.ring_scheme == REVIEW_RING, numbers("fraud.ring_bookings"), numbers("fraud.self_rate"))
        careful = np.array([self.careful(numbers, day) for day in range(days)])
        count = rng.poisson(rate[None, :] * (1 - careful * 0.5)[:, None])
        day, who = (np.repeat(axis.ravel(), count.ravel()) for axis in np.indices(count.shape))
        minute = day * 1440 + rng.integers(9 * 60, 20 * 60, len(day))
        client = self.first_fake[who] + (rng.random(len(who)) * self.fakes[who]).astype(np.int64)
        return Planted(minute, client, self.leader[who], self.ring_scheme[who])

    def careful(self, numbers: Numbers, day: int) -> float:
        """0..1: how much of their give-away marks adversaries have dropped."""
        return float(numbers("fraud.adapts")) if day >= self.adapts_on else 0.0


def make(numbers: Numbers, offering: Technicians, asking: Clients, days: int, streams: Streams) -> Fraud:
    """Draws the cheats. Rings take the last clients and give them a home near the leader: they never ask for anything themselves.

    Raises ValueError when there are too few clients for the rings of so many technicians.
    """
    rng = streams("fraud")
    n, m = len(offering), len(asking)
    rings, selfs = (max(1, round(numbers(f"fraud.{name}") * n)) for name in ("ring_technicians", "self_booking"))
    picked = rng.permutation(n)
    size = numbers("fraud.ring_clients")
    leader = picked[: rings + selfs]
    ring_scheme = np.repeat([REVIEW_RING, SELF], [rings, selfs])
    fakes = np.where(ring_scheme == REVIEW_RING, size, 1)
    first_fake = m - np.cumsum(fakes)
    if first_fake[-1] < m // 2:
        raise ValueError(f"{m} clients are too few for {rings + selfs} rings; ask for more bookings or fewer technicians")
    rest = picked[rings + selfs :]
    ghosts = rest[: max(1, round(numbers("fraud.ghosts") * n))]
    leakers = rest[len(ghosts) : len(ghosts) + max(1, round(numbers("fraud.leakers") * n))]
    honest = rng.permutation(int(first_fake[-1]))
    abusers = honest[: max(1, round(numbers("fraud.refund_abusers") * m))]
    thieves = honest[len(abusers) : len(abusers) + max(1, round(numbers("fraud.stolen_cards") * m))]
    invented = np.concatenate([np.arange(first, first + count) for first, count in zip(first_fake, fakes, strict=True)])
    of = np.repeat(np.arange(len(leader)), fakes)
    technician_device = rng.integers(1, 2**48, n)
    client_device = rng.integers(1, 2**48, m)
    shared = rng.random(len(invented)) < numbers("fraud.shared_device")
    client_device[invented[shared]] = technician_device[leader[of[shared]]]
    asking.rate[invented] = 0.0
    asking.joined_day[invented] = -rng.integers(1, 200, len(invented))
    for home, theirs in ((asking.city, offering.city), (asking.district, offering.district), (asking.lat, offering.lat), (asking.lon, offering.lon)):
        home[invented] = theirs[leader[of]]
    asking.lat[invented] += rng.normal(0, 0.004, len(invented))
    asking.lon[invented] += rng.normal(0, 0.004, len(invented))
    members = [
        (np.arange(len(leader)), ring_scheme, False, leader),
        (of, ring_scheme[of], True, invented),
        *((np.full(len(who), -1), np.full(len(who), scheme), is_client, who) for scheme, is_client, who in
          ((GHOST, False, ghosts), (LEAKAGE, False, leakers), (ABUSE, True, abusers), (STOLEN, True, thieves))),
    ]  # fmt: skip
    return Fraud(
        ring=np.concatenate([m[0] for m in members]),
        scheme=np.concatenate([m[1] for m in members]),
        is_client=np.concatenate([np.full(len(m[3]), m[2]) for m in members]),
        person=np.concatenate([m[3] for m in members]),
        leader=leader,
        ring_scheme=ring_scheme,
        first_fake=first_fake,
        fakes=fakes,
        ghost=_flag(n, ghosts),
        leaks=_flag(n, leakers),
        abuses=_flag(m, abusers),
        stolen=_flag(m, thieves),
        invented=_flag(m, invented),
        technician_device=technician_device,
        client_device=client_device,
        adapts_on=round(numbers("fraud.adapts_after") * days),
    )


def _flag(count: int, who: Ints) -> Bools:
    found = np.zeros(count, bool)
    found[who] = True
    return found
