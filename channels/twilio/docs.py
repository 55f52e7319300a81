"""What the API page says of Twilio's webhooks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from channels.webhook import refusals


@dataclass(frozen=True)
class Docs:
    extra: dict[str, Any]
    responses: dict[int | str, dict[str, Any]]


_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {"description": "Taken in: empty TwiML.", "content": {"text/xml": {"schema": {"type": "string"}}}},
    503: {"description": "It could not be written down; bring it again."},
    **refusals(
        {
            400: "The body cannot be read.",
            403: "Not signed by Twilio for this address.",
            413: "The body is larger than 64 KB.",
            415: "Neither a form nor JSON.",
            422: "A field is missing or has the wrong form; its name is in `fields`.",
        }
    ),
}


def _docs(required: list[str], properties: dict[str, str]) -> Docs:
    schema = {"type": "object", "required": required, "properties": {k: {"type": "string", "description": v} for k, v in properties.items()}}
    return Docs(
        {
            "parameters": [{"name": "X-Twilio-Signature", "in": "header", "required": True, "schema": {"type": "string"}}],
            "requestBody": {"required": True, "content": {"application/x-www-form-urlencoded": {"schema": schema}}},
        },
        _RESPONSES,
    )


MESSAGE_DOCS = _docs(
    ["MessageSid", "From"],
    {
        "MessageSid": "Twilio's id of the message; a second delivery with the same id is ignored.",
        "From": "Who writes: +212..., or whatsapp:+212...",
        "To": "Our number.",
        "Body": "The words, or the caption.",
        "NumMedia": "How many MediaUrl<n> and MediaContentType<n> follow.",
        "Latitude": "Of a shared place, degrees.",
        "Longitude": "Of a shared place, degrees.",
        "ButtonText": "Title of a tapped button.",
        "ButtonPayload": "What the tapped button stands for.",
        "ListTitle": "Title of a chosen row.",
        "ListId": "What the chosen row stands for.",
        "MessageType": "WhatsApp's own name of the kind.",
        "ProfileName": "The name the person shows on WhatsApp.",
    },
)
STATUS_DOCS = _docs(
    ["MessageSid", "MessageStatus"],
    {"MessageSid": "The message.", "MessageStatus": "queued sending sent delivered read undelivered failed", "ErrorCode": "Why it failed."},
)
