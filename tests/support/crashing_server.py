"""The real server process with a scripted agent, killed by SIGKILL when it reaches a named point: `python -m tests.support.crashing_server POINT`."""

from __future__ import annotations

import os
import signal
import sys
from typing import Any

import uvicorn
from langchain_core.messages import BaseMessage, HumanMessage

from bot import checkpoints, logs, server, settings, wiring
from domain.engagement.reply import Reply
from tests.support.builders import ScriptedTurn
from tools import registry
from tools.context import TurnContext

DIED = -signal.SIGKILL


class BookingAgent:
    """Proposes on "book", confirms on "yes", accepts offers on "1": the same calls every time, through the real tools."""

    def run(self, history: list[BaseMessage], human: HumanMessage, context: TurnContext) -> ScriptedTurn:
        from langchain_core.messages import AIMessage

        said = str(human.content)
        text, extra = f"heard {said}", {}
        if context.role == "technician":
            result = registry.call("answer_offer", context, {"answer": "accept"})
            text = f"answered {result['ok']}"
        elif said == "book":
            result = registry.call(
                "propose_booking",
                context,
                {"service": "plumbing", "city": "casablanca", "district": "maarif", "start": self._start(context), "address": "zen9at 12"},
            )
            text, extra = f"proposed {result['ok']}", {"proposal_id": result.get("proposal_id")}
        elif said == "yes":
            result = registry.call("confirm_proposal", context, {"proposal_id": self._proposed(history)})
            text = f"confirmed {result['ok']}"
        reply = Reply(text, "fr", "latn", extra=extra)
        return ScriptedTurn([human, AIMessage(text, additional_kwargs={"reply": reply.to_dict()})], reply, context.calls)

    def _start(self, context: TurnContext) -> str:
        slots: dict[str, Any] = registry.call("find_slots", context, {"service": "plumbing", "city": "casablanca", "district": "maarif"})
        return str(slots["slots"][-1]["start"])

    def _proposed(self, history: list[BaseMessage]) -> int:
        known = [m.additional_kwargs.get("reply", {}).get("extra", {}).get("proposal_id") for m in history]
        return next(number for number in reversed(known) if number)


def main() -> None:
    point = sys.argv[1] if len(sys.argv) > 1 else ""

    def die(reached: str) -> None:
        if reached == point:
            os.kill(os.getpid(), signal.SIGKILL)

    checkpoints.on_reached(die if point else None)
    wiring.LateKnowledge.warm = lambda self: None  # type: ignore[method-assign]  # an index built anew after each death would only take the machine's time
    chosen = settings.load()
    logs.configure("WARNING")
    app = server.build(chosen, agent=None if os.environ.get("CRASH_REAL_AGENT") else BookingAgent())
    uvicorn.run(app, host=chosen.host, port=chosen.port, log_config=None, access_log=False)


if __name__ == "__main__":
    main()
