"""Buttons and lists on WhatsApp: reusable Content definitions of Twilio, one for each shape a message can have, filled by variables."""

from __future__ import annotations

import hashlib
import json
import re
import threading
from dataclasses import dataclass
from typing import Any

from twilio.rest import Client
from twilio.rest.content.v1.content import ContentList

from channels.base import OutMessage

MOST_LINES = 14  # shapes are kept apart by their lines; longer texts are rare and go as numbered text


@dataclass(frozen=True)
class Shape:
    """A Content definition and the values one message puts into it."""

    types: dict[str, Any]
    variables: dict[str, str]

    @property
    def name(self) -> str:
        """The same for the same definition, so that it is made once per account, whoever makes it."""
        return "bricol_" + hashlib.sha256(json.dumps(self.types, sort_keys=True).encode()).hexdigest()[:16]


def shape(message: OutMessage, list_button: str) -> Shape | None:
    """The shape of a message of kind buttons or list; None when it has no shape Twilio takes.

    A variable may hold no line end and may not be empty (error 21656), so each line of the text is a variable of its own.
    """
    values: dict[str, str] = {}

    def variable(text: str) -> str:
        values[str(len(values) + 1)] = re.sub(r"\s+", " ", text).strip()
        return "{{" + str(len(values)) + "}}"

    lines = message.text.split("\n")
    if len(lines) > MOST_LINES or not message.text.strip():
        return None
    body = "\n".join(variable(line) if line.strip() else "" for line in lines)
    if message.kind == "buttons":
        actions = [{"type": "QUICK_REPLY", "title": variable(o["title"]), "id": variable(o["payload"])} for o in message.options]
        types: dict[str, Any] = {"twilio/quick-reply": {"body": body, "actions": actions}}
    else:
        items = [
            {"id": variable(o["payload"]), "item": variable(o["title"])}
            | ({"description": variable(o["description"])} if o.get("description") else {})
            for o in message.options
        ]
        types = {"twilio/list-picker": {"body": body, "button": variable(list_button), "items": items}}
    return Shape(types, values) if all(values.values()) else None


class Contents:
    """The Content definitions of an account, by name; made when first needed."""

    def __init__(self, client: Client) -> None:
        self._client, self._lock = client, threading.Lock()
        self._sids: dict[str, str] | None = None

    def sid(self, wanted: Shape) -> str:
        """The definition's SID. Raises what Twilio's client raises."""
        with self._lock:
            if self._sids is None:
                self._sids = {c.friendly_name: c.sid for c in self._client.content.v1.contents.list(limit=1000) if c.friendly_name and c.sid}
            if wanted.name not in self._sids:
                self._sids[wanted.name] = self._create(wanted)
            return self._sids[wanted.name]

    def forget(self, wanted: Shape) -> None:
        """Someone deleted it in the console: make it anew next time."""
        with self._lock:
            if self._sids:
                self._sids.pop(wanted.name, None)

    def _create(self, wanted: Shape) -> str:
        request = ContentList.ContentCreateRequest(
            {
                "friendly_name": wanted.name,
                "language": "fr",
                "variables": dict.fromkeys(wanted.variables, "-"),
                "types": ContentList.Types(wanted.types),
            }
        )
        made = self._client.content.v1.contents.create(content_create_request=request)
        return str(made.sid)
