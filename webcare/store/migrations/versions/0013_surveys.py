"""Asking customers how they found our help, and what they said."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)
#: Which rows tell the figures that a case changed, and at which columns of an update.
_TOLD = (
    ("survey", "insert", "INSERT"),
    ("survey", "update", "UPDATE OF case_id, resolved_at, considered_at, left_out, delivery_id, agent_id, asked_at"),
    ("survey_answer", "insert", "INSERT"),
)
_BODY = "INSERT INTO figure_change (case_id) SELECT NEW.case_id;"
#: The trigger of the outbox watches whether a reply is a question of a survey, too.
_BEFORE, _AFTER = "by_hand, retracted_at", "by_hand, retracted_at, survey"


def upgrade() -> None:
    """Take the step."""
    op.create_index("ix_desk_case_resolved", "desk_case", ["resolved_at"])
    op.add_column("delivery", sa.Column("survey", sa.Boolean(), nullable=False, server_default=sa.false()))
    _surveys()
    _answers()
    op.create_table(
        "survey_opt_out",
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("customer_id", sa.String(), nullable=False),
        sa.Column("at", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("channel", "customer_id", name=op.f("pk_survey_opt_out")),
    )
    _tell()
    _watch(_BEFORE, _AFTER)


def _watch(before: str, after: str) -> None:
    """Make the trigger of the outbox again with other columns."""
    bind = op.get_bind()
    if bind.dialect.name == "sqlite":
        made = bind.exec_driver_sql("SELECT sql FROM sqlite_master WHERE name = 'delivery_figures_update'").scalar_one()
        bind.exec_driver_sql("DROP TRIGGER delivery_figures_update")
    else:
        made = bind.exec_driver_sql(
            "SELECT pg_get_triggerdef(oid) FROM pg_trigger "
            "WHERE tgname = 'delivery_figures_update' AND tgrelid = 'delivery'::regclass"
        ).scalar_one()
        bind.exec_driver_sql("DROP TRIGGER delivery_figures_update ON delivery")
    bind.exec_driver_sql(made.replace(before, after, 1))


def _surveys() -> None:
    op.create_table(
        "survey",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("resolved_at", _MOMENT, nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("customer_id", sa.String(), nullable=False),
        sa.Column("considered_at", _MOMENT, nullable=False),
        sa.Column("left_out", sa.String(), nullable=False),
        sa.Column("delivery_id", sa.Integer(), nullable=True),
        sa.Column("asked_in_id", sa.Integer(), nullable=True),
        sa.Column("agent_id", sa.Integer(), nullable=True),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("asked_at", _MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_survey")),
        sa.UniqueConstraint("case_id", name=op.f("uq_survey_case_id")),
        sa.ForeignKeyConstraint(["case_id"], ["desk_case.id"], name=op.f("fk_survey_case_id_desk_case")),
        sa.ForeignKeyConstraint(["asked_in_id"], ["desk_case.id"], name=op.f("fk_survey_asked_in_id_desk_case")),
        sa.ForeignKeyConstraint(["agent_id"], ["agent.id"], name=op.f("fk_survey_agent_id_agent")),
        sa.ForeignKeyConstraint(
            ["delivery_id"], ["delivery.id"], name=op.f("fk_survey_delivery_id_delivery"), ondelete="SET NULL"
        ),
    )
    op.create_index("ix_survey_asked_in", "survey", ["asked_in_id", "asked_at"])
    op.create_index("ix_survey_customer", "survey", ["channel", "customer_id", "considered_at"])
    op.create_index("ix_survey_delivery", "survey", ["delivery_id"])


def _answers() -> None:
    op.create_table(
        "survey_answer",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("survey_id", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("mention_id", sa.Integer(), nullable=False),
        sa.Column("score", sa.Integer(), nullable=True),
        sa.Column("only", sa.Boolean(), nullable=False),
        sa.Column("at", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_survey_answer")),
        sa.UniqueConstraint("mention_id", name=op.f("uq_survey_answer_mention_id")),
        sa.ForeignKeyConstraint(
            ["survey_id"], ["survey.id"], name=op.f("fk_survey_answer_survey_id_survey"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["case_id"], ["desk_case.id"], name=op.f("fk_survey_answer_case_id_desk_case")),
        sa.ForeignKeyConstraint(
            ["mention_id"], ["mention.id"], name=op.f("fk_survey_answer_mention_id_mention"), ondelete="CASCADE"
        ),
    )
    op.create_index("ix_survey_answer_survey", "survey_answer", ["survey_id", "id"])
    op.create_index("ix_survey_answer_case", "survey_answer", ["case_id"])


def _tell() -> None:
    bind = op.get_bind()
    for table, act, moment in _TOLD:
        name = f"{table}_figures_{act}"
        if bind.dialect.name == "sqlite":
            bind.exec_driver_sql(f"CREATE TRIGGER {name} AFTER {moment} ON {table} BEGIN {_BODY} END")
            continue
        bind.exec_driver_sql(
            f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {_BODY} RETURN NULL; END $$"
        )
        bind.exec_driver_sql(f"CREATE TRIGGER {name} AFTER {moment} ON {table} FOR EACH ROW EXECUTE FUNCTION {name}()")


def downgrade() -> None:
    """Take it back."""
    bind = op.get_bind()
    _watch(_AFTER, _BEFORE)
    for table, act, _ in _TOLD:
        name = f"{table}_figures_{act}"
        if bind.dialect.name == "sqlite":
            bind.exec_driver_sql(f"DROP TRIGGER {name}")
        else:
            bind.exec_driver_sql(f"DROP TRIGGER {name} ON {table}")
            bind.exec_driver_sql(f"DROP FUNCTION {name}()")
    for table in ("survey_opt_out", "survey_answer", "survey"):
        op.drop_table(table)
    op.drop_column("delivery", "survey")
    op.drop_index("ix_desk_case_resolved", "desk_case")
