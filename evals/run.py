"""Runs scenarios: every trial of each through the player, over several processes, kept as they come; reports read what comes out."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from domain.files import read_yaml
from evals.findings import Finding
from evals.graders.judge import Calibration
from evals.journal import Journal, digest
from evals.records import Played
from evals.scenario import Scenario, ScenarioError, files, load

SPLITS = Path(__file__).parent / "scenarios" / "splits.yaml"
#: Below this many plays a second process costs more than it brings: each loads the reader and the knowledge for itself.
WORTH_A_POOL = 8


class RunError(Exception):
    """A run that cannot start or go on; the message says why and the cure."""


@dataclass(frozen=True)
class Plan:
    """How to play: `trials` of each scenario (trial 0 without noise), all decided by `seed`."""

    model: str = "embedded"
    trials: int = 1
    workers: int = 1
    seed: int = 0
    inject: tuple[str, ...] = ()
    person: str = ""  # a language model that speaks for the person instead of the facts
    judge: tuple[str, Calibration] | None = None  # a language model that judges politeness, and how far it agreed with people


@dataclass(frozen=True)
class Chosen:
    """Which scenarios of those found are played; an empty choice takes all."""

    suites: tuple[str, ...] = ()
    splits: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()

    def takes(self, scenario: Scenario) -> bool:
        locale = f"{scenario.language}-{scenario.script}"
        return (
            (not self.suites or scenario.suite in self.suites)
            and (not self.languages or scenario.language in self.languages or locale in self.languages)
            and (not self.tags or bool(set(self.tags) & set(scenario.tags)))
            and (not self.splits or any(scenario.id in splits().get(name, ()) for name in self.splits))
        )


def read(paths: Iterable[Path], tell: Callable[[str], None] = lambda line: None) -> list[Scenario]:
    """Every scenario below the paths. Raises ScenarioError with file and line; `tell` hears of files that are none."""
    found: dict[str, Scenario] = {}
    for path in files(paths):
        scenario = load(path)
        if scenario is None:
            tell(f"{path}: no scenario (no id and turns), skipped")
        elif scenario.id in found:
            raise ScenarioError(f"{path}: id {scenario.id!r} is also in {found[scenario.id].path}; ids are unique")
        else:
            found[scenario.id] = scenario
    return list(found.values())


@cache
def splits() -> dict[str, frozenset[str]]:
    """Name -> scenario ids, of evals/scenarios/splits.yaml. Raises RunError where there is none or it is something else."""
    try:
        raw = read_yaml(SPLITS)
        return {str(name): frozenset(map(str, ids)) for name, ids in raw.items()}
    except FileNotFoundError:
        raise RunError(f"{SPLITS}: is not there; --split needs it: a mapping with train, dev and test, each a list of ids") from None
    except (yaml.YAMLError, AttributeError, TypeError) as error:
        raise RunError(f"{SPLITS}: must be a mapping with train, dev and test, each a list of ids ({error})") from None


def check(scenarios: Iterable[Scenario], plan: Plan) -> None:
    """Refuses, before anything is played, what cannot be. Raises ScenarioError or RunError."""
    from bot.models import CASCADE, EMBEDDED, provider
    from bot.settings import Settings, SettingsError
    from evals import inject, stage

    for world in sorted({s.world for s in scenarios}):
        stage.world_file(world)
    try:
        inject.faults(plan.inject)
        settings = Settings(_env_file=None, model=plan.model)  # type: ignore[call-arg]
        if plan.person:
            provider(plan.person, settings)
        if plan.model != EMBEDDED:  # built and thrown away: a missing package or key is told here
            provider(settings.cascade_model if plan.model == CASCADE else plan.model.removeprefix(f"{CASCADE}:"), settings)
    except (SettingsError, ValueError) as error:
        raise RunError(str(error)) from None


def play_all(
    scenarios: Sequence[Scenario], plan: Plan, journal: Journal | None = None, done: Callable[[Played], None] = lambda played: None
) -> list[Played]:
    """Every trial of every scenario, in the order of `scenarios` then trials, whatever order they came in. `done` hears each as it comes.

    Raises RunError when a process of ours died; what was played until then is in the journal.
    """
    wanted = [(scenario, trial) for scenario in scenarios for trial in range(plan.trials)]
    texts = {s.id: digest(s.path) for s in scenarios} if journal else {}
    found: dict[tuple[str, int], Played] = {}
    for scenario, trial in wanted if journal else ():
        assert journal
        if kept := journal.find(scenario.id, trial, texts[scenario.id]):
            found[scenario.id, trial] = kept
            done(kept)
    missing = [(scenario, trial) for scenario, trial in wanted if (scenario.id, trial) not in found]
    for played in _play(missing, plan):
        found[played.id, played.trial] = played
        if journal:
            journal.add(played, texts[played.id])
        done(played)
    return [found[scenario.id, trial] for scenario, trial in wanted]


def play_one(scenario: Scenario, plan: Plan, trial: int) -> Played:
    """One trial; what breaks even the stage fails the scenario, with the reason."""
    from evals.player import KNOWN_FAILURE, play

    begun = time.perf_counter()
    try:
        person, judge = _others(plan.person, plan.judge)
        played = play(scenario, plan.model, trial=trial, seed=plan.seed, inject=plan.inject, person=person, judge=judge)
    except Exception as error:
        why = f"cannot be staged: {error.__class__.__name__}: {error}"
        played = Played(scenario.id, scenario.suite, scenario.language, scenario.script, scenario.channel, [why], findings=[Finding("service", why)])
        played.known_failure = KNOWN_FAILURE in scenario.tags
    played.trial, played.seed, played.inject = trial, plan.seed, list(plan.inject)
    played.tags, played.path = list(scenario.tags), scenario.path
    played.seconds = round(time.perf_counter() - begun, 3)
    return played


@cache
def _others(person: str, judge: tuple[str, Calibration] | None) -> tuple[Any, Any]:
    """The language models that play the person and judge, built once per process."""
    if not person and judge is None:
        return None, None
    from bot.models import provider
    from bot.settings import Settings
    from evals.actor import played_by
    from evals.graders.judge import Judge

    settings = Settings(_env_file=None)  # type: ignore[call-arg]
    who = played_by(provider(person, settings)) if person else None
    return who, Judge(provider(judge[0], settings), judge[1]) if judge else None


def calibrated(judge: str) -> tuple[str, Calibration]:
    """A judge by name and its agreement with the labelled replies. Raises RunError for a model that cannot be used."""
    from bot.models import provider
    from bot.settings import Settings, SettingsError
    from evals.graders.judge import Judge

    try:
        return judge, Judge(provider(judge, Settings(_env_file=None))).calibrate()  # type: ignore[call-arg]
    except SettingsError as error:
        raise RunError(str(error)) from None


def _play(wanted: Sequence[tuple[Scenario, int]], plan: Plan) -> Iterator[Played]:
    if not wanted:
        return
    shortest = min((s for s, _ in wanted), key=lambda s: len(s.turns))
    if plan.workers == 1 or len(wanted) < WORTH_A_POOL:
        _warm(shortest, plan)
        for scenario, trial in wanted:
            yield play_one(scenario, plan, trial)
        return
    with ProcessPoolExecutor(plan.workers, initializer=_warm, initargs=(shortest, plan)) as pool:
        queue = iter(wanted)
        waiting: set[Future[Played]] = set()
        try:
            while True:
                # only a few are handed out at a time: a run that is stopped has little to wait for
                for scenario, trial in queue:
                    waiting.add(pool.submit(play_one, scenario, plan, trial))
                    if len(waiting) >= 3 * plan.workers:
                        break
                if not waiting:
                    return
                ready, waiting = wait(waiting, return_when=FIRST_COMPLETED)
                for future in ready:
                    yield future.result()
        except BrokenProcessPool:
            raise RunError("a process that played scenarios was killed (out of memory?); try --workers 1, and --resume to go on") from None
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def _warm(scenario: Scenario, plan: Plan) -> None:
    """Loads in this process all that a first turn would load, so that no scenario's time holds it."""
    from bot.models import EMBEDDED

    # a language model is not asked for nothing
    play_one(scenario, Plan(EMBEDDED, seed=plan.seed), 0)
