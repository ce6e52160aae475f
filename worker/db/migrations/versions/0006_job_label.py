"""The submitter's own word for the sort of job."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column."""
    op.add_column("jobs", sa.Column("label", sa.String(length=100), nullable=True))


def downgrade() -> None:
    """Drop it."""
    op.drop_column("jobs", "label")
