"""`pytest --scenarios PATH`: scenario files as tests, for teams that live in pytest; it loads nothing of Bricol until asked to."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

SUFFIX = ".yaml"


class WentWrong(Exception):
    """A scenario that did not go as it must; shown as its reasons and its conversation, without a stack."""


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("bricol", "Bricol's regression conversations")
    group.addoption("--scenarios", action="append", default=[], metavar="PATH", help="collect the scenario files there as tests (may be repeated)")
    group.addoption("--scenario-model", default="embedded", metavar="MODEL", help="which brain answers; default: embedded")
    group.addoption("--scenario-trials", type=int, default=1, metavar="K", help="plays of each scenario, the first as written; default: 1")
    group.addoption("--scenario-seed", type=int, default=0, metavar="S", help="decides every respelling; default: 0")


def pytest_configure(config: pytest.Config) -> None:
    asked = [str(Path(path).absolute()) for path in config.getoption("--scenarios")]
    if not asked:
        return
    if missing := [path for path in asked if not Path(path).exists()]:
        raise pytest.UsageError(f"--scenarios {missing[0]}: no such file or folder")
    # named alone, the scenarios are what is run; with other paths they are run as well
    named = config.args_source is pytest.Config.ArgsSource.ARGS
    config.args[:] = [*config.args, *(path for path in asked if path not in config.args)] if named else asked


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    asked = [Path(path).absolute() for path in parent.config.getoption("--scenarios")]
    if file_path.suffix == SUFFIX and any(file_path.is_relative_to(path) for path in asked):
        return ScenarioFile.from_parent(parent, path=file_path)
    return None


class ScenarioFile(pytest.File):
    """One YAML document: a test per trial; a world or a list of splits has none."""

    def collect(self) -> Iterator[pytest.Item]:
        from evals.scenario import ScenarioError, load

        try:
            scenario = load(self.path)
        except ScenarioError as error:
            raise self.CollectError(str(error)) from None
        trials = self.config.getoption("--scenario-trials")
        for trial in range(trials) if scenario else ():
            name = scenario.id if trials == 1 else f"{scenario.id}[trial {trial}]"  # type: ignore[union-attr]
            yield ScenarioItem.from_parent(self, name=name, scenario=scenario, trial=trial)


class ScenarioItem(pytest.Item):
    """One play of one scenario. `-k` finds it by suite, language, script, channel and tags."""

    def __init__(self, *, scenario: Any, trial: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.scenario, self.trial = scenario, trial
        locale = f"{scenario.language}-{scenario.script}"
        self.extra_keyword_matches.update((scenario.suite, scenario.language, scenario.script, locale, scenario.channel, *scenario.tags))
        if "known_failure" in scenario.tags:
            self.add_marker(pytest.mark.xfail(reason="tagged known_failure", raises=WentWrong, strict=True))

    def runtest(self) -> None:
        from evals.run import Plan, play_one

        plan = Plan(self.config.getoption("--scenario-model"), seed=self.config.getoption("--scenario-seed"))
        played = play_one(self.scenario, plan, self.trial)
        self.user_properties += [("tokens", played.tokens), ("turns", len(played.turns))]
        if not played.passed:
            raise WentWrong(_told(played))

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        return str(excinfo.value) if isinstance(excinfo.value, WentWrong) else super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int, str]:
        return self.path, 0, f"scenario {self.name}"


def _told(played: Any) -> str:
    from evals.report.document import wrong_turn
    from evals.report.junit import transcript

    turn, _ = wrong_turn(played)
    why = [f"the simulated person could not go on: {played.simulator_fault}"] if played.simulator_fault else []
    return "\n".join([*why, *played.why, "", *transcript({**played.to_dict(), "first_wrong_turn": turn})])
