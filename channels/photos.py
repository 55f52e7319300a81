"""Tells a photo by its own bytes, never by its name or by what a sender says of it: JPEG, PNG or WebP, and how many pixels it claims."""

from __future__ import annotations

from dataclasses import dataclass

#: Pixels of the largest photo that is shown to anybody: more is no phone's picture, and a browser that opens it may die of it.
MOST_PIXELS = 50_000_000
MIMES = ("image/jpeg", "image/png", "image/webp")

_BEGINS = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"RIFF")
# markers of JPEG that hold width and height (ITU-T T.81, table B.1): every start of frame but DHT, JPG and DAC
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_BARE = frozenset({0x01, *range(0xD0, 0xD8)})  # markers without a length


@dataclass(frozen=True)
class Picture:
    """`mime` as its bytes prove it; `width` and `height` in pixels, as it claims them."""

    mime: str
    width: int
    height: int


class NotAPhoto(Exception):
    """`code`: not_a_photo (other bytes, or cut off before its size), too_many_pixels."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def look(content: bytes) -> Picture:
    """What this picture is. Nothing is decoded, so nothing can blow up here. Raises NotAPhoto."""
    for begins, mime, size in zip(_BEGINS, MIMES, (_jpeg, _png, _webp), strict=True):
        if content.startswith(begins):
            width, height = size(content) or (0, 0)
            if width and height:
                if width * height > MOST_PIXELS:
                    raise NotAPhoto("too_many_pixels")
                return Picture(mime, width, height)
    raise NotAPhoto("not_a_photo")


def _big(content: bytes, at: int, count: int) -> int:
    return int.from_bytes(content[at : at + count], "big")


def _little(content: bytes, at: int, count: int) -> int:
    return int.from_bytes(content[at : at + count], "little")


def _jpeg(content: bytes) -> tuple[int, int] | None:
    at = 2
    while at + 9 <= len(content) and content[at] == 0xFF:
        marker = content[at + 1]
        if marker in _FRAMES:
            return _big(content, at + 7, 2), _big(content, at + 5, 2)
        at += 1 if marker == 0xFF else 2 if marker in _BARE else 2 + max(2, _big(content, at + 2, 2))
    return None


def _png(content: bytes) -> tuple[int, int] | None:
    return (_big(content, 16, 4), _big(content, 20, 4)) if content[12:16] == b"IHDR" and len(content) >= 24 else None


def _webp(content: bytes) -> tuple[int, int] | None:
    """The three kinds of WebP (RFC 9649): simple, lossless, extended."""
    kind, body = content[12:16], content[20:30]
    if content[8:12] != b"WEBP" or len(body) < 10:
        return None
    if kind == b"VP8 " and body[3:6] == b"\x9d\x01\x2a":
        return _little(body, 6, 2) & 0x3FFF, _little(body, 8, 2) & 0x3FFF
    if kind == b"VP8L" and body[0] == 0x2F:
        bits = _little(body, 1, 4)
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    return (_little(body, 4, 3) + 1, _little(body, 7, 3) + 1) if kind == b"VP8X" else None
