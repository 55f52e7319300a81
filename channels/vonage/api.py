"""Vonage's REST API as we use it, and what its refusals and receipts mean for a message."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import httpx

from channels.base import SendResult
from channels.vonage.settings import REPORTS_HOST, SMS_HOST, VonageSettings
from channels.webhook import parts, word

Action = Literal["final", "again", "ours"]  # "ours": our account is misconfigured; once it is mended the messages must still go


@dataclass(frozen=True)
class Refusal:
    """What a code means, and what to do with the message: give it up, or try it again after `wait` seconds."""

    name: str
    action: Action
    wait: float = 0.0


#: `status` of an answer to sending. https://developer.vonage.com/messaging/sms/guides/troubleshooting-sms
REFUSALS = {
    1: Refusal("too_fast", "again", 1),
    2: Refusal("parameter_missing", "final"),
    3: Refusal("bad_parameter", "final"),
    4: Refusal("login_refused", "ours", 60),
    5: Refusal("their_failure", "again", 2),
    6: Refusal("bad_number", "final"),
    7: Refusal("number_barred", "final"),
    8: Refusal("account_barred", "ours", 60),
    9: Refusal("no_credit", "ours", 60),
    10: Refusal("too_many_connections", "again", 5),
    11: Refusal("account_not_enabled", "ours", 60),
    12: Refusal("too_long", "final"),
    14: Refusal("bad_signature", "ours", 60),
    15: Refusal("bad_sender", "ours", 60),
    22: Refusal("bad_network", "final"),
    23: Refusal("bad_callback", "ours", 60),
    29: Refusal("not_a_test_number", "ours", 60),
    32: Refusal("signature_or_secret", "ours", 60),
    33: Refusal("number_deactivated", "final"),
}
#: `err-code` of a receipt. A phone that is off was tried for hours by its operator: another attempt then would only come late.
RECEIPTS = {
    1: Refusal("unknown", "final"),
    2: Refusal("phone_off", "final"),
    3: Refusal("number_gone", "final"),
    4: Refusal("barred_by_person", "final"),
    5: Refusal("portability", "final"),
    6: Refusal("spam_filter", "final"),
    7: Refusal("phone_busy", "again"),
    8: Refusal("network", "again"),
    9: Refusal("opted_out", "final"),
    10: Refusal("bad_message", "final"),
    11: Refusal("no_route", "final"),
    12: Refusal("unreachable", "final"),
    13: Refusal("age_restriction", "final"),
    14: Refusal("barred_by_operator", "final"),
    15: Refusal("no_credit_on_phone", "final"),
    50: Refusal("sender_filter", "final"),
    51: Refusal("header_filter", "final"),
    52: Refusal("content_filter", "final"),
    53: Refusal("consent_filter", "final"),
    54: Refusal("regulation", "final"),
    99: Refusal("general", "final"),
}


class Uncertain(Exception):
    """The call broke after it may have been taken: whether the message left is not known."""


class Api:
    """The two calls we make: send one message, and list what was sent to one person."""

    def __init__(self, settings: VonageSettings) -> None:
        self._settings = settings
        self._http = httpx.Client(timeout=settings.timeout_seconds)

    def send(self, to: str, text: str, reference: str, *, unicode: bool) -> SendResult:
        """Hands one message over. Raises Uncertain; every other failure is a result."""
        own = self._settings
        form = {
            "api_key": own.api_key, "api_secret": own.api_secret, "from": own.sms_from.removeprefix("+"), "to": to.removeprefix("+"),
            "text": text, "type": "unicode" if unicode else "text", "client-ref": reference,
        }  # fmt: skip
        if own.status_callback:
            form["callback"] = own.status_callback
        try:
            answer = self._http.post(self._url(SMS_HOST, "/sms/json"), data=form)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            return SendResult("failed", error=f"network: {type(error).__name__}", retry=True)
        except httpx.HTTPError as error:
            raise Uncertain(f"network: {type(error).__name__}") from error
        if answer.status_code != 200:
            passing = answer.status_code in (401, 403, 408, 429) or answer.status_code >= 500
            return SendResult("failed", error=f"http {answer.status_code}", retry=passing, wait_seconds=_retry_after(answer))
        return _result(answer)

    def find(self, to: str, reference: str, since: datetime) -> str | None:
        """Vonage's id of our message in its own records of the day since `since`. Raises httpx.HTTPError."""
        own = self._settings
        ask = {
            "account_id": own.api_key, "product": "SMS", "direction": "outbound", "to": to.removeprefix("+"),
            "date_start": _iso(since), "date_end": _iso(min(since + timedelta(hours=23), datetime.now(UTC))),
        }  # fmt: skip
        answer = self._http.get(self._url(REPORTS_HOST, "/v2/reports/records"), params=ask, auth=(own.api_key, own.api_secret))
        answer.raise_for_status()
        for record in parts(_json(answer), "records"):
            if word(record, "client_ref") == reference and word(record, "status").lower() not in ("failed", "rejected", "expired"):
                return word(record, "message_id", 128) or None
        return None

    def _url(self, host: str, path: str) -> str:
        return (self._settings.base_url.rstrip("/") or host) + path


def _result(answer: httpx.Response) -> SendResult:
    """One SMS has an entry per part; the first one's id stands for all, and one refused part is a refused message."""
    told = parts(_json(answer), "messages")
    if not told:
        raise Uncertain("unreadable answer of the provider")
    first = word(told[0], "message-id", 128)
    codes = [word(one, "status", 10) for one in told]
    if bad := next((code for code in codes if code != "0"), None):
        known = REFUSALS.get(int(bad)) if bad.isascii() and bad.isdigit() else None
        left = codes[0] == "0"  # a first part that is on its way is not sent again
        refusal = known or Refusal("", "final")
        return SendResult("failed", first or None, f"{bad} {refusal.name}".strip(), refusal.action != "final" and not left, refusal.wait)
    return SendResult("sent", provider_id=first or None)  # handed over; the rest comes by receipt


def receipt_error(code: str) -> tuple[str, bool]:
    """(what a receipt's error code means, whether another attempt may succeed)."""
    known = RECEIPTS.get(int(code)) if code.isascii() and code.isdigit() else None
    return f"{code} {known.name}" if known else code, known is not None and known.action == "again"


def _json(answer: httpx.Response) -> Any:
    try:
        return answer.json()
    except ValueError:
        return None


def _retry_after(answer: httpx.Response) -> float:
    value = answer.headers.get("retry-after", "")
    return min(float(value), 3600.0) if value.isascii() and value.isdigit() else 0.0


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
