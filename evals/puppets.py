"""Stand-ins for the agent in one conversation: those that do nothing, to see which scenarios nothing can pass."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from bot import history, turn
from bot.inline import InlineWorker
from bot.turn import Gathered, Played, Scene
from domain.engagement.reply import Reply, locale_of
from evals.scenario import Scenario, Step

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
        assert self.scenario is not None
        return locale_of(self.scenario.language, self.scenario.script)

    def reply(self, text: str, **more: Any) -> Reply:
        assert self.scenario is not None
        return Reply(text, self.scenario.language, self.scenario.script, **more)

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


@cache
def _words() -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = yaml.safe_load(WORDS.read_text(encoding="utf-8"))
    return found


def words(what: str, locale: str) -> str:
    return _words()[what][locale]
