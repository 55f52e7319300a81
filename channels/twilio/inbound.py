"""Reads Twilio's parameters: one webhook is one message, or one word on a message we sent."""

from __future__ import annotations

import math
import re
from typing import Any

from starlette.datastructures import FormData

from channels.base import InboundMessage, MessageKind, Status, StatusUpdate
from channels.clean import words
from channels.webhook import Refused

_SID = re.compile(r"[A-Za-z0-9]{2,64}")
_PHONE = re.compile(r"\+[1-9]\d{6,14}")
_NO_PHONE = re.compile(r"[A-Za-z0-9 .&_-]{2,20}")  # short codes and names: real senders, but nobody to answer

_STATUS: dict[str, Status] = {
    "accepted": "queued",
    "scheduled": "queued",
    "queued": "queued",
    "sending": "sending",
    "sent": "sent",
    "delivered": "delivered",
    "partially_delivered": "delivered",
    "read": "read",
    "undelivered": "failed",
    "failed": "failed",
    "canceled": "failed",
}


def message(params: FormData, channel: str) -> InboundMessage | None:
    """The message in a webhook; None for one that nobody can answer (a short code). Raises Refused(422) naming the field."""
    sid = _required(params, "MessageSid", _SID)
    sender = _sender(params, channel)
    if sender is None:
        return None
    kind, text, payload = _content(params)
    text, marks = words(text)
    extra = {"profile_name": _get(params, "ProfileName")[:80], "replied_to": _get(params, "OriginalRepliedMessageSid")[:64]}
    opt_out = _get(params, "OptOutType")[:10]  # set where Twilio itself has acted on STOP, START or HELP
    payload = {**payload, **marks, **{k: v for k, v in extra.items() if v}, **({"opt_out_type": opt_out} if opt_out else {})}
    return InboundMessage(channel=channel, provider_id=sid, sender=sender, kind=kind, text=text, payload=payload)


def status(params: FormData) -> StatusUpdate | None:
    """A delivery report; None for a status we do not know (Twilio adds some). Raises Refused(422) naming the field."""
    sid = _required(params, "MessageSid", _SID)
    name = _required(params, "MessageStatus", re.compile(r"[a-z_-]{1,30}")).replace("-", "_")
    if name not in _STATUS:
        return None
    code = _get(params, "ErrorCode")[:10]
    return StatusUpdate(sid, _STATUS[name], error=code or (name if _STATUS[name] == "failed" else None))


def _content(params: FormData) -> tuple[MessageKind, str, dict[str, Any]]:
    body = _get(params, "Body")
    if "Latitude" in params or "Longitude" in params:
        place = {"lat": _degrees(params, "Latitude", 90), "lon": _degrees(params, "Longitude", 180)}
        return "location", body or _get(params, "Label") or _get(params, "Address"), place
    if chosen := _get(params, "ListId") or _get(params, "ButtonPayload"):
        return "button", _get(params, "ListTitle") or _get(params, "ButtonText") or body, {"payload": chosen[:256]}
    if media := _media(params):
        mime = media[0]["mime"]
        found: dict[str, Any] = {"url": media[0]["url"], "mime": mime}
        if len(media) > 1:
            found["more"] = media[1:]
        if mime.startswith("audio/"):
            return "voice", body, found
        if mime.startswith("image/") and mime != "image/webp":  # WhatsApp's stickers are its only webp
            return "photo", body, found
        return "unsupported", body, {**found, "type": _media_type(mime)}
    kind = _get(params, "MessageType").lower()
    if body or kind in ("", "text", "button", "interactive"):
        return "text", body, {}
    return "unsupported", "", {"type": {"contacts": "contact"}.get(kind, kind)[:20]}


def _media_type(mime: str) -> str:
    if mime == "image/webp":
        return "sticker"
    if "vcard" in mime:
        return "contact"
    return "video" if mime.startswith("video/") else "document"


def _media(params: FormData) -> list[dict[str, str]]:
    raw = _get(params, "NumMedia") or "0"
    if not raw.isascii() or not raw.isdigit() or int(raw) > 20:
        raise Refused(422, "NumMedia", "must be a number from 0 to 20")
    found = []
    for n in range(int(raw)):
        url = _get(params, f"MediaUrl{n}")
        if not url.startswith(("https://", "http://")):
            raise Refused(422, f"MediaUrl{n}", "must be a web address")
        found.append({"url": url[:500], "mime": _get(params, f"MediaContentType{n}").partition(";")[0].strip().lower()[:80]})
    return found


def _sender(params: FormData, channel: str) -> str | None:
    raw = _get(params, "From")
    if not raw:
        raise Refused(422, "From", "is missing")
    prefix, _, address = raw.rpartition(":")
    if (prefix == "whatsapp") != (channel == "whatsapp") or prefix not in ("", "whatsapp"):
        raise Refused(422, "From", f"is not a sender of {channel}")
    address = address.strip()
    if _PHONE.fullmatch(address):
        return address
    if channel == "sms" and _NO_PHONE.fullmatch(address):
        return None
    raise Refused(422, "From", "must be a phone number in international form, +212...")


def _degrees(params: FormData, name: str, most: float) -> float:
    try:
        value = float(_get(params, name))
    except ValueError:
        value = math.nan
    if not -most <= value <= most:  # also refuses nan
        raise Refused(422, name, f"must be a number of degrees from -{most:g} to {most:g}")
    return value


def _required(params: FormData, name: str, shape: re.Pattern[str]) -> str:
    value = _get(params, name)
    if not value:
        raise Refused(422, name, "is missing")
    if not shape.fullmatch(value):
        raise Refused(422, name, "has a form that Twilio does not use")
    return value


def _get(params: FormData, name: str) -> str:
    value = params.get(name, "")
    return value if isinstance(value, str) else ""
