"""What Chatwoot must know of us and we of it."""

from __future__ import annotations

from dataclasses import dataclass, field

WEBHOOK_PATH = "/channels/chatwoot"


@dataclass(frozen=True)
class ChatwootSettings:
    """One inbox of the kind "API". At least one of the secrets is set; each opens its own address.

    `webhook_secret`: the inbox's own, which signs (Chatwoot since spring 2026).
    `path_secret`: a word of ours at the end of the address, for older ones.
    """

    url: str
    account_id: int
    inbox_id: int
    token: str = field(repr=False)
    webhook_secret: str = field(default="", repr=False)
    path_secret: str = field(default="", repr=False)
    locale: str = "fr"  # of what agents read: fr ar
    timeout_seconds: float = 10
