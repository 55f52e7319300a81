"""Small drawings for the page, as inline SVG that takes its colours from the page's style."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from math import ceil, floor, log10
from typing import Any

from markupsafe import Markup

WIDTH, HEIGHT = 520, 200
LEFT, RIGHT, TOP, BOTTOM = 52, 22, 12, 30


def intervals(shares: Sequence[Mapping[str, Any]], start: float) -> Markup:
    """pass^1 .. pass^k as dots with their 95 % intervals, one under the other, on an axis from `start` (0..1) to 1."""
    step, width = 9, 200
    height = step * len(shares) + 5

    def x(share: float) -> float:
        return round(4 + (width - 8) * (max(share, start) - start) / (1 - start), 1)

    lines = [f'<line class="axis" x1="{x(1)}" x2="{x(1)}" y1="0" y2="{height}"/>']
    for row, s in enumerate(shares):
        y = 7 + row * step
        title = f"pass^{s['k']}: {s['value']:.1%}, 95 % interval {s['low']:.1%} to {s['high']:.1%}"
        lines.append(f'<g class="k{min(row, 3)}"><title>{title}</title>')
        lines.append(f'<line class="range" x1="{x(s["low"])}" x2="{x(s["high"])}" y1="{y}" y2="{y}"/>')
        lines.append(f'<circle cx="{x(s["value"])}" cy="{y}" r="3.4"/></g>')
    told = "; ".join(f"pass^{s['k']} {s['value']:.1%}" for s in shares)
    return Markup(f'<svg class="intervals" viewBox="0 0 {width} {height}" role="img" aria-label="{told}">{"".join(lines)}</svg>')


def axis_start(groups: Sequence[Sequence[Mapping[str, Any]]]) -> float:
    """Where an axis of shares begins: half way when all shares lie well above it, else at 0. An interval that begins below is cut there."""
    return 0.5 if all(s["value"] >= 0.6 for shares in groups for s in shares) else 0.0


def curves(series: Mapping[str, Sequence[tuple[float, float]]], x_label: str, y_label: str, *, logarithmic: bool = False) -> Markup:
    """Lines through (x, y), x within 0..1 shown as per cent, one per name; y from 0, or in powers of ten."""
    points = [p for line in series.values() for p in line]
    if not points:
        return Markup("")
    ys = [y for _, y in points]
    low, high, marks = _log_marks(ys) if logarithmic else _marks(max(ys))

    def at(x: float, y: float) -> str:
        part = (log10(max(y, low)) - log10(low)) / (log10(high) - log10(low)) if logarithmic else y / high
        return f"{LEFT + (WIDTH - LEFT - RIGHT) * x:.1f},{HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * part:.1f}"

    drawn = []
    for mark in marks:
        x0, y = at(0, mark).split(",")
        drawn.append(f'<line class="grid" x1="{x0}" x2="{WIDTH - RIGHT}" y1="{y}" y2="{y}"/>')
        drawn.append(f'<text x="{LEFT - 6}" y="{float(y) + 4:.1f}" text-anchor="end">{mark:g}</text>')
    for share in (0, 0.25, 0.5, 0.75, 1):
        x, _ = at(share, low or 0).split(",")
        drawn.append(f'<text x="{x}" y="{HEIGHT - BOTTOM + 16}" text-anchor="middle">{share:.0%}</text>')
    for number, line in enumerate(series.values()):
        drawn.append(f'<polyline class="line c{number % 6}" points="{" ".join(at(x, y) for x, y in line)}"/>')
    drawn.append(f'<text x="{WIDTH - RIGHT}" y="{HEIGHT - 1}" text-anchor="end">{escape(x_label)}</text>')
    drawn.append(f'<text x="{LEFT}" y="{TOP - 1}">{escape(y_label)}</text>')
    label = escape(f"{y_label} by {x_label}")
    return Markup(f'<svg class="chart" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{label}">{"".join(drawn)}</svg>')


def bars(rows: Sequence[tuple[str, int]], of: int) -> Markup:
    """A funnel: one bar under the other, each with its count and its share of `of`."""
    drawn = []
    for name, count in rows:
        share = count / of if of else 0.0
        told = f"{count} <small>{share:.0%}</small>"
        track = f'<span class="track"><i style="width:{share:.1%}"></i></span>'
        drawn.append(f'<div class="bar"><span class="name">{escape(name)}</span>{track}<b>{told}</b></div>')
    return Markup("".join(drawn))


def _marks(most: float) -> tuple[float, float, list[float]]:
    """(0, top, marks): about four round steps up to the largest value."""
    most = most or 1.0
    size = 10 ** floor(log10(most))
    step = next(s * size for s in (0.1, 0.2, 0.25, 0.5, 1, 2, 2.5, 5) if most / (s * size) <= 4.5)
    top = ceil(most / step) * step
    return 0.0, top, [round(step * i, 6) for i in range(round(top / step) + 1)]


def _log_marks(values: Sequence[float]) -> tuple[float, float, list[float]]:
    low = 10.0 ** floor(log10(max(min(values), 0.1)))
    high = max(10.0 ** ceil(log10(max(*values, 1.0))), low * 10)
    return low, high, [10.0**e for e in range(round(log10(low)), round(log10(high)) + 1)]
