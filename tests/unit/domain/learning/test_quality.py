"""Data that would teach nonsense is refused, and every reason is told at once."""

from __future__ import annotations

import numpy as np
import pytest

from domain.learning.asof import DAY, Feature, FeatureSet
from domain.learning.quality import BadTrainingData, Rows, by_time, check
from domain.pricing.cost_model import checked, rows
from tests.support.visits import START, tables

ONE = FeatureSet("one", 1, (Feature("share", "", "f", 0, 1),))


def some(count: int = 50, **other: np.ndarray) -> Rows:
    at = START + np.arange(count) * DAY
    made = {"inputs": np.full((count, 1), 0.5), "target": np.arange(count) % 2.0, "decided_at": at, "outcome_at": at + 5, "seen_at": at - 1} | other
    return Rows(**made, extra={})  # type: ignore[arg-type]


def faults(found: Rows, **other: object) -> tuple[str, ...]:
    with pytest.raises(BadTrainingData) as refused:
        check(found, ONE, **({"target": (0, 1), "rows_at_least": 10, "classes": True} | other))  # type: ignore[arg-type]
    return refused.value.faults


def test_good_data_passes() -> None:
    check(some(), ONE, target=(0, 1), rows_at_least=10, classes=True)


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (some(5), "5 rows: too few, at least 10"),
        (some(inputs=np.full((50, 1), 7.0)), "share: 50 impossible values such as 7; 0..1"),
        (some(inputs=np.full((50, 1), np.nan)), "share: empty in 50 rows"),
        (some(inputs=np.full((50, 1), np.inf)), "share: 50 impossible values such as inf"),
        (some(target=np.arange(50) % 2 * 3.0), "target: 25 impossible values such as 3; 0..1"),
        (some(target=np.where(np.arange(50) < 4, np.nan, np.arange(50) % 2)), "target: 4 impossible values such as nan"),
        (some(target=np.ones(50)), "target: a single class (1)"),
        (some(seen_at=START + np.arange(50) * DAY), "50 rows rest on facts that came after their decision"),
        (some(outcome_at=np.full(50, START)), "49 rows have an outcome before their decision"),
    ],
)
def test_a_fault_is_named_with_its_cure(found: Rows, said: str) -> None:
    (fault,) = faults(found)
    assert fault.startswith(said)


def test_all_faults_are_told_together() -> None:
    assert len(faults(some(5, inputs=np.full((5, 1), 7.0), target=np.ones(5)))) == 3


def test_a_missing_table_and_a_missing_column_are_both_named() -> None:
    found = tables(50)
    del found["visits"], found["requests"]["at"]
    with pytest.raises(BadTrainingData) as refused:
        rows(found)
    assert [fault.split(":")[0] for fault in refused.value.faults] == ["visits", "requests.at"]


def test_ids_that_point_nowhere_are_refused() -> None:
    found = tables(50)
    found["visits"]["booking_id"] = found["visits"]["booking_id"] + 40
    with pytest.raises(BadTrainingData, match="40 rows point to ids"):
        rows(found)


def test_a_final_price_of_nothing_is_impossible() -> None:
    found = tables(900)
    found["visits"]["final_mad"][3] = 0.0
    with pytest.raises(BadTrainingData, match="target: 1 impossible values"):
        checked(rows(found))


def test_parts_follow_in_time_and_an_outcome_that_came_too_late_teaches_nothing() -> None:
    at = START + np.arange(100) * DAY
    learn, calibrate = by_time(some(100, decided_at=at, outcome_at=at + 3 * DAY, seen_at=at - 1), (0.6, 0.4))
    assert len(learn) == 57 and len(calibrate) == 40
    assert learn.outcome_at.max() < calibrate.decided_at.min()


def test_the_same_data_has_the_same_hash_and_other_data_another() -> None:
    assert some().data_hash() == some().data_hash() != some(target=np.zeros(50)).data_hash()
