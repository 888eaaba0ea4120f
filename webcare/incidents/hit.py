"""Everyone an incident hit: on the list by what they wrote or by hand, until they were told the outcome.

Told is a reply of ours that was written after the outcome and stands on the network, holding texts aside; it is read
from the deliveries each time, so a reply that was retracted leaves its customer on the list. Nobody can tick it off.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func
from sqlalchemy import select as select_many
from sqlmodel import Session, col, select

from webcare import audit
from webcare.cases.record import typed_text
from webcare.domain import Actor, DeliveryState
from webcare.errors import WebcareError
from webcare.incidents.noticing import link_cases
from webcare.people import Permission, person_id, require
from webcare.store.bulk import storable
from webcare.store.engine import LOCKED
from webcare.store.incident_mode import OPEN
from webcare.store.mentions import chunks
from webcare.store.tables import CaseRow, DeliveryRow
from webcare.store.tables_incidents import IncidentCaseRow, IncidentRow, IncidentUseRow

_MAX_REASON = 300
#: How the id of a customer begins whose words were removed; there is nobody left to tell.
_REMOVED = "removed-"


@dataclass(frozen=True, slots=True)
class Hit:
    """One case on the list."""

    case_id: int
    channel: str
    customer: str
    language: str
    excerpt: str
    state: str
    posted_at: datetime
    linked_at: datetime
    by_hand: bool
    holding: str = ""  #: state of the delivery of the holding text, "waits" for a yes, or empty
    told_at: datetime | None = None
    left_out: str = ""
    is_gone: bool = False  #: the customer's words were removed

    @property
    def is_left(self) -> bool:
        """Whether somebody still has to tell them."""
        return self.told_at is None and not self.left_out and not self.is_gone


def link(session: Session, incident_id: int, case_ids: Sequence[int], *, by: Actor, now: datetime) -> int:
    """Put cases on the list by hand; gives how many were not there.

    Raises NotAllowed without WORK_CASES, WebcareError for an incident that is over or cases that are not there.
    """
    require(by, Permission.WORK_CASES)
    row = _not_over(session, incident_id)
    there = cases_there(session, case_ids)
    if missing := [case_id for case_id in case_ids if case_id not in there]:
        raise WebcareError("Case {number} does not exist (any more).", number=missing[0])
    linked = link_cases(session, incident_id, there, now=now, agent_id=person_id(by))
    after = {"cases": list(there), "linked": linked}
    audit.record(session, "incident_linked", by=by, now=now, subject=f"incident:{row.id}", after=after)
    return linked


def leave_out(
    session: Session, incident_id: int, case_ids: Sequence[int], *, reason: str, by: Actor, now: datetime
) -> int:
    """Say why the customers of these cases need not be told; gives how many. An empty reason puts them back.

    Raises NotAllowed without RUN_INCIDENTS, WebcareError where the incident is over.
    """
    require(by, Permission.RUN_INCIDENTS)
    row = _not_over(session, incident_id)
    words = storable(typed_text(reason, "reason"))[:_MAX_REASON] if reason.strip() else ""
    query = select(IncidentCaseRow).where(
        IncidentCaseRow.incident_id == incident_id, col(IncidentCaseRow.case_id).in_(case_ids)
    )
    rows = list(session.exec(query))
    for one in rows:
        one.left_out, one.left_out_by, one.left_out_at = words, person_id(by) if words else None, now if words else None
        session.add(one)
    # The words may name a customer; they stay with the case, where they can be removed.
    after = {"cases": [one.case_id for one in rows], "left_out": bool(words)}
    audit.record(session, "incident_left_out", by=by, now=now, subject=f"incident:{row.id}", after=after)
    return len(rows)


def everyone(session: Session, row: IncidentRow) -> tuple[Hit, ...]:
    """The whole list: those who still have to be told first, each group in the order in which they wrote."""
    told = _told(session, row)
    holding = _holding(session, row)
    query = (
        select_many(IncidentCaseRow, CaseRow)
        .join(CaseRow, col(CaseRow.id) == col(IncidentCaseRow.case_id))
        .where(col(IncidentCaseRow.incident_id) == row.id)
    )
    found = [_hit(one, case, told.get(one.case_id), holding) for one, case in session.execute(query)]
    return tuple(sorted(found, key=lambda one: (not one.is_left, one.posted_at, one.case_id)))


def people_left(session: Session, row: IncidentRow) -> int:
    """How many on the list were neither told nor left out."""
    told = _told(session, row)
    query = (
        select(IncidentCaseRow.case_id)
        .join(CaseRow, col(CaseRow.id) == col(IncidentCaseRow.case_id))
        .where(
            IncidentCaseRow.incident_id == row.id,
            IncidentCaseRow.left_out == "",
            ~col(CaseRow.customer_id).startswith(_REMOVED, autoescape=True),
        )
    )
    return sum(case_id not in told for case_id in session.exec(query))


def cases_there(session: Session, case_ids: Sequence[int]) -> tuple[int, ...]:
    """Those of the cases that exist, each once, in the order given."""
    there: set[int | None] = set()
    for part in chunks(list(dict.fromkeys(case_ids))):
        there |= set(session.exec(select(CaseRow.id).where(col(CaseRow.id).in_(part))))
    return tuple(case_id for case_id in dict.fromkeys(case_ids) if case_id in there)


def _not_over(session: Session, incident_id: int) -> IncidentRow:
    row = session.get(IncidentRow, incident_id, with_for_update=LOCKED, populate_existing=True)
    if row is None or row.state not in (OPEN, "alarm"):
        raise WebcareError("This incident is not open.")
    return row


def _told(session: Session, row: IncidentRow) -> dict[int, datetime]:
    """When each case was told the outcome first."""
    if row.outcome_at is None:
        return {}
    on_the_list = select(IncidentCaseRow.case_id).where(IncidentCaseRow.incident_id == row.id)
    holding = select(IncidentUseRow.delivery_id).where(
        IncidentUseRow.incident_id == row.id, col(IncidentUseRow.delivery_id).is_not(None)
    )
    query: Any = (
        select_many(col(DeliveryRow.case_id), func.min(col(DeliveryRow.posted_at)))
        .where(
            col(DeliveryRow.case_id).in_(on_the_list),
            col(DeliveryRow.state) == DeliveryState.SENT.value,
            # Written and posted after it: what was on its way already told nobody, and a holding text never does.
            col(DeliveryRow.created_at) > row.outcome_at,
            col(DeliveryRow.posted_at) > row.outcome_at,
            col(DeliveryRow.id).not_in(holding),
            col(DeliveryRow.retract_reason) == "",
            col(DeliveryRow.survey).is_(False),
        )
        .group_by(col(DeliveryRow.case_id))
    )
    return dict(session.execute(query).all())


def _holding(session: Session, row: IncidentRow) -> dict[int, str]:
    query = (
        select(IncidentUseRow.case_id, IncidentUseRow.approval_id, DeliveryRow.state)
        .outerjoin(DeliveryRow, col(DeliveryRow.id) == col(IncidentUseRow.delivery_id))
        .where(IncidentUseRow.incident_id == row.id)
    )
    return {case_id: state or ("waits" if approval else "") for case_id, approval, state in session.exec(query)}


def _hit(one: IncidentCaseRow, case: CaseRow, told_at: datetime | None, holding: dict[int, str]) -> Hit:
    return Hit(
        one.case_id,
        case.channel,
        case.customer_name or case.customer_handle,
        case.language,
        case.excerpt,
        case.state,
        case.first_posted_at,
        one.linked_at,
        one.linked_by is not None,
        holding.get(one.case_id, ""),
        told_at,
        one.left_out,
        case.customer_id.startswith(_REMOVED),
    )
