"""Opens the database and hands out transactions; SQLite by default, PostgreSQL by URL."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from threading import RLock
from typing import Any

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.orm import Session, sessionmaker

from domain.store.promises import keep_promises


class Database:
    """An engine and its transactions. `url`: sqlite:///path or postgresql+psycopg://..."""

    def __init__(self, url: str, **engine_options: Any) -> None:
        self.url = url
        self.engine = _engine(url, **engine_options)
        self._sessions = sessionmaker(self.engine, expire_on_commit=False)
        event.listen(self._sessions, "after_flush", keep_promises)
        self._readers = sessionmaker(self.engine.execution_options(only_reads=True), expire_on_commit=False)
        # SQLite lets in one writer at a time, and who waits sleeps up to 0.1 s between looks; a lock wakes the next at once
        self._one_writer = RLock() if url.startswith("sqlite") else nullcontext()

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """A session that commits at the end of the block and rolls back on any exception."""
        with self._one_writer, self._sessions.begin() as session:
            yield session

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session that sees one moment of the store and changes nothing; on SQLite it neither waits for writers nor holds them up."""
        with self._readers() as session:
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
        connection.exec_driver_sql("BEGIN" if connection.get_execution_options().get("only_reads") else "BEGIN IMMEDIATE")

    return engine
