"""Fills a store with a market from a world file; what scenarios give on top and look at afterwards is beside it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from domain.rules import MarketRules
from domain.store.given import apply_given
from domain.store.people import technician_by_phone
from domain.store.snapshot import snapshot
from domain.store.tables import Client, Technician
from domain.store.world_file import WorldError, read_world

__all__ = ["WorldError", "apply_given", "load_world", "read_world", "snapshot"]

#: What life changes after the first load: a second load leaves it alone.
_LIVED = frozenset({"rating", "jobs", "available"})


def load_world(session: Session, source: Path | str | Mapping[str, Any], now: datetime) -> MarketRules:
    """Adds the people of a world and returns its rules. A person is known by phone: loading twice changes nothing.

    A technician who is there gets the file's facts, but keeps rating, jobs and availability; a client who is there keeps everything.
    Raises WorldError before anything is written.
    """
    world = read_world(source)
    ids: dict[str, int] = {}
    for values in world.technicians:
        row = technician_by_phone(session, values["phone"], applied=True)
        if row is None:
            row = Technician(**values, simulated=True)
            session.add(row)
        else:
            for column, value in values.items():
                if column not in _LIVED:
                    setattr(row, column, value)
        session.flush()
        ids.setdefault(row.name.casefold(), row.id)
    there = set(session.scalars(select(Client.phone)))
    for values in world.clients:
        last = values.pop("last_technician", None)
        if values["phone"] not in there:
            session.add(Client(**values, last_technician_id=ids[last.casefold()] if last else None, created_at=now))
    session.flush()
    return world.rules
