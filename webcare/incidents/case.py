"""The incidents of one case, in one query: for whoever answers its customer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import case as when
from sqlalchemy import func
from sqlalchemy import select as select_many
from sqlmodel import Session, col

from webcare.domain import DeliveryState
from webcare.incidents.mode import ALARM
from webcare.incidents.reading import Incident, incident_of
from webcare.store.incident_mode import OPEN
from webcare.store.tables import DeliveryRow
from webcare.store.tables_incidents import IncidentCaseRow, IncidentRow, IncidentTextRow, IncidentUseRow


@dataclass(frozen=True, slots=True)
class OnCase:
    """An incident whose list a case is on. `holding` is as `Hit` has it; `text` is an approved wording to use."""

    incident: Incident
    left_out: str
    told_at: datetime | None
    holding: str
    text: str


def on_case(session: Session, case_id: int, *, language: str) -> tuple[OnCase, ...]:
    """The incidents and alarms that stand and have this case on their list, the oldest first; one query."""
    query: Any = (
        select_many(
            IncidentRow,
            col(IncidentCaseRow.left_out),
            _told_at(case_id),
            col(DeliveryRow.state),
            col(IncidentUseRow.approval_id),
            _wording(language),
        )
        .join(IncidentCaseRow, col(IncidentCaseRow.incident_id) == col(IncidentRow.id))
        .outerjoin(
            IncidentUseRow,
            (col(IncidentUseRow.incident_id) == col(IncidentRow.id)) & (col(IncidentUseRow.case_id) == case_id),
        )
        .outerjoin(DeliveryRow, col(DeliveryRow.id) == col(IncidentUseRow.delivery_id))
        .where(col(IncidentCaseRow.case_id) == case_id, col(IncidentRow.state).in_((OPEN, ALARM)))
        .order_by(col(IncidentRow.id))
    )
    return tuple(
        OnCase(incident_of(row), left_out, told_at, state or ("waits" if approval else ""), text or "")
        for row, left_out, told_at, state, approval, text in session.execute(query)
    )


def _told_at(case_id: int) -> Any:
    """As `hit` counts it: written after the outcome, on the network, and no holding text."""
    holding = (
        select_many(col(IncidentUseRow.delivery_id))
        .where(col(IncidentUseRow.incident_id) == col(IncidentRow.id), col(IncidentUseRow.delivery_id).is_not(None))
        .correlate(IncidentRow)
    )
    return (
        select_many(func.min(col(DeliveryRow.posted_at)))
        .where(
            col(DeliveryRow.case_id) == case_id,
            col(DeliveryRow.state) == DeliveryState.SENT.value,
            col(DeliveryRow.created_at) > col(IncidentRow.outcome_at),
            col(DeliveryRow.posted_at) > col(IncidentRow.outcome_at),
            col(DeliveryRow.id).not_in(holding),
            col(DeliveryRow.retract_reason) == "",
            col(DeliveryRow.survey).is_(False),
        )
        .correlate(IncidentRow)
        .scalar_subquery()
    )


def _wording(language: str) -> Any:
    """The first approved wording in the customer's language, else in English; none where neither is there."""
    first = when((col(IncidentTextRow.language) == language, 0), else_=1)
    return (
        select_many(col(IncidentTextRow.text))
        .where(
            col(IncidentTextRow.incident_id) == col(IncidentRow.id),
            col(IncidentTextRow.approved_at).is_not(None),
            col(IncidentTextRow.withdrawn_at).is_(None),
            col(IncidentTextRow.language).in_((language, "en")),
        )
        .order_by(first, col(IncidentTextRow.id))
        .limit(1)
        .correlate(IncidentRow)
        .scalar_subquery()
    )
