"""What a played conversation leaves behind: the material of graders and reports."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from evals.findings import Finding


@dataclass
class PlayedTurn:
    """One step of a scenario as it went. `replies` are what the person got: answers and notices, in order."""

    action: str
    said: str  # by the person; "" where a clock moved
    replies: list[dict[str, Any]] = field(default_factory=list)
    calls: list[dict[str, Any]] = field(default_factory=list)
    owner: str = "bot"
    ms: float = 0.0
    tokens: int = 0

    @property
    def texts(self) -> list[str]:
        return [r["text"] for r in self.replies]

    @property
    def tools(self) -> list[str]:
        return [c["tool"] for c in self.calls]

    @property
    def awaiting(self) -> str | None:
        return self.replies[-1].get("awaiting") if self.replies else None


@dataclass
class Played:
    """A whole scenario: passed when `why` is empty and the person played their part."""

    id: str
    suite: str
    language: str
    script: str
    channel: str
    why: list[str] = field(default_factory=list)
    simulator_fault: str | None = None
    known_failure: bool = False  # tagged so: it must fail, and is struck from the list once it passes
    turns: list[PlayedTurn] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)  # of every grader; `why` says the hard ones in words
    measures: dict[str, Any] = field(default_factory=dict)  # numbers and yes/no facts for reports: see evals/graders/measures.py
    trial: int = 0
    seed: int = 0
    inject: list[str] = field(default_factory=list)

    @property
    def passed(self) -> bool:
        return not self.why and self.simulator_fault is None

    def to_dict(self) -> dict[str, Any]:
        return {**asdict(self), "passed": self.passed}
