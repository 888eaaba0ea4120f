"""Loading a case to change it, and writing down what happened. Every verb goes through here.

A verb takes the session of `store.write()`, checks the permission of the acting person, compares the version the
person was looking at, changes the row, raises its version and appends exactly one event.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlmodel import Session, col, select

from webcare.domain import N_, Actor
from webcare.errors import CaseChanged, CaseNotFound, WebcareError
from webcare.people import Permission, require
from webcare.store.engine import LOCKED
from webcare.store.tables import CaseEventRow, CaseRow, MentionRow

#: Longest text a person may type into a note, draft, question or answer, in characters.
MAX_TEXT = 10_000
#: Start of a message shown in a list, in characters.
EXCERPT = 200


class EventKind(StrEnum):
    """What can happen to a case."""

    OPENED = "opened"
    JOINED = "joined"  #: a further message of the customer
    REOPENED = "reopened"
    EDITED = "edited"  #: the customer changed a message
    GONE = "message_gone"  #: a message was deleted or hidden from us; its words were removed
    CLAIMED = "claimed"
    ASSIGNED = "assigned"
    HANDED_OVER = "handed_over"
    HANDED_BACK = "handed_back"
    QUESTION_DUE = "question_due"  #: the answer of the second line is nearly due
    QUESTION_RETURNED = "question_returned"  #: nobody answered in time
    QUESTION_WITHDRAWN = "question_withdrawn"
    SHARED_OUT = "shared_out"  #: given to somebody by the desk itself
    GIVEN_BACK = "given_back"  #: back in the queue because whoever had it is not there
    NOTED = "noted"
    TAGGED = "tagged"
    MARKED_SHAREABLE = "marked_shareable"  #: a sentence of a note that the customer may be told
    FACT_SECONDED = "fact_seconded"
    FACT_WITHDRAWN = "fact_withdrawn"
    CORRECTED = "corrected"
    SNOOZED = "snoozed"
    WOKEN = "woken"
    RESOLVED = "resolved"
    REPLY_APPROVED = "reply_approved"
    REPLY_CANCELLED = "reply_cancelled"
    REPLY_SENT = "reply_sent"
    REPLY_FAILED = "reply_failed"
    REPLY_UNCONFIRMED = "reply_unconfirmed"
    REPLY_REQUEUED = "reply_requeued"
    REPLY_NEEDS_HUMAN = "reply_needs_human"
    ANSWERED_BY_HAND = "answered_by_hand"  #: on the network itself, recorded here
    RETRACTION_ASKED = "retraction_asked"
    REPLY_RETRACTED = "reply_retracted"
    ACTION_ASKED = "action_asked"  #: hide, like and the like
    ACTION_DONE = "action_done"
    ACTION_FAILED = "action_failed"
    SLIP_REPORTED = "slip_reported"  #: a reply that should have been held
    UNDONE = "undone"  #: the last step of a person, taken back by them
    CUSTOMER_LINKED = "customer_linked"  #: an author on another network, known to be the same person
    CUSTOMER_UNLINKED = "customer_unlinked"
    APPROVAL_ASKED = "approval_asked"  #: a reply waits for a colleague's yes
    APPROVAL_GIVEN = "approval_given"  #: and goes out as its author wrote it
    APPROVAL_GIVEN_EDITED = "approval_given_edited"  #: and goes out as the approver changed it
    APPROVAL_REFUSED = "approval_refused"
    APPROVAL_WITHDRAWN = "approval_withdrawn"
    APPROVAL_OVERTAKEN = "approval_overtaken"  #: somebody else answered meanwhile
    PROMISE_KEPT = "promise_kept"
    PROMISE_BROKEN = "promise_broken"
    PROMISE_DROPPED = "promise_dropped"  #: it never was one
    PROMISE_MOVED = "promise_moved"
    DEFECT_LINKED = "defect_linked"  #: the customer met something of ours that goes wrong again and again
    DEFECT_UNLINKED = "defect_unlinked"
    DEFECT_MENDED = "defect_mended"
    FEEDBACK_PASSED = "feedback_passed"  #: a wish or praise, passed on to a department
    FEEDBACK_ACKNOWLEDGED = "feedback_acknowledged"
    SURVEY_ASKED = "survey_asked"  #: how we helped; the question is on its way
    SURVEY_SENT = "survey_sent"
    SURVEY_FAILED = "survey_failed"  #: it does not go out after all
    RATED = "rated"  #: the customer gave a mark
    SURVEY_STOPPED = "survey_stopped"  #: the customer wants no more questions


#: What a person can take back; their events keep what the case was `before`.
REVERSIBLE = frozenset(
    {EventKind.CLAIMED, EventKind.ASSIGNED, EventKind.SNOOZED, EventKind.RESOLVED, EventKind.REOPENED}
    | {EventKind.CORRECTED}
)
#: The parts of a case that these change.
RESTORED = (
    *("state", "queue", "line", "assignee_id", "priority", "respond_by", "first_respond_by", "sentiment", "urgency"),
    *("topic", "needs_reply", "waiting_since", "snoozed_until", "resolved_at", "resolution", "reopened", "skill"),
)
#: What is said of each text that people type when there is none.
_EMPTY = {
    "reply": N_("The reply is empty."),
    "note": N_("The note is empty."),
    "reason": N_("The reason is empty."),
    "question to the second line": N_("The question to the second line is empty."),
    "answer to the first line": N_("The answer to the first line is empty."),
}
_TOO_LONG = {
    "reply": N_("The reply has {count} characters; at most {most} fit."),
    "note": N_("The note has {count} characters; at most {most} fit."),
    "reason": N_("The reason has {count} characters; at most {most} fit."),
    "question to the second line": N_("The question to the second line has {count} characters; at most {most} fit."),
    "answer to the first line": N_("The answer to the first line has {count} characters; at most {most} fit."),
}
#: Where a session keeps how the cases stood that it loaded.
_SEEN = "cases_as_loaded"


def load(session: Session, case_id: int) -> CaseRow:
    """The case with this id; raises CaseNotFound."""
    row = session.get(CaseRow, case_id)
    if row is None:
        raise CaseNotFound("Case {number} does not exist (any more).", number=case_id)
    return row


def load_to_change(
    session: Session, case_id: int, *, by: Actor, needs: Permission, version: int | None = None
) -> CaseRow:
    """The case, locked for this transaction, after checking the permission and the version the person saw.

    Raises NotAllowed, CaseNotFound, or CaseChanged naming who changed the case last.
    """
    require(by, needs)
    row = session.get(CaseRow, case_id, with_for_update=LOCKED, populate_existing=True)
    if row is None:
        raise CaseNotFound("Case {number} does not exist (any more).", number=case_id)
    if version is not None and row.version != version:
        raise CaseChanged(_what_changed(session, case_id))
    session.info.setdefault(_SEEN, {})[case_id] = {name: getattr(row, name) for name in RESTORED}
    return row


def changed(
    session: Session,
    case: CaseRow,
    kind: EventKind,
    *,
    by: Actor,
    now: datetime,
    detail: Mapping[str, Any] | None = None,
) -> CaseRow:
    """Save a changed case: raise its version and append the event."""
    if kind in REVERSIBLE:
        detail = {**(detail or {}), "before": _before(session, case)}
    case.version += 1
    session.add(case)
    note_event(session, case, kind, by=by, now=now, detail=detail)
    session.flush()
    return case


def _before(session: Session, case: CaseRow) -> dict[str, Any]:
    """What stood in the changed parts of a case when it was loaded, as JSON."""
    seen: dict[str, Any] = session.info.get(_SEEN, {}).get(case.id, {})
    return {name: _plain(value) for name, value in seen.items() if getattr(case, name) != value}


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else getattr(value, "value", value)


def note_event(
    session: Session,
    case: CaseRow,
    kind: EventKind,
    *,
    by: Actor,
    now: datetime,
    detail: Mapping[str, Any] | None = None,
) -> None:
    """Append an event without changing the case."""
    assert case.id is not None
    session.add(
        CaseEventRow(
            case_id=case.id, at=now, actor_id=by.id, actor_name=by.name, kind=kind.value, detail=dict(detail or {})
        )
    )


def customer_messages(session: Session, case_id: int) -> list[MentionRow]:
    """The customers' messages of a case that still stand, oldest first."""
    query = (
        select(MentionRow)
        .where(
            MentionRow.case_id == case_id,
            col(MentionRow.is_ours).is_(False),
            col(MentionRow.deleted_at).is_(None),
        )
        .order_by(col(MentionRow.posted_at), col(MentionRow.id))
    )
    return list(session.exec(query))


def typed_text(text: str, what: str) -> str:
    """A person's text, trimmed; raises WebcareError when it is empty or longer than MAX_TEXT.

    `what`: "reply", "note", "reason" and so on, as the tables above have them.
    """
    text = text.replace("\x00", "").strip()
    if not text:
        raise WebcareError(_EMPTY[what])
    if len(text) > MAX_TEXT:
        raise WebcareError(_TOO_LONG[what], count=len(text), most=MAX_TEXT)
    return text


def _what_changed(session: Session, case_id: int) -> str:
    query = select(CaseEventRow).where(CaseEventRow.case_id == case_id).order_by(col(CaseEventRow.id).desc())
    last = session.exec(query).first()
    who = f"{last.actor_name} ({last.kind.replace('_', ' ')})" if last else "Somebody"
    return f"This case changed while you had it open: {who}. Your text is kept; look at what is new, then try again."
