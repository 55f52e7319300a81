from __future__ import annotations

from pathlib import Path

import numpy as np

from evals.market.files import read


def test_ring_accounts_mostly_share_the_leaders_phone(w1: Path) -> None:
    cheats, clients, technicians = read(w1, "frauds"), read(w1, "clients"), read(w1, "technicians")
    of = (cheats["scheme"] == "review_ring") & (cheats["person"] == "client")
    leaders = {ring: person for ring, person, who in zip(cheats["ring"], cheats["person_id"], cheats["person"], strict=True) if who == "technician"}
    phones = technicians["device"][[leaders[ring] for ring in cheats["ring"][of]]]
    shared = clients["device"][cheats["person_id"][of]] == phones
    assert of.sum() >= 6 and 0.3 < shared.mean() < 1


def test_fake_visits_are_short_and_praised(w1: Path) -> None:
    fake, visits, ratings, cheats = (read(w1, name) for name in ("fraud_bookings", "visits", "ratings", "frauds"))
    booked = fake["booking_id"][np.isin(fake["scheme"], ("review_ring", "self_booking"))]
    done = np.isin(visits["booking_id"], booked) & (visits["status"] == "done")
    assert done.sum() >= 3
    assert visits["on_site_min"][done].max() <= 15
    assert (ratings["stars"][np.isin(ratings["booking_id"], booked)] == 5).all()
    assert set(cheats["scheme"]) == {"review_ring", "self_booking", "ghost", "leakage", "refund_abuse", "stolen_card"}


def test_chargebacks_come_from_stolen_cards_alone_and_late(w1: Path) -> None:
    ledger, bookings, cheats, visits = (read(w1, name) for name in ("ledger", "bookings", "frauds", "visits"))
    back = (ledger["kind"] == "chargeback") & (ledger["account"] == "client")
    thieves = cheats["person_id"][cheats["scheme"] == "stolen_card"]
    assert np.isin(bookings["client_id"][ledger["booking_id"][back]], thieves).all()
    closed = dict(zip(visits["booking_id"].tolist(), visits["closed_at"].tolist(), strict=True))
    assert all(at - closed[int(b)] >= 20 * 86400 for b, at in zip(ledger["booking_id"][back], ledger["at"][back], strict=True))
