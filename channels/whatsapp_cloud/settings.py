"""What Meta must know of us and we of it."""

from __future__ import annotations

from dataclasses import dataclass, field

PATH = "/channels/whatsapp"
API_VERSION = "24.0"


@dataclass(frozen=True)
class WhatsAppCloudSettings:
    """`phone_id`: Meta's id of our number, not the number. `verify_token`: our own word, typed into Meta's console. `base_url`: for tests."""

    phone_id: str
    token: str = field(repr=False)
    app_secret: str = field(repr=False)
    verify_token: str = field(repr=False)
    base_url: str = ""
    timeout_seconds: float = 10
    evidence_seconds: float = 8  # how long a status is waited for that says whether a message left before a crash
