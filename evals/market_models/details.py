"""What a model's page shows beside its verdict: where what it says comes true, for whom it is better or worse, and what it is bad at."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaincinv, stdtrit

from evals.market_models import explained
from evals.market_models.examined import Curve, Floats, Judged

FILE = "examined.json"
MOST_BYTES = 200_000
BINS, IN_A_BIN = 10, 5  # at most, and cases in each at least
WORST = 8
ENDS = 6  # slices kept at either end of a kind that has more than twice as many
NAMED = 30  # slices in which the rule is better that are kept, the clear ones first
Z95 = 1.959964
Row = dict[str, Any]


def details(parts: Sequence[Judged], baseline: str) -> Row:
    """Everything judged in all worlds together, beside `baseline`, the best simple rule. Raises ValueError for no rows."""
    if not parts:
        raise ValueError("no judged rows: the examiner keeps none (evals.market_models.examined.Judged)")
    every = joined(parts)
    slices = {kind: _slices(every, names, baseline) for kind, names in every.groups.items()}
    whole = _slice(every, every.counted, baseline)
    behind = sorted(({"group": kind, **row} for kind, rows in slices.items() for row in rows if row["gain"] < 0), key=_clear_first)
    return {
        "kind": every.kind,
        "baseline": baseline,
        "coverage": every.coverage,
        "whole": whole,
        "reliability": reliability(every),
        "quantiles": quantiles(every, baseline),
        "slices": {kind: _ends(rows) for kind, rows in slices.items()},
        "slices_of": {kind: len(rows) for kind, rows in slices.items()},
        "worst": worst(slices, whole),
        "behind": behind[:NAMED],
        "behind_of": {"clearly": sum(row["gain_high"] < 0 for row in behind), "every": len(behind)},
        "curves": {name: _curve([part.curves[name] for part in parts]) for name in every.curves},
        "explained": {asked: explained.told([part.explained[asked] for part in parts if asked in part.explained]) for asked in every.explained},
        "worlds": [{name: value for name, value in part.data.items() if name != "rows"} for part in parts if part.data],
    }


def joined(parts: Sequence[Judged]) -> Judged:
    """One after the other; what is drawn or taken apart stays with its part."""
    first = parts[0]

    def stacked(name: str) -> Any:
        return None if getattr(first, name) is None else np.concatenate([getattr(part, name) for part in parts])

    def each(name: str) -> dict[str, NDArray[Any]]:
        return {key: np.concatenate([getattr(part, name)[key] for part in parts]) for key in getattr(first, name)}

    units = None
    if first.unit is not None:
        found = [np.unique(part.unit, return_inverse=True)[1] for part in parts if part.unit is not None]
        before = np.cumsum([0, *(len(part.true) for part in parts)])
        units = np.concatenate([unit + start for unit, start in zip(found, before, strict=False)])
    lists: dict[str, Any] = {name: each(name) for name in ("losses", "groups", "quantiles")}
    columns: dict[str, Any] = {name: stacked(name) for name in ("said", "true", "low", "high", "whole")}
    return replace(first, **columns, **lists, unit=units)


def reliability(judged: Judged) -> list[Row]:
    """By tenths of what was said: its mean, and what came true with its 95 % interval (share, median or mean, by `Judged.kind`)."""
    order = judged.counted[np.argsort(judged.said[judged.counted], kind="stable")]
    found = []
    for part in np.array_split(order, min(BINS, max(1, len(order) // IN_A_BIN))):
        if len(part):
            seen, low, high = _seen(judged, part)
            found.append({"said": _four(judged.said[part].mean()), "seen": _four(seen), "low": _four(low), "high": _four(high), "rows": len(part)})
    return found


def _seen(judged: Judged, rows: NDArray[np.int64]) -> tuple[float, float, float]:
    if judged.kind == "probability":
        return share(judged.true[rows], _unit(judged, rows))
    return mean(judged.true[rows], _unit(judged, rows)) if judged.kind == "value" else median(judged.true[rows])


def quantiles(judged: Judged, baseline: str) -> list[Row]:
    """Of model, rule and truth, by level: the share of outcomes below what was told, with its interval, and the pinball loss."""
    found = []
    for who in (name for name in ("model", baseline, "oracle") if name in judged.quantiles):
        for column, level in enumerate(judged.levels):
            told = judged.quantiles[who][:, column]
            below, low, high = share((judged.true <= told).astype(float), judged.unit)
            missed = judged.true - told
            loss = float(np.maximum(level * missed, (level - 1) * missed).mean())
            found.append({"who": who, "level": level, "below": _four(below), "low": _four(low), "high": _four(high), "loss": _four(loss)})
    return found


def worst(slices: Mapping[str, Sequence[Row]], whole: Row) -> list[Row]:
    """Slices whose mean loss lies above the whole's even at the lower end of its interval, farthest first; then those where the rule is better."""
    every = [{"group": kind, **row} for kind, rows in slices.items() for row in rows]
    for row in every:
        row["above"] = _four(row["loss_low"] - whole["loss"])
        row["rule_better"] = row["gain_high"] < 0
    found = [row for row in every if row["above"] > 0 or row["rule_better"]]
    return sorted(found, key=lambda row: (not row["rule_better"], -row["above"]))[:WORST]


def _clear_first(row: Row) -> tuple[bool, float]:
    return row["gain_high"] >= 0, row["gain"]


def _ends(rows: Sequence[Row]) -> list[Row]:
    """All of a kind; of one with many, those where the model gains least and most on the rule."""
    if len(rows) <= 2 * ENDS + 12:
        return list(rows)
    order = sorted(rows, key=lambda row: float(row["gain"]))
    return [*order[:ENDS], *order[-ENDS:]]


def _slices(judged: Judged, names: NDArray[Any], baseline: str) -> list[Row]:
    every, code = np.unique(names.astype(str), return_inverse=True)
    order = np.argsort(code, kind="stable")
    parts = np.split(order, np.cumsum(np.bincount(code, minlength=len(every)))[:-1])
    told = [(name, rows) for name, rows in zip(every.tolist(), parts, strict=True) if name and len(rows) >= judged.enough]
    return [{"name": name, **_slice(judged, rows, baseline)} for name, rows in told]


def _slice(judged: Judged, rows: NDArray[np.int64], baseline: str) -> Row:
    """Loss with its interval, the gain over the rule with its own, and what a reader asks next: share in range, or said against seen."""
    mine, rule, ideal = (judged.losses[who][rows] for who in ("model", baseline, "oracle"))
    unit = _unit(judged, rows)
    loss, gain = mean(mine, unit), mean(rule - mine, unit)
    found: Row = {"rows": len(rows), "loss": _four(loss[0]), "loss_low": _four(loss[1]), "loss_high": _four(loss[2])}
    found |= {"rule": _four(rule.mean()), "oracle": _four(ideal.mean())}
    found |= {"gain": _four(gain[0]), "gain_low": _four(gain[1]), "gain_high": _four(gain[2])}
    found["bias"] = _four(_bias(judged, rows))
    if judged.low is not None and judged.high is not None:
        true = judged.true[rows]
        held = share(((true >= judged.low[rows]) & (true <= judged.high[rows])).astype(float), unit)
        found |= {"inside": _four(held[0]), "inside_low": _four(held[1]), "inside_high": _four(held[2])}
    return found


def _bias(judged: Judged, rows: NDArray[np.int64]) -> float:
    """What was said minus what was seen: means, medians of minutes, or the log of medians of factors."""
    said, true = judged.said[rows], judged.true[rows]
    if judged.kind == "amount":
        return float(np.median(np.log(said / true)))
    return float(np.median(said - true)) if judged.kind == "minutes" else float((said - true).mean())


def _unit(judged: Judged, rows: NDArray[np.int64]) -> NDArray[np.int64] | None:
    return None if judged.unit is None else judged.unit[rows]


def _curve(parts: Sequence[Curve]) -> Row:
    """The mean of all worlds; a world that could not say (nan) counts for nothing, and where none could there is None."""
    lines = {}
    for who in parts[0].lines:
        every = np.array([part.lines[who] for part in parts], float)
        said = np.isfinite(every)
        total, count = np.where(said, every, 0.0).sum(axis=0), said.sum(axis=0)
        lines[who] = [_four(total[place] / count[place]) if count[place] else None for place in range(len(count))]
    return {"x": [_four(x) for x in parts[0].x], "lines": lines}


def mean(values: Floats, unit: NDArray[np.int64] | None = None) -> tuple[float, float, float]:
    """(mean, lower, upper) 95 %, Student's t; rows of one unit go together (cluster-robust, Liang and Zeger 1986)."""
    middle = float(values.mean())
    apart = values - middle
    sums = apart if unit is None else np.bincount(np.unique(unit, return_inverse=True)[1], weights=apart)
    count = len(sums)
    if count < 2:
        return middle, -math.inf, math.inf
    reach = float(stdtrit(count - 1, 0.975)) * math.sqrt(float((sums**2).sum()) * count / (count - 1)) / len(values)
    return middle, middle - reach, middle + reach


def share(values: Floats, unit: NDArray[np.int64] | None = None) -> tuple[float, float, float]:
    """(share, lower, upper) 95 % of values that are 0 or 1, exact (Clopper and Pearson 1934); rows of one unit count as fewer (Kish 1965)."""
    n, p = float(len(values)), float(values.mean())
    if unit is not None and 0 < p < 1:
        error = (mean(values, unit)[2] - p) / Z95
        n = max(1.0, min(n, p * (1 - p) / error**2)) if 0 < error < math.inf else n
    low = float(betaincinv(n * p, n * (1 - p) + 1, 0.025)) if p > 0 else 0.0
    high = float(betaincinv(n * p + 1, n * (1 - p), 0.975)) if p < 1 else 1.0
    return p, low, high


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
