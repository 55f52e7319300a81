"""Keeps open pages of the desk up to date: server-sent events for what changed, and who else looks or types."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select
from starlette.concurrency import run_in_threadpool

from channels.desk.accounts import Signed
from domain.store.database import Database
from domain.store.desk_tables import DeskCase, DeskNote
from domain.store.tables import Conversation, Escalation, InboxRow, OutboxRow, Refund
from prompts import desk

LOOK_EVERY = 1.0  # seconds; also what another process did is seen so
STREAM_SECONDS = 300  # then the browser comes back by itself, and its session is looked at again
HERE_FOR = 6.0  # seconds that "is looking" and "is typing" hold without a new word
RETRY_MS = 1500


@dataclass(frozen=True)
class Presence:
    login: str
    name: str
    typing: bool


class Present:
    """Who looks at which conversation in this process. From any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._here: dict[int, dict[str, tuple[float, str, float]]] = {}

    def look(self, conversation_id: int, login: str, name: str, typing: bool = False) -> None:
        now = time.monotonic()
        with self._lock:
            there = self._here.setdefault(conversation_id, {})
            typed = now if typing else there.get(login, (0.0, "", 0.0))[2]
            there[login] = (now, name, typed)

    def others(self, conversation_id: int, login: str) -> list[Presence]:
        now = time.monotonic()
        with self._lock:
            there = {k: v for k, v in self._here.get(conversation_id, {}).items() if now - v[0] < HERE_FOR}
            self._here[conversation_id] = there
            if not there:
                del self._here[conversation_id]
            return [Presence(k, name, now - typed < HERE_FOR) for k, (_, name, typed) in sorted(there.items()) if k != login]


def queue_pulse(db: Database) -> tuple[Any, ...]:
    """Changes whenever the queue does: cases, owners, last words, first answers."""
    with db.reading() as session:
        cases = session.execute(
            select(Escalation.id, Escalation.status, Escalation.priority, Escalation.reason, Conversation.owner_epoch, Conversation.last_inbound_at)
            .join(Conversation, Escalation.conversation_id == Conversation.id)
            .where(Escalation.status != "closed")
            .order_by(Escalation.id)
        ).all()
        return (*cases, session.scalar(select(func.max(DeskCase.first_reply_at)).where(DeskCase.closed_at.is_(None))))


def talk_pulse(db: Database, conversation_id: int) -> tuple[Any, ...]:
    """Changes whenever the conversation does: words both ways and how far they came, owner, notes, refunds."""
    with db.reading() as session:

        def newest(table: Any) -> Any:
            return session.scalar(select(func.max(table.id)).where(table.conversation_id == conversation_id))

        states = session.execute(
            select(OutboxRow.status, func.count()).where(OutboxRow.conversation_id == conversation_id).group_by(OutboxRow.status)
        ).all()
        open_turns = session.scalar(
            select(func.count()).select_from(InboxRow).where(InboxRow.conversation_id == conversation_id, InboxRow.turn_id.is_(None))
        )
        epoch = session.scalar(select(Conversation.owner_epoch).where(Conversation.id == conversation_id))
        waiting = session.scalar(select(func.count()).select_from(Refund).where(Refund.status == "requested"))
        return (newest(InboxRow), newest(OutboxRow), newest(DeskNote), open_turns, epoch, waiting, *sorted(states))


async def events(db: Database, present: Present, me: Signed, open_id: int | None, still: Callable[[], bool]) -> AsyncIterator[str]:
    """The stream of one page: `queue` {new}, `talk` {}, `here` {others: [{says}]} and a heartbeat. Ends when `still()` says the session is over."""
    login, name = me.login, me.name
    yield f"retry: {RETRY_MS}\n\n"
    until = time.monotonic() + STREAM_SECONDS
    queue: Any = None
    talk: Any = None
    here: Any = []
    beat = 0
    while time.monotonic() < until:
        if open_id is not None:
            present.look(open_id, login, name)
        fresh = await run_in_threadpool(queue_pulse, db)
        if queue is not None and fresh != queue:
            yield event("queue", {"new": len(_ids(fresh) - _ids(queue))})
        queue = fresh
        if open_id is not None:
            said = await run_in_threadpool(talk_pulse, db, open_id)
            if talk is not None and said != talk:
                yield event("talk", {})
            talk = said
            others = [
                {"says": desk.say(me.locale, "talk.typing" if p.typing else "talk.viewing", name=p.name)} for p in present.others(open_id, login)
            ]
            if others != here:
                yield event("here", {"others": others})
            here = others
        beat += 1
        if beat % 15 == 0:
            yield ": still here\n\n"
            if not await run_in_threadpool(still):
                yield event("over", {})
                return
        await asyncio.sleep(LOOK_EVERY)


def event(name: str, data: Mapping[str, Any]) -> str:
    return f"event: {name}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n"


def _ids(pulse: tuple[Any, ...]) -> set[int]:
    return {row[0] for row in pulse[:-1]}
