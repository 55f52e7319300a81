"""A provider's limits are kept whatever the order and speed of messages."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from channels.pace import PEOPLE, Limit, Pace

STEPS = st.lists(st.tuples(st.floats(0, 3), st.sampled_from(["a", "b"])), max_size=60)


@given(STEPS)
def test_no_span_of_time_holds_more_than_the_burst_and_what_the_span_allows(steps: list[tuple[float, str]]) -> None:
    now, left = [0.0], []
    pace = Pace(Limit(5, 0.5), Limit(2, 1.0), lambda: now[0])
    for seconds, person in steps:
        now[0] += seconds
        if pace.wait(person) == 0:
            left.append((now[0], person))
    for at, (begin, _) in enumerate(left):
        span = [(when - begin, person) for when, person in left[at:]]
        for number, (length, _) in enumerate(span, 1):
            assert number <= 5 + length / 0.5 + 1e-6
        for person in ("a", "b"):
            for number, length in enumerate([length for length, who in span if who == person], 1):
                assert number <= 2 + length / 1.0 + 1e-6


@given(STEPS)
def test_after_the_wait_that_was_told_the_message_may_leave(steps: list[tuple[float, str]]) -> None:
    now = [0.0]
    pace = Pace(Limit(5, 0.5), Limit(2, 1.0), lambda: now[0])
    for seconds, person in steps:
        now[0] += seconds
        if told := pace.wait(person):
            now[0] += told + 1e-6
            assert pace.wait(person) == 0


def test_a_short_wait_is_slept_through_and_many_people_take_no_more_room() -> None:
    now = [0.0]
    pace = Pace(Limit(10**6, 1e-6), Limit(1, 0.5), lambda: now[0], lambda seconds: now.__setitem__(0, now[0] + seconds))
    assert [pace.hold("a"), pace.hold("a")] == [0, 0]
    assert now[0] == 0.5
    for person in range(PEOPLE + 50):
        pace.wait(str(person))
    assert len(pace._people) == PEOPLE
