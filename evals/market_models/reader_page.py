"""What the page of the reader of messages shows: its own card (meta.json, README.md), measured on sentences kept out of its training."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from evals.market_models.details import Z95

GROUP = re.compile(r"group (client|technician) (\S+) \((\d+)\)")
HEADS = ("client", "technician", "service", "urgency", "danger", "sentiment", "language")


def shown(place: Path) -> dict[str, Any]:
    """Keys of model.html.jinja that its card can fill; curves and attributions are not kept for it."""
    card = json.loads((place / "meta.json").read_text(encoding="utf-8"))
    held = card.get("held_out", {})
    heads = [head for head in HEADS if head in held]
    groups = [(match, value) for key, value in held.items() if (match := GROUP.fullmatch(key))]
    text = (place / "README.md").read_text(encoding="utf-8") if (place / "README.md").exists() else ""
    weak = re.search(r"## Known weak\n+(.*?)(?=\n## |\Z)", text, re.S)
    return {
        "simulated": False,
        "tiles": _tiles(held),
        "worst": [],
        "weak": [line.removeprefix("- ") for line in (weak[1].splitlines() if weak else []) if line.strip()],
        "tables": [
            {
                "title": "What it reads right",
                "head": ("head", "n-grams alone", "encoder alone", "both"),
                "rows": [(head, *(_percent(held.get(key)) for key in (f"{head}, linear", f"{head}, encoder", head))) for head in heads],
            },
            {
                "title": "By language and script",
                "head": ("main intent", "sentences", "right", "95 %"),
                "rows": [(f"{m[1]}, {m[2]}", m[3], _percent(value), _interval(value, int(m[3]))) for m, value in groups],
            },
        ],
        "facts": [
            ("version", card.get("version")),
            ("sentences", f"{card.get('sentences', 0):,} written for this project, {card.get('drawn', 0):,} drawn from patterns"),
            ("public texts", f"{card.get('corpus_texts', 0):,}: meaning, language and mood only"),
        ],
        "sources": card.get("licences", []),
        "missing": [
            "A calibration curve, a learning curve and attributions are not kept for the reader; its calibration error is one number, above."
        ],
    }


def _tiles(held: dict[str, float]) -> list[tuple[str, str]]:
    names = {
        "client": "main intent of clients",
        "technician": "main intent of technicians",
        "language": "language and script",
        "emergency recall": "of emergencies noticed by the model alone; rules notice more",
        "emergency precision": "of cries of emergency are right",
        "calibration error": "mean distance between said and right",
    }
    return [(_percent(held[key]), name) for key, name in names.items() if key in held]


def _percent(share: float | None) -> str:
    return "" if share is None else f"{share:.1%}"


def _interval(share: float, n: int) -> str:
    """Wilson (1927)."""
    middle, reach = share + Z95**2 / (2 * n), Z95 * (share * (1 - share) / n + Z95**2 / (4 * n * n)) ** 0.5
    return f"{(middle - reach) / (1 + Z95**2 / n):.0%} to {(middle + reach) / (1 + Z95**2 / n):.0%}"
