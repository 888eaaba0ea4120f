"""How facts are kept: one row each, and in the sums of their day. Whoever replaces facts adjusts the sums with them.

Every sum is of one measure, one local day and one dimension (or none). What two dimensions ask is counted from the
facts themselves: sums by every pair would be as many as the facts.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

import orjson
from sqlalchemy import Connection, delete, select
from sqlmodel import Session, col

from webcare.measures.definitions import VERSIONS
from webcare.measures.sums import PARTS, Sum, count_in, decoded, encoded, place_of
from webcare.measures.values import Fact
from webcare.store.bulk import insert_rows
from webcare.store.mentions import chunks
from webcare.store.tables_measures import FigureDayRow, FigureFactRow

#: Dimensions that every fact has, with a column of their own.
COMMON = ("account", "channel", "market", "queue", "topic", "urgency", "language", "sentiment")
#: Measures summed by the hour too, for planning who works when; others are counted from their facts.
BY_HOUR = frozenset({"volume", "handled"})

Record = Mapping[str, Any]  #: a row of `figure_fact` without its id
Cell = tuple[str, int, str, str, str]  #: measure, version, dimension, name, day

#: In the order of the table; what is not plain stands last.
_COLUMNS = tuple(name for name in FigureFactRow.model_fields if name != "id")
_MORE, _EVENTS = _COLUMNS.index("more"), _COLUMNS.index("events")
_CELL = ("measure", "version", "dim", "name", "day")
_SUM = ("parts", "open", "total", "left_out", "places", "business_places")
#: Sums read or deleted in one statement.
_CELLS_AT_ONCE = 150


def record_of(fact: Fact, zone: ZoneInfo) -> dict[str, Any]:
    """The row of a fact; `zone` says which local day and hour it falls on."""
    unit = VERSIONS[fact.measure, fact.version].unit
    local = fact.at.astimezone(zone)
    parts = round(fact.share * PARTS)
    # The median of yes and no says nothing.
    placed = None if unit == "share" else unit
    return {
        "case_id": fact.case_id,
        "measure": fact.measure,
        "version": fact.version,
        "at": fact.at,
        "day": local.date().isoformat(),
        "hour": f"{local.hour:02}",
        "value": fact.value,
        "business": fact.business,
        "place": place_of(fact.value, placed) if placed and fact.value is not None else None,
        "business_place": place_of(fact.business, "s") if fact.business is not None else None,
        "agent_id": fact.agent_id,
        "parts": parts,
        "total": round((fact.value or 0.0) * 1000) * parts,
        "counted": fact.counted,
        "reason": fact.reason,
        **{name: fact.dims.get(name, "") for name in COMMON},
        "more": {name: value for name, value in sorted(fact.dims.items()) if name not in COMMON},
        "events": list(fact.events),
    }


def cells_of(record: Record) -> Iterator[Cell]:
    """The sums that a fact is part of."""
    measure, version, day = record["measure"], record["version"], record["day"]
    yield measure, version, "", "", day
    for name in COMMON:
        yield measure, version, name, record[name], day
    for name, value in record["more"].items():
        yield measure, version, name, value, day
    if record["agent_id"] is not None:
        yield measure, version, "agent", str(record["agent_id"]), day
    if measure in BY_HOUR:
        yield measure, version, "hour", record["hour"], day


@dataclass(frozen=True, slots=True)
class Change:
    """What has to be written so that some cases say what they say now; right as long as nobody else writes figures."""

    gone: Sequence[int]  #: facts that go
    new: Sequence[Record]  #: facts that come
    stale: Sequence[Cell]  #: sums that go
    sums: Sequence[Mapping[str, Any]]  #: sums that come, rows of `figure_day`


def change_of(session: Session, case_ids: Sequence[int], records: Iterable[Record]) -> Change:
    """What it takes to put these facts in place of all that the cases had, and to adjust the sums. Only reads.

    What stays the same is not touched.
    """
    gone, new = _difference(session, case_ids, records)
    changes: dict[Cell, Sum] = defaultdict(Sum)
    for sign, moved in ((-1, [record for _, record in gone]), (1, new)):
        for record in moved:
            count_in([changes[cell] for cell in cells_of(record)], record, sign)
    stale = _add_kept(session, changes)
    sums = [row_of(cell, changes[cell]) for cell in sorted(changes) if not changes[cell].is_empty]
    return Change([fact_id for fact_id, _ in gone], new, stale, sums)


def replace_facts(session: Session, change: Change) -> int:
    """Write a change; gives how many facts moved. The caller holds the turn in which it was made out."""
    for part in chunks(change.gone):
        session.execute(delete(FigureFactRow).where(col(FigureFactRow.id).in_(part)))
    insert_rows(session, FigureFactRow, change.new)
    if change.stale:
        connection = session.connection()
        this = " AND ".join(f"{name} = {_mark(connection)}" for name in _CELL)
        connection.exec_driver_sql(f"DELETE FROM figure_day WHERE {this}", list(change.stale))  # noqa: S608
    insert_rows(session, FigureDayRow, change.sums)
    return len(change.gone) + len(change.new)


def _difference(
    session: Session, case_ids: Sequence[int], records: Iterable[Record]
) -> tuple[list[tuple[int, Record]], list[Record]]:
    """The rows that have to go, and the facts that are new; two facts may say exactly the same."""
    wanted: dict[int, list[Record]] = defaultdict(list)
    for record in records:
        wanted[record["case_id"]].append(record)
    gone: list[tuple[int, Record]] = []
    for part in chunks(sorted(case_ids)):
        query = select(FigureFactRow.id, *(getattr(FigureFactRow, name) for name in _COLUMNS))  # type: ignore[call-overload]
        kept: dict[int, list[Any]] = defaultdict(list)
        for row in session.execute(query.where(col(FigureFactRow.case_id).in_(part))):
            kept[row.case_id].append(row)
        for case_id, rows in kept.items():
            went, wanted[case_id] = _moved(rows, wanted[case_id])
            gone += went
    return gone, [record for those in wanted.values() for record in those]


def _moved(rows: Iterable[Any], records: Iterable[Record]) -> tuple[list[tuple[int, Record]], list[Record]]:
    """The same for one case."""
    wanted: dict[tuple[Any, ...], list[Record]] = defaultdict(list)
    for record in records:
        wanted[_same([record[name] for name in _COLUMNS])].append(record)
    gone: list[tuple[int, Record]] = []
    for fact_id, *values in rows:
        alike = wanted.get(_same(values))
        if alike:
            alike.pop()
        else:
            gone.append((fact_id, dict(zip(_COLUMNS, values, strict=True))))
    return gone, [record for alike in wanted.values() for record in alike]


def _same(values: Sequence[Any]) -> tuple[Any, ...]:
    """A fact as something that can be looked up."""
    return (*values[:_MORE], tuple(sorted(values[_MORE].items())), tuple(values[_EVENTS]))


def _add_kept(session: Session, changes: Mapping[Cell, Sum]) -> list[Cell]:
    """Add what is kept to what changes; gives the cells that were there."""
    # Through the driver: SQLAlchemy takes longer over thousands of keys than the database.
    connection, cells, there = session.connection(), sorted(changes), list[Cell]()
    join = "CROSS JOIN" if connection.dialect.name == "sqlite" else "JOIN"
    row = f"({', '.join([_mark(connection)] * len(_CELL))})"
    columns = ", ".join(f"d.{name}" for name in _CELL + _SUM)
    same = " AND ".join(f"d.{name} = k.{name}" for name in _CELL)
    for part in chunks(cells, _CELLS_AT_ONCE):
        # CROSS JOIN keeps SQLite from reading all sums and looking each up among the keys.
        keys = f"WITH k({', '.join(_CELL)}) AS (VALUES {', '.join([row] * len(part))})"
        query = f"{keys} SELECT {columns} FROM k {join} figure_day d ON {same}"  # noqa: S608 - our own names
        for found in connection.exec_driver_sql(query, tuple(value for cell in part for value in cell)):
            cell = tuple(found[: len(_CELL)])
            changes[cell].merge(sum_of(*found[len(_CELL) :]))
            there.append(cell)
    return there


def _mark(connection: Connection) -> str:
    """How the driver marks a value."""
    return "?" if connection.dialect.name == "sqlite" else "%s"


def sum_of(parts: int, still_open: int, total: int, left_out: Any, places: bytes, business_places: bytes) -> Sum:
    """A row of `figure_day` as a sum; `left_out` as the driver gives it."""
    reasons = orjson.loads(left_out) if isinstance(left_out, str) else dict(left_out)
    return Sum(parts, still_open, total, reasons, decoded(places), decoded(business_places))


def row_of(cell: Cell, found: Sum) -> dict[str, Any]:
    """The row of `figure_day` of a sum."""
    return {
        **dict(zip(_CELL, cell, strict=True)),
        "parts": found.parts,
        "open": found.open,
        "total": found.total,
        "left_out": {reason: count for reason, count in sorted(found.left_out.items()) if count},
        "places": encoded(found.places),
        "business_places": encoded(found.business_places),
    }
