"""Plays one scenario against the real service code and lets the graders judge it."""

from __future__ import annotations

import logging
import random
import re
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from sqlalchemy import select

from bot import takeover
from bot.inline import InlineWorker
from bot.redact import RedactingFilter
from bot.turn import Played as PlayedByBot
from bot.wiring import House
from channels.base import InboundMessage
from domain.clock import to_local
from domain.store.conversations import conversation_for
from domain.store.tables import Conversation, OutboxRow
from domain.store.world import snapshot
from evals import inject as faults
from evals import stage
from evals.changes import broken_at, changed
from evals.findings import Finding
from evals.graders import consent, grounding, privacy, speech, state, tone, words
from evals.graders.case import read_case
from evals.graders.judge import Judge
from evals.graders.measures import measures
from evals.noise import VERBATIM, Noise
from evals.person import Answers, Asked, NoFact, Person, PersonFault
from evals.puppets import Puppet
from evals.records import Played, PlayedTurn
from evals.scenario import Scenario, Step

KNOWN_FAILURE = "known_failure"  # a tag
#: Builds the worker of a conversation; the audit's agents that do nothing come in here.
MakeWorker = Callable[[House, Scenario, int, frozenset[str]], InlineWorker]
MakePerson = Callable[[Scenario, House], Answers]


def play(
    scenario: Scenario,
    model: str = "embedded",
    at_end: Callable[[House], None] | None = None,
    *,
    trial: int = 0,
    seed: int = 0,
    inject: Iterable[str] = (),
    person: MakePerson | None = None,
    worker: MakeWorker | None = None,
    judge: Judge | None = None,
) -> Played:
    """The whole conversation, judged. A scenario that breaks the service itself fails with the reason; nothing is raised.

    `trial` 0 says what is written; others respell it, by `seed`. `inject`: names of evals.inject.FAULTS. `person`: who answers in
    place of the facts (evals.actor). `worker`: who plays the turns (evals.audit). `judge`: calibrated, its opinion is told.
    `at_end` sees the house before it is torn down.
    Raises ValueError for a fault that does not exist.
    """
    played = Played(scenario.id, scenario.suite, scenario.language, scenario.script, scenario.channel)
    played.known_failure = KNOWN_FAILURE in scenario.tags
    played.tags, played.path = list(scenario.tags), scenario.path
    broken = faults.faults(inject)
    played.trial, played.seed, played.inject = trial, seed, sorted(broken)
    with tempfile.TemporaryDirectory(prefix="bricol-scenario-") as folder, _heard_logs() as logs:
        house = stage.build(scenario, Path(folder), model)
        try:
            faults.put_before(house, broken, model)
            _Play(scenario, house, played, logs, broken, person, worker, judge).run()
            if at_end is not None:
                at_end(house)
        except PersonFault as fault:
            played.simulator_fault = str(fault)
        except Exception as error:
            told = f"the service failed: {error.__class__.__name__}: {error}"
            found(played, Finding("service", told, len(played.turns) or None))
        finally:
            house.close()
    return played


def found(played: Played, *findings: Finding) -> None:
    """Keeps the findings; hard ones fail the scenario and are said in `why`."""
    played.findings += findings
    played.why += [f.why for f in findings if f.hard]


class _Play:
    """One scenario on its stage: who writes, what they last got, and what was already seen of the outbox."""

    def __init__(
        self,
        scenario: Scenario,
        house: House,
        played: Played,
        logs: list[str],
        inject: frozenset[str],
        person: MakePerson | None,
        worker: MakeWorker | None,
        judge: Judge | None,
    ) -> None:
        self.scenario, self.house, self.played, self.logs, self.inject = scenario, house, played, logs, inject
        self.judge = judge
        self.sender = stage.sender(scenario)
        self.noise = Noise(scenario.language, played.trial, played.seed, scenario.id)
        self.person: Answers = person(scenario, house) if person is not None else Person(scenario.facts, self._last_code)
        self.number = self.person_turns = self.seen = self.step_number = 0
        self.places: dict[int, int] = {}
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
        self.worker = worker(house, scenario, self.conversation, self.world_refs) if worker is not None else self._worker()

    def _worker(self) -> InlineWorker:
        if not self.inject:
            return InlineWorker(self.house, technicians=self.scenario.technicians)
        draw = random.Random(f"{self.played.seed}:{self.played.trial}:{self.scenario.id}")
        return faults.FaultyWorker(self.house, technicians=self.scenario.technicians, inject=self.inject, draw=draw)

    def run(self) -> None:
        for number, step in enumerate(self.scenario.turns, 1):
            self.step_number = number
            if isinstance(self.worker, Puppet):
                self.worker.begin(step)
            before = len(self.played.turns)
            self._step(step)
            turns = self.played.turns[before:]
            if step.converse is not None and not turns:
                turns = self.played.turns[-1:]  # nothing was asked: then what was last said must show it
            if step.expect and turns:
                # what a step of several turns must show, it must show at its last
                now = to_local(self.house.clock.now())
                for finding in words.failures(step.expect, turns[-1], stage.understander(), now):
                    found(self.played, replace(finding, why=f"turn {number} ({step.action}): {finding.why}", turn=len(self.played.turns)))
        if isinstance(self.worker, Puppet):
            self.worker.end()
            with self.house.db.reading() as session:
                self.snapshots.append(snapshot(session))
        if self.person_turns > self.scenario.max_turns:
            why = f"{self.person_turns} turns of the person, {self.scenario.max_turns} at most"
            found(self.played, Finding("turns", why, expected=self.scenario.max_turns, got=self.person_turns))
        self._judge()

    def _judge(self) -> None:
        scenario, played = self.scenario, self.played
        with self.house.db.reading() as session:
            case = read_case(
                session, self.conversation, language=scenario.language, script=scenario.script, rules=self.house.rules,
                places=self.places, logs=self.logs,
            )  # fmt: skip
        end = self.snapshots[-1]
        if "late-status" in self.inject:
            for row in end["messages"]:  # statuses moved on: that is the fault, not the end state
                row["status"] = "sent" if row["status"] in ("delivered", "read") else row["status"]
        for table, rows in scenario.after.items():
            for wanted in rows:
                for finding in state.failures({table: [wanted]}, end, self.world_refs):
                    found(played, replace(finding, turn=broken_at(table, wanted, self.snapshots, self.world_refs)))
        found(played, *words.anywhere(scenario.never, scenario.ever, played.turns, to_local(self.house.clock.now())))
        found(played, *self._sent_twice())
        for grader in (consent, privacy, grounding, tone):
            found(played, *grader.findings(case))
        found(played, *speech.findings(case, stage.understander()))
        if self.judge is not None:
            found(played, *self.judge.findings(case))
        played.measures = measures(scenario, played, end)

    def _sent_twice(self) -> Iterator[Finding]:
        for name, channel in self.house.channels.items():
            if isinstance(channel, stage.RecordingChannel):
                for row, times in Counter(m.id for m in channel.sent).items():
                    if times > 1:
                        yield Finding("twice", f"outbox {row} left {times} times on {name}", expected=1, got=times)

    def _step(self, step: Step) -> None:
        if step.say is not None:
            self._say("say", self._inbound("text", self.noise(step.say)))
        elif step.burst is not None:
            self._say("burst", *(self._inbound("text", self.noise(text)) for text in step.burst))
        elif step.location is not None:
            self._say("location", self._inbound("location", "", step.location.model_dump()))
        elif step.voice is not None:
            self._say("voice", self._inbound("voice", "", {"url": "https://media.invalid/voice.ogg", **step.voice}))
        elif step.photo is not None:
            caption = self.noise(str(step.photo.get("caption", "")))
            self._say("photo", self._inbound("photo", caption, {"url": "https://media.invalid/photo.jpg", **step.photo}))
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
            asked = Asked(self.awaiting, tuple(self.options), tuple(self.played.turns))
            words_ = self.person.answer(asked)
            self._say("converse", self._inbound("text", words_ if self.awaiting in VERBATIM or not self.person.respelled else self.noise(words_)))

    def _say(self, action: str, *messages: InboundMessage) -> None:
        self.person_turns += 1
        self.last_delivery = list(messages)
        self._record(action, " | ".join(m.text for m in messages), self.worker.deliver(messages))

    def _inbound(self, kind: Any, text: str, payload: dict[str, Any] | None = None) -> InboundMessage:
        self.number += 1
        return InboundMessage(self.scenario.channel, f"scenario-{self.number}", self.sender, kind, text, payload or {})

    def _tap(self, button: str | int) -> InboundMessage:
        offered = self.options
        tapped = [o for n, o in enumerate(offered, 1) if button in (n, str(n), o["payload"])]
        if not tapped:
            raise NoFact(f"button {button!r} is not among the options {[o['payload'] for o in offered]}")
        return self._inbound("button", tapped[0]["title"], {"payload": tapped[0]["payload"]})

    def _record(self, action: str, said: str, turns: list[PlayedByBot]) -> None:
        """Writes down what the person got since the last step, in the order it left."""
        mine = [t for t in turns if t.conversation_id == self.conversation]
        with self.house.db.transaction() as session:
            rows = session.scalars(
                select(OutboxRow)
                .where(OutboxRow.conversation_id == self.conversation, OutboxRow.id > self.seen, OutboxRow.status.not_in(("dropped", "failed")))
                .order_by(OutboxRow.id)
            ).all()
            replies = [{**row.reply, **({"notice": True} if row.turn_id is None else {})} for row in rows if row.author == "bot"]
            self.places |= {row.id: len(self.played.turns) + 1 for row in rows}
            self.seen = max((row.id for row in rows), default=self.seen)
            owner = session.get_one(Conversation, self.conversation).owner
            self.snapshots.append(snapshot(session))
        calls = [call for t in mine for call in t.calls]
        heard = next((t.understanding for t in reversed(mine) if t.understanding), None)
        changes = changed(*self.snapshots[-2:])
        ms, tokens = round(sum(t.ms for t in mine), 1), sum(t.tokens for t in mine)
        turn = PlayedTurn(action, said, replies, calls, owner, ms, tokens, self.step_number, heard, changes)
        if turn.asking is not None:
            self.awaiting, self.options = turn.awaiting, list(turn.asking.get("options") or [])
        self.played.turns.append(turn)

    def _last_code(self) -> str | None:
        """The digits of the last code that was sent to this person's phone."""
        with self.house.db.transaction() as session:
            row = session.scalars(
                select(OutboxRow).where(OutboxRow.category == "code", OutboxRow.to == self.scenario.phone).order_by(OutboxRow.id.desc()).limit(1)
            ).first()
        code = re.search(r"\d{4,8}", row.reply["text"]) if row else None
        return code.group() if code else None


@contextmanager
def _heard_logs() -> Iterator[list[str]]:
    """Log lines as the service would write them: redacted first. What is private in them all the same is a leak."""
    lines: list[str] = []

    class Ear(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(self.format(record))

    ear = Ear(logging.INFO)
    ear.addFilter(RedactingFilter())
    root = logging.getLogger()
    root.addHandler(ear)
    try:
        yield lines
    finally:
        root.removeHandler(ear)
