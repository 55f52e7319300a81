"""Photos sent on the chat page."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009_web_photos"
down_revision = "0008_chatwoot"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "web_photos",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("session", sa.String(length=64), nullable=False),
        sa.Column("key", sa.String(length=60), nullable=False),
        sa.Column("mime", sa.String(length=20), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("came_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_web_photos")),
        sa.UniqueConstraint("session", "key", name=op.f("uq_web_photos_session_key")),
    )
    op.create_index("ix_web_photos_stray", "web_photos", ["used", "came_at"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_web_photos_stray", table_name="web_photos")
    op.drop_table("web_photos")
