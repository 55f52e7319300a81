"""Draws the pages people read: one run, or several side by side; each one file that needs no network."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from evals.report import charts, views
from evals.report.baseline import VERDICTS, WORSE, Comparison
from evals.report.costs import DEFAULT
from evals.report.document import GROUPS, Report, plays

FOLDER = Path(__file__).parent
ARABIC = range(0x0600, 0x0700)
OPEN = 6  # transcripts shown unfolded


def write(report: Report, path: Path, comparison: Comparison | None = None, before: Report | None = None) -> None:
    """The page of one run; `before` is the report `comparison` was made with."""
    entries, summary = report["scenarios"], report["summary"]
    scripts_differ = len(summary["by"]["locale"]) != len(summary["by"]["language"])
    groups = {name: summary["by"][name] for name in GROUPS if name != ("language" if scripts_differ else "locale")}
    start = charts.axis_start([of["pass"] for members in groups.values() for of in members.values()])
    _render(
        "page.html.jinja",
        path,
        summary=summary,
        entries=entries,
        groups=groups,
        start=start,
        reading=views.worth_reading(report, comparison, before),
        comparison=comparison,
        verdicts=VERDICTS,
        worse=WORSE,
        findings=views.findings(entries),
        answers=views.answers(entries),
        openings=views.openings(entries),
        readings=views.readings(report, before) if before else None,
        tools=views.tools(entries),
        funnel=charts.bars(views.funnel(entries), sum(e["plays"] for e in entries)),
        proposals=views.proposals(entries),
        latency=charts.curves({"": views.latencies(entries)}, "share of turns", "milliseconds", logarithmic=True),
        money=charts.curves({"": views.costs(entries)}, "share of scenarios", "MAD for one conversation"),
        dear=sorted(entries, key=lambda e: -e["cost"]["mad"])[:5],
        tariff=DEFAULT.relative_to(FOLDER.parent.parent),
    )


def write_models(reports: Mapping[str, Report], comparisons: Mapping[str, Comparison], path: Path) -> None:
    """The page that holds several runs side by side, each against the first."""
    summaries = {name: r["summary"] for name, r in reports.items()}
    groups = {group: sorted({member for s in summaries.values() for member in s["by"][group]}) for group in ("suite", "locale", "channel")}
    start = charts.axis_start([of["pass"] for s in summaries.values() for by in s["by"].values() for of in by.values()])
    _render(
        "models.html.jinja",
        path,
        summaries=summaries,
        comparisons=comparisons,
        groups=groups,
        start=start,
        apart=_apart(reports),
        latency=charts.curves({n: views.latencies(r["scenarios"]) for n, r in reports.items()}, "share of turns", "milliseconds", logarithmic=True),
        money=charts.curves({n: views.costs(r["scenarios"]) for n, r in reports.items()}, "share of scenarios", "MAD for one conversation"),
        verdicts=VERDICTS,
    )


def _render(template: str, path: Path, **shown: Any) -> None:
    pages = Environment(loader=FileSystemLoader(FOLDER), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    pages.filters["percent"] = lambda share: f"{share:.1%}"
    pages.filters["direction"] = direction
    pages.globals["intervals"] = charts.intervals
    pages.globals["plays"] = plays
    style = Markup((FOLDER / "style.css").read_text(encoding="utf-8"))  # ours: nothing of a report is in it
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(pages.get_template(template).render(style=style, open_first=OPEN, **shown), encoding="utf-8")


def direction(text: str) -> str:
    """rtl where most letters are Arabic."""
    letters = [c for c in text if c.isalpha()]
    return "rtl" if 2 * sum(ord(c) in ARABIC for c in letters) > len(letters) else "ltr"


def _apart(reports: Mapping[str, Report]) -> list[dict[str, Any]]:
    """Scenarios not all of the runs did alike, with each run's passes."""
    found: dict[str, dict[str, Any]] = {}
    for name, report in reports.items():
        for entry in report["scenarios"]:
            row = found.setdefault(entry["id"], {"id": entry["id"], "suite": entry["suite"], "runs": {}})
            why = entry["simulator_fault"] or "; ".join(entry["why"][:1])
            row["runs"][name] = {"share": entry["passes"] / entry["plays"] if entry.get("plays") else float(entry["passed"]), "why": why}
    return [row for row in found.values() if len({run["share"] for run in row["runs"].values()}) > 1 or len(row["runs"]) < len(reports)]
