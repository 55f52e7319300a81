"""Hides personal details from language model providers and from logs: tokens go out, the details come back in replies and tool arguments."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, SystemMessage, ToolMessage

from bot.middleware.claims import western
from bot.middleware.notes import result_of, text_of

WORDS = Path(__file__).parents[2] / "prompts" / "system" / "redaction.yaml"
EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
CARD = re.compile(r"(?<![\w])\d(?:[ -]?\d){12,18}(?!\d)")
PHONE = re.compile(  # Moroccan with or without prefix, or any number written internationally
    r"(?<![\w.])(?:(?:(?:\+|00) ?212|0)[ .()-]{0,2}[5-8](?:[ .()-]{0,2}\d){8}|\+\d(?:[ .()-]{0,2}\d){7,13}|212[5-8]\d{8})(?!\d)"
)
CIN = re.compile(r"(?<![\w-])[A-Z]{1,2} ?\d{5,6}(?![\w-])", re.IGNORECASE)
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
            elif kind in ("voice", "photo", "unsupported"):
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


def private_spans(text: str) -> Iterator[tuple[int, int, str]]:
    """(start, end, kind) of what looks private, left to right, without overlaps; digits of any script count."""
    plain = western_same_length(text)
    taken: list[tuple[int, int, str]] = []
    for kind, pattern in (("EMAIL", EMAIL), ("CARD", CARD), ("PHONE", PHONE), ("CIN", CIN), ("ADDRESS", _address())):
        for m in pattern.finditer(plain):
            if kind == "CARD" and not luhn(m[0]):
                continue
            if all(m.end() <= start or m.start() >= end for start, end, _ in taken):
                taken.append((m.start(), m.end(), kind))
    yield from sorted(taken)


def redact(text: str) -> str:
    """For logs and traces: kinds instead of details, not reversible."""
    for start, end, kind in reversed(list(private_spans(text))):
        text = f"{text[:start]}<{kind}>{text[end:]}"
    return text


class RedactingFilter(logging.Filter):
    """Redacts what a record will say, its arguments and its traceback included."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = redact(record.getMessage()), ()
        if record.exc_info and not record.exc_text:
            record.exc_text = logging.Formatter().formatException(record.exc_info)
        if record.exc_text:
            record.exc_text = redact(record.exc_text)
        return True


def luhn(written: str) -> bool:
    digits = [int(c) for c in written if c.isdecimal()]
    doubled = [d if i % 2 == 0 else d * 2 - 9 * (d > 4) for i, d in enumerate(reversed(digits))]
    return sum(doubled) % 10 == 0


def western_same_length(text: str) -> str:
    return western(text) if len(western(text)) == len(text) else text


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


@cache
def _address() -> re.Pattern[str]:
    raw = yaml.safe_load(WORDS.read_text(encoding="utf-8"))
    street, door = "|".join(raw["street"]), "|".join(raw["door"])
    one = rf"(?:(?:{street})\b[^\n,;.!?،؟]{{0,40}}?\d+\w?|(?:{door}) ?(?:n°|nm|رقم)? ?(?:\d+\w?|[A-Z]\b))"
    return re.compile(rf"(?<!\w){one}(?:[ ,،-]*{one})*(?!\w)", re.IGNORECASE)
