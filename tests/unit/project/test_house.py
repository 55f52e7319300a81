"""The house holds together: what is documented exists, what exists is documented, and nothing is imported from elsewhere."""

from __future__ import annotations

import ast
import importlib
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[3]
PACKAGES = ["bot", "channels", "tools", "retrieval", "prompts", "domain", "finetune", "evals"]
DOCS = "\n".join(p.read_text(encoding="utf-8") for p in [ROOT / "README.md", ROOT / ".env.example", *sorted((ROOT / "docs").rglob("*.md"))])


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_is_the_one_in_this_checkout(package: str) -> None:
    found = importlib.import_module(package).__file__
    assert found is not None and Path(found).is_relative_to(ROOT), f"{package} is imported from {found}"


@pytest.mark.parametrize("package", PACKAGES)
def test_the_readme_annotates_each_folder(package: str) -> None:
    assert re.search(rf"^{package}/\s+\S", (ROOT / "README.md").read_text(encoding="utf-8"), re.M), f"README.md does not say what {package}/ is"


def test_every_command_is_documented() -> None:
    shown = subprocess.run([str(Path(sys.executable).parent / "bricol"), "--help"], capture_output=True, text=True, check=True).stdout
    commands = re.findall(r"^│ ([a-z]+)  ", shown, re.M)
    assert len(commands) >= 10
    assert [c for c in commands if f"bricol {c}" not in DOCS] == []


def test_every_metric_is_documented() -> None:
    metrics = re.findall(r'"(bricol_\w+)"', (ROOT / "bot" / "metrics.py").read_text(encoding="utf-8"))
    assert metrics
    assert [m for m in metrics if m not in DOCS] == []


def test_the_locks_hold_hashes_and_no_addresses() -> None:
    for lock in sorted((ROOT / "requirements").glob("*.lock")):
        text = lock.read_text(encoding="utf-8")
        assert "://" not in text, f"{lock} holds an address"
        packages = len(re.findall(r"^\S+==\S+", text, re.M))
        assert packages and text.count("--hash=sha256:") >= packages, f"{lock} has packages without a hash"


@pytest.mark.parametrize("path", sorted(p for p in ROOT.rglob("*.yaml") if ".venv" not in p.parts and "var" not in p.parts), ids=str)
def test_every_data_file_is_yaml(path: Path) -> None:
    yaml.compose(path.read_text(encoding="utf-8"), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))


def strings(source: str) -> list[tuple[int, str]]:
    """Every text of a module that is no docstring, with its line."""
    tree = ast.parse(source)
    docs = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    return [(n.lineno, n.value) for n in ast.walk(tree) if isinstance(n, ast.Constant) and isinstance(n.value, str) and id(n) not in docs]


def test_no_language_of_people_hides_in_code() -> None:
    arabic = re.compile(r"[\u0621-\u064a]{2,}\s+[\u0621-\u064a]{2,}")  # two words: tables of letters are no language
    found = [
        f"{path.relative_to(ROOT)}:{line}"
        for package in PACKAGES
        for path in sorted((ROOT / package).rglob("*.py"))
        for line, text in strings(path.read_text(encoding="utf-8"))
        if arabic.search(text)
    ]
    assert found == [], "words people read are data: put them under prompts/"
