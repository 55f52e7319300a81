"""Telegram's Bot API as we use it, from any thread, and what its refusals mean for a message."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from concurrent.futures import Future
from typing import Any, TypeVar

from telegram import Bot
from telegram.error import BadRequest, ChatMigrated, Conflict, Forbidden, InvalidToken, NetworkError, RetryAfter, TelegramError, TimedOut
from telegram.request import HTTPXRequest

from channels.base import SendResult
from channels.telegram.settings import TelegramSettings

Answer = TypeVar("Answer")


class Line:
    """The bot and the one thread its connections live in: the library is asynchronous, our senders are not."""

    def __init__(self, settings: TelegramSettings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        seconds = settings.timeout_seconds
        times: Any = {"read_timeout": seconds, "write_timeout": seconds, "connect_timeout": seconds, "pool_timeout": seconds}
        self.bot = Bot(
            settings.token,
            base_url=f"{settings.host}/bot",
            base_file_url=f"{settings.host}/file/bot",
            request=HTTPXRequest(connection_pool_size=32, **times),
            get_updates_request=HTTPXRequest(connection_pool_size=2, **times),
        )

    def begin(self, call: Coroutine[Any, Any, Answer]) -> Future[Answer]:
        """Starts a call of the bot; its answer comes in the future."""
        with self._lock:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                threading.Thread(target=self._loop.run_forever, name="bricol-telegram", daemon=True).start()
        return asyncio.run_coroutine_threadsafe(call, self._loop)

    def ask(self, call: Coroutine[Any, Any, Answer]) -> Answer:
        """The answer to a call of the bot. Raises what the bot raises; blocking."""
        return self.begin(call).result()


def failure(error: TelegramError) -> SendResult:
    """What a failed call means: final for refusals, again for what may pass. Telegram's own words stay out: they may hold the token."""
    match error:
        case RetryAfter():
            # the public attribute warns that it will change its type
            return SendResult("failed", error="429 too_fast", retry=True, wait_seconds=error._retry_after.total_seconds())
        case Forbidden():
            return SendResult("failed", error="403 blocked")  # the person stopped the bot, or is gone
        case ChatMigrated():
            return SendResult("failed", error="400 not_a_person")
        case InvalidToken() | Conflict():  # our own account is misconfigured; once it is mended the messages must still go
            return SendResult("failed", error="401 token_refused" if isinstance(error, InvalidToken) else "409 conflict", retry=True)
        case BadRequest():
            return SendResult("failed", error=f"400 {_reason(error)}")
        case TimedOut():
            return SendResult("failed", error="network: timeout", retry=True)
        case NetworkError():
            return SendResult("failed", error="network", retry=True)
    return SendResult("failed", error="unreadable answer of the provider", retry=True)


def about_buttons(error: TelegramError) -> bool:
    """Whether the buttons were refused and not the words."""
    return isinstance(error, BadRequest) and any(sign in error.message.lower() for sign in ("button", "reply markup", "keyboard"))


def _reason(error: TelegramError) -> str:
    said = error.message.lower()
    return "unknown_person" if "chat not found" in said or "user not found" in said else "too_long" if "too long" in said else "bad_request"
