"""Reads Telegram's updates: one message, one tap on a button, or something that is nobody's words."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from channels.base import InboundMessage, MessageKind
from channels.clean import words
from channels.telegram.buttons import chosen
from channels.webhook import Refused, degrees, part, parts, word
from prompts import commands

_COMMAND = re.compile(r"/([a-z]{1,32})(?:@\w+)?(?:\s|$)")
_FILE_ID = re.compile(r"[\w-]{1,200}", re.ASCII)
_DIGITS = re.compile(r"[1-9]\d{6,14}")
_LARGEST_ID = 2**52  # Telegram's own promise

Content = tuple[MessageKind, str, dict[str, Any]]


@dataclass(frozen=True)
class Update:
    """What one update says; `tap`: the id of a tap, which Telegram wants to be told was seen."""

    number: int
    message: InboundMessage | None = None
    tap: str | None = None


def read(raw: dict[str, Any], bot_id: str) -> Update:
    """An update; without a message for one that nobody must answer (groups, live places, joins). Raises Refused(422) naming the field."""
    number = raw.get("update_id")
    if isinstance(number, bool) or not isinstance(number, int) or not 0 <= number < _LARGEST_ID:
        raise Refused(422, "update_id", "must be a number")
    if "callback_query" in raw:
        return _tap(part(raw, "callback_query"), number, bot_id)
    edited = "edited_message" in raw
    said = part(raw, "edited_message" if edited else "message")
    if not said:
        if isinstance(raw.get("message"), dict) or "message" not in raw:
            return Update(number)
        raise Refused(422, "message", "must be an object")
    chat = _person(said, "message")
    if chat is None or part(said, "from").get("is_bot") is True:
        return Update(number)
    if edited and not (word(said, "text") or word(said, "caption")):  # a live place moves every few seconds
        return Update(number)
    phone = _own_phone(said)
    content: Content = ("text", phone, {"shared": "phone"}) if phone else _content(said)
    kind, text, payload = content
    if kind == "text" and not text and not payload:
        return Update(number)
    text, marks = words(text)
    extra = {"profile_name": word(part(said, "from"), "first_name", 80), **({"edited": True} if edited else {})}
    payload = {**payload, **marks, **{k: v for k, v in extra.items() if v}}
    return Update(number, InboundMessage("telegram", f"{bot_id}:{number}", chat, kind, text, payload, _time(said, number, edited), phone))


def _tap(query: dict[str, Any], number: int, bot_id: str) -> Update:
    name = word(query, "id", 64)
    if not name:
        raise Refused(422, "callback_query.id", "is missing")
    under = part(query, "message")
    chat = _person(under, "callback_query.message") if under else None
    if chat is None:
        return Update(number, tap=name)
    rows = part(under, "reply_markup").get("inline_keyboard")
    shown = [b for row in rows if isinstance(row, list) for b in row if isinstance(b, dict)] if isinstance(rows, list) else []
    title, payload = chosen(word(query, "data", 64), [(word(b, "text"), word(b, "callback_data", 64)) for b in shown])
    if not title and not payload:
        return Update(number, tap=name)
    kind: MessageKind = "button" if payload else "text"
    held = {"payload": payload} if payload else {}
    # the date is that of the message the button stands under, not of the tap
    return Update(number, InboundMessage("telegram", f"{bot_id}:{number}", chat, kind, words(title)[0], held), tap=name)


def _person(said: dict[str, Any], field: str) -> str | None:
    """The private chat a message stands in; None for groups and channels, which are not ours to answer."""
    chat = part(said, "chat")
    number = chat.get("id")
    if isinstance(number, bool) or not isinstance(number, int) or abs(number) >= _LARGEST_ID:
        raise Refused(422, f"{field}.chat.id", "must be a number")
    return str(number) if word(chat, "type") == "private" and number > 0 else None


def _content(said: dict[str, Any]) -> Content:
    caption = word(said, "caption", 10_000)
    if text := word(said, "text", 10_000):
        return "text", _spoken(text, word(part(said, "from"), "language_code", 10)), {}
    if place := part(said, "location"):
        lat, lon = degrees(place, "latitude", 90), degrees(place, "longitude", 180)
        if lat is None or lon is None:
            return "unsupported", "", {"type": "location"}
        venue = part(said, "venue")
        return "location", word(venue, "title") or word(venue, "address"), {"lat": lat, "lon": lon}
    for name in ("voice", "audio"):
        if name in said:
            return _media("voice", part(said, name), caption, "audio/ogg" if name == "voice" else "")
    if sizes := parts(said, "photo"):
        return _media("photo", max(sizes, key=lambda s: s["width"] if isinstance(s.get("width"), int) else 0), caption, "image/jpeg")
    if document := part(said, "document"):
        if word(document, "mime_type").startswith("image/"):  # sent as a file so that it keeps its sharpness
            return _media("photo", document, caption, "")
        return "unsupported", caption, {"type": "video" if "animation" in said else "document"}
    for name, kind in (("sticker", "sticker"), ("contact", "contact"), ("video", "video"), ("video_note", "video"), ("animation", "video")):
        if name in said:
            return "unsupported", caption, {"type": kind}
    unknown = next((k for k in ("poll", "dice", "game", "story", "invoice", "checklist", "paid_media", "photo", "document") if k in said), None)
    return ("unsupported", caption, {"type": unknown}) if unknown else ("text", caption, {})


def _media(kind: MessageKind, file: dict[str, Any], caption: str, mime: str) -> Content:
    name = word(file, "file_id")
    if not _FILE_ID.fullmatch(name):
        return "unsupported", caption, {"type": kind}
    seconds = file.get("duration")
    held: dict[str, Any] = {"url": f"telegram:{name}", "mime": (word(file, "mime_type", 80) or mime).partition(";")[0].strip().lower()}
    if kind == "voice" and isinstance(seconds, int | float) and not isinstance(seconds, bool) and 0 <= seconds < 10**6:
        held["seconds"] = seconds
    return kind, caption, held


def _spoken(text: str, language: str) -> str:
    """A command as the words it stands for; any other text as it is."""
    found = _COMMAND.match(text)
    return (commands.words_of(found[1], language) if found else None) or text


def _own_phone(said: dict[str, Any]) -> str | None:
    """The person's own phone, which Telegram vouches for: a contact card that is theirs and that nobody passed on."""
    card = part(said, "contact")
    own = isinstance(card.get("user_id"), int) and card.get("user_id") == part(said, "from").get("id")
    if not own or "forward_origin" in said or "forward_date" in said or "via_bot" in said:
        return None
    digits = re.sub(r"\D", "", word(card, "phone_number", 40), flags=re.ASCII)
    return f"+{digits}" if _DIGITS.fullmatch(digits) else None


def _time(said: dict[str, Any], number: int, edited: bool) -> datetime | None:
    seconds = said.get("edit_date" if edited else "date")
    if isinstance(seconds, bool) or not isinstance(seconds, int) or not 0 < seconds < 10**11:
        return None
    # Telegram's dates have whole seconds; its numbers say what came first within one
    return datetime.fromtimestamp(seconds, UTC) + timedelta(microseconds=number % 1_000_000)
