"""One account for each person of the provider, suggestions that a person can switch off, decisions half written."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_INDEX = "uq_agent_subject"
_FILLED = sa.text("subject <> ''")


def upgrade() -> None:
    """Take the step. Of accounts that share a subject the oldest keeps it; the others are found again by e-mail."""
    op.execute(
        "UPDATE agent SET subject = '' WHERE subject <> '' AND EXISTS "
        "(SELECT 1 FROM agent AS older WHERE older.subject = agent.subject AND older.id < agent.id)"
    )
    op.create_index(_INDEX, "agent", ["subject"], unique=True, sqlite_where=_FILLED, postgresql_where=_FILLED)
    op.create_table(
        "policy_draft",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("agent_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("value", sa.JSON(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_policy_draft")),
        sa.UniqueConstraint("agent_id", "name", name=op.f("uq_policy_draft_agent_id")),
        sa.ForeignKeyConstraint(["agent_id"], ["agent.id"], name=op.f("fk_policy_draft_agent_id_agent")),
    )
    op.add_column("agent", sa.Column("suggestions", sa.Boolean(), nullable=False, server_default=sa.true()))


def downgrade() -> None:
    """Take it back."""
    op.drop_column("agent", "suggestions")
    op.drop_table("policy_draft")
    op.drop_index(_INDEX, "agent")
