"""What each turn changed in the store: tells a report at which turn a conversation went another way, whatever was said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from evals.graders import state

Snapshot = Mapping[str, Sequence[Mapping[str, Any]]]

#: Not of interest turn by turn: what was sent is in the replies.
NOT_SHOWN = frozenset(("messages",))


def changed(before: Snapshot, after: Snapshot) -> dict[str, list[dict[str, Any]]]:
    """Table -> rows of `after` that `before` did not have, empty columns left out; a row that changed is a new row. Values fit into JSON."""
    found: dict[str, list[dict[str, Any]]] = {}
    for table, rows in after.items():
        if table in NOT_SHOWN:
            continue
        old = [dict(row) for row in before.get(table, ())]
        for row in rows:
            if row in old:
                old.remove(dict(row))
            else:
                found.setdefault(table, []).append({k: _plain(v) for k, v in row.items() if v is not None})
    return found


def broken_at(table: str, wanted: Mapping[str, Any], snapshots: Sequence[Snapshot], known_refs: frozenset[str] = frozenset()) -> int | None:
    """The turn, from 1, after which a row of `after` held no more; None when it never held, or still holds.

    `snapshots[0]` is the store before the first turn.
    """
    holds = [not state.failures({table: [wanted]}, snapshot, known_refs) for snapshot in snapshots]
    if not holds or holds[-1] or True not in holds:
        return None
    return len(holds) - holds[::-1].index(True)


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return float(value)
    return value if isinstance(value, str | int | float | bool) else str(value)
