"""The tables of a finished world as the oracle needs them, each read once."""

from __future__ import annotations

import json
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evals.market.files import read
from evals.market.jobs import NEEDS
from evals.market.parameters import fingerprint, numbers_of
from evals.market.people import LOCALES
from evals.market.trades import trades

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Columns = dict[str, NDArray[Any]]


class StaleWorld(ValueError):
    """The world was made with other parameters than these."""


class Truths:
    """One world's folder. Raises FileNotFoundError where there is none, StaleWorld where its numbers are not this checkout's."""

    def __init__(self, folder: Path) -> None:
        try:
            self.about = json.loads((folder / "world.json").read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise FileNotFoundError(f"{folder} holds no finished world; make one with: bricol simulate {folder}") from None
        if self.about["parameters"]["sha256"] != fingerprint():
            raise StaleWorld(f"{folder} was made with parameters version {self.about['parameters']['version']} and another file; simulate it again")
        self.folder = folder
        self.numbers = numbers_of(self.about["world"], self.about["size"]["days"])

    @cached_property
    def requests(self) -> Columns:
        return read(self.folder, "requests") | read(self.folder, "job_truths")

    @cached_property
    def clients(self) -> Columns:
        return read(self.folder, "clients") | read(self.folder, "client_traits")

    @cached_property
    def technicians(self) -> Columns:
        return read(self.folder, "technicians") | read(self.folder, "technician_traits")

    @cached_property
    def days(self) -> Columns:
        return read(self.folder, "days")

    @cached_property
    def towns(self) -> dict[str, int]:
        return {name: number for number, name in enumerate(read(self.folder, "towns")["city"])}

    @cached_property
    def town_truths(self) -> Columns:
        return read(self.folder, "towns")

    @cached_property
    def wet(self) -> NDArray[np.bool_]:
        """(days, towns)."""
        rows = read(self.folder, "rain")
        found = np.zeros((len(self.days["day"]), len(self.towns)), bool)
        found[rows["day"], _codes(rows["city"], self.towns)] = True
        return found

    @cached_property
    def fatigue(self) -> Floats:
        """(weeks, technicians); nan while they are not active."""
        rows = read(self.folder, "technician_weeks")
        found = np.full((int(rows["week"].max()) + 1, len(self.technicians["technician_id"])), np.nan)
        found[rows["week"], rows["technician_id"]] = rows["fatigue"]
        return found

    @cached_property
    def intensity(self) -> Columns:
        """True expected requests by town, trade and day: read with the floor of any forecast in mind (Poisson)."""
        return read(self.folder, "intensity")

    @cached_property
    def _asked(self) -> Columns:
        """Per request, as numbers: town, trade, node, need, first local midnight of the visit's day."""
        rows, catalogue = self.requests, trades()
        noon_shift = self.days["clock_shift_min"].astype(np.int64)
        start_min = (rows["start_at"] - self._first_second) // 60
        day = np.clip(start_min // 1440, 0, len(noon_shift) - 1)
        return {
            "town": _codes(rows["city"], self.towns),
            "trade": _codes(rows["service"], {name: i for i, name in enumerate(catalogue.services)}),
            "node": _codes(rows["node"], {name: i for i, name in enumerate(catalogue.nodes)}),
            "need": _codes(rows["need"], {name: i for i, name in enumerate(NEEDS)}),
            "visit_day": day,
            "hurry": np.where(
                rows["urgency"] == "emergency", self.numbers("policy.emergency_uplift"),
                np.where(rows["start_at"] < rows["at"] + 7200, self.numbers("policy.short_notice_uplift"), 0.0),
            ),
        }  # fmt: skip

    @cached_property
    def _first_second(self) -> int:
        """The UTC second of the simulation's minute 0: one hour before the first UTC midnight."""
        return (date.fromisoformat(self.about["size"]["start"]).toordinal() - date(1970, 1, 1).toordinal()) * 86400 - 3600

    @cached_property
    def _locale(self) -> Ints:
        return _codes(self.clients["locale"], {name: i for i, name in enumerate(LOCALES)})

    def _in_experiment(self, day: Ints) -> NDArray[np.bool_]:
        dates = list(self.days["date"])
        first, last = (dates.index(self.about["experiment"][end]) for end in ("first", "last"))
        return (day >= first) & (day <= last)


def _codes(names: NDArray[Any], numbers: dict[str, int]) -> Ints:
    unique, inverse = np.unique(names, return_inverse=True)
    return np.array([numbers[name] for name in unique], np.int64)[inverse]
