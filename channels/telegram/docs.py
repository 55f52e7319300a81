"""What the API page says of Telegram's webhook."""

from __future__ import annotations

from typing import Any

from channels.webhook import refusals

_TEXTS = {
    400: "The body is not a JSON object.",
    403: "Without our secret token.",
    413: "The body is larger than 256 KB.",
    422: "A field has the wrong form; its name is in `fields`.",
}

UPDATE: dict[str, Any] = {
    "responses": {
        200: {"description": "Written down. For a tap on a button, the word to Telegram that it was seen."},
        503: {"description": "It could not be written down; bring it again."},
        **refusals(_TEXTS),
    },
    "openapi_extra": {
        "parameters": [{"name": "X-Telegram-Bot-Api-Secret-Token", "in": "header", "required": True, "schema": {"type": "string"}}],
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {
                    "schema": {
                        "type": "object",
                        "required": ["update_id"],
                        "properties": {
                            "update_id": {"type": "integer", "description": "A second delivery with the same number is ignored."},
                            "message": {"type": "object", "description": "What a person sent."},
                            "edited_message": {"type": "object", "description": "What stands now where they mended it."},
                            "callback_query": {"type": "object", "description": "A tap on a button."},
                        },
                    }
                }
            },
        },
    },
}
