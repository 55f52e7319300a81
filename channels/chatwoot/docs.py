"""What the API page says of Chatwoot's webhooks."""

from __future__ import annotations

from typing import Any

from channels.webhook import refusals

_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "Written down, or nothing that asks for anything.",
        "content": {"application/json": {"schema": {"type": "object", "properties": {"taken": {"type": "integer"}}}}},
    },
    503: {"description": "It could not be written down; Chatwoot marks the message as failed."},
    **refusals(
        {
            400: "The body is not a JSON object.",
            403: "Not signed with the inbox's secret, signed long ago, or sent to an address that this Chatwoot was not given.",
            413: "The body is larger than 256 KB.",
            422: "A field is missing or has the wrong form; its name is in `fields`.",
        }
    ),
}
_FIELDS = {
    "event": "message_created, conversation_status_changed or conversation_updated; others are answered and forgotten.",
    "id": "The message, or the conversation.",
    "message_type": "outgoing: an agent's words.",
    "private": "true: a note for colleagues, which stays.",
    "content": "The words.",
    "source_id": "Ours where it begins with `bricol:`.",
    "sender": "Who wrote.",
    "conversation": "The conversation of a message, with `contact_inbox.source_id`.",
    "status": "open pending resolved snoozed",
    "labels": "bricol-bot hands back; bricol-<outcome> closes.",
    "meta": "`assignee`: who has it.",
    "updated_at": "When it became so, Unix seconds.",
}
_BODY = {
    "type": "object",
    "required": ["event"],
    "properties": {name: {"description": told} for name, told in _FIELDS.items()} | {"event": {"type": "string", "description": _FIELDS["event"]}},
}
BY_ADDRESS: dict[str, Any] = {
    "responses": _RESPONSES,
    "openapi_extra": {"requestBody": {"required": True, "content": {"application/json": {"schema": _BODY}}}},
}
SIGNED: dict[str, Any] = {
    "responses": _RESPONSES,
    "openapi_extra": {
        **BY_ADDRESS["openapi_extra"],
        "parameters": [
            {"name": name, "in": "header", "required": True, "schema": {"type": "string"}, "description": told}
            for name, told in (("X-Chatwoot-Timestamp", "Unix seconds."), ("X-Chatwoot-Signature", "sha256= and the HMAC of timestamp.body in hex."))
        ],
    },
}
