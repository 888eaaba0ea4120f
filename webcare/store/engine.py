"""The two doors to the database, and what stands in front of the writing one.

Decides how a connection is made, who may write when, and in which words a database failure is told. Knows no
table: what is read and written is other modules' business. SQLite and PostgreSQL run through the same code; only
the recipe of a connection and the write gate differ.
"""

from __future__ import annotations

import os
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import Engine, create_engine, event, make_url
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError, DisconnectionError, NoSuchModuleError
from sqlalchemy.pool import NullPool, QueuePool
from sqlmodel import Session

from webcare.errors import SettingsError, StoreUnavailable
from webcare.store.failures import cannot_open, told
from webcare.store.gate import NoGate, WriteGate

#: How long a write waits for its turn, and SQLite for a lock of another program, before it gives up.
WAIT_S = 10.0
#: Making a schema may follow a long write of another process (a restore, another upgrade).
UPGRADE_WAIT_S = 60.0
#: Longest single statement on PostgreSQL, so that no rerun of a page hangs on a lost plan.
STATEMENT_S = 60.0
_POSTGRES_NAMES = {"postgres": "postgresql+psycopg", "postgresql": "postgresql+psycopg"}

# No mmap_size here, ever: it is blamed for making the WAL-reset fault of SQLite before 3.51.3 worse
# (sqlite.org/wal.html#walresetbug), and our queries do not need it.
# synchronous=FULL: with NORMAL a power cut may forget the mark set just before a reply is posted, and it is posted
# twice. recursive_triggers: without it INSERT OR REPLACE would slip past the append-only and search triggers.
_PRAGMAS = (
    "journal_mode=WAL",
    "synchronous=FULL",
    "secure_delete=ON",
    "recursive_triggers=ON",
    "cache_size=-32000",
    "journal_size_limit=67108864",
)
# Alembic changes a table by building it anew, dropping the old one and renaming. With foreign keys on, the dropping
# deletes the children by cascade; the migration checks every key before it commits instead. With today's renaming,
# SQLite refuses while a trigger of another table names the one that is gone for a moment.
_MIGRATING = ("foreign_keys=OFF", "legacy_alter_table=ON")

#: How a row is locked that others only point at: PostgreSQL lets them add notes, posts and events to it meanwhile, or
#: two transactions that each hold what the other points at would wait for each other for ever.
LOCKED = {"key_share": True}


class Store:
    """One database. `read()` and `write()` are the only ways to a session; nobody else makes one.

    Sessions are short: no network call, model inference or rendering inside. Not to be carried over a fork.
    """

    def __init__(self, url: URL, *, wait_s: float = WAIT_S) -> None:
        self.dialect = url.get_backend_name()
        self.path = _file_of(url) if self.dialect == "sqlite" else None
        #: For messages and for opening the same SQLite file elsewhere; a password shows as ***.
        self.url = f"sqlite:///{self.path}" if self.path else url.render_as_string(hide_password=True)
        self._url = url
        self._wait_s = wait_s
        self._pid = os.getpid()
        self._gate = WriteGate.beside(self.path) if self.path else NoGate()
        self._reader = self._engine(reading=True)
        self._writer = self._engine(reading=False)

    def read(self) -> AbstractContextManager[Session]:
        """A session on one consistent picture of the data; writing in it raises RuntimeError."""
        return self._read()

    def write(self) -> AbstractContextManager[Session]:
        """A session that commits at the end of the block, or rolls everything back when an exception leaves it.

        On SQLite one writer at a time, over all threads and processes; on PostgreSQL rows read in order to be
        changed must be loaded with `with_for_update` (SQLite ignores it). Raises StoreUnavailable when it is not
        our turn in time, RuntimeError when this thread is already inside `write()`.
        """
        return self._write()

    def upgrade(self) -> str:
        """Bring the schema to the newest revision and return it; makes the database when there is none.

        An SQLite database that holds data is copied beside itself first. A failure leaves everything as it was.
        Raises StoreOutdated when a newer Webcare made the database, StoreUnavailable when it cannot be used.
        """
        from webcare.store import migrations

        if self.path:
            _make_directory(self.path.parent)
        with told(self._place), self._gate.held(max(self._wait_s, UPGRADE_WAIT_S)):
            if self.path:
                _make_file(self.path)
            engine = self._engine(reading=False, migrating=True)
            try:
                return migrations.upgrade(engine, self.path)
            finally:
                engine.dispose()

    def check(self) -> None:
        """Raise StoreUnavailable when the database cannot be used, StoreOutdated when its schema is not ours."""
        from webcare.store import migrations

        with self._read() as session:
            found = migrations.revision_of(session.connection())
        migrations.compare(found, self._place)

    def dispose(self) -> None:
        """Close every connection; the store can be used again afterwards."""
        self._reader.dispose()
        self._writer.dispose()

    @property
    def _place(self) -> str:
        return str(self.path or self.url)

    @contextmanager
    def _read(self) -> Iterator[Session]:
        self._refuse_fork()
        with told(self._place, reading=True), Session(self._reader, expire_on_commit=False) as session:
            yield session

    @contextmanager
    def _write(self) -> Iterator[Session]:
        self._refuse_fork()
        if self.path and not self.path.is_file():
            raise StoreUnavailable(cannot_open(self.path))  # before the gate leaves its lock files there
        with (
            told(self._place),
            self._gate.held(self._wait_s),
            Session(self._writer, expire_on_commit=False) as session,
            session.begin(),
        ):
            session.connection()  # take the lock now, not at the first statement, so that a refusal comes here
            yield session

    def _refuse_fork(self) -> None:
        if os.getpid() != self._pid:
            raise RuntimeError("this store was opened by another process; call open_store() again in this one")

    def _engine(self, *, reading: bool, migrating: bool = False) -> Engine:
        if self.path:
            return _sqlite_engine(self.path, self._wait_s, reading=reading, migrating=migrating)
        return _postgres_engine(self._url, self._wait_s, reading=reading, migrating=migrating)


def open_store(url: str, *, wait_s: float = WAIT_S) -> Store:
    """A store for `url` (sqlite:///FILE or postgresql://...); touches neither disk nor network yet.

    `wait_s` bounds how long a write waits for its turn. Raises SettingsError for an address we cannot use.
    """
    try:
        parsed = make_url(url)
        parsed = parsed.set(drivername=_POSTGRES_NAMES.get(parsed.drivername, parsed.drivername))
        parsed = parsed._replace(password=parsed.password or None)
        if parsed.get_backend_name() not in ("sqlite", "postgresql"):
            raise SettingsError("desk.database_url: Webcare keeps its data in SQLite or PostgreSQL only")
        return Store(parsed, wait_s=wait_s)
    except (ArgumentError, NoSuchModuleError, ValueError) as error:
        raise SettingsError(
            "desk.database_url is not an address of a database; write sqlite:///data/webcare.db "
            "or postgresql+psycopg://user@host/webcare"
        ) from error
    except ModuleNotFoundError as error:
        raise SettingsError(
            f"desk.database_url needs the Python package {error.name}; install webcare[postgres]"
        ) from error


def _file_of(url: URL) -> Path:
    if not url.database or url.database == ":memory:" or url.database.startswith("file:"):
        raise SettingsError("desk.database_url: SQLite needs the path of a file, as in sqlite:///data/webcare.db")
    return Path(url.database).expanduser().resolve()


def _make_file(path: Path) -> None:
    """Make the file where it is missing; customers' words are for this user only (0600)."""
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, stat.S_IRUSR | stat.S_IWUSR))
    except FileExistsError:
        return
    except OSError as error:
        raise StoreUnavailable(f"the database {path} cannot be made: {error.strerror}") from error


def _make_directory(path: Path) -> None:
    try:
        path.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as error:
        raise StoreUnavailable(f"{path} is not a directory, so the database cannot be made in it") from error
    except OSError as error:
        raise StoreUnavailable(f"the directory {path} cannot be made: {error.strerror}") from error


def _sqlite_engine(path: Path, wait_s: float, *, reading: bool, migrating: bool) -> Engine:
    def connect() -> sqlite3.Connection:
        # mode=rw: a mistyped path must fail, not quietly become a new, empty desk.
        return sqlite3.connect(
            f"file:{quote(str(path))}?mode=rw", uri=True, timeout=wait_s, check_same_thread=False, isolation_level=None
        )

    # The path is in the creator; without one in the URL SQLAlchemy would take this for an in-memory database.
    pool: dict[str, Any] = {"poolclass": QueuePool, "max_overflow": 24, "pool_timeout": wait_s}
    engine = create_engine("sqlite://", creator=connect, **({"poolclass": NullPool} if migrating else pool))
    pragmas = [*_PRAGMAS, *(_MIGRATING if migrating else ("foreign_keys=ON",))]
    pragmas += ["query_only=ON"] if reading else []

    @event.listens_for(engine, "connect")
    def _configure(connection: sqlite3.Connection, record: Any) -> None:
        for pragma in pragmas:
            connection.execute(f"PRAGMA {pragma}")
        record.info["file"] = _identity(path)

    @event.listens_for(engine, "checkout")
    def _same_file(connection: Any, record: Any, proxy: Any) -> None:
        # A connection to a file that was moved away or replaced would write where nobody ever looks again.
        if record.info.get("file") != _identity(path):
            raise DisconnectionError("the database file was moved or replaced")

    # pysqlite's own transactions lose updates without an error; we say BEGIN ourselves. IMMEDIATE for writers:
    # a DEFERRED one that turns writer later fails at once with "locked", whatever the busy timeout.
    begin = "BEGIN DEFERRED" if reading else "BEGIN IMMEDIATE"
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql(begin))
    return engine


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _postgres_engine(url: URL, wait_s: float, *, reading: bool, migrating: bool) -> Engine:
    limits = {"lock_timeout": wait_s, "idle_in_transaction_session_timeout": STATEMENT_S}
    if migrating:
        limits = {"lock_timeout": UPGRADE_WAIT_S}
    else:
        limits["statement_timeout"] = STATEMENT_S
    options = " ".join(f"-c {name}={int(seconds * 1000)}" for name, seconds in limits.items())
    engine = create_engine(
        url,
        pool_pre_ping=True,
        pool_recycle=1800,
        pool_timeout=wait_s,
        max_overflow=24,
        connect_args={
            "client_encoding": "utf8",
            "connect_timeout": max(2, int(wait_s)),
            "tcp_user_timeout": int(STATEMENT_S * 1000),
            "options": f"{options} -c timezone=UTC",
        },
    )
    return engine.execution_options(postgresql_readonly=True) if reading else engine
