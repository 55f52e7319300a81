"""A run can be stopped and gone on with, its order is fixed, and a planted regression ends it with exit 1 at the turn that went wrong."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from evals import cli, run, stage
from evals.findings import Finding
from evals.journal import Journal, JournalError
from evals.records import Played, PlayedTurn
from evals.run import Plan, play_all, play_one
from evals.scenario import Scenario, load
from prompts import replies

invoke = CliRunner().invoke

CANCEL = """\
id: {id}
suite: changes
language: en
script: latn
phone: "+212661000711"
now: 2026-11-23T10:00
given:
  - booking: {{ref: BR-5111, client: "+212661000711", technician: said, service: hvac, district: bourgogne, city: casablanca,
              start: 2026-11-23T11:00, status: confirmed, price_mad: 350, paid_mad: 350}}
facts: {{confirm: "yes please", booking: "BR-5111"}}
turns:
  - say: "never mind the technician, I fixed it myself"
  - converse: 3
after:
  bookings: [{{ref: BR-5111, status: cancelled, count: 1}}]
"""

BOOK = """\
id: booking
suite: booking
language: ary
script: latn
phone: "+212661000712"
now: 2026-11-23T10:00
facts: {service: "plombi", place: "maarif f casa", time: "ghedda m3a 10 d sbah", choice: "lowel", confirm: "wakha"}
turns:
  - say: "salam, bghit plombi 3afak"
  - converse: 6
after:
  bookings: [{service: plumbing, start: 2026-11-24T10:00, status: confirmed, count: 1}]
"""


@pytest.fixture
def scenarios(tmp_path: Path) -> list[Scenario]:
    found = []
    for name in ("one", "two", "three"):
        path = tmp_path / f"{name}.yaml"
        path.write_text(CANCEL.format(id=name), encoding="utf-8")
        scenario = load(path)
        assert scenario is not None
        found.append(scenario)
    return found


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[tuple[str, int]]]:
    """Plays that cost nothing, each written down."""
    made: list[tuple[str, int]] = []

    def pretend(scenario: Scenario, plan: Plan, trial: int) -> Played:
        made.append((scenario.id, trial))
        return Played(scenario.id, "changes", "en", "latn", "whatsapp", turns=[PlayedTurn("say", "slm")], trial=trial, path=scenario.path)

    monkeypatch.setattr(run, "play_one", pretend)
    monkeypatch.setattr(run, "_warm", lambda *_: None)
    yield made


def journal(path: Path, **about: Any) -> Journal:
    return Journal.open(path, **{"model": "embedded", "seed": 0, "inject": (), **about})


def test_a_stopped_run_plays_only_what_is_missing(tmp_path: Path, scenarios: list[Scenario], counted: list[Any]) -> None:
    path, plan = tmp_path / "kept.jsonl", Plan(trials=2)
    play_all(scenarios[:2], plan, journal(path))
    with path.open("a", encoding="utf-8") as file:
        file.write('{"text": "cut off in the mid')
    counted.clear()
    results = play_all(scenarios, plan, journal(path))
    assert counted == [("three", 0), ("three", 1)]
    assert [(p.id, p.trial) for p in results] == [(s.id, t) for s in scenarios for t in (0, 1)]
    counted.clear()
    assert play_all(scenarios, plan, journal(path)) == results
    assert counted == []


def test_a_run_that_expected_a_day_is_kept(tmp_path: Path, scenarios: list[Scenario]) -> None:
    played = Played("two", "changes", "en", "latn", "whatsapp", findings=[Finding("said", "no reply states it", 1, {"date": date(2026, 11, 27)})])
    journal(tmp_path / "kept.jsonl").add(played, "digest")
    assert journal(tmp_path / "kept.jsonl").find("two", 0, "digest") is not None


def test_an_edited_scenario_is_played_again(tmp_path: Path, scenarios: list[Scenario], counted: list[Any]) -> None:
    path = tmp_path / "kept.jsonl"
    play_all(scenarios, Plan(), journal(path))
    counted.clear()
    Path(scenarios[1].path).write_text(CANCEL.format(id="two") + "max_turns: 9\n", encoding="utf-8")
    play_all(scenarios, Plan(), journal(path))
    assert counted == [("two", 0)]


def test_other_code_plays_all_again(tmp_path: Path, scenarios: list[Scenario], counted: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "kept.jsonl"
    play_all(scenarios, Plan(), journal(path))
    monkeypatch.setattr("evals.journal.code", lambda: "changed")
    counted.clear()
    kept = journal(path)
    assert kept.aside == 3
    play_all(scenarios, Plan(), kept)
    assert len(counted) == 3


@pytest.mark.parametrize(("name", "value"), [("model", "cascade:openai:x"), ("seed", 7), ("inject", ("crash",))])
def test_a_run_of_another_kind_is_not_gone_on_with(tmp_path: Path, name: str, value: Any) -> None:
    path = tmp_path / "kept.jsonl"
    journal(path)
    with pytest.raises(JournalError, match=f"--{name}"):
        journal(path, **{name: value})


def test_a_file_that_is_no_journal_is_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "notes.jsonl"
    path.write_text("my notes\n", encoding="utf-8")
    with pytest.raises(JournalError, match=r"notes\.jsonl"):
        journal(path)
    assert path.read_text(encoding="utf-8") == "my notes\n"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["nowhere"], "nowhere"),
        (["{file}", "--inject", "fire"], "fire"),
        (["{file}", "--model", "nobody:x"], "nobody"),
        (["{file}", "--suite", "safety"], "--suite"),
        (["{file}", "--baseline", "{file}"], "is no report"),
        (["{file}", "--resume", "{file}"], "is no journal"),
        (["{file}", "--tariff", "{file}"], "is no tariff"),
    ],
)
def test_what_cannot_be_played_is_refused_before_anything_is(scenarios: list[Scenario], counted: list[Any], arguments: list[str], told: str) -> None:
    result = invoke(cli.app, ["run", *(a.format(file=scenarios[0].path) for a in arguments)])
    assert result.exit_code == 2, result.output
    assert told in result.output.replace("\n", " ") and "Traceback" not in result.output
    assert counted == []


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """(a folder with two scenarios, "cancel" in English and "booking" in Arabizi; the report of a run of them)"""
    folder = tmp_path_factory.mktemp("before")
    (folder / "cancel.yaml").write_text(CANCEL.format(id="cancel"), encoding="utf-8")
    (folder / "booking.yaml").write_text(BOOK, encoding="utf-8")
    report = folder.parent / "before.json"
    result = invoke(cli.app, ["run", str(folder), "--json", str(report), "--workers", "1"])
    assert result.exit_code == 0, result.output
    assert not report.with_name("before.json.part").exists()
    return folder, report


def again(before: tuple[Path, Path], tmp_path: Path) -> tuple[int, dict[str, dict[str, Any]], str]:
    """(exit code, each scenario that is not as before, what was said) of `bricol eval run --baseline`, played with what was planted."""
    folder, report = before
    out = tmp_path / "now.json"
    result = invoke(cli.app, ["run", str(folder), "--baseline", str(report), "--json", str(out), "--workers", "1"])
    assert "Traceback" not in result.output
    found = json.loads(out.read_text(encoding="utf-8"))["baseline"]["scenarios"]
    return result.exit_code, {one["id"]: one for one in found}, result.output


def turn_of(before: tuple[Path, Path], scenario: str, key: str) -> int:
    """The turn (from 1) of the baseline in which this reply left."""
    entry = next(e for e in json.loads(before[1].read_text(encoding="utf-8"))["scenarios"] if e["id"] == scenario)
    return next(n for n, turn in enumerate(entry["turns"], 1) if any(r["key"] == key for r in turn["replies"]))


def test_the_same_run_again_is_the_same(before: tuple[Path, Path], tmp_path: Path) -> None:
    assert again(before, tmp_path)[:2] == (0, {})


def reworded(monkeypatch: pytest.MonkeyPatch, change: Callable[[str, str], str]) -> None:
    render = replies.render
    monkeypatch.setattr(replies, "render", lambda key, *args, **params: change(key, render(key, *args, **params)))


def test_every_reply_worded_otherwise_is_no_regression(before: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reworded(monkeypatch, lambda key, text: f"Wakha! {text}" if key.startswith(("booking.", "changes.")) else text)
    code, found, _ = again(before, tmp_path)
    assert code == 0
    assert {name: one["verdict"] for name, one in found.items()} == {"booking": "worded otherwise", "cancel": "worded otherwise"}


def test_one_reply_that_states_another_hour_is_found_at_its_turn(before: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reworded(monkeypatch, lambda key, text: text.replace("10:00", "12:00") if key == "booking.propose" else text)
    code, found, output = again(before, tmp_path)
    assert (code, list(found)) == (1, ["booking"])
    turn = turn_of(before, "booking", "booking.propose")
    assert turn > 1
    assert (found["booking"]["verdict"], found["booking"]["turn"]) == ("drifted", turn)
    assert "time 12:00" in output and f"booking, turn {turn}" in output


def test_a_changed_rule_is_found(before: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rules = stage.rules
    monkeypatch.setattr(stage, "rules", lambda world: replace(rules(world), late_cancellation_fee_mad=Decimal(60)))
    code, found, output = again(before, tmp_path)
    assert (code, list(found)) == (1, ["cancel"])
    assert (found["cancel"]["verdict"], found["cancel"]["turn"]) == ("drifted", 1)
    assert "was 300" in output and "is 290" in output


@pytest.mark.parametrize(
    ("scenario", "words", "turn"),
    [("cancel", "never mind", 1), ("booking", "ghedda", None)],
)
def test_an_intent_read_wrongly_is_found_at_its_turn(
    before: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, scenario: str, words: str, turn: int | None
) -> None:
    """`turn`: None where it is the one that answers the question for a time."""
    real = stage.understander()

    class Misreads:
        def understand(self, text: str, **about: Any) -> Any:
            heard = real.understand(text, **about)
            return replace(heard, intents=("thank",), entities={}, scores={"thank": 0.9}) if text.startswith(words) else heard

    monkeypatch.setattr(stage, "understander", lambda: Misreads())
    code, found, output = again(before, tmp_path)
    assert (code, list(found)) == (1, [scenario])
    assert (found[scenario]["verdict"], found[scenario]["turn"]) == ("regressed", turn or turn_of(before, "booking", "booking.propose"))
    assert f"FAILED {scenario}" in output


def test_two_trials_played_twice_are_the_same_but_for_the_time(scenarios: list[Scenario]) -> None:
    def bare(played: Played) -> dict[str, Any]:
        text = json.dumps(played.to_dict(), sort_keys=True, default=str)
        whole = json.loads(text, object_hook=lambda row: {k: v for k, v in row.items() if not k.startswith("ms") and k != "seconds"})
        return dict(whole)

    plan = Plan(seed=3)
    first, again = ([bare(play_one(scenarios[0], plan, trial)) for trial in (0, 1)] for _ in (0, 1))
    assert first == again
