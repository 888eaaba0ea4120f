"""What networks tell by webhook: posts to look up, and when anything last came."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_WAITING = sa.text("done_at IS NULL")


def upgrade() -> None:
    """Take the step."""
    op.create_table(
        "hook_notice",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("item_id", sa.String(), nullable=False),
        sa.Column("media_id", sa.String(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("not_before", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("error", sa.String(), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hook_notice")),
        sa.UniqueConstraint("account_id", "kind", "item_id", name=op.f("uq_hook_notice_account_id")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_hook_notice_account_id_account")),
    )
    op.create_index(
        "ix_hook_notice_waiting",
        "hook_notice",
        ["account_id", "not_before", "id"],
        sqlite_where=_WAITING,
        postgresql_where=_WAITING,
    )
    op.create_table(
        "hook_account",
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("heard_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("poll_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("full_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("account_id", name=op.f("pk_hook_account")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_hook_account_account_id_account")),
    )


def downgrade() -> None:
    """Take it back."""
    op.drop_table("hook_account")
    op.drop_index("ix_hook_notice_waiting", "hook_notice")
    op.drop_table("hook_notice")
