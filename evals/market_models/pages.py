"""Draws one page per trained model, and an index: what it is bad at, whether it keeps its word, for whom, and from which data. No network."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from bot import models_command
from bot.learnt import ARTIFACTS, features
from domain.files import read_yaml
from domain.learning.asof import Feature
from evals.market import plots
from evals.market_models import details, drawings, known, reader_page, weak

FOLDER = Path(__file__).parent
STYLE = FOLDER.parent / "report" / "style.css"
Row = dict[str, Any]
#: Parts of examined.json that a page shows; a file written before one of them was kept lacks it.
SECTIONS = ("reliability", "slices", "behind", "quantiles", "explained", "curves", "worlds", "tables")
#: What pages.yaml may say of a model, and of one of its curves.
WORDS: Row = {"title": "", "what": "", "use": "", "never": "", "loss": "", "said": "said", "seen": "seen", "curves": {}}
WORDS |= dict.fromkeys(("moves", "still", "bias", "unit", "range"), "")
CURVE = {"title": "", "x": "", "y": "", "note": ""}


def write(folder: Path, artifacts: Path = ARTIFACTS, live: Mapping[str, Any] | None = None) -> list[Path]:
    """index.html and <name>.html for every model of `artifacts`; returns what was written. `live`: name -> bot.live.Live, what real outcomes say."""
    folder.mkdir(parents=True, exist_ok=True)
    told = {one["name"]: one for one in models_command.told(artifacts)}
    written, rows = [], []
    for name, one in sorted(told.items()):
        shown = _shown(one, artifacts / name, (live or {}).get(name))
        written.append(_render("model.html.jinja", folder / f"{name}.html", **shown))
        rows.append(
            {**one, "title": shown["words"]["title"], "page": f"{name}.html", "passed": shown["model"]["passed"], "drawing": drawings.gap(one)}
        )
    order = sorted(rows, key=lambda row: (not row["passed"], row["name"]))
    return [_render("index.html.jinja", folder / "index.html", rows=order, passed=sum(row["passed"] for row in rows)), *written]


def _shown(one: Row, place: Path, live: Any) -> Row:
    words = {**WORDS, "title": one["name"]} | _words().get(one["name"], {})
    shown: Row = {
        "words": words, "model": {**one, "passed": bool(one["serving"])}, "live": _live(live, words), "simulated": True,
        "tiles": [], "worst": None, "weak": [], "whole": {}, "slice_count": 0, "chance": 0, "calibration": "", "reliability": [],
        "audit_plan": "", "coverage": 0.95, "rivals": [], "figure_names": [], "curves": [], "inputs": [], "explained": [], "slices": {},
        "slices_of": {}, "quantiles": [], "tables": [], "facts": [], "worlds": [], "read": [], "hidden": {}, "sources": [], "missing": [],
        "absent": dict.fromkeys(SECTIONS, ""),
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
    slices = {kind: [{**row, "drawing": drawings.whisker(row, rows)} for row in rows] for kind, rows in audit.get("slices", {}).items()}
    slices_of = audit.get("slices_of") or {kind: len(rows) for kind, rows in slices.items()}
    count = sum(slices_of.values())
    figures = measured.get("figures") or {}
    losses = sorted((measured.get("losses") or {}).items(), key=lambda item: item[1] if item[1] is not None else float("inf"))
    again = f"Not in this run. Measure it: bricol eval models {one['name']} --audit"
    return {
        "model": {**one, "passed": bool(entry.get("serving")), "metric": entry.get("metric")},
        "tiles": _tiles(entry, whole),
        "worst": audit.get("worst") if audit else None,
        "weak": weak.sentences(audit, measured, words),
        "whole": whole,
        "coverage": audit.get("coverage", 0.95),
        "slice_count": count,
        "chance": max(1, round(0.025 * count)) if count else 0,
        "calibration": plots.agreement(audit["reliability"], words["said"], words["seen"]) if audit.get("reliability") else "",
        "reliability": audit.get("reliability", []),
        "quantiles": _quantiles(audit),
        "audit_plan": _plan(audit.get("plan")),
        "rivals": [{"name": who, "loss": loss, "figures": figures.get(who, {})} for who, loss in losses],
        "figure_names": list(dict.fromkeys(name for told in figures.values() for name in told)),
        "curves": _curves(entry, measured, audit, words),
        "inputs": _inputs(entry, audit),
        "explained": _explained(audit),
        "slices": slices,
        "slices_of": slices_of,
        "facts": _facts(entry, measured, audit),
        "worlds": audit.get("worlds", []),
        "read": audit.get("tables", []),
        "hidden": audit.get("hidden", {}),
        "sources": (entry.get("data") or {}).get("sources", []),
        "absent": {section: again if section not in audit else "" for section in SECTIONS},
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


def _curves(entry: Row, measured: Row, audit: Row, words: Row) -> list[tuple[str, Markup, Sequence[str], str]]:
    """(title, drawing, names of its lines, note)."""
    found: list[tuple[str, Markup, Sequence[str], str]] = []
    trials, rule = measured.get("trials") or [], entry.get("baseline_name")
    worlds = sorted({trial["world"] for trial in trials})
    if len(trials) > 1 and rule:
        gaps = [(trial["world"], _closed(trial["losses"], str(rule))) for trial in trials]
        note = "Gap closed in each simulated market, one dot a seed. W1 is smooth, W2 has steps and heavy tails, W3 drifts and holds cheats."
        found.append(("World by world", drawings.strip(worlds, [(world, gap) for world, gap in gaps if gap is not None]), (), note))
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
    for name, told in (audit.get("curves") or {}).items():
        said = CURVE | words["curves"].get(name, {})
        lines = {"this model" if who == "model" else "truth" if who == "oracle" else who: (told["x"], line) for who, line in told["lines"].items()}
        drawing = plots.lines(lines, said["x"], said["y"], from_zero=False)
        found.append((said["title"] or name, drawing, tuple(lines), said["note"]))
    return found


def _closed(losses: Row, rule: str) -> float | None:
    room = losses[rule] - losses["oracle"]
    return (losses[rule] - losses["model"]) / room if room > 0 else None


def _inputs(entry: Row, audit: Row) -> list[Row]:
    """From the code's own feature set where this model has one, else what the examination kept of them, or their names alone."""
    read = features(entry["name"])
    if read is not None:
        return known.inputs(read.features)
    names = [Feature(name, "", "") for name in (entry.get("features") or {}).get("names", [])]
    kept: list[Row] = audit.get("inputs") or known.inputs(names)
    return kept


def _explained(audit: Row) -> list[Row]:
    """What moves the answers, by what was asked: the strongest input first, with its share of the strongest and its picture.

    A file from before pictures were kept has `contributions` alone.
    """
    bars = [{"name": name, "moves": moves, "picture": []} for name, moves in audit.get("contributions", {}).items()]
    older = {"": {"unit": "", "rows": 0, "reach": 0, "inputs": sorted(bars, key=lambda row: -row["moves"])}} if bars else {}
    found = []
    for asked, told in audit.get("explained", older).items():
        most = max((row["moves"] for row in told["inputs"]), default=0.0) or 1.0
        rows = [
            {**row, "part": row["moves"] / most, "drawing": drawings.swarm(row["picture"], f"{row['name']}: {row['moves']:.3g} {told['unit']}")}
            for row in told["inputs"]
        ]
        found.append({**told, "asked": asked, "inputs": rows})
    return found


def _quantiles(audit: Row) -> list[Row]:
    """One row a level: who said it -> the share that came true below."""
    found: dict[float, Row] = {}
    for row in audit.get("quantiles") or []:
        found.setdefault(row["level"], {})[row["who"]] = row
    return [{"level": level, "by": by} for level, by in found.items()]


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


def _words() -> dict[str, Row]:
    found: dict[str, Row] = read_yaml(FOLDER / "pages.yaml")
    return found


def _render(template: str, path: Path, **shown: Any) -> Path:
    pages = Environment(loader=FileSystemLoader(FOLDER), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    pages.filters["percent"] = lambda share: f"{share:.1%}"
    pages.filters["four"] = lambda value: "" if value is None else f"{value:.4g}"
    pages.filters["signed"] = lambda value: f"{value:+.3g}"
    style = Markup(STYLE.read_text(encoding="utf-8"))  # ours: nothing of a report is in it
    path.write_text(pages.get_template(template).render(style=style, **shown), encoding="utf-8")
    return path
