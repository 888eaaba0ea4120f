"""What collecting has to remember: gaps, older versions of posts, spending, and what was done on the network.

Columns are added one by one: rebuilding `mention` on SQLite would lose the triggers that keep its search index.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)


#: A decision stays as it was made; but the customer's words that explain it go with the post they come from.
_DECISION = (
    "id, mention_id, language, sentiment, urgency, topic, needs_reply, line, reason, confidence, model_version, "
    "agent_id, decided_at"
)
_APPEND_ONLY = {
    "sqlite": ("DROP TRIGGER triage_no_update", "BEGIN SELECT RAISE(ABORT, 'triage is append-only'); END"),
    "postgresql": (
        "DROP TRIGGER triage_no_update ON triage",
        "FOR EACH ROW EXECUTE FUNCTION webcare_append_only()",
    ),
}


def _text(name: str, default: str = "") -> "sa.Column[str]":
    return sa.Column(name, sa.String(), nullable=False, server_default=default)


def _added() -> dict[str, tuple["sa.Column[Any]", ...]]:
    return {
        "account": (
            sa.Column("token_expires_at", _MOMENT, nullable=True),
            sa.Column("missing_permissions", sa.JSON(), nullable=False, server_default="[]"),
            sa.Column("rates", sa.JSON(), nullable=False, server_default="{}"),
            sa.Column("lag_s", sa.Float(), nullable=True),
            sa.Column("capped_at", _MOMENT, nullable=True),
            sa.Column("checked_at", _MOMENT, nullable=True),
        ),
        "mention": (
            _text("gone_reason"),
            sa.Column("edited_at", _MOMENT, nullable=True),
            sa.Column("checked_at", _MOMENT, nullable=True),
        ),
        "delivery": (
            _text("way", "public"),
            _text("to_external_id"),
            sa.Column("follows_id", sa.Integer(), nullable=True),
            sa.Column("by_hand", sa.Boolean(), nullable=False, server_default=sa.false()),
            sa.Column("retracted_at", _MOMENT, nullable=True),
            _text("retract_reason"),
        ),
    }


def upgrade() -> None:
    """Take the step."""
    for table, columns in _added().items():
        for column in columns:
            op.add_column(table, column)
    # A post that was collected was seen on its network then; the sweep goes on from there.
    op.execute("UPDATE mention SET checked_at = collected_at")
    op.create_index("ix_mention_sweep", "mention", ["account_id", "deleted_at", "checked_at", "id"])
    _let_words_go()
    _versions()
    _gaps()
    _spending()
    _actions()


def _let_words_go() -> None:
    drop, refuse = _APPEND_ONLY[op.get_bind().dialect.name]
    each = refuse.replace("FOR EACH ROW ", "")
    rows = "FOR EACH ROW "
    for statement in (
        drop,
        f"CREATE TRIGGER triage_no_update BEFORE UPDATE OF {_DECISION} ON triage {rows}{each}",
        f"CREATE TRIGGER triage_words BEFORE UPDATE OF words ON triage {rows}"
        f"WHEN (CAST(NEW.words AS TEXT) <> '[]') {each}",
    ):
        op.get_bind().exec_driver_sql(statement)


def _keep_words() -> None:
    drop, refuse = _APPEND_ONLY[op.get_bind().dialect.name]
    for statement in (drop.replace("triage_no_update", "triage_words"), drop):
        op.get_bind().exec_driver_sql(statement)
    op.get_bind().exec_driver_sql(f"CREATE TRIGGER triage_no_update BEFORE UPDATE ON triage {refuse}")


def _versions() -> None:
    op.create_table(
        "mention_version",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("mention_id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("external_id", sa.String(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("posted_at", _MOMENT, nullable=False),
        sa.Column("replaced_at", _MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["mention_id"], ["mention.id"], name=op.f("fk_mention_version_mention_id_mention"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_mention_version_account_id_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mention_version")),
    )
    op.create_index("ix_mention_version_mention", "mention_version", ["mention_id", "id"])
    op.create_index("ix_mention_version_external", "mention_version", ["account_id", "external_id"])


def _gaps() -> None:
    op.create_table(
        "gap",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("since", _MOMENT, nullable=False),
        sa.Column("until", _MOMENT, nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("found_at", _MOMENT, nullable=False),
        sa.Column("fill_token", sa.String(), nullable=False),
        sa.Column("filled_at", _MOMENT, nullable=True),
        sa.Column("recovered", sa.Integer(), nullable=False),
        sa.Column("error", sa.String(), nullable=False),
        sa.Column("lost_at", _MOMENT, nullable=True),
        sa.Column("closed_at", _MOMENT, nullable=True),
        sa.Column("closed_by", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_gap_account_id_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_gap")),
    )
    op.create_index("ix_gap_account", "gap", ["account_id", "closed_at", "since"])


def _spending() -> None:
    op.create_table(
        "spend",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("day", sa.String(), nullable=False),
        sa.Column("what", sa.String(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("micros", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_spend_account_id_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_spend")),
        sa.UniqueConstraint("account_id", "day", "what", name=op.f("uq_spend_account_id")),
    )


def _actions() -> None:
    op.create_table(
        "channel_action",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("target_external_id", sa.String(), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("agent_id", sa.Integer(), nullable=False),
        sa.Column("agent_name", sa.String(), nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("not_before", _MOMENT, nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("done_at", _MOMENT, nullable=True),
        sa.Column("error", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_channel_action_account_id_account")),
        sa.ForeignKeyConstraint(["agent_id"], ["agent.id"], name=op.f("fk_channel_action_agent_id_agent")),
        sa.ForeignKeyConstraint(["case_id"], ["desk_case.id"], name=op.f("fk_channel_action_case_id_desk_case")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_channel_action")),
    )
    op.create_index("ix_channel_action_due", "channel_action", ["state", "not_before", "id"])
    op.create_index("ix_channel_action_case", "channel_action", ["case_id", "id"])


def downgrade() -> None:
    """Take the step back."""
    _keep_words()
    for table in ("channel_action", "spend", "gap", "mention_version"):
        op.drop_table(table)
    op.drop_index("ix_mention_sweep", "mention")
    for table, columns in _added().items():
        for column in columns:
            op.drop_column(table, column.name)
