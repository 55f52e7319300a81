"""What the API page says of Vonage's webhooks."""

from __future__ import annotations

from typing import Any

from channels.webhook import refusals

_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "Written down, or nothing that anybody could answer.",
        "content": {"application/json": {"schema": {"type": "object", "properties": {"taken": {"type": "integer"}}}}},
    },
    503: {"description": "It could not be written down; bring it again."},
    **refusals(
        {
            400: "The body cannot be read.",
            403: "Not signed with our account's signature secret, or signed long ago.",
            413: "The body is larger than 64 KB.",
            415: "Neither JSON nor a form.",
            422: "A field is missing or has the wrong form; its name is in `fields`.",
        }
    ),
}


def _docs(required: list[str], properties: dict[str, str]) -> dict[str, Any]:
    known = {
        "timestamp": "When it was signed, Unix seconds.",
        "nonce": "Makes each signature its own.",
        "sig": "HMAC-SHA256 of the rest.",
    }
    described = {k: {"type": "string", "description": v} for k, v in {**properties, **known}.items()}
    schema = {"type": "object", "required": [*required, "timestamp", "sig"], "properties": described}
    return {
        "responses": _RESPONSES,
        "openapi_extra": {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}},
    }


MESSAGE = _docs(
    ["messageId", "msisdn"],
    {
        "messageId": "Vonage's id of the message; a second delivery with the same id is ignored.",
        "msisdn": "Who writes: 212...",
        "to": "Our number.",
        "type": "text, unicode or binary",
        "text": "The words.",
        "message-timestamp": "UTC, YYYY-MM-DD HH:MM:SS",
        "concat": "true where this is one part of a long message",
        "concat-ref": "What the parts of one message share.",
        "concat-part": "Its number, from 1.",
        "concat-total": "How many there are.",
    },
)
STATUS = _docs(
    ["messageId", "status"],
    {
        "messageId": "The message.",
        "status": "submitted accepted buffered delivered expired failed rejected",
        "err-code": "Why it failed.",
        "client-ref": "Our own id of the message.",
    },
)
