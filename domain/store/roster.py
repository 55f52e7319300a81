"""The technicians who may be matched, as the index matching asks; built from the table and kept until the table changes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from threading import Lock
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import Engine, Text, cast, func, select
from sqlalchemy.orm import Session

from domain.errors import DomainError
from domain.geo import locate
from domain.matching.index import Card, Index
from domain.store.tables import Technician

_lock = Lock()


@dataclass(frozen=True)
class Roster:
    """`skilled`: technician id -> ids of the skills they have told; who has told none is not there."""

    index: Index
    skilled: Mapping[int, frozenset[str]]


_kept: WeakKeyDictionary[Engine, tuple[tuple[Any, ...], Roster]] = WeakKeyDictionary()


def index(session: Session) -> Index:
    return read(session).index


def read(session: Session) -> Roster:
    """All vetted technicians. Rebuilt when one joins or a rating, rate, reach, skill or count of jobs changes; call `forget` after other edits.

    Each call looks over the whole table for such a change: read once where it is asked several times.
    """
    engine = session.get_bind()
    assert isinstance(engine, Engine)
    columns = (
        func.count(Technician.id),
        func.max(Technician.id),
        func.sum(Technician.jobs),
        func.sum(Technician.rating),
        func.sum(Technician.rate_mad),
        func.sum(func.length(cast(Technician.skills, Text))),
    )
    mark = tuple(session.execute(select(*columns, func.sum(Technician.radius_km)).where(Technician.applied.is_(False))).one())
    with _lock:
        kept = _kept.get(engine)
        if kept is None or kept[0] != mark:
            told = session.execute(select(Technician.id, Technician.skills).where(Technician.applied.is_(False)))
            kept = (mark, Roster(Index(_cards(session)), {who: frozenset(skills) for who, skills in told if skills}))
            _kept[engine] = kept
        return kept[1]


def forget(session: Session) -> None:
    """Makes the next `index` read the table again."""
    engine = session.get_bind()
    assert isinstance(engine, Engine)
    with _lock:
        _kept.pop(engine, None)


def not_working(session: Session, moment: datetime | None = None) -> set[int]:
    """Ids that take no job at a moment: said so, opted out, or away until later. Without a moment: those who say not when they are back."""
    away = Technician.opted_out.is_(True) | (Technician.available.is_(False) & Technician.unavailable_until.is_(None))
    if moment is not None:
        away = away | (Technician.unavailable_until > moment)
    return set(session.scalars(select(Technician.id).where(away)))


def _cards(session: Session) -> list[Card]:
    cards = []
    for row in session.scalars(select(Technician).where(Technician.applied.is_(False)).order_by(Technician.id)):
        try:
            home = locate(row.city, row.district or None)
        except DomainError:  # a town we do not serve: nobody can be sent from there
            continue
        cards.append(
            Card(
                id=row.id,
                trades=tuple(row.trades),
                city=home.city,
                district=home.district,
                lat=home.lat,
                lon=home.lon,
                rate_mad=float(row.rate_mad),
                rating=row.rating,
                jobs=row.jobs,
                radius_km=row.radius_km,
                hours=row.hours,
                days=row.days,
            )
        )
    return cards
