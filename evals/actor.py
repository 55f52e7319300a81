"""A language model plays the person of a scenario, with a persona and a goal; what it does wrong is its own fault and never the agent's."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage

from bot.brain.understanding.base import Understander
from bot.middleware.notes import text_of
from bot.settings import Settings
from bot.wiring import House
from domain.clock import to_local
from domain.engagement.reply import locale_of
from domain.files import read_yaml
from evals.graders.values import plain, values
from evals.person import Answers, Asked, NoFact, PersonFault
from evals.player import MakePerson
from evals.records import PlayedTurn
from evals.scenario import Scenario

WORDS = Path(__file__).with_name("actor.yaml")
#: Values a person may not make up. A bare number is left out: "2" answers a list.
BOUND = ("amount", "ref", "time", "date", "phone")
#: Awaited -> entities one of which an answer must hold, where the reader finds any entity at all.
ANSWERS = {"place": ("city", "district", "address"), "time": ("date", "time", "part", "start"), "service": ("service", "issue"), "booking": ("ref",)}
SAME_AT_MOST = 2


class Contradiction(PersonFault):
    """The person says a value that neither its facts nor the agent gave."""


class OffTheQuestion(PersonFault):
    """The person answers something that was not asked, and not what was."""


class OutOfRole(PersonFault):
    """The person speaks as a model, or as the company, or in another script."""


class Loop(PersonFault):
    """The person says the same again and again."""


@dataclass
class Actor:
    """`model`: any chat model. Its messages are checked before they are sent; the first fault ends the conversation."""

    scenario: Scenario
    model: BaseChatModel
    understander: Understander
    now: datetime  # local
    respelled: bool = False  # a model has its own way to write
    said: list[str] = field(default_factory=list)

    def answer(self, asked: Asked) -> str:
        """The next words. Raises PersonFault (its kind opens the message); what the model's provider raises is a fault of the person too."""
        data = _data()
        try:
            answer = self.model.invoke([SystemMessage(self._manual()), *_story(asked.turns), HumanMessage(self._asked(asked))])
        except Exception as error:
            raise PersonFault(f"silent: the model that plays the person failed: {type(error).__name__}: {str(error)[:120]}") from error
        text = text_of(answer).strip().strip('"')
        if not text:
            raise PersonFault("silent: the model that plays the person said nothing")
        if data["unknown"].strip("[]").casefold() in text.casefold():
            raise NoFact(f"no fact for {asked.awaiting!r}, which the agent awaits")
        check(text, asked, self.scenario, self.understander, self.said, self.now)
        self.said.append(text)
        return text

    def _manual(self) -> str:
        data, scenario = _data(), self.scenario
        facts = "\n".join(f"- {key}: {value if isinstance(value, str) else ', then '.join(value)}" for key, value in scenario.facts.items())
        first = next((s.say for s in scenario.turns if s.say), "")
        return str(data["manual"]).format(
            persona=scenario.persona, goal=scenario.goal or f"what you wrote first: {first!r}", facts=facts or "-", unknown=data["unknown"],
            speech=data["speech"][locale_of(scenario.language, scenario.script)],
        )  # fmt: skip

    def _asked(self, asked: Asked) -> str:
        data = _data()
        options = ", ".join(f"{n}. {o.get('title')}" for n, o in enumerate(asked.options, 1)) or data["no_options"]
        return str(data["asked"]).format(awaiting=asked.awaiting, options=options)


def check(text: str, asked: Asked, scenario: Scenario, understander: Understander, before: Sequence[str], now: datetime) -> None:
    """Raises the PersonFault of a message that a person with these facts would not write at this point."""
    if match := _data()["out_of_role"].search(text):
        raise OutOfRole(f"out of role: the person says {match[0]!r}")
    if len(text.split()) > 3 and understander.understand(text).script != scenario.script:
        raise OutOfRole(f"out of role: the person writes in another script than {scenario.script}: {text!r}")
    if sum(_same(text) == _same(other) for other in before) >= SAME_AT_MOST:
        raise Loop(f"loop: the person says {text!r} for the {SAME_AT_MOST + 1}rd time")
    written = [s.say or " ".join(s.burst or ()) for s in scenario.turns]
    given = "\n".join([*_facts(scenario.facts), *written, *(text for turn in asked.turns for text in turn.texts)])
    known = {(v.kind, v.value) for v in values(given, now)} | {("time", (h, 0)) for h in _numbers(given) if h < 24}
    hours = {(h % 12, m) for kind, (h, m) in ((k, v) for k, v in known if k == "time")}
    for value in values(text, now):
        if value.kind not in BOUND or (value.kind, value.value) in known:
            continue
        if value.kind == "time" and (value.value[0] % 12, value.value[1]) in hours:
            continue
        raise Contradiction(f"contradicts its facts: the person says {value.kind} {value.value}, which nobody gave: {text!r}")
    heard = dict(understander.understand(text, context=_last(asked.turns)).entities)
    kinds = ANSWERS.get(asked.awaiting)
    others = {name for known_kinds in ANSWERS.values() for name in known_kinds} - set(kinds or ())
    answered = not kinds or any(heard.get(k) for k in kinds) or _is_fact(text, scenario.facts.get(asked.awaiting))
    if not answered and any(heard.get(k) for k in others):
        raise OffTheQuestion(f"off the question: {asked.awaiting} was asked, the person answers {text!r}")


def actor(model: str, settings: Settings) -> MakePerson:
    """Plays people with a language model named as BRICOL_MODEL would name it ("openai:gpt-4.1-mini"). Raises SettingsError."""
    from bot.models import provider

    asked = provider(model, settings)
    return played_by(asked)


def played_by(model: BaseChatModel) -> MakePerson:
    """`person=` of evals.player.play, from any chat model."""

    def make(scenario: Scenario, house: House) -> Answers:
        return Actor(scenario, model, house.understander, to_local(house.clock.now()))

    return make


def _story(turns: Sequence[PlayedTurn]) -> list[Any]:
    """The conversation as the person sees it: their own words are the model's, the company's are the other side's."""
    story: list[Any] = []
    for turn in turns:
        if turn.said and turn.action not in ("at", "technician", "agent"):
            story.append(AIMessage(turn.said))
        story += [HumanMessage(text) for text in turn.texts]
    return story


def _last(turns: Sequence[PlayedTurn]) -> str | None:
    return next((turn.texts[-1] for turn in reversed(turns) if turn.texts), None)


def _facts(facts: Mapping[str, str | list[str]]) -> list[str]:
    return [text for value in facts.values() for text in ([value] if isinstance(value, str) else value)]


def _is_fact(text: str, fact: str | list[str] | None) -> bool:
    return fact is not None and _same(text) in {_same(f) for f in ([fact] if isinstance(fact, str) else fact)}


def _same(text: str) -> str:
    return re.sub(r"\W+", " ", text.casefold()).strip()


def _numbers(text: str) -> set[int]:
    return {int(n) for n in re.findall(r"(?<!\w)\d{1,2}(?!\w)", plain(text))}


@cache
def _data() -> dict[str, Any]:
    raw: dict[str, Any] = read_yaml(WORDS)
    return {**raw, "out_of_role": re.compile("|".join(f"(?:{p})" for p in raw["out_of_role"]), re.IGNORECASE | re.MULTILINE)}
