"""Messages as people write them give exactly the entities they carry."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.brain.understanding.entities import extract

CASES = yaml.safe_load(Path(__file__).with_name("cases.yaml").read_text(encoding="utf-8"))
NOW = datetime(2026, 11, 2, 8, 0, tzinfo=UTC)
ELSEWHERE = {"city", "district", "service"}  # places and services are read by grammars with tests of their own


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["text"][:40])
def test_a_message_gives_the_entities_it_carries_and_no_other(case: dict[str, Any]) -> None:
    expected = {name: value for name, value in case.items() if name not in ("text", "asked")}
    found = extract(case["text"], context=case.get("asked"), now=NOW)
    assert {name: value for name, value in found.items() if name not in ELSEWHERE} == expected
