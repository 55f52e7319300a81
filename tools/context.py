"""What every tool is given: the market (built once) and the turn (who writes, verified how, when)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol

from domain.clock import Clock
from domain.geo.arrival import ArrivalModel
from domain.matching.acceptance import AcceptModel
from domain.matching.explore import Exploring
from domain.matching.ranker import MatchModel
from domain.matching.success import SuccessModel
from domain.pricing.cost_model import CostModel
from domain.rules import MarketRules
from domain.store.database import Database
from retrieval.passage import Passage


class Knowledge(Protocol):
    def search(self, query: str, locale: str, k: int = 3) -> list[Passage]:
        """Best first, in the asked locale where it exists; empty when nothing fits."""
        ...


class Links(Protocol):
    def one_tap(self, offer_id: int, answer: str) -> str:
        """A signed address that answers one offer with one tap."""
        ...


@dataclass(frozen=True)
class Learnt:
    """The trained models that serve; None: the rule does (`bot/learnt.py`)."""

    cost: CostModel | None = None
    arrival: ArrivalModel | None = None
    accept: AcceptModel | None = None
    success: SuccessModel | None = None
    match: MatchModel | None = None
    explore: Exploring | None = None  # a policy, not a model: draws the last place of some lists


@dataclass(frozen=True)
class Market:
    db: Database
    clock: Clock
    rules: MarketRules
    knowledge: Knowledge
    links: Links
    secret: bytes  # signs codes and links
    learnt: Learnt = Learnt()


@dataclass
class TurnContext:
    """The typed context of one agent turn. Identity is what the channel proved, never what a message claims."""

    market: Market
    conversation_id: int
    role: Literal["client", "technician"]
    person_id: int | None  # client or technician; None for an anonymous web visitor
    phone: str | None  # E.164, only when verified
    verified: bool
    channel: str
    language: str
    script: str
    turn_key: str
    now: datetime  # UTC, the same for the whole turn
    calls: list[dict[str, Any]] = field(default_factory=list)
    earlier: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)  # of an earlier play of this turn (domain.store.receipts.done_before)
