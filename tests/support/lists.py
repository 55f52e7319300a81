"""A marketplace's lists as tables, from a law that a test knows: clients like cheap, near, well-rated people; visits go well with high levels."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.support.visits import DAY, START, Tables

PRICE, KM, RATING, KNOWN = -2.0, -0.15, 1.5, 1.5  # of the choice's logit
LEVEL = 0.8  # of the success's logit


def tables(count: int = 2_000, seed: int = 0, technicians: int = 60, days: int = 200) -> Tables:
    """`count` lists of four; every choice is offered, said yes to, and visited two days later."""
    rng = np.random.default_rng(seed)
    ids, shown = np.arange(count), 4
    at = START + np.sort(rng.integers(0, days * DAY, count))
    level, stars = rng.integers(1, 6, technicians), np.round(rng.uniform(3.6, 4.9, technicians), 1)
    who = np.argsort(rng.random((count, technicians)), axis=1)[:, :shown]
    km, price = rng.uniform(0.3, 12, (count, shown)), rng.uniform(-0.3, 0.3, (count, shown))
    known = rng.random((count, shown)) < 0.05
    utility = 0.2 + PRICE * price + KM * km + RATING * (stars[who] - 4.3) + KNOWN * known
    weight = np.column_stack([np.ones(count), np.exp(utility)])
    chosen = (rng.random(count)[:, None] * weight.sum(axis=1, keepdims=True) >= np.cumsum(weight, axis=1)).sum(axis=1)
    taken = np.flatnonzero(chosen)
    by = who[taken, chosen[taken] - 1]
    done = rng.random(len(taken)) < 1 / (1 + np.exp(-(1.0 + LEVEL * (level[by] - 3))))
    place = np.arange(len(taken))
    items: dict[str, Any] = {
        "slate_id": np.repeat(ids, shown),
        "position": np.tile(np.arange(1, shown + 1), count),
        "technician_id": who.ravel(),
        "km": km.ravel(),
        "price_mad": 300 * np.exp(price.ravel()),
        "rating": stars[who].ravel(),
        "reviews": rng.integers(0, 60, technicians)[who].ravel(),
        "jobs_that_day": np.zeros(count * shown, np.int64),
        "speaks": np.ones(count * shown, bool),
        "known": known.ravel(),
    }
    start = at + 2 * DAY
    return {
        "technicians": {
            "technician_id": np.arange(technicians),
            "service": np.full(technicians, "plumbing", object),
            "level": level,
            "verified": np.arange(technicians) % 2 == 0,
        },
        "requests": {
            "request_id": ids,
            "service": np.full(count, "plumbing", object),
            "node": np.full(count, "plumbing.tap_leak", object),
            "urgency": np.full(count, "later", object),
            "described": rng.standard_normal(count).round(1),
            "start_at": start,
            "at": at,
            "start_hour": np.full(count, 10),
            "usual_mad": np.full(count, 300.0),
        },
        "slates": {
            "slate_id": ids,
            "request_id": ids,
            "at": at,
            "source": np.where(ids % 25 == 24, "named", "list").astype(object),
            "chosen_position": chosen,
            "chosen_at": at + 60,
        },
        "slate_items": items,
        "offers": {
            "offer_id": place,
            "slate_id": taken,
            "technician_id": by,
            "sent_at": at[taken] + 60,
            "deadline_at": at[taken] + 960,
            "reply": np.full(len(taken), "accept", object),
            "replied_at": at[taken] + 300,
        },
        "bookings": {"booking_id": place, "offer_id": place, "technician_id": by, "confirmed_at": at[taken] + 300},
        "visits": {
            "booking_id": place,
            "technician_id": by,
            "status": np.where(done, "done", "not_fixed").astype(object),
            "closed_at": start[taken] + 3600,
        },
        "ratings": {"technician_id": by[done], "at": start[taken][done] + DAY, "stars": np.full(int(done.sum()), 5)},
    }
