"""Keeps passwords so that a stolen table gives none away: Argon2id, with its parameters and salt in each hash."""

from __future__ import annotations

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

#: RFC 9106's second choice (64 MiB, 3 passes, 4 lanes), the library's own default.
HASHER = PasswordHasher()
SHORTEST, LONGEST = 10, 200  # characters


class WeakPassword(ValueError):
    """Too short, too long, or made of too few different characters; the message says the cure."""


def hashed(password: str) -> str:
    """`$argon2id$v=19$m=...$salt$hash`. Raises WeakPassword."""
    if not SHORTEST <= len(password) <= LONGEST or len(set(password)) < 5:
        raise WeakPassword(f"a password has {SHORTEST} to {LONGEST} characters, at least 5 of them different")
    return HASHER.hash(_bytes(password))


def matches(password: str, stored: str) -> bool:
    """Whether `password` made `stored`. False for anything that cannot be read."""
    try:
        return HASHER.verify(stored, _bytes(password[:LONGEST]))
    except (VerificationError, InvalidHashError):
        return False


def _bytes(password: str) -> bytes:
    return password.encode("utf-8", "replace")
