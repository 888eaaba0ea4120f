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

from webcare.domain import Actor
from webcare.errors import CaseChanged, CaseNotFound, WebcareError
from webcare.people import Permission, require
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
    CLAIMED = "claimed"
    ASSIGNED = "assigned"
    HANDED_OVER = "handed_over"
    HANDED_BACK = "handed_back"
    NOTED = "noted"
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
    SLIP_REPORTED = "slip_reported"  #: a reply that should have been held


def load(session: Session, case_id: int) -> CaseRow:
    """The case with this id; raises CaseNotFound."""
    row = session.get(CaseRow, case_id)
    if row is None:
        raise CaseNotFound(f"Case {case_id} does not exist (any more).")
    return row


def load_to_change(
    session: Session, case_id: int, *, by: Actor, needs: Permission, version: int | None = None
) -> CaseRow:
    """The case, locked for this transaction, after checking the permission and the version the person saw.

    Raises NotAllowed, CaseNotFound, or CaseChanged naming who changed the case last.
    """
    require(by, needs)
    row = session.get(CaseRow, case_id, with_for_update=True, populate_existing=True)
    if row is None:
        raise CaseNotFound(f"Case {case_id} does not exist (any more).")
    if version is not None and row.version != version:
        raise CaseChanged(_what_changed(session, case_id))
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
    case.version += 1
    session.add(case)
    note_event(session, case, kind, by=by, now=now, detail=detail)
    session.flush()
    return case


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
    """A person's text, trimmed; raises WebcareError when it is empty or longer than MAX_TEXT."""
    text = text.replace("\x00", "").strip()
    if not text:
        raise WebcareError(f"The {what} is empty.")
    if len(text) > MAX_TEXT:
        raise WebcareError(f"The {what} has {len(text)} characters; at most {MAX_TEXT} fit.")
    return text


def _what_changed(session: Session, case_id: int) -> str:
    query = select(CaseEventRow).where(CaseEventRow.case_id == case_id).order_by(col(CaseEventRow.id).desc())
    last = session.exec(query).first()
    who = f"{last.actor_name} ({last.kind.replace('_', ' ')})" if last else "Somebody"
    return f"This case changed while you had it open: {who}. Your text is kept; look at what is new, then try again."
