"""Replies that were taken off the network again: why, by whom, and how long they stood.

How long is from the moment the network had the reply to the moment it was gone. A reply in parts counts once for each
post.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from webcare.store.tables import CaseEventRow, CaseRow, DeliveryRow

#: The event `webcare.cases` writes; reports only read what it wrote.
_RETRACTED = "reply_retracted"
#: Retractions listed on the page.
_RECENT = 50


@dataclass(frozen=True, slots=True)
class Retraction:
    """One reply that does not stand any more."""

    case_id: int
    channel: str
    customer: str
    at: datetime
    asked_by: str
    reason: str
    text: str  #: what it said; empty where a colleague wrote it on the network itself
    stood: timedelta | None  #: None where nobody knows since when


def retractions(session: Session, *, since: datetime) -> tuple[Retraction, ...]:
    """Replies retracted since then, newest first; at most 50."""
    query = (
        select(CaseEventRow, CaseRow)
        .join(CaseRow, col(CaseRow.id) == col(CaseEventRow.case_id))
        .where(CaseEventRow.kind == _RETRACTED, col(CaseEventRow.at) >= since)
        .order_by(col(CaseEventRow.id).desc())
        .limit(_RECENT)
    )
    return tuple(_retraction(session, event, case) for event, case in session.exec(query))


def _retraction(session: Session, event: CaseEventRow, case: CaseRow) -> Retraction:
    detail = event.detail
    delivery = session.get(DeliveryRow, detail["delivery_id"]) if detail.get("delivery_id") else None
    stood = detail.get("stood_s")
    return Retraction(
        case_id=event.case_id,
        channel=case.channel,
        customer=case.customer_name or case.customer_handle,
        at=event.at,
        asked_by=detail.get("asked_by", ""),
        reason=detail.get("reason", ""),
        text=delivery.text if delivery is not None else "",
        stood=timedelta(seconds=stood) if stood is not None else None,
    )
