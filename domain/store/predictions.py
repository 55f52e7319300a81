"""Keeps what was predicted and what came true: one row per prediction somebody was told or acted on, nothing about any person."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from domain.learning.predictions import Prediction
from domain.store.tables import Booking, PredictionRow

#: How many of the newest a report looks at.
NEWEST = 20_000


def record(session: Session, prediction: Prediction) -> bool:
    """Writes it down; False when the very same one is there already (a turn that is played again says the same)."""
    key = _key(prediction)
    if session.scalar(select(PredictionRow.id).where(PredictionRow.key == key)) is not None:
        return False
    said = {name: getattr(prediction, name) for name in ("model", "version", "entity", "at", "value", "low", "high", "propensity")}
    outcome = {"outcome": prediction.outcome, "outcome_at": prediction.outcome_at}
    session.add(PredictionRow(key=key, **said, features=dict(prediction.features), extra=dict(prediction.extra), **outcome))
    return True


def follow(session: Session, entity: str, now_called: str) -> None:
    """What was said of a proposal goes on as what was said of its booking."""
    session.execute(update(PredictionRow).where(PredictionRow.entity == entity).values(entity=now_called))


def came_true(session: Session, model: str, entity: str, outcome: float, at: datetime) -> int:
    """Fills the outcome of every prediction of the model about the entity that has none; returns how many. A second outcome changes nothing."""
    waiting = (PredictionRow.model == model, PredictionRow.entity == entity, PredictionRow.outcome.is_(None), PredictionRow.at <= at)
    found = session.execute(update(PredictionRow).where(*waiting).values(outcome=outcome, outcome_at=at))
    return int(found.rowcount)  # type: ignore[attr-defined]


def list_number(session: Session, model: str, entity: str, at: datetime) -> int:
    """The number, in the stream of all lists, of the one shown to `entity` at `at`: what it had when the turn was played before, else the next."""
    lists = select(PredictionRow.extra).where(PredictionRow.model == model).order_by(PredictionRow.id.desc()).limit(1)
    again = session.scalar(lists.where(PredictionRow.entity == entity, PredictionRow.at == at))
    if again is not None:
        return int(again["list"])
    last = session.scalar(lists)
    return int(last["list"]) + 1 if last is not None else 0


def taken(session: Session, model: str, entity: str, technician_id: int, at: datetime) -> None:
    """Of the newest list shown to `entity`: 1 for whom they took, 0 for the others. Lists before it led to nothing: 0."""
    waiting = select(PredictionRow).where(PredictionRow.model == model, PredictionRow.entity == entity, PredictionRow.outcome.is_(None))
    rows = list(session.scalars(waiting.order_by(PredictionRow.id.desc())))
    for row in rows:
        newest = row.extra["list"] == rows[0].extra["list"]
        row.outcome, row.outcome_at = float(newest and row.extra["technician_id"] == technician_id), at


def closed(session: Session, booking: Booking, now: datetime) -> None:
    """A visit is over and undisputed: its amount, where one was said, and that it was done."""
    if booking.final_mad is not None:
        came_true(session, "cost", entity_of(booking), float(booking.final_mad), now)
    came_true(session, "success", entity_of(booking), 1.0, now)


def arrived(session: Session, booking: Booking, now: datetime) -> None:
    """An arrival is told in minutes from the moment of telling, and comes true in the same unit."""
    mine = (PredictionRow.model == "arrival", PredictionRow.entity == entity_of(booking), PredictionRow.outcome.is_(None))
    for row in session.scalars(select(PredictionRow).where(*mine, PredictionRow.at <= now)):
        row.outcome, row.outcome_at = (now - row.at).total_seconds() / 60, now


def newest(session: Session, model: str | None = None, most: int = NEWEST) -> list[Prediction]:
    """Newest first."""
    found = select(PredictionRow).order_by(PredictionRow.id.desc()).limit(most)
    rows = session.scalars(found if model is None else found.where(PredictionRow.model == model))
    names = ("model", "version", "entity", "at", "features", "value", "low", "high", "propensity", "outcome", "outcome_at", "extra")
    return [Prediction(**{name: getattr(row, name) for name in names}) for row in rows]


def unlink(session: Session, entities: Collection[str]) -> None:
    """Whose they were is forgotten, what was said and came true stays: an erased person's rows point to themselves alone."""
    for row in session.scalars(select(PredictionRow).where(PredictionRow.entity.in_(entities))):
        row.entity = f"erased:{row.id}"


def entity_of(booking: Booking) -> str:
    return f"booking:{booking.ref}"


def _key(prediction: Prediction) -> str:
    told = (prediction.model, prediction.version, prediction.entity, prediction.at.isoformat(), prediction.value, prediction.low, prediction.high)
    text = json.dumps([*told, sorted(prediction.features.items()), sorted(prediction.extra.items())])
    return hashlib.sha256(text.encode()).hexdigest()[:40]
