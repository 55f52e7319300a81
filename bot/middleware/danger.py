"""Danger comes first: safety advice and emergency numbers open the reply and a person is called, whatever the brain says. No setting turns it off."""

from __future__ import annotations

import json
import logging
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from langchain.agents.middleware import AgentMiddleware, ModelRequest, ModelResponse
from langchain_core.messages import AIMessage, AnyMessage, ToolMessage

from bot.middleware.notes import AgentContext, is_final, last_of, results, this_turn
from domain.engagement.reply import Reply
from prompts import replies
from tools.context import TurnContext

RULES = Path(__file__).parents[2] / "prompts" / "system" / "danger.yaml"
MARKS = re.compile("[\u064b-\u0652\u0640\u200e\u200f\u202a-\u202e\u2066-\u2069]")
SAME_LETTER = str.maketrans("أإآٱىةؤئگڭ", "اااايهويكك")
ARABIZI = re.compile(r"(?<=[a-z])[7954]|[7954](?=[a-z])")
ARABIZI_LETTER = {"7": "h", "9": "q", "5": "kh", "4": "gh"}
DOUBLED = re.compile(r"([a-z])\1+")

log = logging.getLogger(__name__)

#: Calls one tool by name; `tools.registry.call` in service.
CallTool = Callable[[str, TurnContext, dict[str, Any]], dict[str, Any]]


@dataclass(frozen=True)
class Rule:
    """Holds when `need` is found and `unless` is not found in the same sentence."""

    name: str
    need: re.Pattern[str]
    unless: re.Pattern[str] | None


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


def find_hazard(text: str) -> str | None:
    """The first danger of prompts/system/danger.yaml that a sentence of `text` tells of ("gas"), or None."""
    for sentence in re.split(r"[.!?؟\n;]+", folded(text)):
        for rule in _data()["rules"]:
            if rule.need.search(sentence) and not (rule.unless and rule.unless.search(sentence)):
                return str(rule.name)
    return None


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


def names_a_number(text: str) -> bool:
    """True when the text tells to call an emergency number: the number alone could be a price or an hour."""
    return bool(_data()["number"].search(folded(text)))


def folded(text: str) -> str:
    """One way of writing: see the head of prompts/system/danger.yaml."""
    text = MARKS.sub("", text.casefold()).translate(SAME_LETTER)
    text = "".join(str(int(c)) if c.isdecimal() else c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    text = ARABIZI.sub(lambda m: ARABIZI_LETTER[m[0]], text)
    return DOUBLED.sub(r"\1", text)


@cache
def _data() -> dict[str, Any]:
    raw = yaml.safe_load(RULES.read_text(encoding="utf-8"))
    words: dict[str, list[str]] = raw["words"]

    def pattern(text: str) -> re.Pattern[str]:
        """`{gas}` stands for any word of that list."""
        return re.compile(re.sub(r"\{([a-z_]+)\}", lambda m: "(?:" + "|".join(words[m[1]]) + ")", text))

    rules = [
        Rule(r["name"], re.compile("|".join(pattern(n).pattern for n in r["need"])), pattern("|".join(r["unless"])) if r.get("unless") else None)
        for r in raw["rules"]
    ]
    return {"rules": rules, "number": pattern("|".join(n.replace("{number}", raw["number"]) for n in raw["names_a_number"]))}
