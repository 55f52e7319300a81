"""The turn of a receipt: what an earlier play of a turn did is found when it is played again."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010_receipts"
down_revision = "0009_web_photos"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("tool_receipts") as table:
        table.add_column(sa.Column("turn", sa.String(length=160), nullable=True))
        table.create_index("ix_tool_receipts_turn", ["turn"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("tool_receipts") as table:
        table.drop_index("ix_tool_receipts_turn")
        table.drop_column("turn")
