"""What a retraction means here: which posts go, what becomes of their text, and how the case stands afterwards."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import update
from sqlmodel import Session, col, select

from webcare.cases.closing import back_in_queue
from webcare.cases.parts import all_parts, is_made_up
from webcare.cases.promises import drop_retracted
from webcare.cases.record import EventKind, changed, customer_messages, load
from webcare.cases.replies import restore_draft
from webcare.channels.base import GoneReason
from webcare.domain import ACTIVE_STATES, Actor, DeliveryState
from webcare.errors import CaseStateRefused
from webcare.store.tables import CaseRow, ChannelActionRow, DeliveryRow, MentionRow

_UNSURE = (DeliveryState.SENDING, DeliveryState.UNCONFIRMED, DeliveryState.NEEDS_HUMAN)


def take_off(
    session: Session, case: CaseRow, external_id: str, *, reason: str, now: datetime
) -> list[tuple[str, int | None]]:
    """The posts that have to go with this one, as (external id, delivery id), newest first; their text is a draft now.

    Raises CaseStateRefused while nobody knows whether a further part of the answer stands there.
    """
    delivery = _delivery(session, case.account_id, external_id)
    if delivery is None:
        # A colleague wrote it on the network itself.
        return [(external_id, None)]
    parts = all_parts(session, delivery)
    if any(part.state in _UNSURE for part in parts):
        raise CaseStateRefused("A part of this reply is still on its way; wait until the network has it.")
    _cancel(session, [part for part in parts if part.state == DeliveryState.PENDING])
    standing = [part for part in parts if part.state == DeliveryState.SENT and part.retracted_at is None]
    for part in standing:
        part.retract_reason = reason
        session.add(part)
    restore_draft(session, parts[0], now=now)
    known = [(part.external_id or "", part.id) for part in reversed(standing)]
    return [one for one in known if one[0] and not is_made_up(one[0])]


def is_retracted(session: Session, action: ChannelActionRow, *, now: datetime, by: Actor) -> None:
    """The network took the post off: remove its text here, let the customer's message wait again, say how long it was.

    First response times stay as they were: the customer did read an answer.
    """
    case = load(session, action.case_id)
    post = _post(session, action.account_id, action.target_external_id)
    delivery = _delivery(session, action.account_id, action.target_external_id)
    posted_at = delivery.posted_at if delivery is not None else post.posted_at if post is not None else None
    if post is not None:
        post.deleted_at, post.gone_reason, post.text = now, GoneReason.DELETED.value, ""
        post.raw, post.media = {}, []
        session.add(post)
    if delivery is not None:
        delivery.retracted_at = now
        session.add(delivery)
        drop_retracted(session, delivery.id or 0, now=now)
    session.flush()
    _wait_again(session, case)
    detail = {
        "post": action.target_external_id,
        "delivery_id": delivery.id if delivery is not None else None,
        "reason": delivery.retract_reason if delivery is not None else "",
        "asked_by": action.agent_name,
        "stood_s": round((now - posted_at).total_seconds()) if posted_at is not None else None,
    }
    changed(session, case, EventKind.REPLY_RETRACTED, by=by, now=now, detail=detail)


def still_stands(session: Session, action: ChannelActionRow) -> None:
    """The network did not take the post off: it is our answer as before."""
    delivery = _delivery(session, action.account_id, action.target_external_id)
    if delivery is not None:
        delivery.retract_reason = ""
        session.add(delivery)


def _wait_again(session: Session, case: CaseRow) -> None:
    assert case.id is not None
    query = select(DeliveryRow.created_at).where(
        DeliveryRow.case_id == case.id,
        DeliveryRow.state == DeliveryState.SENT.value,
        col(DeliveryRow.retracted_at).is_(None),
    )
    answered_until = max(session.exec(query), default=None)
    open_ = [
        message
        for message in customer_messages(session, case.id)
        if answered_until is None or message.collected_at > answered_until
    ]
    if not open_:
        return
    case.waiting_since = case.waiting_since or open_[0].posted_at
    if case.state not in ACTIVE_STATES:
        back_in_queue(case)


def _cancel(session: Session, waiting: list[DeliveryRow]) -> None:
    stopped = session.execute(
        update(DeliveryRow)
        .where(
            col(DeliveryRow.id).in_([part.id for part in waiting]),
            col(DeliveryRow.state) == DeliveryState.PENDING.value,
        )
        .values(state=DeliveryState.CANCELLED.value)
    )
    if stopped.rowcount != len(waiting):  # type: ignore[attr-defined]
        raise CaseStateRefused("A part of this reply just left; try again in a moment.")
    for part in waiting:
        session.refresh(part)


def _delivery(session: Session, account_id: int, external_id: str) -> DeliveryRow | None:
    query = select(DeliveryRow).where(DeliveryRow.account_id == account_id, DeliveryRow.external_id == external_id)
    return session.exec(query).first()


def _post(session: Session, account_id: int, external_id: str) -> MentionRow | None:
    query = select(MentionRow).where(MentionRow.account_id == account_id, MentionRow.external_id == external_id)
    return session.exec(query).first()
