"""Writes a run as JUnit XML, for continuous integration that shows tests."""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path
from xml.etree import ElementTree as Xml

from evals.report.document import Entry, Report, surprises

NOT_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def write(report: Report, path: Path) -> None:
    """One test suite per suite, one case per scenario: a failure is the agent's, an error the simulated person's, a known failure is skipped."""
    wrong = {e["id"] for e in surprises(report["scenarios"])}
    suites: dict[str, list[Entry]] = defaultdict(list)
    for entry in report["scenarios"]:
        suites[entry["suite"]].append(entry)
    root = Xml.Element("testsuites", name="bricol eval", tests=str(len(report["scenarios"])), failures=str(len(wrong)))
    for name, entries in sorted(suites.items()):
        failed = [e for e in entries if e["id"] in wrong]
        errors = [e for e in failed if e["simulator_fault"]]
        counts = {"tests": len(entries), "failures": len(failed) - len(errors), "errors": len(errors)}
        time = f"{sum(e['cost']['seconds'] for e in entries):.3f}"
        suite = Xml.SubElement(root, "testsuite", {"name": name, "time": time, **{k: str(v) for k, v in counts.items()}})
        for entry in entries:
            _case(suite, entry, entry["id"] in wrong)
    path.parent.mkdir(parents=True, exist_ok=True)
    Xml.indent(root)
    Xml.ElementTree(root).write(path, encoding="utf-8", xml_declaration=True)


def _case(suite: Xml.Element, entry: Entry, wrong: bool) -> None:
    named = f"scenarios.{entry['suite']}.{entry['language']}-{entry['script']}"
    case = Xml.SubElement(suite, "testcase", name=entry["id"], classname=named, file=entry["path"], time=f"{entry['cost']['seconds']:.3f}")
    if wrong and entry["passed"]:
        Xml.SubElement(case, "failure", message="tagged known_failure, but passes: strike the tag")
    elif wrong:
        why = [entry["simulator_fault"]] if entry["simulator_fault"] else entry["why"]
        told = Xml.SubElement(case, "error" if entry["simulator_fault"] else "failure", message=_clean(why[0]))
        told.text = _clean("\n".join([*why, "", *transcript(entry)]))
    elif entry["known_failure"]:
        Xml.SubElement(case, "skipped", message=_clean(f"known failure: {'; '.join(entry['why'][:1])}"))


def transcript(entry: Entry) -> list[str]:
    """The conversation as lines of text, the first wrong turn marked."""
    lines = []
    for number, turn in enumerate(entry["turns"], 1):
        mark = ">>" if number == entry.get("first_wrong_turn") else "  "
        calls = f"   [{', '.join(c['tool'] for c in turn['calls'])}]" if turn["calls"] else ""
        lines.append(f"{mark} {number}. {turn['action']}: {turn['said']}{calls}")
        lines += [f"      -> {r['text']}" + (f"   (awaits {r['awaiting']})" if r.get("awaiting") else "") for r in turn["replies"]]
    return lines


def _clean(text: str) -> str:
    return NOT_XML.sub("\ufffd", text)
