"""What a page that comes back asks the store: what did we say meanwhile? And, for the demo, which SMS went around?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy import select

from channels.base import Capabilities, OutMessage
from domain import engagement
from domain.engagement import sms
from domain.engagement.reply import Reply
from domain.store.database import Database
from domain.store.tables import Conversation, InboxRow, OutboxRow

#: What the page can show: real buttons of a comfortable size, and rows with a second line.
CAPABILITIES = Capabilities(
    max_text=4096, buttons=6, list_rows=12, button_title=32, row_title=60, row_description=120, rich_text=4096, media=True, verified_sender=False
)
#: A row being sent counts: its push may have missed a socket that opened meanwhile. The page drops what it has twice.
LEFT = ("sending", "sent", "delivered", "read")
LATEST = 200


@dataclass(frozen=True)
class Said:
    """One message of ours and when it left (aware)."""

    message: OutMessage
    at: datetime


class History(Protocol):
    def __call__(self, session: str, after_id: int) -> Sequence[Said]:
        """Messages of this web session with an id above `after_id` that left or are leaving, oldest first, the latest 200 at most.

        Called from a worker thread; may raise when the store is down.
        """
        ...


#: The latest SMS, newest first: [{"id","phone","name","role","direction" ("to"|"from"),"text","at" (ISO),"encoding","parts"}].
RecentSms = Callable[[], list[dict[str, Any]]]


def history_of(db: Database) -> History:
    """The outbox of this store as History."""

    def history(session: str, after_id: int) -> Sequence[Said]:
        with db.transaction() as store:
            rows = store.scalars(
                select(OutboxRow)
                .where(OutboxRow.channel == "web", OutboxRow.to == session, OutboxRow.id > after_id, OutboxRow.status.in_(LEFT))
                .order_by(OutboxRow.id.desc())
                .limit(LATEST)
            ).all()
            return [said for row in reversed(rows) for said in _said(row)]

    return history


def _said(row: OutboxRow) -> list[Said]:
    reply = Reply.from_dict(row.reply)
    return [
        Said(
            OutMessage(
                id=f"{row.id}.{n}" if n else str(row.id),
                channel="web",
                to=row.to,
                kind=form.kind,
                text=form.text,
                options=form.options,
                language=reply.language,
                script=reply.script,
                awaiting=reply.awaiting,
                media=form.media,
            ),
            row.sent_at or row.created_at,
        )
        for n, form in enumerate(engagement.render(reply, "web", CAPABILITIES))
    ]


def recent_sms_of(db: Database, limit: int = 60) -> RecentSms:
    """The SMS of this store, both ways, for the demo's phones."""

    def recent() -> list[dict[str, Any]]:
        with db.transaction() as store:
            left = store.execute(
                select(OutboxRow, Conversation)
                .join(Conversation, OutboxRow.conversation_id == Conversation.id)
                .where(OutboxRow.channel == "sms", OutboxRow.status.in_(LEFT))
                .order_by(OutboxRow.id.desc())
                .limit(limit)
            ).all()
            came = store.execute(
                select(InboxRow, Conversation)
                .join(Conversation, InboxRow.conversation_id == Conversation.id)
                .where(InboxRow.channel == "sms")
                .order_by(InboxRow.id.desc())
                .limit(limit)
            ).all()
            found = [_sms(f"o{row.id}", talk, "to", sms.to_gsm7(str(row.reply.get("text", ""))), row.sent_at or row.created_at) for row, talk in left]
            found += [_sms(f"i{row.id}", talk, "from", row.text, row.received_at) for row, talk in came]
        return sorted(found, key=lambda m: (m["at"], m["id"]), reverse=True)[:limit]

    return recent


def _sms(key: str, talk: Conversation, direction: str, text: str, at: datetime) -> dict[str, Any]:
    person = talk.technician or talk.client
    cost = sms.segments(text)
    return {
        "id": key,
        "phone": talk.address,
        "name": (person.name if person else None) or "",
        "role": talk.role,
        "direction": direction,
        "text": text,
        "at": at.isoformat(),
        "encoding": cost.encoding,
        "parts": cost.parts,
    }
