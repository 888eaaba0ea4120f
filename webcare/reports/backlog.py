"""How old what waits at this moment is, in steps that people talk in. Counts every case that stands in a queue."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func
from sqlmodel import Session, col, select

from webcare.domain import ACTIVE_STATES
from webcare.store.tables import CaseRow

#: The steps: each holds what waits longer than the one before and no longer than this; the last has no end.
STEPS: tuple[timedelta | None, ...] = (
    timedelta(hours=1),
    timedelta(hours=4),
    timedelta(hours=24),
    timedelta(days=3),
    timedelta(days=7),
    None,
)


@dataclass(frozen=True, slots=True)
class Age:
    """One step of waiting, and how many wait that long."""

    longer_than: timedelta
    up_to: timedelta | None
    cases: int
    overdue: int  #: of those, past their deadline


def ages(session: Session, *, now: datetime, where: Mapping[str, str]) -> tuple[Age, ...]:
    """What waits at `now`, by how long; `where` narrows by parts of the case, empty ones do not."""
    since, late = func.coalesce(CaseRow.waiting_since, CaseRow.last_posted_at), col(CaseRow.respond_by) < now
    columns = []
    bounds = [timedelta(0), *(step for step in STEPS if step is not None)]
    for longer, up_to in zip(bounds, STEPS, strict=True):
        fits = since <= now - longer if longer else since <= now
        fits = fits & (since > now - up_to) if up_to is not None else fits
        columns += [func.count().filter(fits), func.count().filter(fits, late)]
    query = select(*columns).where(col(CaseRow.state).in_(ACTIVE_STATES))
    for name, value in where.items():
        if value:
            query = query.where(getattr(CaseRow, name) == value)
    found = session.execute(query).one()
    return tuple(
        Age(longer, up_to, found[2 * place], found[2 * place + 1])
        for place, (longer, up_to) in enumerate(zip(bounds, STEPS, strict=True))
    )
