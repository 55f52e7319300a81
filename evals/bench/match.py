"""How long the best technicians for a job take to be found among fifty thousand (a made-up crowd, fixed seed)."""

from __future__ import annotations

import random
import time
from datetime import UTC, datetime, timedelta

from domain.matching.index import Card, Index
from domain.matching.rank import Request, find
from evals.bench.figures import Figure, at_most, quantile

TRADES = ("plumbing", "electricity", "painting", "hvac", "carpentry", "locksmith", "cleaning", "moving")
TOWNS = {"casablanca": (33.57, -7.59), "rabat": (34.01, -6.83), "marrakech": (31.63, -8.0), "fes": (34.03, -5.0), "tangier": (35.77, -5.8)}


def measure(people: int = 50_000, asked: int = 1_000) -> list[Figure]:
    dice = random.Random(7)

    def near(town: str) -> tuple[float, float]:
        lat, lon = TOWNS[town]
        return lat + dice.gauss(0, 0.05), lon + dice.gauss(0, 0.05)

    def card(number: int) -> Card:
        town = dice.choice(list(TOWNS))
        lat, lon = near(town)
        trades, rate = (dice.choice(TRADES),), dice.uniform(150, 700)
        return Card(number, trades, town, None, lat, lon, rate, dice.uniform(3, 5), dice.randrange(600), dice.uniform(5, 25))

    index = Index([card(n) for n in range(people)])
    now = datetime(2026, 11, 23, 9, tzinfo=UTC)
    took = []
    for _ in range(asked):
        town = dice.choice(list(TOWNS))
        lat, lon = near(town)
        start = now + timedelta(hours=dice.randrange(1, 100))
        request = Request(dice.choice(TRADES), town, lat, lon, now, start=start)
        begun = time.perf_counter()
        find(index, request)
        took.append((time.perf_counter() - begun) * 1000)
    return [at_most("match among 50,000 technicians, p95", quantile(took, 0.95), "ms", 20, f"{asked} requests, p50 {quantile(took, 0.5):.2f} ms")]
