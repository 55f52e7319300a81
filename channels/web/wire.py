"""The words of the socket: what a browser may say and what it is told, as JSON objects with a type `t`."""

from __future__ import annotations

import json
import math
import re
from datetime import datetime
from typing import Any

from channels.base import InboundMessage, OutMessage
from channels.clean import words

_ID = re.compile(r"[A-Za-z0-9_-]{1,60}")
KINDS = ("text", "button", "location", "photo")


class BadFrame(Exception):
    """The browser said something we do not take; `field` names what, `message_id` which message it was about, if known."""

    def __init__(self, field: str, why: str, message_id: str | None = None) -> None:
        super().__init__(f"{field}: {why}")
        self.event = {"t": "refused", "id": message_id, "field": field, "why": why}


def parse(frame: str) -> dict[str, Any]:
    """A frame as an object. Raises BadFrame."""
    try:
        value = json.loads(frame)
    except (ValueError, RecursionError):
        raise BadFrame("frame", "is not JSON") from None
    if not isinstance(value, dict) or not isinstance(value.get("t"), str):
        raise BadFrame("t", "is missing")
    return value


def inbound(frame: dict[str, Any], session: str) -> InboundMessage:
    """A `msg` frame {"id","kind","text","payload"?,"lat"?,"lon"?} as a message of this session. Raises BadFrame naming the field."""
    key = frame.get("id")
    if not isinstance(key, str) or not _ID.fullmatch(key):
        raise BadFrame("id", "must be 1 to 60 letters, digits, - or _")
    kind, text = frame.get("kind", "text"), frame.get("text", "")
    if kind not in KINDS:
        raise BadFrame("kind", f"must be one of {', '.join(KINDS)}", key)
    if not isinstance(text, str):
        raise BadFrame("text", "must be a text", key)
    text, payload = words(text)
    found: dict[str, Any] = dict(payload)
    if kind == "button":
        chosen = frame.get("payload")
        if not isinstance(chosen, str) or not 0 < len(chosen) <= 256:
            raise BadFrame("payload", "must be a text of 1 to 256 characters", key)
        found["payload"] = chosen
    if kind == "location":
        found |= {"lat": _degrees(frame, "lat", 90, key), "lon": _degrees(frame, "lon", 180, key)}
    # the id carries the session: one visitor cannot make another's message look like a second delivery
    return InboundMessage(channel="web", provider_id=f"{session}:{key}", sender=session, kind=kind, text=text, payload=found)


def _degrees(frame: dict[str, Any], field: str, most: float, key: str) -> float:
    value = frame.get(field)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or abs(value) > most:
        raise BadFrame(field, f"must be a number from -{most:g} to {most:g}", key)
    return float(value)


def outbound(message: OutMessage, at: datetime) -> dict[str, Any]:
    """A `msg` event: one message of ours."""
    return {
        "t": "msg",
        "id": message.id,
        "at": at.isoformat(),
        "kind": message.kind,
        "text": message.text,
        "options": [dict(o) for o in message.options],
        "language": message.language,
        "script": message.script,
        "awaiting": message.awaiting,
        **({"media": message.media} if message.media else {}),
    }


def ids(value: object) -> set[str]:
    """The message ids in what a browser says it has."""
    return {i for i in value if isinstance(i, str) and len(i) <= 32} if isinstance(value, list) else set()
