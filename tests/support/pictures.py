"""Pictures for tests, made of nothing."""

from __future__ import annotations

import struct
import zlib


def png(width: int = 900, height: int = 600) -> bytes:
    """A grey PNG of so many pixels; one that is all the same colour is small, however large it claims to be."""
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    squeeze = zlib.compressobj(1)
    row = b"\0" + b"\x80" * width
    body = b"".join([squeeze.compress(row) for _ in range(height)] + [squeeze.flush()])
    return b"\x89PNG\r\n\x1a\n" + _part(b"IHDR", header) + _part(b"IDAT", body) + _part(b"IEND", b"")


def _part(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def jpeg_head(width: int, height: int, marker: int = 0xC0) -> bytes:
    """A JPEG as far as its size: what comes after is not looked at."""
    comment = b"\xff\xfe" + struct.pack(">H", 2 + 5) + b"plomb"
    return b"\xff\xd8" + comment + bytes((0xFF, marker)) + struct.pack(">HBHHB", 17, 8, height, width, 3) + b"\0" * 9


def webp_head(kind: str, width: int, height: int) -> bytes:
    """A WebP as far as its size: "VP8 ", "VP8L" or "VP8X"."""
    body = {
        "VP8 ": b"\0\0\0\x9d\x01\x2a" + struct.pack("<HH", width, height),
        "VP8L": b"\x2f" + struct.pack("<I", (width - 1) | (height - 1) << 14) + b"\0" * 5,
        "VP8X": b"\0" * 4 + (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little"),
    }[kind]
    return b"RIFF" + struct.pack("<I", 100) + b"WEBP" + kind.encode() + struct.pack("<I", len(body)) + body
