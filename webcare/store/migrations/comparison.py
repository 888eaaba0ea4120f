"""What a comparison of the database with `tables.py` looks at."""

from __future__ import annotations

from typing import Any, Literal

from sqlmodel.sql.sqltypes import AutoString, UTCDateTime

from webcare.store.every_table import METADATA

#: Made by hand because `tables.py` cannot say it: the search index of both databases, and what pgvector searches in.
_BY_HAND = ("mention_fts", "ix_mention_search", "procrastinate_", "answer_vector", "ix_answer_vector")
_SEARCH_COLUMN = ("search", "column")


def include_object(thing: Any, name: str | None, kind: str, reflected: bool, compare_to: Any) -> bool:
    """Whether a comparison looks at this object: all but the search index and other programs' tables."""
    if not reflected or name is None:
        return True
    return not name.startswith(_BY_HAND) and (name, kind) != _SEARCH_COLUMN


def render_item(kind: str, thing: Any, context: Any) -> str | Literal[False]:
    """How a new revision writes a column type: in SQLAlchemy's own words, which no SQLModel release will change."""
    if kind == "type" and isinstance(thing, AutoString):
        return "sa.String()"
    if kind == "type" and isinstance(thing, UTCDateTime):
        return "sa.DateTime(timezone=True)"
    return False


def options(dialect: str) -> dict[str, Any]:
    """How Alembic compares and changes the tables of a database of this dialect."""
    return {
        "target_metadata": METADATA,
        "include_object": include_object,
        "render_item": render_item,
        "render_as_batch": dialect == "sqlite",
        "compare_type": True,
    }
