"""Who has a case: claim, assign, and what every way of giving one has in common."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import update
from sqlmodel import Session, col

from webcare.cases.at_work import note_given
from webcare.cases.record import EventKind, changed, load_to_change
from webcare.domain import Actor, CaseState, Line
from webcare.errors import CaseStateRefused
from webcare.people import Permission, find_agent, person_id
from webcare.store.tables import CaseRow
from webcare.store.tables_desk import HandoverRow


def claim(session: Session, case_id: int, *, by: Actor, now: datetime, version: int | None = None) -> CaseRow:
    """Take the case on oneself. Raises CaseStateRefused, naming the colleague, when somebody else has it."""
    case = load_to_change(session, case_id, by=by, needs=Permission.WORK_CASES, version=version)
    me = person_id(by)
    if case.assignee_id not in (None, me):
        holder = find_agent(session, case.assignee_id)
        raise CaseStateRefused("{name} already works on this case.", name=holder.name)
    give(session, case, me, now=now)
    return changed(session, case, EventKind.CLAIMED, by=by, now=now)


def assign(
    session: Session, case_id: int, *, to: int | None, by: Actor, now: datetime, version: int | None = None
) -> CaseRow:
    """Give the case to a colleague, or with None back to its queue."""
    case = load_to_change(session, case_id, by=by, needs=Permission.WORK_CASES, version=version)
    name = find_agent(session, to).name if to is not None else ""
    if to is not None:
        give(session, case, to, now=now)
    else:
        put_back(session, case)
    return changed(session, case, EventKind.ASSIGNED, by=by, now=now, detail={"to": to, "to_name": name})


def give(session: Session, case: CaseRow, agent_id: int, *, now: datetime) -> None:
    """Put a case that is locked on somebody's desk; an open question in it is theirs then. The caller tells it."""
    case.assignee_id = agent_id
    start_work(case)
    note_given(session, agent_id, now=now)
    if case.line == Line.SECOND_LINE:
        _question(session, case, taken_by=agent_id, taken_at=now)


def put_back(session: Session, case: CaseRow) -> None:
    """Take a case that is locked from whoever has it and put it in its queue. The caller tells it."""
    case.assignee_id = None
    if case.state == CaseState.OPEN:
        case.state = CaseState.NEW.value
    _question(session, case, taken_by=None, taken_at=None)


def start_work(case: CaseRow) -> None:
    """A case somebody has is open, no longer new."""
    if case.state == CaseState.NEW:
        case.state = CaseState.OPEN.value


def _question(session: Session, case: CaseRow, *, taken_by: int | None, taken_at: datetime | None) -> None:
    open_ = (col(HandoverRow.case_id) == case.id, col(HandoverRow.closed_at).is_(None))
    session.execute(update(HandoverRow).where(*open_).values(taken_by=taken_by, taken_at=taken_at))
