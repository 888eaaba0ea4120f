"""What the customer may be told, in spite of what a reply was sent, and how the guard fares.

Marks and overrides are append-only, like the events of a case; findings and outcomes are filled in later.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_KEPT = ("shareable_fact", "reply_override")


def upgrade() -> None:
    """Take the step."""
    op.create_table(
        "guard_finding",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("agent_id", sa.Integer(), nullable=False),
        sa.Column("finding", sa.String(), nullable=False),
        sa.Column("check_name", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("level", sa.String(), nullable=False),
        sa.Column("message", sa.String(), nullable=False),
        sa.Column("stretch", sa.Text(), nullable=False),
        sa.Column("rules_version", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("outcome", sa.String(), nullable=True),
        sa.Column("grade", sa.String(), nullable=True),
        sa.Column("graded_by", sa.Integer(), nullable=True),
        sa.Column("graded_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["agent_id"], ["agent.id"], name=op.f("fk_guard_finding_agent_id_agent")),
        sa.ForeignKeyConstraint(["case_id"], ["desk_case.id"], name=op.f("fk_guard_finding_case_id_desk_case")),
        sa.ForeignKeyConstraint(["graded_by"], ["agent.id"], name=op.f("fk_guard_finding_graded_by_agent")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_guard_finding")),
    )
    with op.batch_alter_table("guard_finding", schema=None) as batch_op:
        batch_op.create_index("ix_guard_finding_at", ["at", "check_name"], unique=False)
        batch_op.create_index("ix_guard_finding_case", ["case_id", "id"], unique=False)

    op.create_table(
        "guard_slip",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("delivery_id", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("reported_by", sa.Integer(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("file", sa.String(), nullable=False),
        sa.Column("held_now", sa.Boolean(), nullable=False),
        sa.Column("rules_version", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["desk_case.id"], name=op.f("fk_guard_slip_case_id_desk_case")),
        sa.ForeignKeyConstraint(["delivery_id"], ["delivery.id"], name=op.f("fk_guard_slip_delivery_id_delivery")),
        sa.ForeignKeyConstraint(["reported_by"], ["agent.id"], name=op.f("fk_guard_slip_reported_by_agent")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_guard_slip")),
    )
    op.create_table(
        "joke_outcome",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("delivery_id", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("sentiment_before", sa.String(), nullable=False),
        sa.Column("mention_id", sa.Integer(), nullable=True),
        sa.Column("sentiment", sa.String(), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["desk_case.id"], name=op.f("fk_joke_outcome_case_id_desk_case")),
        sa.ForeignKeyConstraint(["delivery_id"], ["delivery.id"], name=op.f("fk_joke_outcome_delivery_id_delivery")),
        sa.ForeignKeyConstraint(
            ["mention_id"], ["mention.id"], name=op.f("fk_joke_outcome_mention_id_mention"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_joke_outcome")),
        sa.UniqueConstraint("delivery_id", name=op.f("uq_joke_outcome_delivery_id")),
    )
    with op.batch_alter_table("joke_outcome", schema=None) as batch_op:
        batch_op.create_index("ix_joke_outcome_case", ["case_id", "mention_id"], unique=False)

    op.create_table(
        "reply_override",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("delivery_id", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("finding", sa.String(), nullable=False),
        sa.Column("check_name", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("policy", sa.String(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("stretch", sa.Text(), nullable=False),
        sa.Column("agent_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("fingerprint", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["agent_id"], ["agent.id"], name=op.f("fk_reply_override_agent_id_agent")),
        sa.ForeignKeyConstraint(["case_id"], ["desk_case.id"], name=op.f("fk_reply_override_case_id_desk_case")),
        sa.ForeignKeyConstraint(["delivery_id"], ["delivery.id"], name=op.f("fk_reply_override_delivery_id_delivery")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reply_override")),
    )
    with op.batch_alter_table("reply_override", schema=None) as batch_op:
        batch_op.create_index("ix_reply_override_delivery", ["delivery_id", "id"], unique=False)

    op.create_table(
        "shareable_fact",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("note_id", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("valid_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("marked_by", sa.Integer(), nullable=False),
        sa.Column("needs_second", sa.Boolean(), nullable=False),
        sa.Column("seconded_by", sa.Integer(), nullable=True),
        sa.Column("withdrawn_by", sa.Integer(), nullable=True),
        sa.Column("replaces", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["desk_case.id"], name=op.f("fk_shareable_fact_case_id_desk_case")),
        sa.ForeignKeyConstraint(["marked_by"], ["agent.id"], name=op.f("fk_shareable_fact_marked_by_agent")),
        sa.ForeignKeyConstraint(["note_id"], ["note.id"], name=op.f("fk_shareable_fact_note_id_note")),
        sa.ForeignKeyConstraint(
            ["replaces"], ["shareable_fact.id"], name=op.f("fk_shareable_fact_replaces_shareable_fact")
        ),
        sa.ForeignKeyConstraint(["seconded_by"], ["agent.id"], name=op.f("fk_shareable_fact_seconded_by_agent")),
        sa.ForeignKeyConstraint(["withdrawn_by"], ["agent.id"], name=op.f("fk_shareable_fact_withdrawn_by_agent")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shareable_fact")),
        sa.UniqueConstraint("replaces", name=op.f("uq_shareable_fact_replaces")),
    )
    with op.batch_alter_table("shareable_fact", schema=None) as batch_op:
        batch_op.create_index("ix_shareable_fact_case", ["case_id", "id"], unique=False)

    for table in _KEPT:
        _keep(table)


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
    """Take the step back."""
    with op.batch_alter_table("shareable_fact", schema=None) as batch_op:
        batch_op.drop_index("ix_shareable_fact_case")

    op.drop_table("shareable_fact")
    with op.batch_alter_table("reply_override", schema=None) as batch_op:
        batch_op.drop_index("ix_reply_override_delivery")

    op.drop_table("reply_override")
    with op.batch_alter_table("joke_outcome", schema=None) as batch_op:
        batch_op.drop_index("ix_joke_outcome_case")

    op.drop_table("joke_outcome")
    op.drop_table("guard_slip")
    with op.batch_alter_table("guard_finding", schema=None) as batch_op:
        batch_op.drop_index("ix_guard_finding_case")
        batch_op.drop_index("ix_guard_finding_at")

    op.drop_table("guard_finding")
