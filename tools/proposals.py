"""Consent in two phases: stores what was proposed, bound to its exact arguments, and lets it be used once, later, by the same person."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from domain.errors import DomainError
from domain.store.tables import Conversation, Proposal
from tools.context import Market
from tools.turn import Turn
from tools.views import plain

Effect = Callable[[Turn, Proposal], dict[str, Any]]

#: kind -> what confirming does, and what declining does beyond closing the proposal.
ON_CONFIRM: dict[str, Effect] = {}
ON_DECLINE: dict[str, Effect] = {}


def confirms(kind: str) -> Callable[[Effect], Effect]:
    """Declares the effect of confirming a proposal of this kind. The effect looks at the world again: hours may have passed."""

    def declare(effect: Effect) -> Effect:
        ON_CONFIRM[kind] = effect
        return effect

    return declare


def declines(kind: str) -> Callable[[Effect], Effect]:
    def declare(effect: Effect) -> Effect:
        ON_DECLINE[kind] = effect
        return effect

    return declare


def propose(turn: Turn, kind: str, args: dict[str, Any], summary: dict[str, Any], until: datetime | None = None) -> dict[str, Any]:
    """Stores a proposal of the person who writes and returns what to tell them; their older open ones of the kind, on any channel, are superseded."""
    talk, key = turn.context.conversation_id, turn.context.turn_key
    row = store(turn.session, turn.market, talk, turn.client_id, kind, args, summary, key, turn.now, until)
    return {"proposal_id": row.id, "summary": row.summary}


def store(
    session: Session,
    market: Market,
    conversation_id: int,
    client_id: int,
    kind: str,
    args: dict[str, Any],
    summary: dict[str, Any],
    turn_key: str,
    now: datetime,
    expires_at: datetime | None = None,
) -> Proposal:
    """As `propose`, for proposals that do not come from a turn (`turn_key` then names their cause, which no turn is called)."""
    # whichever channel it was asked on: a late yes there must not do it twice
    talks = select(Conversation.id).where((Conversation.id == conversation_id) | (Conversation.client_id == client_id))
    open_ones = update(Proposal).where(Proposal.conversation_id.in_(talks), Proposal.kind == kind, Proposal.status == "open")
    session.execute(open_ones.values(status="superseded"))
    row = Proposal(
        conversation_id=conversation_id,
        kind=kind,
        args=plain({**args, "client_id": client_id}),
        summary=plain(summary),
        turn_key=turn_key,
        created_at=now,
        expires_at=expires_at or now + timedelta(minutes=market.rules.proposal_valid_minutes),
    )
    session.add(row)
    session.flush()
    return row


def take(turn: Turn, proposal_id: int) -> Proposal:
    """The open proposal of this conversation and this person, from an earlier turn.

    Raises `proposal_gone` for one that is used, expired, superseded, unknown or somebody else's (all look the same but for `status`
    of one's own), `same_turn` for one made in this very turn.
    """
    row = turn.session.scalars(select(Proposal).where(Proposal.id == proposal_id).with_for_update()).first()
    if row is None or row.conversation_id != turn.context.conversation_id or row.args.get("client_id") != turn.client_id:
        raise DomainError("proposal_gone")
    if row.status == "open" and row.expires_at <= turn.now:
        raise DomainError("proposal_gone", status="expired", kind=row.kind)
    if row.status != "open":
        raise DomainError("proposal_gone", status=row.status, kind=row.kind)
    if row.turn_key == turn.context.turn_key:
        raise DomainError("same_turn")
    return row
