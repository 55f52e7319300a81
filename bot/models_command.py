"""Lists the trained models with how they were measured and who serves: `bricol models`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

ARTIFACTS = Path(__file__).resolve().parents[1] / "finetune" / "artifacts"
KEYS = ("name", "version", "metric", "value", "baseline", "oracle", "gap_closed", "ci", "serving")
#: Beside them, for the table alone.
MORE = ("baseline_name", "latency_ms", "reason")


def listed(folder: Path = ARTIFACTS) -> list[dict[str, Any]]:
    """One record per `finetune/artifacts/<name>/model.json`, with every key of KEYS (null where it was not measured)."""
    return [{key: record.get(key) for key in KEYS} for record in told(folder)]


def told(folder: Path = ARTIFACTS) -> list[dict[str, Any]]:
    """As `listed`, with MORE. `serving` is what a process that starts now would do: a damaged or outdated file does not serve, whatever it says."""
    found = []
    for path in sorted(folder.glob("*/model.json")):
        try:
            data = json.loads(path.read_text(encoding="utf-8"))
        except ValueError as fault:
            data = {"serving": False, "reason": f"{path.name} cannot be read ({fault}); train it again: bricol train {path.parent.name}"}
        for record in data if isinstance(data, list) else [data]:
            one = {key: record.get(key, path.parent.name if key == "name" else None) for key in (*KEYS, *MORE)}
            if one["serving"] and (why := _refused(path.parent)):
                one |= {"serving": False, "reason": why}
            found.append(one)
    return found


def show(found: list[dict[str, Any]]) -> None:
    """For people: a leaderboard, and under it why each serves or does not."""
    from rich.console import Console
    from rich.table import Table

    console = Console()
    if not found:
        console.print("no trained model here yet; train one: bricol train understanding")
        return
    table = Table("model", "version", "metric", "model", "baseline", "oracle", "gap closed (95 %)", "ms", "serves")
    for one in found:
        gap = "" if one["gap_closed"] is None else f"{one['gap_closed']:.2f}"
        if one["ci"]:
            gap += f" [{one['ci'][0]:.2f}, {one['ci'][1]:.2f}]"
        rule = _number(one["baseline"]) + (f" ({one['baseline_name']})" if one.get("baseline_name") else "")
        figures = (_number(one["value"]), rule, _number(one["oracle"]), gap, _number(one.get("latency_ms")))
        table.add_row(str(one["name"]), str(one["version"] or ""), one["metric"] or "", *figures, "yes" if one["serving"] else "rule")
    console.print(table)
    for one in found:
        if one.get("reason"):
            console.print(f"{one['name']}: {one['reason']}", markup=False, highlight=False, soft_wrap=True)


def _refused(folder: Path) -> str:
    """Why this code would not load the model; empty when it would, or when it is none of the market's."""
    from domain.learning.registry import ModelRefused, verified
    from domain.pricing import cost_model

    features = {cost_model.NAME: cost_model.FEATURES}
    if folder.name not in features:
        return ""
    try:
        verified(folder, features[folder.name])
    except ModelRefused as why:
        return str(why)
    return ""


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.4g}"
