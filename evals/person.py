"""The simulated person of a scenario: answers what the agent is awaiting with the fact of that name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field


class NoFact(Exception):
    """The agent awaits something this person knows nothing about: the scenario's fault, not the agent's."""


@dataclass
class Person:
    """`facts`: per `Reply.awaiting` a text, or a list used in order whose last item repeats. `$code` asks for the last code sent."""

    facts: Mapping[str, str | list[str]]
    last_code: Callable[[], str | None]
    asked: Counter[str] = field(default_factory=Counter)

    def answer(self, awaiting: str) -> str:
        """The next words; raises NoFact."""
        fact = self.facts.get(awaiting)
        if fact is None:
            raise NoFact(f"no fact for {awaiting!r}, which the agent awaits")
        words = [fact] if isinstance(fact, str) else fact
        said = words[min(self.asked[awaiting], len(words) - 1)]
        self.asked[awaiting] += 1
        if said == "$code":
            said = self.last_code() or ""
            if not said:
                raise NoFact("the scenario answers with $code, but no code was sent")
        return said
