"""Teams that live in pytest run scenario files as tests."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.support.scenarios import GOOD

BAD = GOOD.replace("(?i)[a-z]", "no such words")


def test_scenario_files_are_tests_and_a_failure_shows_the_conversation(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "pytest.ini").write_text("[pytest]\nasyncio_default_fixture_loop_scope = function\n", encoding="utf-8")
    (tmp_path / "one.yaml").write_text(GOOD, encoding="utf-8")
    (tmp_path / "two.yaml").write_text(BAD.replace("id: one", "id: two"), encoding="utf-8")
    (tmp_path / "three.yaml").write_text(BAD.replace("id: one", "id: three\ntags: [known_failure]"), encoding="utf-8")
    (tmp_path / "broken.yaml").write_text(GOOD.replace("say:", "sayy:"), encoding="utf-8")
    (tmp_path / "world.yaml").write_text("technicians: []\n", encoding="utf-8")
    # by its module, so that it is this checkout's, installed or not
    plugin = ["-p", "no:bricol", "-p", "evals.pytest_plugin", "-p", "no:cacheprovider"]
    code = pytest.main([*plugin, "-c", str(tmp_path / "pytest.ini"), "--scenarios", str(tmp_path), "--continue-on-collection-errors", "-rA"])
    told = capfd.readouterr().out
    assert code == pytest.ExitCode.TESTS_FAILED
    assert "broken.yaml:8" in told and "sayy" in told
    for verdict, test in (("PASSED", "one.yaml::one"), ("FAILED", "two.yaml::two"), ("XFAIL", "three.yaml::three")):
        assert re.search(rf"^{verdict} \S*{test}\b", told, re.M), told
    assert "1. say: slm" in told and "Traceback" not in told
    assert "world.yaml::" not in told
