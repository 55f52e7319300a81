"""Teams that live in pytest run scenario files as tests."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
GOOD = """\
id: one
suite: chat
language: ary
script: latn
phone: "+212661000001"
now: 2026-11-23T10:00
turns:
  - say: "slm"
    expect: {said: "(?i)salam"}
"""


def pytest_in(folder: Path, *arguments: str) -> str:
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-c", "/dev/null", f"--rootdir={folder}", *arguments]
    if "bricol" not in entry_points(group="pytest11").names:  # installed before the plugin was
        command += ["-p", "evals.pytest_plugin"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=170)
    return done.stdout + done.stderr


def test_scenario_files_are_tests_and_a_failure_shows_the_conversation(tmp_path: Path) -> None:
    (tmp_path / "one.yaml").write_text(GOOD, encoding="utf-8")
    (tmp_path / "two.yaml").write_text(GOOD.replace("id: one", "id: two").replace("(?i)salam", "no such words"), encoding="utf-8")
    (tmp_path / "three.yaml").write_text(GOOD.replace("id: one", "id: three\ntags: [known_failure]").replace("(?i)salam", "no such words"), "utf-8")
    (tmp_path / "broken.yaml").write_text(GOOD.replace("say:", "sayy:"), encoding="utf-8")
    (tmp_path / "world.yaml").write_text("technicians: []\n", encoding="utf-8")
    told = pytest_in(tmp_path, "--scenarios", str(tmp_path), "--continue-on-collection-errors", "-rA")
    assert "broken.yaml:8" in told and "sayy" in told
    assert "FAILED two.yaml::two" in told and "XFAIL three.yaml::three" in told
    assert "1. say: slm" in told and "Traceback" not in told
