"""Answers people in their own language and script; a language model that slips is asked once more, then the embedded brain answers."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from functools import cache
from typing import Any

from langchain.agents.middleware import AgentMiddleware, ModelRequest, ModelResponse
from langchain_core.language_models import BaseChatModel

from bot.brain.understanding.base import Understander, Understanding
from bot.middleware.facts import MANUAL
from bot.middleware.notes import AgentContext, aside, from_brain, is_final, last_of, results, text_of, this_turn
from domain.engagement.reply import locale_of
from domain.files import read_yaml
from tools.context import TurnContext

log = logging.getLogger(__name__)

ARABIC = re.compile(r"[\u0600-\u06ff]")
LATIN = re.compile(r"[a-zA-ZÀ-ÿ]")
NOT_WORDS = re.compile(r"\bBR-\d+|[\w.+-]+@[\w.-]+|https?://\S+|<[A-Z]+_\d+>|[\d+/:.,-]*\d[\d+/:.,-]*")
SHORT = 12  # letters: "oui", "ok merci", "Ahmed" say nothing of a person's language


class Mirror(AgentMiddleware):
    """The embedded brain words each reply from one locale's file and is trusted; what a language model writes is judged."""

    def __init__(self, embedded: BaseChatModel, understander: Understander) -> None:
        super().__init__()
        self._embedded = embedded
        self._understander = understander

    def wrap_model_call(self, request: ModelRequest[Any], handler: Callable[[ModelRequest[Any]], ModelResponse[Any]]) -> ModelResponse[Any]:
        response = handler(request)
        context: AgentContext = request.runtime.context
        wanted = wanted_locale(context, request.messages)
        if self._fits(response, wanted):
            return response
        log.info("reply of turn %s is not in %s; asked again", context.turn_key, wanted)
        context.model_calls += 1
        note = (MANUAL / "again_mirror.md").read_text(encoding="utf-8").strip().format(language=_data()["names"][wanted])
        response = handler(request.override(messages=[*request.messages, last_of(response), aside(note)]))
        return response if self._fits(response, wanted) else handler(request.override(model=self._embedded))

    def _fits(self, response: ModelResponse[Any], wanted: str) -> bool:
        last = last_of(response)
        if not is_final(last) or from_brain(last):
            return True
        return written_in(text_of(last), wanted, self._understander)


def wanted_locale(context: AgentContext, messages: Any) -> str:
    """Asked for in this turn, else pinned, else the person's own way of writing, else the conversation's so far."""
    for tool, _, result in reversed(list(results(this_turn(messages)))):
        if tool == "set_language" and result.get("ok"):
            return locale_of(str(result.get("language", context.language)), str(result.get("script", context.script)))
    if (context.facts or {}).get("language_pinned"):
        return locale_of(context.language, context.script)
    if context.spoken and context.language == "ary" and context.understanding and context.understanding.language in ("ary", "ar"):
        return locale_of(context.language, context.script)
    return heard_locale(context.said, context.understanding, context)


def heard_locale(said: str, understanding: Understanding | None, context: TurnContext) -> str:
    """How the person wrote; a few letters change the script but not the language."""
    words = NOT_WORDS.sub(" ", said)
    arabic, latin = len(ARABIC.findall(words)), len(LATIN.findall(words))
    if understanding is None or arabic + latin < 2:
        return locale_of(context.language, context.script)
    script = "arab" if arabic > latin else "latn"
    if arabic + latin >= SHORT or script != context.script:
        return locale_of(understanding.language, script)
    return locale_of(context.language, script)


def written_in(text: str, locale: str, understander: Understander) -> bool:
    """True unless script or language is clearly another. Two witnesses must agree that the language is wrong: the reader and the function words."""
    words = NOT_WORDS.sub(" ", text)
    arabic, latin = len(ARABIC.findall(words)), len(LATIN.findall(words))
    script = "arab" if locale in ("ary-Arab", "ar") else "latn"
    mine, other = (arabic, latin) if script == "arab" else (latin, arabic)
    if mine < other:
        return False
    if mine < SHORT:
        return True
    heard = understander.understand(words)
    if locale_of(heard.language, script) == locale:
        return True
    counts = function_words(words)
    return counts[locale] > 0 and counts[locale] >= max(counts.values())


def function_words(text: str) -> dict[str, int]:
    """How many small words of each locale the text holds."""
    found = {w.casefold() for w in re.findall(r"[^\W_]+(?:'[^\W_]+)?", text)}
    return {locale: len(found & known) for locale, known in _data()["function_words"].items()}


@cache
def _data() -> dict[str, Any]:
    raw = read_yaml(MANUAL / "languages.yaml")
    return {"names": raw["names"], "function_words": {locale: set(str(line).split()) for locale, line in raw["function_words"].items()}}
