"""Meta's Graph API on this machine: takes messages as strictly as the real one, keeps media, and fails when told to."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from evals.providers.http import Answer, FakeHttp, Fault, File, Request, serving

PHONE_ID, TOKEN, APP_SECRET, VERIFY = "106540352242922", "EAAtoken", "the app secret of the tests", "our own word"
PATH = "/channels/whatsapp"


def signature(body: bytes, secret: str = APP_SECRET) -> str:
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def signed(update: dict[str, Any], **json_options: Any) -> tuple[bytes, dict[str, str]]:
    """(body, headers) of a webhook as Meta sends it."""
    body = json.dumps(update, **json_options).encode()
    return body, {"Content-Type": "application/json", "X-Hub-Signature-256": signature(body)}


def updates(*, messages: list[Any] | None = None, statuses: list[Any] | None = None, contacts: list[Any] | None = None) -> dict[str, Any]:
    """One webhook with these messages and statuses."""
    value: dict[str, Any] = {"messaging_product": "whatsapp", "metadata": {"display_phone_number": "212520000000", "phone_number_id": PHONE_ID}}
    value |= {k: v for k, v in {"messages": messages, "statuses": statuses, "contacts": contacts}.items() if v is not None}
    return {"object": "whatsapp_business_account", "entry": [{"id": "102290129340398", "changes": [{"value": value, "field": "messages"}]}]}


@dataclass
class FakeMeta(FakeHttp):
    """`sent`: the messages it took, as they came; `media`: by id; `deleted`: ids."""

    sent: list[dict[str, Any]] = field(default_factory=list)
    media: dict[str, File] = field(default_factory=dict)
    about: dict[str, dict[str, Any]] = field(default_factory=dict)  # what it says of a media instead of the truth
    deleted: list[str] = field(default_factory=list)
    tokens: list[tuple[str, str]] = field(default_factory=list)  # (path, Authorization) of each look at a store

    def fail(self, code: int, status: int = 400, *, times: int = 1, hang: bool = False, only: str = "/messages", **more: Any) -> None:
        error = {"message": f"(#{code}) told to fail", "type": "OAuthException", "code": code, "fbtrace_id": "A1", **more}
        self.faults += [Fault(status, {"error": error}, only, hang) for _ in range(times)]

    def status(self, number: int, name: str, code: int | None = None, **more: Any) -> dict[str, Any]:
        """A status on the n-th message that was taken."""
        sent = self.sent[number]
        errors = {"errors": [{"code": code, "title": "told to fail"}]} if code else {}
        found = {"id": sent["id"], "status": name, "timestamp": "1795420800", "recipient_id": sent.get("to"), **errors, **more}
        return found | ({"biz_opaque_callback_data": tracker} if (tracker := sent.get("biz_opaque_callback_data")) else {})

    def answer(self, request: Request) -> Answer:
        if found := re.fullmatch(r"/store/(\w+)", request.path):
            self.tokens.append((request.path, request.headers.get("authorization", "")))
            file = self.media[found[1]]
            return file if request.headers.get("authorization") == f"Bearer {TOKEN}" or file.moved else (401, {})
        if request.headers.get("authorization") != f"Bearer {TOKEN}":
            return self._error(190, 401)
        if re.fullmatch(rf"/v[\d.]+/{PHONE_ID}/messages", request.path):
            return self._message(request.data)
        if (found := re.fullmatch(r"/v[\d.]+/(\d+)", request.path)) and found[1] in self.media:
            return self._media(request.method, found[1])
        return self._error(100, 404)

    def _media(self, method: str, number: str) -> Answer:
        if method == "DELETE":
            self.deleted.append(number)
            del self.media[number]
            return 200, {"success": True}
        file = self.media[number]
        truth = {
            "url": f"{self.url}/store/{number}",
            "mime_type": file.mime,
            "sha256": hashlib.sha256(file.content).hexdigest(),
            "file_size": len(file.content),
            "id": number,
        }
        return 200, {**truth, **self.about.get(number, {})}

    def _message(self, data: dict[str, Any]) -> Answer:
        if problem := _problem(data):
            return self._error(problem, 400)
        number = f"wamid.{len(self.sent) + 1:04d}"
        self.sent.append({**data, "id": number})
        person = {"user_id": data["recipient"]} if "recipient" in data else {"wa_id": data["to"]}
        return 200, {
            "messaging_product": "whatsapp",
            "contacts": [{"input": data.get("to") or data.get("recipient"), **person}],
            "messages": [{"id": number}],
        }

    def _error(self, code: int, status: int) -> Answer:
        return status, {"error": {"message": "no", "type": "OAuthException", "code": code, "fbtrace_id": "A1"}}


def _problem(data: dict[str, Any]) -> int:
    """The code Meta refuses a message with; 0 for a good one. Limits: CHANNELS.md."""
    own = data.get(data.get("type", ""), {})
    if data.get("messaging_product") != "whatsapp" or not (data.get("to") or data.get("recipient")) or not own:
        return 131008
    if data["type"] == "text" and not 0 < len(own["body"]) <= 4096:
        return 131009
    if data["type"] == "image":
        return 0 if own.get("link", "").startswith("https://") and len(own.get("caption", "")) <= 1024 else 131053
    if data["type"] == "template":
        values = [p.get("text", "") for c in own.get("components", ()) for p in c["parameters"] if p["type"] == "text"]
        return 132012 if any(not v or re.search(r"[\n\t]|\s{5,}", v) for v in values) else 0
    if data["type"] == "interactive":
        if not 0 < len(own["body"]["text"]) <= 1024:
            return 131009
        buttons = own["action"].get("buttons", ())
        rows = [row for section in own["action"].get("sections", ()) for row in section["rows"]]
        titles = [b["reply"]["title"] for b in buttons] + [r["title"] for r in rows]
        sizes = [(b["reply"]["title"], 20, b["reply"]["id"], 256) for b in buttons] + [(r["title"], 24, r["id"], 200) for r in rows]
        wrong = any(not 0 < len(t) <= most or not 0 < len(i) <= longest for t, most, i, longest in sizes)
        return 131009 if wrong or len(buttons) > 3 or len(rows) > 10 or len(set(titles)) < len(titles) else 0
    return 0


@contextmanager
def running() -> Iterator[FakeMeta]:
    with serving(FakeMeta()) as provider:
        yield provider
