"""What a run says on the terminal: failures with the first wrong turn, the table of suites, the comparison."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from evals.report.baseline import VERDICTS, WORSE, Comparison
from evals.report.document import Entry, Report, surprises
from evals.report.junit import transcript

#: Turns that no grader names, as they are told.
GUESSED = {"doubtful": "no turn is known to be wrong; the first that did not go smoothly", "parted": "first turn unlike a trial that passed"}
SHOWN = 12  # scenarios listed per verdict of a comparison


def show(report: Report, console: Console, verbose: bool = False, comparison: Comparison | None = None) -> None:
    """Failures first, then suites, then one line. With a baseline its `comparison` names the wrong turns of what got worse."""
    summary = report["summary"]
    wrong = surprises(report["scenarios"])
    known_better = {c.id for c in comparison.of(*WORSE) if c.turn} if comparison else set()
    for entry in wrong:
        explain(entry, console, verbose, guess=entry["id"] not in known_better)
    if summary["trials"] > 1:
        _table(report, console)
    else:
        for name, of in summary["by"]["suite"].items():
            console.print(f"{name:12} {of['passed']:4}/{of['scenarios']}")
    known, faults = summary["known_failures"], summary["simulator_faults"]
    told = f"{summary['passed']} of {summary['scenarios']} scenarios passed, {faults} with a fault of the simulated person, {known} known to fail"
    console.print(told, style="red" if wrong else "green", soft_wrap=True)
    cost = summary["cost"]
    plays = f"{summary['trials']} trials each, " if summary["trials"] > 1 else ""
    times = f"turns {summary['turn_ms']['p50']:.0f} ms (p95 {summary['turn_ms']['p95']:.0f})"
    console.print(f"{plays}{cost['wall_seconds']:.0f} s, {cost['tokens']} tokens, {cost['mad']:.4f} MAD, {times}", style="dim", soft_wrap=True)


def explain(entry: Entry, console: Console, verbose: bool, guess: bool = True) -> None:
    """One failure. `guess`: where no grader names a turn, the first that did not go smoothly is shown as what may have gone wrong."""
    if entry["passed"]:
        console.print(f"PASSED {entry['id']}, which is tagged known_failure: strike the tag", style="red")
        return
    trials = f" in {entry['plays'] - entry['passes']} of {entry['plays']} trials" if entry["plays"] > 1 else ""
    console.print(f"FAILED {entry['id']}{trials}", style="red", soft_wrap=True)
    if entry["simulator_fault"]:
        console.print(f"  the simulated person could not go on: {entry['simulator_fault']}", markup=False, soft_wrap=True)
    for reason in entry["why"]:
        console.print(f"  {reason}", markup=False, soft_wrap=True)
    how = entry["wrong_turn_is"]
    if (turn := entry["first_wrong_turn"]) and (guess or how not in GUESSED):
        how = GUESSED.get(how, "first wrong turn")
        console.print(f"  {how}: {_turn(entry, turn)}", markup=False, soft_wrap=True)
    for line in transcript(entry) if verbose else ():
        console.print(f"  {line}", markup=False, soft_wrap=True, style="dim")


def compared(comparison: Comparison, report: Report, console: Console) -> None:
    """Against the baseline: the worst first; silence about what is as before."""
    entries = {e["id"]: e for e in report["scenarios"]}
    console.print("against the baseline:", style="bold")
    for verdict, count in comparison.counts().items():
        style = "red" if verdict in WORSE else "green" if verdict == "fixed" else "dim"
        console.print(f"  {count:4} {verdict} ({VERDICTS[verdict]})", style=style, soft_wrap=True)
        for found in comparison.of(verdict)[:SHOWN] if verdict in (*WORSE, "flaky", "fixed", "other way") else ():
            where = f", turn {found.turn}" if found.turn else ""
            console.print(f"       {found.id}{where}{': ' + found.why if found.why else ''}", markup=False, soft_wrap=True)
            if found.turn and verdict in WORSE:
                console.print(f"         {_turn(entries[found.id], found.turn)}", markup=False, soft_wrap=True)
            if found.parted and verdict != "drifted":
                console.print(f"         {found.parted}", markup=False, soft_wrap=True, style="dim")
    if comparison.change:
        value, low, high = comparison.change
        told = f"{comparison.lost} lost, {comparison.won} won, exact McNemar p = {comparison.p:.3g}"
        console.print(f"  pass^1 {value:+.3f} ({low:+.3f} to {high:+.3f}); {told}", soft_wrap=True)


def side_by_side(reports: dict[str, Report], comparisons: dict[str, Comparison], console: Console) -> None:
    """Models in columns, each against the first."""
    table = Table()
    table.add_column("")
    for name in reports:
        table.add_column(name, justify="right")
    summaries = [r["summary"] for r in reports.values()]
    table.add_row("model", *(str(s["model"]) for s in summaries))
    table.add_row("scenarios", *(str(s["scenarios"]) for s in summaries))
    for k in range(1, max(s["trials"] for s in summaries) + 1):
        table.add_row(f"pass^{k}", *(_share(s, k) for s in summaries))
    table.add_row("turn p50 / p95", *(f"{s['turn_ms']['p50']:.0f} / {s['turn_ms']['p95']:.0f} ms" if "turn_ms" in s else "" for s in summaries))
    table.add_row("cost", *(f"{s['cost']['mad']:.3f} MAD" if "cost" in s else "" for s in summaries))
    against = ["", *(f"{c.lost} lost, {c.won} won, p = {c.p:.3g}" for c in comparisons.values())]
    table.add_row("against the first", *against)
    console.print(table)


def _table(report: Report, console: Console) -> None:
    table = Table()
    table.add_column("suite")
    table.add_column("scenarios", justify="right")
    for k in range(1, report["summary"]["trials"] + 1):
        table.add_column(f"pass^{k}", justify="right")
    for name, of in [*report["summary"]["by"]["suite"].items(), ("all", report["summary"])]:
        table.add_row(name, str(of["scenarios"]), *(f"{p['value']:.3f} ({p['low']:.2f}-{p['high']:.2f})" for p in of["pass"]))
    console.print(table)


def _share(summary: dict[str, object], k: int) -> str:
    value = summary.get(f"pass^{k}")
    return f"{value:.3f}" if isinstance(value, float | int) else ""


def _turn(entry: Entry, number: int) -> str:
    if number > len(entry["turns"]):
        return f"{number}. (did not happen)"
    turn = entry["turns"][number - 1]
    answers = " / ".join(r["text"] for r in turn["replies"]) or "(silence)"
    return f"{number}. {turn['action']} {turn['said']!r} -> {answers}"
