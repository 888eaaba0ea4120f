"""Wishes and praise of customers: passed on to a department, and what came of it said back to the desk."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cache
from typing import Any

from sqlalchemy import Executable, bindparam
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from webcare.cases.record import EventKind, changed, load_to_change, note_event
from webcare.domain import Actor
from webcare.errors import WebcareError
from webcare.people import Permission, person_id, require
from webcare.quality.departments import checked
from webcare.quality.texts import typed
from webcare.store.engine import LOCKED
from webcare.store.tables import AgentRow, CaseRow
from webcare.store.tables_quality import FeedbackRow

#: On the list.
_LISTED = 200


class FeedbackKind(StrEnum):
    """What a customer said that a department should hear."""

    WISH = "wish"
    PRAISE = "praise"


@dataclass(frozen=True, slots=True)
class Feedback:
    """One wish or praise, and what came of it."""

    id: int
    case_id: int
    kind: str
    text: str
    department: str
    passed_by: str
    passed_at: datetime
    acknowledged_by: str
    acknowledged_at: datetime | None
    outcome: str
    customer: str
    channel: str


def pass_on(
    session: Session,
    case_id: int,
    kind: FeedbackKind,
    text: str,
    *,
    department: str,
    known: Collection[str],
    by: Actor,
    now: datetime,
) -> int:
    """Pass a wish or praise on to a department; gives its id. `known`: the departments there are.

    Raises NotAllowed without WORK_CASES, WebcareError for an empty text or an unknown department.
    """
    case = load_to_change(session, case_id, by=by, needs=Permission.WORK_CASES)
    row = FeedbackRow(
        case_id=case_id,
        kind=kind.value,
        text=typed(text),
        department=checked(department, known),
        passed_by=person_id(by),
        passed_at=now,
    )
    session.add(row)
    session.flush()
    assert row.id is not None
    detail = {"feedback_id": row.id, "kind": kind.value, "department": department}
    changed(session, case, EventKind.FEEDBACK_PASSED, by=by, now=now, detail=detail)
    return row.id


def acknowledge(session: Session, feedback_id: int, outcome: str, *, by: Actor, now: datetime) -> None:
    """Say that the department heard it and what came of it; the case is told. Raises NotAllowed without SETTLE_DEFECTS.

    Raises WebcareError when it was acknowledged already or nothing is said.
    """
    require(by, Permission.SETTLE_DEFECTS)
    row = session.get(FeedbackRow, feedback_id, with_for_update=LOCKED, populate_existing=True)
    if row is None:
        raise WebcareError("This wish or praise does not exist.")
    if row.acknowledged_at is not None:
        raise WebcareError("This was acknowledged already.")
    row.acknowledged_by, row.acknowledged_at, row.outcome = person_id(by), now, typed(outcome)
    session.add(row)
    case = session.get_one(CaseRow, row.case_id)
    detail = {"feedback_id": feedback_id, "kind": row.kind}
    note_event(session, case, EventKind.FEEDBACK_ACKNOWLEDGED, by=by, now=now, detail=detail)
    session.flush()


def feedback(session: Session, *, case_id: int | None = None, by: Actor) -> tuple[Feedback, ...]:
    """Wishes and praise, what waits first, then the newest; of one case where it is given. Raises NotAllowed."""
    require(by, Permission.SEE_CASES)
    values = {} if case_id is None else {"case_id": case_id}
    return tuple(_view(*row) for row in session.execute(_passed(of_case=case_id is not None), values))


@cache
def _passed(*, of_case: bool) -> Executable:
    giver, answerer = aliased(AgentRow), aliased(AgentRow)
    query: Any = (
        select(FeedbackRow, CaseRow, giver.name, answerer.name)
        .join(CaseRow, col(CaseRow.id) == col(FeedbackRow.case_id))
        .join(giver, col(giver.id) == col(FeedbackRow.passed_by))
        .outerjoin(answerer, col(answerer.id) == col(FeedbackRow.acknowledged_by))
        .order_by(col(FeedbackRow.acknowledged_at).is_not(None), col(FeedbackRow.id).desc())
        .limit(_LISTED)
    )
    made: Executable = query.where(FeedbackRow.case_id == bindparam("case_id")) if of_case else query
    return made


def _view(row: FeedbackRow, case: CaseRow, giver: str, answerer: str | None) -> Feedback:
    assert row.id is not None
    return Feedback(
        id=row.id,
        case_id=row.case_id,
        kind=row.kind,
        text=row.text,
        department=row.department,
        passed_by=giver,
        passed_at=row.passed_at,
        acknowledged_by=answerer or "",
        acknowledged_at=row.acknowledged_at,
        outcome=row.outcome,
        customer=case.customer_name or case.customer_handle,
        channel=case.channel,
    )
