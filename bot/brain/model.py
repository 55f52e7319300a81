"""The embedded brain as a chat model: reads the messages it is given, answers with one tool call or the final words."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Any

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models.chat_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.runnables import Runnable

from bot.brain.decide import Decision, decide
from bot.brain.transcript import Transcript, read
from bot.brain.understanding.base import Understander
from domain.engagement.reply import LOCALES, Reply, language_script_of, locale_of
from prompts import replies

log = logging.getLogger(__name__)


class EmbeddedModel(BaseChatModel):
    """Deterministic, without network or store. Never raises: its last resort is a clarifying question.

    A final `AIMessage` carries `additional_kwargs` {"reply": Reply.to_dict(), "confidence": 0..1, "understanding": {...}}.
    """

    understander: Any  # an Understander; pydantic cannot check a Protocol

    def __init__(self, understander: Understander, **kwargs: Any) -> None:
        super().__init__(**{"understander": understander, **kwargs})

    @property
    def _llm_type(self) -> str:
        return "bricol-embedded"

    @property
    def _identifying_params(self) -> dict[str, Any]:
        return {"model": "embedded"}

    def bind_tools(
        self, tools: Sequence[dict[str, Any] | type | Callable[..., Any] | Any], *, tool_choice: str | None = None, **kwargs: Any
    ) -> Runnable[Any, Any]:
        """The flows know the tools by name."""
        return self

    def _generate(
        self, messages: list[BaseMessage], stop: list[str] | None = None, run_manager: CallbackManagerForLLMRun | None = None, **kwargs: Any
    ) -> ChatResult:
        return ChatResult(generations=[ChatGeneration(message=self.answer(messages))])

    def answer(self, messages: Sequence[BaseMessage]) -> AIMessage:
        """The next message of the conversation."""
        transcript = Transcript({}, [], _nothing(), _now())
        try:
            transcript = read(messages)
            return _message(decide(transcript, self.understander), transcript)
        except Exception:  # whatever a strange history does to us, the person gets an answer
            log.exception("the embedded brain could not decide")
            return _last_resort(transcript)


def _message(decision: Decision, transcript: Transcript) -> AIMessage:
    reading = decision.heard.reading
    sure = 1.0 if decision.heard.option or decision.heard.yes or decision.heard.no or decision.heard.code else reading.confidence
    confidence = round(float(sure), 4)
    if decision.call is not None:
        place = len(transcript.past), len(transcript.current.done)
        wish = {"name": decision.call.tool, "args": decision.call.sent, "id": f"brain-{place[0]}-{place[1]}", "type": "tool_call"}
        # a cascade must know how sure the first step of a turn is, too
        return AIMessage("", tool_calls=[wish], additional_kwargs={"confidence": confidence})
    reply = decision.reply
    assert reply is not None
    notes = {"reply": reply.to_dict(), "confidence": confidence, "understanding": reading.to_dict()}
    return AIMessage(reply.text, additional_kwargs=notes)


def _last_resort(transcript: Transcript) -> AIMessage:
    locale = locale_of(str(transcript.facts.get("language") or "ary"), str(transcript.facts.get("script") or "latn"))
    locale = locale if locale in LOCALES else "ary-Latn"
    language, script = language_script_of(locale)
    reply = Reply(replies.render("clarify.what", locale), language, script, None, key="clarify.what", extra={"flow": None})
    return AIMessage(reply.text, additional_kwargs={"reply": reply.to_dict(), "confidence": 0.0, "understanding": None})


def _nothing() -> Any:
    from bot.brain.transcript import Exchange

    return Exchange("")


def _now() -> Any:
    from bot.brain.transcript import moment

    return moment(None)
