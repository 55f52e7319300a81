"""What Telegram must know of us and we of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

PATH = "/channels/telegram"
API = "https://api.telegram.org"


@dataclass(frozen=True)
class TelegramSettings:
    """`secret_token`: what Telegram repeats in each webhook, 1 to 256 letters, digits, _ and -. `base_url`: for tests."""

    token: str = field(repr=False)
    secret_token: str = field(repr=False)
    mode: Literal["webhook", "polling"] = "webhook"
    public_url: str = ""
    base_url: str = ""
    timeout_seconds: float = 10
    poll_seconds: int = 25  # how long Telegram holds a question for updates open

    @property
    def bot_id(self) -> str:
        """The public half of the token."""
        return self.token.partition(":")[0]

    @property
    def host(self) -> str:
        return self.base_url.rstrip("/") or API

    @property
    def webhook(self) -> str:
        return self.public_url.rstrip("/") + PATH
