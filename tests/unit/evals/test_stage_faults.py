"""Faults on the stage change nothing in the end; a scenario is shown to need work and to be possible; a conversation becomes a scenario."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from domain.store.tables import Conversation
from domain.store.world import snapshot
from evals import cli, inject
from evals.audit import audit, examine
from evals.from_conversation import NotToBeWritten, scenario_text, written
from evals.player import play
from evals.scenario import Scenario, load

BOOKING = {
    "id": "one", "suite": "booking", "language": "fr", "script": "latn", "phone": "+212661777001", "now": "2026-11-23T10:00",
    "facts": {"place": "maarif casablanca", "time": "demain à 10h", "choice": "1", "confirm": "oui", "name": "Clotilde", "service": "plombier"},
    "turns": [{"burst": ["bonjour", "il me faut un plombier, fuite d'eau", "au maarif à casablanca"]}, {"converse": 8}],
    "after": {"bookings": [{"service": "plumbing", "start": "2026-11-24T10:00", "status": "confirmed", "count": 1}], "refunds": [{"count": 0}]},
}  # fmt: skip


def scenario(**more: Any) -> Scenario:
    return Scenario.model_validate({**BOOKING, **more})


def ended(one: Scenario, *faults: str) -> dict[str, Any]:
    ends: list[dict[str, Any]] = []

    def keep(house: Any) -> None:
        with house.db.reading() as session:
            ends.append(snapshot(session))

    played = play(one, inject=faults, at_end=keep)
    assert played.passed, played.why
    return {table: rows for table, rows in ends[0].items() if table != "messages"}


def test_the_end_is_the_same_under_every_fault() -> None:
    plain = ended(scenario())
    for fault in ("duplicate", "crash", "late-status", "model-down", "slow-model", "reorder"):
        assert ended(scenario(), fault) == plain, fault
    assert ended(scenario(), *inject.FAULTS) == plain


def test_an_unknown_fault_is_refused_with_those_that_exist() -> None:
    with pytest.raises(ValueError, match="late-status"):
        inject.faults(["meteor"])


def test_trials_are_respelled_and_repeat() -> None:
    first, again, plain = play(scenario(), trial=2, seed=5), play(scenario(), trial=2, seed=5), play(scenario())
    assert [t.said for t in first.turns] == [t.said for t in again.turns]
    assert (first.trial, first.seed) == (2, 5)
    assert plain.turns[0].said == " | ".join(BOOKING["turns"][0]["burst"])  # type: ignore[index]


def test_an_audit_tells_what_needs_work_and_what_cannot_be() -> None:
    good = examine(scenario())
    assert good.good, good
    lazy = examine(scenario(after={"bookings": [{"count": 0}]}, turns=[{"say": "merci"}]))
    assert lazy.idle == ["silent", "polite"]
    torn = examine(scenario(turns=[{"say": "bonjour", "expect": {"said": ["chat"], "not_said": ["chat"]}}], after={}))
    assert torn.impossible and not torn.idle


def test_what_a_conversation_must_come_to_is_judged_though_nothing_was_asked() -> None:
    turns = [{"say": "merci"}, {"converse": 3, "expect": {"calls": ["confirm_proposal"]}}]
    assert not examine(scenario(after={}, turns=turns)).idle


def test_a_scenario_that_silence_passes_ends_the_audit_with_exit_1_and_is_named(tmp_path: Path) -> None:
    for name, expect in {"idle": {"not_said": ["prix"]}, "sound": {"said": ["plaisir"]}}.items():
        text = yaml.safe_dump({**BOOKING, "id": name, "turns": [{"say": "merci", "expect": expect}], "after": {}})
        (tmp_path / f"{name}.yaml").write_text(text, encoding="utf-8")
    result = CliRunner().invoke(cli.app, ["audit", str(tmp_path), "--workers", "1"])
    assert result.exit_code == 1
    assert "idle.yaml: the silent agent passes" in result.output and "sound.yaml" not in result.output


def test_an_audit_lists_every_file_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("id: a\nsuite: nowhere\n", encoding="utf-8")
    (tmp_path / "b.yaml").write_text("id: b\nturns: [\n", encoding="utf-8")
    assert [line.split(":")[1].isdecimal() for line in audit([tmp_path]).unreadable] == [True, True]


PLANTED = ["Clotilde Duroc", "Clotilde", "Duroc", "661777001", "10 rue des Iris", "BE778899", "0522445566"]


def test_a_conversation_becomes_a_scenario_about_nobody(tmp_path: Path) -> None:
    one = scenario(
        given=[{"client": {"phone": "+212661777001", "name": "Clotilde Duroc", "language": "fr", "script": "latn", "address": "10 rue des Iris"}}],
        turns=[
            {"say": "bonjour, ici Clotilde Duroc, 10 rue des Iris, CIN BE778899, tél 0522445566. Il me faut un plombier au maarif, casablanca"},
            {"converse": 8},
        ],
    )
    found: list[Any] = []

    def keep(house: Any) -> None:
        with house.db.reading() as session:
            number = session.query(Conversation.id).filter_by(channel="whatsapp").scalar()
        path = tmp_path / "regression.yaml"
        found.append((written(house.db, number, path), path.read_text(encoding="utf-8")))
        with pytest.raises(NotToBeWritten, match="no conversation 999"):
            scenario_text(house.db, 999)

    assert play(one, at_end=keep).passed
    ((again, why), text) = found[0]
    assert not [detail for detail in PLANTED if detail.casefold() in text.casefold()]
    assert ("known_failure" in again.tags) == bool(why)
    assert yaml.safe_load(text)["after"]["bookings"][0]["status"] == "confirmed"
    assert load(tmp_path / "regression.yaml") is not None
