"""Two runs are compared by what happened, not by how it was worded, and what got worse is named at its turn."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest

from evals.findings import Finding
from evals.records import Played, PlayedTurn
from evals.report.baseline import Comparison, compare
from evals.report.behaviour import facts
from evals.report.costs import tariff
from evals.report.document import Report, document
from evals.run import Plan


def reply(text: str, awaiting: str | None = None, key: str = "booking.ask") -> dict[str, Any]:
    return {"text": text, "language": "ary", "script": "latn", "awaiting": awaiting, "options": [], "key": key, "extra": {}}


def booking(**fields: Any) -> dict[str, list[dict[str, Any]]]:
    return {"bookings": [{"ref": "BR-3001", "service": "plumbing", "status": "confirmed", "price_mad": 320.0, **fields}]}


def conversation() -> list[PlayedTurn]:
    propose = {"tool": "propose_booking", "args": {"start": "2026-11-24T10:00"}, "ok": True, "ms": 3.0}
    confirm = {"tool": "confirm_proposal", "args": {"proposal_id": 1}, "ok": True, "ms": 5.0}
    heard = {"intents": ["book_service"], "entities": {}}
    return [
        PlayedTurn("say", "slm bghit plombi", [reply("Salam! Fin?", "place")], step=1, understanding=heard),
        PlayedTurn("converse", "maarif", [reply("Ahmed, 320 dh, ghedda m3a 10:00. Nakked?", "confirm", "booking.propose")], [propose], step=2),
        PlayedTurn("converse", "wakha", [reply("Safi, 320 dh, BR-3001.", None, "booking.done")], [confirm], step=2, changes=booking()),
    ]


def report(*trials: Callable[[Played], None], name: str = "one") -> Report:
    """A run of one scenario, each trial changed by its function."""
    plays = []
    for number, change in enumerate(trials):
        played = Played(name, "booking", "ary", "latn", "whatsapp", turns=conversation(), trial=number)
        change(played)
        plays.append(played)
    return document(plays, Plan(trials=len(trials)), tariff())


def as_it_was(played: Played) -> None:
    pass


def fails(played: Played, turn: int | None = None) -> None:
    played.why.append("after.bookings: 0 rows")
    played.findings.append(Finding("state", "after.bookings: 0 rows", turn))


def verdict(change: Callable[[Played], None]) -> Any:
    return compare(report(change), report(as_it_was)).scenarios[0]


def test_the_same_run_again_is_the_same() -> None:
    assert verdict(as_it_was).verdict == "same"


@pytest.mark.parametrize(
    "text",
    [
        "Hani wejjedt lik: Ahmed, ghedda f 10:00, b 320 dirham. Wakha?",
        "أحمد، غدا مع ١٠:٠٠، ب ٣٢٠ درهم. واخا؟",
        "Ahmed... 10:00 ghedda!! (320 DH) n2akked?",
    ],
)
def test_other_words_for_the_same_facts_are_no_regression(text: str) -> None:
    def change(played: Played) -> None:
        played.turns[1].replies[0]["text"] = text

    assert verdict(change).verdict == "worded otherwise"


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("Ahmed, 330 dh, ghedda m3a 10:00. Nakked?", "330"),
        ("Ahmed, 320 dh, ghedda m3a 11:00. Nakked?", "11:00"),
        ("Hassan, 320 dh, ghedda m3a 10:00. Nakked?", "name has"),
    ],
)
def test_one_reply_that_states_something_else_is_found_at_its_turn(text: str, named: str) -> None:
    def change(played: Played) -> None:
        played.turns[1].replies[0]["text"] = text

    found = verdict(change)
    assert (found.verdict, found.turn) == ("drifted", 2)
    assert named in found.why


def test_another_end_state_is_found_though_every_check_passes() -> None:
    def change(played: Played) -> None:
        played.turns[2].changes = booking(price_mad=350.0)

    found = verdict(change)
    assert (found.verdict, found.turn) == ("drifted", 3)
    assert "price_mad was 320.0, is 350.0" in found.why


def test_another_way_to_the_same_end_is_told_but_is_no_regression() -> None:
    def change(played: Played) -> None:
        played.turns[0].replies[0]["awaiting"] = "time"
        played.turns[0].understanding = {"intents": ["find_technician"]}

    comparison = compare(report(change), report(as_it_was))
    assert comparison.scenarios[0].verdict == "other way"
    assert not comparison.of("regressed", "drifted")


def test_a_code_sent_by_sms_is_no_difference() -> None:
    def code(digits: str) -> Callable[[Played], None]:
        def change(played: Played) -> None:
            played.turns[1].said, played.turns[1].replies[0]["text"] = digits, f"Code {digits}, mzyan."
            played.turns[1].calls = [{"tool": "verify_code", "args": {"code": digits}, "ok": True, "ms": 1.0}]

        return change

    assert compare(report(code("482913")), report(code("771204"))).scenarios[0].verdict == "same"


def test_a_regression_is_named_at_the_turn_where_it_left_its_earlier_way() -> None:
    def change(played: Played) -> None:
        played.turns[1].calls = []
        played.turns[1].replies = [reply("Ma fhemtch.", "service", "clarify.what")]
        fails(played)

    found = verdict(change)
    assert (found.verdict, found.turn) == ("regressed", 2)
    assert "propose_booking" in str(found.parted)


def test_what_was_fixed_is_told_and_counts_in_the_paired_test() -> None:
    comparison = compare(report(as_it_was), report(fails))
    assert (comparison.scenarios[0].verdict, comparison.won, comparison.lost) == ("fixed", 1, 0)


def test_a_scenario_that_passes_only_in_some_trials_is_flaky() -> None:
    now = report(as_it_was, lambda p: fails(p, 2))
    assert now["scenarios"][0]["flaky"] and not now["scenarios"][0]["passed"]
    assert compare(now, deepcopy(now)).scenarios[0].verdict == "flaky"


def test_with_the_same_seed_each_trial_is_compared_with_itself() -> None:
    found = compare(report(as_it_was, lambda p: fails(p, 2)), report(as_it_was, as_it_was)).scenarios[0]
    assert (found.verdict, found.turn) == ("regressed", 2)


def test_an_edited_scenario_is_not_compared() -> None:
    before, now = report(as_it_was), report(fails)
    before["scenarios"][0]["digest"], now["scenarios"][0]["digest"] = "a", "b"
    comparison: Comparison = compare(now, before)
    assert comparison.scenarios[0].verdict == "edited"
    assert comparison.lost == 0


def test_new_and_gone_scenarios_are_told() -> None:
    assert [c.verdict for c in compare(report(as_it_was, name="b"), report(as_it_was, name="a")).scenarios] == ["new", "gone"]


def test_facts_are_read_alike_in_both_scripts_and_all_digits() -> None:
    assert facts(["320 dh m3a 10:00 (BR-3001)"]) == facts(["٣٢٠ درهم مع ١٠:٠٠ (BR-3001)"]) != []
