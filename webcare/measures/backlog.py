"""Who waits right now: the open facts of first and next responses are the backlog, so nothing is counted twice."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import select, text
from sqlmodel import Session, col

from webcare.measures.clocks import Clocks
from webcare.measures.definitions import DEFINITIONS
from webcare.measures.gathering import OF_TIME, Asked, filters
from webcare.measures.opening import Opened, fact_of
from webcare.measures.values import OPEN, Fact
from webcare.store.tables_measures import FigureFactRow

_WAITS = ("first_response", "next_response")
_MEASURE = "backlog_age"


def backlog_facts(
    session: Session, clocks: Clocks, where: Mapping[str, tuple[str, ...]], *, at: datetime
) -> Iterator[Fact]:
    """How long everybody has been waiting who waits, as of the last roll-up, seen from a moment."""
    for row in session.execute(_open(where, at)).scalars():
        yield replace(_aged(row, (), at), business=clocks.business(row.queue, row.at, at))


def _aged(row: Any, shown: Collection[str], at: datetime) -> Fact:
    age = (at - row.at).total_seconds()
    return replace(fact_of(row, shown), measure=_MEASURE, version=DEFINITIONS[_MEASURE].version, value=age, reason="")


def opened_backlog(session: Session, asked: Asked, *, after: str | None, limit: int, shown: Collection[str]) -> Opened:
    """A page of those who wait, the longest first."""
    start = int(after or 0)
    query = _open(asked.query.where, asked.query.until).order_by(col(FigureFactRow.at), col(FigureFactRow.id))
    rows = list(session.execute(query.offset(start).limit(limit + 1)).scalars())
    facts = tuple(_aged(row, shown, asked.query.until) for row in rows[:limit])
    return Opened(facts, str(start + limit) if len(rows) > limit else None)


def _open(where: Mapping[str, tuple[str, ...]], at: datetime) -> Any:
    keys = [DEFINITIONS[name].key for name in _WAITS]
    this = (col(FigureFactRow.measure) == keys[0][0]) & (col(FigureFactRow.version) == keys[0][1])
    next_one = (col(FigureFactRow.measure) == keys[1][0]) & (col(FigureFactRow.version) == keys[1][1])
    return select(FigureFactRow).where(
        # Said literally: SQLite takes the small index of open facts only where it can read that it fits.
        text(f"figure_fact.reason = '{OPEN}'"),
        this | next_one,
        col(FigureFactRow.at) <= at,
        *filters({name: values for name, values in where.items() if name not in OF_TIME}),
    )
