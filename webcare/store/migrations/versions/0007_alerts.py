"""The tables of targets and of what the desk tells people outside of it: breaches, warnings, notifications."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)
_TABLES = ("digest_run", "notify_choice", "notification_send", "notification", "deadline_alert", "case_look")


def upgrade() -> None:
    """Take the step."""
    _clocks()
    _notifications()
    _keep("deadline_alert")


def _clocks() -> None:
    op.create_table(
        "case_look",
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("agent_id", sa.Integer(), nullable=False),
        sa.Column("at", _MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["agent_id"], ["agent.id"], name=op.f("fk_case_look_agent_id_agent")),
        sa.ForeignKeyConstraint(["case_id"], ["desk_case.id"], name=op.f("fk_case_look_case_id_desk_case")),
        sa.PrimaryKeyConstraint("case_id", name=op.f("pk_case_look")),
    )
    op.create_table(
        "deadline_alert",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("clock", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("since", _MOMENT, nullable=False),
        sa.Column("deadline", _MOMENT, nullable=False),
        sa.Column("noticed_at", _MOMENT, nullable=False),
        sa.Column("queue", sa.String(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("urgency", sa.String(), nullable=False),
        sa.Column("assignee_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["assignee_id"], ["agent.id"], name=op.f("fk_deadline_alert_assignee_id_agent")),
        sa.ForeignKeyConstraint(["case_id"], ["desk_case.id"], name=op.f("fk_deadline_alert_case_id_desk_case")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deadline_alert")),
    )
    for part in ("deadline", "since"):
        op.create_index(f"uq_deadline_alert_{part}", "deadline_alert", ["case_id", "clock", "kind", part], unique=True)
    op.create_index("ix_deadline_alert_noticed", "deadline_alert", ["kind", "noticed_at"])


def _notifications() -> None:
    op.create_table(
        "notification",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("lines", sa.JSON(), nullable=False),
        sa.Column("html", sa.Text(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=True),
        sa.Column("agent_id", sa.Integer(), nullable=True),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("spread_at", _MOMENT, nullable=True),
        sa.ForeignKeyConstraint(["agent_id"], ["agent.id"], name=op.f("fk_notification_agent_id_agent")),
        sa.ForeignKeyConstraint(["case_id"], ["desk_case.id"], name=op.f("fk_notification_case_id_desk_case")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notification")),
    )
    op.create_index("ix_notification_spread", "notification", ["spread_at", "id"])
    op.create_table(
        "notification_send",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("notification_id", sa.Integer(), nullable=False),
        sa.Column("place", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("not_before", _MOMENT, nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("claimed_at", _MOMENT, nullable=True),
        sa.Column("error", sa.String(), nullable=False),
        sa.Column("sent_at", _MOMENT, nullable=True),
        sa.ForeignKeyConstraint(
            ["notification_id"], ["notification.id"], name=op.f("fk_notification_send_notification_id_notification")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notification_send")),
        sa.UniqueConstraint("notification_id", "place", name=op.f("uq_notification_send_notification_id")),
    )
    op.create_index("ix_notification_send_due", "notification_send", ["state", "not_before", "id"])
    op.create_table(
        "notify_choice",
        sa.Column("agent_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("wanted", sa.Boolean(), nullable=False),
        sa.Column("changed_at", _MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["agent_id"], ["agent.id"], name=op.f("fk_notify_choice_agent_id_agent")),
        sa.PrimaryKeyConstraint("agent_id", "kind", name=op.f("pk_notify_choice")),
    )
    op.create_table(
        "digest_run",
        sa.Column("period", sa.String(), nullable=False),
        sa.Column("made_at", _MOMENT, nullable=False),
        sa.Column("file", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("period", name=op.f("pk_digest_run")),
    )


def _keep(table: str) -> None:
    bind = op.get_bind()
    if bind.dialect.name == "sqlite":
        for act in ("UPDATE", "DELETE"):
            bind.exec_driver_sql(
                f"CREATE TRIGGER {table}_no_{act.lower()} BEFORE {act} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
            )
        return
    # The function is from revision 0002.
    bind.exec_driver_sql(
        f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table} "
        "FOR EACH ROW EXECUTE FUNCTION webcare_append_only()"
    )
    bind.exec_driver_sql(
        f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} "
        "FOR EACH STATEMENT EXECUTE FUNCTION webcare_append_only()"
    )


def downgrade() -> None:
    """Take it back."""
    for table in _TABLES:
        op.drop_table(table)
