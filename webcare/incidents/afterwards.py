"""What an incident looked like from outside, for its report: what was posted, and what was begun in vain."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func
from sqlalchemy import select as select_many
from sqlmodel import Session, col, select

from webcare.domain import DeliveryState
from webcare.incidents.mode import FALSE_ALARM
from webcare.store.tables import DeliveryRow
from webcare.store.tables_desk import AuditRow
from webcare.store.tables_incidents import IncidentRow, IncidentTextRow, IncidentUseRow

#: A false alarm of the same series, so long before, is part of the story.
_BEFORE = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Posted:
    """One wording as customers saw it; one that was taken out of use, or retracted, was seen all the same."""

    language: str
    text: str
    count: int
    first_at: datetime
    last_at: datetime


@dataclass(frozen=True, slots=True)
class FalseStarts:
    """What was begun and not kept."""

    alarms: tuple[tuple[datetime, str], ...] = ()  #: called false shortly before: when, and why
    withdrawn: int = 0  #: wordings taken out of use
    failed: int = 0  #: holding texts that a network refused
    retracted: int = 0  #: holding texts that were taken off the network again
    outcomes: int = 0  #: outcomes that were replaced by another

    @property
    def any(self) -> bool:
        """Whether there was one."""
        return bool(self.alarms or self.withdrawn or self.failed or self.retracted or self.outcomes)


NO_FALSE_STARTS = FalseStarts()


def posted(session: Session, incident_id: int) -> tuple[Posted, ...]:
    """The wordings that stood on a network, the first one first."""
    first = func.min(col(DeliveryRow.posted_at))
    query: Any = (
        select_many(
            col(IncidentTextRow.language),
            col(DeliveryRow.text),
            func.count(),
            first,
            func.max(col(DeliveryRow.posted_at)),
        )
        .join(IncidentUseRow, col(IncidentUseRow.text_id) == col(IncidentTextRow.id))
        .join(DeliveryRow, col(DeliveryRow.id) == col(IncidentUseRow.delivery_id))
        .where(col(IncidentUseRow.incident_id) == incident_id, col(DeliveryRow.posted_at).is_not(None))
        .group_by(col(IncidentTextRow.language), col(DeliveryRow.text))
        .order_by(first)
    )
    return tuple(Posted(*row) for row in session.execute(query))


def false_starts(session: Session, incident_id: int, *, series: str, found_at: datetime) -> FalseStarts:
    """What was begun for an incident and not kept, and the false alarms of its series in the week before."""
    texts = select(func.count()).where(
        IncidentTextRow.incident_id == incident_id, col(IncidentTextRow.withdrawn_at).is_not(None)
    )
    replies = (
        select(DeliveryRow.state, DeliveryRow.retract_reason)
        .join(IncidentUseRow, col(IncidentUseRow.delivery_id) == col(DeliveryRow.id))
        .where(IncidentUseRow.incident_id == incident_id)
    )
    outcomes = select(func.count()).where(
        AuditRow.what == "incident_outcome", AuditRow.subject == f"incident:{incident_id}"
    )
    states = list(session.exec(replies))
    return FalseStarts(
        _false_before(session, series, found_at),
        session.exec(texts).one(),
        sum(state == DeliveryState.FAILED.value for state, _ in states),
        sum(bool(reason) for _, reason in states),
        max(0, session.exec(outcomes).one() - 1),
    )


def _false_before(session: Session, series: str, found_at: datetime) -> tuple[tuple[datetime, str], ...]:
    if not series:
        return ()
    query = select(IncidentRow.found_at, IncidentRow.reason).where(
        IncidentRow.series == series,
        IncidentRow.state == FALSE_ALARM,
        col(IncidentRow.found_at) < found_at,
        col(IncidentRow.found_at) > found_at - _BEFORE,
    )
    return tuple(session.exec(query.order_by(col(IncidentRow.id))).all())
