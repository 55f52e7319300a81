"""Lets in what Vonage signed and nothing else: size, form, signature, age, in that order, before anything is read for its meaning."""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import Mapping
from typing import Any

from fastapi import Request

from channels.vonage.settings import VonageSettings
from channels.webhook import Refused, body_of, form_pairs, json_object

MAX_BODY = 64 * 1024  # bytes; Vonage's own requests are below a kilobyte
OLDEST = 25 * 3600  # seconds: Vonage repeats a webhook for 24 hours; what was signed before that is somebody's recording
AHEAD = 300  # seconds that its clock may run before ours


async def signed_fields(request: Request, settings: VonageSettings) -> dict[str, str]:
    """The fields of a request that Vonage signed. Raises Refused (400, 403, 413 or 415)."""
    body = await body_of(request, MAX_BODY)
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "application/json":
        fields = {str(k): _text(v) for k, v in json_object(body).items()}
    elif kind in ("", "application/x-www-form-urlencoded"):
        fields = dict(form_pairs(body))
    else:
        raise Refused(415, "Content-Type", "must be application/json or application/x-www-form-urlencoded")
    given = fields.pop("sig", "").lower()
    if not hmac.compare_digest(given.encode(), signature(fields, settings.signature_secret).encode()):
        raise Refused(403, "sig", "does not match this request")
    moment = fields.get("timestamp", "")
    if not moment.isascii() or not moment.isdigit() or not -OLDEST <= int(moment[:12]) - time.time() <= AHEAD:
        raise Refused(403, "timestamp", "is not of these hours")
    return fields


def signature(fields: Mapping[str, str], secret: str) -> str:
    """HMAC-SHA256 in hex over "&key=value" of every field but `sig`, by name; `&` and `=` inside values become `_`.

    https://developer.vonage.com/en/getting-started/concepts/signing-messages
    """
    lines = (f"&{name}={fields[name].replace('&', '_').replace('=', '_')}" for name in sorted(fields) if name != "sig")
    return hmac.new(secret.encode(), "".join(lines).encode("utf-8", "replace"), hashlib.sha256).hexdigest()


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return value if isinstance(value, str) else "" if value is None else str(value)
