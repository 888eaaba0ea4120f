"""What working together has to remember: who looks at what, saved texts, hand-overs, approvals, decisions of the desk.

Columns are added one by one, as in revision 0004. The policies and the audit log are append-only.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)
_KEPT = ("policy", "audit")
#: Of cases.
_INDEXES = {
    "customer": ("channel", "customer_id", "id"),
    "handle": ("customer_handle",),
    "name": ("customer_name",),
    "queue_deadline": ("queue", "state", "respond_by", "id"),
    "state_deadline": ("state", "respond_by", "id"),
    "queue_posted": ("queue", "state", "last_posted_at", "id"),
    "state_posted": ("state", "last_posted_at", "id"),
}


def _text(name: str, default: str = "") -> "sa.Column[str]":
    return sa.Column(name, sa.String(), nullable=False, server_default=default)


def _json(name: str, default: str) -> "sa.Column[Any]":
    return sa.Column(name, sa.JSON(), nullable=False, server_default=default)


def _flag(name: str) -> "sa.Column[bool]":
    return sa.Column(name, sa.Boolean(), nullable=False, server_default=sa.false())


def _moment(name: str) -> "sa.Column[Any]":
    return sa.Column(name, _MOMENT, nullable=True)


def _added() -> dict[str, tuple["sa.Column[Any]", ...]]:
    return {
        "agent": (
            _text("email"),
            _text("subject"),
            _flag("must_change"),
            _text("language"),
            _text("timezone"),
            _text("density"),
            _json("grants", "[]"),
            _flag("supervised"),
            _json("skills", "[]"),
            sa.Column("capacity", sa.Integer(), nullable=False, server_default="0"),
            _json("hours", "{}"),
            _moment("away_until"),
            _moment("seen_at"),
            _moment("given_at"),
        ),
        "account": (_text("market"), _text("brand"), _moment("paused_at")),
        "sign_in": (_moment("seen_at"), _text("browser"), _text("method", "password")),
        "desk_case": (_text("skill"),),
    }


#: Append-only tables, with the columns that stay for ever and those that may be emptied.
_EMPTIED = {
    "reply_override": (
        "id, delivery_id, case_id, finding, check_name, reason, policy, agent_id, at, fingerprint",
        ("words", "stretch"),
    ),
    "shareable_fact": (
        "id, note_id, case_id, kind, source, valid_until, marked_by, needs_second, seconded_by, withdrawn_by, "
        "replaces, created_at",
        ("text",),
    ),
}


def upgrade() -> None:
    """Take the step."""
    for table, columns in _added().items():
        for column in columns:
            op.add_column(table, column)
    for name, indexed in _INDEXES.items():
        op.create_index(f"ix_desk_case_{name}", "desk_case", list(indexed))
    _on_the_screen()
    _texts()
    _second_line()
    _four_eyes()
    _running_the_desk()
    _let_texts_go()
    for table in _KEPT:
        _keep(table)


def _on_the_screen() -> None:
    op.create_table(
        "presence",
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("agent_id", sa.Integer(), nullable=False),
        sa.Column("agent_name", sa.String(), nullable=False),
        sa.Column("seen_at", _MOMENT, nullable=False),
        sa.Column("typing", sa.String(), nullable=False),
        sa.Column("typing_at", _MOMENT, nullable=True),
        sa.ForeignKeyConstraint(["agent_id"], ["agent.id"], name=op.f("fk_presence_agent_id_agent")),
        sa.ForeignKeyConstraint(["case_id"], ["desk_case.id"], name=op.f("fk_presence_case_id_desk_case")),
        sa.PrimaryKeyConstraint("case_id", "agent_id", name=op.f("pk_presence")),
    )
    op.create_table(
        "saved_view",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("agent_id", sa.Integer(), nullable=True),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("query", sa.JSON(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["agent_id"], ["agent.id"], name=op.f("fk_saved_view_agent_id_agent")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saved_view")),
    )
    op.create_table(
        "case_tag",
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("tag", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["desk_case.id"], name=op.f("fk_case_tag_case_id_desk_case")),
        sa.PrimaryKeyConstraint("case_id", "tag", name=op.f("pk_case_tag")),
    )
    op.create_index("ix_case_tag_tag", "case_tag", ["tag", "case_id"])

    op.create_table(
        "customer_identity",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("customer_id", sa.String(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("external_id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("handle", sa.String(), nullable=False),
        sa.Column("linked_by", sa.Integer(), nullable=False),
        sa.Column("linked_at", _MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["linked_by"], ["agent.id"], name=op.f("fk_customer_identity_linked_by_agent")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_customer_identity")),
        sa.UniqueConstraint("channel", "external_id", name=op.f("uq_customer_identity_channel")),
    )
    op.create_index("ix_customer_identity_customer", "customer_identity", ["customer_id"])


def _texts() -> None:
    op.create_table(
        "saved_reply",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("topic", sa.String(), nullable=False),
        sa.Column("owner_id", sa.Integer(), nullable=False),
        sa.Column("expires_at", _MOMENT, nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("updated_at", _MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["owner_id"], ["agent.id"], name=op.f("fk_saved_reply_owner_id_agent")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saved_reply")),
    )
    op.create_table(
        "saved_reply_text",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("saved_reply_id", sa.Integer(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["saved_reply_id"],
            ["saved_reply.id"],
            name=op.f("fk_saved_reply_text_saved_reply_id_saved_reply"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saved_reply_text")),
        sa.UniqueConstraint("saved_reply_id", "language", name=op.f("uq_saved_reply_text_saved_reply_id")),
    )
    op.create_table(
        "answer_memory",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("delivery_id", sa.Integer(), nullable=False),
        sa.Column("mention_id", sa.Integer(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("topic", sa.String(), nullable=False),
        sa.Column("vector", sa.LargeBinary(), nullable=False),
        sa.Column("model_version", sa.String(), nullable=False),
        sa.Column("made_at", _MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["delivery_id"], ["delivery.id"], name=op.f("fk_answer_memory_delivery_id_delivery")),
        sa.ForeignKeyConstraint(
            ["mention_id"], ["mention.id"], name=op.f("fk_answer_memory_mention_id_mention"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_answer_memory")),
        sa.UniqueConstraint("delivery_id", name=op.f("uq_answer_memory_delivery_id")),
    )
    op.create_index("ix_answer_memory_mention", "answer_memory", ["mention_id"])


def _second_line() -> None:
    op.create_table(
        "handover",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("question", sa.Text(), nullable=False),
        sa.Column("note_id", sa.Integer(), nullable=True),
        sa.Column("skill", sa.String(), nullable=False),
        sa.Column("asked_by", sa.Integer(), nullable=False),
        sa.Column("asked_at", _MOMENT, nullable=False),
        sa.Column("return_by", _MOMENT, nullable=False),
        sa.Column("warned_at", _MOMENT, nullable=True),
        sa.Column("taken_by", sa.Integer(), nullable=True),
        sa.Column("taken_at", _MOMENT, nullable=True),
        sa.Column("closed_by", sa.Integer(), nullable=True),
        sa.Column("closed_at", _MOMENT, nullable=True),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["asked_by"], ["agent.id"], name=op.f("fk_handover_asked_by_agent")),
        sa.ForeignKeyConstraint(["case_id"], ["desk_case.id"], name=op.f("fk_handover_case_id_desk_case")),
        sa.ForeignKeyConstraint(["closed_by"], ["agent.id"], name=op.f("fk_handover_closed_by_agent")),
        sa.ForeignKeyConstraint(["note_id"], ["note.id"], name=op.f("fk_handover_note_id_note")),
        sa.ForeignKeyConstraint(["taken_by"], ["agent.id"], name=op.f("fk_handover_taken_by_agent")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_handover")),
    )
    op.create_index("ix_handover_case", "handover", ["case_id", "id"])
    op.create_index("ix_handover_due", "handover", ["closed_at", "return_by"])
    op.create_index(
        "uq_handover_open",
        "handover",
        ["case_id"],
        unique=True,
        sqlite_where=sa.text("closed_at IS NULL"),
        postgresql_where=sa.text("closed_at IS NULL"),
    )

    op.create_table(
        "handover_fact",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("handover_id", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("valid_until", _MOMENT, nullable=True),
        sa.Column("public", sa.Boolean(), nullable=False),
        sa.Column("fact_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["fact_id"], ["shareable_fact.id"], name=op.f("fk_handover_fact_fact_id_shareable_fact")
        ),
        sa.ForeignKeyConstraint(["handover_id"], ["handover.id"], name=op.f("fk_handover_fact_handover_id_handover")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_handover_fact")),
    )
    op.create_index("ix_handover_fact_handover", "handover_fact", ["handover_id", "id"])


def _four_eyes() -> None:
    op.create_table(
        "approval",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("way", sa.String(), nullable=False),
        sa.Column("target_external_id", sa.String(), nullable=False),
        sa.Column("reasons", sa.JSON(), nullable=False),
        sa.Column("verdict", sa.JSON(), nullable=False),
        sa.Column("overrides", sa.JSON(), nullable=False),
        sa.Column("case_version", sa.Integer(), nullable=False),
        sa.Column("author_id", sa.Integer(), nullable=False),
        sa.Column("asked_at", _MOMENT, nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("decided_by", sa.Integer(), nullable=True),
        sa.Column("decided_at", _MOMENT, nullable=True),
        sa.Column("decided_text", sa.Text(), nullable=False),
        sa.Column("words", sa.String(), nullable=False),
        sa.Column("delivery_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["author_id"], ["agent.id"], name=op.f("fk_approval_author_id_agent")),
        sa.ForeignKeyConstraint(["case_id"], ["desk_case.id"], name=op.f("fk_approval_case_id_desk_case")),
        sa.ForeignKeyConstraint(["decided_by"], ["agent.id"], name=op.f("fk_approval_decided_by_agent")),
        sa.ForeignKeyConstraint(["delivery_id"], ["delivery.id"], name=op.f("fk_approval_delivery_id_delivery")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_approval")),
    )
    op.create_index("ix_approval_state", "approval", ["state", "asked_at"])
    op.create_index(
        "uq_approval_pending",
        "approval",
        ["case_id"],
        unique=True,
        sqlite_where=sa.text("state = 'pending'"),
        postgresql_where=sa.text("state = 'pending'"),
    )

    op.create_table(
        "promise",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("delivery_id", sa.Integer(), nullable=False),
        sa.Column("start", sa.Integer(), nullable=False),
        sa.Column("words", sa.String(), nullable=False),
        sa.Column("sentence", sa.Text(), nullable=False),
        sa.Column("due_at", _MOMENT, nullable=False),
        sa.Column("found_at", _MOMENT, nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("moved_from", _MOMENT, nullable=True),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("settled_by", sa.Integer(), nullable=True),
        sa.Column("settled_at", _MOMENT, nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["desk_case.id"], name=op.f("fk_promise_case_id_desk_case")),
        sa.ForeignKeyConstraint(["delivery_id"], ["delivery.id"], name=op.f("fk_promise_delivery_id_delivery")),
        sa.ForeignKeyConstraint(["settled_by"], ["agent.id"], name=op.f("fk_promise_settled_by_agent")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_promise")),
        sa.UniqueConstraint("delivery_id", "start", name=op.f("uq_promise_delivery_id")),
    )
    op.create_index("ix_promise_case", "promise", ["case_id", "id"])
    op.create_index("ix_promise_due", "promise", ["state", "due_at", "id"])


def _running_the_desk() -> None:
    op.create_table(
        "policy",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("valid_from", _MOMENT, nullable=False),
        sa.Column("value", sa.JSON(), nullable=False),
        sa.Column("agent_id", sa.Integer(), nullable=True),
        sa.Column("agent_name", sa.String(), nullable=False),
        sa.Column("changed_at", _MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["agent_id"], ["agent.id"], name=op.f("fk_policy_agent_id_agent")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_policy")),
    )
    op.create_index("ix_policy_name", "policy", ["name", "valid_from", "id"])

    op.create_table(
        "audit",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", _MOMENT, nullable=False),
        sa.Column("agent_id", sa.Integer(), nullable=True),
        sa.Column("agent_name", sa.String(), nullable=False),
        sa.Column("what", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("before", sa.JSON(), nullable=False),
        sa.Column("after", sa.JSON(), nullable=False),
        sa.Column("seal", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["agent_id"], ["agent.id"], name=op.f("fk_audit_agent_id_agent")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit")),
    )
    op.create_index("ix_audit_what", "audit", ["what", "id"])

    op.create_table(
        "account_secret",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("account_key", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("sealed", sa.String(), nullable=False),
        sa.Column("changed_by", sa.Integer(), nullable=False),
        sa.Column("changed_at", _MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["changed_by"], ["agent.id"], name=op.f("fk_account_secret_changed_by_agent")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account_secret")),
        sa.UniqueConstraint("account_key", "name", name=op.f("uq_account_secret_account_key")),
    )
    op.create_table(
        "erased_person",
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("erased_at", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_erased_person")),
    )


def _let_texts_go() -> None:
    """Rows that may never change may lose their texts, when a person's words are removed."""
    bind = op.get_bind()
    sqlite = bind.dialect.name == "sqlite"
    for table, (kept, texts) in _EMPTIED.items():
        refuse = f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
        refuse = refuse if sqlite else "EXECUTE FUNCTION webcare_append_only()"
        told = " OR ".join(f"NEW.{name} <> ''" for name in texts)
        bind.exec_driver_sql(
            f"DROP TRIGGER {table}_no_update" if sqlite else f"DROP TRIGGER {table}_append_only ON {table}"
        )
        each = f"ON {table} FOR EACH ROW"
        bind.exec_driver_sql(f"CREATE TRIGGER {table}_no_update BEFORE UPDATE OF {kept} {each} {refuse}")
        bind.exec_driver_sql(
            f"CREATE TRIGGER {table}_texts BEFORE UPDATE OF {', '.join(texts)} {each} WHEN ({told}) {refuse}"
        )
        if not sqlite:
            bind.exec_driver_sql(f"CREATE TRIGGER {table}_no_delete BEFORE DELETE {each} {refuse}")


def _keep_texts() -> None:
    bind = op.get_bind()
    for table in _EMPTIED:
        if bind.dialect.name == "sqlite":
            for name in ("no_update", "texts"):
                bind.exec_driver_sql(f"DROP TRIGGER {table}_{name}")
            bind.exec_driver_sql(
                f"CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
            )
            continue
        for name in ("no_update", "texts", "no_delete"):
            bind.exec_driver_sql(f"DROP TRIGGER {table}_{name} ON {table}")
        bind.exec_driver_sql(
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION webcare_append_only()"
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
    """Take the step back."""
    _keep_texts()
    for table in (
        "erased_person",
        "account_secret",
        "audit",
        "policy",
        "promise",
        "approval",
        "handover_fact",
        "handover",
        "answer_memory",
        "saved_reply_text",
        "saved_reply",
        "customer_identity",
        "case_tag",
        "saved_view",
        "presence",
    ):
        op.drop_table(table)
    for name in _INDEXES:
        op.drop_index(f"ix_desk_case_{name}", "desk_case")
    for table, columns in _added().items():
        for column in columns:
            op.drop_column(table, column.name)
