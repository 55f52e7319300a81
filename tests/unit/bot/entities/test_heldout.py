"""Messages held out from the grammars keep their entities: a floor for each, scored by the contract's rules; run the file to read the misses."""

from __future__ import annotations

import difflib
import sys
import unicodedata
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.brain.understanding.entities import extract

FOLDER = Path(__file__).parent / "heldout"
NOW = datetime(2026, 11, 2, 8, 0, tzinfo=UTC)
KINDS = ("city", "district", "date", "time", "amount_mad", "technician", "booking_ref", "phone", "quantity", "rating")
FLOOR = 0.92
Row = tuple[str, str, dict[str, str]]  # role, message, entities


def rows_of(batch: str) -> list[Row]:
    """The messages of one batch, each as (role, text, entities)."""
    found: list[Row] = []
    for file in sorted(FOLDER.glob(f"{batch}-*.yaml")):
        for people, lines in yaml.safe_load(file.read_text(encoding="utf-8")).items():
            for line in lines:
                text, _, labels = str(line).partition(" => ")
                pairs = (label.split("=", 1) for label in labels.split(";") if label.strip())
                found.append((people.removesuffix("s"), text, {key.strip(): value.strip() for key, value in pairs}))
    return found


def same(kind: str, gold: str, read: Any) -> bool:
    """Numbers by value, names at difflib ratio >= 0.75 without accents, the rest as written."""
    if kind in ("amount_mad", "quantity", "rating"):
        return float(gold) == float(read)
    if kind in ("district", "technician"):
        return difflib.SequenceMatcher(None, _plain(gold), _plain(str(read))).ratio() >= 0.75
    return gold.lower() == str(read).lower()


def _plain(text: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFD", text.lower()) if not unicodedata.combining(c)).replace("-", " ")


def misses(rows: list[Row], kind: str) -> tuple[int, int, list[str]]:
    """(right, wanted plus given, what went wrong) of one kind of entity; F1 is 2 * right / (wanted plus given)."""
    right, both, wrong = 0, 0, []
    for role, text, gold in rows:
        wanted, given = gold.get(kind), extract(text, role=role, now=NOW).get(kind)
        both += (wanted is not None) + (given is not None)
        if wanted is not None and given is not None and same(kind, wanted, given):
            right += 1
        elif wanted is not None or given is not None:
            wrong.append(f"{text}  [{kind}: wanted {wanted}, read {given}]")
    return right, both, wrong


@pytest.mark.parametrize("batch", ["first", "second", "third"])
@pytest.mark.parametrize("kind", KINDS)
def test_each_entity_of_the_held_out_messages_is_read(batch: str, kind: str) -> None:
    right, both, wrong = misses(rows_of(batch), kind)
    assert 2 * right / both >= FLOOR, "\n".join(wrong)


if __name__ == "__main__":
    chosen = rows_of(sys.argv[1])
    for name in (*KINDS, "service"):
        hits, total, faults = misses(chosen, name)
        wanted_here = sum(name in labels for _, _, labels in chosen)
        given_here = total - wanted_here
        figures = f"p {hits / max(1, given_here):.3f} r {hits / max(1, wanted_here):.3f} f1 {2 * hits / max(1, total):.3f} n {wanted_here}"
        sys.stdout.write(f"{name:12} {figures}\n" + "".join(f"    {fault}\n" for fault in faults))
