"""Small drawings of a model's page, as inline SVG: gains with their intervals, gaps by world, and what moves an answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from evals.market_models.explained import COLUMNS

Row = Mapping[str, Any]
WIDE, TALL = 363, 28  # of the picture of one input, px


def whisker(row: Row, rows: Sequence[Row]) -> Markup:
    """The gain on the rule with its interval; all slices of a kind share one axis."""
    reach = max(max(abs(each["gain_low"]), abs(each["gain_high"])) for each in rows) or 1.0

    def x(value: float) -> float:
        return round(75 + 71 * value / reach, 1)

    told = f"{row['gain']:+.4g}, 95 % {row['gain_low']:+.4g} to {row['gain_high']:+.4g}"
    return Markup(
        f'<svg class="whisker{" worse" if row["gain_high"] < 0 else ""}" viewBox="0 0 150 16" role="img" aria-label="{told}"><title>{told}</title>'
        f'<line class="zero" x1="75" x2="75" y1="0" y2="16"/><line class="range" x1="{x(row["gain_low"])}" x2="{x(row["gain_high"])}" y1="8" y2="8"/>'
        f'<circle cx="{x(row["gain"])}" cy="8" r="3.4"/></svg>'
    )


def gap(one: Row) -> Markup:
    """The gap closed with its interval, from -0.5 to 1."""
    if one["gap_closed"] is None or not one["ci"]:
        return Markup("")

    def x(value: float) -> float:
        return round(4 + 142 * (min(1.0, max(-0.5, value)) + 0.5) / 1.5, 1)

    low, high = one["ci"]
    told = f"gap closed {one['gap_closed']:.2f}, 95 % {low:.2f} to {high:.2f}"
    return Markup(
        f'<svg class="whisker{" worse" if low <= 0 else ""}" viewBox="0 0 150 16" role="img" aria-label="{told}"><title>{told}</title>'
        f'<line class="zero" x1="{x(0)}" x2="{x(0)}" y1="0" y2="16"/><line class="axis" x1="{x(1)}" x2="{x(1)}" y1="0" y2="16"/>'
        f'<line class="range" x1="{x(low)}" x2="{x(high)}" y1="8" y2="8"/><circle cx="{x(one["gap_closed"])}" cy="8" r="3.4"/></svg>'
    )


def strip(names: Sequence[str], dots: Sequence[tuple[str, float]]) -> Markup:
    """One row a name, one dot a value, on an axis that holds 0 and 1."""
    low, high = min(0.0, *(v for _, v in dots)), max(1.0, *(v for _, v in dots))
    width, height = 520, 34 * len(names) + 24

    def x(value: float) -> float:
        return round(46 + (width - 66) * (value - low) / (high - low), 1)

    drawn = [f'<line class="{"zero" if at == 0 else "axis"}" x1="{x(at)}" x2="{x(at)}" y1="4" y2="{height - 18}"/>' for at in (0, 1)]
    drawn += [f'<text x="{x(at)}" y="{height - 4}" text-anchor="middle">{word}</text>' for at, word in ((0, "rule"), (1, "truth"))]
    for row, name in enumerate(names):
        y = 20 + 34 * row
        marks = "".join(f'<circle cx="{x(v)}" cy="{y}" r="4"><title>{name}: {v:.2f}</title></circle>' for of, v in dots if of == name)
        drawn.append(f'<text x="6" y="{y + 4}">{name}</text><g class="dots">{marks}</g>')
    return Markup(f'<svg class="chart" viewBox="0 0 {width} {height}" role="img" aria-label="gap closed by world">{"".join(drawn)}</svg>')


def swarm(picture: Sequence[Sequence[Any]], told: str) -> Markup:
    """Where the answers of one input lie (explained.told): the taller the more, the warmer the higher the input, grey where it is unknown."""
    most, step = max((count for _, count, _ in picture), default=1), WIDE / COLUMNS
    drawn = [f'<line class="zero" x1="{WIDE / 2}" x2="{WIDE / 2}" y1="0" y2="{TALL}"/>']
    for column, count, rank in picture:
        high = max(2.0, TALL * (count / most) ** 0.5)
        fill = "var(--soft)" if rank is None else f"color-mix(in srgb, var(--odd) {rank:.0%}, var(--main))"
        box = f'x="{column * step + 1:.1f}" width="{step - 2:.1f}" y="{(TALL - high) / 2:.1f}" height="{high:.1f}"'
        drawn.append(f'<rect {box} rx="2" style="fill:{fill}"/>')
    return Markup(f'<svg class="swarm" viewBox="0 0 {WIDE} {TALL}" role="img" aria-label="{told}"><title>{told}</title>{"".join(drawn)}</svg>')
