"""Numbers of one conversation for reports: turns, words, time, tools, and whether it was handed over."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from evals.records import Played
from evals.scenario import Scenario

Row = Mapping[str, Any]


def measures(scenario: Scenario, played: Played, end: Mapping[str, Sequence[Row]]) -> dict[str, Any]:
    """`person_turns` and `replies` are counts, `ms_*` milliseconds of one turn, `escalated`/`escalation_wanted` yes or no (None: not asked for)."""
    spoken = [t for t in played.turns if t.ms]
    times = [t.ms for t in spoken]
    return {
        "turns": len(played.turns),
        "person_turns": sum(t.action in ("say", "burst", "converse", "location", "voice", "photo", "button") for t in played.turns),
        "replies": sum(len(t.replies) for t in played.turns),
        "characters": sum(len(text) for t in played.turns for text in t.texts),
        "tool_calls": sum(len(t.calls) for t in played.turns),
        "tokens": sum(t.tokens for t in played.turns),
        "ms_median": round(median(times), 1) if times else 0.0,
        "ms_most": round(max(times), 1) if times else 0.0,
        "escalated": bool(end.get("escalations")),
        "escalation_wanted": escalation_wanted(scenario),
    }


def escalation_wanted(scenario: Scenario) -> bool | None:
    """Whether the scenario's end state asks for a person (True), forbids it (False) or says nothing (None)."""
    rows = scenario.after.get("escalations")
    if rows is not None:
        return any(row.get("count", 1) for row in rows)
    if "escalate_to_human" in scenario.never.calls:
        return False
    return True if any(s.expect is not None and "escalate_to_human" in s.expect.calls for s in scenario.turns) else None


@dataclass(frozen=True)
class Escalations:
    """Over a run. `precision`: of those handed over, the share that had to be; `recall`: of those that had to be, the share that was."""

    right: int
    needless: int
    missed: int
    unasked: int  # handed over where the scenario says nothing

    @property
    def precision(self) -> float | None:
        return self.right / (self.right + self.needless) if self.right + self.needless else None

    @property
    def recall(self) -> float | None:
        return self.right / (self.right + self.missed) if self.right + self.missed else None

    def to_dict(self) -> dict[str, Any]:
        return {**vars(self), "precision": self.precision, "recall": self.recall}


def escalations(run: Iterable[Played]) -> Escalations:
    """Precision and recall of handing over, over all conversations that were played to their end."""
    right = needless = missed = unasked = 0
    for played in run:
        if "escalated" not in played.measures:
            continue
        was, wanted = played.measures["escalated"], played.measures["escalation_wanted"]
        right += was and wanted is True
        needless += was and wanted is False
        missed += not was and wanted is True
        unasked += was and wanted is None
    return Escalations(right, needless, missed, unasked)
