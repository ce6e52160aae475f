"""Mappings of imports, remembered by the shape of the file's header."""

import sqlalchemy as sa
from alembic import op

from worker.db import types

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "mappings",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("dataset", sa.String(length=64), nullable=False),
        sa.Column("fingerprint", sa.String(length=32), nullable=False),
        sa.Column("seen_as", sa.String(length=32), nullable=False),
        sa.Column("owner_id", sa.String(length=36), nullable=False),
        sa.Column("headers", types.Json, nullable=False),
        sa.Column("mapping", types.Json, nullable=False),
        sa.Column("constants", types.Json, nullable=False),
        sa.Column("value_map", types.Json, nullable=False),
        sa.Column("sheet", sa.String(length=255), nullable=True),
        sa.Column("header_row", sa.Integer(), nullable=True),
        sa.Column("encoding", sa.String(length=40), nullable=True),
        sa.Column("delimiter", sa.String(length=1), nullable=True),
        sa.Column("shared", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("created_at", types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("updated_at", types.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["owner_id"], ["users.id"], name=op.f("fk_mappings_owner_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mappings")),
        sa.UniqueConstraint(
            "dataset", "fingerprint", "owner_id", name=op.f("uq_mappings_dataset_fingerprint_owner_id")
        ),
    )
    op.create_index("ix_mappings_seen_as", "mappings", ["dataset", "seen_as"], unique=False)
    op.create_index("ix_mappings_owner_id", "mappings", ["owner_id"], unique=False)


def downgrade() -> None:
    """Drop it."""
    op.drop_index("ix_mappings_owner_id", table_name="mappings")
    op.drop_index("ix_mappings_seen_as", table_name="mappings")
    op.drop_table("mappings")
