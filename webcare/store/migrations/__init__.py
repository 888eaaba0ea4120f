"""The schema's history and the way along it.

Revisions are numbered files in `versions/`; a test keeps them equal to `tables.py`. There is no alembic.ini: the
package knows where its revisions are. One upgrade is one transaction, on SQLite too: it happens whole or not at all.
"""

from __future__ import annotations

import os
import sqlite3
import stat
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, Engine, exists, func, inspect, literal_column, select, text

from webcare.errors import StoreOutdated, StoreUnavailable
from webcare.store.every_table import METADATA

if TYPE_CHECKING:
    from alembic.config import Config

HERE = Path(__file__).parent
VERSIONS = HERE / "versions"
VERSION_TABLE = "alembic_version"
#: One arbitrary number, the same in every Webcare, so that two upgrades of one PostgreSQL database take turns.
_ADVISORY_LOCK = 7_193_220_418
#: What a fresh PostgreSQL or SQLite database may hold and still count as empty.
_NOT_OURS = ("sqlite_", "procrastinate_")


def revisions() -> tuple[str, ...]:
    """Every revision this Webcare knows, oldest first."""
    return tuple(sorted(file.stem.partition("_")[0] for file in VERSIONS.glob("[0-9]*.py")))


def revision_of(connection: Connection) -> str | None:
    """The revision a database is at; None when it holds no tables at all.

    Raises StoreUnavailable when it holds tables that are not a Webcare's.
    """
    tables = [name for name in inspect(connection).get_table_names() if not name.startswith(_NOT_OURS)]
    if VERSION_TABLE in tables:
        found = connection.execute(select(literal_column("version_num")).select_from(text(VERSION_TABLE))).scalar()
        return None if found is None else str(found)
    if tables:
        raise StoreUnavailable("this database belongs to another program; name another one in desk.database_url")
    return None


def compare(found: str | None, place: str) -> None:
    """Raise StoreUnavailable when `found` is None (empty database), StoreOutdated when it is not the newest we know."""
    known = revisions()
    if found == known[-1]:
        return
    if found is None:
        raise StoreUnavailable(f"the database {place} is empty; run `webcare init` to fill it")
    if found in known:
        raise StoreOutdated(
            f"the database {place} was made by an older Webcare (schema {found}, this one needs {known[-1]}); "
            "run `webcare init` to bring it up to date"
        )
    _refuse_newer(found, place)


def upgrade(engine: Engine, path: Path | None) -> str:
    """Bring the database behind `engine` to the newest revision, after a copy when it is an SQLite file with data.

    The engine must not enforce foreign keys on SQLite. Raises StoreOutdated for a database newer than this program.
    """
    with engine.connect() as connection:
        _check_server(connection)
        found = revision_of(connection)
        if found is not None and found not in revisions():
            _refuse_newer(found, str(path or connection.engine.url.render_as_string(hide_password=True)))
        if found == revisions()[-1]:
            return found
        worth_keeping = path is not None and _holds_data(connection)
    if path is not None and worth_keeping:
        _copy(engine, path, found or "none")
    with engine.begin() as connection:
        if path is None:
            connection.execute(select(func.pg_advisory_xact_lock(_ADVISORY_LOCK)))
        _walk(connection)
        _check_keys(connection)
        return revision_of(connection) or ""


def config() -> Config:
    """Alembic's settings, made here instead of read from a file."""
    from alembic.config import Config

    made = Config()
    made.set_main_option("script_location", _escaped(HERE))
    made.set_main_option("version_locations", _escaped(VERSIONS))
    made.set_main_option("path_separator", "newline")
    return made


def _walk(connection: Connection) -> None:
    from alembic import command

    made = config()
    made.attributes["connection"] = connection
    command.upgrade(made, "head")


def _check_server(connection: Connection) -> None:
    if connection.dialect.name != "postgresql":
        return
    if (connection.dialect.server_version_info or ()) < (14,):
        raise StoreUnavailable("the database server is older than PostgreSQL 14; use a newer one")
    encoding = connection.exec_driver_sql("SHOW server_encoding").scalar_one()
    if encoding != "UTF8":
        raise StoreUnavailable(
            f"this database keeps its text as {encoding} and cannot hold every language; make it again with "
            "CREATE DATABASE name ENCODING 'UTF8' TEMPLATE template0"
        )


def _check_keys(connection: Connection) -> None:
    if connection.dialect.name != "sqlite":
        return
    orphans = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()
    if orphans:
        tables = ", ".join(sorted({str(row[0]) for row in orphans}))
        raise StoreUnavailable(f"the upgrade would leave rows without their parent in {tables}; nothing was changed")


def _holds_data(connection: Connection) -> bool:
    present = set(inspect(connection).get_table_names())
    ours = [table for table in METADATA.sorted_tables if table.name in present]
    return any(connection.execute(select(exists(select(1).select_from(table)))).scalar() for table in ours)


def _copy(engine: Engine, path: Path, revision: str) -> Path:
    """Copy the database beside itself as NAME.before-REVISION.N.db; leaves no half copy behind."""
    copy = _free_name(path, revision)
    try:
        with closing(engine.raw_connection()) as connection:  # VACUUM refuses to run inside a transaction
            connection.cursor().execute("VACUUM INTO ?", (str(copy),))
        with copy.open("rb+") as file:  # VACUUM INTO leaves the copy in the cache of the operating system
            os.fsync(file.fileno())
    except (sqlite3.Error, OSError) as error:
        copy.unlink(missing_ok=True)
        raise StoreUnavailable(
            f"no copy of {path} could be made in {path.parent}, so the upgrade was not started; is the disk full?"
        ) from error
    return copy


def _free_name(path: Path, revision: str) -> Path:
    number = 1
    while True:
        copy = path.with_name(f"{path.stem}.before-{revision}.{number}.db")
        try:
            os.close(os.open(copy, os.O_CREAT | os.O_EXCL | os.O_RDWR, stat.S_IRUSR | stat.S_IWUSR))
        except FileExistsError:
            number += 1
        except OSError as error:
            raise StoreUnavailable(f"no copy of {path} could be made: {error.strerror}") from error
        else:
            return copy


def _refuse_newer(found: str, place: str) -> None:
    raise StoreOutdated(
        f"the database {place} was made by a newer Webcare (schema {found}, this one knows up to {revisions()[-1]}); "
        "start that Webcare, or install it here"
    )


def _escaped(path: Path) -> str:
    return str(path).replace("%", "%%")
