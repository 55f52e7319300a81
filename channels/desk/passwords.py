"""Keeps passwords so that a stolen table gives none away, and compares them in the same time whoever asks.

scrypt of the standard library: N = 2^15, r = 8, p = 3 (32 MiB, one of the equal settings of OWASP's Password Storage Cheat Sheet).
The parameters stand in each hash, so that stronger ones can follow without a reset.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets

LOG_N, R, P = 15, 8, 3
SHORTEST, LONGEST = 10, 200  # characters


class WeakPassword(ValueError):
    """Too short, too long, or made of too few different characters; the message says the cure."""


def hashed(password: str) -> str:
    """`scrypt$15$8$3$salt$hash`. Raises WeakPassword."""
    if not SHORTEST <= len(password) <= LONGEST or len(set(password)) < 5:
        raise WeakPassword(f"a password has {SHORTEST} to {LONGEST} characters, at least 5 of them different")
    salt = secrets.token_bytes(16)
    return "$".join(["scrypt", str(LOG_N), str(R), str(P), _text(salt), _text(_scrypt(password, salt, LOG_N, R, P))])


def matches(password: str, stored: str) -> bool:
    """Whether `password` made `stored`. False for anything that cannot be read."""
    try:
        kind, log_n, r, p, salt, expected = stored.split("$")
        found = _scrypt(password[:LONGEST], base64.b64decode(salt), int(log_n), int(r), int(p))
        return kind == "scrypt" and hmac.compare_digest(found, base64.b64decode(expected))
    except ValueError:
        return False


def _scrypt(password: str, salt: bytes, log_n: int, r: int, p: int) -> bytes:
    memory = 128 * r * (2**log_n + p + 2)
    return hashlib.scrypt(password.encode("utf-8", "replace"), salt=salt, n=2**log_n, r=r, p=p, maxmem=2 * memory, dklen=32)


def _text(value: bytes) -> str:
    return base64.b64encode(value).decode("ascii")
