"""What Twilio must know of us and we of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import urlsplit

STATUS_PATH = "/channels/twilio/status"


@dataclass(frozen=True)
class TwilioSettings:
    """`public_url`: the address Twilio calls, which its signature covers, without path. `base_url`: instead of Twilio's own hosts (tests)."""

    account_sid: str
    auth_token: str = field(repr=False)
    sms_from: str = ""  # E.164, an alphanumeric sender or a messaging service (MG...)
    whatsapp_from: str = ""  # E.164
    public_url: str = ""
    base_url: str = ""
    timeout_seconds: float = 10

    @property
    def status_callback(self) -> str | None:
        """Where Twilio reports statuses; None while our address is not one it could reach (it refuses such a message)."""
        host = urlsplit(self.public_url).hostname or ""
        return self.public_url.rstrip("/") + STATUS_PATH if "." in host and not host.startswith("127.") else None
