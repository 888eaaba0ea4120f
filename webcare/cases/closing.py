"""Putting a case aside, closing it and taking it up again."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session, col, select

from webcare.cases.deadlines import keep_late_closing
from webcare.cases.record import EventKind, changed, load_to_change
from webcare.domain import ACTIVE_STATES, UNSETTLED_DELIVERIES, Actor, CaseState, Resolution
from webcare.errors import CaseStateRefused
from webcare.people import Permission
from webcare.store.tables import CaseRow, DeliveryRow
from webcare.store.tables_desk import ApprovalRow


def snooze(
    session: Session, case_id: int, *, until: datetime, by: Actor, now: datetime, version: int | None = None
) -> CaseRow:
    """Put the case aside until a time in the future; a new message of the customer wakes it earlier."""
    if until.tzinfo is None or until <= now:
        raise CaseStateRefused("Choose a time in the future to look at this case again.")
    case = load_to_change(session, case_id, by=by, needs=Permission.WORK_CASES, version=version)
    if case.state == CaseState.RESOLVED:
        raise CaseStateRefused("This case is resolved; reopen it first.")
    case.state, case.snoozed_until = CaseState.SNOOZED.value, until
    return changed(session, case, EventKind.SNOOZED, by=by, now=now, detail={"until": until.isoformat()})


def wake_snoozed(session: Session, *, now: datetime) -> int:
    """Bring back the cases whose time has come; gives how many."""
    query = (
        select(CaseRow).where(CaseRow.state == CaseState.SNOOZED.value, col(CaseRow.snoozed_until) <= now).limit(500)
    )
    woken = list(session.exec(query))
    for case in woken:
        back_in_queue(case)
        changed(session, case, EventKind.WOKEN, by=Actor.system("wake_snoozed"), now=now)
    return len(woken)


def resolve(
    session: Session, case_id: int, *, resolution: Resolution, by: Actor, now: datetime, version: int | None = None
) -> CaseRow:
    """Close the case with a reason. Refused while a reply is still on its way."""
    case = load_to_change(session, case_id, by=by, needs=Permission.WORK_CASES, version=version)
    if case.state == CaseState.RESOLVED:
        raise CaseStateRefused("This case already is resolved.")
    if _unsettled(session, case_id):
        raise CaseStateRefused("A reply of this case is still on its way; wait for it or take it back first.")
    if _waits_for_a_yes(session, case_id):
        raise CaseStateRefused("A reply of this case waits for a colleague's yes; decide about it first.")
    keep_late_closing(session, case, now=now)
    case.state, case.resolution = CaseState.RESOLVED.value, resolution.value
    case.resolved_at, case.waiting_since, case.snoozed_until = now, None, None
    return changed(session, case, EventKind.RESOLVED, by=by, now=now, detail={"resolution": resolution.value})


def reopen(session: Session, case_id: int, *, by: Actor, now: datetime, version: int | None = None) -> CaseRow:
    """Take a case up again that is resolved, waiting or put aside."""
    case = load_to_change(session, case_id, by=by, needs=Permission.WORK_CASES, version=version)
    if case.state in ACTIVE_STATES:
        raise CaseStateRefused("This case is open already.")
    if case.state in (CaseState.RESOLVED, CaseState.WAITING):
        case.reopened += 1
    back_in_queue(case)
    return changed(session, case, EventKind.REOPENED, by=by, now=now)


def back_in_queue(case: CaseRow) -> None:
    """Make a case active again: with its assignee when it has one, else for anybody."""
    case.state = (CaseState.OPEN if case.assignee_id is not None else CaseState.NEW).value
    case.snoozed_until, case.resolved_at, case.resolution = None, None, ""


def _unsettled(session: Session, case_id: int) -> bool:
    query = select(DeliveryRow.id).where(
        DeliveryRow.case_id == case_id, col(DeliveryRow.state).in_(UNSETTLED_DELIVERIES)
    )
    return session.exec(query).first() is not None


def _waits_for_a_yes(session: Session, case_id: int) -> bool:
    query = select(ApprovalRow.id).where(ApprovalRow.case_id == case_id, ApprovalRow.state == "pending")
    return session.exec(query).first() is not None
