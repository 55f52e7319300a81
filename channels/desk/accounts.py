"""Who works at the desk: accounts with a role, sessions kept by the server, and a sign-in that cannot be guessed at speed."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from channels.desk import audit, passwords
from channels.web.limits import Buckets
from domain.clock import Clock
from domain.store.database import Database
from domain.store.desk_tables import DeskAgent, DeskSession

#: What each role may do. An operator runs the place and reads no client's conversation.
PERMITS: Mapping[str, frozenset[str]] = {
    "agent": frozenset({"talk"}),
    "lead": frozenset({"talk", "reassign", "refunds", "reports", "letters"}),
    "operator": frozenset({"reports", "audit", "letters"}),
}
LOGIN = re.compile(r"[a-z][a-z0-9._-]{1,39}")
LONGEST_SESSION, IDLE = timedelta(hours=12), timedelta(hours=2)
TOUCH_EVERY = timedelta(minutes=1)  # a write per request would be dear
TRIES, TRIES_PER_SECOND = 5, 1 / 60  # of one login from one address
TRIES_OF_ADDRESS, TRIES_OF_ADDRESS_PER_SECOND = 20, 1 / 10


@dataclass(frozen=True)
class Signed:
    """Somebody who is signed in. `csrf` must come back with each write."""

    agent_id: int
    login: str
    name: str
    role: str
    locale: str
    csrf: str

    def may(self, what: str) -> bool:
        return what in PERMITS.get(self.role, frozenset())


class Refused(Exception):
    """Sign-in said no. `code`: wrong (login or password, never which) or slow (`seconds` to wait)."""

    def __init__(self, code: str, seconds: float = 0) -> None:
        super().__init__(code)
        self.code, self.seconds = code, seconds


class BadAccount(ValueError):
    """An account that cannot be made; the message says the cure."""


def add(db: Database, now: datetime, login: str, password: str, role: str, name: str = "") -> None:
    """Makes an account, or gives an existing one this password, role and name; its open sessions end. Raises BadAccount, WeakPassword."""
    if not LOGIN.fullmatch(login):
        raise BadAccount(f"login {login!r} must be 2 to 40 small letters, digits, . _ or -, a letter first; example: karima")
    if role not in PERMITS:
        raise BadAccount(f"role {role!r} must be one of {', '.join(PERMITS)}")
    if login == "bot":
        raise BadAccount("login 'bot' is the bot's own; choose another")
    kept = passwords.hashed(password)
    with db.transaction() as session:
        found = session.scalar(select(DeskAgent).where(DeskAgent.login == login))
        if found is None:
            found = DeskAgent(login=login, name=(name or login.capitalize())[:80], password=kept, role=role, created_at=now)
            session.add(found)
        else:
            found.password, found.role, found.active, found.name = kept, role, True, (name or found.name)[:80]
            session.execute(delete(DeskSession).where(DeskSession.agent_id == found.id))
        audit.record(session, now, login, "account", role=role)


def close(db: Database, now: datetime, login: str) -> bool:
    """Ends an account and its sessions; what it did stays in the audit. False when there is none."""
    with db.transaction() as session:
        found = session.scalar(select(DeskAgent).where(DeskAgent.login == login))
        if found is None:
            return False
        found.active = False
        session.execute(delete(DeskSession).where(DeskSession.agent_id == found.id))
        audit.record(session, now, login, "account_closed")
        return True


class Accounts:
    """The signing in and out of one process."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self.db, self.clock = db, clock
        self._tries = Buckets(TRIES, TRIES_PER_SECOND)
        self._addresses = Buckets(TRIES_OF_ADDRESS, TRIES_OF_ADDRESS_PER_SECOND)

    def sign_in(self, login: str, password: str, address: str) -> str:
        """The cookie of a new session. Raises Refused; each refusal is a line of the audit."""
        login = login.strip().lower()
        login = login if LOGIN.fullmatch(login) else "?"
        wait = max(self._addresses.wait(address), self._tries.wait(f"{address} {login}"))
        now = self.clock.now()
        with self.db.reading() as session:
            found = session.scalar(select(DeskAgent).where(DeskAgent.login == login, DeskAgent.active.is_(True)))
        # a login that does not exist takes as long as one that does
        right = not wait and passwords.matches(password, found.password if found else _nobody()) and found is not None
        if wait or not right or found is None:
            with self.db.transaction() as session:
                audit.record(session, now, login, "sign_in_refused", why="slow" if wait else "wrong", address=address[:64])
            raise Refused("slow" if wait else "wrong", wait)
        cookie = secrets.token_urlsafe(32)
        with self.db.transaction() as session:
            session.execute(delete(DeskSession).where(DeskSession.created_at < now - LONGEST_SESSION))
            session.add(DeskSession(id=_key(cookie), agent_id=found.id, csrf=secrets.token_urlsafe(32), created_at=now, seen_at=now))
            audit.record(session, now, login, "signed_in", address=address[:64])
        return cookie

    def signed(self, cookie: str | None, *, active: bool = True) -> Signed | None:
        """Who this cookie belongs to; None when there is none, it expired or the account ended. `active`: somebody is at the keys."""
        if not cookie or len(cookie) > 100:
            return None
        now = self.clock.now()
        with self.db.reading() as session:
            row = session.get(DeskSession, _key(cookie))
            if row is None or not row.agent.active or now - row.created_at >= LONGEST_SESSION or now - row.seen_at >= IDLE:
                return None
            stale, agent, csrf = now - row.seen_at >= TOUCH_EVERY, row.agent, row.csrf
        if active and stale:
            with self.db.transaction() as session:
                self._touch(session, cookie, now)
        return Signed(agent.id, agent.login, agent.name, agent.role, agent.locale, csrf)

    def sign_out(self, cookie: str | None) -> None:
        who = self.signed(cookie)
        if cookie and who:
            with self.db.transaction() as session:
                session.execute(delete(DeskSession).where(DeskSession.id == _key(cookie)))
                audit.record(session, self.clock.now(), who.login, "signed_out")

    def speak(self, who: Signed, locale: str) -> None:
        """The interface in another language from now on."""
        with self.db.transaction() as session:
            session.get_one(DeskAgent, who.agent_id).locale = locale

    def _touch(self, session: Session, cookie: str, now: datetime) -> None:
        row = session.get(DeskSession, _key(cookie))
        if row is not None:
            row.seen_at = now


def genuine(who: Signed, token: str | None) -> bool:
    """Whether a write carries the token of this very session."""
    return bool(token) and hmac.compare_digest(who.csrf.encode(), str(token).encode())


def _key(cookie: str) -> str:
    return hashlib.sha256(cookie.encode()).hexdigest()


@cache
def _nobody() -> str:
    """The hash of a password that nobody knows."""
    return passwords.hashed(secrets.token_urlsafe(24))
