"""Says in words what a model is bad at, worked out from its figures: where its rule is better, where it does not keep its word, and without what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

MOST = 8  # slices named in one sentence
Row = Mapping[str, Any]


def sentences(audit: Row, measured: Row, words: Row) -> list[str]:
    """`audit`: examined.json; `measured`: of model.json; `words`: of pages.yaml. Empty where nothing was kept."""
    rule = audit.get("baseline") or ""
    return [*_behind(audit, rule), *_off(audit, words), *_narrow(audit), *_without(measured.get("losses") or {}, rule), *_worlds(measured)]


def _behind(audit: Row, rule: str) -> list[str]:
    if "behind" not in audit:
        return []
    looked, count = sum(audit["slices_of"].values()), audit["behind_of"]
    if not looked:
        return [f"No slice has enough cases to compare it with {_quoted(rule)}."]
    clear, found = [row for row in audit["behind"] if row["gain_high"] < 0], []
    if clear:
        named = (f"{_name(row)}, {row['rows']:,} cases: {row['loss']:.4g} against {row['rule']:.4g}" for row in clear)
        found.append(f"It clearly loses to {_quoted(rule)} in {count['clearly']} of {looked} slices: {_list(list(named), count['clearly'], '; ')}.")
    if unclear := [_name(row) for row in audit["behind"] if row["gain_high"] >= 0]:
        many = count["every"] - count["clearly"]
        found.append(f"It is behind {_quoted(rule)} by no more than chance allows in {many} of {looked} slices: {_list(unclear, many, ', ')}.")
    return found or [f"In none of {looked} slices is {_quoted(rule)} better, not even on average."]


def _off(audit: Row, words: Row) -> list[str]:
    rows = audit.get("reliability") or []
    off = sorted((row for row in rows if not row["low"] <= row["said"] <= row["high"]), key=lambda row: -abs(row["said"] - row["seen"]))
    if not off:
        return []
    told = off[0]
    seen = f"{words['seen']} {told['seen']:.3g} ({told['low']:.3g} to {told['high']:.3g}; {told['rows']:,} cases)"
    return [f"It does not keep its word in {len(off)} of {len(rows)} tenths; farthest off: {words['said']} {told['said']:.3g}, {seen}."]


def _narrow(audit: Row) -> list[str]:
    claimed = audit.get("coverage", 0.0)
    rows = [{"group": kind, **row} for kind, found in audit.get("slices", {}).items() for row in found]
    narrow = sorted((row for row in rows if row.get("inside_high", 1.0) < claimed), key=lambda row: float(row["inside"]))
    if not narrow:
        return []
    named = _list([f"{_name(row)} {row['inside']:.1%}" for row in narrow], len(narrow), ", ")
    many = "1 slice" if len(narrow) == 1 else f"{len(narrow)} slices"
    return [f"Its range claims to hold {claimed:.0%} and holds clearly less in {many}: {named}."]


def _without(losses: Mapping[str, float | None], rule: str) -> list[str]:
    """Variants of the model that know less, where they are no better than the rule."""
    limit, found = losses.get(rule), []
    for who, loss in losses.items():
        if who.startswith("model, ") and loss is not None and limit is not None and loss >= limit:
            found.append(f"{who.removeprefix('model, ').capitalize()}: its loss is {loss:.4g}, no better than {_quoted(rule)} with {limit:.4g}.")
    return found


def _worlds(measured: Row) -> list[str]:
    known = {world: gap for world, gap in (measured.get("by_world") or {}).items() if gap is not None}
    if len(known) < 2:
        return []
    world = min(known, key=lambda each: known[each])
    return [f"It does least in {world}: {known[world]:.2f} of the gap closed." if known[world] > 0 else f"In {world} it does worse than its rule."]


def _name(row: Row) -> str:
    return f"{str(row['name']).replace('_', ' ')} ({row['group']})"


def _quoted(rule: str) -> str:
    return f"the simple rule “{rule}”"


def _list(named: Sequence[str], of: int, between: str) -> str:
    shown = between.join(named[:MOST])
    return shown + (f"{between}and {of - len(named[:MOST])} more" if of > len(named[:MOST]) else "")
