"""How updates reach us: Telegram is told our address once, or asked for news again and again."""

from __future__ import annotations

import asyncio
import logging
import warnings
from typing import Any

from telegram.error import TelegramError
from telegram.warnings import PTBUserWarning

from channels.base import Accept, InboundMessage, StoreUnavailable
from channels.telegram.api import Line, failure
from channels.telegram.inbound import read
from channels.telegram.settings import TelegramSettings
from channels.webhook import Refused

log = logging.getLogger(__name__)

# its own method reads a whole batch at once: one update it cannot read would hold back all others
warnings.filterwarnings("ignore", "Please use 'Bot.getUpdates'", PTBUserWarning)

WANTED = ("message", "edited_message", "callback_query")
PAUSE, LONGEST_PAUSE = 1.0, 60.0  # seconds


async def announce(line: Line, settings: TelegramSettings) -> None:
    """Tells Telegram where we are; tries again until it knows."""
    if not settings.webhook.startswith("https://"):
        log.warning("telegram: BRICOL_PUBLIC_URL is not https, so Telegram cannot call it: set it, or BRICOL_TELEGRAM_MODE=polling")
        return
    pause = PAUSE
    while True:
        try:
            await _on(line, line.bot.set_webhook(settings.webhook, secret_token=settings.secret_token, allowed_updates=WANTED, max_connections=40))
        except TelegramError as error:
            log.warning("telegram: the webhook is not set yet: %s", failure(error).error)
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE)
        else:
            log.info("telegram: updates come to %s", settings.webhook)
            return


async def poll(line: Line, settings: TelegramSettings, accept: Accept) -> None:
    """Asks for updates until cancelled. What could not be written down is not acknowledged: Telegram gives it again."""
    pause, after, webhook = PAUSE, 0, True
    while True:
        try:
            if webhook:  # Telegram answers no questions while it has an address to call
                await _on(line, line.bot.delete_webhook(drop_pending_updates=False))
                webhook = False
            question = {"offset": after, "timeout": settings.poll_seconds, "allowed_updates": list(WANTED)}
            seconds = settings.poll_seconds + settings.timeout_seconds
            raw = await _on(line, line.bot.do_api_request("getUpdates", api_kwargs=question, read_timeout=seconds))
            after = await _take(line, settings, raw, accept, after)
            pause = PAUSE
        except (TelegramError, StoreUnavailable) as error:
            why = failure(error).error if isinstance(error, TelegramError) else "the store cannot be written"
            log.warning("telegram: no updates taken: %s; trying again in %.0f s", why, pause)
            webhook = "409" in str(why)
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE)


async def _take(line: Line, settings: TelegramSettings, raw: Any, accept: Accept, after: int) -> int:
    """Hands a batch on; returns the offset that acknowledges it. Raises StoreUnavailable."""
    messages: list[InboundMessage] = []
    taps: list[str] = []
    for one in raw if isinstance(raw, list) else ():
        number = one.get("update_id") if isinstance(one, dict) else None
        if not isinstance(number, int):
            continue
        try:
            update = read(one, settings.bot_id)
        except Refused as refused:
            log.warning("telegram: update %s left out: %s %s", number, refused.field, refused.problem)
        else:
            messages += [update.message] if update.message else []
            taps += [update.tap] if update.tap else []
        after = max(after, number + 1)
    if messages:
        await accept(messages)
    for tap in taps:
        try:
            await _on(line, line.bot.answer_callback_query(tap))
        except TelegramError as error:  # only the button's little clock goes on turning
            log.info("telegram: a tap was not acknowledged: %s", failure(error).error)
    return after


async def _on(line: Line, call: Any) -> Any:
    return await asyncio.wrap_future(line.begin(call))
