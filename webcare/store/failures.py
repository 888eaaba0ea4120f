"""Database failures in the words of the person who has to mend them.

Only failures of the place are translated: a constraint that refuses a row, a bad statement or a wrong value stays
the exception it is, because the caller must decide about it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from webcare.domain import N_, Said
from webcare.errors import StoreOutdated, StoreUnavailable

#: SQLite's primary result codes (sqlite.org/rescode.html) as sentences about {place}.
_SQLITE = {
    sqlite3.SQLITE_PERM: N_("the database {place} may not be opened by this user; check who owns the file"),
    sqlite3.SQLITE_BUSY: N_("the database {place} is locked by another program; close that program, then try again"),
    sqlite3.SQLITE_LOCKED: N_("the database {place} is locked by another program; close that program, then try again"),
    sqlite3.SQLITE_READONLY: N_(
        "the database {place} is read-only for this user; check who owns the file and its folder"
    ),
    sqlite3.SQLITE_IOERR: N_("the disk under the database {place} failed; nothing was saved"),
    sqlite3.SQLITE_CORRUPT: N_("the database {place} is damaged; stop Webcare and put back the newest copy"),
    sqlite3.SQLITE_FULL: N_("the disk under the database {place} is full; make room, then try again"),
    sqlite3.SQLITE_NOTADB: N_("{place} is not a database but some other kind of file; name another file"),
}
#: PostgreSQL's SQLSTATEs and their classes (appendix A of its manual).
_POSTGRES = {
    "28": N_("the database server refuses this user or password"),
    "3D000": N_("this database does not exist on the server; create it first"),
    "53100": N_("the disk of the database server is full; make room, then try again"),
    "53300": N_("the database server has no connection left for us; try again in a moment"),
    "55P03": N_("somebody else kept these rows locked for too long; nothing was saved, try again in a moment"),
    "40001": N_("somebody else changed the same rows at the same moment; nothing was saved, try again"),
    "40P01": N_("somebody else changed the same rows at the same moment; nothing was saved, try again"),
    "25P03": N_("a change was left unfinished for too long; nothing was saved, try again"),
    "57014": N_("the database took too long over one question; nothing was saved"),
    "57": N_("the database server is stopping or starting; try again in a moment"),
    "53": N_("the database server has run out of room or memory"),
    "58": N_("the disk of the database server failed; nothing was saved"),
    "08": N_("the connection to the database server broke; nothing was saved"),
    "25006": N_("the database server is read-only at the moment; nothing was saved"),
    "XX": N_("the database on the server is damaged"),
}
_NO_SUCH_TABLE = ("42P01", "42703")


@contextmanager
def told(place: str, *, reading: bool = False) -> Iterator[None]:
    """Turn failures of the database at `place` into StoreUnavailable or StoreOutdated; let all others through."""
    try:
        yield
    except PoolTimeout as error:
        raise StoreUnavailable(
            "{place}: too much is asked of the database at once; try again in a moment", place=place
        ) from error
    except IntegrityError:
        raise
    except DBAPIError as error:
        cause = error.orig
        if reading and error.statement is not None and _refused_as_reader(cause):
            raise RuntimeError("read() never writes; use write()") from error
        if missing := _missing_table(cause):
            raise StoreOutdated("{place}: {missing}; run `webcare init`", place=place, missing=missing) from error
        if sentence := _sentence(cause, place):
            raise StoreUnavailable(sentence) from error
        raise


def cannot_open(path: Path) -> Said:
    """Why the file of an SQLite database cannot be opened, as far as looking at it tells."""
    if path.is_dir():
        return Said("{path} is a directory, not a database; name a file in it", path=path)
    if not path.parent.is_dir():
        return Said("there is no directory {folder}; run `webcare init` to make the database", folder=path.parent)
    if not path.exists():
        return Said("there is no database at {path}; run `webcare init` to make it", path=path)
    return Said("the database {path} cannot be opened by this user; check who owns the file and its folder", path=path)


def _sentence(cause: BaseException | None, place: str) -> Said | None:
    if isinstance(cause, sqlite3.Error):
        code = getattr(cause, "sqlite_errorcode", 0) & 0xFF
        if code == sqlite3.SQLITE_CANTOPEN:
            return cannot_open(Path(place))
        return Said(_SQLITE[code], place=place) if code in _SQLITE else None
    state = getattr(cause, "sqlstate", None)
    if state is None:
        return _unreachable(cause, place)
    sentence = _POSTGRES.get(state) or _POSTGRES.get(state[:2])
    return Said("{place}: {why}", place=place, why=Said(sentence)) if sentence else None


def _unreachable(cause: BaseException | None, place: str) -> Said | None:
    """A connection that never stood has no SQLSTATE; the server's own words may hold the reason, not a password."""
    if type(cause).__name__ not in ("OperationalError", "ConnectionTimeout"):
        return None
    for state, hint in (("28", "authentication failed"), ("3D000", "does not exist"), ("53300", "too many clients")):
        if hint in str(cause):
            return Said("{place}: {why}", place=place, why=Said(_POSTGRES[state]))
    return Said(
        "the database server of {place} cannot be reached; check that it runs and that the address is right",
        place=place,
    )


def _missing_table(cause: BaseException | None) -> Said | None:
    text = str(cause)
    if getattr(cause, "sqlstate", None) in _NO_SUCH_TABLE or text.startswith(("no such table", "no such column")):
        return Said("the database lacks a table or column of this Webcare")
    return None


def _refused_as_reader(cause: BaseException | None) -> bool:
    # Extended codes of SQLITE_READONLY tell of a file or directory, the plain one of our own query_only.
    code = getattr(cause, "sqlite_errorcode", None)
    return code == sqlite3.SQLITE_READONLY or getattr(cause, "sqlstate", None) == "25006"
