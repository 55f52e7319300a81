"""The phones of the demonstration: an SMS channel without a provider. What is sent is only written down, and shown at /demo."""

from __future__ import annotations

from collections import deque
from datetime import datetime

from fastapi import APIRouter

from channels.base import Accept, Capabilities, OnStatus, OutMessage, SendResult


class DemoSms:
    """Takes every SMS and delivers it nowhere. The outbox holds the words; `sent` keeps the latest for who has no store at hand."""

    name = "sms"
    capabilities = Capabilities(max_text=1600)

    def __init__(self) -> None:
        self.sent: deque[OutMessage] = deque(maxlen=200)

    def routes(self, accept: Accept, on_status: OnStatus) -> APIRouter:
        return APIRouter()  # simulated answers come in through the inbox, real ones do not exist

    def send(self, message: OutMessage) -> SendResult:
        self.sent.append(message)
        return SendResult("sent", provider_id=f"demo-{message.id}")

    def find_sent(self, message: OutMessage, since: datetime) -> str | None:
        return f"demo-{message.id}" if any(m.id == message.id for m in self.sent) else None
