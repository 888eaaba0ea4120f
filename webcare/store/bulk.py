"""Many rows at once, straight through the driver.

SQLAlchemy's own executemany spends as long on each row as SQLite itself does, and on SQLite it inserts rows one by one
when their ids must come back in order. Ids are therefore reserved first and rows go to the driver as tuples, with
SQLAlchemy's converters per column, so that what is stored is the same. Measured by `benchmarks/ingest.py`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from operator import itemgetter
from typing import Any

import orjson
from sqlalchemy import JSON, Connection, DateTime, Dialect, Table, func, select, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, SQLModel

Converter = Callable[[Any], Any]
#: Place of a value in its row, how to convert it, and whether it is a moment in time.
Converters = tuple[tuple[int, Converter, bool], ...]
Picker = Callable[[Mapping[str, Any]], tuple[Any, ...]]


def reserve_ids(session: Session, row: type[SQLModel], count: int) -> list[int]:
    """`count` ids for new rows of a table, in rising order, that nobody else will get.

    SQLite: our transaction is the only writer, so counting on from the highest id is safe. PostgreSQL: from the
    table's own sequence.
    """
    table = _table(row)
    if count == 0:
        return []
    connection = session.connection()
    if connection.dialect.name == "sqlite":
        first = 1 + (connection.execute(select(func.max(table.c.id))).scalar() or 0)
        return list(range(first, first + count))
    statement = text("SELECT nextval(pg_get_serial_sequence(:name, 'id')) FROM generate_series(1, :count)")
    return sorted(connection.execute(statement, {"name": table.name, "count": count}).scalars())


def insert_into(session: Session, row: type[SQLModel]) -> Any:
    """An INSERT of the session's database that can say what happens on a conflict."""
    return (postgresql if session.get_bind().dialect.name == "postgresql" else sqlite).insert(row)


def insert_rows(session: Session, row: type[SQLModel], rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows that all name the same columns; columns not named become NULL."""
    if not rows:
        return
    session.flush()
    connection: Connection = session.connection()
    sql, pick, converters = _statement(_table(row), tuple(rows[0]), connection.dialect)
    known: dict[datetime, Any] = {}
    connection.exec_driver_sql(sql, [_converted(list(pick(one)), converters, known) for one in rows])


def _converted(values: list[Any], converters: Converters, known: dict[datetime, Any]) -> tuple[Any, ...]:
    for place, convert, is_moment in converters:
        value = values[place]
        if value is None:
            continue
        if not is_moment:
            values[place] = convert(value)
        elif (moment := known.get(value)) is not None:
            values[place] = moment
        else:
            # The rows of one batch share a few moments; converting each once saves a fifth of the whole cost.
            values[place] = known[value] = convert(value)
    return tuple(values)


def storable(text: str) -> str:
    """Text as every database takes it: without NUL and lone surrogates."""
    if text.isascii():
        return text.replace("\x00", "") if "\x00" in text else text
    return text.replace("\x00", "").encode("utf-8", "replace").decode("utf-8")


def _json(value: Any) -> str:
    # Most posts carry no media and most labels no words; encoding an empty list takes as long as a short one.
    if not value:
        return "{}" if isinstance(value, Mapping) else "[]"
    try:
        encoded = orjson.dumps(value).decode()
    except TypeError:
        # Lone surrogates, whole numbers past 64 bits, or types of our own: rare, and none of them may stop a poll.
        return json.dumps(storable_json(value), allow_nan=False)
    return encoded if "\\u0000" not in encoded else json.dumps(storable_json(value))


def storable_json(value: Any) -> Any:
    """Plain values as every database takes them: each text in them `storable`."""
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, Mapping):
        return {storable(str(key)): storable_json(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [storable_json(inner) for inner in value]
    return value


@lru_cache(maxsize=64)
def _statement(table: Table, names: tuple[str, ...], dialect: Dialect) -> tuple[str, Picker, Converters]:
    quote = dialect.identifier_preparer
    marks = ", ".join(["?" if dialect.paramstyle == "qmark" else "%s"] * len(names))
    columns = ", ".join(quote.format_column(table.c[name]) for name in names)
    sql = f"INSERT INTO {quote.format_table(table)} ({columns}) VALUES ({marks})"  # noqa: S608 - our own names
    converters = []
    for place, name in enumerate(names):
        kind = table.c[name].type.dialect_impl(dialect)
        if isinstance(kind, JSON):
            converters.append((place, _json, False))
        elif (convert := kind.bind_processor(dialect)) is not None:
            converters.append((place, convert, isinstance(getattr(kind, "impl", kind), DateTime)))
    return sql, itemgetter(*names), tuple(converters)


def _table(row: type[SQLModel]) -> Table:
    table = row.__table__  # type: ignore[attr-defined]
    assert isinstance(table, Table)
    return table
