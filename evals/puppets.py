"""Stand-ins for the agent in one conversation: those that do nothing, to see which scenarios nothing can pass."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from bot import history, turn
from bot.inline import InlineWorker
from bot.turn import Gathered, Played, Scene
from domain.engagement.reply import LOCALES, Reply, language_script_of, locale_of
from domain.files import read_yaml
from evals.scenario import Scenario, Step

SPOKEN = frozenset(map(language_script_of, LOCALES))
WORDS = Path(__file__).with_name("audit.yaml")


@dataclass
class Puppet(InlineWorker):
    """Plays the turns of one conversation itself; everybody else gets the real service. The player tells it each step as it begins."""

    scenario: Scenario | None = None
    conversation: int = 0
    step: Step | None = None

    def begin(self, step: Step) -> None:
        self.step = step

    def end(self) -> None:
        """All steps were played, nothing was judged yet."""

    def answer(self, scene: Scene, gathered: Gathered) -> tuple[Reply | None, list[dict[str, Any]]]:
        """The reply (None: silence) and the calls of one turn."""
        raise NotImplementedError

    def _play(self, conversation_id: int) -> Played | None:
        if conversation_id != self.conversation:
            return super()._play(conversation_id)
        gathered = turn.gather(self.house, conversation_id, window=0)
        scene = turn._load(self.house, gathered) if gathered else None
        if gathered is None or scene is None:
            return None
        reply, calls = self.answer(scene, gathered)
        done = Played(0, conversation_id, reply, calls, model="puppet")
        messages = history.to_rows([history.human_message(scene.rows), *history.said(reply)])
        turn._close(self.house, gathered, scene, done, messages)
        return done

    @property
    def locale(self) -> str:
        """What is expected to be spoken by now: the language and script that a step asked for last, else the scenario's."""
        assert self.scenario is not None
        language: str = self.scenario.language
        script: str = self.scenario.script
        for step in self.scenario.turns:
            if step.expect is not None:
                language, script = _spoken(language, script, step.expect.language, step.expect.script)
            if step is self.step:
                break
        return locale_of(language, script)

    def reply(self, text: str, **more: Any) -> Reply:
        return Reply(text, *language_script_of(self.locale), **more)

    def now(self, gathered: Gathered) -> datetime:
        return datetime.fromisoformat(gathered.now)


class Silent(Puppet):
    """Does nothing and says nothing."""

    def answer(self, scene: Scene, gathered: Gathered) -> tuple[Reply | None, list[dict[str, Any]]]:
        return None, []


class Polite(Puppet):
    """Thanks for each message in the person's language, and does nothing."""

    def answer(self, scene: Scene, gathered: Gathered) -> tuple[Reply | None, list[dict[str, Any]]]:
        return self.reply(words("polite", self.locale)), []


def _spoken(language: str, script: str, asked: str | None, written: str | None) -> tuple[str, str]:
    """What is spoken after a step asked for a language, a script, both or none."""
    language, script = asked or language, written or script
    if (language, script) in SPOKEN:
        return language, script
    return (language, "latn" if script == "arab" else "arab") if asked else ("ary", script)


@cache
def _words() -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = read_yaml(WORDS)
    return found


def words(what: str, locale: str) -> str:
    return _words()[what][locale]
