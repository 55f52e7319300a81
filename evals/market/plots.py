"""Drawings of a world as inline SVG: lines over an axis, bars, maps of points, and how well truth and draws agree."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

Floats = NDArray[np.float64]
LEFT, RIGHT, TOP, BOTTOM = 46, 14, 18, 34


def lines(
    series: Mapping[str, tuple[Any, Any]], x_label: str, y_label: str, *, ticks: Sequence[tuple[float, str]] | None = None,
    bands: Sequence[tuple[float, float, str]] = (), width: int = 520, height: int = 210, from_zero: bool = True,
) -> Markup:  # fmt: skip
    """One line a name through (x, y); `bands` are shaded stretches of x with a word; `ticks` label x (default: round steps)."""
    xs, ys = (np.concatenate([np.asarray(line[i], float) for line in series.values()]) for i in (0, 1))
    shown = np.isfinite(ys)
    frame = _Frame(width, height, (xs.min(), xs.max()), (0.0 if from_zero else ys[shown].min(), ys[shown].max() or 1.0))
    drawn = [frame.band(a, b, word) for a, b, word in bands]
    drawn += frame.grid() + frame.ticks(ticks)
    for number, (x, y) in enumerate(series.values()):
        pairs = zip(np.asarray(x, float), np.asarray(y, float), strict=True)
        way = " ".join(f"{frame.x(a):.1f},{frame.y(b):.1f}" for a, b in pairs if np.isfinite(b))
        drawn.append(f'<polyline class="line c{number}" points="{way}"/>')
    return frame.svg(drawn, x_label, y_label)


def columns(names: Sequence[str], values: Sequence[float], x_label: str, y_label: str, *, width: int = 520, height: int = 210) -> Markup:
    """One upright bar a name; names that would overlap are left out."""
    frame = _Frame(width, height, (-0.5, len(names) - 0.5), (0.0, max(*values, 1e-9)))
    drawn, every = frame.grid(), max(1, round(len(names) / 12))
    for number, (name, value) in enumerate(zip(names, values, strict=True)):
        x, wide = frame.x(number - 0.42), frame.x(number + 0.42) - frame.x(number - 0.42)
        top = frame.y(value)
        box = f'x="{x:.1f}" width="{wide:.1f}" y="{top:.1f}" height="{height - BOTTOM - top:.1f}"'
        drawn.append(f'<rect class="column" {box}><title>{escape(name)}: {value:,.4g}</title></rect>')
        if number % every == 0:
            drawn.append(f'<text x="{frame.x(number):.1f}" y="{height - BOTTOM + 15}" text-anchor="middle">{escape(name)}</text>')
    return frame.svg(drawn, x_label, y_label)


def against(told: Any, seen: Any, counts: Any, x_label: str, y_label: str, *, size: int = 250) -> Markup:
    """What the truth says against what was drawn, one dot a group with its 95 % interval; on the diagonal they agree."""
    frame = _Frame(size, size, (0.0, 1.0), (0.0, 1.0))
    drawn = frame.grid() + frame.ticks([(0, "0"), (0.5, "0.5"), (1, "1")])
    drawn.append(f'<line class="diagonal" x1="{frame.x(0):.1f}" y1="{frame.y(0):.1f}" x2="{frame.x(1):.1f}" y2="{frame.y(1):.1f}"/>')
    for a, b, n in zip(told, seen, counts, strict=True):
        reach = 1.96 * np.sqrt(max(b * (1 - b), 1e-4) / max(n, 1))
        x, high, low = frame.x(a), frame.y(min(1, b + reach)), frame.y(max(0, b - reach))
        drawn.append(f'<line class="range" x1="{x:.1f}" x2="{x:.1f}" y1="{high:.1f}" y2="{low:.1f}"/>')
        drawn.append(f'<circle cx="{frame.x(a):.1f}" cy="{frame.y(b):.1f}" r="3.2"><title>{a:.3f} said, {b:.3f} seen, {n:,} cases</title></circle>')
    return frame.svg(drawn, x_label, y_label, extra="k0")


def agreement(rows: Sequence[Mapping[str, Any]], x_label: str, y_label: str, *, size: int = 320) -> Markup:
    """What was said against what was seen (keys said, seen, low, high, rows), one dot a row with its interval; on the diagonal they agree."""
    reach = [row[key] for row in rows for key in ("said", "low", "high")]
    span = min(reach), max(reach)
    frame = _Frame(size, size, span, span)
    frame.xs = frame.ys
    drawn = frame.grid() + frame.ticks([(mark, f"{mark:g}") for mark in frame.marks])
    ends = f'x1="{frame.x(frame.xs[0]):.1f}" y1="{frame.y(frame.ys[0]):.1f}" x2="{frame.x(frame.xs[1]):.1f}" y2="{frame.y(frame.ys[1]):.1f}"'
    drawn.append(f'<line class="diagonal" {ends}/>')
    for row in rows:
        x = frame.x(row["said"])
        drawn.append(f'<line class="range" x1="{x:.1f}" x2="{x:.1f}" y1="{frame.y(row["high"]):.1f}" y2="{frame.y(row["low"]):.1f}"/>')
        told = f"{row['said']:.3g} said, {row['seen']:.3g} seen ({row['low']:.3g} to {row['high']:.3g}), {row['rows']:,} cases"
        drawn.append(f'<circle cx="{x:.1f}" cy="{frame.y(row["seen"]):.1f}" r="3.4"><title>{told}</title></circle>')
    return frame.svg(drawn, x_label, y_label, extra="k0")


def points(layers: Mapping[str, tuple[Any, Any, Any]], *, width: int = 400, names: Sequence[tuple[float, float, str]] = ()) -> Markup:
    """A map: per layer (latitudes, longitudes, radii in px), equirectangular around its middle; `names` are (lat, lon, word)."""
    lat = np.concatenate([np.asarray(layer[0], float) for layer in layers.values()])
    lon = np.concatenate([np.asarray(layer[1], float) for layer in layers.values()])
    squeeze = np.cos(np.radians(lat.mean()))
    west, south, north = lon.min(), lat.min(), lat.max()
    wide, tall = max((lon.max() - west) * squeeze, 1e-6), max(north - south, 1e-6)
    edge = 26
    scale = (width - 2 * edge) / wide
    height = round(tall * scale + 2 * edge)

    def at(a: float, b: float) -> tuple[float, float]:
        return edge + (b - west) * squeeze * scale, edge + (north - a) * scale

    drawn = []
    for number, (lats, lons, radii) in enumerate(layers.values()):
        sized = zip(lats, lons, np.broadcast_to(radii, np.shape(lats)), strict=True)
        dots = "".join('<circle cx="{:.1f}" cy="{:.1f}" r="{:.1f}"/>'.format(*at(a, b), r) for a, b, r in sized)
        drawn.append(f'<g class="dots d{number}">{dots}</g>')
    for a, b, word in names:
        x, y = at(a, b)
        drawn.append(f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="middle">{escape(word)}</text>')
    return Markup(f'<svg class="map" viewBox="0 0 {width} {height}" role="img" aria-label="map of {", ".join(layers)}">{"".join(drawn)}</svg>')


class _Frame:
    """A drawing's axes."""

    def __init__(self, width: int, height: int, xs: tuple[float, float], ys: tuple[float, float]) -> None:
        self.width, self.height, self.xs = width, height, xs
        self.marks = _marks(*ys)
        self.ys = self.marks[0], self.marks[-1]

    def x(self, value: float) -> float:
        low, high = self.xs
        return LEFT + (self.width - LEFT - RIGHT) * (value - low) / ((high - low) or 1.0)

    def y(self, value: float) -> float:
        low, high = self.ys
        return self.height - BOTTOM - (self.height - TOP - BOTTOM) * (value - low) / ((high - low) or 1.0)

    def grid(self) -> list[str]:
        drawn = []
        for mark in self.marks:
            y = self.y(mark)
            drawn.append(f'<line class="grid" x1="{LEFT}" x2="{self.width - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>')
            drawn.append(f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{mark:,g}</text>')
        return drawn

    def ticks(self, ticks: Sequence[tuple[float, str]] | None) -> list[str]:
        low, high = self.xs
        chosen = ticks if ticks is not None else [(mark, f"{mark:g}") for mark in _marks(low, high) if low <= mark <= high]
        y = self.height - BOTTOM + 15
        return [f'<text x="{self.x(x):.1f}" y="{y}" text-anchor="middle">{escape(word)}</text>' for x, word in chosen]

    def band(self, first: float, last: float, word: str) -> str:
        wide = max(1.5, self.x(last) - self.x(first))
        box = f'x="{self.x(first):.1f}" width="{wide:.1f}" y="{TOP}" height="{self.height - TOP - BOTTOM}"'
        return f'<rect class="band" {box}><title>{escape(word)}</title></rect>'

    def svg(self, drawn: Sequence[str], x_label: str, y_label: str, extra: str = "") -> Markup:
        words = (
            f'<text x="{self.width - RIGHT}" y="{self.height - 3}" text-anchor="end">{escape(x_label)}</text>'
            f'<text x="{LEFT}" y="{TOP - 6}">{escape(y_label)}</text>'
        )
        label = escape(f"{y_label} by {x_label}")
        box = f'viewBox="0 0 {self.width} {self.height}" role="img" aria-label="{label}"'
        return Markup(f'<svg class="chart {extra}" {box}>{"".join(drawn)}{words}</svg>')


def _marks(low: float, high: float) -> list[float]:
    """About five round numbers from at or below `low` to at or above `high`."""
    span = (high - low) or abs(high) or 1.0
    size = 10.0 ** np.floor(np.log10(span))
    step = next(s * size for s in (0.1, 0.2, 0.25, 0.5, 1, 2, 2.5, 5, 10) if span / (s * size) <= 5)
    first, last = np.floor(low / step + 1e-9), np.ceil(high / step - 1e-9)
    return [round(step * i, 9) for i in np.arange(first, last + 1)]
