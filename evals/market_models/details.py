"""What a model's page shows beside its verdict: where what it says comes true, for whom it is better or worse, and what it is bad at."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evals.market_models.examined import Floats, Judged

FILE = "examined.json"
MOST_BYTES = 200_000
BINS = 10
ROWS_AT_LEAST = 60  # a slice with fewer says more of chance than of the model
WORST = 8
Z95 = 1.959964
Row = dict[str, Any]


def details(parts: Sequence[Judged], baseline: str) -> dict[str, Any]:
    """Everything judged in all worlds together, beside `baseline`, the best simple rule. Raises ValueError for no rows."""
    if not parts:
        raise ValueError("no judged rows: the examiner keeps none (evals.market_models.examined.Judged)")
    every = joined(parts)
    slices = {kind: _slices(every, names, baseline) for kind, names in every.groups.items()}
    whole = _slice(every, np.ones(len(every.true), bool), baseline)
    return {
        "kind": every.kind,
        "baseline": baseline,
        "whole": whole,
        "reliability": reliability(every),
        "slices": slices,
        "worst": worst(slices, whole),
        "contributions": {name: _four(value) for name, value in every.contributions.items()},
    }


def joined(parts: Sequence[Judged]) -> Judged:
    """One after the other; contributions are the mean over worlds."""
    first = parts[0]

    def stacked(name: str) -> Floats | None:
        return None if getattr(first, name) is None else np.concatenate([getattr(part, name) for part in parts])

    return Judged(
        first.kind,
        np.concatenate([part.said for part in parts]),
        np.concatenate([part.true for part in parts]),
        {who: np.concatenate([part.losses[who] for part in parts]) for who in first.losses},
        {kind: np.concatenate([part.groups[kind] for part in parts]) for kind in first.groups},
        stacked("low"),
        stacked("high"),
        {name: float(np.mean([part.contributions[name] for part in parts])) for name in first.contributions},
    )


def reliability(judged: Judged) -> list[Row]:
    """By tenths of what was said: its mean, and what came true with its 95 % interval (share for probabilities, median for amounts)."""
    order = np.argsort(judged.said, kind="stable")
    found = []
    for rows in np.array_split(order, BINS):
        if len(rows):
            seen, low, high = (share if judged.kind == "probability" else median)(judged.true[rows])
            found.append({"said": _four(judged.said[rows].mean()), "seen": _four(seen), "low": _four(low), "high": _four(high), "rows": len(rows)})
    return found


def worst(slices: Mapping[str, Sequence[Row]], whole: Row) -> list[Row]:
    """Slices whose mean loss lies above the whole's even at the lower end of its interval, farthest first; then those where the rule is better."""
    every = [{"group": kind, **row} for kind, rows in slices.items() for row in rows]
    for row in every:
        row["above"] = _four(row["loss_low"] - whole["loss"])
        row["rule_better"] = row["gain_high"] < 0
    found = [row for row in every if row["above"] > 0 or row["rule_better"]]
    return sorted(found, key=lambda row: (not row["rule_better"], -row["above"]))[:WORST]


def _slices(judged: Judged, names: NDArray[Any], baseline: str) -> list[Row]:
    found = []
    for name in sorted(set(names.tolist()), key=str):
        rows = names == name
        if rows.sum() >= ROWS_AT_LEAST:
            found.append({"name": str(name), **_slice(judged, rows, baseline)})
    return found


def _slice(judged: Judged, rows: NDArray[np.bool_], baseline: str) -> Row:
    """Loss with its interval, the gain over the rule with its own, and what a reader asks next: share in range, or said against seen."""
    mine, rule, ideal = (judged.losses[who][rows] for who in ("model", baseline, "oracle"))
    loss, gain = mean(mine), mean(rule - mine)
    found: Row = {"rows": int(rows.sum()), "loss": _four(loss[0]), "loss_low": _four(loss[1]), "loss_high": _four(loss[2])}
    found |= {"rule": _four(rule.mean()), "oracle": _four(ideal.mean())}
    found |= {"gain": _four(gain[0]), "gain_low": _four(gain[1]), "gain_high": _four(gain[2])}
    said, true = judged.said[rows], judged.true[rows]
    found["bias"] = _four(float(said.mean() - true.mean()) if judged.kind == "probability" else float(np.median(np.log(said / true))))
    if judged.low is not None and judged.high is not None:
        held = share(((true >= judged.low[rows]) & (true <= judged.high[rows])).astype(float))
        found |= {"inside": _four(held[0]), "inside_low": _four(held[1]), "inside_high": _four(held[2])}
    return found


def mean(values: Floats) -> tuple[float, float, float]:
    """(mean, lower, upper) 95 %, normal."""
    error = Z95 * float(values.std(ddof=1)) / math.sqrt(len(values)) if len(values) > 1 else math.inf
    middle = float(values.mean())
    return middle, middle - error, middle + error


def share(values: Floats) -> tuple[float, float, float]:
    """(share, lower, upper) 95 % of values that are 0 or 1 (Wilson 1927)."""
    n, p = len(values), float(values.mean())
    middle, reach = p + Z95**2 / (2 * n), Z95 * math.sqrt(p * (1 - p) / n + Z95**2 / (4 * n * n))
    return p, (middle - reach) / (1 + Z95**2 / n), (middle + reach) / (1 + Z95**2 / n)


def median(values: Floats) -> tuple[float, float, float]:
    """(median, lower, upper) 95 %, by ranks: no shape assumed (Conover 1999, 3.2)."""
    ranked, n = np.sort(values), len(values)
    reach = Z95 * math.sqrt(n) / 2
    low, high = max(0, math.floor(n / 2 - reach)), min(n - 1, math.ceil(n / 2 + reach))
    return float(np.median(ranked)), float(ranked[low]), float(ranked[high])


def write(folder: Path, told: Mapping[str, Any]) -> Path:
    """Raises ValueError for more than MOST_BYTES: a page is for people."""
    text = json.dumps(told, ensure_ascii=False, separators=(",", ":")) + "\n"
    if len(text.encode()) > MOST_BYTES:
        raise ValueError(f"{folder / FILE}: {len(text.encode()):,} bytes; at most {MOST_BYTES:,}: give fewer groups")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / FILE).write_text(text, encoding="utf-8")
    return folder / FILE


def read(folder: Path) -> dict[str, Any] | None:
    """None where nothing was kept."""
    path = folder / FILE
    if not path.is_file():
        return None
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def _four(value: float) -> float:
    return float(f"{value:.4g}")
