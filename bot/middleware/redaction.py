"""Hides personal details from language model providers: tokens go out, the details come back in replies and tool arguments."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, SystemMessage, ToolMessage

from bot.middleware.notes import result_of, text_of
from bot.redact import private_spans

TOKEN = re.compile(r"(?:<|&lt;|\[|\\u003c)?\b([A-Z]{3,8}_\d+)\b(?:>|&gt;|\]|\\u003e)?")

#: Fields of facts and tool results that are somebody's private details.
PRIVATE = {"name": "NAME", "client_name": "NAME", "address": "ADDRESS", "lat": "LAT", "lon": "LON"} | dict.fromkeys(
    ("client_phone", "claimed_phone", "phone"), "PHONE"
)


class Vault:
    """One conversation's tokens. The same detail gets the same token, in order of appearance, so a provider sees one story."""

    def __init__(self, known: Iterable[tuple[str, str]] = ()) -> None:
        self._tokens: dict[str, str] = {}  # detail -> token
        self._details: dict[str, str] = {}  # token without brackets -> detail
        longest_first = sorted(set(known), key=lambda k: -len(k[1]))
        self._known = [(kind, re.compile(rf"(?<!\w){re.escape(detail)}(?!\w)", re.IGNORECASE)) for kind, detail in longest_first]

    def token(self, kind: str, detail: str) -> str:
        if detail not in self._tokens:
            name = f"{kind}_{sum(t.startswith(f'<{kind}_') for t in self._tokens.values()) + 1}"
            self._tokens[detail] = f"<{name}>"
            self._details[name] = detail
        return self._tokens[detail]

    def hide(self, text: str) -> str:
        for kind, pattern in self._known:
            text = pattern.sub(lambda m, kind=kind: self.token(kind, m[0]), text)  # type: ignore[misc]
        tokens = [(start, end, self.token(kind, text[start:end])) for start, end, kind in private_spans(text)]
        for start, end, token in reversed(tokens):
            text = text[:start] + token + text[end:]
        return text

    def show(self, value: Any) -> Any:
        """The details back in, in a text or in arguments to any depth."""
        if isinstance(value, str):
            return TOKEN.sub(lambda m: self._details.get(m[1], m[0]), value)
        if isinstance(value, dict):
            return {k: self.show(v) for k, v in value.items()}
        return [self.show(v) for v in value] if isinstance(value, list) else value

    def hide_messages(self, messages: Sequence[AnyMessage]) -> list[AnyMessage]:
        """Fresh messages for a provider: words only, our own data beside them left out."""
        return [self._hidden(m) for m in messages]

    def _hidden(self, message: AnyMessage) -> AnyMessage:
        if isinstance(message, SystemMessage):
            return SystemMessage(self.hide(text_of(message)))
        if isinstance(message, ToolMessage):
            return ToolMessage(self.hide(text_of(message)), tool_call_id=message.tool_call_id, name=message.name)
        if isinstance(message, AIMessage):
            calls = [{**c, "args": json.loads(self.hide(json.dumps(c["args"], ensure_ascii=False)))} for c in message.tool_calls]
            return AIMessage(self.hide(text_of(message)), tool_calls=calls)
        return HumanMessage("\n".join(filter(None, [self.hide(text_of(message)), *self._parts(message)])) or "…")

    def _parts(self, message: AnyMessage) -> Iterator[str]:
        """What is not words, told in brackets."""
        for part in message.additional_kwargs.get("parts", ()):
            kind, payload = part.get("kind"), part.get("payload") or {}
            if kind == "location":
                yield f"[location: lat {self.token('LAT', str(payload.get('lat')))}, lon {self.token('LON', str(payload.get('lon')))}]"
            elif kind == "voice":
                yield "[voice: heard]" if payload.get("heard") else f"[voice: {payload.get('unheard') or 'unheard'}]"
            elif kind in ("photo", "unsupported"):
                yield f"[{kind}]"
            elif kind == "button" and payload.get("payload"):
                yield f"[button: {self.hide(str(payload['payload']))}]"

    def show_message(self, message: AIMessage) -> AIMessage:
        content = self.show(text_of(message))
        calls = [{**c, "args": self.show(c["args"])} for c in message.tool_calls]
        return message.model_copy(update={"content": content, "tool_calls": calls})


def vault_for(messages: Sequence[AnyMessage]) -> Vault:
    """A vault that knows the names, addresses and phones of the facts and of every tool result."""
    return Vault(_known(messages))


def _known(messages: Sequence[AnyMessage]) -> Iterator[tuple[str, str]]:
    role = "client"
    for message in messages:
        if isinstance(message, SystemMessage):
            facts = message.additional_kwargs.get("facts") or {}
            role = facts.get("role", role)
            yield from _private(facts, PRIVATE)
        elif isinstance(message, ToolMessage):
            # "name" in a tool result is a technician's, whom the client may know
            yield from _private(result_of(message), {k: v for k, v in PRIVATE.items() if k != "name"})


def _private(value: Any, fields: dict[str, str]) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, item in value.items():
            if key in fields and isinstance(item, str | float) and not isinstance(item, bool) and len(str(item)) > 2:
                yield fields[key], str(item)
            else:
                yield from _private(item, fields)
    elif isinstance(value, list):
        for item in value:
            yield from _private(item, fields)
