"""Chatwoot's REST API as we use it: find or make a person and their conversation there, and say something in it.

https://developers.chatwoot.com/api-reference
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import urlsplit

import httpx

from channels.base import Media, MediaRefused
from channels.chatwoot.settings import ChatwootSettings
from channels.download import download
from channels.webhook import part, parts, word

STORED = "/rails/active_storage/"  # where attachments lie
Side = Literal["incoming", "outgoing", "note"]


class Down(Exception):
    """Chatwoot cannot be reached, fails, or does not know our token: tried again later, not before `wait_seconds`."""

    def __init__(self, why: str, wait_seconds: float = 0) -> None:
        super().__init__(why)
        self.wait_seconds = wait_seconds


class Refusal(Exception):
    """Chatwoot understood and said no (`status` 4xx): the same request would be refused again."""

    def __init__(self, status: int, path: str) -> None:
        super().__init__(f"http {status} of {path}")
        self.status = status


@dataclass(frozen=True)
class Upload:
    name: str
    content: bytes = field(repr=False)
    mime: str = "application/octet-stream"


class Api:
    """The calls of one account and inbox. All of them block, and raise Down or Refusal."""

    def __init__(self, settings: ChatwootSettings) -> None:
        self.settings = settings
        self._http = httpx.Client(timeout=settings.timeout_seconds, headers={"api_access_token": settings.token})
        self._base = settings.url.rstrip("/")

    def inbox(self) -> dict[str, Any]:
        """The inbox as Chatwoot describes it (`channel_type`, `webhook_url`)."""
        return self._call("GET", f"inboxes/{self.settings.inbox_id}")

    def own_user(self) -> int | None:
        """Whom the token belongs to."""
        return _number(self._request("GET", "/api/v1/profile"), "id")

    def contact(self, identifier: str, phone: str | None, name: str) -> int:
        """The person with this identifier or phone, made where there is none; its number."""
        if found := self._find_contact(identifier) or (self._find_contact(phone) if phone else None):
            return found
        asked = {"inbox_id": self.settings.inbox_id, "name": name, "identifier": identifier, **({"phone_number": phone} if phone else {})}
        made = self._call("POST", "contacts", json=asked)
        number = _number(part(part(made, "payload"), "contact"), "id") or _number(part(made, "payload"), "id")
        if number is None:
            raise Down("contacts: an answer without a number")
        return number

    def conversation(self, contact_id: int, source: str) -> tuple[int, str]:
        """(number, status) of the person's conversation that is ours by `source`, made where there is none."""
        theirs = parts(self._call("GET", f"contacts/{contact_id}/conversations"), "payload")
        mine = [c for c in theirs if c.get("inbox_id") == self.settings.inbox_id and part(c, "custom_attributes").get("bricol") == source]
        if mine and (number := _number(mine[0], "id")):
            return number, word(mine[0], "status", 20)
        asked = {"source_id": source, "inbox_id": self.settings.inbox_id, "contact_id": contact_id, "status": "open"}
        made = self._call("POST", "conversations", json={**asked, "custom_attributes": {"bricol": source}})
        if (number := _number(made, "id")) is None:
            raise Down("conversations: an answer without a number")
        return number, "open"

    def reopen(self, conversation: int) -> None:
        self._call("POST", f"conversations/{conversation}/toggle_status", json={"status": "open"})

    def find_message(self, conversation: int, source: str) -> int | None:
        """The message that was said with this `source`, among the latest; None: it was not."""
        latest = parts(self._call("GET", f"conversations/{conversation}/messages"), "payload")
        return next((_number(one, "id") for one in latest if word(one, "source_id") == source), None)

    def say(self, conversation: int, side: Side, text: str, source: str, files: Sequence[Upload] = ()) -> int | None:
        """Writes a message (of the person, of ours, or a private note) and gives its number."""
        fields = {"content": text, "message_type": "incoming" if side == "incoming" else "outgoing", "source_id": source}
        path = f"conversations/{conversation}/messages"
        if not files:
            return _number(self._call("POST", path, json={**fields, "private": side == "note"}), "id")
        attached = [("attachments[]", (one.name, one.content, one.mime)) for one in files]
        return _number(self._call("POST", path, data={**fields, "private": str(side == "note").lower()}, files=attached), "id")

    def photo(self, url: str, most_bytes: int) -> Media:
        """What an agent attached: asked of our Chatwoot, whatever host it calls itself, which may send us on to its store. Raises MediaRefused."""
        parts_of = urlsplit(url)
        if not parts_of.path.startswith(STORED):
            raise MediaRefused("not_theirs")
        here = f"{self._base}{parts_of.path}" + (f"?{parts_of.query}" if parts_of.query else "")
        until = time.monotonic() + self.settings.timeout_seconds
        return download(here, most_bytes, until, may_follow=lambda to: to.startswith(("https://", self._base + "/")))

    def _find_contact(self, words: str) -> int | None:
        found = parts(self._call("GET", "contacts/search", params={"q": words}), "payload")
        return next((_number(one, "id") for one in found if words in (one.get("identifier"), one.get("phone_number"))), None)

    def _call(self, method: str, path: str, **how: Any) -> dict[str, Any]:
        return self._request(method, f"/api/v1/accounts/{self.settings.account_id}/{path}", **how)

    def _request(self, method: str, path: str, **how: Any) -> dict[str, Any]:
        try:
            answer = self._http.request(method, self._base + path, **how)
        except httpx.HTTPError as error:
            raise Down(f"network: {type(error).__name__}") from error
        if answer.status_code in (401, 403, 408, 429) or answer.status_code >= 500:  # a token that is mended must find everything waiting
            retry = answer.headers.get("retry-after", "")
            raise Down(f"http {answer.status_code}", min(float(retry), 3600.0) if retry.isascii() and retry.isdigit() else 0.0)
        if answer.status_code >= 400:
            raise Refusal(answer.status_code, path)
        try:
            body = answer.json() if answer.content else {}
        except ValueError:
            raise Down("an answer that is not JSON: is this Chatwoot's address?") from None
        return body if isinstance(body, dict) else {}


def _number(value: Any, name: str) -> int | None:
    found = value.get(name) if isinstance(value, dict) else None
    return found if isinstance(found, int) and not isinstance(found, bool) else None
