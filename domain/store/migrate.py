"""Brings a database, new or old, to the tables of this version; safe to run at every start and from several processes at once."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from sqlalchemy import Connection, inspect, text

from domain.store.database import Database

HERE = Path(__file__).parent / "migrations"
_LOCK = 4_201_042  # any number, the same in every process of ours


class MigrationError(Exception):
    """The database cannot be brought to this version; the message says the cure."""


def migrate(url: str) -> str:
    """Applies what is missing and returns the revision the database now has. One transaction: all or nothing.

    Raises MigrationError when the database was made by a newer version, or holds our tables but no revision.
    """
    head = head_revision()
    database = Database(url)
    try:
        with database.engine.begin() as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
            if (found := _revision(connection)) != head:
                _upgrade(connection, found)
        return head
    finally:
        database.close()


def revision_of(url: str) -> str | None:
    """The revision a database has; None when it has none yet."""
    database = Database(url)
    try:
        with database.engine.connect() as connection:
            return _revision(connection)
    finally:
        database.close()


@cache
def head_revision() -> str:
    """The revision this version of the code needs."""
    from alembic.script import ScriptDirectory

    head = ScriptDirectory(str(HERE)).get_current_head()
    assert head is not None
    return head


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.scalar(text("SELECT version_num FROM alembic_version"))


def _upgrade(connection: Connection, found: str | None) -> None:
    from alembic import command
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    known = {revision.revision for revision in ScriptDirectory(str(HERE)).walk_revisions()}
    if found is not None and found not in known:
        raise MigrationError(
            f"the database is at revision {found}, which this version does not know; start the version of Bricol that made it, or a newer one"
        )
    if found is None and inspect(connection).has_table("bookings"):
        raise MigrationError("the database has tables but no revision; restore a backup, or give BRICOL_DATABASE_URL an empty database")
    config = Config()
    config.set_main_option("script_location", str(HERE).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def write_revision(message: str, number: str, scratch: Path) -> None:
    """For whoever changed tables.py: writes migrations/versions/<number>_<message>.py from the difference; read it before you commit it.

    `scratch` is a folder for a throw-away database that is migrated to the last revision first.
    """
    from alembic import command
    from alembic.config import Config

    url = f"sqlite:///{scratch / 'revision.db'}"
    if any((HERE / "versions").glob("[0-9]*.py")):
        migrate(url)
    config = Config()
    config.set_main_option("script_location", str(HERE).replace("%", "%%"))
    database = Database(url)
    with database.engine.begin() as connection:
        config.attributes["connection"] = connection
        command.revision(config, message=message, autogenerate=True, rev_id=number)
    database.close()
