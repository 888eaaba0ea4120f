"""Notifications are kept as sentences, so that everybody gets them in their own language."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Take the step; what is on its way stays as it was written."""
    op.add_column("notification", sa.Column("subject_with", sa.JSON(), nullable=False, server_default="{}"))
    op.add_column("notification", sa.Column("language", sa.String(), nullable=False, server_default=""))


def downgrade() -> None:
    """Take it back; what waits to leave then leaves with its places unfilled."""
    op.drop_column("notification", "language")
    op.drop_column("notification", "subject_with")
