"""Vonage on this machine, over real HTTP: takes SMS as the real one does, keeps records of them, and fails when told to."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from channels.vonage import VonageSettings
from channels.vonage.webhook import signature
from domain.engagement.sms import segments
from evals.providers.http import Answer, FakeHttp, Fault, Request, serving

KEY, SECRET, SIGNING = "abcd1234", "the api secret of the tests", "the signature secret of the tests"
INBOUND, STATUS = "/channels/vonage/sms", "/channels/vonage/status"


def settings(url: str = "", **changes: Any) -> VonageSettings:
    values = {"sms_from": "+212520000000", "public_url": "https://bricol.example.ma", "timeout_seconds": 2, "evidence_seconds": 0}
    return VonageSettings(KEY, SECRET, SIGNING, base_url=url, **{**values, **changes})


def signed(fields: dict[str, Any], *, secret: str = SIGNING, at: float | None = None) -> dict[str, Any]:
    """The fields as Vonage sends them: with a time, a nonce and a signature."""
    whole = {**fields, "timestamp": str(int(time.time() if at is None else at)), "nonce": "d9f0a1c2"}
    return {**whole, "sig": signature(whole, secret).upper()}


def body(fields: dict[str, Any], **how: Any) -> dict[str, Any]:
    """What a test client's `post` takes: a signed JSON body and its header."""
    return {"content": json.dumps(signed(fields, **how)), "headers": {"Content-Type": "application/json"}}


def says(number: int, text: str, sender: str = "212661000001", **more: Any) -> dict[str, Any]:
    """One message of a person."""
    moment = f"2026-11-23 09:{number // 60:02}:{number % 60:02}"
    told = {"msisdn": sender, "to": "212520000000", "messageId": f"0B{number:014X}", "text": text, "type": "text", "message-timestamp": moment}
    return {**told, "api-key": KEY, **more}


@dataclass
class FakeVonage(FakeHttp):
    """`sent`: the messages it took, as they came, with their ids; `codes`: the answers to the next ones instead of 0."""

    sent: list[dict[str, Any]] = field(default_factory=list)
    codes: list[str] = field(default_factory=list)

    def fail(self, status: int, only: str = "/sms/json", *, hang: bool = False) -> None:
        self.faults.append(Fault(status, {"type": "told to fail"}, only, hang))

    def receipt(self, number: int, status: str, code: str = "0") -> dict[str, Any]:
        """A receipt for the n-th message that was taken."""
        one = self.sent[number]
        told = {"msisdn": one["to"], "to": one["from"], "messageId": one["id"], "status": status, "err-code": code, "client-ref": one["client-ref"]}
        return {**told, "network-code": "60401", "price": "0.06400000", "api-key": KEY, "message-timestamp": "2026-11-23 09:12:31"}

    def answer(self, request: Request) -> Answer:
        if request.path == "/sms/json":
            return 200, self._take(request.data)
        if request.path == "/v2/reports/records":
            wanted = "Basic " + base64.b64encode(f"{KEY}:{SECRET}".encode()).decode()
            return (200, self._records(request.data)) if request.headers.get("authorization") == wanted else (401, {"type": "UNAUTHORIZED"})
        return 404, {}

    def _take(self, form: dict[str, Any]) -> dict[str, Any]:
        code = self.codes.pop(0) if self.codes else self._problem(form)
        if code != "0":
            return {"message-count": "1", "messages": [{"status": code, "error-text": "told to fail"}]}
        parts = segments(form["text"]).parts
        number = len(self.sent) + 1
        self.sent.append({**form, "id": f"0A{number:016d}", "at": datetime.now(UTC)})
        told = {
            "to": form["to"],
            "status": "0",
            "remaining-balance": "15.0",
            "message-price": "0.064",
            "network": "60401",
            "client-ref": form["client-ref"],
        }
        ids = [self.sent[-1]["id"], *(f"0A{number:014d}{part:02d}" for part in range(2, parts + 1))]
        return {"message-count": str(parts), "messages": [{**told, "message-id": one} for one in ids]}

    def _problem(self, form: dict[str, Any]) -> str:
        if (form.get("api_key"), form.get("api_secret")) != (KEY, SECRET):
            return "4"
        if not form.get("to") or not form.get("from") or not form.get("text"):
            return "2"
        return "0" if form["to"].isdigit() and len(form.get("client-ref", "")) <= 40 else "3"

    def _records(self, asked: dict[str, Any]) -> dict[str, Any]:
        first, last = (datetime.fromisoformat(asked[name].replace("Z", "+00:00")) for name in ("date_start", "date_end"))
        found = [
            {"message_id": one["id"], "client_ref": one["client-ref"], "to": one["to"], "status": one.get("status", "submitted")}
            for one in self.sent
            if one["to"] == asked["to"] and first <= one["at"] and one["at"].replace(microsecond=0) <= last
        ]
        return {"request_status": "SUCCESS", "items_count": len(found), "records": found}


@contextmanager
def running() -> Iterator[FakeVonage]:
    with serving(FakeVonage()) as provider:
        yield provider
