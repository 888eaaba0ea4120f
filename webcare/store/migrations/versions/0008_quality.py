"""The tables of quality and learning: scorecards, reviews, coaching, defects, wishes and praise.

Scorecards are append-only, as a score means nothing without the questions it was given by.
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Take the step."""
    _reviewing()
    _coaching()
    _learning()
    _keep("scorecard")


def _reviewing() -> None:
    op.create_table(
        "scorecard",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("questions", sa.JSON(), nullable=False),
        sa.Column("made_by", sa.Integer(), nullable=True),
        sa.Column("made_at", _MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["made_by"], ["agent.id"], name=op.f("fk_scorecard_made_by_agent")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_scorecard")),
        sa.UniqueConstraint("version", name=op.f("uq_scorecard_version")),
    )
    op.create_table(
        "reply_review",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("delivery_id", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("agent_id", sa.Integer(), nullable=False),
        sa.Column("reviewer_id", sa.Integer(), nullable=False),
        sa.Column("posted_at", _MOMENT, nullable=False),
        sa.Column("week", sa.String(), nullable=False),
        sa.Column("why", sa.String(), nullable=False),
        sa.Column("calibration", sa.Boolean(), nullable=False),
        sa.Column("drawn_at", _MOMENT, nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("scorecard_id", sa.Integer(), nullable=True),
        sa.Column("scores", sa.JSON(), nullable=False),
        sa.Column("score", sa.Float(), nullable=True),
        sa.Column("comment", sa.Text(), nullable=False),
        sa.Column("updated_at", _MOMENT, nullable=True),
        sa.ForeignKeyConstraint(["agent_id"], ["agent.id"], name=op.f("fk_reply_review_agent_id_agent")),
        sa.ForeignKeyConstraint(["case_id"], ["desk_case.id"], name=op.f("fk_reply_review_case_id_desk_case")),
        sa.ForeignKeyConstraint(["delivery_id"], ["delivery.id"], name=op.f("fk_reply_review_delivery_id_delivery")),
        sa.ForeignKeyConstraint(["reviewer_id"], ["agent.id"], name=op.f("fk_reply_review_reviewer_id_agent")),
        sa.ForeignKeyConstraint(
            ["scorecard_id"], ["scorecard.id"], name=op.f("fk_reply_review_scorecard_id_scorecard")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reply_review")),
        sa.UniqueConstraint("delivery_id", "reviewer_id", name=op.f("uq_reply_review_delivery_id")),
    )
    op.create_index("ix_reply_review_agent", "reply_review", ["agent_id", "state", "posted_at"])
    op.create_index("ix_reply_review_case", "reply_review", ["case_id"])
    op.create_index("ix_reply_review_reviewer", "reply_review", ["reviewer_id", "state", "id"])
    op.create_index("ix_reply_review_week", "reply_review", ["week", "delivery_id"])


def _coaching() -> None:
    op.create_table(
        "coaching_note",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("author_id", sa.Integer(), nullable=False),
        sa.Column("agent_id", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=True),
        sa.Column("delivery_id", sa.Integer(), nullable=True),
        sa.Column("question", sa.String(), nullable=False),
        sa.Column("answers_id", sa.Integer(), nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("read_at", _MOMENT, nullable=True),
        sa.ForeignKeyConstraint(["agent_id"], ["agent.id"], name=op.f("fk_coaching_note_agent_id_agent")),
        sa.ForeignKeyConstraint(
            ["answers_id"], ["coaching_note.id"], name=op.f("fk_coaching_note_answers_id_coaching_note")
        ),
        sa.ForeignKeyConstraint(["author_id"], ["agent.id"], name=op.f("fk_coaching_note_author_id_agent")),
        sa.ForeignKeyConstraint(["case_id"], ["desk_case.id"], name=op.f("fk_coaching_note_case_id_desk_case")),
        sa.ForeignKeyConstraint(["delivery_id"], ["delivery.id"], name=op.f("fk_coaching_note_delivery_id_delivery")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_coaching_note")),
    )
    op.create_index("ix_coaching_note_agent", "coaching_note", ["agent_id", "id"])
    op.create_index("ix_coaching_note_author", "coaching_note", ["author_id", "id"])
    op.create_index("ix_coaching_note_case", "coaching_note", ["case_id"])


def _learning() -> None:
    op.create_table(
        "defect",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("department", sa.String(), nullable=False),
        sa.Column("registered_by", sa.Integer(), nullable=False),
        sa.Column("registered_at", _MOMENT, nullable=False),
        sa.Column("changed_at", _MOMENT, nullable=False),
        sa.Column("mended_at", _MOMENT, nullable=True),
        sa.ForeignKeyConstraint(["registered_by"], ["agent.id"], name=op.f("fk_defect_registered_by_agent")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_defect")),
    )
    op.create_index("ix_defect_status", "defect", ["status", "id"])
    op.create_table(
        "defect_case",
        sa.Column("defect_id", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("customer_no", sa.Integer(), nullable=False),
        sa.Column("linked_by", sa.Integer(), nullable=False),
        sa.Column("linked_at", _MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["desk_case.id"], name=op.f("fk_defect_case_case_id_desk_case")),
        sa.ForeignKeyConstraint(["defect_id"], ["defect.id"], name=op.f("fk_defect_case_defect_id_defect")),
        sa.ForeignKeyConstraint(["linked_by"], ["agent.id"], name=op.f("fk_defect_case_linked_by_agent")),
        sa.PrimaryKeyConstraint("defect_id", "case_id", name=op.f("pk_defect_case")),
    )
    op.create_index("ix_defect_case_case", "defect_case", ["case_id"])
    op.create_table(
        "feedback",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("department", sa.String(), nullable=False),
        sa.Column("passed_by", sa.Integer(), nullable=False),
        sa.Column("passed_at", _MOMENT, nullable=False),
        sa.Column("acknowledged_by", sa.Integer(), nullable=True),
        sa.Column("acknowledged_at", _MOMENT, nullable=True),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["acknowledged_by"], ["agent.id"], name=op.f("fk_feedback_acknowledged_by_agent")),
        sa.ForeignKeyConstraint(["case_id"], ["desk_case.id"], name=op.f("fk_feedback_case_id_desk_case")),
        sa.ForeignKeyConstraint(["passed_by"], ["agent.id"], name=op.f("fk_feedback_passed_by_agent")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_feedback")),
    )
    op.create_index("ix_feedback_case", "feedback", ["case_id"])
    op.create_index("ix_feedback_waiting", "feedback", ["acknowledged_at", "id"])


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
    for table in ("feedback", "defect_case", "defect", "coaching_note", "reply_review", "scorecard"):
        op.drop_table(table)
