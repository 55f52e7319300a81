"""Telegram: updates by webhook or by asking for them, its Bot API out."""

from channels.telegram.channel import Telegram
from channels.telegram.settings import TelegramSettings

__all__ = ["Telegram", "TelegramSettings"]
