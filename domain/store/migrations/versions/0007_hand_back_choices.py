"""What the bot is asked to do when the desk gives a conversation back."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007_hand_back"
down_revision = "0006_talks_of_client"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("desk_notes", sa.Column("choice", sa.String(length=20), server_default="", nullable=False))


def downgrade() -> None:
    op.drop_column("desk_notes", "choice")
