"""Lets no amount, hour, date, reference, phone number or technician's name leave that this conversation does not support."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from langchain.agents.middleware import AgentMiddleware, ModelRequest, ModelResponse
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, ToolMessage

from bot.middleware.claims import Claim, Evidence, claims
from bot.middleware.facts import MANUAL
from bot.middleware.notes import ASIDE, AgentContext, aside, from_brain, is_final, last_of, result_of, text_of
from prompts import replies

log = logging.getLogger(__name__)

#: What the embedded brain is held to as well. Its words are ours; hours it may have understood from words ("m3a tlata") are not in digits anywhere.
HARD = {"amount", "percent", "ref", "phone"}


class Grounding(AgentMiddleware):
    """A language model is asked once more; then the embedded brain answers; then `withheld` does."""

    def __init__(self, embedded: BaseChatModel, withheld: Callable[[AgentContext], AIMessage]) -> None:
        super().__init__()
        self._embedded = embedded
        self._withheld = withheld

    def wrap_model_call(self, request: ModelRequest[Any], handler: Callable[[ModelRequest[Any]], ModelResponse[Any]]) -> ModelResponse[Any]:
        response = handler(request)
        context: AgentContext = request.runtime.context
        wrong = _wrong(response, request, context)
        if wrong and not from_brain(last_of(response)):
            log.warning("unsupported in turn %s: %s", context.turn_key, ", ".join(c.kind for c in wrong))
            context.model_calls += 1
            note = (MANUAL / "again_grounding.md").read_text(encoding="utf-8").strip().format(claims=", ".join(c.written for c in wrong))
            response = handler(request.override(messages=[*request.messages, last_of(response), aside(note)]))
            wrong = _wrong(response, request, context)
            if wrong and not from_brain(last_of(response)):
                response = handler(request.override(model=self._embedded))
                wrong = _wrong(response, request, context)
        if wrong:
            # with the embedded brain this is a gap in our own data or code: loud in the log, silent towards the person
            log.error("withheld a reply of the embedded brain in turn %s: unsupported %s", context.turn_key, ", ".join(c.kind for c in wrong))
            return ModelResponse(result=[self._withheld(context)])
        return response


def _wrong(response: ModelResponse[Any], request: ModelRequest[Any], context: AgentContext) -> list[Claim]:
    last = last_of(response)
    if not is_final(last):
        return []
    made = claims(text_of(last))
    if from_brain(last):
        made = [c for c in made if c.kind in HARD and c not in _own_words(last)]
    return unsupported(made, request.messages, context) if made else []


def unsupported(made: Sequence[Claim], messages: Sequence[AnyMessage], context: AgentContext) -> list[Claim]:
    """The claims that neither the facts nor any message supports; the newest messages are read first, older ones only while something is missing."""
    known = Evidence()
    facts = context.facts or {}
    known.add_json({k: v for k, v in facts.items() if k != "now"})
    known.add_json({k: float(v) for k, v in vars(context.market.rules).items() if not isinstance(v, str)})
    known.numbers |= {n * 100 for n in tuple(known.numbers) if 0 < n < 1}  # shares are said in percent
    known.loose_hours.add(int(context.market.rules.free_cancellation_until_hours_before))
    if facts.get("now"):
        known.add_now(datetime.fromisoformat(facts["now"]))
    if context.understanding is not None:
        known.add_json(dict(context.understanding.entities))
    missing = [c for c in made if not known.supports(c)]
    for message in reversed(messages):
        if not missing:
            break
        if isinstance(message, ToolMessage):
            known.add_json(result_of(message))
        elif isinstance(message, HumanMessage) and not message.additional_kwargs.get(ASIDE):
            known.add_text(text_of(message), person=True)
        elif isinstance(message, AIMessage) and is_final(message) and from_brain(message):
            known.add_text(text_of(message))  # it was checked when it left
        else:
            continue
        missing = [c for c in missing if not known.supports(c)]
    return missing


def _own_words(message: AIMessage) -> list[Claim]:
    """What the reply's own entry in prompts/replies says by itself ("offers up to ...")."""
    reply = message.additional_kwargs["reply"]
    entries = [text for locale in replies.LOCALES for text in replies.entries(locale).get(reply.get("key", ""), [])]
    return [c for text in entries for c in claims(text)]
