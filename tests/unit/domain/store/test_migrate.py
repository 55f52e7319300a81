"""A database comes to the tables of this version, from nothing, twice, and from several processes at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import func, inspect, select, text

from domain.store import migrate as migrations
from domain.store.database import Database
from domain.store.migrate import MigrationError, head_revision, migrate, revision_of
from domain.store.tables import Base, PromisedQuarter


def test_the_migrated_store_has_exactly_the_tables_of_the_code(either_url: str) -> None:
    migrate(either_url)
    database = Database(either_url)
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []
        assert _indexes(connection) >= {"uq_offers_one_open", "uq_escalations_one_open"}
    database.close()


def test_promises_that_stand_before_quarters_were_kept_are_written_down(either_url: str) -> None:
    _migrate_to(either_url, "0001")
    people = "INSERT INTO clients (id, language_pinned, bookings_before, credit_mad, opted_out, erased, preferences, created_at)"
    _run(either_url, people + " VALUES (1, false, 0, 0, false, false, '{}', '2026-11-23 09:00:00')")
    columns = "id, phone, name, trades, city, district, hours, days, rate_mad, rating, jobs, radius_km, language, script"
    ahmed = "1, '+212662000777', 'ahmed', '[]', 'casablanca', 'maarif', '08:00-20:00', 'mon-sat', 300, 4.9, 5, 10, 'ary', 'latn'"
    flags = "available, opted_out, simulated, applied"
    _run(either_url, f"INSERT INTO technicians ({columns}, {flags}) VALUES ({ahmed}, true, false, false, false)")
    for number, (start, status) in enumerate((("10:00", "confirmed"), ("10:30", "en_route"), ("12:00", "done"), ("14:10", "arrived")), 1):
        row = f"{number}, 'BR-{number}', 1, 1, 'plumbing', 'casablanca', '2026-11-24 {start}:00', '2026-11-24T{start}', 45, '{status}'"
        columns = (
            "id, ref, client_id, technician_id, service, city, start, start_local, minutes, status, paid_mad, fee_mad, urgency, channel, created_at"
        )
        _run(either_url, f"INSERT INTO bookings ({columns}) VALUES ({row}, 0, 0, 'normal', 'whatsapp', '2026-11-23 09:00:00')")
    migrate(either_url)
    database = Database(either_url)
    with database.transaction() as session:
        kept = session.execute(select(PromisedQuarter.booking_id, func.count()).group_by(PromisedQuarter.booking_id)).all()
    # the second overlaps the first, which keeps their common quarter
    assert sorted(map(tuple, kept)) == [(1, 3), (2, 2), (4, 4)]
    database.close()


def test_the_first_start_migrates_and_every_later_one_changes_nothing(either_url: str) -> None:
    assert revision_of(either_url) is None
    assert migrate(either_url) == migrate(either_url) == revision_of(either_url) == head_revision()


def test_processes_that_start_together_migrate_once(either_url: str) -> None:
    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(migrate, [either_url] * 4)) == {head_revision()}


def test_a_database_of_a_newer_version_is_left_alone(url: str) -> None:
    migrate(url)
    _run(url, "UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(MigrationError, match="9999"):
        migrate(url)
    assert revision_of(url) == "9999"


def test_tables_without_a_revision_are_not_touched(url: str) -> None:
    database = Database(url)
    Base.metadata.create_all(database.engine)
    database.close()
    with pytest.raises(MigrationError, match="BRICOL_DATABASE_URL"):
        migrate(url)


def test_a_migration_that_fails_leaves_nothing_behind(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    upgrade = migrations._upgrade

    def upgrade_then_fail(connection, found):  # type: ignore[no-untyped-def]
        upgrade(connection, found)
        raise RuntimeError("the disk is full")

    monkeypatch.setattr(migrations, "_upgrade", upgrade_then_fail)
    with pytest.raises(RuntimeError):
        migrate(url)
    monkeypatch.undo()
    assert revision_of(url) is None
    assert migrate(url) == head_revision()


def _migrate_to(url: str, revision: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(migrations.HERE))
    database = Database(url)
    with database.engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
    database.close()


def _run(url: str, statement: str) -> None:
    database = Database(url)
    with database.engine.begin() as connection:
        connection.execute(text(statement))
    database.close()


def _indexes(connection) -> set[str | None]:  # type: ignore[no-untyped-def]
    looked = inspect(connection)
    return {index["name"] for table in looked.get_table_names() for index in looked.get_indexes(table)}
