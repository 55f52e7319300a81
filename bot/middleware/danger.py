"""Danger comes first: safety advice and emergency numbers open the reply and a person is called, whatever the brain says. No setting turns it off."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from typing import Any

from langchain.agents.middleware import AgentMiddleware, ModelRequest, ModelResponse
from langchain_core.messages import AIMessage, AnyMessage, ToolMessage

from bot.brain.understanding.danger import names_a_number
from bot.middleware.notes import AgentContext, is_final, last_of, results, this_turn
from domain.engagement.reply import Reply
from prompts import replies
from tools.context import TurnContext

log = logging.getLogger(__name__)

#: Calls one tool by name; `tools.registry.call` in service.
CallTool = Callable[[str, TurnContext, dict[str, Any]], dict[str, Any]]


class Danger(AgentMiddleware):
    """Reads `context.hazard` (found before the turn began) and completes the final answer; `speechless` stands in when no brain gives one."""

    def __init__(self, call: CallTool, speechless: Callable[[AgentContext], AIMessage]) -> None:
        super().__init__()
        self._call = call
        self._speechless = speechless

    def wrap_model_call(self, request: ModelRequest[Any], handler: Callable[[ModelRequest[Any]], ModelResponse[Any]]) -> ModelResponse[Any]:
        context: AgentContext = request.runtime.context
        try:
            response = handler(request)
        except Exception:
            if context.hazard is None:
                raise
            log.exception("no brain answered a danger in turn %s; the advice goes out alone", context.turn_key)
            response = ModelResponse(result=[self._speechless(context)])
        last = last_of(response)
        if context.hazard is None or not is_final(last):
            return response
        called = [] if escalated(this_turn(request.messages)) else self._escalate(context)
        return ModelResponse(result=[*response.result[:-1], *called, with_advice(last, context.hazard)])

    def _escalate(self, context: AgentContext) -> list[AnyMessage]:
        """Calls the tool as a model would, and leaves the same trace in the transcript."""
        args = {"reason": "danger", "priority": "urgent", "note": context.said[:300]}
        result = self._call("escalate_to_human", context, args)
        wish = {"name": "escalate_to_human", "args": args, "id": "danger", "type": "tool_call"}
        return [
            AIMessage("", tool_calls=[wish]),
            ToolMessage(json.dumps(result, ensure_ascii=False), name="escalate_to_human", tool_call_id="danger"),
        ]


def escalated(turn: Any) -> bool:
    return any(tool == "escalate_to_human" and args.get("reason") == "danger" and result.get("ok") for tool, args, result in results(turn))


def with_advice(message: AIMessage, hazard: str) -> AIMessage:
    """The same answer, opened by what to do at once, unless it already says whom to call."""
    reply = Reply.from_dict(message.additional_kwargs["reply"])
    if names_a_number(reply.text):
        return message
    advice = replies.render(f"safety.{hazard}", reply.locale)
    safe = Reply(**{**vars(reply), "text": f"{advice}\n\n{reply.text}".strip()})
    return message.model_copy(update={"content": safe.text, "additional_kwargs": {**message.additional_kwargs, "reply": safe.to_dict()}})
