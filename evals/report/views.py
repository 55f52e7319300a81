"""What the page shows beside verdicts, counted from a report: what was understood, which tools were called, where time and money went."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from evals.report.baseline import Comparison
from evals.report.document import Entry, Report, plays
from evals.report.stats import quantile


@dataclass
class Matrix:
    """Counts of (row, column), rows and columns by size."""

    counts: Counter[tuple[str, str]] = field(default_factory=Counter)

    @property
    def rows(self) -> list[str]:
        return [name for name, _ in self._sums(0).most_common()]

    @property
    def columns(self) -> list[str]:
        return [name for name, _ in self._sums(1).most_common()]

    def share(self, row: str, column: str) -> float:
        """Of the row, 0..1."""
        whole = self._sums(0)[row]
        return self.counts[row, column] / whole if whole else 0.0

    def _sums(self, part: int) -> Counter[str]:
        found: Counter[str] = Counter()
        for key, count in self.counts.items():
            found[key[part]] += count
        return found


def turns(entries: Iterable[Entry]) -> Iterable[tuple[Entry, int, dict[str, Any], dict[str, Any] | None]]:
    """(scenario, trial, turn, the turn before it) of everything that was played."""
    for entry in entries:
        for play in plays(entry):
            before = None
            for turn in play["turns"]:
                yield entry, play["trial"], turn, before
                before = turn


def intent(turn: dict[str, Any]) -> str | None:
    """The first intent the reader saw in the person's words; None where nobody was read."""
    heard = turn.get("understanding") or {}
    return (heard.get("intents") or ["none"])[0] if heard and turn["action"] not in ("at", "technician", "agent") else None


def answers(entries: Iterable[Entry]) -> Matrix:
    """What the agent had asked for, against what the reader understood the answer to be."""
    found = Matrix()
    for _, _, turn, before in turns(entries):
        asked = before["replies"][-1].get("awaiting") if before and before["replies"] else None
        if turn["action"] == "converse" and asked and (heard := intent(turn)):
            found.counts[asked, heard] += 1
    return found


def openings(entries: Iterable[Entry]) -> Matrix:
    """What a conversation is about (its suite), against what the reader understood of its first message."""
    found = Matrix()
    for entry, _, turn, before in turns(entries):
        if before is None and (heard := intent(turn)):
            found.counts[entry["suite"], heard] += 1
    return found


def readings(now: Report, before: Report) -> Matrix:
    """Intents of the very same words of the same turn: then, against now, where they differ."""
    earlier = {(e["id"], p["trial"]): p["turns"] for e in before["scenarios"] for p in plays(e)}
    found = Matrix()
    for entry in now["scenarios"]:
        for play in plays(entry):
            for new, old in zip(play["turns"], earlier.get((entry["id"], play["trial"]), ()), strict=False):
                was, became = intent(old), intent(new)
                if old.get("said") == new["said"] and was and became and was != became:
                    found.counts[was, became] += 1
    return found


@dataclass(frozen=True)
class Tool:
    """One tool over the run; `ms` is the median of a call."""

    name: str
    calls: int
    refused: int
    ms: float


def tools(entries: Iterable[Entry]) -> list[Tool]:
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for _, _, turn, _ in turns(entries):
        for call in turn["calls"]:
            found[call["tool"]].append(call)
    rows = [Tool(n, len(c), sum(not x.get("ok", True) for x in c), median(x.get("ms") or 0.0 for x in c)) for n, c in found.items()]
    return sorted(rows, key=lambda tool: -tool.calls)


def funnel(entries: Sequence[Entry]) -> list[tuple[str, int]]:
    """How many conversations came how far towards a visit: each counts once, however often it happened."""
    stages = ("conversations", "a tool asked", "technicians or prices seen", "booking proposed", "the person agreed", "a technician agreed", "done")
    reached: Counter[str] = Counter()
    for entry in entries:
        for play in plays(entry):
            called = {c["tool"] for t in play["turns"] for c in t["calls"] if c.get("ok", True)}
            rows = [r for t in play["turns"] for r in t.get("changes", {}).get("bookings", ())]
            states = {row.get("status") for row in rows}
            proposed = "propose_booking" in called
            agreed = proposed and "confirm_proposal" in called
            came = (
                True,
                bool(called),
                bool(called & {"find_technicians", "estimate_price", "find_slots"}) or proposed,
                proposed,
                agreed,
                agreed and bool(states & {"confirmed", "en_route", "arrived", "done", "closed"}),
                agreed and bool(states & {"done", "closed"}),
            )
            reached.update(stage for stage, yes in zip(stages, came, strict=True) if yes)
    return [(stage, reached[stage]) for stage in stages if reached[stage] or stage != "done"]


def proposals(entries: Sequence[Entry]) -> list[dict[str, Any]]:
    """Per kind of proposal: how many were made, and what the person did with them."""
    found: dict[str, Counter[str]] = defaultdict(Counter)
    for _, _, turn, _ in turns(entries):
        for row in turn.get("changes", {}).get("proposals", ()):
            found[row["kind"]][row["status"]] += 1
    ends = ("confirmed", "declined", "superseded", "expired")
    made = sorted(found.items(), key=lambda item: -item[1]["open"])
    return [{"kind": kind, "made": counts["open"], **{end: counts[end] for end in ends}} for kind, counts in made]


def latencies(entries: Iterable[Entry]) -> list[tuple[float, float]]:
    """(share of turns, milliseconds at most) for a curve."""
    times = [turn["ms"] for _, _, turn, _ in turns(entries) if turn.get("ms")]
    return [(q / 100, quantile(times, q / 100)) for q in range(101)] if times else []


def costs(entries: Iterable[Entry], what: str = "mad") -> list[tuple[float, float]]:
    """(share of scenarios, MAD or seconds of one play at most) for a curve."""
    each = [e["cost"][what] / e["plays"] for e in entries if e.get("cost")]
    return [(q / 50, quantile(each, q / 50)) for q in range(51)] if each else []


def findings(entries: Iterable[Entry]) -> list[dict[str, Any]]:
    """Per kind of finding, of all trials: how often it failed a scenario, how often it was only told."""
    hard: Counter[str] = Counter()
    soft: Counter[str] = Counter()
    for entry in entries:
        for play in plays(entry):
            for found in play.get("findings") or ():
                (hard if found.get("hard", True) else soft)[found["kind"]] += 1
    return [{"kind": kind, "hard": hard[kind], "soft": soft[kind]} for kind in sorted({*hard, *soft}, key=lambda k: (-hard[k], -soft[k]))]


def worth_reading(report: Report, comparison: Comparison | None, before: Report | None = None) -> list[dict[str, Any]]:
    """The conversations a reader must see: failed, flaky, worse than `before`; with verdict, reason, marked turn and what was said there before."""
    against = {c.id: c for c in comparison.scenarios} if comparison else {}
    earlier = {e["id"]: e for e in before["scenarios"]} if before else {}
    found = []
    for entry in report["scenarios"]:
        compared = against.get(entry["id"])
        worse = compared is not None and compared.verdict in ("regressed", "drifted")
        if entry["passed"] and not worse and not entry["known_failure"]:
            continue
        verdict = compared.verdict if worse and compared else _verdict(entry)
        turn = compared.turn if worse and compared and compared.turn else entry.get("first_wrong_turn")
        how = "shown" if worse else entry.get("wrong_turn_is")
        why = [entry["simulator_fault"]] if entry["simulator_fault"] else entry["why"] or ([compared.why] if compared and compared.why else [])
        parted = str(compared.parted) if compared and compared.verdict == "regressed" and compared.parted else ""  # drift says it in its reason
        was = _answers(earlier.get(entry["id"]), entry.get("trial", 0), turn) if worse else None
        found.append({"entry": entry, "verdict": verdict, "turn": turn, "how": how, "why": why, "parted": parted, "was": was})
    order = ("regressed", "drifted", "failed", "flaky", "simulator fault", "passes though known to fail", "known failure")
    return sorted(found, key=lambda row: order.index(row["verdict"]))


def _answers(entry: Entry | None, trial: int, turn: int | None) -> list[str] | None:
    """What was said at a turn (from 1) of this trial; None where it did not come so far."""
    turns: list[dict[str, Any]] = next((play["turns"] for play in plays(entry) if play["trial"] == trial), []) if entry else []
    return [r["text"] for r in turns[turn - 1]["replies"]] if turn and turn <= len(turns) else None


def _verdict(entry: Entry) -> str:
    if entry["known_failure"]:
        return "passes though known to fail" if entry["passed"] else "known failure"
    if entry["simulator_fault"]:
        return "simulator fault"
    return "flaky" if entry["flaky"] else "failed"
