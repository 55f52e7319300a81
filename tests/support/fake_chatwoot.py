"""Chatwoot on this machine, over real HTTP: an API inbox with people, conversations and messages, which fails when told to."""

from __future__ import annotations

import itertools
import json
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.parser import BytesParser
from email.policy import HTTP
from pathlib import Path
from typing import Any

from channels.chatwoot.webhook import signature
from evals.providers.http import Answer, FakeHttp, Fault, File, Request, serving

TOKEN, SECRET, ACCOUNT, INBOX, BOT_USER = "the token of the tests", "the secret of the tests", 1, 3, 9
WEBHOOK = "/channels/chatwoot"
NOW = 1795424400.0  # Monday 23 November 2026, 09:00 UTC
FOLDER = Path(__file__).parents[1] / "fixtures" / "webhooks" / "chatwoot"


def values(address: str, **changes: Any) -> dict[str, Any]:
    """Settings of a house with this Chatwoot."""
    own = {"url": address, "account_id": ACCOUNT, "inbox_id": INBOX, "token": TOKEN, "webhook_secret": SECRET}
    return {f"chatwoot_{name}": value for name, value in {**own, **changes}.items()}


def recorded(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    return found


def signed(body: dict[str, Any] | bytes, *, secret: str = SECRET, at: float | None = None) -> dict[str, Any]:
    """What a test client's `post` takes: the body and the headers that Chatwoot puts on it."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    moment = str(int(time.time() if at is None else at))
    headers = {"X-Chatwoot-Timestamp": moment, "X-Chatwoot-Signature": signature(raw, moment, secret), "Content-Type": "application/json"}
    return {"content": raw, "headers": headers}


@dataclass
class FakeChatwoot(FakeHttp):
    """`said`: the messages of all conversations, as they came, with their `conversation`; `reopened`: numbers of conversations."""

    contacts: list[dict[str, Any]] = field(default_factory=list)
    talks: list[dict[str, Any]] = field(default_factory=list)
    said: list[dict[str, Any]] = field(default_factory=list)
    reopened: list[int] = field(default_factory=list)
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(40))  # of conversations: none is given twice
    stored: dict[str, File] = field(default_factory=dict)  # attachments of agents, by path

    def fail(self, status: int, only: str = "/api/v1", *, hang: bool = False, times: int = 1) -> None:
        self.faults += [Fault(status, {"error": "told to fail"}, only, hang) for _ in range(times)]

    def texts(self, side: str = "incoming") -> list[str]:
        """incoming, outgoing or note, oldest first."""
        return [one["content"] for one in self.said if one["side"] == side]

    def answer(self, request: Request) -> Answer:
        if request.path in self.stored:
            return self.stored[request.path]
        if request.headers.get("api_access_token") != TOKEN:
            return 401, {"errors": ["Invalid Access Token"]}
        if request.path == "/api/v1/profile":
            return 200, {"id": BOT_USER, "name": "Bricol", "role": "agent"}
        found = re.fullmatch(rf"/api/v1/accounts/{ACCOUNT}/(\w+)(?:/(\w+))?(?:/(\w+))?", request.path)
        return self._of(request, *found.groups()) if found else (404, {"error": "Resource could not be found"})

    def _of(self, request: Request, what: str, name: str | None, part: str | None) -> Answer:
        number = int(name) if name and name.isdigit() else 0
        match (request.method, what, name, part):
            case ("GET", "inboxes", _, None):
                return (200, {"id": INBOX, "channel_type": "Channel::Api"}) if number == INBOX else (404, {"error": "not found"})
            case ("GET", "contacts", "search", None):
                wanted = request.data["q"]
                return 200, {"payload": [c for c in self.contacts if wanted in (c["identifier"] or "") or wanted in (c["phone_number"] or "")]}
            case ("POST", "contacts", None, None):
                return self._contact(request.data)
            case ("GET", "contacts", _, "conversations"):
                return 200, {"payload": [t for t in self.talks if t["contact_id"] == number]}
            case ("POST", "conversations", None, None):
                return self._talk(request.data)
            case ("POST", "conversations", _, "toggle_status"):
                return self._reopen(number, request.data)
            case ("GET", "conversations", _, "messages"):
                return 200, {"payload": [m for m in self.said if m["conversation"] == number][-20:]}
            case ("POST", "conversations", _, "messages"):
                return self._say(number, request)
        return 404, {"error": "not found"}

    def _contact(self, told: dict[str, Any]) -> Answer:
        taken = [c for c in self.contacts if told["identifier"] == c["identifier"] or told.get("phone_number", "-") == c["phone_number"]]
        if taken or told.get("inbox_id") != INBOX:
            return 422, {"message": "Identifier has already been taken"}
        one = {"id": 100 + len(self.contacts), "identifier": told["identifier"], "phone_number": told.get("phone_number"), "name": told["name"]}
        self.contacts.append(one)
        return 200, {"payload": {"contact": one, "contact_inbox": {"source_id": "a uuid", "inbox": {"id": INBOX}}}}

    def _talk(self, told: dict[str, Any]) -> Answer:
        if told["contact_id"] not in [c["id"] for c in self.contacts] or told["inbox_id"] != INBOX:
            return 404, {"error": "Resource could not be found"}
        one = {"id": next(self.numbers), "status": told.get("status", "open"), "account_id": ACCOUNT, "uuid": "a uuid"}
        self.talks.append({**one, **told})
        return 200, {**one, "inbox_id": INBOX, "contact_id": told["contact_id"]}

    def _reopen(self, number: int, told: dict[str, Any]) -> Answer:
        talk = next((t for t in self.talks if t["id"] == number), None)
        if talk is None:
            return 404, {"error": "Resource could not be found"}
        talk["status"] = told["status"]
        self.reopened.append(number)
        return 200, {"payload": {"success": True, "current_status": told["status"], "conversation_id": number}}

    def _say(self, number: int, request: Request) -> Answer:
        if number not in [t["id"] for t in self.talks]:
            return 404, {"error": "Resource could not be found"}
        fields, files = (request.data, []) if "json" in request.headers["content-type"] else _parts(request)
        private = fields["private"] in (True, "true")
        side = "note" if private else fields["message_type"]
        one = {**fields, "private": private, "side": side, "conversation": number, "id": 500 + len(self.said), "files": files}
        self.said.append(one)
        return 200, {**{k: v for k, v in one.items() if k not in ("side", "conversation", "files")}, "conversation_id": number}

    # --- what people do there, as the webhooks that tell of it -----------------------------------------------------------

    def writes(self, number: int, text: str | None, *, of: int = 0, at: float = NOW, **changes: Any) -> dict[str, Any]:
        """An agent writes in the n-th conversation."""
        body = recorded("message_outgoing")
        talk = {**body["conversation"], **self._described(of)}
        return {**body, "id": number, "content": text, "created_at": _iso(at), "conversation": talk, **changes}

    def becomes(self, status: str, *labels: str, of: int = 0, at: float = NOW, agent: int | None = None) -> dict[str, Any]:
        """The n-th conversation is in another state."""
        body = recorded("conversation_resolved")
        assignee = {"id": agent, "name": "Karima", "type": "user"} if agent else None
        state = {"status": status, "labels": [*labels], "updated_at": at, "meta": {**body["meta"], "assignee": assignee}}
        return {**body, **self._described(of), **state}

    def _described(self, of: int) -> dict[str, Any]:
        talk = self.talks[of]
        return {"id": talk["id"], "inbox_id": INBOX, "contact_inbox": {"id": 7, "inbox_id": INBOX, "source_id": talk["source_id"]}}


def _iso(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _parts(request: Request) -> tuple[dict[str, Any], list[tuple[str, bytes, str]]]:
    """Fields and files of a multipart body."""
    head = f"Content-Type: {request.headers['content-type']}\r\n\r\n".encode()
    fields: dict[str, Any] = {}
    files = []
    for part in BytesParser(policy=HTTP).parsebytes(head + request.raw).iter_parts():
        name = part.get_param("name", header="content-disposition")
        content: Any = part.get_payload(decode=True)
        if part.get_filename():
            files.append((str(part.get_filename()), bytes(content), part.get_content_type()))
        else:
            fields[str(name)] = bytes(content).decode()
    return fields, files


@contextmanager
def running() -> Iterator[FakeChatwoot]:
    with serving(FakeChatwoot()) as provider:
        yield provider
