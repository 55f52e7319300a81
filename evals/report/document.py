"""The JSON report of a run: made from what was played, read back by everything that compares or draws."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from evals.findings import BREACHES, first_wrong_turn
from evals.graders.measures import escalations
from evals.journal import code, digest
from evals.records import Played, PlayedTurn
from evals.report.behaviour import difference
from evals.report.costs import Tariff
from evals.report.stats import pass_hat, quantile, wilson
from evals.run import Plan

Entry = dict[str, Any]
Report = dict[str, Any]

#: What results are told by; "locale" is language and script together.
GROUPS = ("suite", "locale", "language", "script", "channel")

#: Entries of prompts/replies that say: this did not go smoothly.
ROUGH = ("clarify.", "errors.", "safety.withheld", "common.apology")


class ReportError(Exception):
    """A report file that cannot be read; the message names the file and the cure."""


def document(results: Sequence[Played], plan: Plan, tariff: Tariff, wall_seconds: float = 0.0) -> Report:
    """{"summary", "scenarios"} of DESIGN.md 5, with more keys; `results` hold every trial of every scenario."""
    model = plan.model
    trials: dict[str, list[Played]] = defaultdict(list)
    for played in results:
        trials[played.id].append(played)
    entries = [_entry(sorted(plays, key=lambda p: p.trial), model, tariff) for plays in trials.values()]
    most = min((len(plays) for plays in trials.values()), default=0)
    times = [t.ms for p in results for t in p.turns if t.ms]
    cost = tariff.cost(model, sum(p.tokens for p in results), sum(p.seconds for p in results))
    findings = [f for p in results for f in p.findings]
    summary = {
        "scenarios": len(entries),
        "passed": sum(e["passed"] for e in entries),
        "failed": sum(not e["passed"] for e in entries),
        "flaky": sum(e["flaky"] for e in entries),
        "simulator_faults": sum(e["simulator_fault"] is not None for e in entries),
        "known_failures": sum(e["known_failure"] for e in entries),
        "breaches": {kind: sum(f.kind == kind for f in findings) for kind in sorted(BREACHES)},
        "model": model,
        "trials": most,
        "seed": plan.seed,
        "inject": sorted(plan.inject),
        **{f"pass^{k}": share["value"] for k, share in enumerate(_shares(entries, most), 1)},
        "pass": _shares(entries, most),
        "by": {group: _by(entries, group, most) for group in GROUPS},
        "escalations": escalations(results).to_dict(),
        "turn_ms": {"p50": round(quantile(times, 0.5), 1), "p95": round(quantile(times, 0.95), 1), "turns": len(times)},
        "cost": {**vars(cost), "wall_seconds": round(wall_seconds, 1)},
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "code": code(),
    }
    return {"summary": summary, "scenarios": entries}


def surprises(entries: Iterable[Entry]) -> list[Entry]:
    """What ends a run with exit 1: failed in any trial, or tagged known_failure and passed in all."""
    return [e for e in entries if e["passed"] == e["known_failure"]]


def write(report: Report, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(report, ensure_ascii=False, indent=1, default=str), encoding="utf-8")


def read(path: Path) -> Report:
    """A report written by this or an earlier version. Raises ReportError."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        whole = isinstance(found["summary"], dict) and all(_is_entry(e) for e in found["scenarios"])
    except FileNotFoundError:
        raise ReportError(f"{path}: is not there; make it with: bricol eval run PATH --json {path}") from None
    except (OSError, ValueError, KeyError, TypeError):
        whole = False
    if not whole:
        raise ReportError(f"{path}: is no report of a run (summary, scenarios); make one with: bricol eval run PATH --json {path}")
    return _completed(found)


def plays(entry: Entry) -> list[Entry]:
    """Every trial of a scenario, each with its turns; of a report without trials, the one there is."""
    if not entry.get("trials"):
        return [{**entry, "trial": entry.get("trial", 0)}]
    return [t if "turns" in t else {**t, "turns": entry["turns"], "findings": entry["findings"]} for t in entry["trials"]]


def locale(entry: Mapping[str, Any]) -> str:
    return f"{entry['language']}-{entry['script']}"


def _entry(trials: list[Played], model: str, tariff: Tariff) -> Entry:
    """One scenario: told by its first trial that failed, else by trial 0; passed when every trial did."""
    shown = next((p for p in trials if not p.passed), trials[0])
    cost = tariff.cost(model, sum(p.tokens for p in trials), sum(p.seconds for p in trials))
    turn, how = wrong_turn(shown)
    if how == "doubtful" and (good := next((p for p in trials if p.passed), None)):
        parted = difference(good.to_dict()["turns"], shown.to_dict()["turns"], ("calls", "stored", "owner", "awaits"))
        turn, how = (parted.turn, "parted") if parted else (turn, how)
    entry = {
        **shown.to_dict(),
        "passes": sum(p.passed for p in trials),
        "plays": len(trials),
        "flaky": len({p.passed for p in trials}) > 1,
        "first_wrong_turn": turn,
        "wrong_turn_is": how,
        "cost": vars(cost),
        "digest": digest(shown.path) if shown.path else "",
    }
    entry["trials"] = [_trial(p, p is not shown) for p in trials]
    return entry


def _is_entry(entry: Entry) -> bool:
    words = ("id", "suite", "language", "script", "channel")
    return all(isinstance(entry[key], str) for key in words) and isinstance(entry["passed"], bool) and isinstance(entry["turns"], list)


def _completed(report: Report) -> Report:
    """A report of an earlier version, with what can be said of it today."""
    summary, entries = report["summary"], report["scenarios"]
    for entry in entries:
        entry.setdefault("plays", 1)
        entry.setdefault("passes", int(entry["passed"]))
    summary.setdefault("trials", 1)
    if entries:
        summary.setdefault("pass", _shares(entries, summary["trials"]))
        summary.setdefault("by", {group: _by(entries, group, summary["trials"]) for group in GROUPS})
    return report


def _trial(played: Played, with_turns: bool) -> Entry:
    """The turns of the trial that is shown stand in its scenario already."""
    kept = ("trial", "passed", "why", "simulator_fault", "seconds", *(("turns", "findings") if with_turns else ()))
    whole = played.to_dict()
    return {key: whole[key] for key in kept}


def wrong_turn(played: Played) -> tuple[int | None, str]:
    """(turn from 1, how sure): "shown" by a grader; "doubtful", the first that did not go smoothly when only the end is wrong; "" when passed.

    In a report also "parted": where it left the way of a trial that passed.
    """
    if played.passed or not played.turns:
        return None, ""
    if played.simulator_fault and not played.why:
        return len(played.turns), "shown"
    if (turn := first_wrong_turn(played.findings)) is not None:
        return turn, "shown"
    rough = (n for n, t in enumerate(played.turns, 1) if _rough(t))
    return next(rough, len(played.turns)), "doubtful"


def _rough(turn: PlayedTurn) -> bool:
    refused = any(not call.get("ok", True) for call in turn.calls)
    return refused or any((r.get("extra") or {}).get("misses") or str(r.get("key", "")).startswith(ROUGH) for r in turn.replies)


def _shares(entries: Sequence[Entry], most: int) -> list[dict[str, Any]]:
    """pass^1 .. pass^most with 95 % intervals over scenarios."""
    found = []
    for k in range(1, most + 1):
        each = [pass_hat(e["passes"], e["plays"], k) for e in entries]
        share = sum(each) / len(each)
        low, high = wilson(share, len(each))
        found.append({"k": k, "value": round(share, 4), "low": round(low, 4), "high": round(high, 4)})
    return found


def _by(entries: Sequence[Entry], group: str, most: int) -> dict[str, Any]:
    members: dict[str, list[Entry]] = defaultdict(list)
    for entry in entries:
        members[locale(entry) if group == "locale" else entry[group]].append(entry)
    return {
        name: {
            "scenarios": len(members[name]),
            "passed": sum(e["passed"] for e in members[name]),
            "simulator_faults": sum(e["simulator_fault"] is not None for e in members[name]),
            "pass": _shares(members[name], most),
        }
        for name in sorted(members)
    }
