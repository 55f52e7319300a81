"""Draws one page per trained model, and an index: what it is bad at, whether it keeps its word, for whom, and from which data. No network."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from bot import models_command
from bot.learnt import ARTIFACTS, features
from evals.market import plots
from evals.market_models import details, reader_page

FOLDER = Path(__file__).parent
STYLE = FOLDER.parent / "report" / "style.css"
Row = dict[str, Any]


def write(folder: Path, artifacts: Path = ARTIFACTS, live: Mapping[str, Any] | None = None) -> list[Path]:
    """index.html and <name>.html for every model of `artifacts`; returns what was written. `live`: name -> bot.live.Live, what real outcomes say."""
    folder.mkdir(parents=True, exist_ok=True)
    told = {one["name"]: one for one in models_command.told(artifacts)}
    written, rows = [], []
    for name, one in sorted(told.items()):
        shown = _shown(one, artifacts / name, (live or {}).get(name))
        written.append(_render("model.html.jinja", folder / f"{name}.html", **shown))
        rows.append({**one, "title": shown["words"]["title"], "page": f"{name}.html", "passed": shown["model"]["passed"], "drawing": _gap(one)})
    order = sorted(rows, key=lambda row: (not row["passed"], row["name"]))
    return [_render("index.html.jinja", folder / "index.html", rows=order, passed=sum(row["passed"] for row in rows)), *written]


def _shown(one: Row, place: Path, live: Any) -> Row:
    words = {"title": one["name"], "what": "", "use": "", "never": "", "loss": "", "said": "said", "seen": "seen"} | _words().get(one["name"], {})
    shown: Row = {
        "words": words, "model": {**one, "passed": bool(one["serving"])}, "live": _live(live, words), "simulated": True,
        "tiles": [], "worst": None, "weak": [], "whole": {}, "slice_count": 0, "chance": 0, "calibration": "", "audit_plan": "",
        "rivals": [], "curves": [], "inputs": [], "contributions": {}, "slices": {}, "tables": [], "facts": [], "sources": [], "missing": [],
    }  # fmt: skip
    if (place / "model.json").exists():
        return shown | _market(one, place, words)
    return shown | reader_page.shown(place)


def _market(one: Row, place: Path, words: Row) -> Row:
    """What model.json and examined.json say; an unreadable entry shows its reason alone."""
    try:
        entry = json.loads((place / "model.json").read_text(encoding="utf-8"))
    except ValueError:
        return {}
    measured, audit = entry.get("measured") or {}, details.read(place) or {}
    whole = audit.get("whole", {})
    slices = {kind: [{**row, "drawing": _whisker(row, rows)} for row in rows] for kind, rows in audit.get("slices", {}).items()}
    count = sum(len(rows) for rows in slices.values())
    losses = sorted((measured.get("losses") or {}).items(), key=lambda item: item[1] if item[1] is not None else float("inf"))
    missing = (
        [] if audit else [f"Slices, calibration and learning curve are not kept for this model; measure it: bricol eval models {one['name']} --audit"]
    )
    return {
        "model": {**one, "passed": bool(entry.get("serving")), "metric": entry.get("metric")},
        "tiles": _tiles(entry, whole),
        "worst": audit.get("worst") if audit else None,
        "whole": whole,
        "slice_count": count,
        "chance": max(1, round(0.025 * count)) if count else 0,
        "calibration": plots.agreement(audit["reliability"], words["said"], words["seen"]) if audit.get("reliability") else "",
        "audit_plan": _plan(audit.get("plan")),
        "rivals": [{"name": who, "loss": loss, "figures": (measured.get("figures") or {}).get(who, {})} for who, loss in losses],
        "curves": _curves(entry, measured, audit),
        "inputs": _inputs(entry, audit.get("contributions", {})),
        "contributions": audit.get("contributions", {}),
        "slices": slices,
        "facts": _facts(entry, measured, audit),
        "sources": (entry.get("data") or {}).get("sources", []),
        "missing": missing,
    }


def _tiles(entry: Row, whole: Row) -> list[tuple[str, str]]:
    found = []
    if entry.get("gap_closed") is not None:
        low, high = entry["ci"]
        found.append((f"{entry['gap_closed']:.2f}", f"of the gap from the best rule to the truth closed ({low:.2f} to {high:.2f})"))
    for key, name in (("value", "its loss"), ("baseline", f"the rule's: {entry.get('baseline_name') or 'rule'}"), ("oracle", "the truth's")):
        if entry.get(key) is not None:
            found.append((f"{entry[key]:.4g}", name))
    if "inside" in whole:
        found.append((f"{whole['inside']:.1%}", "of outcomes within the range"))
    if entry.get("latency_ms") is not None:
        found.append((f"{entry['latency_ms']:.2g} ms", "an answer, 95 of 100 times"))
    return found


def _curves(entry: Row, measured: Row, audit: Row) -> list[tuple[str, Markup, Sequence[str], str]]:
    found: list[tuple[str, Markup, Sequence[str], str]] = []
    trials, rule = measured.get("trials") or [], entry.get("baseline_name")
    worlds = sorted({trial["world"] for trial in trials})
    if len(trials) > 1 and rule:
        gaps = [(trial["world"], _closed(trial["losses"], str(rule))) for trial in trials]
        note = "Gap closed in each simulated market, one dot a seed. W1 is smooth, W2 has steps and heavy tails, W3 drifts and holds cheats."
        found.append(("World by world", _strip(worlds, [(world, gap) for world, gap in gaps if gap is not None]), (), note))
    curve = audit.get("curve") or []
    if len(curve) > 1:
        x = [point["share"] for point in curve]
        series = {"this model": (x, [point["loss"] for point in curve])}
        whole = audit["whole"]
        series |= {"best rule": (x, [whole["rule"]] * len(x)), "truth": (x, [whole["oracle"]] * len(x))}
        drawing = plots.lines(series, "share of the past it was shown", "loss", from_zero=False)
        found.append(
            ("What more data would bring", drawing, tuple(series), "Where the curve is still falling at the right end, more visits would help.")
        )
    return found


def _closed(losses: Row, rule: str) -> float | None:
    room = losses[rule] - losses["oracle"]
    return (losses[rule] - losses["model"]) / room if room > 0 else None


def _inputs(entry: Row, contributions: Mapping[str, float]) -> list[Row]:
    """From the code's own feature set where this model has one, else the names that the entry kept; the strongest first."""
    known = features(entry["name"])
    most = max(contributions.values(), default=0.0) or 1.0
    rows: list[Row] = []
    if known is not None:
        for each in known.features:
            since = f"the past of the {each.entity.removesuffix('_id')}" if each.source else "the moment of asking"
            rows.append({"name": each.name, "meaning": each.meaning, "family": each.family, "since": since})
    else:
        rows = [{"name": name, "meaning": "", "family": "", "since": ""} for name in (entry.get("features") or {}).get("names", [])]
    for row in rows:
        row["moves"] = contributions.get(row["name"], 0.0)
        row["part"] = row["moves"] / most
    return sorted(rows, key=lambda row: -row["moves"])


def _facts(entry: Row, measured: Row, audit: Row) -> list[tuple[str, str]]:
    data = entry.get("data") or {}
    facts = [("version", entry.get("version")), ("taught by", f"{data['rows']:,} rows, sha256 {data['sha256'][:12]}" if data.get("rows") else None)]
    facts += [("judged on", f"{measured['judged_rows']:,} later rows; {_plan(measured.get('plan'))}" if measured.get("judged_rows") else None)]
    facts += [("this page's slices", f"{audit['judged_rows']:,} later rows; {_plan(audit['plan'])}" if audit else None)]
    facts += [("parameters of the markets", (measured.get("parameters") or "")[:12])]
    facts += [(name, f"sha256 {digest[:12]}") for name, digest in (entry.get("files") or {}).items()]
    return [(name, value) for name, value in facts if value]


def _plan(plan: Row | None) -> str:
    if not plan:
        return ""
    seeds = "seed" if plan["seeds"] == 1 else "seeds"
    worlds = "world" if len(plan["worlds"]) == 1 else "worlds"
    size = f"about {plan['bookings']:,} bookings, {plan['technicians']:,} technicians, {plan['days']} days"
    return f"{len(plan['worlds'])} {worlds} x {plan['seeds']} {seeds} of {size}"


def _live(live: Any, words: Row) -> Row | None:
    if live is None:
        return None
    drawing = plots.agreement(live.reliability, words["said"], words["seen"]) if len(live.reliability) > 1 else ""
    return {"lines": live.lines, "drawing": drawing}


def _whisker(row: Row, rows: Sequence[Row]) -> Markup:
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


def _gap(one: Row) -> Markup:
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


def _strip(names: Sequence[str], dots: Sequence[tuple[str, float]]) -> Markup:
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


def _words() -> dict[str, Row]:
    found: dict[str, Row] = yaml.safe_load((FOLDER / "pages.yaml").read_text(encoding="utf-8"))
    return found


def _render(template: str, path: Path, **shown: Any) -> Path:
    pages = Environment(loader=FileSystemLoader(FOLDER), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    pages.filters["percent"] = lambda share: f"{share:.1%}"
    pages.filters["four"] = lambda value: "" if value is None else f"{value:.4g}"
    pages.filters["signed"] = lambda value: f"{value:+.3g}"
    style = Markup(STYLE.read_text(encoding="utf-8"))  # ours: nothing of a report is in it
    path.write_text(pages.get_template(template).render(style=style, **shown), encoding="utf-8")
    return path
