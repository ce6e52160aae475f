"""Which notifications a person wants; overdue bills are for those who deal with them, no longer for everybody."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_MOVE = "UPDATE notifications SET audience = '{to}' WHERE audience = '{of}' AND category = 'bill_overdue'"


def upgrade() -> None:
    """Create the table; what has been said goes to its new readers."""
    op.create_table(
        "notification_choices",
        sa.Column("user_id", sa.String(length=36), nullable=False),
        sa.Column("category", sa.String(length=32), nullable=False),
        sa.Column("choice", sa.String(length=8), nullable=False),
        sa.CheckConstraint("choice IN ('all', 'own', 'none')", name=op.f("ck_notification_choices_choice")),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_notification_choices_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", "category", name=op.f("pk_notification_choices")),
    )
    op.execute(_MOVE.format(of="all", to="finance"))


def downgrade() -> None:
    """As before."""
    op.execute(_MOVE.format(of="finance", to="all"))
    op.drop_table("notification_choices")
