"""The Chatwoot bridge: conversations mirrored there, what was told, and what came back; photos that agents send."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008_chatwoot"
down_revision = "0007_hand_back"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "chatwoot_links",
        sa.Column("conversation_id", sa.Integer(), nullable=False),
        sa.Column("remote_id", sa.Integer(), nullable=True),
        sa.Column("own_user", sa.Integer(), nullable=True),
        sa.Column("escalation_id", sa.Integer(), nullable=True),
        sa.Column("heard", sa.Integer(), nullable=False),
        sa.Column("said", sa.Integer(), nullable=False),
        sa.Column("state", sa.JSON(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("not_before", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["conversation_id"], ["conversations.id"], name=op.f("fk_chatwoot_links_conversation_id")),
        sa.PrimaryKeyConstraint("conversation_id", name=op.f("pk_chatwoot_links")),
    )
    op.create_table(
        "chatwoot_mirrors",
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("row_id", sa.Integer(), nullable=False),
        sa.Column("conversation_id", sa.Integer(), nullable=False),
        sa.Column("message_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["conversation_id"], ["conversations.id"], name=op.f("fk_chatwoot_mirrors_conversation_id")),
        sa.PrimaryKeyConstraint("kind", "row_id", name=op.f("pk_chatwoot_mirrors")),
    )
    op.create_index(op.f("ix_chatwoot_mirrors_conversation_id"), "chatwoot_mirrors", ["conversation_id"], unique=False)
    op.create_table(
        "chatwoot_events",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=80), nullable=False),
        sa.Column("conversation_id", sa.Integer(), nullable=False),
        sa.Column("remote_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("done", sa.Boolean(), nullable=False),
        sa.Column("row_id", sa.Integer(), nullable=True),
        sa.Column("says", sa.String(length=30), nullable=True),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["conversation_id"], ["conversations.id"], name=op.f("fk_chatwoot_events_conversation_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_chatwoot_events")),
        sa.UniqueConstraint("key", name=op.f("uq_chatwoot_events_key")),
    )
    op.create_table(
        "outbound_media",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("conversation_id", sa.Integer(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("mime", sa.String(length=40), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["conversation_id"], ["conversations.id"], name=op.f("fk_outbound_media_conversation_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbound_media")),
    )
    op.create_index(op.f("ix_outbound_media_conversation_id"), "outbound_media", ["conversation_id"], unique=False)
    op.create_index(op.f("ix_outbound_media_created_at"), "outbound_media", ["created_at"], unique=False)
    op.create_index(op.f("ix_chatwoot_events_conversation_id"), "chatwoot_events", ["conversation_id"], unique=False)
    op.create_index(op.f("ix_chatwoot_events_done"), "chatwoot_events", ["done"], unique=False)
    op.create_index(op.f("ix_chatwoot_events_received_at"), "chatwoot_events", ["received_at"], unique=False)
    op.create_index(op.f("ix_chatwoot_events_row_id"), "chatwoot_events", ["row_id"], unique=False)


def downgrade() -> None:
    for table in ("outbound_media", "chatwoot_events", "chatwoot_mirrors", "chatwoot_links"):
        op.drop_table(table)
