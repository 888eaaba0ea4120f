"""The schema's history: equal to the tables, whole or not at all, and never without a copy of what was there."""

import contextlib
import shutil
import sqlite3
import stat
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Column, MetaData, Table, create_engine, inspect, make_url, text, update
from sqlalchemy.exc import IntegrityError, OperationalError, ProgrammingError
from sqlmodel import col, select
from sqlmodel.sql.sqltypes import AutoString, UTCDateTime

from webcare.errors import StoreOutdated, StoreUnavailable
from webcare.store import Store, migrations, open_store
from webcare.store.migrations import comparison
from webcare.store.migrations.comparison import options
from webcare.store.search import search_mentions
from webcare.store.tables import (
    METADATA,
    AccountRow,
    CaseEventRow,
    CaseRow,
    DeliveryRow,
    MentionRow,
    NoteRow,
    ReplyOverrideRow,
    ShareableFactRow,
    TriageRow,
)

HEAD = migrations.revisions()[-1]


@pytest.fixture(params=["sqlite", "postgres"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a database without any table, once on each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'fresh.db'}"
    make: Callable[[], str] = request.getfixturevalue("empty_postgres")
    return make()


@pytest.fixture
def versions(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[str], None]:
    """Adds a revision after the newest one, from the body of its `upgrade`."""
    folder = tmp_path / "versions"
    shutil.copytree(migrations.VERSIONS, folder, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(migrations, "VERSIONS", folder)

    def add(body: str) -> None:
        (folder / "9000_test.py").write_text(
            "import sqlalchemy as sa\nfrom alembic import op\n\n"
            f"revision, down_revision, branch_labels, depends_on = '9000', {HEAD!r}, None, None\n\n"
            f"def upgrade():\n    {body}\n"
        )

    return add


def tables(store: Store) -> set[str]:
    with store.read() as session:
        return set(inspect(session.connection()).get_table_names())


# --- the schema -----------------------------------------------------------------------------------


def test_the_migrations_make_exactly_the_tables(store: Store) -> None:
    with store.read() as session:
        context = MigrationContext.configure(session.connection(), opts=options(store.dialect))
        assert compare_metadata(context, METADATA) == []


def test_the_revisions_are_one_line_and_the_last_is_the_head() -> None:
    script = ScriptDirectory.from_config(migrations.config())
    assert script.get_heads() == [HEAD]
    assert [one.revision for one in reversed(list(script.walk_revisions()))] == list(migrations.revisions())


def test_every_step_can_be_taken_back(empty_url: str) -> None:
    from alembic import command

    store = open_store(empty_url)
    store.upgrade()
    with store.write() as session:
        made = migrations.config()
        made.attributes["connection"] = session.connection()
        command.downgrade(made, "base")
    assert {name for name in tables(store) if not name.startswith("sqlite_")} == {"alembic_version"}
    store.upgrade()
    store.check()
    store.dispose()


def test_upgrading_makes_a_database_once_and_says_its_revision(empty_url: str) -> None:
    store = open_store(empty_url)
    with pytest.raises(StoreUnavailable):
        store.check()
    assert store.upgrade() == HEAD
    store.check()
    assert store.upgrade() == HEAD
    store.dispose()


def test_four_at_once_upgrade_one_database_without_harm(empty_url: str) -> None:
    outcomes: list[str] = []

    def upgrade() -> None:
        store = open_store(empty_url)
        outcomes.append(store.upgrade())
        store.dispose()

    threads = [threading.Thread(target=upgrade) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert outcomes == [HEAD] * 4


def test_two_processes_upgrade_one_file_without_harm(tmp_path: Path) -> None:
    code = "import sys; from webcare.store import open_store; open_store(sys.argv[1]).upgrade()"
    url = f"sqlite:///{tmp_path / 'desk.db'}"
    runs = [subprocess.Popen([sys.executable, "-c", code, url]) for _ in range(2)]
    assert [run.wait(60) for run in runs] == [0, 0]
    open_store(url).check()


def test_a_postgres_database_that_cannot_hold_every_language_is_refused(postgres_server: str) -> None:
    engine = create_engine(postgres_server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql("CREATE DATABASE ascii_only ENCODING 'SQL_ASCII' LOCALE 'C' TEMPLATE template0")
    engine.dispose()
    store = open_store(make_url(postgres_server).set(database="ascii_only").render_as_string(hide_password=False))
    with pytest.raises(StoreUnavailable, match="SQL_ASCII and cannot hold every language"):
        store.upgrade()
    store.dispose()


def test_a_developer_gets_the_next_revision_written_from_the_tables(
    versions: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    from webcare.store.migrations import __main__ as writer

    changed = MetaData(naming_convention=METADATA.naming_convention)
    for table in METADATA.tables.values():
        table.to_metadata(changed)
    Table("account", changed, Column("colour", AutoString()), Column("since", UTCDateTime()), extend_existing=True)
    monkeypatch.setattr(comparison, "METADATA", changed)
    writer.main("colour of an account")
    (made,) = migrations.VERSIONS.glob("*colour*.py")
    assert made.name == f"{int(HEAD) + 1:04d}_colour_of_an_account.py"
    written = made.read_text()
    assert "sa.Column('colour', sa.String(), nullable=True)" in written
    assert "sa.Column('since', sa.DateTime(timezone=True), nullable=True)" in written
    assert "mention_fts" not in written
    assert f"down_revision = '{HEAD}'" in written


# --- older, newer, failing ------------------------------------------------------------------------


def test_an_older_database_is_told_apart_and_upgraded_with_its_data(
    store: Store, fill: Any, versions: Callable[[str], None]
) -> None:
    fill.account()
    versions("op.add_column('account', sa.Column('colour', sa.String(), nullable=False, server_default='red'))")
    with pytest.raises(StoreOutdated, match=rf"made by an older Webcare \(schema {HEAD}, this one needs 9000\)"):
        store.check()
    assert store.upgrade() == "9000"
    store.check()
    with store.read() as session:
        assert session.execute(text("SELECT key, colour FROM account")).one() == ("x_hemlund", "red")


def test_a_newer_database_is_refused_and_left_alone(store: Store, fill: Any) -> None:
    fill.account()
    with store.write() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    for door in (store.check, store.upgrade):
        with pytest.raises(
            StoreOutdated, match=rf"made by a newer Webcare \(schema 9999, this one knows up to {HEAD}\)"
        ):
            door()
    with store.read() as session:
        assert session.exec(select(AccountRow.key)).all() == ["x_hemlund"]


def test_a_step_that_fails_half_way_leaves_everything_as_it_was(
    store: Store, fill: Any, versions: Callable[[str], None]
) -> None:
    fill.account()
    before = tables(store)
    versions(
        "op.create_table('half', sa.Column('id', sa.Integer())); op.execute('UPDATE account SET key = 1/0 || nosuch')"
    )
    with pytest.raises((OperationalError, ProgrammingError, StoreOutdated)):
        store.upgrade()
    assert tables(store) == before
    with store.read() as session:
        assert migrations.revision_of(session.connection()) == HEAD
        assert session.exec(select(AccountRow.key)).all() == ["x_hemlund"]
    fill.account("works_on")


def test_a_step_that_would_orphan_rows_is_taken_back(
    sqlite_store: Store, make_filler: Any, versions: Callable[[str], None]
) -> None:
    fill = make_filler(sqlite_store)
    fill.thread(fill.account())
    versions("op.execute('DELETE FROM account')")
    with pytest.raises(StoreUnavailable, match="rows without their parent in thread; nothing was changed"):
        sqlite_store.upgrade()
    with sqlite_store.read() as session:
        assert session.exec(select(AccountRow.key)).all() == ["x_hemlund"]


def test_rebuilding_a_parent_table_keeps_its_children(
    sqlite_store: Store, make_filler: Any, versions: Callable[[str], None]
) -> None:
    fill = make_filler(sqlite_store)
    account = fill.account()
    mention = fill.mention(fill.thread(account), account)
    fill.add(triage_of(mention, fill))
    versions(
        "exec(\"with op.batch_alter_table('mention', recreate='always') as batch:\\n"
        "    batch.add_column(sa.Column('colour', sa.String()))\")"
    )
    sqlite_store.upgrade()
    with sqlite_store.read() as session:
        assert len(session.exec(select(TriageRow)).all()) == 1


# --- the copy -------------------------------------------------------------------------------------


def test_data_is_copied_before_it_is_changed(
    sqlite_store: Store, make_filler: Any, versions: Callable[[str], None], tmp_path: Path
) -> None:
    make_filler(sqlite_store).account()
    versions("op.execute(\"UPDATE account SET name = 'changed'\")")
    sqlite_store.upgrade()
    (copy,) = tmp_path.glob("desk.before-*.db")
    assert copy.name == f"desk.before-{HEAD}.1.db"
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    with contextlib.closing(sqlite3.connect(copy)) as old:
        assert old.execute("SELECT name FROM account").fetchall() == [("Hemlund",)]
        assert old.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    sqlite_store.upgrade()
    assert len(list(tmp_path.glob("desk.before-*.db"))) == 1


def test_a_second_copy_never_overwrites_the_first(
    sqlite_store: Store, make_filler: Any, versions: Callable[[str], None], tmp_path: Path
) -> None:
    make_filler(sqlite_store).account()
    (tmp_path / f"desk.before-{HEAD}.1.db").write_text("precious")
    versions("pass")
    sqlite_store.upgrade()
    assert (tmp_path / f"desk.before-{HEAD}.1.db").read_text() == "precious"
    assert (tmp_path / f"desk.before-{HEAD}.2.db").stat().st_size > 4096


def test_a_database_without_data_needs_no_copy(
    sqlite_store: Store, versions: Callable[[str], None], tmp_path: Path
) -> None:
    versions("pass")
    assert sqlite_store.upgrade() == "9000"
    assert list(tmp_path.glob("desk.before-*.db")) == []


@pytest.mark.skipif(sys.platform == "win32", reason="Windows cannot limit the size of a file")
def test_without_room_for_a_copy_nothing_is_changed_and_no_half_copy_left(
    sqlite_store: Store, make_filler: Any, versions: Callable[[str], None], tmp_path: Path
) -> None:
    import resource

    make_filler(sqlite_store).account()
    versions("op.execute(\"UPDATE account SET name = 'changed'\")")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (16_384, limits[1]))
    try:
        with pytest.raises(StoreUnavailable, match=r"no copy of .* so the upgrade was not started; is the disk full"):
            sqlite_store.upgrade()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert list(tmp_path.glob("desk.before-*")) == []
    with sqlite_store.read() as session:
        assert session.exec(select(AccountRow.name)).all() == ["Hemlund"]


# --- history that stays ---------------------------------------------------------------------------


def triage_of(mention: int, fill: Any) -> TriageRow:
    return TriageRow(
        mention_id=mention,
        language="nl",
        sentiment="neutral",
        urgency="normal",
        topic="order",
        needs_reply=True,
        line="first_line",
        reason="",
        model_version="keywords-1",
        decided_at=fill.noon,
    )


@pytest.fixture
def history(store: Store, fill: Any) -> dict[str, int]:
    """One event of a case, and one triage of a mention."""
    account = fill.account()
    thread = fill.thread(account)
    case = fill.case(thread, account)
    mention = fill.mention(thread, account, case_id=case)
    fill.add(triage_of(mention, fill))
    fill.add(CaseEventRow(case_id=case, at=fill.noon, actor_name="job", kind="opened"))
    return {"case": case, "mention": mention}


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE case_event SET kind = 'other'",
        "DELETE FROM case_event",
        "UPDATE triage SET topic = 'other'",
        "UPDATE triage SET words = '[[\"sofa\", 0.5]]'",
        "DELETE FROM triage",
    ],
)
def test_what_happened_cannot_be_rewritten(store: Store, history: dict[str, int], statement: str) -> None:
    def rewrite() -> None:
        with store.write() as session:
            session.execute(text(statement))

    with pytest.raises(IntegrityError, match="append-only"):
        rewrite()
    with store.read() as session:
        assert session.exec(select(CaseEventRow.kind)).all() == ["opened"]
        assert session.exec(select(TriageRow.topic)).all() == ["order"]


def test_the_words_that_explain_a_decision_may_go_and_nothing_else(store: Store, history: dict[str, int]) -> None:
    with store.write() as session:
        session.execute(text("UPDATE triage SET words = '[]'"))
    with store.read() as session:
        assert session.exec(select(TriageRow.words, TriageRow.topic)).all() == [([], "order")]


@pytest.fixture
def guard_history(store: Store, fill: Any, history: dict[str, int]) -> None:
    """A sentence marked shareable, and a reply sent in spite of a finding."""
    agent, case, at = fill.agent(), history["case"], fill.noon
    note = fill.add(
        NoteRow(case_id=case, agent_id=agent, agent_name="Robin", text="It comes on Friday.", created_at=at)
    )
    fill.add(
        ShareableFactRow(
            note_id=note, case_id=case, text="It comes on Friday.", kind="date", marked_by=agent, created_at=at
        )
    )
    sent = {"target_external_id": "m1", "thread_external_id": "t1", "kind": "reply", "text": "Hi", "fingerprint": "f"}
    delivery = fill.add(
        DeliveryRow(
            case_id=case, account_id=1, rules_version="r", author_id=agent, approver_id=agent, created_at=at,
            not_before=at, **sent,
        )
    )  # fmt: skip
    fill.add(
        ReplyOverrideRow(
            delivery_id=delivery, case_id=case, finding="k", check_name="tone", reason="shouting", policy="acknowledge",
            words="", stretch="HI", agent_id=agent, at=at, fingerprint="f",
        )
    )  # fmt: skip


@pytest.mark.usefixtures("guard_history")
@pytest.mark.parametrize("table", ["shareable_fact", "reply_override"])
@pytest.mark.parametrize("act", ["UPDATE {} SET id = 7", "DELETE FROM {}"])
def test_who_marked_and_who_overrode_cannot_be_rewritten(store: Store, table: str, act: str) -> None:
    def rewrite() -> None:
        with store.write() as session:
            session.execute(text(act.format(table)))

    with pytest.raises(IntegrityError, match="append-only"):
        rewrite()


def test_replacing_a_row_of_history_is_rewriting_too(sqlite_store: Store, make_filler: Any) -> None:
    fill = make_filler(sqlite_store)
    account = fill.account()
    mention = fill.mention(fill.thread(account), account)
    fill.add(triage_of(mention, fill))

    def replace() -> None:
        with sqlite_store.write() as session:
            session.execute(text("INSERT OR REPLACE INTO triage SELECT * FROM triage"))

    with pytest.raises(IntegrityError, match="append-only"):
        replace()


@pytest.mark.parametrize("table", ["case_event", "triage", "shareable_fact", "reply_override", "policy", "audit"])
def test_truncating_history_is_refused_on_postgres(postgres_store: Store, table: str) -> None:
    def truncate() -> None:
        with postgres_store.write() as session:
            session.execute(text(f"TRUNCATE {table} CASCADE"))

    with pytest.raises(IntegrityError, match="append-only"):
        truncate()


def test_a_triage_leaves_with_its_mention_and_only_so(store: Store, history: dict[str, int]) -> None:
    with store.write() as session:
        session.delete(session.get_one(MentionRow, history["mention"]))
    with store.read() as session:
        assert session.exec(select(TriageRow)).all() == []
        assert search_mentions(session, "sofa") == ()


def test_an_event_keeps_its_case_from_being_deleted(store: Store, history: dict[str, int]) -> None:
    with store.write() as session:
        session.execute(update(MentionRow).values(case_id=None))

    def delete() -> None:
        with store.write() as session:
            session.execute(text("DELETE FROM desk_case WHERE id = :id"), {"id": history["case"]})

    with pytest.raises(IntegrityError):
        delete()
    with store.read() as session:
        assert session.exec(select(CaseRow.id).where(col(CaseRow.id) == history["case"])).one()


def test_of_accounts_that_share_a_person_of_the_provider_the_oldest_keeps_them(empty_url: str) -> None:
    from alembic import command

    store = open_store(empty_url)
    store.upgrade()
    with store.write() as session:
        made = migrations.config()
        made.attributes["connection"] = session.connection()
        command.downgrade(made, "0010")
        for number, subject in enumerate(("same", "same", "other", "", ""), start=1):
            session.execute(
                text(
                    "INSERT INTO agent (id, username, name, role, password_hash, active, failed_logins, created_at, "
                    "email, subject, must_change, language, timezone, density, grants, supervised, skills, capacity, "
                    "hours) VALUES (:id, :name, :name, 'admin', '', :yes, 0, :at, '', :subject, :no, '', '', '', "
                    "'[]', :no, '[]', 0, '{}')"
                ),
                {"id": number, "name": f"u{number}", "subject": subject, "at": "2026-11-01 12:00:00+00:00"}
                | {"yes": True, "no": False},
            )
    store.upgrade()
    with store.read() as session:
        found = session.execute(text("SELECT id, subject, suggestions FROM agent ORDER BY id"))
        kept = [(row[0], row[1], bool(row[2])) for row in found]
    assert kept == [(1, "same", True), (2, "", True), (3, "other", True), (4, "", True), (5, "", True)]
    store.dispose()
