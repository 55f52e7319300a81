"""A provider in memory: takes messages in through `accept`, keeps what was sent, and fails when a test says so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from fastapi import APIRouter, Request
from fastapi.responses import PlainTextResponse

from channels.base import Accept, Capabilities, InboundMessage, OnStatus, OutMessage, SendResult, StatusUpdate, StoreUnavailable


@dataclass
class FakeChannel:
    """`refusals`: results for the next sends instead of success. `accepted`: what the provider has, by our message id."""

    name: str = "whatsapp"
    capabilities: Capabilities = field(default_factory=lambda: Capabilities(max_text=4096, buttons=3, list_rows=10, session_hours=24))
    sent: list[OutMessage] = field(default_factory=list)
    refusals: list[SendResult | Exception] = field(default_factory=list)
    accepted: dict[str, str] = field(default_factory=dict)

    def routes(self, accept: Accept, on_status: OnStatus) -> APIRouter:
        router = APIRouter()

        @router.post(f"/fake/{self.name}")
        async def webhook(request: Request) -> PlainTextResponse:
            try:
                await accept([inbound(**one, channel=self.name) for one in await request.json()])
            except StoreUnavailable:
                return PlainTextResponse("try again", 503)
            return PlainTextResponse("ok")

        @router.post(f"/fake/{self.name}/status")
        async def status(request: Request) -> PlainTextResponse:
            await on_status([StatusUpdate(**one) for one in await request.json()])
            return PlainTextResponse("ok")

        return router

    def send(self, message: OutMessage) -> SendResult:
        if self.refusals:
            refusal = self.refusals.pop(0)
            if isinstance(refusal, Exception):
                raise refusal
            return refusal
        self.sent.append(message)
        self.accepted[message.id] = f"{self.name}-out-{message.id}"
        return SendResult("sent", provider_id=self.accepted[message.id])

    def find_sent(self, message: OutMessage, since: datetime) -> str | None:
        return self.accepted.get(message.id)

    def texts(self, to: str | None = None) -> list[str]:
        """What was sent, oldest first."""
        return [m.text for m in self.sent if to is None or m.to == to]


def inbound(provider_id: str, text: str = "", *, sender: str = "+212661000001", channel: str = "whatsapp", **rest: object) -> InboundMessage:
    """One message as a channel would hand it over; `sent_at` may be an ISO text."""
    sent_at = rest.pop("sent_at", None)
    when = datetime.fromisoformat(sent_at) if isinstance(sent_at, str) else sent_at
    return InboundMessage(channel, provider_id, sender, rest.pop("kind", "text"), text, sent_at=when, **rest)  # type: ignore[arg-type]


def burst(*texts: str, first: int = 1, **rest: object) -> Sequence[InboundMessage]:
    """Several messages of one person, ids m1, m2, ..."""
    return [inbound(f"m{n}", text, **rest) for n, text in enumerate(texts, first)]
