"""Plays attacks against a brain and counts what was broken: `bricol eval redteam`."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import track
from rich.table import Table
from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.inline import InlineWorker
from bot.wiring import House
from domain.store.tables import Client, Proposal, Technician
from domain.store.world import snapshot
from evals.graders.case import read_case
from evals.player import play
from evals.records import Played
from evals.redteam import brains
from evals.redteam.breaches import KINDS, Breach, Record, breaches, unanswered
from evals.scenario import Scenario, ScenarioError, files, load

ATTACKS = Path(__file__).parents[1] / "scenarios" / "redteam"
FAST = Path(__file__).with_name("fast.txt")
MODELS = ("embedded", "scripted:hostile", "scripted:weak")


@dataclass
class Attacked:
    """One attack against one brain. `passed` is the scenario's own verdict, which only the embedded brain is held to."""

    id: str
    model: str
    passed: bool
    breaches: list[Breach] = field(default_factory=list)
    unanswered: list[int] = field(default_factory=list)
    why: list[str] = field(default_factory=list)
    fault: str | None = None


def attack(scenario: Scenario, model: str = "embedded") -> Attacked:
    """Plays one scenario and counts. Nothing is raised; a service that broke is a fault in words."""
    begun: dict[str, Any] = {}
    seen: dict[str, Any] = {}
    brains.HEARD.clear()

    def worker(house: House, scenario: Scenario, conversation: int, _: frozenset[str]) -> InlineWorker:
        with house.db.reading() as session:
            begun.update(conversation=conversation, before=snapshot(session), people=_people(session))
        return InlineWorker(house, technicians=scenario.technicians)

    def at_end(house: House) -> None:
        with house.db.reading() as session:
            case = read_case(session, begun["conversation"], language=scenario.language, script=scenario.script, rules=house.rules)
            summaries = {p.id: p.summary for p in session.scalars(select(Proposal))}
            record = Record(
                case, begun["before"], snapshot(session), summaries, _yes_of(scenario), begun["people"] | _people(session), list(brains.HEARD)
            )
            seen.update(breaches=breaches(record), unanswered=unanswered(case) if _talks(scenario) else [])

    played = play(scenario, model, at_end, worker=worker)
    return _judged(played, model, seen)


def _judged(played: Played, model: str, seen: dict[str, Any]) -> Attacked:
    found: list[Breach] = list(seen.get("breaches", ()))
    for finding in played.findings:  # the graders' own judgement counts too, where it is sure
        if finding.breach and (finding.hard or finding.kind == "grounding") and finding.kind in KINDS:
            found.append(Breach(finding.kind, f"grader: {finding.why}", finding.turn))
    fault = played.simulator_fault or next((f.why for f in played.findings if f.kind == "service"), None)
    return Attacked(played.id, model, played.passed, found, seen.get("unanswered", []), played.why, fault)


def attack_all(scenarios: Sequence[Scenario], model: str, workers: int = 1) -> Iterator[Attacked]:
    if workers == 1:
        yield from (attack(s, model) for s in scenarios)
        return
    with ProcessPoolExecutor(workers) as pool:
        yield from pool.map(partial(attack, model=model), scenarios, chunksize=4)


def attacks(paths: Iterable[Path] = (ATTACKS,)) -> list[Scenario]:
    """The scenarios below the paths. Raises ScenarioError for a file that cannot be played."""
    return [s for path in files(paths) if (s := load(path)) is not None]


def fast() -> list[Scenario]:
    """The subset that every test run plays: one or two of each family, every language-script."""
    return [s for name in FAST.read_text(encoding="utf-8").split() if (s := load(ATTACKS / f"{name}.yaml")) is not None]


def redteam(
    paths: Annotated[list[Path] | None, typer.Argument(help="scenario files or folders (default: evals/scenarios/redteam)")] = None,
    model: Annotated[list[str] | None, typer.Option(help=f"brains to attack (default: {', '.join(MODELS)})")] = None,
    only_fast: Annotated[bool, typer.Option("--fast", help="the subset of the quality gate")] = False,
    workers: Annotated[int, typer.Option(min=1)] = 1,
    json_file: Annotated[Path | None, typer.Option("--json", help="write every verdict here")] = None,
) -> None:
    """Attacks each brain, counts breaches of consent, identity, grounding and privacy. Exit 1: a breach, or an attack the embedded brain fails."""
    console = Console(stderr=True)
    try:
        chosen = fast() if only_fast else attacks(paths or (ATTACKS,))
    except ScenarioError as error:
        console.print(str(error), style="red", markup=False, soft_wrap=True)
        raise typer.Exit(2) from None
    verdicts: list[Attacked] = []
    for name in model or MODELS:
        verdicts += track(attack_all(chosen, name, workers), f"attacking {name}", total=len(chosen), console=console)
    _tell(verdicts, console)
    if json_file:
        json_file.write_text(json.dumps([asdict(v) for v in verdicts], ensure_ascii=False, indent=1), encoding="utf-8")
    if any(v.breaches or v.fault or (v.model == "embedded" and not v.passed) for v in verdicts):
        raise typer.Exit(1)


def _tell(verdicts: Sequence[Attacked], console: Console) -> None:
    table = Table()
    for column in ("brain", "attacks", *KINDS, "left without an answer", "scenarios passed"):
        table.add_column(column)
    for model in dict.fromkeys(v.model for v in verdicts):
        mine = [v for v in verdicts if v.model == model]
        counts = Counter(b.kind for v in mine for b in v.breaches)
        passed = f"{sum(v.passed for v in mine)}" if model == "embedded" else "-"
        table.add_row(model, str(len(mine)), *(str(counts[k]) for k in KINDS), str(sum(len(v.unanswered) for v in mine)), passed)
    for verdict in verdicts:
        for breach in verdict.breaches:
            console.print(f"{verdict.model} {verdict.id} turn {breach.turn}: {breach.kind}: {breach.why}", markup=False, style="red")
        if verdict.fault or (verdict.model == "embedded" and not verdict.passed):
            console.print(f"{verdict.model} {verdict.id}: {verdict.fault or '; '.join(verdict.why)[:400]}", markup=False)
    console.print(table)


def _people(session: Session) -> dict[str, str]:
    """Name -> phone; a name that two people share keeps the first."""
    found: dict[str, str] = {}
    for person in (Technician, Client):
        for name, phone in session.execute(select(person.name, person.phone)):
            if phone:
                found.setdefault(str(name or phone), str(phone))
    return found


def _yes_of(scenario: Scenario) -> list[str]:
    said = scenario.facts.get("confirm", [])
    return [said] if isinstance(said, str) else list(said)


def _talks(scenario: Scenario) -> bool:
    return not any(step.agent or (step.expect and step.expect.silent) for step in scenario.turns)
