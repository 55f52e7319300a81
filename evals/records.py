"""What a played conversation leaves behind: the material of graders and reports."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields
from typing import Any

from evals.findings import Finding


@dataclass
class PlayedTurn:
    """One step of a scenario as it went. `replies` are what the person got: answers and notices (`notice` is true), in order."""

    action: str
    said: str  # by the person; "" where a clock moved
    replies: list[dict[str, Any]] = field(default_factory=list)
    calls: list[dict[str, Any]] = field(default_factory=list)
    owner: str = "bot"
    ms: float = 0.0
    tokens: int = 0
    step: int = 0  # the line of `turns` it belongs to, from 1; several turns of a `converse` share one
    understanding: dict[str, Any] | None = None  # the reader's last reading in this turn
    changes: dict[str, list[dict[str, Any]]] = field(default_factory=dict)  # table -> rows of the store that were not there before it

    @property
    def texts(self) -> list[str]:
        return [r["text"] for r in self.replies]

    @property
    def tools(self) -> list[str]:
        return [c["tool"] for c in self.calls]

    @property
    def awaiting(self) -> str | None:
        return (self.asking or {}).get("awaiting")

    @property
    def asking(self) -> dict[str, Any] | None:
        """The reply that says what waits now: a notice that asks nothing leaves the question before it open."""
        return next((r for r in reversed(self.replies) if r.get("awaiting") or not r.get("notice")), None)


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
    trial: int = 0  # 0 is played without noise
    seed: int = 0
    inject: list[str] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)
    path: str = ""
    seconds: float = 0.0  # of the machine, the stage set included

    @property
    def passed(self) -> bool:
        return not self.why and self.simulator_fault is None

    @property
    def tokens(self) -> int:
        return sum(t.tokens for t in self.turns)

    def to_dict(self) -> dict[str, Any]:
        return {**asdict(self), "passed": self.passed}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Played:
        """The inverse of `to_dict`; keys of another version are left aside."""
        known = {k: v for k, v in data.items() if k in {f.name for f in fields(cls)}}
        turn_keys = {f.name for f in fields(PlayedTurn)}
        known["turns"] = [PlayedTurn(**{k: v for k, v in t.items() if k in turn_keys}) for t in known.get("turns", ())]
        known["findings"] = [Finding(**f) for f in known.get("findings", ())]
        return cls(**known)
