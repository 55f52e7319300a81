"""What a turn did, apart from how it was worded: two runs of one conversation are compared by this."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bot.middleware.claims import Claim, claims, spellings

Turn = Mapping[str, Any]

#: Numbers the store gives out in order of asking: they say nothing by themselves.
NOT_COMPARED = frozenset(("proposal_id", "code"))
CODE = re.compile(r"(?<!\d)\d{6}(?!\d)")  # sent to verify a phone: another one each time
#: What names a row, so that the last state of each can be told.
KEYS = {"bookings": ("ref",), "offers": ("booking", "technician"), "refunds": ("booking",), "escalations": ("reason", "booking")}
KEYS |= {"ratings": ("booking",), "clients": ("phone",), "technicians": ("phone",)}
#: What a difference in it means: another outcome, another way there, or nothing a person would notice.
OUTCOME, WAY = ("stored", "facts"), ("said", "calls", "owner", "awaits", "options", "answer", "understood")


@dataclass(frozen=True)
class Difference:
    """The first turn (from 1) at which two runs part, in what, and how it was and is."""

    turn: int
    what: str
    before: Any
    now: Any

    def __str__(self) -> str:
        return f"turn {self.turn}: {self.what} {_brief(self.before)} before, {_brief(self.now)} now"


def behaviour(turn: Turn) -> dict[str, Any]:
    """One turn as comparable values; a part the report does not hold is missing."""
    replies = turn.get("replies") or []
    found: dict[str, Any] = {
        "said": CODE.sub("$code", turn.get("said", "")),
        "calls": [[c["tool"], _bare(c.get("args") or {}), c.get("ok", True)] for c in turn.get("calls") or []],
        "owner": turn.get("owner"),
        "facts": facts([r["text"] for r in replies]),
        "awaits": replies[-1].get("awaiting") if replies else None,
        "options": [o.get("payload") for r in replies for o in r.get("options") or []],
        "answer": [r.get("key", "") for r in replies],
    }
    if "changes" in turn:
        found["stored"] = {table: sorted(rows, key=lambda row: json.dumps(row, sort_keys=True)) for table, rows in turn["changes"].items()}
    if turn.get("understanding"):
        found["understood"] = list(turn["understanding"].get("intents") or ())
    return found


def facts(texts: Iterable[str]) -> list[str]:
    """Everything the texts assert, each once, comparable in any script and digit system: "amount 320", "time 10:00", "ref 3001", "name ahmed"."""
    return sorted({_written(claim) for text in texts for claim in claims(CODE.sub(" ", text))})


def difference(before: Sequence[Turn], now: Sequence[Turn], parts: Iterable[str] = OUTCOME + WAY) -> Difference | None:
    """Where two runs of one conversation first part, looking at `parts` only; None when they do not."""
    wanted = list(parts)
    for number, (old, new) in enumerate(zip(before, now, strict=False), 1):
        was, became = behaviour(old), behaviour(new)
        for part in wanted:
            if part in was and part in became and was[part] != became[part]:
                return Difference(number, part, *_apart(was[part], became[part]))
    if len(before) != len(now):
        return Difference(min(len(before), len(now)) + 1, "turns", len(before), len(now))
    return None


def end_state(turns: Sequence[Turn]) -> dict[str, dict[str, Any]]:
    """Table -> row's name -> its last state, of everything the conversation touched."""
    found: dict[str, dict[str, Any]] = {}
    for turn in turns:
        for table, rows in (turn.get("changes") or {}).items():
            for row in rows if table in KEYS else ():
                name = " ".join(str(row.get(key, "")) for key in KEYS[table]).strip()
                found.setdefault(table, {})[name] = row
    return found


def same_words(before: Sequence[Turn], now: Sequence[Turn]) -> bool:
    texts = [[CODE.sub("$code", r["text"]) for t in turns for r in t.get("replies") or []] for turns in (before, now)]
    return texts[0] == texts[1]


def _written(claim: Claim) -> str:
    match claim.kind:
        case "amount" | "number":
            return f"amount {claim.value:g}"
        case "percent":
            return f"percent {claim.value:g}"
        case "time":
            return f"time {claim.value[0]}:{claim.value[1]:02}"
        case "date":
            return f"date {claim.value[0]}/{claim.value[1]}"
        case "name":
            return f"name {min(spellings(claim.value))}"
    return f"{claim.kind} {claim.value}"


def _bare(args: Mapping[str, Any]) -> dict[str, Any]:
    return {k: v for k, v in args.items() if k not in NOT_COMPARED}


def _apart(before: Any, now: Any) -> tuple[Any, Any]:
    """Of two long values, what only one of them has."""
    if isinstance(before, list) and isinstance(now, list):
        return [x for x in before if x not in now] or before, [x for x in now if x not in before] or now
    if isinstance(before, dict) and isinstance(now, dict):
        keys = [k for k in {**before, **now} if before.get(k) != now.get(k)]
        return {k: before.get(k) for k in keys}, {k: now.get(k) for k in keys}
    return before, now


def _brief(value: Any) -> str:
    if isinstance(value, list) and all(isinstance(v, str) for v in value):
        return ", ".join(value) or "nothing"
    if value in (None, [], {}):
        return "nothing"
    if isinstance(value, list) and all(isinstance(v, list) and len(v) == 3 for v in value):  # calls
        return ", ".join(f"{tool}({', '.join(f'{k}={v}' for k, v in args.items())}){'' if ok else ' refused'}" for tool, args, ok in value)
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 240 else text[:239] + "…"
