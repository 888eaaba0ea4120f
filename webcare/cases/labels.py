"""Correcting what the classifier said. Every correction is kept beside the model's word, as training data later."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlmodel import Session, col, select

from webcare.cases.record import EventKind, changed, customer_messages, load_to_change
from webcare.cases.skills import after_correction
from webcare.deciding import standing
from webcare.domain import Actor, Line, Sentiment, Topic, Urgency
from webcare.errors import CaseStateRefused
from webcare.people import Permission, person_id
from webcare.settings import RoutingSettings
from webcare.store.tables import CaseRow, MentionRow, TriageRow

PERSON = "person"


def correct_triage(
    session: Session,
    case_id: int,
    *,
    by: Actor,
    now: datetime,
    version: int | None = None,
    sentiment: Sentiment | None = None,
    urgency: Urgency | None = None,
    topic: Topic | None = None,
    needs_reply: bool | None = None,
    line: Line | None = None,
    targets: RoutingSettings | None = None,
) -> CaseRow:
    """Put right labels of the customer's newest message; None leaves a label as it is.

    A new `line` moves the case to that queue; a new urgency moves its priority and, by `targets`, its deadline.
    Raises CaseStateRefused when nothing was triaged or nothing would change.
    """
    case = load_to_change(session, case_id, by=by, needs=Permission.CORRECT_TRIAGE, version=version)
    old = _newest(session, case_id)
    given = {"sentiment": sentiment, "urgency": urgency, "topic": topic, "needs_reply": needs_reply, "line": line}
    new = {name: value for name, value in given.items() if value is not None and getattr(old, name) != value}
    if not new:
        raise CaseStateRefused("Nothing was corrected: the labels already say so.")
    row = old.model_dump(exclude={"id"}) | new
    row |= {"model_version": PERSON, "agent_id": person_id(by), "decided_at": now, "reason": "corrected by a colleague"}
    session.add(TriageRow(**{key: _plain(value) for key, value in row.items()}))
    for name, value in new.items():
        setattr(case, name, _plain(value))
    if topic is not None:
        case.skill = after_correction(session, case, now=now)
    if line is not None:
        case.queue = line.value
    if urgency is not None:
        _move_deadline(session, case, urgency, targets, now)
    was = {name: getattr(old, name) for name in new}
    detail = {"was": was, "now": {name: _plain(value) for name, value in new.items()}, "model": old.model_version}
    return changed(session, case, EventKind.CORRECTED, by=by, now=now, detail=detail)


def _newest(session: Session, case_id: int) -> TriageRow:
    messages = customer_messages(session, case_id)
    if not messages:
        raise CaseStateRefused("There is no message of the customer to label.")
    query = (
        select(TriageRow)
        .join(MentionRow, col(MentionRow.id) == col(TriageRow.mention_id))
        .where(MentionRow.case_id == case_id)
        .order_by(col(MentionRow.posted_at).desc(), col(TriageRow.id).desc())
    )
    row = session.exec(query).first()
    if row is None:
        raise CaseStateRefused("This case was never triaged.")
    return row


def _move_deadline(
    session: Session, case: CaseRow, urgency: Urgency, targets: RoutingSettings | None, now: datetime
) -> None:
    case.priority = urgency.priority
    if targets is not None:
        case.respond_by = standing(session, at=now).targets.respond_by(
            urgency,
            case.queue,
            case.channel,
            start=case.waiting_since or case.last_posted_at,
            default=targets.within(urgency),
            answered=case.first_response_at is not None,
        )
        if case.first_response_at is None:
            case.first_respond_by = case.respond_by


def _plain(value: Any) -> Any:
    return getattr(value, "value", value)
