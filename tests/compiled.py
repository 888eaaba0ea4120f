"""Every test opens databases of its own, and SQLAlchemy would compile every statement anew for each of them.

A desk that runs compiles a statement once; so do the tests, by giving all engines of one kind the dialect and the
statements of the first that connected.
"""

from typing import Any

import sqlalchemy
from sqlalchemy import Engine
from sqlalchemy.util import LRUCache

from webcare.store import engine as opening

_FIRST: dict[str, Engine] = {}
_STATEMENTS = 10_000


def share_compiled_statements() -> None:
    """From here on `webcare.store` makes engines that share what they compiled."""
    opening.create_engine = _create_engine  # type: ignore[attr-defined]


def _create_engine(*args: Any, **options: Any) -> Engine:
    engine = sqlalchemy.create_engine(*args, **options)
    first = _FIRST.get(engine.dialect.name)
    if first is None or getattr(first.dialect, "server_version_info", None) is None:
        engine._compiled_cache = LRUCache(_STATEMENTS)
        _FIRST[engine.dialect.name] = engine
        return engine
    engine.dialect = engine.pool._dialect = first.dialect
    engine._compiled_cache = first._compiled_cache
    return engine
