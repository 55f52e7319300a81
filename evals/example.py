"""Writes a text that a pattern matches: what an oracle says where a scenario expects words."""

from __future__ import annotations

import re
from itertools import product
from re import _parser as parser  # type: ignore[attr-defined]  # the standard library's own reader of patterns; there is no public one
from typing import Any

CATEGORIES = {"CATEGORY_DIGIT": "3", "CATEGORY_WORD": "a", "CATEGORY_SPACE": " ", "CATEGORY_NOT_WORD": " "}
MOST = 200  # ways of choosing among alternatives that are tried


def example(pattern: str) -> str | None:
    """The first text found that matches; None where lookarounds make it too hard to find one."""
    parsed = parser.parse(pattern)
    branches = _branches(parsed)
    for tried, choice in enumerate(product(*(range(n) for n in branches))):
        if tried >= MOST:
            break
        text = _write(parsed, iter(choice))
        for candidate in (text, f" {text} "):
            if re.search(pattern, candidate):
                return candidate
    return None


def _branches(tree: Any) -> list[int]:
    """How many alternatives each choice has, in the order `_write` meets them, whichever way it goes."""
    found: list[int] = []
    for op, value in tree:
        name = str(op)
        if name == "BRANCH":
            found.append(len(value[1]))
        elif name == "SUBPATTERN":
            found += _branches(value[-1])
    return found


def _write(tree: Any, choice: Any) -> str:
    out = ""
    for op, value in tree:
        match str(op):
            case "LITERAL":
                out += chr(value)
            case "NOT_LITERAL":
                out += "x" if value != ord("x") else "y"
            case "ANY":
                out += "x"
            case "IN":
                out += _one_of(value)
            case "BRANCH":
                out += _write(value[1][next(choice, 0) % len(value[1])], iter(()))
            case "SUBPATTERN":
                out += _write(value[-1], choice)
            case "MAX_REPEAT" | "MIN_REPEAT" | "POSSESSIVE_REPEAT":
                out += "".join(_write(value[2], iter(())) for _ in range(value[0]))
            case "ASSERT":
                out += _write(value[1], iter(())) if value[0] > 0 and not out.endswith(_write(value[1], iter(()))) else ""
    return out


def _one_of(members: Any) -> str:
    negated = any(str(op) == "NEGATE" for op, _ in members)
    if negated:
        return next((c for c in "x y,3" if not re.fullmatch(_as_class(members), c)), "x")
    op, value = members[0]
    match str(op):
        case "LITERAL":
            return chr(value)
        case "RANGE":
            return chr(value[0])
        case _:
            return CATEGORIES.get(str(value), "x")


def _as_class(members: Any) -> str:
    inside = "".join(
        re.escape(chr(v)) if str(op) == "LITERAL" else f"{re.escape(chr(v[0]))}-{re.escape(chr(v[1]))}"
        for op, v in members if str(op) in ("LITERAL", "RANGE")
    )  # fmt: skip
    return f"[{inside}]" if inside else "(?!)"
