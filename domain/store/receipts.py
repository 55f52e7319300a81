"""What the tools of one turn did, as their receipts say: a turn that is played again does no more than that."""

from __future__ import annotations

import hashlib
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from domain.store.tables import ToolReceipt


def turn_of(conversation_id: int, turn_key: str) -> str:
    """What names a turn in its receipts."""
    if len(turn_key) > 100:  # provider ids have no agreed length, the column has
        turn_key = hashlib.sha256(turn_key.encode()).hexdigest()
    return f"{conversation_id}:{turn_key}"


def done_before(session: Session, conversation_id: int, turn_key: str) -> dict[str, dict[str, dict[str, Any]]]:
    """What an earlier play of this turn did before it was cut off: tool -> receipt key -> result."""
    found: dict[str, dict[str, dict[str, Any]]] = {}
    for receipt in session.scalars(select(ToolReceipt).where(ToolReceipt.turn == turn_of(conversation_id, turn_key)).order_by(ToolReceipt.key)):
        found.setdefault(receipt.key.rsplit(":", 2)[1], {})[receipt.key] = dict(receipt.result)
    return found
