"""Run by Alembic for each command; the connection comes from domain.store.migrate, never from a file."""

from __future__ import annotations

from typing import Any, Literal

from alembic import context

from domain.store import chatwoot_tables, desk_tables, outbound_media  # noqa: F401 - their tables join the metadata
from domain.store.tables import Base, Utc


def render(kind: str, item: Any, _: Any) -> str | Literal[False]:
    """Keeps our own types out of revisions: a revision must not change when the code does."""
    return "sa.DateTime(timezone=True)" if kind == "type" and isinstance(item, Utc) else False


connection = context.config.attributes.get("connection")
if connection is None:
    raise SystemExit("run migrations with `bricol migrate` (domain.store.migrate.migrate)")
# batch: SQLite cannot alter a column in place, so Alembic copies the table
context.configure(
    connection=connection, target_metadata=Base.metadata, render_as_batch=connection.dialect.name == "sqlite", compare_type=True, render_item=render
)
context.run_migrations()
