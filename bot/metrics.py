"""Counts what the service does, for /metrics; the names are documented in docs/operations.md."""

from __future__ import annotations

from prometheus_client import Counter, Histogram

RECEIVED = Counter("bricol_messages_received_total", "Messages accepted, without repeated deliveries", ["channel"])
TURNS = Counter("bricol_turns_total", "Turns played", ["channel", "model"])
TURN_SECONDS = Histogram(
    "bricol_turn_seconds",
    "From the first look at a message to its committed reply",
    buckets=(0.01, 0.025, 0.06, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30),
)
SENT = Counter("bricol_messages_sent_total", "Messages handed to a channel, by outcome", ["channel", "status"])


def received(channel: str) -> None:
    RECEIVED.labels(channel).inc()


def turn(channel: str, model: str, ms: float) -> None:
    TURNS.labels(channel, model).inc()
    TURN_SECONDS.observe(ms / 1000)


def sent(channel: str, status: str) -> None:
    SENT.labels(channel, status).inc()
