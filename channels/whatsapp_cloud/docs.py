"""What the API page says of Meta's webhooks."""

from __future__ import annotations

from typing import Any

from channels.webhook import refusals

_TAKEN = {"type": "object", "properties": {"taken": {"type": "integer"}, "skipped": {"type": "integer"}}}

CHALLENGE: dict[str, Any] = {
    "responses": {
        200: {"description": "The challenge, given back.", "content": {"text/plain": {"schema": {"type": "string"}}}},
        **refusals({403: "Not our word.", 422: "A parameter is missing or wrong; its name is in `fields`."}),
    },
    "openapi_extra": {
        "parameters": [
            {"name": name, "in": "query", "required": True, "schema": {"type": "string"}}
            for name in ("hub.mode", "hub.verify_token", "hub.challenge")
        ]
    },
}
UPDATES: dict[str, Any] = {
    "responses": {
        200: {
            "description": "Written down; `skipped` updates could not be read.",
            "content": {"application/json": {"schema": _TAKEN}},
        },
        503: {"description": "It could not be written down; bring it again."},
        **refusals(
            {
                400: "The body is not a JSON object.",
                403: "Not signed with our app's secret.",
                413: "The body is larger than 3 MB.",
                422: "`entry` is no list.",
            }
        ),
    },
    "openapi_extra": {
        "parameters": [{"name": "X-Hub-Signature-256", "in": "header", "required": True, "schema": {"type": "string"}}],
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {
                    "schema": {
                        "type": "object",
                        "required": ["object", "entry"],
                        "properties": {
                            "object": {"type": "string", "description": "whatsapp_business_account"},
                            "entry": {"type": "array", "items": {"type": "object"}, "description": "Changes, each with messages and statuses."},
                        },
                    }
                }
            },
        },
    },
}
