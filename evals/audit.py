"""`bricol eval audit`: shows of each scenario that it can be passed, and that it cannot be passed by doing nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from evals.records import Played
from evals.scenario import Scenario, ScenarioError, files, load

#: Verdicts that are of the agent's way and not of the scenario: an oracle has no conversation to ask for consent in.
NOT_THE_SCENARIO = frozenset(("consent", "privacy", "twice", "grounding"))


@dataclass
class Audited:
    """One scenario. `idle`: agents that pass it by doing nothing. `impossible`: why an oracle fails. `by_hand`: what no tool brought about."""

    id: str
    path: str
    idle: list[str] = field(default_factory=list)
    impossible: list[str] = field(default_factory=list)
    by_hand: list[str] = field(default_factory=list)

    @property
    def good(self) -> bool:
        return not self.idle and not self.impossible


@dataclass
class Audit:
    """`unreadable`: "path:line: what is wrong" of every file that cannot be played."""

    scenarios: list[Audited] = field(default_factory=list)
    unreadable: list[str] = field(default_factory=list)

    @property
    def good(self) -> bool:
        return not self.unreadable and all(s.good for s in self.scenarios)

    def to_dict(self) -> dict[str, Any]:
        idle, impossible = sum(bool(s.idle) for s in self.scenarios), sum(bool(s.impossible) for s in self.scenarios)
        summary = {"scenarios": len(self.scenarios), "unreadable": len(self.unreadable), "passed_idle": idle, "failed_by_oracle": impossible,
                   "by_hand": sum(bool(s.by_hand) for s in self.scenarios)}  # fmt: skip
        return {"summary": summary, "unreadable": self.unreadable, "scenarios": [asdict(s) for s in self.scenarios]}


def audit(paths: Iterable[Path], done: Callable[[Audited], None] = lambda one: None, workers: int = 1) -> Audit:
    """Plays each scenario three times: with an agent that is silent, one that is only polite, and an oracle. `done` hears each as it comes.

    `workers`: processes; the verdicts and their order do not depend on it.
    Raises ScenarioError only for a path that does not exist; files that cannot be read are listed, all of them.
    """
    found = Audit()
    for one in _examined(_readable(paths, found), workers):
        found.scenarios.append(one)
        done(one)
    return found


def _readable(paths: Iterable[Path], found: Audit) -> list[Scenario]:
    """The scenarios below the paths; what is wrong with the others goes to `found`."""
    kept: list[Scenario] = []
    seen: dict[str, str] = {}
    for path in files(paths):
        try:
            scenario = load(path)
        except ScenarioError as error:
            found.unreadable.append(str(error))
            continue
        if scenario is None:
            continue
        if scenario.id in seen:
            found.unreadable.append(f"{path}:1: id {scenario.id!r} is also in {seen[scenario.id]}; ids are unique")
            continue
        seen[scenario.id] = str(path)
        kept.append(scenario)
    return kept


def _examined(scenarios: Sequence[Scenario], workers: int) -> Iterator[Audited]:
    if workers == 1:
        yield from map(examine, scenarios)
        return
    with ProcessPoolExecutor(workers) as pool:
        yield from pool.map(examine, scenarios)


def examine(scenario: Scenario) -> Audited:
    """The three plays of one scenario, without noise or faults."""
    from evals.oracle import Oracle
    from evals.player import play
    from evals.puppets import Polite, Silent

    found = Audited(scenario.id, scenario.path)
    for name, kind in (("silent", Silent), ("polite", Polite)):

        def idle(house: Any, of: Scenario, conversation: int, refs: frozenset[str], kind: Any = kind) -> Any:
            return kind(house, of.technicians, scenario=of, conversation=conversation)

        played = play(scenario, worker=idle)
        if not _failed(played) and played.simulator_fault is None:
            found.idle.append(name)
    oracles: list[Oracle] = []

    def knowing(house: Any, of: Scenario, conversation: int, refs: frozenset[str]) -> Oracle:
        oracles.append(Oracle(house, of.technicians, scenario=of, conversation=conversation, known_refs=refs))
        return oracles[-1]

    played = play(scenario, worker=knowing)
    found.impossible = _failed(played) + ([played.simulator_fault] if played.simulator_fault else [])
    found.by_hand = oracles[0].by_hand if oracles else []
    return found


def _failed(played: Played) -> list[str]:
    return [f.why for f in played.findings if f.hard and f.kind not in NOT_THE_SCENARIO]
