"""Breaks the stage on purpose while a scenario is played: deliveries twice or out of order, crashes, failing models, late statuses."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatResult
from langchain_core.runnables import Runnable
from sqlalchemy import select

from bot import checkpoints, outbox, turn
from bot.inline import InlineWorker
from bot.turn import Gathered, Played
from bot.wiring import House
from channels.base import InboundMessage, Status, StatusUpdate
from domain.engagement.reply import Reply
from domain.store.tables import Conversation, Turn
from evals.stage import RecordingChannel

#: name -> what it does. The end state of a scenario must be the same with any of them.
FAULTS = {
    "duplicate": "every message is delivered twice at once, and once more after it was answered",
    "reorder": "the parts of a burst arrive shuffled; webhooks of our providers carry no time of their own, so this is the order that counts",
    "crash": "the worker dies between two steps of each turn and of each sending, and is started again",
    "slow-model": "the language model takes longer than it may; with the embedded brain, a model that is never in time is put before it",
    "model-down": "the language model raises on every second call, from the first; with the embedded brain, one that always does is put before it",
    "late-status": "delivery statuses come a step late, twice and backwards",
}
#: Points of bot.checkpoints at which a turn, and a sending, may end; "gathered" is what the workflow engine records.
IN_A_TURN = ("loaded", "answered", "committed")
IN_A_SENDING = ("claimed", "handed_over", "recorded")
PATIENCE = 0.05  # seconds a model gets under slow-model


def faults(names: Iterable[str]) -> frozenset[str]:
    """The names, checked. Raises ValueError naming those that exist."""
    wanted = frozenset(name.strip() for name in names if name.strip())
    if unknown := sorted(wanted - set(FAULTS)):
        raise ValueError(f"unknown fault {unknown[0]!r}; one of {', '.join(FAULTS)}")
    return wanted


class Crash(BaseException):
    """The process is gone: nothing in the house may catch this."""


@dataclass
class FaultyWorker(InlineWorker):
    """An InlineWorker under faults; `draw` decides where they strike, the same for the same seed."""

    inject: frozenset[str] = frozenset()
    draw: random.Random = field(default_factory=lambda: random.Random(0))
    _seen: dict[str, int] = field(default_factory=dict)  # per channel: messages whose statuses are known to be on their way
    _late: list[StatusUpdate] = field(default_factory=list)

    def deliver(self, messages: Sequence[InboundMessage]) -> list[Played]:
        self._bring_late_statuses()
        messages = list(messages)
        if "reorder" in self.inject and len(messages) > 1:
            self.draw.shuffle(messages)
        if "duplicate" not in self.inject:
            return super().deliver(messages)
        first = super().deliver([copy for message in messages for copy in (message, message)])
        return first + super().deliver(messages)

    def tick(self) -> list[Played]:
        self._bring_late_statuses()
        return super().tick()

    def _accept(self, messages: Sequence[InboundMessage]) -> None:
        if "crash" not in self.inject:
            return super()._accept(messages)
        with _Crashing("accepted"):
            super()._accept(messages)
        # started again: every conversation of the store is swept, not only those this process saw
        with self.house.db.reading() as session:
            self.begun.update(session.scalars(select(Conversation.id)))
        return None

    def _play(self, conversation_id: int) -> Played | None:
        if "crash" not in self.inject:
            return super()._play(conversation_id)
        gathered = turn.gather(self.house, conversation_id, window=0)
        if gathered is None:
            return None
        with _Crashing(self.draw.choice(IN_A_TURN)) as struck:
            return turn.play(self.house, gathered)
        assert struck
        return turn.play(self.house, gathered) or self._played(gathered)

    def _send(self) -> list[int]:
        if "crash" not in self.inject:
            return self._sent(super()._send())
        with self.house.db.reading() as session:
            conversations = sorted(c for c, _, _ in outbox.due(session, self.house.clock.now()))
        sent: list[int] = []
        for conversation in conversations:
            with _Crashing(self.draw.choice(IN_A_SENDING)):
                sent += outbox.deliver(self.house, conversation)
            sent += outbox.deliver(self.house, conversation)  # nothing is left of it, unless the first time ended early
        return self._sent(sent or [0] * len(conversations))

    def _played(self, gathered: Gathered) -> Played | None:
        """What a turn that was committed before the crash had done, read from the store as the engine would."""
        with self.house.db.reading() as session:
            row = session.scalars(select(Turn).where(Turn.conversation_id == gathered.conversation_id).order_by(Turn.id.desc())).first()
            if row is None:
                return None
            reply = Reply.from_dict(row.reply) if row.reply else None
            return Played(row.id, row.conversation_id, reply, list(row.calls), row.understanding, row.model, row.tokens, row.ms)

    def _sent(self, rows: list[int]) -> list[int]:
        if "late-status" in self.inject:
            for name, channel in self.house.channels.items():
                if isinstance(channel, RecordingChannel):
                    for message in channel.sent[self._seen.get(name, 0) :]:
                        words: list[Status] = ["read", "sent", "delivered", "failed", "delivered", "queued"]
                        self._late += [StatusUpdate(f"{name}-{message.id}", word) for word in words]
                    self._seen[name] = len(channel.sent)
        return rows

    def _bring_late_statuses(self) -> None:
        late, self._late = self._late, []
        if late:
            outbox.on_status(self.house, late)


@dataclass
class _Crashing:
    """Ends the process, as far as the house can tell, the first time `point` is reached inside the block; leaves the block quietly."""

    point: str

    def __enter__(self) -> bool:
        checkpoints.on_reached(self._reached)
        return True

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> bool:
        checkpoints.on_reached(None)
        return kind is Crash

    def _reached(self, point: str) -> None:
        if point == self.point:
            checkpoints.on_reached(None)
            raise Crash(point)


class FaultyModel(BaseChatModel):
    """Stands before the model that answers. `fails(call)` says which calls (from 0) raise; `behind` None: it never answers at all."""

    behind: Any = None
    fails: Callable[[int], bool] = lambda call: True
    seconds: float = 0.0
    calls: int = 0

    @property
    def _llm_type(self) -> str:
        return "bricol-faulty"

    def bind_tools(self, tools: Sequence[Any], *, tool_choice: str | None = None, **kwargs: Any) -> Runnable[LanguageModelInput, AIMessage]:
        return self.bind(tools=tools, **kwargs)

    def _generate(
        self, messages: list[BaseMessage], stop: list[str] | None = None, run_manager: CallbackManagerForLLMRun | None = None, **kwargs: Any
    ) -> ChatResult:
        call, self.calls = self.calls, self.calls + 1
        time.sleep(self.seconds)
        if self.behind is None or self.fails(call):
            raise TimeoutError("the model does not answer")
        return self.behind._generate(messages, stop, run_manager, **kwargs)


def put_before(house: House, inject: frozenset[str], model: str) -> None:
    """Rebuilds the agent of this house with a failing model before the one it would use; does nothing without a model fault."""
    if not inject & {"slow-model", "model-down"}:
        return
    from bot.agent import build_agent
    from bot.models import EMBEDDED, chat_model
    from bot.provider import Provider

    settings, market, understander = house.settings, house.market, house.understander
    real = None if model == EMBEDDED else chat_model(settings, understander)
    if "slow-model" in inject:
        slow = FaultyModel(seconds=2 * PATIENCE)
        never_in_time = Provider(name="slow", inner=slow, seconds=PATIENCE)
        faulty: BaseChatModel = FaultyModel(behind=real, fails=lambda call: call % 3 == 1, seconds=PATIENCE) if real else never_in_time
    else:
        faulty = FaultyModel(behind=real, fails=lambda call: call % 2 == 0)
    house.late_agent = type(house.late_agent)(lambda: build_agent(settings, market, understander, model=faulty))
