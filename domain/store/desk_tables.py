"""Tables of the desk: who works there, what they did and saw, and how each case went. Times are UTC."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from domain.store.tables import Base

#: What an agent may ask of the bot when giving a conversation back; every brain honours each.
HAND_BACKS = ("check_in", "ask_address", "propose_visit", "no_refund")


class DeskAgent(Base):
    __tablename__ = "desk_agents"
    id: Mapped[int] = mapped_column(primary_key=True)
    login: Mapped[str] = mapped_column(String(40), unique=True)
    name: Mapped[str] = mapped_column(String(80))  # what clients read
    password: Mapped[str] = mapped_column(String(200))  # Argon2id, with its parameters and salt
    role: Mapped[str] = mapped_column(String(10))  # agent lead operator
    locale: Mapped[str] = mapped_column(String(8), default="fr")  # fr ar: of the interface
    active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime]


class DeskSession(Base):
    __tablename__ = "desk_sessions"
    id: Mapped[str] = mapped_column(String(64), primary_key=True)  # SHA-256 of the cookie: a stolen table opens no session
    agent_id: Mapped[int] = mapped_column(ForeignKey("desk_agents.id"), index=True)
    csrf: Mapped[str] = mapped_column(String(43))
    created_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    agent: Mapped[DeskAgent] = relationship(lazy="joined")


class DeskAudit(Base):
    """Who did or saw what, of whom, when. Written in the transaction of the act, never changed."""

    __tablename__ = "desk_audit"
    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(index=True)
    login: Mapped[str] = mapped_column(String(40))
    act: Mapped[str] = mapped_column(String(40))
    conversation_id: Mapped[int | None] = mapped_column(index=True)
    client_id: Mapped[int | None]
    detail: Mapped[dict[str, Any]] = mapped_column(default=dict)  # codes, numbers and ids; no words of a client


class DeskCase(Base):
    """How one escalation went at the desk; what reports count."""

    __tablename__ = "desk_cases"
    escalation_id: Mapped[int] = mapped_column(ForeignKey("escalations.id"), primary_key=True)
    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversations.id"), index=True)
    login: Mapped[str] = mapped_column(String(40))  # who has it, or had it last
    taken_at: Mapped[datetime]
    first_reply_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    outcome: Mapped[str | None] = mapped_column(String(20))
    asked_row: Mapped[int | None]  # the outbox row that asked the client how it went
    stars: Mapped[int | None]  # 1..5
    answered_at: Mapped[datetime | None]


class DeskNote(Base):
    __tablename__ = "desk_notes"
    id: Mapped[int] = mapped_column(primary_key=True)
    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversations.id"), index=True)
    login: Mapped[str] = mapped_column(String(40))
    kind: Mapped[str] = mapped_column(String(12), default="note")  # note instruction(to the bot, at hand-back)
    text: Mapped[str] = mapped_column(Text)
    choice: Mapped[str] = mapped_column(String(20), default="", server_default="")  # one of HAND_BACKS, with an instruction
    at: Mapped[datetime]


class RegressionRequest(Base):
    """A conversation somebody at the desk wants to see as a regression conversation: `bricol eval from-conversation <conversation_id>`."""

    __tablename__ = "regression_requests"
    id: Mapped[int] = mapped_column(primary_key=True)
    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversations.id"), unique=True)
    login: Mapped[str] = mapped_column(String(40))
    why: Mapped[str] = mapped_column(Text)  # what should have happened
    at: Mapped[datetime]
