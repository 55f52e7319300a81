"""Checks that a webhook was sent by our Chatwoot inbox, before anybody reads it for its meaning."""

from __future__ import annotations

import hashlib
import hmac
import time

from fastapi import Request

from channels.chatwoot.settings import ChatwootSettings
from channels.webhook import Refused, body_of

MAX_BODY = 256 * 1024  # bytes; a conversation with all its attributes is below 20 kB
CLOCKS_APART = 300  # seconds: what was signed before that is somebody's recording


async def signed_body(request: Request, settings: ChatwootSettings) -> bytes:
    """The body of a request that Chatwoot signed. Raises Refused (403 or 413)."""
    body = await body_of(request, MAX_BODY)
    moment = request.headers.get("x-chatwoot-timestamp", "")
    given = request.headers.get("x-chatwoot-signature", "")
    if not settings.webhook_secret or not hmac.compare_digest(given.encode(), signature(body, moment, settings.webhook_secret).encode()):
        raise Refused(403, "X-Chatwoot-Signature", "does not match this request")
    if not moment.isascii() or not moment.isdigit() or abs(int(moment[:12]) - time.time()) > CLOCKS_APART:
        raise Refused(403, "X-Chatwoot-Timestamp", "is not of these minutes")
    return body


async def body_at(request: Request, given: str, settings: ChatwootSettings) -> bytes:
    """The body of a request to the address that only our Chatwoot knows. Raises Refused (403 or 413)."""
    body = await body_of(request, MAX_BODY)
    if not settings.path_secret or not hmac.compare_digest(given.encode(), settings.path_secret.encode()):
        raise Refused(403, "path", "is not the address that this Chatwoot was given")
    return body


def signature(body: bytes, moment: str, secret: str) -> str:
    """ "sha256=" and the HMAC-SHA256 in hex over "timestamp.body": https://github.com/chatwoot/chatwoot/pull/13573"""
    signed = moment.encode("utf-8", "replace") + b"." + body
    return "sha256=" + hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
