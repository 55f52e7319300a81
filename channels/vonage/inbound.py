"""Reads Vonage's fields: one webhook is one message (or one part of a long one), or one receipt for a message we sent."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from channels.base import MAX_TEXT, InboundMessage, Status, StatusUpdate
from channels.clean import words
from channels.vonage.api import receipt_error
from channels.webhook import Refused
from domain.engagement.bidi import clean

_ID = re.compile(r"[A-Za-z0-9-]{2,64}")
_PHONE = re.compile(r"\+?[1-9]\d{6,14}")
_NO_PHONE = re.compile(r"[A-Za-z0-9 .&_-]{2,20}")  # short codes and names: real senders, but nobody to answer
_WORD = re.compile(r"[a-z_]{1,20}")

_STATUS: dict[str, Status] = {
    "submitted": "sent",
    "accepted": "sent",
    "buffered": "sent",
    "delivered": "delivered",
    "expired": "failed",
    "failed": "failed",
    "rejected": "failed",
}


def message(fields: Mapping[str, str]) -> InboundMessage | None:
    """The message in a webhook; None for one that nobody can answer (a short code). Raises Refused(422) naming the field."""
    number = _required(fields, "messageId", _ID)
    sender = _required(fields, "msisdn", _NO_PHONE if not _PHONE.fullmatch(fields.get("msisdn", "")) else _PHONE)
    if not _PHONE.fullmatch(sender):
        return None
    part, raw = _part(fields), fields.get("text", "")
    # a part keeps the space at its end: the next word begins there
    text, marks = (clean(raw)[:MAX_TEXT], part) if part else words(raw)
    binary = fields.get("type") == "binary"
    return InboundMessage(
        channel="sms",
        provider_id=number,
        sender="+" + sender.removeprefix("+"),
        kind="unsupported" if binary else "text",
        text="" if binary else text,
        payload={"type": "binary"} if binary else dict(marks),
        sent_at=_moment(fields.get("message-timestamp", "")),
    )


def status(fields: Mapping[str, str]) -> StatusUpdate | None:
    """A receipt; None for a status we do not know. Raises Refused(422) naming the field."""
    number = _required(fields, "messageId", _ID)
    name = _required(fields, "status", _WORD)
    if name not in _STATUS:
        return None
    ours = fields.get("client-ref", "")[:40] or None
    if _STATUS[name] != "failed":
        return StatusUpdate(number, _STATUS[name], message_id=ours)
    error, again = receipt_error(fields.get("err-code", "")[:4])
    return StatusUpdate(number, "failed", error=error or name, message_id=ours, retry=again and name == "failed")


def _part(fields: Mapping[str, str]) -> dict[str, Any]:
    """The mark of one part of a long message: {"part": {"of", "number", "total"}}; bot.history puts the parts together."""
    number, total, reference = (fields.get(name, "") for name in ("concat-part", "concat-total", "concat-ref"))
    if fields.get("concat") != "true" or not reference or not all(n.isascii() and n.isdigit() and len(n) < 4 for n in (number, total)):
        return {}
    return {"part": {"of": reference[:40], "number": int(number), "total": int(total)}}


def _moment(text: str) -> datetime | None:
    try:
        return datetime.strptime(text, "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)
    except ValueError:
        return None


def _required(fields: Mapping[str, str], name: str, shape: re.Pattern[str]) -> str:
    value = fields.get(name, "")
    if not value:
        raise Refused(422, name, "is missing")
    if not shape.fullmatch(value):
        raise Refused(422, name, "has a form that Vonage does not use")
    return value
