"""Lists the trained models with how they were measured: `bricol models`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

ARTIFACTS = Path(__file__).resolve().parents[1] / "finetune" / "artifacts"
KEYS = ("name", "version", "metric", "value", "baseline", "oracle", "gap_closed", "ci", "serving")


def listed(folder: Path = ARTIFACTS) -> list[dict[str, Any]]:
    """One record per `finetune/artifacts/<name>/model.json`, with every key of KEYS (null where it was not measured)."""
    found = []
    for path in sorted(folder.glob("*/model.json")):
        data = json.loads(path.read_text(encoding="utf-8"))
        for record in data if isinstance(data, list) else [data]:
            found.append({key: record.get(key, path.parent.name if key == "name" else None) for key in KEYS})
    return found


def show(found: list[dict[str, Any]]) -> None:
    """For people."""
    from rich.console import Console
    from rich.table import Table

    console = Console()
    if not found:
        console.print("no trained model here yet; train one: bricol train understanding")
        return
    table = Table(*KEYS)
    for record in found:
        table.add_row(*("" if record[key] is None else str(record[key]) for key in KEYS))
    console.print(table)
