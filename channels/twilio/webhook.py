"""Lets in what Twilio signed and nothing else: size, form, signature, in that order, before anything is read for its meaning."""

from __future__ import annotations

import json
from typing import Any

from fastapi import Request, Response
from starlette.datastructures import FormData
from twilio.request_validator import RequestValidator

from channels.twilio.settings import TwilioSettings
from channels.webhook import Refused, body_of, form_pairs

MAX_BODY = 64 * 1024  # bytes; Twilio's own requests are a few kilobytes
EMPTY_TWIML = '<?xml version="1.0" encoding="UTF-8"?><Response/>'


def empty_twiml() -> Response:
    """ "Received, nothing to say now": the reply goes out through the API."""
    return Response(EMPTY_TWIML, media_type="text/xml")


async def signed_params(request: Request, settings: TwilioSettings) -> FormData:
    """The parameters of a request that Twilio signed for our public address. Raises Refused (400, 403, 413 or 415)."""
    body = await body_of(request, MAX_BODY)
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    url = public_url(request, settings)
    signature = request.headers.get("x-twilio-signature", "")
    validator = RequestValidator(settings.auth_token)
    if kind in ("", "application/x-www-form-urlencoded"):
        params = FormData(form_pairs(body))
        if not validator.validate(url, params, signature):
            raise Refused(403, "X-Twilio-Signature", "does not match this request")
        return params
    if kind == "application/json":
        text, values = _json(body)
        # without its hash in the signed address, a JSON body is not covered by the signature at all
        if "bodySHA256" not in request.query_params or not validator.validate(url, text, signature):
            raise Refused(403, "X-Twilio-Signature", "does not match this request")
        return values
    raise Refused(415, "Content-Type", "must be application/x-www-form-urlencoded or application/json")


def public_url(request: Request, settings: TwilioSettings) -> str:
    """The address as Twilio called it: behind a proxy ours differs, so the configured one counts."""
    query = f"?{request.url.query}" if request.url.query else ""
    base = settings.public_url.rstrip("/") or f"{request.url.scheme}://{request.url.netloc}"
    return base + request.url.path + query


def _json(body: bytes) -> tuple[str, FormData]:
    try:
        text = body.decode("utf-8")
        values: Any = json.loads(text)
    except (ValueError, RecursionError):
        raise Refused(400, "body", "is not JSON in UTF-8") from None
    if not isinstance(values, dict):
        raise Refused(400, "body", "must be a JSON object")
    return text, FormData([(k, v if isinstance(v, str) else json.dumps(v)) for k, v in values.items()])
