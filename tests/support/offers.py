"""A marketplace's offers and visits as tables, drawn from a law that a test knows: the yes falls with the way, and every technician has a habit."""

from __future__ import annotations

import numpy as np

from tests.support.visits import DAY, NODES, START, Tables

DEADLINE = 15 * 60


def tables(count: int = 2000, seed: int = 0, technicians: int = 25, days: int = 200) -> Tables:
    """`count` offers over `days`, each about a visit two days later; whose yes also ends in a visit, done or not by the same habit.

    P(yes) = 1 / (1 + exp(-(1.2 - 0.15 km + habit))), habit -2.5..2.5 over the technicians; the second half of them answers slowly.
    """
    rng = np.random.default_rng(seed)
    ids = np.arange(count)
    at = START + np.sort(rng.integers(0, days * DAY, count))
    technician, km = rng.integers(0, technicians, count), rng.uniform(0, 15, count).round(1)
    habit = np.linspace(-2.5, 2.5, technicians)[technician]
    chance = 1 / (1 + np.exp(-(1.2 - 0.15 * km + habit)))
    minutes = np.exp(np.where(technician % 2 == 0, 1.0, 2.0) + 0.6 * rng.standard_normal(count))
    answered = minutes < 15
    reply = np.where(~answered, "silent", np.where(rng.random(count) < chance, "accept", "decline")).astype(object)
    usual, node = rng.choice([200.0, 300.0, 500.0], count), NODES[rng.integers(0, len(NODES), count)]
    booked = np.flatnonzero(reply == "accept")
    done = rng.random(len(booked)) < 1 / (1 + np.exp(-(1.0 + habit[booked])))
    service = np.array([name.split(".")[0] for name in node], object)
    return {
        "requests": {
            "request_id": ids, "at": at, "start_at": at + 2 * DAY, "service": service, "described": rng.standard_normal(count).round(1),
            "usual_mad": usual,
        },
        "offers": {
            "offer_id": ids, "request_id": ids, "technician_id": technician, "sent_at": at, "deadline_at": at + DEADLINE, "km": km,
            "price_mad": usual, "jobs_that_day": rng.integers(0, 3, count), "known": np.zeros(count, bool), "reply": reply,
            "replied_at": np.where(answered, at + (minutes * 60).astype(int), -(2**63)),
        },
        "technicians": {
            "technician_id": np.arange(technicians), "joined_at": np.full(technicians, START - 90 * DAY), "rate": np.ones(technicians),
            "level": np.full(technicians, 3), "service": np.full(technicians, "plumbing", object), "first_reviews": np.full(technicians, 4),
            "first_stars": np.full(technicians, 18),
        },
        "bookings": {
            "booking_id": np.arange(len(booked)), "request_id": booked, "technician_id": technician[booked], "node": node[booked].astype(object),
            "confirmed_at": at[booked] + DEADLINE, "start_at": at[booked] + 2 * DAY,
        },
        "visits": {
            "booking_id": np.arange(len(booked)), "status": np.where(done, "done", "not_fixed").astype(object),
            "closed_at": at[booked] + 2 * DAY + 3600,
        },
        "ratings": {
            "technician_id": technician[booked][done], "at": at[booked][done] + 3 * DAY, "stars": np.full(int(done.sum()), 5),
        },
    }  # fmt: skip
