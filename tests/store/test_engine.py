"""The two doors: nothing is lost, nobody waits for ever, and every failure is told in words."""

import contextlib
import os
import sqlite3
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock
from sqlalchemy import URL, make_url, text, update
from sqlalchemy.exc import IntegrityError, StatementError
from sqlmodel import col, select

from webcare.errors import SettingsError, StoreOutdated, StoreUnavailable
from webcare.store import Store, open_store
from webcare.store.tables import AccountRow, AgentRow, DeliveryRow, ThreadRow

NOON = datetime(2026, 2, 10, 11, 0, tzinfo=UTC)


def count_threads(store: Store) -> int:
    with store.read() as session:
        return len(session.exec(select(ThreadRow.id)).all())


def refusal(action: Callable[[], Any]) -> str:
    with pytest.raises(StoreUnavailable) as caught:
        action()
    return str(caught.value)


def write_nothing(store: Store) -> None:
    with store.write():
        pass


# --- writing --------------------------------------------------------------------------------------


def test_no_update_is_lost_among_sixteen_threads(store: Store, fill: Any) -> None:
    agent = fill.agent()

    def one_more(_: int) -> None:
        with store.write() as session:
            row = session.exec(select(AgentRow).where(AgentRow.id == agent).with_for_update()).one()
            row.failed_logins += 1

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(one_more, range(160)))
    with store.read() as session:
        assert session.exec(select(AgentRow.failed_logins)).one() == 160


_COUNTER = """
import sys
from sqlmodel import select
from webcare.store import open_store
from webcare.store.tables import AgentRow
store = open_store(sys.argv[1])
for _ in range(60):
    with store.write() as session:
        row = session.exec(select(AgentRow)).one()
        row.failed_logins += 1
"""


def test_no_update_is_lost_between_two_processes_and_this_one(sqlite_store: Store, make_filler: Any) -> None:
    make_filler(sqlite_store).agent()
    runs = [subprocess.Popen([sys.executable, "-c", _COUNTER, sqlite_store.url]) for _ in range(2)]
    for _ in range(60):
        with sqlite_store.write() as session:
            session.exec(select(AgentRow)).one().failed_logins += 1
    assert [run.wait(60) for run in runs] == [0, 0]
    with sqlite_store.read() as session:
        assert session.exec(select(AgentRow.failed_logins)).one() == 180


_HOG = """
import sys
from sqlalchemy import text
from webcare.store import open_store
store = open_store(sys.argv[1])
print("writing", flush=True)
while True:
    with store.write() as session:
        session.execute(text("UPDATE agent SET failed_logins = failed_logins + 1"))
"""


def test_a_process_that_writes_without_pause_lets_others_in(sqlite_store: Store, make_filler: Any) -> None:
    fill = make_filler(sqlite_store)
    fill.agent()
    hog = subprocess.Popen([sys.executable, "-c", _HOG, sqlite_store.url], stdout=subprocess.PIPE, text=True)
    try:
        assert hog.stdout is not None
        assert hog.stdout.readline() == "writing\n"
        waits = []
        for number in range(25):
            start = time.perf_counter()
            fill.account(f"key{number}")
            waits.append(time.perf_counter() - start)
        assert max(waits) < 2
    finally:
        hog.kill()
        hog.wait()
        assert hog.stdout is not None
        hog.stdout.close()


def test_what_a_killed_writer_had_not_committed_is_gone_and_the_gate_is_free(sqlite_store: Store) -> None:
    half = (
        "import os, sys; from sqlalchemy import text; from webcare.store import open_store\n"
        "with open_store(sys.argv[1]).write() as session:\n"
        "    session.execute(text(\"INSERT INTO lease VALUES ('half', 'x', 1, 0)\"))\n"
        "    os.kill(os.getpid(), 9)\n"
    )
    assert subprocess.run([sys.executable, "-c", half, sqlite_store.url]).returncode == -9
    with sqlite_store.write() as session:
        assert session.execute(text("SELECT count(*) FROM lease")).scalar_one() == 0


def test_an_exception_in_the_block_takes_everything_back(store: Store, fill: Any) -> None:
    account = fill.account()

    def half() -> None:
        with store.write() as session:
            session.add(ThreadRow(account_id=account, external_id="half"))
            session.flush()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        half()
    assert count_threads(store) == 0
    fill.thread(account)
    assert count_threads(store) == 1


def test_rows_can_be_read_after_their_session_closed(store: Store, fill: Any) -> None:
    fill.account()
    with store.write() as session:
        row = session.exec(select(AccountRow)).one()
        row.name = "Changed"
    assert (row.key, row.name) == ("x_hemlund", "Changed")


def test_a_write_inside_a_write_is_refused_at_once_on_sqlite(sqlite_store: Store) -> None:
    with sqlite_store.write(), pytest.raises(RuntimeError, match="pass the session on"), sqlite_store.write():
        pytest.fail("two writers in one thread")  # pragma: no cover
    other = open_store(sqlite_store.url)
    with sqlite_store.write(), pytest.raises(RuntimeError, match="pass the session on"), other.write():
        pytest.fail("two stores of one file share one gate")  # pragma: no cover
    other.dispose()


def test_the_reading_door_refuses_to_write_and_stays_usable(store: Store) -> None:
    def sneak() -> None:
        with store.read() as session:
            session.add(AccountRow(key="k", channel="x", external_id="1"))
            session.flush()

    with pytest.raises(RuntimeError, match="read\\(\\) never writes"):
        sneak()
    with store.read() as session:
        assert session.exec(select(AccountRow)).all() == []


def test_a_reader_sees_one_picture_while_others_write(sqlite_store: Store, make_filler: Any) -> None:
    fill = make_filler(sqlite_store)
    account = fill.account()
    with sqlite_store.read() as session:
        before = len(session.exec(select(ThreadRow)).all())
        fill.thread(account)
        assert len(session.exec(select(ThreadRow)).all()) == before
    assert count_threads(sqlite_store) == before + 1


# --- the gate -------------------------------------------------------------------------------------


@contextlib.contextmanager
def impatient(store: Store, wait_s: float = 0.2) -> Iterator[Store]:
    """The same database through a store that gives up soon."""
    made = open_store(store.url, wait_s=wait_s)
    yield made
    made.dispose()


def test_a_write_that_does_not_get_its_turn_gives_up_with_a_clear_sentence(sqlite_store: Store) -> None:
    inside, leave = threading.Event(), threading.Event()

    def hold() -> None:
        with sqlite_store.write():
            inside.set()
            leave.wait(30)

    holder = threading.Thread(target=hold)
    holder.start()
    inside.wait(30)
    try:
        with impatient(sqlite_store) as hasty:
            with (
                pytest.raises(StoreUnavailable, match=r"is busy: .* within 0.2 seconds; nothing was saved"),
                hasty.write(),
            ):
                pytest.fail("two writers at once")  # pragma: no cover
            with hasty.read() as session:  # readers never wait for the gate
                session.execute(text("SELECT 1"))
    finally:
        leave.set()
        holder.join()
    with impatient(sqlite_store) as hasty, hasty.write() as session:
        session.execute(text("SELECT 1"))


def test_the_gate_holds_against_another_process(sqlite_store: Store) -> None:
    assert sqlite_store.path is not None
    with FileLock(f"{sqlite_store.path}.lock"), impatient(sqlite_store) as hasty:
        assert "is busy" in refusal(lambda: write_nothing(hasty))
    with impatient(sqlite_store) as hasty, hasty.write() as session:
        session.execute(text("SELECT 1"))


def test_a_database_locked_by_another_program_is_said_to_be_locked(sqlite_store: Store) -> None:
    assert sqlite_store.path is not None
    other = sqlite3.connect(sqlite_store.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        with impatient(sqlite_store) as hasty:
            assert "locked by another program" in refusal(lambda: write_nothing(hasty))
    finally:
        other.close()


def test_rows_locked_too_long_on_postgres_give_a_clear_sentence(postgres_store: Store, make_filler: Any) -> None:
    make_filler(postgres_store).agent()
    hasty = open_store(postgres_store._url.render_as_string(hide_password=False), wait_s=0.3)
    change = update(AgentRow).where(col(AgentRow.id) > 0).values(active=False)

    def try_too() -> None:
        with hasty.write() as session:
            session.execute(change)

    with postgres_store.write() as session:
        session.execute(change)
        with pytest.raises(StoreUnavailable, match="kept these rows locked for too long"):
            try_too()
    hasty.dispose()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
def test_a_store_carried_over_a_fork_is_refused(sqlite_store: Store) -> None:
    child = os.fork()
    if child == 0:  # pragma: no cover - in the child
        try:
            with sqlite_store.read():
                os._exit(1)
        except RuntimeError as error:
            os._exit(0 if "opened by another process" in str(error) else 2)
    assert os.waitpid(child, 0)[1] == 0


# --- places that cannot be used -------------------------------------------------------------------


def use(store: Store) -> None:
    with store.read() as session:
        session.exec(select(AccountRow)).all()


def test_a_missing_directory_is_named_and_made_by_upgrade(tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path / 'not' / 'yet' / 'desk.db'}")
    for door in (lambda: use(store), store.check, lambda: write_nothing(store)):
        assert f"there is no directory {tmp_path / 'not' / 'yet'}" in refusal(door)
    assert not (tmp_path / "not").exists()
    store.upgrade()
    store.check()
    store.dispose()


def test_a_missing_database_is_not_made_by_looking_at_it(tmp_path: Path) -> None:
    path = tmp_path / "desk.db"
    store = open_store(f"sqlite:///{path}")
    for door in (lambda: use(store), store.check, lambda: write_nothing(store)):
        assert refusal(door) == f"there is no database at {path}; run `webcare init` to make it"
    assert not path.exists()


def test_an_empty_file_is_said_to_be_empty(tmp_path: Path) -> None:
    path = tmp_path / "desk.db"
    path.touch()
    store = open_store(f"sqlite:///{path}")
    assert refusal(store.check) == f"the database {path} is empty; run `webcare init` to fill it"
    with pytest.raises(StoreOutdated, match="run `webcare init`"):
        use(store)
    store.dispose()


def test_a_directory_in_place_of_the_file_is_named(tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path}")
    for door in (lambda: use(store), store.check, store.upgrade, lambda: write_nothing(store)):
        assert refusal(door) == f"{tmp_path} is a directory, not a database; name a file in it"


def test_a_file_in_place_of_the_directory_is_named(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("not a directory")
    store = open_store(f"sqlite:///{tmp_path / 'data' / 'desk.db'}")
    assert "is not a directory" in refusal(store.upgrade)
    assert str(tmp_path / "data") in refusal(store.check)


def test_a_text_file_in_place_of_the_database_is_named_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("shopping list\n" * 100)
    store = open_store(f"sqlite:///{path}")
    for door in (lambda: use(store), store.check, store.upgrade, lambda: write_nothing(store)):
        assert "is not a database but some other kind of file" in refusal(door)
    assert path.read_text() == "shopping list\n" * 100


def test_a_database_of_another_program_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "music.db"
    with contextlib.closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TABLE song (title)")
    store = open_store(f"sqlite:///{path}")
    for door in (store.check, store.upgrade):
        assert "belongs to another program" in refusal(door)
    with contextlib.closing(sqlite3.connect(path)) as other:
        assert other.execute("SELECT name FROM sqlite_master").fetchall() == [("song",)]
    store.dispose()


def test_a_damaged_database_is_said_to_be_damaged(sqlite_store: Store, make_filler: Any) -> None:
    make_filler(sqlite_store).account()
    sqlite_store.dispose()
    assert sqlite_store.path is not None
    content = bytearray(sqlite_store.path.read_bytes())
    content[4096:] = b"\xa5" * (len(content) - 4096)
    sqlite_store.path.write_bytes(content)
    assert "is damaged" in refusal(lambda: use(sqlite_store))


def test_a_full_disk_is_said_to_be_full_and_nothing_is_half_saved(sqlite_store: Store, make_filler: Any) -> None:
    account = make_filler(sqlite_store).account()

    def flood() -> None:
        with sqlite_store.write() as session:
            pages = session.connection().exec_driver_sql("PRAGMA page_count").scalar_one()
            session.connection().exec_driver_sql(f"PRAGMA max_page_count = {pages + 5}")
            for number in range(200):
                session.add(ThreadRow(account_id=account, external_id=f"{number}", url="u" * 4000))
            session.flush()

    assert "is full; make room" in refusal(flood)
    assert count_threads(sqlite_store) == 0


def test_a_database_that_was_removed_while_we_run_is_missed_at_once(sqlite_store: Store, make_filler: Any) -> None:
    fill = make_filler(sqlite_store)
    fill.account()
    use(sqlite_store)
    assert sqlite_store.path is not None
    copy = sqlite_store.path.with_suffix(".copy")
    sqlite_store.dispose()
    copy.write_bytes(sqlite_store.path.read_bytes())
    use(sqlite_store)
    fill.agent()
    sqlite_store.path.unlink()
    assert "there is no database" in refusal(lambda: fill.agent("second"))
    assert "there is no database" in refusal(lambda: use(sqlite_store))
    copy.rename(sqlite_store.path)  # a person puts a copy back; the leftovers of the removed file must not mix in
    for leftover in ("-wal", "-shm"):
        Path(f"{sqlite_store.path}{leftover}").unlink(missing_ok=True)
    fill.agent("after")
    with sqlite_store.read() as session:
        assert session.exec(select(AgentRow.username)).all() == ["after"]


def as_ordinary_user(store: Store, door: str) -> list[str]:
    """What a user without rights on the file is told; root may write anything, so a child becomes nobody first."""
    out, into = os.pipe()
    child = os.fork()
    if child == 0:  # pragma: no cover - in the child, which must leave by _exit only
        try:
            if os.geteuid() == 0:
                os.setgroups([])
                os.setgid(65534)
                os.setuid(65534)
            os.write(into, "\n".join(read_then_delete(store.url, door)).encode())
        finally:
            os._exit(0)
    os.close(into)
    with open(out, encoding="utf-8") as pipe:
        said = pipe.read()
    os.waitpid(child, 0)
    return said.splitlines()


def read_then_delete(url: str, door: str) -> Iterator[str]:
    store = open_store(url, wait_s=0.5)
    try:
        with getattr(store, door)() as session:
            yield str(session.execute(text("SELECT count(*) FROM account")).scalar_one())
            session.execute(text("DELETE FROM account"))
    except Exception as error:
        yield str(error)


@pytest.fixture
def shared_folder(sqlite_store: Store, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The desk's folder, which another user can reach."""
    assert sqlite_store.path is not None
    folder = sqlite_store.path.parent
    # Up to the folder of all our runs; with several processes each has one more in between.
    top = next((one for one in folder.parents if one.name.startswith("pytest-of-")), tmp_path_factory.getbasetemp())
    for parent in (folder, *folder.parents):
        parent.chmod(0o755)
        if parent == top:
            break
    return folder


@pytest.mark.skipif(sys.platform == "win32", reason="Windows knows no such permissions")
def test_a_read_only_database_can_be_read_and_refuses_writing_in_words(
    sqlite_store: Store, make_filler: Any, shared_folder: Path
) -> None:
    make_filler(sqlite_store).account()
    sqlite_store.dispose()
    assert sqlite_store.path is not None
    sqlite_store.path.chmod(0o444)
    shared_folder.chmod(0o777)
    for lock in shared_folder.glob("*.lock"):
        lock.unlink()
    written, read = as_ordinary_user(sqlite_store, "write"), as_ordinary_user(sqlite_store, "read")
    assert written[-1].startswith(f"the database {sqlite_store.path} is read-only for this user")
    assert read == ["1", "read() never writes; use write()"]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows knows no such permissions")
def test_a_database_in_a_folder_of_somebody_else_refuses_writing_in_words(
    sqlite_store: Store, shared_folder: Path
) -> None:
    sqlite_store.dispose()
    (said,) = as_ordinary_user(sqlite_store, "write")
    assert said.startswith(f"the database {sqlite_store.path} cannot be written: its lock file in {shared_folder}")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows knows no such permissions")
def test_a_database_another_user_may_not_open_says_so(sqlite_store: Store, shared_folder: Path) -> None:
    sqlite_store.dispose()
    assert sqlite_store.path is not None
    sqlite_store.path.chmod(0o600)
    (said,) = as_ordinary_user(sqlite_store, "read")
    assert said == (
        f"the database {sqlite_store.path} cannot be opened by this user; check who owns the file and its folder"
    )


def test_a_new_file_and_its_locks_are_for_their_owner_only(tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path / 'desk.db'}")
    store.upgrade()
    use(store)
    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in tmp_path.iterdir()}
    assert {"desk.db", "desk.db-wal", "desk.db-shm", "desk.db.lock"} <= set(modes)
    assert set(modes.values()) == {0o600}
    store.dispose()


def test_an_unreachable_server_is_named_without_its_password() -> None:
    store = open_store("postgresql://desk:s3cret@127.0.0.1:1/webcare", wait_s=0.5)
    for door in (lambda: use(store), store.check, store.upgrade):
        said = refusal(door)
        assert "cannot be reached" in said
        assert "127.0.0.1:1" in said
        assert "s3cret" not in said + store.url


def test_a_database_that_the_server_does_not_have_is_named(empty_postgres: Callable[..., str]) -> None:
    store = open_store(make_url(empty_postgres()).set(database="gone").render_as_string(hide_password=False))
    assert "this database does not exist on the server" in refusal(store.check)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("", "not an address"),
        ("webcare.db", "not an address"),
        ("sqlite://", "path of a file"),
        ("sqlite:///:memory:", "path of a file"),
        ("mysql://user@host/webcare", "SQLite or PostgreSQL only"),
        ("nosuch://host", "not an address|SQLite or PostgreSQL only"),
        ("postgresql://user@host:port/webcare", "not an address"),
    ],
)
def test_an_address_we_cannot_use_is_a_settings_error(url: str, words: str) -> None:
    with pytest.raises(SettingsError, match=words) as caught:
        open_store(url)
    assert "database_url" in str(caught.value)


def test_a_path_with_strange_characters_works(tmp_path: Path) -> None:
    path = tmp_path / "a b" / "50% ?#&=é🛋.db"
    path.parent.mkdir()
    store = open_store(URL.create("sqlite", database=str(path)).render_as_string())
    store.upgrade()
    store.upgrade()
    store.check()
    assert sorted(file.name for file in path.parent.iterdir() if file.suffix == ".db") == [path.name]
    store.dispose()


# --- times and keys -------------------------------------------------------------------------------


def test_a_time_without_a_zone_is_refused(store: Store) -> None:
    def sloppy() -> None:
        with store.write() as session:
            session.add(AgentRow(username="r", name="R", created_at=datetime(2026, 2, 10)))  # noqa: DTZ001

    with pytest.raises(StatementError, match="timezone"):
        sloppy()


def test_a_time_comes_back_as_the_same_moment_in_utc(store: Store) -> None:
    moment = datetime(2026, 7, 1, 14, 30, 15, 123456, tzinfo=timezone(timedelta(hours=2)))
    with store.write() as session:
        session.add(AgentRow(username="r", name="R", created_at=moment))
    with store.read() as session:
        back = session.exec(select(AgentRow.created_at)).one()
    assert back == moment
    assert (back.tzinfo, back.hour) == (UTC, 12)


def test_a_row_without_its_parent_is_refused(store: Store) -> None:
    def orphan() -> None:
        with store.write() as session:
            session.add(ThreadRow(account_id=404, external_id="t"))

    with pytest.raises(IntegrityError):
        orphan()


def test_one_target_has_at_most_one_unsettled_reply(store: Store, fill: Any) -> None:
    account, robin = fill.account(), fill.agent()
    case = fill.case(fill.thread(account), account)

    def reply(**changes: Any) -> int:
        values = {
            "case_id": case,
            "account_id": account,
            "target_external_id": "m1",
            "thread_external_id": "t1",
            "kind": "reply",
            "text": "Tomorrow.",
            "fingerprint": "f",
            "rules_version": "1",
            "author_id": robin,
            "approver_id": robin,
            "created_at": NOON,
            "not_before": NOON,
        }
        made: int = fill.add(DeliveryRow(**values | changes))
        return made

    first = reply()
    for state in ("pending", "sending", "unconfirmed", "needs_human"):
        with pytest.raises(IntegrityError):
            reply(state=state)
    reply(target_external_id="m2")
    for state in ("sent", "failed", "cancelled"):
        reply(state=state)
        with store.write() as session:
            session.execute(update(DeliveryRow).where(col(DeliveryRow.id) == first).values(state=state))
        first = reply()
