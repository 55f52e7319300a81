"""Measures the serving reader on labelled messages (one JSON record a line, understanding contract)."""

from __future__ import annotations

import json
import time
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bot.brain.understanding import Understanding, load
from bot.brain.understanding.reader import ARTEFACT

NEEDED = ("id", "role", "text", "language", "script", "intents", "entities", "urgency", "sentiment")


class BadRecord(ValueError):
    """A line that cannot be measured; the message says where and what it lacks."""


@dataclass(frozen=True)
class Report:
    """`figures`: name -> (share right or milliseconds, messages counted); `errors`: one line for each misread main intent."""

    figures: dict[str, tuple[float, int]]
    errors: list[str]


def evaluate(path: Path, artefact: Path = ARTEFACT) -> Report:
    """Has the reader in `artefact` read every message of `path`, and compares. Where a message has several intents, any of them counts as main.

    Raises BadRecord with path:line for a line that is not a labelled message.
    """
    reader = load(artefact)
    marks: dict[str, list[float]] = defaultdict(list)
    errors: list[str] = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if not line.strip():
            continue
        gold = _record(line, f"{path}:{number}")
        started = time.perf_counter()
        read: Understanding = reader.understand(gold["text"], role=gold["role"], context=gold.get("context"))
        marks["milliseconds a message"].append((time.perf_counter() - started) * 1000)
        right = read.main in gold["intents"]
        group = f"{gold['language']}-{gold['script']}"
        for name in ("main intent", f"main intent, {gold['role']}", f"main intent, {group}"):
            marks[name].append(right)
        if gold["intents"][0] != "change_language":
            marks["language"].append(read.language == gold["language"])
            marks[f"language, {group}"].append(read.language == gold["language"])
        marks["script"].append(read.script == gold["script"])
        marks["urgency"].append(read.urgency == gold["urgency"])
        marks["sentiment"].append(read.sentiment == gold["sentiment"])
        if gold["urgency"] == "emergency":
            marks["emergency recall"].append(read.urgency == "emergency")
        if read.urgency == "emergency":
            marks["emergency precision"].append(gold["urgency"] == "emergency")
        service = gold["entities"].get("service")
        marks["service, or none"].append(read.entities.get("service") == service)
        if not right:
            said = f" [{gold['context']}]" if gold.get("context") else ""
            errors.append(f"{gold['id']} {'+'.join(gold['intents'])} read {read.main} {read.confidence:.2f} | {gold['text']}{said}")
    return Report({name: (sum(values) / len(values), len(values)) for name, values in sorted(marks.items())}, errors)


def _record(line: str, where: str) -> dict[str, Any]:
    try:
        record = json.loads(line)
    except ValueError as error:
        raise BadRecord(f"{where}: not JSON ({error}); write one record a line") from None
    missing = [key for key in NEEDED if not isinstance(record, dict) or key not in record]
    if missing or not record["intents"]:
        raise BadRecord(f"{where}: a labelled message needs {', '.join(missing) or 'at least one intent'}")
    found: dict[str, Any] = record
    return found
