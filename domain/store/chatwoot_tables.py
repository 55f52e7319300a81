"""Tables of the Chatwoot bridge: which conversation is mirrored where, what was told there, and what came back. Times are UTC."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Double, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from domain.store.tables import Base


class ChatwootLink(Base):
    """One conversation of ours as Chatwoot has it. `heard`, `said`: newest inbox and outbox rows that were there before its case."""

    __tablename__ = "chatwoot_links"
    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversations.id"), primary_key=True)
    remote_id: Mapped[int | None]  # the conversation's number there
    own_user: Mapped[int | None]  # whom our token belongs to: what this user does there is no person's act
    escalation_id: Mapped[int | None]  # the case that the conversation was last opened for
    heard: Mapped[int] = mapped_column(default=0)
    said: Mapped[int] = mapped_column(default=0)
    state: Mapped[dict[str, Any]] = mapped_column(default=dict)  # {"status","labels","assignee","at"} as last told
    attempts: Mapped[int] = mapped_column(default=0)  # since something was last told with success
    not_before: Mapped[datetime | None]


class ChatwootMirror(Base):
    """What Chatwoot has of ours: a row of the inbox ("heard") or outbox ("said"), the summary of a case ("case"), a note about an event ("event")."""

    __tablename__ = "chatwoot_mirrors"
    kind: Mapped[str] = mapped_column(String(8), primary_key=True)
    row_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversations.id"), index=True)
    message_id: Mapped[int | None]  # there; null: Chatwoot would not take it


class ChatwootEvent(Base):
    """One webhook, kept until it is done. `body` holds only what is needed, and nothing once done: the words are in the outbox, or stay there."""

    __tablename__ = "chatwoot_events"
    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(80), unique=True)  # its identity: a second delivery changes nothing
    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversations.id"), index=True)
    remote_id: Mapped[int]
    kind: Mapped[str] = mapped_column(String(8))  # message state
    body: Mapped[dict[str, Any]] = mapped_column(default=dict)
    at: Mapped[float] = mapped_column(Double)  # Unix seconds, Chatwoot's clock
    received_at: Mapped[datetime] = mapped_column(index=True)
    attempts: Mapped[int] = mapped_column(default=0)
    done: Mapped[bool] = mapped_column(default=False)
    row_id: Mapped[int | None] = mapped_column(index=True)  # the outbox row it became
    says: Mapped[str | None] = mapped_column(String(30))  # what the agent must be told, an entry of prompts/desk
    detail: Mapped[dict[str, Any]] = mapped_column(default=dict)
    __table_args__ = (Index("ix_chatwoot_events_done", "done"),)
