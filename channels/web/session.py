"""Gives each visitor a session that nobody else can take: a random id in a signed token kept by their browser."""

from __future__ import annotations

import secrets

from itsdangerous import BadData, URLSafeTimedSerializer

PREFIX = "web-"


class Sessions:
    def __init__(self, secret: bytes, days: int) -> None:
        self._signer = URLSafeTimedSerializer(secret, salt="bricol-web-chat")
        self._seconds = days * 86_400

    def new(self) -> str:
        """A session id of 144 random bits, at most 64 characters: the address of a conversation."""
        return PREFIX + secrets.token_urlsafe(18)

    def token(self, session: str) -> str:
        """What the browser keeps; made anew at each visit, so that it lasts `days` from the last one."""
        return str(self._signer.dumps(session))

    def read(self, token: object) -> str | None:
        """The session of a genuine, fresh token; None for anything else."""
        if not isinstance(token, str) or len(token) > 300:
            return None
        try:
            session = self._signer.loads(token, max_age=self._seconds)
        except BadData:
            return None
        return session if isinstance(session, str) and session.startswith(PREFIX) else None
