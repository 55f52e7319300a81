from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evals.market.files import read
from evals.market.mixture import Mixture
from evals.market.oracle import Oracle, StaleWorld

Grid = np.ndarray


def as_lists(oracle: Oracle) -> tuple[dict[str, Grid], dict[str, Grid], dict[str, Grid]]:
    """(slates, their items as (n, 5) grids, true probabilities (n, 6))."""
    slates, items, truths = (read(oracle.folder, name) for name in ("slates", "slate_items", "choice_truths"))
    count = len(slates["slate_id"])

    def grid(name: str, empty: float) -> Grid:
        found = np.full((count, 5), empty, items[name].dtype)
        found[items["slate_id"], items["position"] - 1] = items[name]
        return found

    grids = {name: grid(name, -1) for name in ("technician_id", "price_mad", "rating", "reviews", "km")} | {"known": grid("known", False)}
    told = np.zeros((count, 6))
    told[truths["slate_id"], truths["position"]] = truths["choice_probability"]
    return slates, grids, {"choice": told}


def honest(oracle: Oracle, request: Grid) -> Grid:
    """Requests that belong to no scheme: rings do not choose."""
    cheats = read(oracle.folder, "frauds")
    members = cheats["person_id"][(cheats["person"] == "client") & (cheats["ring"] >= 0)]
    return ~np.isin(oracle.requests["client_id"][request], members)


def ghosts(oracle: Oracle) -> Grid:
    """Technicians who say yes to everything and do not come."""
    cheats = read(oracle.folder, "frauds")
    return cheats["person_id"][cheats["scheme"] == "ghost"]


def sent_hour(oracle: Oracle, offers: dict[str, Grid]) -> Grid:
    minute = (offers["sent_at"] - oracle._first_second) // 60
    return (minute - oracle.days["clock_shift_min"][np.clip(minute // 1440, 0, len(oracle.days["day"]) - 1)]) // 60 % 24


def within_sampling_error(told: Grid, seen: Grid, groups: int = 10) -> None:
    """Calibrated in every tenth of the probability, and over all."""
    edges = np.quantile(told, np.linspace(0, 1, groups + 1)[1:-1])
    of = np.searchsorted(edges, told)
    for group in np.unique(of):
        p, y = told[of == group], seen[of == group]
        off, error = abs(y.mean() - p.mean()), np.sqrt((p * (1 - p)).sum()) / len(p)
        assert off < 4.5 * error + 1e-9, f"group {group}: said {p.mean():.3f}, seen {y.mean():.3f}"


def test_choice_probabilities_are_those_the_world_drew_from(oracle: Oracle) -> None:
    slates, items, truth = as_lists(oracle)
    kept = honest(oracle, slates["request_id"])
    told = oracle.choice(
        slates["request_id"][kept],
        items["technician_id"][kept],
        price_mad=items["price_mad"][kept],
        rating=items["rating"][kept],
        reviews=items["reviews"][kept],
        km=items["km"][kept],
        known=items["known"][kept],
    )
    assert np.allclose(told, truth["choice"][kept], atol=1e-4)
    assert np.allclose(told.sum(axis=1), 1)


def test_choices_follow_the_oracle(oracle: Oracle) -> None:
    slates, _, truth = as_lists(oracle)
    kept = honest(oracle, slates["request_id"]) & (slates["shown"] > 0)
    told = truth["choice"][kept]
    seen = slates["chosen_position"][kept][:, None] == np.arange(6)[None, :]
    real = told > 0
    within_sampling_error(told[real], seen[real])
    for position in range(6):
        p = told[:, position]
        assert abs(seen[:, position].sum() - p.sum()) < 4.5 * np.sqrt((p * (1 - p)).sum()) + 1e-9


def test_acceptance_is_what_the_world_drew_from_and_calibrated(oracle: Oracle) -> None:
    offers, truth = read(oracle.folder, "offers"), read(oracle.folder, "offer_truths")
    kept = honest(oracle, offers["request_id"]) & ~np.isin(offers["technician_id"], ghosts(oracle))
    told = oracle.acceptance(
        offers["request_id"],
        offers["technician_id"],
        price_mad=offers["price_mad"],
        km=offers["km"],
        jobs_that_day=offers["jobs_that_day"],
        known=offers["known"],
        asked_hour=sent_hour(oracle, offers),
    )[kept]
    assert np.allclose(told, truth["acceptance_probability"][kept], atol=1e-4)
    within_sampling_error(told, np.isin(offers["reply"], ("accept", "taken"))[kept])


def test_success_and_keeping_are_calibrated(oracle: Oracle) -> None:
    visits, bookings = read(oracle.folder, "visits"), read(oracle.folder, "bookings")
    request = bookings["request_id"][visits["booking_id"]]
    kept = honest(oracle, request) & ~np.isin(visits["technician_id"], ghosts(oracle))
    tried = np.isin(visits["status"], ("done", "not_fixed")) & kept
    done = visits["status"] == "done"
    for known in ("all", "described"):
        told = oracle.success(request[tried], visits["technician_id"][tried], known=known)
        within_sampling_error(told, done[tried], 5)
    truth = read(oracle.folder, "visit_truths")
    assert np.corrcoef(truth["kept_probability"][kept], oracle.kept(request[kept], visits["technician_id"][kept]))[0, 1] > 0.99


def test_final_costs_fall_into_the_oracles_quantiles(oracle: Oracle) -> None:
    visits, bookings = read(oracle.folder, "visits"), read(oracle.folder, "bookings")
    done = (visits["status"] == "done") & honest(oracle, bookings["request_id"][visits["booking_id"]]) & (visits["final_mad"] > 150)
    booking = visits["booking_id"][done]
    ratio = visits["final_mad"][done] / bookings["price_mad"][booking]
    law = oracle.cost(bookings["request_id"][booking], visits["technician_id"][done])
    for share in (0.05, 0.5, 0.95):
        below = (ratio <= law.quantile(share)).mean()
        assert abs(below - share) < 4.5 * np.sqrt(share * (1 - share) / len(ratio)) + 0.01  # bills are rounded to 5 MAD


def test_the_best_possible_price_error_is_near_the_floor_of_a_lognormal(w1: Path) -> None:
    """systems.md 0.4: sigma 0.20 alone gives a MAPE of 15.8 %; jobs that grow on the spot add a little."""
    oracle, visits, bookings = Oracle(w1), read(w1, "visits"), read(w1, "bookings")
    done = visits["status"] == "done"
    booking = visits["booking_id"][done]
    law = oracle.cost(bookings["request_id"][booking], visits["technician_id"][done])
    told = law.quantile(0.5) * bookings["price_mad"][booking]
    mape = np.abs(told / visits["final_mad"][done] - 1).mean()
    assert 0.145 < mape < 0.21


def test_arrivals_fall_into_the_oracles_distribution(oracle: Oracle) -> None:
    visits, bookings = read(oracle.folder, "visits"), read(oracle.folder, "bookings")
    technicians = read(oracle.folder, "technicians", ["lat", "lon"])
    who = visits["technician_id"]
    first = np.isfinite(visits["late_min"]) & np.isclose(visits["from_lat"], technicians["lat"][who], rtol=0, atol=1e-6)
    request = bookings["request_id"][visits["booking_id"]]
    moved = bookings["start_at"][visits["booking_id"]] != oracle.requests["start_at"][request]
    first &= ~moved & honest(oracle, request)
    told = oracle.lateness_cdf(visits["late_min"][first], request[first], who[first], visits["from_lat"][first], visits["from_lon"][first])
    count = first.sum()
    assert count > 500
    assert abs(told.mean() - 0.5) < 4.5 / np.sqrt(12 * count)
    assert told.var() * 12 == pytest.approx(1, abs=0.15)


@settings(deadline=None)
@given(st.lists(st.tuples(st.floats(0.05, 1), st.floats(-1, 1), st.floats(0.05, 1)), min_size=1, max_size=4), st.floats(0.01, 0.99))
def test_quantile_and_cdf_of_a_mixture_undo_each_other(parts: list[tuple[float, float, float]], share: float) -> None:
    weight, mean, sigma = (np.array([row]) for row in zip(*parts, strict=True))
    law = Mixture(weight / weight.sum(), mean, sigma)
    assert law.cdf(law.quantile(share))[0] == pytest.approx(share, abs=1e-5)


def test_a_world_of_other_parameters_is_not_judged(w1: Path, tmp_path: Path) -> None:
    old = tmp_path / "old"
    shutil.copytree(w1, old)
    about = json.loads((old / "world.json").read_text())
    about["parameters"]["sha256"] = "0" * 64
    (old / "world.json").write_text(json.dumps(about))
    with pytest.raises(StaleWorld, match="simulate it again"):
        Oracle(old)


def test_a_folder_without_a_world_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="bricol simulate"):
        Oracle(tmp_path)
