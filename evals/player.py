"""Plays one scenario against the real service code and lets the graders judge it."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import select

from bot import takeover
from bot.inline import InlineWorker
from bot.turn import Played as PlayedByBot
from bot.wiring import House
from channels.base import InboundMessage
from domain.store.conversations import conversation_for
from domain.store.tables import Conversation, OutboxRow
from domain.store.world import snapshot
from evals import stage
from evals.changes import changed
from evals.graders import state, words
from evals.person import NoFact, Person
from evals.records import Played, PlayedTurn
from evals.scenario import Scenario, Step


def play(
    scenario: Scenario,
    model: str = "embedded",
    at_end: Callable[[House], None] | None = None,
    *,
    trial: int = 0,
    seed: int = 0,
    inject: Sequence[str] = (),
) -> Played:
    """The whole conversation, judged. A scenario that breaks the service itself fails with the reason; nothing is raised.

    `at_end` sees the house before it is torn down. Trial 0 is played as written; later ones may respell what the person says, by `seed`.
    """
    played = Played(scenario.id, scenario.suite, scenario.language, scenario.script, scenario.channel)
    played.known_failure = KNOWN_FAILURE in scenario.tags
    played.tags, played.path = list(scenario.tags), scenario.path
    played.trial, played.seed, played.inject = trial, seed, list(inject)
    with tempfile.TemporaryDirectory(prefix="bricol-scenario-") as folder:
        house = stage.build(scenario, Path(folder), model)
        try:
            _Play(scenario, house, played).run()
            if at_end is not None:
                at_end(house)
        except NoFact as fault:
            played.simulator_fault = str(fault)
        except Exception as error:
            played.why.append(f"the service failed: {error.__class__.__name__}: {error}")
        finally:
            house.close()
    return played


KNOWN_FAILURE = "known_failure"  # a tag


class _Play:
    """One scenario on its stage: who writes, what they last got, and what was already seen of the outbox."""

    def __init__(self, scenario: Scenario, house: House, played: Played) -> None:
        self.scenario, self.house, self.played = scenario, house, played
        self.worker = InlineWorker(house, technicians=scenario.technicians)
        self.sender = f"web-{scenario.phone[1:]}" if scenario.channel == "web" else scenario.phone
        self.person = Person(scenario.facts, self._last_code)
        self.number = self.person_turns = self.seen = self.step_number = 0
        self.last_delivery: list[InboundMessage] = []
        self.awaiting: str | None = None
        self.options: list[dict[str, str]] = []
        with house.db.transaction() as session:
            talk = conversation_for(session, scenario.channel, self.sender, house.clock.now())
            if scenario.channel == "web":
                talk.claimed_phone = scenario.phone
            session.flush()
            self.conversation = talk.id
            self.snapshots = [snapshot(session)]  # of the store: before the first turn, then after each
        self.world_refs = frozenset(row["ref"] for row in self.snapshots[0]["bookings"]) - {
            row["booking"].get("ref") for row in scenario.given if "booking" in row
        }

    def run(self) -> None:
        for number, step in enumerate(self.scenario.turns, 1):
            self.step_number = number
            before = len(self.played.turns)
            self._step(step)
            turns = self.played.turns[before:]
            if step.expect and turns:
                # what a step of several turns must show, it must show at its last
                self.played.why += [f"turn {number} ({step.action}): {w}" for w in words.failures(step.expect, turns[-1], stage.understander())]
        if self.person_turns > self.scenario.max_turns:
            self.played.why.append(f"{self.person_turns} turns of the person, {self.scenario.max_turns} at most")
        self.played.why += state.failures(self.scenario.after, self.snapshots[-1], self.world_refs)
        self.played.why += words.anywhere(self.scenario.never, self.scenario.ever, self.played.turns)

    def _step(self, step: Step) -> None:
        if step.say is not None:
            self._say("say", self._inbound("text", step.say))
        elif step.burst is not None:
            self._say("burst", *(self._inbound("text", text) for text in step.burst))
        elif step.location is not None:
            self._say("location", self._inbound("location", "", step.location.model_dump()))
        elif step.voice is not None:
            self._say("voice", self._inbound("voice", "", {"url": "https://media.invalid/voice.ogg", **step.voice}))
        elif step.photo is not None:
            self._say("photo", self._inbound("photo", str(step.photo.get("caption", "")), {"url": "https://media.invalid/photo.jpg", **step.photo}))
        elif step.button is not None:
            self._say("button", self._tap(step.button))
        elif step.redeliver is not None:
            self._record("redeliver", "", self.worker.deliver(self.last_delivery))
        elif step.converse is not None:
            self._converse(step.converse)
        elif step.at is not None:
            self.house.clock.set(step.at)  # type: ignore[attr-defined]
            self._record("at", step.at.isoformat(), self.worker.tick())
        elif step.technician is not None:
            self.number += 1
            message = InboundMessage("sms", f"scenario-{self.number}", step.technician.phone, "text", step.technician.say)
            self._record("technician", step.technician.say, self.worker.deliver([message]))
        elif step.agent is not None:
            takeover.write(self.house, self.conversation, step.agent.desk, step.agent.say)
            self._record("agent", step.agent.say, self.worker.settle())

    def _converse(self, turns: int) -> None:
        for _ in range(turns):
            if self.awaiting is None or self.person_turns >= self.scenario.max_turns:
                return
            self._say("converse", self._inbound("text", self.person.answer(self.awaiting)))

    def _say(self, action: str, *messages: InboundMessage) -> None:
        self.person_turns += 1
        self.last_delivery = list(messages)
        self._record(action, " | ".join(m.text for m in messages), self.worker.deliver(messages))

    def _inbound(self, kind: Any, text: str, payload: dict[str, Any] | None = None) -> InboundMessage:
        self.number += 1
        return InboundMessage(self.scenario.channel, f"scenario-{self.number}", self.sender, kind, text, payload or {})

    def _tap(self, button: str | int) -> InboundMessage:
        offered = self.options
        found = [o for n, o in enumerate(offered, 1) if button in (n, str(n), o["payload"])]
        if not found:
            raise NoFact(f"button {button!r} is not among the options {[o['payload'] for o in offered]}")
        return self._inbound("button", found[0]["title"], {"payload": found[0]["payload"]})

    def _record(self, action: str, said: str, turns: list[PlayedByBot]) -> None:
        """Writes down what the person got since the last step, in the order it left."""
        mine = [t for t in turns if t.conversation_id == self.conversation]
        with self.house.db.transaction() as session:
            rows = session.scalars(
                select(OutboxRow)
                .where(OutboxRow.conversation_id == self.conversation, OutboxRow.id > self.seen, OutboxRow.status.not_in(("dropped", "failed")))
                .order_by(OutboxRow.id)
            ).all()
            replies = [dict(row.reply) for row in rows if row.author == "bot"]
            self.seen = max((row.id for row in rows), default=self.seen)
            owner = session.get_one(Conversation, self.conversation).owner
            self.snapshots.append(snapshot(session))
        if replies:
            self.awaiting, self.options = replies[-1].get("awaiting"), list(replies[-1].get("options") or [])
        calls = [call for t in mine for call in t.calls]
        heard = next((t.understanding for t in reversed(mine) if t.understanding), None)
        changes = changed(*self.snapshots[-2:])
        ms, tokens = round(sum(t.ms for t in mine), 1), sum(t.tokens for t in mine)
        self.played.turns.append(PlayedTurn(action, said, replies, calls, owner, ms, tokens, self.step_number, heard, changes))

    def _last_code(self) -> str | None:
        """The digits of the last code that was sent to this person's phone."""
        with self.house.db.transaction() as session:
            row = session.scalars(
                select(OutboxRow).where(OutboxRow.category == "code", OutboxRow.to == self.scenario.phone).order_by(OutboxRow.id.desc()).limit(1)
            ).first()
        found = re.search(r"\d{4,8}", row.reply["text"]) if row else None
        return found.group() if found else None
