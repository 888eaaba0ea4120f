"""Running a statement that was made once: building one takes longer than running it.

A statement is made by a function under `functools.cache`, with `bindparam` for whatever changes from one time to the
next, and run here, past what a session does for objects.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import CursorResult
from sqlalchemy.sql import Executable
from sqlmodel import Session


def run(session: Session, statement: Executable, **values: Any) -> CursorResult[*tuple[Any, ...]]:
    """The rows of a statement over columns (not over whole objects), with these values in its places."""
    # Nothing to do where nothing was changed; else the statement would not see it.
    session.flush()
    return session.connection().execute(statement, values)
