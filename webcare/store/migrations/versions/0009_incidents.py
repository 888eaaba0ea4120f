"""The tables of incidents: what went wrong for many at once, and who is hit."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)
_TABLES = (
    "incident_use",
    "incident_text",
    "incident_case",
    "incident",
    "incident_count",
    "incident_signal",
)


def _person(name: str) -> "sa.Column[Any]":
    return sa.Column(name, sa.Integer(), nullable=True)


def _points(table: str, column: str, to: str, **how: Any) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{to}.id"], name=op.f(f"fk_{table}_{column}_{to}"), **how)


def upgrade() -> None:
    """Take the step."""
    op.add_column("saved_reply", sa.Column("campaign", sa.Boolean(), nullable=False, server_default=sa.false()))
    _looking_out()
    _incidents()
    _texts()


def _looking_out() -> None:
    op.create_table(
        "incident_signal",
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("mention_id", sa.Integer(), nullable=False),
        sa.Column("posted_at", _MOMENT, nullable=False),
        sa.Column("seen_at", _MOMENT, nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("series", sa.JSON(), nullable=False),
        sa.Column("vector", sa.LargeBinary(), nullable=False),
        sa.Column("model_version", sa.String(), nullable=False),
        _points("incident_signal", "case_id", "desk_case"),
        _points("incident_signal", "mention_id", "mention", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("case_id", name=op.f("pk_incident_signal")),
    )
    op.create_index("ix_incident_signal_posted", "incident_signal", ["posted_at", "case_id"])
    op.create_index("ix_incident_signal_mention", "incident_signal", ["mention_id"])
    op.create_table(
        "incident_count",
        sa.Column("hour", _MOMENT, nullable=False),
        sa.Column("series", sa.String(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("hour", "series", name=op.f("pk_incident_count")),
    )


def _incidents() -> None:
    op.create_table(
        "incident",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("series", sa.String(), nullable=False),
        sa.Column("words", sa.JSON(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("expected", sa.Float(), nullable=False),
        sa.Column("window_s", sa.Integer(), nullable=False),
        sa.Column("centre", sa.LargeBinary(), nullable=False),
        sa.Column("model_version", sa.String(), nullable=False),
        sa.Column("found_at", _MOMENT, nullable=False),
        sa.Column("opened_at", _MOMENT, nullable=True),
        _person("opened_by"),
        sa.Column("jokes", sa.String(), nullable=False),
        sa.Column("defect", sa.String(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("outcome_at", _MOMENT, nullable=True),
        sa.Column("closed_at", _MOMENT, nullable=True),
        _person("closed_by"),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        _points("incident", "opened_by", "agent"),
        _points("incident", "closed_by", "agent"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_incident")),
    )
    op.create_index("ix_incident_state", "incident", ["state", "id"])
    op.create_table(
        "incident_case",
        sa.Column("incident_id", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("linked_at", _MOMENT, nullable=False),
        _person("linked_by"),
        sa.Column("left_out", sa.String(), nullable=False),
        _person("left_out_by"),
        sa.Column("left_out_at", _MOMENT, nullable=True),
        _points("incident_case", "incident_id", "incident"),
        _points("incident_case", "case_id", "desk_case"),
        _points("incident_case", "linked_by", "agent"),
        _points("incident_case", "left_out_by", "agent"),
        sa.PrimaryKeyConstraint("incident_id", "case_id", name=op.f("pk_incident_case")),
    )
    op.create_index("ix_incident_case_case", "incident_case", ["case_id"])


def _texts() -> None:
    op.create_table(
        "incident_text",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("incident_id", sa.Integer(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("author_id", sa.Integer(), nullable=False),
        sa.Column("written_at", _MOMENT, nullable=False),
        _person("approved_by"),
        sa.Column("approved_at", _MOMENT, nullable=True),
        sa.Column("withdrawn_at", _MOMENT, nullable=True),
        _points("incident_text", "incident_id", "incident"),
        _points("incident_text", "author_id", "agent"),
        _points("incident_text", "approved_by", "agent"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_incident_text")),
    )
    op.create_index("ix_incident_text_incident", "incident_text", ["incident_id", "id"])
    op.create_table(
        "incident_use",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("incident_id", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("text_id", sa.Integer(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("at", _MOMENT, nullable=False),
        sa.Column("delivery_id", sa.Integer(), nullable=True),
        sa.Column("approval_id", sa.Integer(), nullable=True),
        _points("incident_use", "incident_id", "incident"),
        _points("incident_use", "case_id", "desk_case"),
        _points("incident_use", "text_id", "incident_text"),
        _points("incident_use", "delivery_id", "delivery"),
        _points("incident_use", "approval_id", "approval"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_incident_use")),
        sa.UniqueConstraint("incident_id", "case_id", name=op.f("uq_incident_use_incident_id")),
    )
    op.create_index("ix_incident_use_text", "incident_use", ["text_id", "channel", "at"])


def downgrade() -> None:
    """Take it back."""
    for table in _TABLES:
        op.drop_table(table)
    op.drop_column("saved_reply", "campaign")
