"""Opens the database and hands out transactions; SQLite by default, PostgreSQL by URL."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.orm import Session, sessionmaker


class Database:
    """An engine and its transactions. `url`: sqlite:///path or postgresql+psycopg://..."""

    def __init__(self, url: str, **engine_options: Any) -> None:
        self.url = url
        self.engine = _engine(url, **engine_options)
        self._sessions = sessionmaker(self.engine, expire_on_commit=False)

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """A session that commits at the end of the block and rolls back on any exception."""
        with self._sessions.begin() as session:
            yield session

    def close(self) -> None:
        self.engine.dispose()


def _engine(url: str, **options: Any) -> Engine:
    if not url.startswith("sqlite"):
        return create_engine(url, pool_pre_ping=True, **options)
    engine = create_engine(url, connect_args={"timeout": 30, "check_same_thread": False}, **options)

    @event.listens_for(engine, "connect")
    def configure(connection: Any, _: Any) -> None:
        connection.isolation_level = None  # SQLAlchemy decides when to BEGIN, below
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode=wal")
        cursor.execute("PRAGMA synchronous=normal")
        cursor.execute("PRAGMA foreign_keys=on")
        cursor.close()

    @event.listens_for(engine, "begin")
    def begin(connection: Any) -> None:
        # IMMEDIATE: a transaction that reads, then writes, must not meet another writer half-way (SQLITE_BUSY without waiting)
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine
