"""What the chat page may take from strangers."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class WebSettings:
    """`secret` signs session tokens. `public_url`: our address as browsers know it; pages of other addresses may not connect or frame the chat."""

    secret: bytes = field(repr=False)
    public_url: str = ""
    sites: tuple[str, ...] = ()  # more sites that may embed the chat, "https://shop.example.ma"
    session_days: int = 30  # since the last visit
    poll_seconds: float = 10  # how often a socket looks for what another process sent; also mends a push that went astray
    burst: int = 12  # messages of one session at once; people send four for one thought
    per_second: float = 1.0
    new_sessions_per_minute: int = 60  # from one address; a whole office may share one
    sockets_per_session: int = 6
    max_frame: int = 64 * 1024  # bytes
    max_photo: int = 5 * 1024 * 1024  # bytes; the page sends far less, as it makes photos smaller
    photo_burst: int = 10  # photos of one session at once, then
    photos_per_second: float = 0.2
    photos_per_minute: int = 120  # from one address: a whole mobile network may share one
