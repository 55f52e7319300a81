"""Free times, and the one thing a calendar must never do: promise an hour twice."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from itertools import islice, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from domain.clock import to_local, to_utc
from domain.errors import DomainError
from domain.rules import MarketRules
from domain.scheduling.dispatch import answer_minutes, deadline, next_to_ask
from domain.scheduling.hours import working_hours
from domain.scheduling.slots import PARTS, TRAVEL_BUFFER, Busy, check_start, clashes, day_window, free_slots, local, part_of

RULES = MarketRules()
NOW = to_utc(datetime.fromisoformat("2026-11-23T10:00"))
DAY = working_hours("08:00-20:00", "mon-sat")


def at(text: str) -> datetime:
    return to_utc(datetime.fromisoformat(text))


def visit(text: str, minutes: int = 60) -> Busy:
    return Busy(at(text), at(text) + timedelta(minutes=minutes))


def test_free_times_stand_on_the_half_hour_and_keep_time_to_travel() -> None:
    window = (at("2026-11-24T08:00"), at("2026-11-24T13:00"))
    free = [local(s)[11:] for s in free_slots(DAY, [visit("2026-11-24T10:00")], window, NOW)]
    assert free == ["08:00", "08:30", "11:30", "12:00", "12:30"]


def test_today_begins_after_the_notice_a_technician_needs_and_sooner_in_an_emergency() -> None:
    window = day_window(date(2026, 11, 23))
    assert local(next(free_slots(DAY, [], window, NOW))) == "2026-11-23T11:00"
    assert local(next(free_slots(DAY, [], window, NOW, urgency="emergency"))) == "2026-11-23T10:00"


def test_a_sunday_off_is_passed_over() -> None:
    sunday = (at("2026-11-28T19:30"), at("2026-11-30T09:00"))
    assert [local(s) for s in free_slots(DAY, [], sunday, NOW)] == ["2026-11-28T19:30", "2026-11-30T08:00", "2026-11-30T08:30"]


def test_a_technician_who_is_away_is_free_only_once_back() -> None:
    window = day_window(date(2026, 11, 24))
    assert local(next(free_slots(DAY, [], window, NOW, not_before=at("2026-11-24T15:10")))) == "2026-11-24T15:30"


def test_a_night_shift_that_began_yesterday_is_offered_once() -> None:
    night = working_hours("22:00-06:00", "mon-sun")
    window = (at("2026-11-24T00:00"), at("2026-11-24T23:00"))
    free = [local(s)[11:] for s in free_slots(night, [], window, NOW - timedelta(days=2))]
    assert free[:2] == ["00:00", "00:30"] and "05:30" in free and "06:00" not in free and free[-2:] == ["22:00", "22:30"]
    assert len(free) == len(set(free))


@pytest.mark.parametrize(("start", "code"), [("2026-11-23T09:00", "in_the_past"), ("2027-02-15T10:00", "too_far_ahead")])
def test_a_start_that_cannot_be_promised_is_refused(start: str, code: str) -> None:
    with pytest.raises(DomainError) as error:
        check_start(at(start), NOW, RULES)
    assert error.value.code == code


@pytest.mark.parametrize("start", ["2026-11-23T10:00", "2026-11-23T09:55", "2027-01-22T10:00"])
def test_now_and_the_last_bookable_day_are_fine(start: str) -> None:
    check_start(at(start), NOW, RULES)


@pytest.mark.parametrize("part", PARTS)
def test_a_part_of_the_day_holds_its_own_starts(part: str) -> None:
    first, last = day_window(date(2026, 11, 24), part)
    assert part_of(first) == part_of(last - timedelta(minutes=30)) == part


def test_an_unknown_part_of_the_day_names_the_known_ones() -> None:
    with pytest.raises(ValueError, match="morning"):
        day_window(date(2026, 11, 24), "teatime")


@given(st.integers(-600, 60 * 24 * 30), st.sampled_from(["normal", "high", "emergency"]))
def test_an_offer_always_leaves_time_to_answer_and_never_more_than_the_rule(minutes: int, urgency: str) -> None:
    start = NOW + timedelta(minutes=minutes)
    until = deadline(NOW, start, RULES, urgency)
    assert timedelta(minutes=3) <= until - NOW <= timedelta(minutes=answer_minutes(RULES, urgency))


def test_an_emergency_waits_less_long_for_each_technician() -> None:
    assert answer_minutes(RULES, "emergency") < answer_minutes(RULES) == 15


@given(st.lists(st.integers(1, 30), unique=True, max_size=20))
def test_the_cascade_asks_each_technician_once_in_order_and_ends(ranked: list[int]) -> None:
    asked: list[int] = []
    while (who := next_to_ask(ranked, asked, RULES)) is not None:
        asked.append(who)
    assert asked == ranked[: RULES.offers_at_most]


starts = st.integers(0, 14 * 48).map(lambda n: NOW + timedelta(minutes=30 * n))
visits = st.lists(st.builds(lambda s, m: Busy(s, s + timedelta(minutes=m)), starts, st.sampled_from([30, 60, 90, 240, 480])), max_size=25)


@given(visits, st.integers(0, 14 * 24), st.sampled_from([30, 60, 120, 300]), st.sampled_from(["normal", "emergency"]))
@settings(max_examples=60)
def test_a_free_time_never_touches_a_promised_visit(busy: list[Busy], hours: int, minutes: int, urgency: str) -> None:
    begin = NOW + timedelta(hours=hours)
    last = None
    for start in islice(free_slots(DAY, busy, (begin, begin + timedelta(days=3)), NOW, minutes, urgency=urgency), 30):
        assert DAY.allows(start) and start >= max(begin, NOW) and to_local(start).minute in (0, 30)
        end = start + timedelta(minutes=minutes)
        assert all(end + TRAVEL_BUFFER <= b.start or start >= b.end + TRAVEL_BUFFER for b in busy)
        assert last is None or start > last
        last = start


class Calendar(RuleBasedStateMachine):
    """Clients book, move and cancel on one technician's calendar in any order; whatever is promised stays apart."""

    def __init__(self) -> None:
        super().__init__()
        self.promised: dict[int, Busy] = {}
        self.now = NOW
        self.number = 0

    @initialize()
    def begin(self) -> None:
        self.promised = {}

    def _others(self, number: int | None = None) -> list[Busy]:
        return [b for n, b in self.promised.items() if n != number]

    @rule(minutes=st.sampled_from([30, 60, 120]), nth=st.integers(0, 20))
    def book_an_offered_time(self, minutes: int, nth: int) -> None:
        for start in islice(free_slots(DAY, self._others(), (self.now, self.now + timedelta(days=4)), self.now, minutes), nth, nth + 1):
            self._promise(start, minutes)

    @rule(start=starts, minutes=st.sampled_from([30, 60, 120]))
    def book_any_time(self, start: datetime, minutes: int) -> None:
        if clashes(start, minutes, self._others()) is None:
            self._promise(start, minutes)

    @rule(start=starts, data=st.data())
    def move(self, start: datetime, data: st.DataObject) -> None:
        if not self.promised:
            return
        number = data.draw(st.sampled_from(sorted(self.promised)))
        length = self.promised[number].end - self.promised[number].start
        if clashes(start, int(length.total_seconds() // 60), self._others(number)) is None:
            self.promised[number] = Busy(start, start + length)

    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        if self.promised:
            del self.promised[data.draw(st.sampled_from(sorted(self.promised)))]

    @rule(hours=st.integers(1, 12))
    def time_passes(self, hours: int) -> None:
        self.now += timedelta(hours=hours)

    @invariant()
    def no_two_promises_overlap(self) -> None:
        visits = sorted(self.promised.values())
        for one, following in pairwise(visits):
            assert one.end + TRAVEL_BUFFER <= following.start

    def _promise(self, start: datetime, minutes: int) -> None:
        self.number += 1
        self.promised[self.number] = Busy(start, start + timedelta(minutes=minutes))


TestDoubleBookingIsImpossible = Calendar.TestCase
TestDoubleBookingIsImpossible.settings = settings(max_examples=40, stateful_step_count=25, deadline=None)
