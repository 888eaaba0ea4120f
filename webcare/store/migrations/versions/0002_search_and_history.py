"""The search index of mentions, and history that cannot be rewritten.

Alembic's batch mode rebuilds a table on SQLite and drops its triggers with the old one: a later revision that
rebuilds `mention`, `triage` or `case_event` must make the triggers below again (tests/store tell when it forgot).

Append-only means: no row of `case_event` or `triage` is ever changed. A triage row leaves only together with its
mention (ON DELETE CASCADE, for erasure); an event never leaves, and so keeps its case from being deleted.
"""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_COLUMNS = "text, author_name, author_handle"
_OLD = "old.id, old.text, old.author_name, old.author_handle"
_NEW = "new.id, new.text, new.author_name, new.author_handle"
_FORGET = f"INSERT INTO mention_fts (mention_fts, rowid, {_COLUMNS}) VALUES ('delete', {_OLD});"  # noqa: S608
_LEARN = f"INSERT INTO mention_fts (rowid, {_COLUMNS}) VALUES ({_NEW});"  # noqa: S608

_SQLITE_UP = (
    # columnsize=0: only ranking needs the lengths, and we order by time.
    f"""CREATE VIRTUAL TABLE mention_fts USING fts5 ({_COLUMNS}, content='mention', content_rowid='id', columnsize=0,
        tokenize='unicode61 remove_diacritics 2')""",
    f"CREATE TRIGGER mention_fts_insert AFTER INSERT ON mention BEGIN {_LEARN} END",
    f"CREATE TRIGGER mention_fts_delete AFTER DELETE ON mention BEGIN {_FORGET} END",
    f"CREATE TRIGGER mention_fts_update AFTER UPDATE OF id, {_COLUMNS} ON mention BEGIN {_FORGET} {_LEARN} END",
    "INSERT INTO mention_fts (mention_fts) VALUES ('rebuild')",
    """CREATE TRIGGER case_event_no_update BEFORE UPDATE ON case_event
        BEGIN SELECT RAISE(ABORT, 'case_event is append-only'); END""",
    """CREATE TRIGGER case_event_no_delete BEFORE DELETE ON case_event
        BEGIN SELECT RAISE(ABORT, 'case_event is append-only'); END""",
    """CREATE TRIGGER triage_no_update BEFORE UPDATE ON triage
        BEGIN SELECT RAISE(ABORT, 'triage is append-only'); END""",
    """CREATE TRIGGER triage_no_delete BEFORE DELETE ON triage
        WHEN EXISTS (SELECT 1 FROM mention WHERE mention.id = old.mention_id)
        BEGIN SELECT RAISE(ABORT, 'triage is append-only'); END""",
)
_SQLITE_DOWN = (
    "DROP TRIGGER triage_no_delete",
    "DROP TRIGGER triage_no_update",
    "DROP TRIGGER case_event_no_delete",
    "DROP TRIGGER case_event_no_update",
    "DROP TRIGGER mention_fts_update",
    "DROP TRIGGER mention_fts_delete",
    "DROP TRIGGER mention_fts_insert",
    "DROP TABLE mention_fts",
)

# What SQLite's tokenizer takes for a gap between words, as far as people type it: ASCII punctuation and control
# characters, quotes and dashes of typography, and characters without width. PostgreSQL's parser would build e-mail
# addresses, hosts and paths out of them, which nobody could then find by one of their words.
_GAPS = (
    "".join(chr(code) for code in range(1, 128) if not chr(code).isalnum())
    + "\u00a0\u00a1\u00a7\u00ab\u00ad\u00b4\u00b6\u00b7\u00b8\u00bb\u00bf"
    + "".join(chr(code) for code in (*range(0x2000, 0x2070), 0x20AC, 0x3000, 0x3001, 0x3002, 0xFEFF, 0xFF01, 0xFF1F))
)
# Letters that `lower` leaves alone in a database with the C locale and that hold no separable accent.
_LARGE, _SMALL = "ÆØÐÞŁĐŒẞ", "æøðþłđœß"


def _quoted(value: str) -> str:
    return "E'" + "".join(f"\\u{ord(sign):04x}" for sign in value) + "'"


_POSTGRES_UP = (
    f"""CREATE FUNCTION webcare_fold(value text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN
        lower(translate(translate(regexp_replace(normalize(value, NFD), '[\\u0300-\\u036f]', '', 'g'),
            {_quoted(_GAPS)}, {_quoted(" " * len(_GAPS))}), {_quoted(_LARGE)}, {_quoted(_SMALL)}))""",
    # 100,000 characters: a tsvector is limited to 1 MB, and a longer post must still be stored.
    """ALTER TABLE mention ADD COLUMN search tsvector GENERATED ALWAYS AS (to_tsvector('simple', webcare_fold(
        left(text, 100000) || ' ' || left(author_name, 1000) || ' ' || left(author_handle, 1000)))) STORED""",
    "CREATE INDEX ix_mention_search ON mention USING gin (search)",
    """CREATE FUNCTION webcare_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation'; END $$""",
    """CREATE FUNCTION webcare_only_with_mention() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF EXISTS (SELECT 1 FROM mention WHERE mention.id = old.mention_id) THEN
                RAISE EXCEPTION 'triage is append-only' USING ERRCODE = 'restrict_violation';
            END IF;
            RETURN old;
        END $$""",
    """CREATE TRIGGER case_event_append_only BEFORE UPDATE OR DELETE ON case_event
        FOR EACH ROW EXECUTE FUNCTION webcare_append_only()""",
    """CREATE TRIGGER case_event_no_truncate BEFORE TRUNCATE ON case_event
        FOR EACH STATEMENT EXECUTE FUNCTION webcare_append_only()""",
    """CREATE TRIGGER triage_no_update BEFORE UPDATE ON triage
        FOR EACH ROW EXECUTE FUNCTION webcare_append_only()""",
    """CREATE TRIGGER triage_no_delete BEFORE DELETE ON triage
        FOR EACH ROW EXECUTE FUNCTION webcare_only_with_mention()""",
    """CREATE TRIGGER triage_no_truncate BEFORE TRUNCATE ON triage
        FOR EACH STATEMENT EXECUTE FUNCTION webcare_append_only()""",
)
_POSTGRES_DOWN = (
    "DROP TRIGGER triage_no_truncate ON triage",
    "DROP TRIGGER triage_no_delete ON triage",
    "DROP TRIGGER triage_no_update ON triage",
    "DROP TRIGGER case_event_no_truncate ON case_event",
    "DROP TRIGGER case_event_append_only ON case_event",
    "DROP FUNCTION webcare_only_with_mention()",
    "DROP FUNCTION webcare_append_only()",
    "DROP INDEX ix_mention_search",
    "ALTER TABLE mention DROP COLUMN search",
    "DROP FUNCTION webcare_fold(text)",
)


def upgrade() -> None:
    _run(_SQLITE_UP if _is_sqlite() else _POSTGRES_UP)


def downgrade() -> None:
    _run(_SQLITE_DOWN if _is_sqlite() else _POSTGRES_DOWN)


def _is_sqlite() -> bool:
    return op.get_bind().dialect.name == "sqlite"


def _run(statements: tuple[str, ...]) -> None:
    for statement in statements:
        # The driver's own door, because op.execute takes ":name" inside a statement for a parameter.
        op.get_bind().exec_driver_sql(statement if _is_sqlite() else statement.replace("%", "%%"))
