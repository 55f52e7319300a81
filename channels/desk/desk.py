"""The desk: `/desk` with its pages, its writes under `/api/desk`, and the stream that keeps open pages up to date."""

from __future__ import annotations

from fastapi import APIRouter

from channels.desk import door, live, views, writes
from channels.desk.acts import Acts
from channels.desk.gate import Gate
from channels.desk.sight import Sight
from domain.clock import Clock
from domain.rules import MarketRules
from domain.store.database import Database


class Desk:
    """`acts`: what needs the rest of the house. `address`: ours as browsers know it."""

    def __init__(self, db: Database, clock: Clock, rules: MarketRules, acts: Acts, address: str = "") -> None:
        self._gate = Gate(db, clock, address)
        self._sight = Sight(db, clock, rules, acts)
        self._acts, self._present = acts, live.Present()

    def routes(self) -> APIRouter:
        router = APIRouter()
        router.include_router(door.routes(self._gate))
        router.include_router(views.routes(self._gate, self._sight, self._present))
        router.include_router(writes.routes(self._gate, self._acts, self._present))
        return router
