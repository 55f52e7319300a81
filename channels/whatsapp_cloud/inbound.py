"""Reads Meta's webhooks: one request holds any number of messages and of words on messages we sent, in any order."""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from channels.base import InboundMessage, MessageKind, Status, StatusUpdate
from channels.clean import words
from channels.webhook import Refused, degrees, part, parts, word
from channels.whatsapp_cloud.api import passes, told

log = logging.getLogger(__name__)

_ID = re.compile(r"[!-~]{1,256}")
_PHONE = re.compile(r"[1-9]\d{6,14}")
_BUSINESS_SCOPED = re.compile(r"[A-Z]{2}\.(ENT\.)?\d{1,55}")  # who has a user name shows us this instead of a phone
_STATUS: dict[str, Status] = {"sent": "sent", "delivered": "delivered", "read": "read", "played": "read", "failed": "failed"}
#: Kinds that say nothing to us. A reaction may stand under any old message: read as a word, a thumb could confirm what it was not meant for.
_SILENT = frozenset({"reaction", "system", "request_welcome", "revoke"})
_MIMES = {"image": "photo", "audio": "voice"}

Content = tuple[MessageKind, str, dict[str, Any]]


@dataclass
class Read:
    """What one request held; `skipped` counts what could not be read and is told in the log."""

    messages: list[InboundMessage] = field(default_factory=list)
    statuses: list[StatusUpdate] = field(default_factory=list)
    skipped: int = 0


def read(body: dict[str, Any], phone_id: str) -> Read:
    """Everything in one webhook that is about our number. One broken message does not hold back the others. Raises Refused(422)."""
    if not isinstance(body.get("entry"), list):
        raise Refused(422, "entry", "must be a list")
    found = Read()
    for entry in parts(body, "entry"):
        for change in parts(entry, "changes"):
            value = part(change, "value")
            if word(change, "field") != "messages":
                _tell(change)
            elif word(part(value, "metadata"), "phone_number_id") == phone_id:
                _value(value, found)
    if found.skipped:
        log.warning("whatsapp: %d updates could not be read and were left out", found.skipped)
    return found


def _value(value: dict[str, Any], found: Read) -> None:
    names = {key: word(part(c, "profile"), "name", 80) for c in parts(value, "contacts") for key in (word(c, "wa_id"), word(c, "user_id")) if key}
    for error in parts(value, "errors"):
        log.error("whatsapp: meta reports %s for our number", told(error.get("code")))
    for raw in parts(value, "messages"):
        if word(raw, "type") in _SILENT or word(raw, "group_id"):
            continue
        one = message(raw, names)
        found.messages += [one] if one else []
        found.skipped += one is None
    for raw in parts(value, "statuses"):
        if word(raw, "status") in _STATUS:
            update = status(raw)
            found.statuses += [update] if update else []
            found.skipped += update is None


def message(raw: dict[str, Any], names: dict[str, str]) -> InboundMessage | None:
    """One message; None where it has no identity or nobody to answer. What it holds may be unreadable: it is answered all the same."""
    provider_id, sender = word(raw, "id"), _sender(raw)
    if not _ID.fullmatch(provider_id) or sender is None:
        return None
    kind, text, payload = _content(raw)
    text, marks = words(text)
    extra = {
        "profile_name": names.get(word(raw, "from")) or names.get(word(raw, "from_user_id")),
        "replied_to": word(part(raw, "context"), "id", 256),
    }
    phone = None if sender.startswith("+") else _shared_phone(raw)  # whose phone we see is who they are
    return InboundMessage(
        channel="whatsapp",
        provider_id=provider_id,
        sender=sender,
        kind="text" if phone else kind,
        text=phone or text,
        payload={**({"shared": "phone"} if phone else payload), **marks, **{k: v for k, v in extra.items() if v}},
        sent_at=_time(raw),
        phone=phone,
    )


def status(raw: dict[str, Any]) -> StatusUpdate | None:
    """A delivery report; None where it names no message."""
    provider_id, name = word(raw, "id"), _STATUS[word(raw, "status")]
    if not _ID.fullmatch(provider_id):
        return None
    ours = word(raw, "biz_opaque_callback_data", 40) or None
    if name != "failed":
        return StatusUpdate(provider_id, name, message_id=ours)
    code = next((e.get("code") for e in parts(raw, "errors")), None)
    return StatusUpdate(provider_id, "failed", error=told(code), message_id=ours, retry=passes(code))


def _content(raw: dict[str, Any]) -> Content:
    kind = word(raw, "type", 20)
    own = part(raw, kind)
    match kind:
        case "text":
            return "text", word(own, "body", 10_000), {}
        case "edit":  # the person mended what they wrote: what stands now is what they say
            return _content(part(own, "message"))
        case "button":
            return _tapped(word(own, "text"), word(own, "payload", 256))
        case "interactive":
            chosen = part(own, word(own, "type"))
            return _tapped(word(chosen, "title"), word(chosen, "id", 256))
        case "location":
            lat, lon = degrees(own, "latitude", 90), degrees(own, "longitude", 180)
            if lat is not None and lon is not None:
                return "location", word(own, "name") or word(own, "address"), {"lat": lat, "lon": lon}
        case "image" | "audio" | "document" | "video" | "sticker":
            return _media(kind, own)
        case "contacts":
            return "unsupported", "", {"type": "contact"}
    return "unsupported", "", {"type": kind if kind not in ("unsupported", "location") else word(own, "type", 20) or kind}


def _tapped(title: str, payload: str) -> Content:
    if payload:
        return "button", title, {"payload": payload}
    return ("text", title, {}) if title else ("unsupported", "", {"type": "interactive"})


def _media(kind: str, own: dict[str, Any]) -> Content:
    mime = word(own, "mime_type", 80).partition(";")[0].strip().lower()
    caption, number = word(own, "caption", 10_000), word(own, "id", 64)
    if not number.isascii() or not number.isdigit():
        return "unsupported", caption, {"type": kind}
    held = {"url": f"whatsapp:{number}", "mime": mime}
    if kind == "document" and mime.startswith("image/"):  # sent as a file so that it keeps its sharpness
        return "photo", caption, held
    if found := _MIMES.get(kind):
        return ("voice" if found == "voice" else "photo"), caption, held
    return "unsupported", caption, {**held, "type": kind}


def _sender(raw: dict[str, Any]) -> str | None:
    phone, scoped = word(raw, "from"), word(raw, "from_user_id")
    if _PHONE.fullmatch(phone):
        return f"+{phone}"
    return scoped if _BUSINESS_SCOPED.fullmatch(scoped) else None


def _shared_phone(raw: dict[str, Any]) -> str | None:
    """The person's own phone, given by a tap on our request; a contact card picked from the address book proves nothing."""
    if word(raw, "type") != "contacts":
        return None
    [card, *others] = parts(raw, "contacts") or [{}]
    if "contact_request" not in (word(raw, "origin"), word(card, "origin")) or others:
        return None
    for number in parts(card, "phones"):
        digits = re.sub(r"[^\d]", "", word(number, "wa_id") or word(number, "phone"))
        if _PHONE.fullmatch(digits):
            return f"+{digits}"
    return None


def _time(raw: dict[str, Any]) -> datetime | None:
    seconds = word(raw, "timestamp", 12)
    return datetime.fromtimestamp(int(seconds), UTC) if seconds.isascii() and seconds.isdigit() and len(seconds) <= 11 else None


def _tell(change: dict[str, Any]) -> None:
    """What happens to our templates is for who runs the service; the rest of Meta's news is nobody's."""
    if word(change, "field") == "message_template_status_update":
        value = part(change, "value")
        log.warning("whatsapp: template %s is now %s", word(value, "message_template_name", 80), word(value, "event", 40))
