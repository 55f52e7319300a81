"""What every channel is to the rest of the house: messages in through `accept`, messages out through `send`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol, runtime_checkable

from fastapi import APIRouter

MessageKind = Literal["text", "button", "location", "voice", "photo", "unsupported"]
OutKind = Literal["text", "buttons", "list", "template", "sms", "media"]
Status = Literal["queued", "sending", "sent", "delivered", "read", "failed", "dropped"]

#: Longest text taken in; the rest is cut and marked in `payload["truncated"]`, never refused.
MAX_TEXT = 4096


@dataclass(frozen=True)
class InboundMessage:
    """One message of one person, as the provider delivered it; (channel, provider_id) is its identity."""

    channel: str  # whatsapp sms telegram web
    provider_id: str
    sender: str  # E.164 phone where the channel proves it, else a session id
    kind: MessageKind
    text: str = ""  # words, caption, or the title of a tapped option
    payload: dict[str, Any] = field(default_factory=dict)  # button: {"payload"}, location: {"lat","lon"}, media: {"url","seconds","mime"}
    sent_at: datetime | None = None  # the provider's own time, aware; orders parts that arrive out of order
    phone: str | None = None  # E.164 that the provider proves with this very message (a contact share); the conversation is theirs from now on


@dataclass(frozen=True)
class OutMessage:
    """One message ready for one channel: the form is chosen (domain.engagement.render), only sending is left."""

    id: str  # the outbox row; providers that take an idempotency key get it
    channel: str
    to: str
    kind: OutKind
    text: str
    options: tuple[dict[str, str], ...] = ()  # [{"title","payload","description"}] for buttons and list
    template: str | None = None
    variables: dict[str, str] = field(default_factory=dict)
    language: str = "fr"
    script: str = "latn"
    awaiting: str | None = None
    media: str | None = None  # https address of a photo that goes with the words, for as long as it takes to fetch it
    asks: Literal["phone", "place"] | None = None  # what one tap could give, where the channel can ask so


@dataclass(frozen=True)
class SendResult:
    """What the provider said. A `retry` failure is tried again later, not before `wait_seconds`; any other failure is final.

    `unknown`: it may have left; before another attempt the provider is asked (`find_sent`).
    """

    status: Status
    provider_id: str | None = None
    error: str | None = None
    retry: bool = False
    wait_seconds: float = 0
    unknown: bool = False


@dataclass(frozen=True)
class StatusUpdate:
    """A provider's later word on a message we sent; statuses only ever move forward, but for a failure that may pass (`retry`)."""

    provider_id: str
    status: Status
    error: str | None = None
    message_id: str | None = None  # OutMessage.id, where the provider gives it back: known even when our own commit was lost
    retry: bool = False


Accept = Callable[[Sequence[InboundMessage]], Awaitable[None]]  # raises StoreUnavailable -> the route answers 503
OnStatus = Callable[[Sequence[StatusUpdate]], Awaitable[None]]


class StoreUnavailable(Exception):
    """The message could not be written down: the webhook answers 503 so that the provider brings it again."""


@dataclass(frozen=True)
class Capabilities:
    """What a channel can show; the renderer falls back to numbered text."""

    max_text: int
    buttons: int = 0  # most quick-reply buttons in one message
    list_rows: int = 0
    button_title: int = 20  # characters
    row_title: int = 24
    row_description: int = 72
    rich_text: int = 1024  # longest text above buttons or a list
    session_hours: int | None = None  # free text only this long after the person's last message
    verified_sender: bool = True  # the provider proves who writes (web chat does not)
    media: bool = False  # shows a photo with the words; elsewhere its address stands below them
    templates: bool = False  # sends those of prompts/templates, also when the session is over


class Channel(Protocol):
    name: str
    capabilities: Capabilities

    def routes(self, accept: Accept, on_status: OnStatus) -> APIRouter:
        """Webhooks of this channel. They verify, parse and accept; nothing else."""
        ...

    def send(self, message: OutMessage) -> SendResult:
        """Hands one message to the provider; blocking, called from a worker thread; never raises for provider errors."""
        ...

    def find_sent(self, message: OutMessage, since: datetime) -> str | None:
        """After a crash in the middle of `send`: the provider's id of this message if it did leave, else None."""
        ...


@runtime_checkable
class Listener(Protocol):
    """A channel that must do something while the server runs: tell its provider where we are, or ask it for messages."""

    async def listen(self, accept: Accept) -> None:
        """Runs until cancelled. Raises nothing else: what fails is logged and tried again."""
        ...


@runtime_checkable
class Paced(Protocol):
    """A channel whose provider limits how fast messages leave."""

    def wait(self, to: str) -> float:
        """Seconds until a message to this person may leave, as this process knows it; 0: now. Asking counts nothing."""
        ...


@runtime_checkable
class LargeBodies(Protocol):
    """A channel whose provider sends more in one request than the server otherwise takes."""

    max_bodies: dict[str, int]  # path -> bytes


@dataclass(frozen=True)
class Media:
    """What a person sent beside words, as the provider handed it over; `mime` is the provider's word, not proven."""

    content: bytes = field(repr=False)
    mime: str


class MediaRefused(Exception):
    """Media that cannot be had. `code`: too_large, not_theirs, gone, refused, slow or unreachable; a `retry` one may be there a moment later."""

    def __init__(self, code: str, *, retry: bool = False) -> None:
        super().__init__(code)
        self.code, self.retry = code, retry


@runtime_checkable
class MediaSource(Protocol):
    """A channel whose messages may point to media (`payload["url"]`). Blocking; called from a worker thread, never from a webhook."""

    def fetch(self, url: str, most_bytes: int, within_seconds: float) -> Media:
        """The media, at most `most_bytes`. Raises MediaRefused."""
        ...

    def forget(self, url: str) -> None:
        """Asks the provider to delete its copy; never raises."""
        ...
