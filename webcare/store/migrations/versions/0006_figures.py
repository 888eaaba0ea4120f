"""The tables of figures, what tells them that a case changed, and the read-only views for other programs.

A change is noted by triggers and not by the verbs: nothing can be forgotten then, and it stands or falls with the
transaction that made it. The views are described in docs/bi-views.md; they hold no word of a customer and no person.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)
_TABLES = ("figure_state", "figure_change", "figure_case", "figure_day", "figure_fact")


@dataclass(frozen=True)
class _Watched:
    """Whose case a row of a table is, as a query over {row}; and the columns whose change matters."""

    table: str
    cases: tuple[str, ...]
    columns: str = ""  #: of an update; empty = rows are never changed
    deleted: bool = False  #: rows may be deleted
    when: str = ""  #: only then


_OWN = ("SELECT {row}.case_id",)
_OWN_IF_ANY = "SELECT {row}.case_id WHERE {row}.case_id IS NOT NULL"
#: Posts of ours that no reply became count for every case of their thread.
_THREAD = "SELECT c.id FROM desk_case c WHERE {row}.is_ours AND c.thread_id = {row}.thread_id"
_ECHO = (
    "SELECT c.id FROM mention m JOIN desk_case c ON c.thread_id = m.thread_id "
    "WHERE m.account_id = {row}.account_id AND m.external_id = {row}.external_id AND m.is_ours"
)
_LINKED = (
    "SELECT c.id FROM customer_identity i JOIN desk_case c ON c.channel = i.channel AND c.customer_id = i.external_id "
    "WHERE i.customer_id = {row}.customer_id"
)
_AUTHOR = "SELECT c.id FROM desk_case c WHERE c.channel = {row}.channel AND c.customer_id = {row}.external_id"
_CUSTOMER = "SELECT c.id FROM desk_case c WHERE c.channel = {row}.channel AND c.customer_id = {row}.customer_id"

_WATCHED = (
    _Watched(
        "desk_case",
        ("SELECT {row}.id",),
        "thread_id, account_id, channel, state, queue, line, sentiment, urgency, topic, language, needs_reply, "
        "customer_id, assignee_id, opened_at, first_posted_at, resolved_at, resolution, reopened",
    ),
    _Watched(
        "mention",
        (_OWN_IF_ANY, _THREAD),
        "account_id, channel, external_id, thread_id, case_id, parent_external_id, kind, text, posted_at, "
        "collected_at, is_ours, is_repost, deleted_at",
        deleted=True,
    ),
    _Watched("triage", ("SELECT m.case_id FROM mention m WHERE m.id = {row}.mention_id AND m.case_id IS NOT NULL",)),
    _Watched("case_event", _OWN),
    _Watched(
        "delivery",
        (*_OWN, _ECHO),
        "case_id, account_id, external_id, text, author_id, approver_id, created_at, state, posted_at, way, "
        "follows_id, by_hand, retracted_at",
        deleted=True,
    ),
    _Watched("handover", _OWN, "case_id, question, asked_by, asked_at, closed_by, closed_at, outcome", deleted=True),
    _Watched("approval", _OWN, "case_id, asked_at, decided_at, state", deleted=True),
    _Watched("promise", _OWN, "case_id, found_at, due_at, state, settled_at, moved_from", deleted=True),
    _Watched("joke_outcome", _OWN, "case_id, delivery_id, mention_id, sentiment, answered_at", deleted=True),
    _Watched("guard_finding", _OWN, "case_id, agent_id, check_name, level, at, outcome", deleted=True),
    _Watched("guard_slip", _OWN, "case_id, delivery_id, at", deleted=True),
    _Watched("customer_identity", (_LINKED, _AUTHOR), "customer_id, channel, external_id", deleted=True),
    _Watched(
        "account",
        ("SELECT c.id FROM desk_case c WHERE c.account_id = {row}.id",),
        "key, market",
        when="OLD.key <> NEW.key OR OLD.market <> NEW.market",
    ),
    _Watched(
        "agent",
        ("SELECT d.case_id FROM delivery d WHERE d.author_id = {row}.id",),
        "role",
        when="OLD.role <> NEW.role AND (OLD.role = 'system' OR NEW.role = 'system')",
    ),
    # What hours and targets a case is measured by; a negative number is the policy's.
    _Watched("policy", ("SELECT -{row}.id",)),
)
#: A case that goes to another customer changes what is counted for the cases it leaves.
_MOVED = _Watched("desk_case", (_CUSTOMER,), "channel, customer_id")

_VIEWS = {
    "figures_cases": """
        SELECT c.id AS case_id, a.key AS account, c.channel, a.market, c.queue, c.topic, c.urgency, c.language,
               c.sentiment, c.state, c.first_posted_at, c.opened_at, c.first_response_at, c.resolved_at,
               CASE WHEN c.state = 'resolved' THEN c.resolution ELSE '' END AS resolution, c.reopened, c.handovers
        FROM desk_case c JOIN account a ON a.id = c.account_id""",
    "figures_facts": """
        SELECT f.id AS fact_id, f.case_id, f.measure, f.version, f.at, f.day, f.hour, f.value,
               f.business AS business_value, f.parts / 2520.0 AS credit,
               CASE WHEN NOT f.counted THEN 'left out' WHEN f.value IS NULL THEN 'open' ELSE 'counted' END AS standing,
               f.reason, f.account, f.channel, f.market, f.queue, f.topic, f.urgency, f.language, f.sentiment
        FROM figure_fact f""",
    "figures_days": """
        SELECT d.measure, d.version, d.dim AS dimension, d.name, d.day, d.parts / 2520.0 AS counted, d.open,
               d.total / 2520000.0 AS total, d.left_out
        FROM figure_day d WHERE d.dim <> 'agent'""",
    "figures_gaps": """
        SELECT g.id AS gap_id, a.key AS account, a.channel, g.since, g.until, g.closed_at,
               CASE WHEN g.closed_at IS NULL THEN 'open' WHEN g.closed_by = 'backfill' THEN 'filled'
                    ELSE 'accepted' END AS standing
        FROM gap g JOIN account a ON a.id = g.account_id""",
    "figures_waiting": """
        SELECT (SELECT COUNT(DISTINCT case_id) FROM figure_change WHERE case_id > 0) AS cases_not_counted_yet,
               s.counted_at, s.zone
        FROM figure_state s""",
}


def upgrade() -> None:
    """Take the step."""
    _facts()
    _days()
    _counting()
    for statement in statements(_WATCHED, op.get_bind().dialect.name):
        op.get_bind().exec_driver_sql(statement)
    for statement in _moved(op.get_bind().dialect.name):
        op.get_bind().exec_driver_sql(statement)
    for name, query in _VIEWS.items():
        op.get_bind().exec_driver_sql(f"CREATE VIEW {name} AS {query}")


def _text(name: str) -> "sa.Column[str]":
    return sa.Column(name, sa.String(), nullable=False)


def _whole(name: str) -> "sa.Column[int]":
    return sa.Column(name, sa.Integer(), nullable=False)


def _long() -> "sa.Column[int]":
    # The 2,000,000,000 of a plain number would be used up on PostgreSQL within years, and then the desk stands still.
    return sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False)


def _facts() -> None:
    dimensions = ("account", "channel", "market", "queue", "topic", "urgency", "language", "sentiment")
    op.create_table(
        "figure_fact",
        _long(),
        _whole("case_id"),
        _text("measure"),
        _whole("version"),
        sa.Column("at", _MOMENT, nullable=False),
        _text("day"),
        _text("hour"),
        sa.Column("value", sa.Float(), nullable=True),
        sa.Column("business", sa.Float(), nullable=True),
        sa.Column("place", sa.Integer(), nullable=True),
        sa.Column("business_place", sa.Integer(), nullable=True),
        sa.Column("agent_id", sa.Integer(), nullable=True),
        _whole("parts"),
        sa.Column("total", sa.BigInteger(), nullable=False),
        sa.Column("counted", sa.Boolean(), nullable=False),
        _text("reason"),
        *(_text(name) for name in dimensions),
        sa.Column("more", sa.JSON(), nullable=False),
        sa.Column("events", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_figure_fact")),
    )
    op.create_index("ix_figure_fact_case", "figure_fact", ["case_id"])
    covered = ("counted", "reason", "place", "business_place", "parts", "total", "channel", "queue", "topic")
    op.create_index("ix_figure_fact_measure", "figure_fact", ["measure", "version", "at", "id", *covered])
    still_open = sa.text("reason = 'open'")
    op.create_index(
        "ix_figure_fact_open",
        "figure_fact",
        ["measure", "version", "at"],
        sqlite_where=still_open,
        postgresql_where=still_open,
    )


def _days() -> None:
    op.create_table(
        "figure_day",
        _text("measure"),
        _whole("version"),
        *(_text(name) for name in ("dim", "name", "day")),
        sa.Column("parts", sa.BigInteger(), nullable=False),
        _whole("open"),
        sa.Column("total", sa.BigInteger(), nullable=False),
        sa.Column("left_out", sa.JSON(), nullable=False),
        sa.Column("places", sa.LargeBinary(), nullable=False),
        sa.Column("business_places", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("measure", "version", "dim", "name", "day", name=op.f("pk_figure_day")),
    )


def _counting() -> None:
    op.create_table(
        "figure_case",
        sa.Column("case_id", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("counted_at", _MOMENT, nullable=False),
        sa.Column("changes_at", _MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("case_id", name=op.f("pk_figure_case")),
    )
    op.create_index("ix_figure_case_changes", "figure_case", ["changes_at"])
    op.create_index("ix_figure_case_counted", "figure_case", ["counted_at"])
    op.create_table(
        "figure_change",
        _long(),
        _whole("case_id"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_figure_change")),
    )
    op.create_index("ix_figure_change_case", "figure_change", ["case_id"])
    op.create_table(
        "figure_state",
        sa.Column("id", sa.Integer(), nullable=False, autoincrement=False),
        _whole("turn"),
        _text("zone"),
        _text("meaning"),
        sa.Column("clearing", sa.Boolean(), nullable=False),
        sa.Column("counted_at", _MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_figure_state")),
    )


# --- what tells that a case changed -------------------------------------------------------------------------


def statements(watched: "tuple[_Watched, ...]", dialect: str) -> Iterator[str]:
    """The triggers that write `figure_change` for these tables."""
    for one in watched:
        if not one.when:
            yield from _trigger(one, "insert", ("NEW",), dialect)
        if one.columns:
            yield from _trigger(one, "update", ("NEW",) if one.when else ("OLD", "NEW"), dialect)
        if one.deleted:
            yield from _trigger(one, "delete", ("OLD",), dialect)


def _moved(dialect: str) -> Iterator[str]:
    return _trigger(_MOVED, "moved", ("OLD",), dialect)


def _trigger(one: _Watched, act: str, rows: tuple[str, ...], dialect: str) -> Iterator[str]:
    name = f"{one.table}_figures_{act}"
    # UNION: the row before and after mostly is of the same case, and one line of it is enough.
    cases = " UNION ".join(query.format(row=row) for row in rows for query in one.cases)
    body = f"INSERT INTO figure_change (case_id) {cases};"
    moment = {"insert": "INSERT", "delete": "DELETE"}.get(act, f"UPDATE OF {one.columns}")
    when = f"WHEN ({one.when}) " if one.when else ""
    if dialect == "sqlite":
        yield f"CREATE TRIGGER {name} AFTER {moment} ON {one.table} {when}BEGIN {body} END"
        return
    yield f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {body} RETURN NULL; END $$"
    yield f"CREATE TRIGGER {name} AFTER {moment} ON {one.table} FOR EACH ROW {when}EXECUTE FUNCTION {name}()"


def _names(watched: "tuple[_Watched, ...]") -> Iterator[tuple[str, str]]:
    for one in watched:
        for act, there in (("insert", not one.when), ("update", bool(one.columns)), ("delete", one.deleted)):
            if there:
                yield one.table, f"{one.table}_figures_{act}"


def downgrade() -> None:
    """Take it back."""
    bind = op.get_bind()
    for name in _VIEWS:
        bind.exec_driver_sql(f"DROP VIEW {name}")
    for table, name in (*_names(_WATCHED), ("desk_case", "desk_case_figures_moved")):
        if bind.dialect.name == "sqlite":
            bind.exec_driver_sql(f"DROP TRIGGER {name}")
        else:
            bind.exec_driver_sql(f"DROP TRIGGER {name} ON {table}")
            bind.exec_driver_sql(f"DROP FUNCTION {name}()")
    for table in _TABLES:
        op.drop_table(table)
