"""Square metres are no pieces: so many of them are so many usual jobs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.catalog import SERVICES, node_for
from domain.pricing.metres import usual_jobs


@pytest.mark.parametrize(
    ("service", "issue", "metres", "jobs"),
    [
        ("tiling", "pose carrelage sol", 20, 1),  # 1600 MAD of floor, where the usual floor is 1575
        ("tiling", "pose carrelage sol", 60, 4),
        ("tiling", "du carrelage", 20, 5),  # no fault fits: by the floor's metre, in small jobs
        ("painting", "peindre un salon", 30, 1),  # a room goes by the room
        ("plumbing", None, 30, 1),
    ],
)
def test_metres_cost_what_their_trade_asks_by_the_metre(service: str, issue: str | None, metres: float, jobs: int) -> None:
    assert usual_jobs(service, issue, metres) == jobs


@given(st.sampled_from(SERVICES), st.floats(0.1, 9_999), st.floats(0.1, 9_999))
def test_more_metres_never_cost_less_and_are_always_a_price(service: str, one: float, other: float) -> None:
    less, more = sorted((one, other))
    assert 1 <= usual_jobs(service, node_for(service, None).id, less) <= usual_jobs(service, node_for(service, None).id, more) <= 50
