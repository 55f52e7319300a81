"""Compares a run with an earlier one: what got worse, what got better, what only sounds different."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from evals.report.behaviour import WAY, Difference, difference, end_state, same_words
from evals.report.document import Entry, Report, plays
from evals.report.stats import mcnemar, paired_difference

#: Verdicts, worst first, and what each means to a reader.
VERDICTS = {
    "regressed": "passed before, fails now",
    "drifted": "passes its own checks, but says other facts or leaves another end state than before",
    "flaky": "passes in one trial and not in another, before or now",
    "failing": "failed before and fails now",
    "fixed": "failed before, passes now",
    "other way": "another way to the same end: other calls, questions or readings",
    "worded otherwise": "other words, same behaviour",
    "edited": "the scenario itself was changed: not compared",
    "new": "not in the baseline",
    "gone": "in the baseline only",
    "same": "as before",
}
WORSE = ("regressed", "drifted")


@dataclass(frozen=True)
class Compared:
    """One scenario against its earlier self. `turn` (from 1) is the first wrong one, where it is known."""

    id: str
    verdict: str
    turn: int | None = None
    why: str = ""
    parted: Difference | None = None


@dataclass
class Comparison:
    """Everything a report says about a baseline."""

    scenarios: list[Compared] = field(default_factory=list)
    before: dict[str, Any] = field(default_factory=dict)  # the baseline's summary
    lost: int = 0  # scenarios of the paired test
    won: int = 0
    p: float = 1.0
    change: tuple[float, float, float] | None = None  # of pass^1, with its interval

    def of(self, *verdicts: str) -> list[Compared]:
        return [c for c in self.scenarios if c.verdict in verdicts]

    def counts(self) -> dict[str, int]:
        return {verdict: len(self.of(verdict)) for verdict in VERDICTS if self.of(verdict)}

    def to_dict(self) -> dict[str, Any]:
        listed = [
            {"id": c.id, "verdict": c.verdict, "turn": c.turn, "why": c.why, "parted": str(c.parted) if c.parted else None}
            for c in self.scenarios
            if c.verdict != "same"
        ]
        test = {"lost": self.lost, "won": self.won, "p": round(self.p, 6), "test": "exact McNemar, two-sided"}
        change = dict(zip(("value", "low", "high"), (round(v, 4) for v in self.change), strict=True)) if self.change else None
        return {"counts": self.counts(), "paired_test": test, "pass^1_change": change, "scenarios": listed}


def compare(now: Report, before: Report) -> Comparison:
    """Every scenario of either run, in the order of this one's."""
    earlier = {e["id"]: e for e in before["scenarios"]}
    same_seed = all(now["summary"].get(k, d) == before["summary"].get(k, d) for k, d in (("seed", 0), ("inject", [])))
    found = Comparison(before=before["summary"])
    shares: list[tuple[float, float]] = []
    for entry in now["scenarios"]:
        old = earlier.pop(entry["id"], None)
        found.scenarios.append(_judge(entry, old, same_seed))
        if old is not None and found.scenarios[-1].verdict != "edited":
            shares.append((_share(old), _share(entry)))
            found.lost += old["passed"] and not entry["passed"]
            found.won += entry["passed"] and not old["passed"]
    found.scenarios += [Compared(name, "gone") for name in earlier]
    found.p = mcnemar(found.lost, found.won)
    if shares:
        found.change = paired_difference([a for a, _ in shares], [b for _, b in shares])
    return found


def _judge(entry: Entry, old: Entry | None, same_seed: bool) -> Compared:
    name = entry["id"]
    if old is None:
        return Compared(name, "new")
    if entry.get("digest") and old.get("digest") and entry["digest"] != old["digest"]:
        return Compared(name, "edited")
    was, now = ({p["trial"]: p for p in plays(e)} for e in (old, entry))
    common = [t for t in now if t in was and (same_seed or t == 0)]
    lost = [t for t in common if was[t]["passed"] and not now[t]["passed"]]
    won = [t for t in common if now[t]["passed"] and not was[t]["passed"]]
    if lost and not won:
        return _regressed(entry, was[lost[0]], now[lost[0]])
    if (lost and won) or entry.get("flaky") or old.get("flaky"):
        return Compared(name, "flaky", entry.get("first_wrong_turn"), "; ".join(entry["why"][:1]))
    if won:
        return Compared(name, "fixed")
    if not entry["passed"]:
        return Compared(name, "failing", entry.get("first_wrong_turn"), "; ".join(entry["why"][:1]))
    return _passing(name, [(was[t]["turns"], now[t]["turns"]) for t in common])


def _regressed(entry: Entry, was: Mapping[str, Any], now: Mapping[str, Any]) -> Compared:
    """The first wrong turn: the one a grader names, or the one where the conversation left its earlier way, whichever comes first."""
    parted = difference(was["turns"], now["turns"], ("said", "calls", "stored", "owner", "awaits", "options", "facts"))
    shown = min((f["turn"] for f in now.get("findings") or () if f.get("hard", True) and f.get("turn")), default=None)
    turns = [t for t in (shown, parted.turn if parted else None) if t]
    why = now["simulator_fault"] or "; ".join(now["why"][:2])
    return Compared(entry["id"], "regressed", min(turns, default=entry.get("first_wrong_turn")), why, parted)


def _passing(name: str, pairs: list[tuple[list[Any], list[Any]]]) -> Compared:
    """Both runs passed: did anything a person or the store would notice change?"""
    for before, now in pairs:
        if "changes" in (before[0] if before else {}) and end_state(before) != end_state(now):
            parted = difference(before, now)
            return Compared(name, "drifted", parted.turn if parted else None, _ends(before, now), parted)
        # other facts where all else went the same way: nothing but the reply itself explains them
        said, led = difference(before, now, ("facts",)), difference(before, now, ("said", "calls", "owner", "awaits", "options"))
        if said and (led is None or said.turn < led.turn):
            return Compared(name, "drifted", said.turn, f"says {_list(said.now)}, said {_list(said.before)} before", said)
    for before, now in pairs:
        if parted := difference(before, now, ("stored", *WAY)):
            return Compared(name, "other way", parted.turn, "", parted)
    if not all(same_words(before, now) for before, now in pairs):
        return Compared(name, "worded otherwise")
    return Compared(name, "same")


def _ends(before: list[Any], now: list[Any]) -> str:
    old, new = end_state(before), end_state(now)
    told = []
    for table in {**old, **new}:
        for row in {**old.get(table, {}), **new.get(table, {})}:
            was, became = old.get(table, {}).get(row), new.get(table, {}).get(row)
            if was == became:
                continue
            if was is None or became is None:
                told.append(f"{table} {row}: {'not there before' if was is None else 'not there any more'}")
                continue
            told += [f"{table} {row}: {k} was {was.get(k)}, is {became.get(k)}" for k in {**was, **became} if was.get(k) != became.get(k)]
    return "; ".join(told[:4])


def _share(entry: Entry) -> float:
    return float(entry["passes"] / entry["plays"]) if entry.get("plays") else float(entry["passed"])


def _list(values: Any) -> str:
    return ", ".join(values) if values else "nothing of it"
