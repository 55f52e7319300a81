"""What was predicted, and what came true."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004_predictions"
down_revision = "0003_skills"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "predictions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=40), nullable=False),
        sa.Column("model", sa.String(length=30), nullable=False),
        sa.Column("version", sa.String(length=80), nullable=False),
        sa.Column("entity", sa.String(length=40), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("features", sa.JSON(), nullable=False),
        sa.Column("value", sa.Double(), nullable=False),
        sa.Column("low", sa.Double(), nullable=True),
        sa.Column("high", sa.Double(), nullable=True),
        sa.Column("propensity", sa.Double(), nullable=False),
        sa.Column("outcome", sa.Double(), nullable=True),
        sa.Column("outcome_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("extra", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_predictions")),
        sa.UniqueConstraint("key", name=op.f("uq_predictions_key")),
    )
    op.create_index(op.f("ix_predictions_entity"), "predictions", ["entity"])


def downgrade() -> None:
    op.drop_table("predictions")
