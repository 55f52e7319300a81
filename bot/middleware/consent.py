"""Consent, whatever the brain: what is agreed to is asked in our own words, and nothing is confirmed before the person's own yes to exactly that."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Sequence
from typing import Any

from langchain.agents.middleware import AgentMiddleware, ModelRequest, ModelResponse
from langchain.agents.middleware.types import ToolCallRequest
from langchain_core.messages import AIMessage, AnyMessage, ToolMessage

from bot.brain.asking import agreed, question
from bot.brain.state import KINDS
from bot.brain.understanding.base import Understander
from bot.middleware.facts import read_facts
from bot.middleware.mirror import wanted_locale
from bot.middleware.notes import AgentContext, is_final, last_of, result_of, this_turn
from bot.middleware.reply import with_reply

log = logging.getLogger(__name__)

CONFIRM = "confirm_proposal"


class Consent(AgentMiddleware):
    """The embedded brain asks and hears by the same rules and is trusted (its messages cannot be forged: bot.provider keeps words and calls only).

    A language model that proposed gets its last words replaced by the question of the proposal; its confirmation of anything that
    the person's message does not agree to is answered with `no_yes` and never reaches the tool.
    """

    def __init__(self, understander: Understander) -> None:
        super().__init__()
        self._understander = understander

    def wrap_model_call(self, request: ModelRequest[Any], handler: Callable[[ModelRequest[Any]], ModelResponse[Any]]) -> ModelResponse[Any]:
        response = handler(request)
        last = last_of(response)
        if not is_final(last):
            return response
        made = _proposed(this_turn(request.messages))
        if made is None:
            return response
        tool, result = made
        context: AgentContext = request.runtime.context
        facts = context.facts or read_facts(context)
        reply = question(tool, result, facts, wanted_locale(context, request.messages))
        return ModelResponse(result=[*response.result[:-1], with_reply(last, reply)])

    def wrap_tool_call(self, request: ToolCallRequest, handler: Callable[[ToolCallRequest], Any]) -> Any:
        call, messages = request.tool_call, request.state["messages"]
        if call["name"] != CONFIRM or _by_brain(messages, str(call["id"])):
            return handler(request)
        context: AgentContext = request.runtime.context  # type: ignore[assignment]
        facts = context.facts or read_facts(context)
        wanted, said_yes_to = call["args"].get("proposal_id"), agreed(messages, facts, self._understander)
        if said_yes_to is not None and str(wanted) == str(said_yes_to):
            return handler(request)
        log.warning("turn %s: a confirmation without the person's yes was refused", context.turn_key)
        context.calls.append({"tool": CONFIRM, "args": dict(call["args"]), "ok": False, "ms": 0.0})
        cure = {"ok": False, "error": "no_yes", "asked": said_yes_to}
        return ToolMessage(json.dumps(cure), name=CONFIRM, tool_call_id=str(call["id"]))


def _proposed(turn: Sequence[AnyMessage]) -> tuple[str, dict[str, Any]] | None:
    """The last proposal of this turn when a language model made it."""
    for place in range(len(turn) - 1, -1, -1):
        message = turn[place]
        if isinstance(message, ToolMessage) and message.name in KINDS and isinstance(result_of(message).get("proposal_id"), int):
            return None if _by_brain(turn[:place], message.tool_call_id) else (message.name, result_of(message))
    return None


def _by_brain(messages: Sequence[AnyMessage], call_id: str) -> bool:
    """Whether the embedded brain wished for this call: the latest wish of that id counts, ids can be chosen."""
    for message in reversed(messages):
        if isinstance(message, AIMessage) and any(str(c["id"]) == call_id for c in message.tool_calls):
            return "confidence" in message.additional_kwargs
    return False
