"""Tells in one of a few codes why a message could not leave, whatever provider said it in whatever words."""

from __future__ import annotations

from collections.abc import Mapping

#: Code -> words that stand in `outbox.error` (channels name the providers' numbers). The first that fits counts.
SIGNS: Mapping[str, tuple[str, ...]] = {
    "unknown": ("unknown whether",),
    "session": ("outside_session", "session closed"),
    "not_there": ("not_on_whatsapp",),
    "refuses": ("blocked", "opted_out", "barred_by_person", "number_barred", "spam_filter"),
    "number": ("bad_number", "not_a_mobile", "number_gone", "number_deactivated", "bad_recipient", "not_a_person", "unreachable", "portability"),
    "off": ("phone_off", "phone_busy"),
    "ours": (
        "not configured", "account_blocked", "account_barred", "account_locked", "account_not_enabled", "account_in_maintenance", "token_",
        "permission_missing", "login_refused", "no_credit", "payment_method", "not_registered", "not_allowed", "not_a_test_number", "bad_sender",
        "bad_network", "signature", "bad_callback", "spam_limit",
    ),
    "form": ("template_", "too_long", "bad_parameter", "parameter_missing", "unsupported_type", "media_refused"),
    "network": ("network", "too fast", "too_fast", "their_", "too_many_connections", "unreadable answer", "http 5", "Timeout", "Connection"),
}  # fmt: skip
CODES = (*SIGNS, "other")


def reason(error: str | None) -> str:
    """One of CODES."""
    return next((code for code, signs in SIGNS.items() if any(sign in (error or "") for sign in signs)), "other")
