"""The few statements that differ between SQLite and PostgreSQL, said once."""

from __future__ import annotations

from typing import Any, TypeVar

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from domain.store.tables import Base

Row = TypeVar("Row", bound=Base)


def insert_new(session: Session, table: type[Base], unique: list[str], **values: Any) -> bool:
    """Inserts one row unless its unique columns exist already; True when it was inserted. Defaults of the table apply."""
    insert: Any = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}[session.get_bind().dialect.name]
    done = session.execute(insert(table).values(**values).on_conflict_do_nothing(index_elements=unique))
    return bool(done.rowcount)  # type: ignore[attr-defined]


def locked(session: Session, table: type[Row], key: int) -> Row | None:
    """One row, fresh from the store and locked until the transaction ends. (SQLite locks the whole file at BEGIN IMMEDIATE.)"""
    session.flush()
    query = select(table).where(table.__mapper__.primary_key[0] == key)
    return session.scalar(query.with_for_update(of=table).execution_options(populate_existing=True))
