"""`bricol eval export`: plays scenarios and writes the conversations that went well, as lessons for `bricol train llm`."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from bot.lessons import lessons, read_ids
from bot.wiring import House
from evals.player import play
from evals.scenario import Scenario

#: Where the test split is written down; its scenarios are never learnt from.
SPLITS = Path(__file__).parent / "scenarios" / "splits.yaml"


@dataclass
class Exported:
    """How many scenarios gave lessons, were left out by their id, or did not go well."""

    scenarios: int = 0
    lessons: int = 0
    left_out: int = 0
    failed: int = 0


def never_learnt(lists: Iterable[Path]) -> frozenset[str]:
    """The ids of every list given, and of the test split where there is one. Raises ValueError for a list that cannot be read."""
    paths = [*lists, *([SPLITS] if SPLITS.exists() else [])]
    return frozenset().union(*(read_ids(path) for path in paths)) if paths else frozenset()


def export(scenarios: Iterable[Scenario], out: TextIO, *, leave_out: frozenset[str] = frozenset(), model: str = "embedded") -> Exported:
    """Writes one line per lesson with the id `scenario:<id>#<n>`. Only a scenario that passes teaches anything."""
    done = Exported()
    for scenario in scenarios:
        if scenario.id in leave_out:
            done.left_out += 1
            continue
        found: list[dict[str, Any]] = []

        def keep(house: House, found: list[dict[str, Any]] = found) -> None:
            found.extend(lessons(house))

        if not play(scenario, model=model, at_end=keep).passed:
            done.failed += 1
            continue
        for number, lesson in enumerate(found, 1):
            out.write(json.dumps({**lesson, "id": f"scenario:{scenario.id}#{number}"}, ensure_ascii=False) + "\n")
        done.scenarios += 1
        done.lessons += len(found)
    return done
