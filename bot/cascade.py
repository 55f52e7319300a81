"""The embedded brain first; a language model only where the embedded brain is unsure; the embedded answer again where the model cannot."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.runnables import Runnable
from pydantic import ConfigDict

from bot.provider import ProviderUnavailable

log = logging.getLogger(__name__)


class Cascade(BaseChatModel):
    """`threshold` in 0..1: below this confidence of the embedded brain the provider is asked."""

    model_config = ConfigDict(arbitrary_types_allowed=True)

    embedded: Any
    provider: Any
    threshold: float = 0.8

    @property
    def _llm_type(self) -> str:
        return "bricol-cascade"

    def bind_tools(self, tools: Sequence[Any], *, tool_choice: str | None = None, **kwargs: Any) -> Runnable[LanguageModelInput, AIMessage]:
        return self.bind(tools=tools, **kwargs)

    def _generate(
        self, messages: list[BaseMessage], stop: list[str] | None = None, run_manager: CallbackManagerForLLMRun | None = None, **kwargs: Any
    ) -> ChatResult:
        tools = kwargs.get("tools") or ()
        sure = _asked(self.embedded, messages, tools)
        answer = sure
        if confidence_of(sure) < self.threshold:
            try:
                answer = _asked(self.provider, messages, tools)
            except ProviderUnavailable as error:
                log.warning("cascade stays with the embedded brain: %s", error)
        return ChatResult(generations=[ChatGeneration(message=answer)])


def confidence_of(message: AIMessage) -> float:
    """What the embedded brain says of itself; where it says nothing it is sure (a step that only carries out the last one)."""
    for place in (message.additional_kwargs, message.response_metadata):
        if isinstance(place.get("confidence"), int | float):
            return float(place["confidence"])
    return 1.0


def _asked(model: BaseChatModel, messages: list[BaseMessage], tools: Sequence[Any]) -> AIMessage:
    answer = (model.bind_tools(tools) if tools else model).invoke(messages)
    return answer if isinstance(answer, AIMessage) else AIMessage(str(answer))
