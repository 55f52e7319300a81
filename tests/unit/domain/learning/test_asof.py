"""Features know the past and nothing else: whatever is done to later rows, no earlier feature moves."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.learning.asof import DAY, NEVER, Feature, FeatureSet, Past
from domain.pricing.cost_model import FEATURES, rows
from tests.support.visits import START, tables

events = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 40), st.integers(-5, 5)), max_size=40)
CUT = START + 100 * DAY


def past(found: list[tuple[int, int, int]]) -> Past:
    entity, hour, value = np.array(found, np.int64).reshape(-1, 3).T
    return Past(entity, hour * 3600, value.astype(float))


@settings(deadline=None)
@given(events, st.integers(0, 5), st.integers(-1, 42), st.one_of(st.none(), st.integers(1, 20)))
def test_an_answer_is_what_counting_the_earlier_events_gives(found: list[tuple[int, int, int]], entity: int, hour: int, hours: int | None) -> None:
    earlier = [(h, v) for e, h, v in found if e == entity and h < hour and (hours is None or h >= hour - hours)]
    days = None if hours is None else hours / 24
    asked = np.array([entity]), np.array([hour * 3600])
    log = past(found)
    assert log.ask("count", *asked, days=days)[0] == len(earlier)
    assert log.ask("total", *asked, days=days)[0] == sum(v for _, v in earlier)
    assert log.ask("mean", *asked, days=days, prior=2.0, weight=3.0)[0] == pytest.approx((sum(v for _, v in earlier) + 6) / (len(earlier) + 3))
    since = log.ask("days_since", *asked, days=days)[0]
    assert np.isnan(since) if not earlier else since == pytest.approx((hour - max(h for h, _ in earlier)) / 24)


@settings(deadline=None)
@given(events, events, st.integers(0, 40))
def test_what_comes_later_changes_nothing(found: list[tuple[int, int, int]], later: list[tuple[int, int, int]], hour: int) -> None:
    known = [e for e in found if e[1] < hour]
    other_future = known + [(e, h, v) for e, h, v in later if h >= hour]
    entity, at = np.arange(6), np.full(6, hour * 3600)
    for how in ("count", "total", "mean", "days_since"):
        asked: Any = {"how": how, "entity": entity, "at": at, "weight": 1.0}
        np.testing.assert_array_equal(past(found).ask(**asked), past(other_future).ask(**asked))
    assert (past(found).seen_at(entity, at) < at).all()


def test_an_event_that_never_came_is_known_to_nobody() -> None:
    log = Past(np.array(["a", "a"]), np.array([NEVER, 5]), np.ones(2))
    assert log.ask("count", np.array(["a"]), np.array([10]))[0] == 1


def test_a_definition_that_changes_changes_the_fingerprint_even_under_the_same_version() -> None:
    def made(weight: float) -> str:
        return FeatureSet("x", 1, (Feature("mean", "", "f", source="s", entity="e", weight=weight),)).fingerprint

    assert made(1.0) != made(2.0)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10**6))
def test_no_feature_of_the_cost_model_moves_when_the_future_is_shifted(seed: int) -> None:
    """Everything that happened from CUT on is shuffled, multiplied and moved: inputs of quotes made until then stay bit for bit."""
    rng = np.random.default_rng(seed)
    before, shifted = tables(600), tables(600)
    future = shifted["visits"]["closed_at"] >= CUT
    shifted["visits"]["final_mad"] = np.where(future, rng.permutation(shifted["visits"]["final_mad"]) * 3 + 5, shifted["visits"]["final_mad"])
    shifted["visits"]["status"] = np.where(future & (rng.random(600) < 0.3), "no_show", shifted["visits"]["status"])
    shifted["visits"]["closed_at"] = np.where(future, shifted["visits"]["closed_at"] + rng.integers(0, 30 * DAY, 600), shifted["visits"]["closed_at"])
    one, other = rows(before), rows(shifted)
    kept = np.intersect1d(*(r.extra["request_id"][r.decided_at < CUT] for r in (one, other)))
    assert len(kept) > 200
    same = [r.inputs[np.isin(r.extra["request_id"], kept)] for r in (one, other)]
    np.testing.assert_array_equal(*same)


def test_a_changed_past_does_move_them() -> None:
    before, changed = tables(600), tables(600)
    changed["visits"]["final_mad"] = changed["visits"]["final_mad"] * np.where(changed["visits"]["closed_at"] < CUT, 2, 1)
    column = FEATURES.names.index("technician_ratio")
    assert (rows(before).inputs[-50:, column] < rows(changed).inputs[-50:, column]).all()
