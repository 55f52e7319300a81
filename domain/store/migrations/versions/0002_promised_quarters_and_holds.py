"""What technicians have promised, by quarters of an hour, and what is held while a client thinks."""

from __future__ import annotations

from datetime import UTC, timedelta
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002_promises"
down_revision = "0001"
branch_labels = None
depends_on = None

_QUARTER = 900  # seconds, as domain.scheduling.slots.QUARTER was at this revision
_TAKEN = sa.text("status IN ('confirmed','en_route','arrived') AND technician_id IS NOT NULL")


def upgrade() -> None:
    promised = op.create_table(
        "promised_quarters",
        sa.Column("technician_id", sa.Integer(), nullable=False),
        sa.Column("quarter", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("booking_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["booking_id"], ["bookings.id"], name=op.f("fk_promised_quarters_booking_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["technician_id"], ["technicians.id"], name=op.f("fk_promised_quarters_technician_id")),
        sa.PrimaryKeyConstraint("technician_id", "quarter", name=op.f("pk_promised_quarters")),
    )
    with op.batch_alter_table("promised_quarters", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_promised_quarters_booking_id"), ["booking_id"], unique=False)
    op.create_table(
        "holds",
        sa.Column("proposal_id", sa.Integer(), nullable=False),
        sa.Column("client_id", sa.Integer(), nullable=False),
        sa.Column("technician_id", sa.Integer(), nullable=False),
        sa.Column("start", sa.DateTime(timezone=True), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["client_id"], ["clients.id"], name=op.f("fk_holds_client_id")),
        sa.ForeignKeyConstraint(["proposal_id"], ["proposals.id"], name=op.f("fk_holds_proposal_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["technician_id"], ["technicians.id"], name=op.f("fk_holds_technician_id")),
        sa.PrimaryKeyConstraint("proposal_id", name=op.f("pk_holds")),
    )
    with op.batch_alter_table("holds", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_holds_until"), ["until"], unique=False)
    with op.batch_alter_table("bookings", schema=None) as batch_op:
        batch_op.drop_index("uq_bookings_technician_start", sqlite_where=_TAKEN, postgresql_where=_TAKEN)
    _write_down(promised)


def _write_down(promised: sa.Table) -> None:
    """The promises that stand. Two that overlap already (the rule of before let none through, hands could) share what the older one has."""
    connection = op.get_bind()
    columns: list[sa.ColumnClause[Any]] = [sa.column(name) for name in ("id", "technician_id", "minutes", "status")]
    visits = sa.table("bookings", *columns, sa.column("start", sa.DateTime(timezone=True)))
    taken: dict[tuple[int, int], int] = {}
    for row in connection.execute(sa.select(visits).where(_TAKEN).order_by(visits.c.id)).mappings():
        aware = row["start"] if row["start"].tzinfo else row["start"].replace(tzinfo=UTC)  # SQLite forgets zones
        first = int(aware.timestamp()) // _QUARTER
        after = -(-int((aware + timedelta(minutes=max(row["minutes"], 1))).timestamp()) // _QUARTER)
        for quarter in range(first, after):
            taken.setdefault((row["technician_id"], quarter), row["id"])
    if taken:
        rows = [{"technician_id": who, "quarter": quarter, "booking_id": booking} for (who, quarter), booking in taken.items()]
        connection.execute(sa.insert(promised), rows)


def downgrade() -> None:
    with op.batch_alter_table("bookings", schema=None) as batch_op:
        batch_op.create_index("uq_bookings_technician_start", ["technician_id", "start"], unique=True, sqlite_where=_TAKEN, postgresql_where=_TAKEN)
    op.drop_table("holds")
    op.drop_table("promised_quarters")
