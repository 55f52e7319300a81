"""What Vonage must know of us and we of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import urlsplit

INBOUND_PATH = "/channels/vonage/sms"
STATUS_PATH = "/channels/vonage/status"
SMS_HOST, REPORTS_HOST = "https://rest.nexmo.com", "https://api.nexmo.com"


@dataclass(frozen=True)
class VonageSettings:
    """`signature_secret`: the account's, with "SHA-256 HMAC" chosen as its algorithm. `base_url`: instead of Vonage's own hosts (tests)."""

    api_key: str
    api_secret: str = field(repr=False)
    signature_secret: str = field(repr=False)
    sms_from: str  # E.164 of a rented number, or a registered alphanumeric sender
    public_url: str = ""
    base_url: str = ""
    timeout_seconds: float = 10
    evidence_seconds: float = 4  # how long a receipt is waited for that says whether a message left before a crash

    @property
    def status_callback(self) -> str | None:
        """Where Vonage reports receipts; None while our address is not one it could reach: then the account's own setting counts."""
        host = urlsplit(self.public_url).hostname or ""
        return self.public_url.rstrip("/") + STATUS_PATH if "." in host and not host.startswith("127.") else None
