"""Twilio's REST API as we use it, and what its refusals mean for a message."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import requests
from twilio.base.exceptions import TwilioException, TwilioRestException, TwilioServiceException
from twilio.http.http_client import TwilioHttpClient
from twilio.http.response import Response
from twilio.rest import Client

from channels.base import SendResult
from channels.twilio.settings import TwilioSettings

#: Codes that no second attempt will change, and what they mean. https://www.twilio.com/docs/api/errors
FINAL = {
    21211: "bad_number",
    21408: "region_not_allowed",
    21610: "opted_out",
    21612: "unreachable_from_this_sender",
    21614: "not_a_mobile",
    21617: "too_long",
    63003: "not_on_whatsapp",
    63016: "outside_session",  # more than 24 h since the person wrote: needs an approved template
    63024: "bad_recipient",
}
#: Codes of a moment: too fast, too many waiting.
PASSING = frozenset({20429, 14107, 21611, 30001, 30022, 63018})


class RedirectedHttpClient(TwilioHttpClient):
    """Twilio's own HTTP client, sent to `base_url` instead of Twilio's hosts where one is given."""

    def __init__(self, base_url: str, timeout: float) -> None:
        super().__init__(timeout=timeout)
        self._base = base_url.rstrip("/")

    def request(self, method: str, url: str, *args: Any, **kwargs: Any) -> Response:
        if self._base:
            parts = urlsplit(url)
            url = self._base + parts.path + (f"?{parts.query}" if parts.query else "")
        return super().request(method, url, *args, **kwargs)


def client(settings: TwilioSettings) -> Client:
    return Client(
        settings.account_sid,
        settings.auth_token,
        http_client=RedirectedHttpClient(settings.base_url, settings.timeout_seconds),
    )


def failure(error: Exception) -> SendResult:
    """What a failed call means: final for refusals, to be tried again for anything that may pass."""
    if isinstance(error, requests.RequestException):
        return SendResult("failed", error=f"network: {type(error).__name__}", retry=True)
    status, code = getattr(error, "status", None), getattr(error, "code", None)
    if isinstance(error, TwilioRestException | TwilioServiceException) and status is not None:
        if code in FINAL:
            return SendResult("failed", error=f"{code} {FINAL[code]}")
        # 401 and 403: our own account is misconfigured; once it is mended the messages must still go
        passing = code in PASSING or status in (401, 403, 408, 429) or status >= 500
        return SendResult("failed", error=f"{code or status}", retry=passing)
    if isinstance(error, TwilioException):
        return SendResult("failed", error="unreadable answer of the provider", retry=True)
    raise error
