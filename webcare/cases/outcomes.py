"""What became of a reply: written by `delivery`, each with the fence of the attempt that learned it.

Every function returns False, and writes nothing, when the row has moved on to another attempt or a final state.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import update
from sqlmodel import Session, col, select

from webcare.cases.approvals import overtake
from webcare.cases.closing import back_in_queue
from webcare.cases.deadlines import keep_late_answer
from webcare.cases.jokes import remember_joke
from webcare.cases.parts import is_made_up, made_up_id, parts_from
from webcare.cases.promises import note_promises
from webcare.cases.record import EventKind, changed, customer_messages, load, load_to_change, note_event
from webcare.cases.replies import restore_draft
from webcare.cases.surveys import question_failed, question_sent
from webcare.domain import ACTIVE_STATES, Actor, CaseState, DeliveryState, MentionKind, Posted, ReplyWay
from webcare.errors import CaseStateRefused
from webcare.people import Permission
from webcare.store.mentions import ensure_threads
from webcare.store.tables import AccountRow, CaseRow, DeliveryRow, MentionRow

#: States in which a proof from the network may still arrive: a slow answer can come after a read-back gave up, and a
#: post may show when its reply was ended for another reason.
_OPEN_TO_PROOF = (
    DeliveryState.SENDING,
    DeliveryState.UNCONFIRMED,
    DeliveryState.PENDING,
    DeliveryState.NEEDS_HUMAN,
    DeliveryState.FAILED,
)
_IN_DOUBT = (DeliveryState.SENDING, DeliveryState.UNCONFIRMED)
SENDER = Actor.system("delivery")


def record_sent(
    session: Session, delivery_id: int, attempt: int, *, posted: Posted, now: datetime, by: Actor = SENDER
) -> bool:
    """The network proved it: show it in the thread, stop the clock, wait for the customer."""
    row = _settle(session, delivery_id, attempt, DeliveryState.SENT, _OPEN_TO_PROOF, **_proof(posted))
    if row is None:
        return False
    detail = {"delivery_id": row.id, "url": posted.url, "way": row.way}
    _stands_there(session, row, posted, EventKind.REPLY_SENT, by=by, now=now, detail=detail)
    return True


def put_sent(
    session: Session,
    delivery: DeliveryRow,
    posted: Posted,
    kind: EventKind,
    *,
    by: Actor,
    now: datetime,
    detail: dict[str, Any],
) -> None:
    """The same for a reply that stood on the network before it was approved here."""
    assert delivery.id is not None
    session.flush()
    row = _settle(session, delivery.id, 0, DeliveryState.SENT, (DeliveryState.PENDING,), **_proof(posted))
    assert row is not None
    _stands_there(session, row, posted, kind, by=by, now=now, detail=detail)


def _proof(posted: Posted) -> dict[str, Any]:
    return {"external_id": posted.external_id, "posted_at": posted.posted_at, "url": posted.url, "error": ""}


def _stands_there(
    session: Session,
    row: DeliveryRow,
    posted: Posted,
    kind: EventKind,
    *,
    by: Actor,
    now: datetime,
    detail: dict[str, Any],
) -> None:
    case = load(session, row.case_id)
    _show_in_thread(session, row, posted, now)
    if row.survey:
        question_sent(session, row, now=now)
        return
    remember_joke(session, case, row)
    note_promises(session, case, row, posted_at=posted.posted_at, now=now)
    overtake(session, row.case_id, by=by, now=now, answer={"delivery_id": row.id})
    keep_late_answer(session, case, posted_at=posted.posted_at, now=now)
    _stop_clock(session, case, row, posted)
    changed(session, case, kind, by=by, now=now, detail=detail)


def record_failed(
    session: Session, delivery_id: int, attempt: int, *, code: str, error: str, now: datetime, by: Actor = SENDER
) -> bool:
    """The reply will not go out: keep its text as a draft, put the case back before people, say why.

    Parts of the same answer that come after it will not go out either; their text is in the draft.
    """
    open_to_failure = (DeliveryState.PENDING, *_IN_DOUBT, DeliveryState.NEEDS_HUMAN)
    row = _settle(session, delivery_id, attempt, DeliveryState.FAILED, open_to_failure, error_code=code, error=error)
    if row is None:
        return False
    for part in parts_from(session, row)[1:]:
        assert part.id is not None
        values = {"error_code": "part_before", "error": "The part before it did not go out."}
        _settle(session, part.id, part.attempt, DeliveryState.FAILED, (DeliveryState.PENDING,), **values)
    if row.survey:
        question_failed(session, row, error=error, now=now)
        return True
    case = load(session, row.case_id)
    restore_draft(session, row, now=now)
    if case.state not in ACTIVE_STATES:
        back_in_queue(case)
    detail = {"delivery_id": row.id, "code": code, "error": error}
    changed(session, case, EventKind.REPLY_FAILED, by=by, now=now, detail=detail)
    return True


def record_postponed(
    session: Session, delivery_id: int, attempt: int, *, until: datetime, code: str, error: str
) -> bool:
    """Surely nothing was posted: try again later. No event, this can happen often."""
    values = {"not_before": until, "error_code": code, "error": error}
    row = _settle(session, delivery_id, attempt, DeliveryState.PENDING, (DeliveryState.SENDING,), **values)
    return row is not None


def record_unconfirmed(
    session: Session, delivery_id: int, attempt: int, *, look_after: datetime, code: str, error: str, now: datetime
) -> bool:
    """Nobody knows whether it stands there: look before anything else."""
    values = {"reconcile_after": look_after, "error_code": code, "error": error, "absent_checks": 0}
    row = _settle(session, delivery_id, attempt, DeliveryState.UNCONFIRMED, (DeliveryState.SENDING,), **values)
    return _noted(session, row, EventKind.REPLY_UNCONFIRMED, now, {"error": error})


def record_absent(session: Session, delivery_id: int, attempt: int, *, look_after: datetime, checks: int) -> bool:
    """One read-back did not find it: look once more later."""
    values = {"reconcile_after": look_after, "absent_checks": checks}
    return _settle(session, delivery_id, attempt, DeliveryState.UNCONFIRMED, _IN_DOUBT, **values) is not None


def record_requeued(session: Session, delivery_id: int, attempt: int, *, now: datetime) -> bool:
    """Read back twice and surely not there: it may be sent again."""
    row = _settle(session, delivery_id, attempt, DeliveryState.PENDING, _IN_DOUBT, not_before=now, absent_checks=0)
    return _noted(session, row, EventKind.REPLY_REQUEUED, now, {})


def record_needs_human(session: Session, delivery_id: int, attempt: int, *, error: str, now: datetime) -> bool:
    """Read-back cannot settle it: a person looks at the network and decides."""
    row = _settle(session, delivery_id, attempt, DeliveryState.NEEDS_HUMAN, _IN_DOUBT, error=error)
    return _noted(session, row, EventKind.REPLY_NEEDS_HUMAN, now, {"error": error})


def settle_by_hand(session: Session, delivery_id: int, *, posted: bool, by: Actor, now: datetime) -> None:
    """A person looked at the network: the reply stands there, or it does not (its text becomes a draft again).

    Raises CaseStateRefused when nobody needs to decide about this reply.
    """
    row = session.get(DeliveryRow, delivery_id)
    if row is None or row.state != DeliveryState.NEEDS_HUMAN:
        raise CaseStateRefused("This reply does not wait for a decision.")
    load_to_change(session, row.case_id, by=by, needs=Permission.SEND_REPLY)
    if posted:
        proof = Posted(external_id=made_up_id(row), posted_at=row.attempt_started_at or now)
        record_sent(session, delivery_id, row.attempt, posted=proof, now=now, by=by)
    else:
        error = f"{by.name} looked: it is not on the network."
        record_failed(session, delivery_id, row.attempt, code="not_posted", error=error, now=now, by=by)


def _settle(
    session: Session,
    delivery_id: int,
    attempt: int,
    state: DeliveryState,
    allowed: tuple[DeliveryState, ...],
    **values: Any,
) -> DeliveryRow | None:
    result = session.execute(
        update(DeliveryRow)
        .where(
            col(DeliveryRow.id) == delivery_id,
            col(DeliveryRow.attempt) == attempt,
            col(DeliveryRow.state).in_([old.value for old in allowed]),
        )
        .values(state=state.value, **values)
    )
    if result.rowcount != 1:  # type: ignore[attr-defined]
        return None
    return session.get(DeliveryRow, delivery_id, populate_existing=True)


def _noted(session: Session, row: DeliveryRow | None, kind: EventKind, now: datetime, detail: dict[str, Any]) -> bool:
    if row is None:
        return False
    case = load(session, row.case_id)
    note_event(session, case, kind, by=SENDER, now=now, detail={"delivery_id": row.id, **detail})
    return True


def _show_in_thread(session: Session, row: DeliveryRow, posted: Posted, now: datetime) -> None:
    if is_made_up(posted.external_id):
        # The poller brings the post itself; until then the page shows what was approved.
        return
    known = select(MentionRow).where(
        MentionRow.account_id == row.account_id, MentionRow.external_id == posted.external_id
    )
    if (echo := session.exec(known).first()) is not None:
        # A poller saw our own post first; it now belongs to the case.
        echo.case_id = row.case_id
        session.add(echo)
        return
    account = session.get(AccountRow, row.account_id)
    assert account is not None
    threads, _ = ensure_threads(session, row.account_id, [row.thread_external_id])
    session.add(
        MentionRow(
            account_id=row.account_id,
            channel=account.channel,
            external_id=posted.external_id,
            thread_id=threads[row.thread_external_id],
            case_id=row.case_id,
            parent_external_id=row.target_external_id,
            # What only the customer can read never counts as said in public.
            kind=(MentionKind.DIRECT_MESSAGE.value if row.way == ReplyWay.PRIVATE.value else row.kind),
            author_external_id=account.external_id,
            author_name=account.name,
            author_handle=account.handle,
            text=row.text,
            posted_at=posted.posted_at,
            collected_at=now,
            url=posted.url,
            is_ours=True,
        )
    )


def _stop_clock(session: Session, case: CaseRow, row: DeliveryRow, posted: Posted) -> None:
    if case.first_response_at is None:
        case.first_response_at = posted.posted_at
    # A message that arrived while the reply was on its way has not been answered by it.
    later = [message for message in customer_messages(session, row.case_id) if message.collected_at > row.created_at]
    case.waiting_since = later[0].posted_at if later else None
    if not later and case.state in ACTIVE_STATES:
        case.state = CaseState.WAITING.value
