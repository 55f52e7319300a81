"""Meta's Graph API as we use it, and what its refusals mean for a message."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import httpx
from pywa import WhatsApp
from pywa.errors import WhatsAppError

from channels.base import SendResult
from channels.whatsapp_cloud.settings import API_VERSION, WhatsAppCloudSettings

#: What each code means. https://developers.facebook.com/docs/whatsapp/cloud-api/support/error-codes
NAMES = {
    0: "login_refused",
    3: "permission_missing",
    4: "app_too_fast",
    10: "permission_missing",
    100: "bad_parameter",
    190: "token_expired",
    368: "account_blocked",
    470: "outside_session",
    80007: "account_too_fast",
    130429: "too_fast",
    130472: "experiment_group",
    130497: "country_not_allowed",
    131000: "their_failure",
    131005: "permission_missing",
    131008: "parameter_missing",
    131009: "bad_parameter",
    131016: "their_service_down",
    131021: "to_ourselves",
    131026: "not_on_whatsapp",
    131030: "not_a_test_number",
    131031: "account_locked",
    131042: "payment_method",
    131045: "number_not_registered",
    131047: "outside_session",  # more than 24 h since the person wrote: needs an approved template
    131048: "spam_limit",
    131049: "too_many_marketing",
    131050: "opted_out",
    131051: "unsupported_type",
    131053: "media_refused",
    131056: "too_fast_for_one_person",
    131057: "account_in_maintenance",
    131062: "needs_a_phone",
    132000: "template_variables",
    132001: "template_unknown",
    132005: "template_too_long",
    132007: "template_policy",
    132008: "template_variables",
    132012: "template_variables",
    132015: "template_paused",
    132016: "template_disabled",
    133004: "their_service_down",
    133010: "number_not_registered",
}
#: Codes of a moment, with the seconds to wait before another attempt.
WAITS = {1: 2.0, 2: 2.0, 4: 60.0, 80007: 60.0, 130429: 2.0, 131000: 2.0, 131016: 5.0, 131048: 300.0, 131056: 6.0, 131057: 60.0, 133004: 5.0}
#: Our own account is misconfigured; once it is mended the messages must still go.
OURS = frozenset({0, 3, 10, 190, 368, 131005, 131031, 131042, 131045, 133010, *range(200, 300)})
#: What buttons, lists and photos may be refused for: the words alone can still go.
SHAPE = frozenset({100, 131008, 131009, 131051, 131052, 131053})


@dataclass(frozen=True)
class Uncertain(Exception):
    """The call broke after it may have been taken: whether the message left is not known."""

    why: str


def client(settings: WhatsAppCloudSettings) -> WhatsApp:
    session = httpx.Client(timeout=settings.timeout_seconds)
    made = WhatsApp(phone_id=settings.phone_id, token=settings.token, session=session, api_version=API_VERSION)
    if settings.base_url:  # the client has no option for it
        session.base_url = httpx.URL(f"{settings.base_url.rstrip('/')}/v{API_VERSION}")
    return made


def passes(code: Any) -> bool:
    """Whether a refusal with this code may end by itself, or once our account is mended."""
    return code in WAITS or code in OURS if isinstance(code, int) else False


def told(code: Any) -> str:
    """The code and what it means, without any of Meta's own words: they may quote the person."""
    return f"{code} {NAMES.get(code, '')}".strip() if isinstance(code, int) else "unknown"


def failure(error: Exception) -> SendResult:
    """What a failed call means: final for refusals, again for what may pass. Raises Uncertain, and what is no provider's error."""
    if isinstance(error, WhatsAppError):
        status = error.status_code or 0
        retry = passes(error.code) or bool(error.is_transient) or status in (401, 403, 408, 429) or status >= 500
        wait = WAITS.get(error.code, 0.0)
        return SendResult("failed", error=told(error.code), retry=retry and error.code not in (131047, 470), wait_seconds=wait)
    if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout | httpx.PoolTimeout):
        return SendResult("failed", error=f"network: {type(error).__name__}", retry=True)
    if isinstance(error, httpx.HTTPError):
        raise Uncertain(f"network: {type(error).__name__}") from error
    if isinstance(error, AttributeError | KeyError | IndexError | TypeError | ValueError):
        raise Uncertain("unreadable answer of the provider") from error
    raise error
