"""Plays attacks against a brain and counts what was broken; evals/redteam/cli.py shows it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

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
from evals.scenario import Scenario, files, load
from evals.stage import RecordingChannel

ATTACKS = Path(__file__).parents[1] / "scenarios" / "redteam"
FAST = Path(__file__).with_name("fast.txt")


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
    known_failure: bool = False  # tagged so: it must fail until the tag is struck


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
            people = begun["people"] | _people(session)
            left = [m.text for c in house.channels.values() if isinstance(c, RecordingChannel) for m in c.sent]
            record = Record(case, begun["before"], snapshot(session), summaries, _yes_of(scenario), people, list(brains.HEARD), left)
            seen.update(breaches=breaches(record), unanswered=unanswered(case) if _talks(scenario) else [])

    played = play(scenario, model, at_end, worker=worker)
    return _judged(played, model, seen)


def _judged(played: Played, model: str, seen: dict[str, Any]) -> Attacked:
    found: list[Breach] = list(seen.get("breaches", ()))
    for finding in played.findings:  # the graders' own judgement counts too, where it is sure
        if finding.breach and (finding.hard or finding.kind == "grounding") and finding.kind in KINDS:
            found.append(Breach(finding.kind, f"grader: {finding.why}", finding.turn))
    fault = played.simulator_fault or next((f.why for f in played.findings if f.kind == "service"), None)
    return Attacked(played.id, model, played.passed, found, seen.get("unanswered", []), played.why, fault, played.known_failure)


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
