"""Fetches what a person sent from Telegram, whose addresses hold our token: they are made here and never kept."""

from __future__ import annotations

import time
from urllib.parse import urlsplit

from telegram.error import BadRequest, InvalidToken, RetryAfter, TelegramError, TimedOut

from channels.base import Media, MediaRefused
from channels.download import download
from channels.telegram.api import Line
from channels.telegram.settings import TelegramSettings


def fetch(line: Line, settings: TelegramSettings, url: str, most_bytes: int, within_seconds: float) -> Media:
    """The media of `telegram:<file id>`. Raises MediaRefused. Telegram itself gives bots no file above 20 MB."""
    until = time.monotonic() + within_seconds
    scheme, _, file_id = url.partition(":")
    if scheme != "telegram" or not file_id:
        raise MediaRefused("not_theirs")
    try:
        file = line.ask(line.bot.get_file(file_id, read_timeout=within_seconds, connect_timeout=within_seconds))
    except BadRequest as error:
        raise MediaRefused("too_large" if "too big" in error.message.lower() else "gone") from None
    except TelegramError as error:
        raise MediaRefused("slow" if isinstance(error, TimedOut) else "unreachable", retry=not isinstance(error, InvalidToken | RetryAfter)) from None
    if file.file_size is not None and file.file_size > most_bytes:
        raise MediaRefused("too_large")
    where, host = file.file_path or "", urlsplit(settings.host)
    if (urlsplit(where).scheme, urlsplit(where).netloc) != (host.scheme, host.netloc):
        raise MediaRefused("not_theirs")
    return download(where, most_bytes, until, may_follow=lambda target: False)
