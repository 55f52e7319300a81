"""Finds the conversations of a client without looking at everybody's: each turn asks for them."""

from __future__ import annotations

from alembic import op

revision = "0006_talks_of_client"
down_revision = "0005_desk"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("conversations") as table:
        table.create_index("ix_conversations_client_id", ["client_id"])


def downgrade() -> None:
    with op.batch_alter_table("conversations") as table:
        table.drop_index("ix_conversations_client_id")
