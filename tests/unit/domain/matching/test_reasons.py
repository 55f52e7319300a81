"""Reasons tell those shown apart: each is true, each is a known code, and what everybody shares comes last."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from domain.matching.rank import REASONS
from domain.matching.ranker import GROUPS
from domain.matching.reasons import CODES, FEW_JOBS, SOONER_H, Option, told

people = st.lists(
    st.builds(
        Option,
        reasons=st.lists(st.sampled_from(REASONS), unique=True).map(tuple),
        price=st.none() | st.sampled_from([180, 250, 250.5, 300]),
        wait_h=st.none() | st.sampled_from([0.2, 0.5, 1.5, 20.0]),
        jobs=st.integers(0, 12),
        skilled=st.booleans(),
    ),
    max_size=4,
)


@given(people)
def test_everybody_has_a_reason_and_every_code_is_known_and_told_once(options: list[Option]) -> None:
    for codes in told(options):
        assert codes and set(codes) <= set(CODES) and len(set(codes)) == len(codes)


@given(people)
def test_what_compares_those_shown_is_true_of_one_of_them_at_most(options: list[Option]) -> None:
    found = told(options)
    for code, value, by in (("cheapest", "price", 0.0), ("soonest", "wait_h", SOONER_H)):
        best = [option for option, codes in zip(options, found, strict=True) if code in codes]
        assert len(best) <= 1 and (not best or len(options) > 1)
        for option in best:
            assert all(getattr(option, value) < getattr(other, value) - by for other in options if other is not option)


@given(people)
def test_what_all_share_is_told_after_what_tells_one_from_the_others(options: list[Option]) -> None:
    found = told(options)
    shared = set.intersection(*map(set, found)) if len(found) > 1 else set()
    for codes in found:
        marks = [code in shared for code in codes]
        assert marks == sorted(marks)


@given(people)
def test_who_is_new_and_who_has_the_skill_is_told_so(options: list[Option]) -> None:
    for option, codes in zip(options, told(options), strict=True):
        assert ("new_here" in codes) == (option.jobs < FEW_JOBS) and ("skilled" in codes) == option.skilled


def test_what_a_learnt_order_may_give_as_a_reason_is_a_code_that_is_told() -> None:
    assert set(GROUPS) - {"record"} <= set(CODES)
