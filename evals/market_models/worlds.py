"""Makes the worlds a measurement needs, once: the same world, seed and size are never simulated twice."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from evals.market.parameters import WORLDS, fingerprint

DAY = 86_400


@dataclass(frozen=True)
class Plan:
    """Which worlds: `seeds` of each of `worlds`; `split`: the share of the days that a training may see."""

    bookings: int = 20_000
    technicians: int = 2_000
    days: int = 365
    seeds: int = 5
    worlds: tuple[str, ...] = WORLDS
    split: float = 0.75

    def check(self) -> None:
        """Raises ValueError that says what to change."""
        if self.seeds < 1:
            raise ValueError(f"{self.seeds} seeds: choose at least 1, and 5 for a verdict")
        if not 0.3 <= self.split <= 0.9:
            raise ValueError(f"split {self.split}: choose 0.3 to 0.9")

    def folder(self, under: Path, world: str, seed: int) -> Path:
        return under / f"{self.bookings}x{self.technicians}x{self.days}" / f"{world}-{seed}"


def ready(plan: Plan, under: Path, world: str, seed: int) -> Path:
    """The folder of a finished world, simulated now unless it is there with today's parameters. Raises ValueError for an impossible size."""
    from evals.market.world import Size, simulate

    folder = plan.folder(under, world, seed)
    about = folder / "world.json"
    if not about.is_file() or json.loads(about.read_text(encoding="utf-8"))["parameters"]["sha256"] != fingerprint():
        simulate(folder, world, seed, Size(plan.technicians, plan.bookings, date(2026, 1, 1), plan.days))
    return folder


def split_at(folder: Path, share: float) -> int:
    """The second (since 1970) before which a training may look."""
    size = json.loads((folder / "world.json").read_text(encoding="utf-8"))["size"]
    first = (date.fromisoformat(size["start"]).toordinal() - date(1970, 1, 1).toordinal()) * DAY
    return first + int(size["days"] * share) * DAY
