"""What a run writes can be read: JSON by programs, JUnit by continuous integration, one page by people."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path
from xml.etree import ElementTree as Xml

import pytest
from rich.console import Console

from evals.findings import Finding
from evals.records import Played, PlayedTurn
from evals.report import junit, page
from evals.report.baseline import compare
from evals.report.console import show
from evals.report.costs import TariffError, tariff
from evals.report.document import Report, ReportError, document, read, surprises, write
from evals.run import Plan

NASTY = 'Salam <script>alert(1)</script> & "wakha" \x00'
ARABIC = "واخا، بلومبي غدا مع العشرة"


def played(name: str, *, trial: int = 0, why: str = "", text: str = ARABIC, known: bool = False) -> Played:
    asks = {"text": text, "awaiting": "place", "key": "a", "options": [], "extra": {}}
    turns = [
        PlayedTurn("say", NASTY, [asks], [{"tool": "t", "ok": True, "ms": 1.5}]),
        PlayedTurn("at", "2026-11-24T09:30:00", []),
        PlayedTurn("converse", "maarif", [{"text": "Wakha.", "awaiting": None, "key": "b", "options": [], "extra": {}}], ms=12.5, tokens=1000),
    ]
    findings = [Finding("said", why, 3)] if why else []
    return Played(name, "booking", "ary", "arab", "whatsapp", [why] if why else [], turns=turns, findings=findings, trial=trial, known_failure=known)


def run(*plays: Played, trials: int = 1, model: str = "openai:gpt-4.1-mini") -> Report:
    return document(plays, Plan(model, trials), tariff(), 3.0)


def test_the_json_keeps_what_the_design_names_and_reads_back(tmp_path: Path) -> None:
    write(run(played("one"), played("two", why="no price")), tmp_path / "new" / "out.json")
    report = read(tmp_path / "new" / "out.json")
    assert set(report) == {"summary", "scenarios"}
    for entry in report["scenarios"]:
        assert {"id", "suite", "language", "script", "channel", "passed", "why", "simulator_fault", "turns"} <= set(entry)
    assert report["summary"]["pass^1"] == 0.5
    assert report["scenarios"][1]["first_wrong_turn"] == 3


def test_a_scenario_is_told_by_its_first_failed_trial_and_passes_only_in_all() -> None:
    report = run(played("one"), played("one", trial=1, why="no price"), played("one", trial=2), trials=3)
    entry = report["scenarios"][0]
    assert (entry["passed"], entry["trial"], entry["passes"], entry["flaky"]) == (False, 1, 2, True)
    assert [t["passed"] for t in entry["trials"]] == [True, False, True]
    assert [report["summary"][f"pass^{k}"] for k in (1, 2, 3)] == [pytest.approx(2 / 3, abs=1e-4), pytest.approx(1 / 3, abs=1e-4), 0]


def test_where_the_baseline_names_the_wrong_turn_nothing_is_guessed() -> None:
    """Only the end of the store is known to be wrong: no grader names a turn."""
    ended_wrong = played("one")
    ended_wrong.why = ["after.bookings: none"]
    now, before = run(ended_wrong), run(played("one", text="Fin?"))
    for comparison, guessed in ((None, True), (compare(now, before), False)):
        console = Console(record=True, width=200, file=io.StringIO())
        show(now, console, comparison=comparison)
        assert ("did not go smoothly" in console.export_text()) is guessed


def test_a_known_failure_must_fail_and_is_a_surprise_when_it_passes() -> None:
    assert not surprises(run(played("one", why="no price", known=True))["scenarios"])
    assert len(surprises(run(played("one", known=True))["scenarios"])) == 1


def test_tokens_cost_what_the_tariff_says() -> None:
    prices = tariff()
    report = run(played("one"))
    assert report["summary"]["cost"]["tokens"] == 1000
    assert report["summary"]["cost"]["mad"] == pytest.approx(1000 * prices.per_million("openai:gpt-4.1-mini") / 1e6)
    assert prices.per_million("embedded") == 0
    assert prices.per_million("nobody:knows") == prices.tokens_mad_per_million["default"]


def test_a_wrong_tariff_names_its_file(tmp_path: Path) -> None:
    (tmp_path / "t.yaml").write_text("machine: 3", encoding="utf-8")
    with pytest.raises(TariffError, match=r"t\.yaml"):
        tariff(tmp_path / "t.yaml")


@pytest.mark.parametrize("text", ["", "[]", '{"summary": {}}', '{"summary": {}, "scenarios": [{"id": "one", "turns": 3}]}'])
def test_a_file_that_is_no_report_is_refused_with_the_cure(tmp_path: Path, text: str) -> None:
    (tmp_path / "x.json").write_text(text, encoding="utf-8")
    with pytest.raises(ReportError, match=r"x\.json.*bricol eval run"):
        read(tmp_path / "x.json")


def test_junit_is_xml_whatever_was_said_and_names_what_failed(tmp_path: Path) -> None:
    junit.write(run(played("one"), played("two", why=f"no price {NASTY}"), played("three", why="x", known=True)), tmp_path / "out.xml")
    suite = Xml.parse(tmp_path / "out.xml").getroot()[0]
    assert suite.attrib["tests"] == "3" and suite.attrib["failures"] == "1"
    told = {case.attrib["name"]: [child.tag for child in case] for case in suite}
    assert told == {"one": [], "two": ["failure"], "three": ["skipped"]}
    assert ">> 3. converse: maarif" in (suite[1][0].text or "")


def test_the_page_needs_no_network_and_runs_nothing_that_was_said(tmp_path: Path) -> None:
    before = run(played("one"), played("two"))
    now = run(played("one"), played("two", why="no price", text=NASTY))
    page.write(now, tmp_path / "out.html", compare(now, before), before)
    html = (tmp_path / "out.html").read_text(encoding="utf-8")
    assert "<script" not in html
    assert not re.search(r"(?:src|href)=[\"'](?!#|data:)|@import|url\(", html)
    assert "regressed" in html and "the first wrong turn" in html and "no price" in html


def test_arabic_is_set_from_right_to_left_and_latin_from_left_to_right(tmp_path: Path) -> None:
    page.write(run(played("one", why="x")), tmp_path / "out.html")
    html = (tmp_path / "out.html").read_text(encoding="utf-8")
    assert f'dir="rtl">{ARABIC}' in html and 'dir="ltr">Wakha.' in html


def test_runs_stand_side_by_side_with_what_parts_them(tmp_path: Path) -> None:
    good, bad = run(played("one"), played("two")), run(played("one"), played("two", why="no price"), model="embedded")
    bare = json.loads(json.dumps(bad))  # written by an earlier version
    for key in ("by", "pass", "cost", "turn_ms", "breaches", "trials"):
        del bare["summary"][key]
    write(bare, tmp_path / "older.json")
    reports = {"good": good, "bad": bad, "older": read(tmp_path / "older.json")}
    page.write_models(reports, {name: compare(r, good) for name, r in reports.items() if name != "good"}, tmp_path / "out.html")
    html = (tmp_path / "out.html").read_text(encoding="utf-8")
    parted = html.partition("Where they part")[2]
    assert ">two<" in parted and ">one<" not in parted
