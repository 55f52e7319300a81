"""Telegram: text, buttons under a message, and one tap that gives a phone or a place."""

from __future__ import annotations

import hmac
import logging
from datetime import datetime
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from telegram import LinkPreviewOptions
from telegram.error import BadRequest, TelegramError

from channels.base import Accept, Capabilities, Media, OnStatus, OutMessage, SendResult
from channels.pace import Limit, Pace
from channels.telegram import docs, listening, media
from channels.telegram.api import Line, about_buttons, failure
from channels.telegram.buttons import keyboard
from channels.telegram.inbound import read
from channels.telegram.settings import PATH, TelegramSettings
from channels.webhook import Refused, body_of, handed_on, json_object
from domain.engagement.render import numbered
from domain.engagement.reply import Option

log = logging.getLogger(__name__)

MAX_BODY = 256 * 1024  # bytes; a long message that quotes a long message, every letter escaped, has some 70 KB
SECRET = "X-Telegram-Bot-Api-Secret-Token"
#: Telegram's own limits: 30 messages a second in all; to one person one a second, short bursts are borne.
OVERALL, EACH = Limit(30, 1 / 30), Limit(3, 1)


class Telegram:
    """Who writes is a chat number until they share their phone; then the conversation is theirs as on WhatsApp."""

    name = "telegram"
    capabilities = Capabilities(max_text=4096, buttons=10, button_title=40, rich_text=4096, media=True, verified_sender=False)

    def __init__(self, settings: TelegramSettings, pace: Pace | None = None) -> None:
        self.settings = settings
        self._line = Line(settings)
        self._pace = pace or Pace(OVERALL, EACH)

    def routes(self, accept: Accept, on_status: OnStatus) -> APIRouter:
        router = APIRouter(tags=["channels"])
        if self.settings.mode == "polling":
            return router

        @router.post(PATH, name="telegram_update", response_class=Response, **docs.UPDATE)
        async def receive(request: Request) -> Response:
            """One update, with the secret Telegram was given. The reply goes out by itself."""
            try:
                body = await body_of(request, MAX_BODY)
                if not hmac.compare_digest(request.headers.get(SECRET, "").encode(), self.settings.secret_token.encode()):
                    raise Refused(403, SECRET, "is not ours")
                update = read(json_object(body), self.settings.bot_id)
            except Refused as refused:
                return refused.response()
            if problem := await handed_on([update.message] if update.message else [], accept):
                return problem
            seen = {"method": "answerCallbackQuery", "callback_query_id": update.tap} if update.tap else {}
            return JSONResponse(seen)

        return router

    async def listen(self, accept: Accept) -> None:
        """Tells Telegram our address, or asks it for updates: as `mode` says."""
        if self.settings.mode == "polling":
            await listening.poll(self._line, self.settings, accept)
        else:
            await listening.announce(self._line, self.settings)

    def wait(self, to: str) -> float:
        return self._pace.look(to)

    def send(self, message: OutMessage) -> SendResult:
        if wait := self._pace.hold(message.to):
            return SendResult("failed", error="too fast for the provider", retry=True, wait_seconds=wait)
        try:
            return self._photo(message) if message.media else self._sent(message.to, message.text, keyboard(message))
        except TelegramError as error:
            if message.media and isinstance(error, BadRequest):
                return self._in_words(message)
            if message.options and about_buttons(error):
                return self._in_words(message)
            return self._failed(message, error)

    def find_sent(self, message: OutMessage, since: datetime) -> str | None:
        """Telegram tells no bot what it sent: after a crash in the middle of sending, a message may come twice rather than never."""
        return None

    def fetch(self, url: str, most_bytes: int, within_seconds: float) -> Media:
        return media.fetch(self._line, self.settings, url, most_bytes, within_seconds)

    def forget(self, url: str) -> None:
        """Telegram lets no bot delete what a person sent."""

    def _sent(self, to: str, text: str, markup: Any = None) -> SendResult:
        call = self._line.bot.send_message(to, text, reply_markup=markup, link_preview_options=LinkPreviewOptions(is_disabled=True))
        return SendResult("sent", provider_id=f"{to}:{self._line.ask(call).message_id}")

    def _photo(self, message: OutMessage) -> SendResult:
        call = self._line.bot.send_photo(message.to, str(message.media), caption=message.text or None)
        return SendResult("sent", provider_id=f"{message.to}:{self._line.ask(call).message_id}")

    def _in_words(self, message: OutMessage) -> SendResult:
        log.warning("telegram: message %s: its %s refused, sending plain text", message.id, "photo is" if message.media else "buttons are")
        options = tuple(Option(o["title"], o["payload"], o.get("description", "")) for o in message.options)
        text = f"{message.text}\n{message.media}".strip() if message.media else message.text
        try:
            return self._sent(message.to, numbered(text, options, isolated=True))
        except TelegramError as error:
            return self._failed(message, error)

    def _failed(self, message: OutMessage, error: TelegramError) -> SendResult:
        result = failure(error)
        log.warning("telegram: message %s: %s%s", message.id, result.error, " (again later)" if result.retry else "")
        return result
