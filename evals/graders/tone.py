"""How a reply sounds: "vous" in French, no insult given back, no blame, no shouting, no machine talk, not too long."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from domain.files import read_yaml
from evals.findings import Finding
from evals.graders.case import Case
from evals.graders.values import plain

WORDS = Path(__file__).with_name("tone.yaml")
RULES = ("familiar", "insult", "blame", "machine", "loud")


def findings(case: Case) -> list[Finding]:
    """Told, not failing: rules see words, not the way they are meant."""
    found: list[Finding] = []
    for exchange in case.exchanges:
        reply = exchange.reply
        if reply is not None:
            found += [Finding("tone", why, exchange.place, got=reply.get("text"), hard=False) for why in faults(dict(reply), case.channel)]
    for notice in case.notices:
        found += [Finding("tone", why, notice.place, got=notice.text, hard=False) for why in faults(dict(notice.reply), case.channel)]
    return found


def faults(reply: dict[str, Any], channel: str = "whatsapp") -> list[str]:
    """What is wrong with the sound of one reply ({"text", "language"}), in words; empty for a good one."""
    return list(_faults(plain(str(reply.get("text", ""))), str(reply.get("language", "")), channel))


def _faults(text: str, language: str, channel: str) -> Iterator[str]:
    if not text.strip():
        yield "empty: a reply without words"
        return
    for rule in RULES:
        patterns: dict[str, re.Pattern[str]] = _data()[rule]
        for where in ("all", language):
            if where in patterns and (match := patterns[where].search(text)):
                yield f"{rule}: {match[0]!r}"
    longest = _data()["longest"].get(channel, 900)
    if len(text) > longest:
        yield f"long: {len(text)} characters, {longest} at most on {channel}"


@cache
def _data() -> dict[str, Any]:
    raw = read_yaml(WORDS)
    compiled: dict[str, Any] = {}
    for rule in RULES:
        flags = 0 if rule in ("machine", "loud") else re.IGNORECASE  # there, capitals are the point
        compiled[rule] = {where: re.compile("|".join(f"(?:{p})" for p in patterns), flags) for where, patterns in raw[rule].items()}
    return {**compiled, "longest": raw["longest"]}
