"""The facts behind a number, page by page, as they are kept."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select, tuple_
from sqlmodel import Session, col

from webcare.measures.gathering import OF_TIME, Asked, Key, filters, named
from webcare.measures.keeping import COMMON
from webcare.measures.sums import PARTS
from webcare.measures.values import Fact
from webcare.store.tables_measures import FigureFactRow

#: Facts looked at in one go where the filter is on hours or days, which no index knows.
_LOOKED_AT = 500


@dataclass(frozen=True, slots=True)
class Opened:
    """One page of facts, newest first; `after` is the mark of the next page, None at the end."""

    facts: tuple[Fact, ...]
    after: str | None


def opened_facts(
    session: Session, asked: Asked, key: Key, *, counted: bool, after: str | None, limit: int, shown: Collection[str]
) -> Opened:
    """A page of the facts of one measure that a query asks for."""
    conditions = [
        col(FigureFactRow.measure) == key[0],
        col(FigureFactRow.version) == key[1],
        col(FigureFactRow.at) >= asked.query.since,
        col(FigureFactRow.at) < asked.query.until,
        col(FigureFactRow.counted).is_(counted),
        *filters(asked.query.where),
    ]
    found: list[Any] = []
    place = _mark(after)
    while len(found) <= limit:
        rows = _rows(session, conditions, place)
        found += [row for row in rows if _fits(asked, row)]
        if len(rows) < _LOOKED_AT:
            break
        place = (rows[-1].at, rows[-1].id or 0)
    last = found[limit - 1] if len(found) > limit else None
    return Opened(
        tuple(fact_of(row, shown) for row in found[:limit]),
        f"{last.at.isoformat()}|{last.id}" if last is not None else None,
    )


def fact_of(row: Any, shown: Collection[str]) -> Fact:
    """A kept fact as a value; the person is told only where they may be."""
    return Fact(
        measure=row.measure,
        version=row.version,
        case_id=row.case_id,
        at=row.at,
        value=row.value,
        business=row.business,
        agent_id=row.agent_id if str(row.agent_id) in shown else None,
        share=row.parts / PARTS,
        counted=row.counted,
        reason=row.reason,
        dims={name: getattr(row, name) for name in COMMON} | row.more,
        events=tuple(row.events),
    )


def _rows(session: Session, conditions: list[Any], place: tuple[datetime, int] | None) -> list[Any]:
    query = select(FigureFactRow).where(*conditions)
    if place is not None:
        query = query.where(tuple_(col(FigureFactRow.at), col(FigureFactRow.id)) < place)
    query = query.order_by(col(FigureFactRow.at).desc(), col(FigureFactRow.id).desc())
    return list(session.execute(query.limit(_LOOKED_AT)).scalars())


def _fits(asked: Asked, row: FigureFactRow) -> bool:
    timed = {name: values for name, values in asked.query.where.items() if name in OF_TIME}
    return not timed or all(named(asked, row.model_dump(), name) in values for name, values in timed.items())


def _mark(after: str | None) -> tuple[datetime, int] | None:
    if after is None:
        return None
    moment, _, number = after.partition("|")
    return datetime.fromisoformat(moment), int(number)
