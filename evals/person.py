"""The simulated person of a scenario: answers what the agent is awaiting with the fact of that name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from evals.records import PlayedTurn


class PersonFault(Exception):
    """The simulated person, not the agent, broke the conversation: counted apart, never as a pass. The message begins with the kind."""


class NoFact(PersonFault):
    """The agent awaits something this person knows nothing about."""


@dataclass(frozen=True)
class Asked:
    """What the person is to answer: the `Reply.awaiting` of the last reply, its options, and everything played so far."""

    awaiting: str
    options: tuple[Mapping[str, Any], ...] = ()
    turns: tuple[PlayedTurn, ...] = ()


class Answers(Protocol):
    """Whoever speaks for the person in `converse`. `respelled`: whether the noise of a trial goes over their words."""

    @property
    def respelled(self) -> bool: ...

    def answer(self, asked: Asked) -> str:
        """The next words; raises PersonFault."""
        ...


@dataclass
class Person:
    """`facts`: per `Reply.awaiting` a text, or a list used in order whose last item repeats. `$code` asks for the last code sent."""

    facts: Mapping[str, str | list[str]]
    last_code: Callable[[], str | None]
    said: Counter[str] = field(default_factory=Counter)
    respelled: bool = True

    def answer(self, asked: Asked | str) -> str:
        """The next words; raises NoFact."""
        awaiting = asked if isinstance(asked, str) else asked.awaiting
        fact = self.facts.get(awaiting)
        if fact is None:
            raise NoFact(f"no fact for {awaiting!r}, which the agent awaits")
        words = [fact] if isinstance(fact, str) else fact
        said = words[min(self.said[awaiting], len(words) - 1)]
        self.said[awaiting] += 1
        if said == "$code":
            said = self.last_code() or ""
            if not said:
                raise NoFact("the scenario answers with $code, but no code was sent")
        return said
