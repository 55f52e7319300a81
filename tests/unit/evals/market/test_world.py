from __future__ import annotations

import ast
import hashlib
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from evals.market.files import columns, read
from evals.market.world import Size, simulate

ROOT = Path(__file__).parents[4]


def prints(folder: Path) -> dict[str, str]:
    return {str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest() for p in sorted(folder.rglob("*")) if p.is_file()}


@pytest.mark.parametrize("world", ["W1", "W2", "W3"])
def test_the_same_seed_makes_the_same_bytes(world: str, tiny: Size, tmp_path: Path) -> None:
    for name in ("a", "b"):
        simulate(tmp_path / name, world, 11, tiny)
    simulate(tmp_path / "c", world, 12, tiny)
    assert prints(tmp_path / "a") == prints(tmp_path / "b")
    assert prints(tmp_path / "a")["observed/offers.parquet"] != prints(tmp_path / "c")["observed/offers.parquet"]


def test_nobody_is_in_two_visits_at_once(w1: Path) -> None:
    visits = read(w1, "visits")
    went = visits["left_at"] > 0
    end = np.maximum(visits["done_at"], visits["arrived_at"])[went]
    who, left = visits["technician_id"][went], visits["left_at"][went]
    order = np.lexsort((left, who))
    same = who[order][1:] == who[order][:-1]
    assert same.sum() > 100
    assert (left[order][1:][same] >= end[order][:-1][same]).all()


def test_a_visit_happens_in_order(w1: Path) -> None:
    visits, bookings, offers, slates = (read(w1, name) for name in ("visits", "bookings", "offers", "slates"))
    worked = visits["done_at"] > 0
    assert (visits["left_at"][worked] < visits["arrived_at"][worked]).all() and (visits["arrived_at"][worked] < visits["done_at"][worked]).all()
    assert (bookings["confirmed_at"] < bookings["start_at"]).all()
    assert np.isin(bookings["offer_id"], offers["offer_id"][offers["agreed"]]).all() and offers["agreed"].sum() == len(bookings["offer_id"])
    assert (offers["sent_at"] >= slates["at"][offers["slate_id"]]).all()
    answered = offers["replied_at"] > 0
    assert (offers["replied_at"][answered] <= offers["deadline_at"][answered]).all()
    assert (answered == np.isin(offers["reply"], ("accept", "decline", "other_time"))).all()


def test_every_booking_adds_up(w1: Path) -> None:
    ledger, visits, bookings, faults = (read(w1, name) for name in ("ledger", "visits", "bookings", "money_faults"))
    count = len(bookings["booking_id"])
    total = np.bincount(ledger["booking_id"], ledger["centimes"], minlength=count)
    damaged = np.zeros(count, bool)
    damaged[faults["booking_id"]] = True
    assert (total[~damaged] == 0).all()
    broken = np.isin(faults["fault"], ("payment_missing", "paid_twice"))
    assert (total[faults["booking_id"][broken]] == faults["centimes"][broken]).all()
    # what the client paid, with our credit, is the final price; the technician keeps it less the commission
    final = np.zeros(count, np.int64)
    final[visits["booking_id"]] = np.round(visits["final_mad"] * 100)

    def moved(kind: str, account: str) -> np.ndarray:
        of = (ledger["kind"] == kind) & (ledger["account"] == account)
        return np.bincount(ledger["booking_id"][of], ledger["centimes"][of], minlength=count).astype(np.int64)

    sound = ~damaged
    assert (-moved("payment", "client") - moved("credit", "promotions") == final)[sound].all()
    kept = moved("payment", "technician") + moved("credit", "technician") + moved("commission", "technician") + moved("payout", "technician")
    assert (np.abs(kept - np.round(final * 0.88)) <= 1)[sound].all()
    assert (moved("refund", "client") <= final).all()


def test_shown_ratings_know_nothing_of_the_day(w1: Path) -> None:
    """A rating shows from the midnight after it was given: recomputed from events alone, no feature looks ahead."""
    items, slates, ratings, technicians, days = (read(w1, name) for name in ("slate_items", "slates", "ratings", "technicians", "days"))
    first = int(np.datetime64(str(days["date"][0]), "s").astype(np.int64)) - 3600
    rng = np.random.default_rng(0)
    for row in rng.choice(len(items["slate_id"]), 400, replace=False):
        at, who = slates["at"][items["slate_id"][row]], items["technician_id"][row]
        midnight = first + (at - first) // 86400 * 86400
        before = (ratings["technician_id"] == who) & (ratings["at"] < midnight)
        count = technicians["first_reviews"][who] + before.sum()
        stars = technicians["first_stars"][who] + ratings["stars"][before].sum()
        assert items["reviews"][row] == count
        assert items["rating"][row] == pytest.approx(round((stars + 4.4 * 5) / (count + 5), 1), abs=0.051)


def test_agendas_count_only_what_was_agreed_before(w1: Path) -> None:
    offers, bookings = read(w1, "offers"), read(w1, "bookings")
    assert (offers["jobs_that_day"] <= 12).all() and offers["jobs_that_day"].max() >= 1
    assert len(np.unique(bookings["request_id"])) == len(bookings["request_id"])


def test_what_a_marketplace_sees_holds_no_truth(w1: Path) -> None:
    observed = {path.stem: set(pq.read_schema(path).names) for path in (w1 / "observed").glob("*.parquet")}
    hidden = {name for table in columns()["oracle"].values() for name in table}
    ids = {"technician_id", "client_id", "request_id", "slate_id", "offer_id", "booking_id"}
    shared = ids | {"position", "city", "service", "day", "hour", "kind", "centimes"}
    for table, names in observed.items():
        assert names == set(columns()["observed"][table])
        assert names & hidden <= shared, f"{table} tells {sorted(names & hidden - shared)}"
    words = ("fraud", "ring", "scheme", "quality", "probability", "hazard", "fatigue", "complexity", "satisfaction", "fault")
    assert not [n for names in observed.values() for n in names if any(word in n.split("_") for word in words)]


def test_every_column_says_what_it_means() -> None:
    for side in columns().values():
        for table, declared in side.items():
            for name, (kind, *meaning) in declared.items():
                assert kind and len(meaning) == 1 and meaning[0], f"{table}.{name}"


def test_the_product_does_not_read_its_examiner() -> None:
    for package in ("domain", "prompts", "retrieval", "tools", "channels", "bot"):
        for path in (ROOT / package).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                names = [a.name for a in node.names] if isinstance(node, ast.Import) else [getattr(node, "module", None) or ""]
                assert not [n for n in names if n.startswith("evals.market")], path


def test_clients_who_left_never_ask_again(w1: Path) -> None:
    gone, requests = read(w1, "departures"), read(w1, "requests")
    clients = gone["person"] == "client"
    last = np.full(requests["client_id"].max() + 1, -1)
    np.maximum.at(last, requests["client_id"], requests["day"])
    who, day = gone["person_id"][clients], gone["day"][clients]
    known = who < len(last)
    assert known.sum() > 50
    assert (last[who[known]] <= day[known]).all()


def test_technicians_who_left_get_no_more_offers(w1: Path) -> None:
    gone, offers, days = read(w1, "departures"), read(w1, "offers"), read(w1, "days")
    first = int(np.datetime64(str(days["date"][0]), "s").astype(np.int64)) - 3600
    of = gone["person"] == "technician"
    assert of.any()
    for who, day in zip(gone["person_id"][of], gone["day"][of].astype(int), strict=True):
        sent = offers["sent_at"][offers["technician_id"] == who]
        assert (sent < first + (day + 1) * 86400).all()


def test_an_impossible_size_is_refused_with_the_cure() -> None:
    for size, says in ((Size(technicians=3), "at least 50"), (Size(days=3), "14 to 1400"), (Size(technicians=20_000, bookings=300), "too few")):
        with pytest.raises(ValueError, match=says):
            simulate(Path("never"), "W1", 0, size)
    with pytest.raises(ValueError, match="W9"):
        simulate(Path("never"), "W9", 0)
