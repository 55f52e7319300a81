"""What a grader found in one conversation: where, of which kind, and whether it fails the scenario or is only told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

#: What FORMAT.md judges by, and what no conversation may do whatever its scenario says. Other kinds are told beside the verdict.
FAILING = frozenset(
    ("state", "calls", "said", "awaiting", "language", "script", "owner", "silent", "turns", "service", "consent", "privacy", "twice")
)
#: Promises of the house: one breach is one too many, in any suite and with any model.
BREACHES = frozenset(("consent", "privacy", "grounding"))
KINDS = FAILING | BREACHES | {"tone", "speech", "latency", "judge"}


@dataclass(frozen=True)
class Finding:
    """`turn`: place in `Played.turns`, from 1; None for the conversation as a whole. `hard`: the scenario fails because of it."""

    kind: str
    why: str
    turn: int | None = None
    expected: Any = None
    got: Any = None
    hard: bool = True

    @property
    def breach(self) -> bool:
        return self.kind in BREACHES

    def at(self, turn: int) -> Finding:
        return Finding(self.kind, self.why, turn, self.expected, self.got, self.hard)


def first_wrong_turn(findings: list[Finding]) -> int | None:
    """Where a failed conversation first went wrong: the lowest turn of a hard finding that names one."""
    return min((f.turn for f in findings if f.hard and f.turn is not None), default=None)
