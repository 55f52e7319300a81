"""Keeps one turn finite and alive: model calls, repeated tool calls and time are bounded, and a failing model gives way to the embedded brain."""

from __future__ import annotations

import json
import logging
import time
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from langchain.agents.middleware import AgentMiddleware, ModelRequest, ModelResponse
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage

from bot.middleware.notes import AgentContext, is_final, last_of, text_of, this_turn

log = logging.getLogger(__name__)

MODEL_CALLS = 12
TOOL_CALLS = 24
SAME_CALL = 3  # the same tool with the same arguments: the model goes in circles


class Limits(AgentMiddleware):
    """`embedded`: who answers instead of a model that fails, says nothing or took `seconds` of this turn already."""

    def __init__(self, embedded: BaseChatModel, apology: Callable[[AgentContext], AIMessage], seconds: float) -> None:
        super().__init__()
        self._embedded = embedded
        self._apology = apology
        self._seconds = seconds

    def wrap_model_call(self, request: ModelRequest[Any], handler: Callable[[ModelRequest[Any]], ModelResponse[Any]]) -> ModelResponse[Any]:
        context: AgentContext = request.runtime.context
        context.model_calls += 1
        if context.model_calls > MODEL_CALLS or going_in_circles(this_turn(request.messages)):
            log.warning("turn %s stopped after %d model calls", context.turn_key, context.model_calls)
            return ModelResponse(result=[self._apology(context)])
        if request.model is self._embedded:
            return handler(request)
        if time.perf_counter() - context.began > self._seconds:
            log.warning("turn %s took too long; the embedded brain goes on", context.turn_key)
            return handler(request.override(model=self._embedded))
        try:
            response = handler(request)
        except Exception as error:  # whatever a provider, a network or an adapter throws: the person must not feel it
            log.warning("model failed in turn %s (%s: %s); the embedded brain answers", context.turn_key, type(error).__name__, str(error)[:200])
            return handler(request.override(model=self._embedded))
        if mute(response):
            log.warning("model said nothing in turn %s; the embedded brain answers", context.turn_key)
            return handler(request.override(model=self._embedded))
        return response


def mute(response: ModelResponse[Any]) -> bool:
    """Neither words nor a tool call that can be read; NULs and other characters without a shape are no words."""
    last = last_of(response)
    return is_final(last) and (bool(last.invalid_tool_calls) or not any(c.isprintable() and not c.isspace() for c in text_of(last)))


def going_in_circles(turn: Sequence[Any]) -> bool:
    wanted = [call for m in turn if isinstance(m, AIMessage) for call in m.tool_calls]
    if len(wanted) > TOOL_CALLS:
        return True
    same = Counter((c["name"], json.dumps(c["args"], sort_keys=True, default=str)) for c in wanted)
    return any(n >= SAME_CALL for n in same.values())
