"""`bricol train lessons`: writes the store's conversations as lessons, private details hidden; `bricol eval export` does it for scenarios."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

from bot import wiring
from bot.lessons import lessons
from bot.settings import Settings


def export(settings: Settings, out: Path) -> Counter[str]:
    """Writes `out`, one lesson a line; how many by role and language. Reads the store and changes nothing in it."""
    house = wiring.build(settings, channels={})
    counts: Counter[str] = Counter()
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with out.open("w", encoding="utf-8") as file:
            for lesson in lessons(house):
                file.write(json.dumps(lesson, ensure_ascii=False) + "\n")
                counts[f"{lesson['role']} {lesson['language']}-{lesson['script']}"] += 1
    finally:
        house.close()
    return counts
