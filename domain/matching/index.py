"""Technicians as arrays, built once and asked many times: how matching stays fast among fifty thousand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from domain.clock import to_local
from domain.scheduling.hours import LAST_START_BEFORE_CLOSE, working_hours

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

EARTH_KM = 6371.0088


@dataclass(frozen=True)
class Card:
    """What matching knows of one technician. `lat`, `lon` in degrees; `rate_mad` a usual small job; `rating` 1..5.

    `city` and `district` are compared as given: pass one spelling (ids of domain.geo).
    """

    id: int
    trades: tuple[str, ...]
    city: str
    district: str | None
    lat: float
    lon: float
    rate_mad: float
    rating: float
    jobs: int
    radius_km: float = 10
    hours: str = "08:00-20:00"
    days: str = "mon-sat"


class Index:
    """Cards as columns, and per trade the rows that practise it."""

    def __init__(self, cards: Sequence[Card]) -> None:
        self.ids: Ints = np.array([c.id for c in cards], dtype=np.int64)
        self.lat: Floats = np.radians([c.lat for c in cards], dtype=np.float64)
        self.lon: Floats = np.radians([c.lon for c in cards], dtype=np.float64)
        self.cos_lat: Floats = np.cos(self.lat)
        self.rate: Floats = np.array([c.rate_mad for c in cards], dtype=np.float64)
        self.rating: Floats = np.array([c.rating for c in cards], dtype=np.float64)
        self.jobs: Floats = np.array([c.jobs for c in cards], dtype=np.float64)
        self.radius: Floats = np.array([c.radius_km for c in cards], dtype=np.float64)
        worked = [working_hours(c.hours, c.days) for c in cards]
        self.opens: Ints = np.array([w.opens for w in worked], dtype=np.int64)
        self.last_start: Ints = np.array([w.closes for w in worked], dtype=np.int64) - int(LAST_START_BEFORE_CLOSE.total_seconds() // 60)
        self.days: Ints = np.array([sum(1 << day for day in w.days) for w in worked], dtype=np.int64)
        self._city_codes: dict[str, int] = {}
        self._district_codes: dict[tuple[str, str], int] = {}
        self.city: Ints = np.array([self._city_codes.setdefault(c.city, len(self._city_codes)) for c in cards], dtype=np.int64)
        self.district: Ints = np.array(
            [self._district_codes.setdefault((c.city, c.district), len(self._district_codes)) if c.district else -1 for c in cards], dtype=np.int64
        )
        self._trade_codes: dict[str, int] = {}
        first = [c.trades[0] if c.trades else "" for c in cards]
        self._main: Ints = np.array([self._trade_codes.setdefault(trade, len(self._trade_codes)) for trade in first], dtype=np.int64)
        rows: dict[str, list[int]] = {}
        for row, card in enumerate(cards):
            for trade in card.trades:
                rows.setdefault(trade, []).append(row)
        self._by_trade: dict[str, Ints] = {trade: np.array(found, dtype=np.int64) for trade, found in rows.items()}

    def __len__(self) -> int:
        return len(self.ids)

    def in_trade(self, service: str) -> Ints:
        """Rows of the technicians who do `service`."""
        return self._by_trade.get(service, np.empty(0, dtype=np.int64))

    def main_trade(self, rows: Ints, service: str) -> Bools:
        """Whether `service` is the first trade of each."""
        return np.asarray(self._main[rows] == self._trade_codes.get(service, -1))

    def distance_km(self, rows: Ints, lat: float, lon: float, road_factor: float) -> Floats:
        """Road distance from each row's home to a point: haversine times the road factor, as domain.geo.distance_km."""
        here_lat, here_lon = np.radians(lat), np.radians(lon)
        half = (
            np.sin((self.lat[rows] - here_lat) / 2) ** 2
            + self.cos_lat[rows] * np.cos(here_lat) * np.sin((self.lon[rows] - here_lon) / 2) ** 2
        )  # fmt: skip
        return np.asarray(2 * EARTH_KM * np.arcsin(np.sqrt(np.clip(half, 0, 1))) * road_factor)

    def same_city(self, rows: Ints, city: str) -> Bools:
        return np.asarray(self.city[rows] == self._city_codes.get(city, -1))

    def same_district(self, rows: Ints, city: str, district: str | None) -> Bools:
        code = self._district_codes.get((city, district), -2) if district else -2
        return np.asarray(self.district[rows] == code)

    def at_work(self, rows: Ints, moment: datetime) -> Bools:
        """Whether a visit may start then (WorkingHours.allows, for all rows at once)."""
        local = to_local(moment)
        minute, day = local.hour * 60 + local.minute, local.weekday()
        opens, last, days = self.opens[rows], self.last_start[rows], self.days[rows]
        today = ((days >> day) & 1 == 1) & (opens <= minute) & (minute <= last)
        since_yesterday = ((days >> ((day - 1) % 7)) & 1 == 1) & (opens <= minute + 1440) & (minute + 1440 <= last)
        return np.asarray(today | since_yesterday)
