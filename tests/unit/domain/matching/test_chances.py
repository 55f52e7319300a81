"""What the two chances may look at: nothing of the client, nothing from later; and serving reads a job as a training did."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from domain.learning.asof import FeatureSet
from domain.learning.probability import Probability, brier, calibration_error, log_loss
from domain.learning.trees import Trees
from domain.matching import acceptance, success
from domain.matching.acceptance import AcceptModel, Answers
from domain.matching.success import Visits
from domain.matching.wall import wall
from tests.support.offers import DEADLINE, tables

#: What may never decide who is asked: who the client is, how they write, feel, pay or where they come from.
PERSONAL = {"client", "locale", "language", "script", "sentiment", "mood", "district", "city", "origin", "income", "gender", "woman", "channel"}
WIDTH = len(acceptance.FEATURES.names)
number = st.floats(-3, 3)


@pytest.mark.parametrize("model", [acceptance, success])
def test_no_input_tells_one_client_from_another(model: Any) -> None:
    features: FeatureSet = model.FEATURES
    assert PERSONAL.isdisjoint({word for name in features.names for word in name.split("_")})
    read = {name for table in model.TABLES.values() for name in table}
    assert "client_id" not in read and PERSONAL.isdisjoint(read)


@pytest.mark.parametrize("model", [acceptance, success])
def test_other_clients_behind_the_same_jobs_leave_every_example_as_it_was(model: Any) -> None:
    plain, told = tables(400), tables(400)
    rng = np.random.default_rng(0)
    told["requests"] |= {"client_id": rng.permutation(400), "district": rng.choice(np.array(["maarif", "sidi_moumen"], object), 400)}
    np.testing.assert_array_equal(model.rows(plain).inputs, model.rows(told).inputs)


def test_what_is_answered_later_leaves_what_was_known_as_it_was() -> None:
    plain, other = tables(600), tables(600)
    until = int(plain["offers"]["sent_at"][400])
    later = other["offers"]["deadline_at"] >= until
    other["offers"]["reply"] = np.where(later, "decline", other["offers"]["reply"])
    before, after = acceptance.rows(plain), acceptance.rows(other)
    known = before.decided_at < until
    np.testing.assert_array_equal(before.inputs[known], after.inputs[known])
    assert (before.inputs[~known] != after.inputs[~known]).any()


def test_serving_reads_an_offer_as_a_training_does() -> None:
    made = tables(500)
    found, offers = acceptance.rows(made), made["offers"]
    answered = offers["replied_at"] > 0
    answers = Answers(
        offers["technician_id"],
        np.where(answered, offers["replied_at"], offers["deadline_at"]),
        (offers["reply"] == "accept").astype(float),
        answered.astype(float),
        np.where(answered, (offers["replied_at"] - offers["sent_at"]) / 60, 1.0),
    )
    last = {name: values[-1] for name, values in offers.items()}
    served = acceptance.asked(
        np.array([last["technician_id"]]), km=np.array([last["km"]]), price_mad=np.array([last["price_mad"]]), own_mad=np.array([last["price_mad"]]),
        jobs_that_day=np.array([last["jobs_that_day"]]), met=np.array([False]), sent_at=int(last["sent_at"]),
        start_at=int(made["requests"]["start_at"][-1]), answers=answers, described=float(made["requests"]["described"][-1]),
    )[0]  # fmt: skip
    level = acceptance.FEATURES.names.index("level_over")
    assert np.isnan(served[level]) and found.inputs[-1][level] == 0
    np.testing.assert_array_equal(np.nan_to_num(served), found.inputs[-1])


def test_serving_reads_a_visit_as_a_training_does_but_for_the_jobs_own_past() -> None:
    made = tables(800)
    found, over = success.rows(made), made["visits"]
    technician, stars = made["bookings"]["technician_id"], made["ratings"]
    people = made["technicians"]["technician_id"]
    visits = Visits(
        technician, over["closed_at"], over["status"], np.concatenate([np.repeat(people, 4), stars["technician_id"]]),
        np.concatenate([np.repeat(made["technicians"]["joined_at"], 4), stars["at"]]),
        np.concatenate([np.full(4 * len(people), 4.5), stars["stars"]]),
    )  # fmt: skip
    row, booking = len(found) - 1, {name: values[-1] for name, values in made["bookings"].items()}
    served = success.asked(
        np.array([booking["technician_id"]]), node=booking["node"], service="plumbing",
        second_trade=np.array([not booking["node"].startswith("plumbing")]), rate_log=np.zeros(1), sent_at=int(booking["confirmed_at"]),
        start_at=int(booking["start_at"]), visits=visits, described=float(made["requests"]["described"][booking["request_id"]]),
    )[0]  # fmt: skip
    same = [n for n, name in enumerate(success.FEATURES.names) if name not in ("node_fixed", "service_fixed")]
    np.testing.assert_allclose(np.nan_to_num(served)[same], found.inputs[row][same])


@settings(deadline=None, max_examples=200)
@given(arrays(float, WIDTH + 1, elements=number), arrays(float, WIDTH + 2, elements=number), arrays(float, (3, WIDTH), elements=number))
def test_more_time_never_makes_a_yes_less_likely(line: np.ndarray, delay: np.ndarray, inputs: np.ndarray) -> None:
    delay[-1] = abs(delay[-1]) + 0.1
    model = AcceptModel(Probability(line, Trees.constant(0.0), np.array([0.0, 1.0, 0.0])), delay, DEADLINE / 60, "accept-any")
    said = np.array([model.within(inputs, minutes) for minutes in (0.0, 3.0, 5.0, 15.0, 60.0)])
    assert ((said >= 0) & (said <= 1)).all() and (np.diff(said, axis=0) >= -1e-12).all()


def test_the_wall_clock_stands_at_utc_in_ramadan() -> None:
    told = wall(np.array([1_772_712_000, 1_795_435_200]))  # 2026-03-05 and 2026-11-23, both 12:00 UTC
    assert list(told.hour) == [12, 13] and list(told.ramadan) == [True, False] and list(told.weekday) == [3, 0]


def test_a_calibrated_guess_scores_better_than_a_sure_one_and_its_error_is_small() -> None:
    rng = np.random.default_rng(0)
    chance = rng.random(5000)
    true = (rng.random(5000) < chance).astype(float)
    assert calibration_error(chance, true) < 0.02 < calibration_error(np.round(chance), true)
    assert log_loss(chance, true) < log_loss(np.round(chance), true) and brier(chance, true) < brier(np.full(5000, 0.5), true)
