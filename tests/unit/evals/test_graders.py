"""The judges: the end state first, the words second."""

from __future__ import annotations

import pytest

from bot.brain.understanding.base import Understanding
from evals.graders import state, words
from evals.records import PlayedTurn
from evals.scenario import Anywhere, Expect

END = {
    "bookings": [
        {"ref": "BR-1", "service": "plumbing", "district": "hay mohammadi", "status": "confirmed", "start": "2026-11-24T10:00", "price_mad": 320.0},
        {"ref": "BR-9", "service": "plumbing", "district": "maarif", "status": "done", "start": "2026-10-01T10:00", "price_mad": 300.0},
    ],
    "refunds": [],
}


@pytest.mark.parametrize(
    "after",
    [
        {"bookings": [{"service": "plumbing", "status": "confirmed", "count": 1}], "refunds": [{"count": 0}]},
        {"bookings": [{"district": "Hay-Mohammadi", "price_mad": 320}]},
        {"bookings": [{"ref": "BR-9", "status": "done", "count": 1}]},
    ],
)
def test_an_end_state_that_holds_has_no_failures(after: dict) -> None:
    assert state.failures(after, END, frozenset({"BR-9"})) == []


@pytest.mark.parametrize(
    "after",
    [
        {"bookings": [{"service": "plumbing", "count": 2}]},  # BR-9 is the world's past and does not count
        {"bookings": [{"start": "2026-11-24T11:00"}]},
        {"refunds": [{"count": 1}]},
    ],
)
def test_an_end_state_that_does_not_hold_is_told(after: dict) -> None:
    assert len(state.failures(after, END, frozenset({"BR-9"}))) == 1


class Hears:
    def understand(self, text: str, **_: object) -> Understanding:
        return Understanding("ary", "latn", ("inform",))


def turn(*texts: str, calls: tuple[str, ...] = (), awaiting: str | None = None) -> PlayedTurn:
    return PlayedTurn("say", "slm", [{"text": t, "awaiting": awaiting} for t in texts], [{"tool": c} for c in calls])


def test_a_notice_that_asks_nothing_leaves_the_question_before_it_open() -> None:
    asks, told = {"text": "Fo9ach?", "awaiting": "time"}, {"text": "Ahmed 9bel.", "awaiting": None, "notice": True}
    assert PlayedTurn("say", "wakha", [asks, told]).awaiting == "time"
    assert PlayedTurn("at", "", [told]).awaiting is None
    assert PlayedTurn("at", "", [asks, {**told, "awaiting": "rating"}]).awaiting == "rating"


@pytest.mark.parametrize(
    ("expect", "played"),
    [
        (Expect(calls=["find_technicians", "propose_booking"]), turn("x", calls=("propose_booking", "find_technicians"))),
        (Expect(calls_none=["confirm_proposal"]), turn("x", calls=("confirm_proposal",))),
        (Expect(awaiting=["time"]), turn("x", awaiting="place")),
        (Expect(said=["300"]), turn("400")),
        (Expect(not_said=["300"]), turn("300 dh")),
        (Expect(silent=True), turn("x")),
        (Expect(language="fr"), turn("x")),
        (Expect(script="arab"), turn("x")),
        (Expect(owner="human"), turn("x")),
    ],
)
def test_a_turn_that_is_not_as_expected_is_told(expect: Expect, played: PlayedTurn) -> None:
    assert len(words.failures(expect, played, Hears())) == 1


def test_calls_may_have_others_between_them() -> None:
    assert words.failures(Expect(calls=["a", "c"]), turn("x", calls=("a", "b", "c")), Hears()) == []


def test_never_and_ever_look_at_the_whole_conversation() -> None:
    turns = [turn("salam", calls=("a",)), turn("300 dh")]
    assert words.anywhere(Anywhere(calls=["b"]), Anywhere(said=["300"]), turns) == []
    assert len(words.anywhere(Anywhere(said=["salam"]), Anywhere(calls=["c"], said=["400"]), turns)) == 3
