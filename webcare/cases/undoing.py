"""Taking back the last thing one did to a case.

Only one's own step can be taken back, only within an hour, and only while nobody (a customer included) changed
the case after it: what others have seen and acted on is never pulled from under them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session, col, delete, select

from webcare.cases.corrections import TAKEN_BACK
from webcare.cases.identities import undo_link
from webcare.cases.labels import PERSON
from webcare.cases.record import RESTORED, REVERSIBLE, EventKind, changed, load_to_change
from webcare.cases.tagging import tags_of
from webcare.domain import Actor, CaseState
from webcare.errors import CaseStateRefused
from webcare.people import Permission, person_id, require
from webcare.store.tables import CaseEventRow, CaseRow, MentionRow, TriageRow
from webcare.store.tables_desk import CaseTagRow

#: A step older than this is no longer what somebody means by "undo".
UNDO_WITHIN = timedelta(hours=1)
#: What leaves the case as it was, so that an earlier step can still be taken back.
_BESIDE = (
    *(EventKind.NOTED, EventKind.MARKED_SHAREABLE, EventKind.FACT_SECONDED, EventKind.FACT_WITHDRAWN),
    *(EventKind.ACTION_ASKED, EventKind.ACTION_DONE, EventKind.ACTION_FAILED, EventKind.SLIP_REPORTED),
    *(EventKind.CUSTOMER_UNLINKED,),
)
_MOMENTS = ("respond_by", "first_respond_by", "waiting_since", "snoozed_until", "resolved_at")


@dataclass(frozen=True, slots=True)
class Step:
    """Something that can be taken back."""

    event_id: int
    kind: EventKind


def last_step(session: Session, case_id: int, *, by: Actor, now: datetime) -> Step | None:
    """What `undo` would take back for this person; None when there is nothing."""
    require(by, Permission.SEE_CASES)
    row = _last(session, case_id)
    if row is None or row.actor_id != by.id or now - row.at > UNDO_WITHIN:
        return None
    kind = EventKind(row.kind)
    reversible = kind in (EventKind.CUSTOMER_LINKED, EventKind.TAGGED) or (
        kind in REVERSIBLE and "before" in row.detail
    )
    return Step(row.id or 0, kind) if reversible else None


def undo(session: Session, case_id: int, *, by: Actor, now: datetime, version: int | None = None) -> Step:
    """Take back this person's last step on the case; gives what it was.

    Raises CaseStateRefused when there is nothing to take back (any more).
    """
    needs = Permission.WORK_CASES
    case = load_to_change(session, case_id, by=by, needs=needs, version=version)
    step = last_step(session, case_id, by=by, now=now)
    if step is None:
        raise CaseStateRefused("There is nothing of yours to undo on this case.")
    event = session.get_one(CaseEventRow, step.event_id)
    if step.kind is EventKind.CUSTOMER_LINKED:
        undo_link(session, case_id, event.detail, by=by, now=now)
        return step
    if step.kind is EventKind.TAGGED:
        _swap_tags(session, case_id, event.detail)
    else:
        _restore(session, case, event, by=by, now=now)
    changed(session, case, EventKind.UNDONE, by=by, now=now, detail={"of": step.kind.value, "event_id": step.event_id})
    return step


def _last(session: Session, case_id: int) -> CaseEventRow | None:
    """The newest event that changed the case and still counts; what was undone, and its undoing, do not."""
    query = (
        select(CaseEventRow)
        .where(CaseEventRow.case_id == case_id, col(CaseEventRow.kind).not_in([kind.value for kind in _BESIDE]))
        .order_by(col(CaseEventRow.id).desc())
        .limit(20)
    )
    gone: set[int] = set()
    for row in session.exec(query):
        if row.kind == EventKind.UNDONE:
            gone.add(int(row.detail["event_id"]))
        elif row.id not in gone:
            return None if row.kind == EventKind.CUSTOMER_LINKED and _is_unlinked(session, row) else row
    return None


def _is_unlinked(session: Session, linked: CaseEventRow) -> bool:
    query = select(CaseEventRow).where(
        CaseEventRow.case_id == linked.case_id,
        CaseEventRow.kind == EventKind.CUSTOMER_UNLINKED.value,
        col(CaseEventRow.id) > linked.id,
    )
    return any(row.detail.get("unlinked") == linked.detail.get("linked") for row in session.exec(query))


def _swap_tags(session: Session, case_id: int, detail: Mapping[str, Any]) -> None:
    has = set(tags_of(session, [case_id]).get(case_id, ()))
    gone = [tag for tag in detail["added"] if tag in has]
    session.exec(delete(CaseTagRow).where(col(CaseTagRow.case_id) == case_id, col(CaseTagRow.tag).in_(gone)))
    session.add_all([CaseTagRow(case_id=case_id, tag=tag) for tag in detail["removed"] if tag not in has])


def _restore(session: Session, case: CaseRow, event: CaseEventRow, *, by: Actor, now: datetime) -> None:
    before: dict[str, Any] = event.detail["before"]
    if event.kind == EventKind.CORRECTED:
        _restore_labels(session, case, by=by, now=now)
    for name in RESTORED:
        if name in before:
            value = before[name]
            setattr(case, name, datetime.fromisoformat(value) if value and name in _MOMENTS else value)
    if case.state == CaseState.SNOOZED and (case.snoozed_until is None or case.snoozed_until <= now):
        case.state, case.snoozed_until = (CaseState.OPEN if case.assignee_id else CaseState.NEW).value, None


def _restore_labels(session: Session, case: CaseRow, *, by: Actor, now: datetime) -> None:
    """Let what was decided before the newest correction count again.

    The decision is written anew with a reason of its own, by which the export leaves the correction out.
    """
    query = (
        select(TriageRow)
        .join(MentionRow, col(MentionRow.id) == col(TriageRow.mention_id))
        .where(MentionRow.case_id == case.id)
        .order_by(col(TriageRow.id).desc())
    )
    newest = session.exec(query).first()
    if newest is None or newest.model_version != PERSON:
        raise CaseStateRefused("These labels were not corrected.")
    of_one = query.where(TriageRow.mention_id == newest.mention_id, col(TriageRow.id) < newest.id)
    before = session.exec(of_one).first()
    assert before is not None
    again = {"agent_id": person_id(by), "decided_at": now, "reason": TAKEN_BACK}
    session.add(TriageRow(**before.model_dump(exclude={"id"}) | again))
