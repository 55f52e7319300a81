"""Reads Chatwoot's webhooks: an agent's reply, or the state of a conversation; everything else is nobody's business here."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

from channels.chatwoot.settings import ChatwootSettings
from channels.webhook import Refused, part, parts, word

STATES = ("conversation_status_changed", "conversation_updated")
STATUSES = ("open", "pending", "resolved", "snoozed")
MOST_FILES = 15  # in one message, Chatwoot's own limit
LONGEST = 150_000  # characters of one message at Chatwoot
_SOURCE = re.compile(r"bricol-(\d{1,9})-[0-9a-f]{16}")
OURS = "bricol:"  # begins the `source_id` of every message that we wrote there


@dataclass(frozen=True)
class Event:
    """One webhook that asks for something. `key` is its identity; `at`: Unix seconds of Chatwoot's clock.

    `body` of a message: {"id", "text", "files" (addresses of photos, "" for others), "agent", "name"};
    of a state: {"status", "labels", "assignee", "name"}.
    """

    key: str
    kind: Literal["message", "state"]
    conversation_id: int  # ours
    remote_id: int
    at: float
    body: dict[str, Any] = field(default_factory=dict)


def source(conversation_id: int, secret: bytes) -> str:
    """What Chatwoot calls our conversation. It may not be guessed: at Chatwoot's public API it opens the person's own view."""
    mark = hmac.new(secret, f"chatwoot:{conversation_id}".encode(), hashlib.sha256).hexdigest()[:16]
    return f"bricol-{conversation_id}-{mark}"


def event(body: Mapping[str, Any], raw: bytes, settings: ChatwootSettings, secret: bytes) -> Event | None:
    """What a webhook asks for; None for what is not ours or asks for nothing. Raises Refused(422) naming the field."""
    name = body.get("event")
    if not isinstance(name, str):
        raise Refused(422, "event", "is missing")
    if name != "message_created" and name not in STATES:
        return None
    talk = part(body, "conversation") if name == "message_created" else dict(body)
    inbox = part(body, "inbox").get("id") if name == "message_created" else body.get("inbox_id")
    ours = _ours(word(part(talk, "contact_inbox"), "source_id"), secret)
    if inbox != settings.inbox_id or ours is None:
        return None
    remote = _required(talk, "id", "conversation.id")
    if name == "message_created":
        return _message(body, ours, remote)
    return Event(f"state:{hashlib.sha256(raw).hexdigest()}", "state", ours, remote, _state_moment(talk), _state(talk))


def _message(body: Mapping[str, Any], ours: int, remote: int) -> Event | None:
    """An agent's words to the person; None for what the person or we said, private notes, and what Chatwoot says by itself."""
    by = part(body, "sender")
    if body.get("message_type") not in ("outgoing", 1) or body.get("private") is not False or word(body, "source_id").startswith(OURS):
        return None
    if by.get("type", "user") != "user" or _whole(by.get("id")) is None:  # a bot of theirs, or an automation rule: no person wrote
        return None
    number = _required(body, "id", "id")
    files = [word(one, "data_url", 2000) if word(one, "file_type") == "image" else "" for one in parts(body, "attachments")][:MOST_FILES]
    told = {"id": number, "text": word(body, "content", LONGEST), "files": files, "agent": _whole(by.get("id"))}
    return Event(f"message:{number}", "message", ours, remote, _moment(body.get("created_at")), {**told, "name": word(by, "name", 80)})


def _state(talk: Mapping[str, Any]) -> dict[str, Any]:
    status = word(talk, "status", 20)
    if status not in STATUSES:
        raise Refused(422, "status", f"must be one of {', '.join(STATUSES)}")
    labels = talk.get("labels")
    who = part(part(talk, "meta"), "assignee")
    return {
        "status": status,
        "labels": sorted({str(one)[:80] for one in labels})[:50] if isinstance(labels, list) else [],
        "assignee": _whole(who.get("id")) if who.get("type", "user") == "user" else None,
        "name": word(who, "name", 80),
    }


def _state_moment(talk: Mapping[str, Any]) -> float:
    """When the conversation became so; versions that tell whole seconds only are believed to the end of the second."""
    if (exact := talk.get("updated_at")) is not None:
        return _moment(exact)
    return _moment(talk.get("timestamp")) + 1


def _ours(given: str, secret: bytes) -> int | None:
    found = _SOURCE.fullmatch(given)
    return int(found[1]) if found and hmac.compare_digest(source(int(found[1]), secret), given) else None


def _moment(value: Any) -> float:
    """Unix seconds, or ISO 8601, or "2026-11-23 09:12:31 UTC"; 0 for anything else."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value) if 0 <= value < 1e11 else 0.0
    try:
        read = datetime.fromisoformat(str(value).replace(" UTC", "+00:00"))
    except ValueError:
        return 0.0
    return (read if read.tzinfo else read.replace(tzinfo=UTC)).timestamp()


def _whole(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 2**31 else None


def _required(value: Mapping[str, Any], name: str, told: str) -> int:
    found = _whole(value.get(name))
    if found is None:
        raise Refused(422, told, "must be a number")
    return found
