"""Compares the database's end state with what a scenario says must be there."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from domain.geo import same_district
from evals.findings import Finding

Row = Mapping[str, Any]


def failures(after: Mapping[str, Sequence[Row]], snapshot: Mapping[str, Sequence[Row]], known_refs: frozenset[str] = frozenset()) -> list[Finding]:
    """What is missing or too much; empty when every named row holds.

    `known_refs`: bookings that belong to the world's past; they count only where a row names their `ref` (FORMAT.md, settled 14).
    """
    found: list[Finding] = []
    for table, wanted_rows in after.items():
        rows = snapshot.get(table, [])
        for wanted in wanted_rows:
            fields = {k: v for k, v in wanted.items() if k != "count"}
            pool = [r for r in rows if table != "bookings" or "ref" in fields or r.get("ref") not in known_refs]
            matching = [r for r in pool if all(_same(k, v, r.get(k)) for k, v in fields.items())]
            count = wanted.get("count")
            if len(matching) == count or (count is None and matching):
                continue
            how_many = f"{count} expected" if count is not None else "at least one expected"
            there = [_brief(r, fields) for r in pool] or "none"
            shown = " | ".join(_show(row) for row in there) if isinstance(there, list) else there
            why = f"after.{table}: {len(matching)} rows with {_show(fields)}, {how_many}; there: {shown}"
            found.append(Finding("state", why, expected={table: {k: str(v) for k, v in wanted.items()}}, got=there))
    return found


def _same(field: str, wanted: Any, actual: Any) -> bool:
    if field == "district":
        return same_district(wanted, actual)
    if isinstance(wanted, bool) or wanted is None:
        return wanted == actual
    compare: Callable[[Any], Any] = _number if isinstance(wanted, int | float) else _text
    return bool(compare(wanted) == compare(actual))


def _number(value: Any) -> Decimal | None:
    try:
        return Decimal(str(value))
    except InvalidOperation:
        return None


def _text(value: Any) -> str:
    return str(value).strip().casefold()


def _show(fields: Row) -> str:
    return ", ".join(f"{k}={v}" for k, v in fields.items()) or "anything"


def _brief(row: Row, fields: Row) -> dict[str, Any]:
    keys = [k for k in row if k in fields or k in ("ref", "status", "booking", "reason")]
    return {k: float(row[k]) if isinstance(row[k], Decimal) else row[k] for k in keys}
