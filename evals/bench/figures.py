"""One measured figure: what it is, its value on this machine, and the number DESIGN.md holds it to."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """`value` in `unit`; `hold` as text ("<= 25"), `kept` whether it holds (None: nothing is held)."""

    name: str
    value: float
    unit: str
    hold: str = ""
    kept: bool | None = None
    note: str = ""


def at_most(name: str, value: float, unit: str, limit: float, note: str = "") -> Figure:
    return Figure(name, round(value, 2), unit, f"<= {limit:g}", value <= limit, note)


def at_least(name: str, value: float, unit: str, limit: float, note: str = "") -> Figure:
    return Figure(name, round(value, 2), unit, f">= {limit:g}", value >= limit, note)


def quantile(values: Sequence[float], q: float) -> float:
    """The value below which a share `q` (0..1) lies; nearest rank."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(q * len(ordered)))]


def machine() -> str:
    """The machine in words, for reports: figures without it mean nothing."""
    model = platform.processor() or platform.machine()
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            model = next((line.split(":", 1)[1].strip() for line in file if line.startswith("model name")), model)
    except OSError:
        pass
    return f"{model}, {os.cpu_count()} cores, Python {platform.python_version()}"
