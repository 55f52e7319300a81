"""What technicians can do beyond their trade."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003_skills"
down_revision = "0002_promises"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("technicians", schema=None) as batch_op:
        batch_op.add_column(sa.Column("skills", sa.JSON(), server_default="[]", nullable=False))


def downgrade() -> None:
    with op.batch_alter_table("technicians", schema=None) as batch_op:
        batch_op.drop_column("skills")
