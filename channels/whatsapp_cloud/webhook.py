"""Lets in what Meta signed and nothing else: size, signature, form, in that order, before anything is read for its meaning."""

from __future__ import annotations

import hmac
from typing import Any

from fastapi import Request, Response
from fastapi.responses import PlainTextResponse
from pywa.utils import webhook_updates_validator

from channels.webhook import Refused, body_of, json_object
from channels.whatsapp_cloud.settings import WhatsAppCloudSettings

MAX_BODY = 3 * 1024 * 1024  # bytes: Meta gathers up to a thousand updates, 3 MB
SIGNATURE = "X-Hub-Signature-256"


def challenge(request: Request, settings: WhatsAppCloudSettings) -> Response:
    """Meta's question whether this address is ours: its challenge comes back where it knows our word. Raises Refused (403 or 422)."""
    asked = request.query_params
    if asked.get("hub.mode") != "subscribe":
        raise Refused(422, "hub.mode", "must be subscribe")
    if not hmac.compare_digest(asked.get("hub.verify_token", "").encode(), settings.verify_token.encode()):
        raise Refused(403, "hub.verify_token", "is not the one of BRICOL_WHATSAPP_VERIFY_TOKEN")
    answer = asked.get("hub.challenge", "")
    if not answer or len(answer) > 200 or not answer.isascii() or not answer.isalnum():
        raise Refused(422, "hub.challenge", "must be a number")
    return PlainTextResponse(answer)


async def signed_object(request: Request, settings: WhatsAppCloudSettings) -> dict[str, Any]:
    """What Meta signed. Raises Refused (400, 403 or 413)."""
    body = await body_of(request, MAX_BODY)
    signature = request.headers.get(SIGNATURE, "")
    # the signature is over the bytes as they came: read first, they could not be checked any more
    if not signature.startswith("sha256=") or not signature.isascii() or not webhook_updates_validator(settings.app_secret, body, signature):
        raise Refused(403, SIGNATURE, "does not match this request")
    return json_object(body)
