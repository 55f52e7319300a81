"""What a tool works with: the turn's proven identity and the open transaction; never an identity from an argument."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from domain.errors import DomainError
from domain.rules import MarketRules
from domain.store.tables import Client, Conversation, Technician
from tools.context import Market, TurnContext


class ToolError(DomainError):
    """The call cannot be served as it stands, and the caller may mend it: `detail` says what to change."""


@dataclass(frozen=True)
class Turn:
    """One tool call: who asks (from the channel), when (UTC, frozen) and the transaction its effects go into."""

    context: TurnContext
    session: Session

    @property
    def market(self) -> Market:
        return self.context.market

    @property
    def rules(self) -> MarketRules:
        return self.context.market.rules

    @property
    def now(self) -> datetime:
        return self.context.now

    @property
    def client_id(self) -> int:
        """The client who writes. Raises `verify_needed` for an anonymous visitor."""
        if self.context.role != "client" or self.context.person_id is None:
            raise DomainError("verify_needed")
        return self.context.person_id

    @property
    def technician_id(self) -> int:
        if self.context.role != "technician" or self.context.person_id is None:
            raise DomainError("verify_needed")
        return self.context.person_id

    def conversation(self) -> Conversation:
        row = self.session.get(Conversation, self.context.conversation_id)
        if row is None:
            raise RuntimeError(f"conversation {self.context.conversation_id} is not in the store")
        return row

    def client(self) -> Client:
        row = self.session.get(Client, self.client_id)
        if row is None or row.erased:
            raise DomainError("verify_needed")
        return row

    def technician(self) -> Technician:
        row = self.session.get(Technician, self.technician_id)
        if row is None:
            raise DomainError("verify_needed")
        return row
