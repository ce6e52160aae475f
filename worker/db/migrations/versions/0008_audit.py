"""The audit by its filters: who, what and on which thing, newest first."""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Indices whose second part is the order of the answer."""
    op.create_index("ix_audit_username", "audit", ["username", "id"], unique=False)
    op.create_index("ix_audit_action", "audit", ["action", "id"], unique=False)
    op.drop_index("ix_audit_object", table_name="audit")
    op.create_index("ix_audit_object", "audit", ["object_id", "id"], unique=False)


def downgrade() -> None:
    """As before."""
    op.drop_index("ix_audit_object", table_name="audit")
    op.create_index("ix_audit_object", "audit", ["object_type", "object_id"], unique=False)
    op.drop_index("ix_audit_action", table_name="audit")
    op.drop_index("ix_audit_username", table_name="audit")
