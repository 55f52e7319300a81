"""Runs the same turn and outbox without a workflow engine, one thing after the other: terminal chat, tests, evaluation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from bot import inbox, outbox, turn
from bot.demo import Policy, pending_answers
from bot.turn import Played
from bot.wiring import House
from channels.base import InboundMessage

ROUNDS = 50  # of work caused by work; more would be a loop


@dataclass
class InlineWorker:
    """Deterministic with a SettableClock: nothing happens but what is called, in a fixed order.

    `technicians`: how simulated technicians answer the offers they get (see bot.demo.Policy); None: nobody answers.
    """

    house: House
    technicians: Policy | None = None
    begun: set[int] = field(default_factory=set)  # conversations that took part; a server on the same store has others

    def deliver(self, messages: Sequence[InboundMessage]) -> list[Played]:
        """Accepts the messages as one delivery, plays every turn they cause and sends what waits. One result per turn."""
        self._accept(messages)
        return self.settle()

    def tick(self) -> list[Played]:
        """What the clock asks for now: due offers, reminders, retries; and the turns that follow from it."""
        from tools.due import run_due

        run_due(self.house.market)
        return self.settle()

    def settle(self) -> list[Played]:
        """Plays and sends until nothing is left to do now."""
        played: list[Played] = []
        for _ in range(ROUNDS):
            with self.house.db.reading() as session:
                conversations = sorted(c for c, _, _ in inbox.waiting(session, self.house.clock.now()) if c in self.begun)
            turns = [done for c in conversations if (done := self._play(c))]
            played += turns
            sent = self._send()
            answers = pending_answers(self.house, self.technicians) if self.technicians else []
            self._accept(answers)
            if not (turns or sent or answers):
                return played
        raise RuntimeError(f"still busy after {ROUNDS} rounds; something answers itself")

    def simulate(self, policy: Policy | None) -> list[Played]:
        """Sets how technicians answer from now on, and lets them answer what is open."""
        self.technicians = policy
        return self.settle()

    def _accept(self, messages: Sequence[InboundMessage]) -> None:
        self.begun.update(arrival.conversation_id for arrival in inbox.accept(self.house, messages))

    def _play(self, conversation_id: int) -> Played | None:
        gathered = turn.gather(self.house, conversation_id, window=0)
        return turn.play(self.house, gathered) if gathered else None

    def _send(self) -> list[int]:
        handled: list[int] = []
        seen: list[tuple[int, int, int]] | None = None
        while (due := self._due()) != seen:  # what failed may have put something else into the queue
            handled += [row for conversation, _, _ in due for row in outbox.deliver(self.house, conversation)]
            seen = due
        return handled

    def _due(self) -> list[tuple[int, int, int]]:
        with self.house.db.reading() as session:
            return sorted(outbox.due(session, self.house.clock.now()))
