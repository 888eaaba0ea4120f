"""The replies that left last, with how long after the customer's first message each stood there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from webcare.domain import DeliveryState
from webcare.store.tables import AgentRow, CaseRow, DeliveryRow

#: Replies listed on the page.
_RECENT = 50


@dataclass(frozen=True, slots=True)
class RecentReply:
    """One reply that the network confirmed."""

    case_id: int
    channel: str
    author: str
    customer: str
    text: str
    posted_at: datetime
    took: timedelta  #: from the customer's first message of the case
    first: bool  #: whether it was the case's first response


def percentile(values: Sequence[timedelta], share: float) -> timedelta | None:
    """The smallest value that at least `share` (0..1] of the values do not exceed; None of no values."""
    if not values:
        return None
    rank = max(1, -(-len(values) * round(share * 1000) // 1000))
    return sorted(values)[rank - 1]


def recent_replies(session: Session, since: datetime) -> tuple[RecentReply, ...]:
    """Replies the network confirmed since then, newest first; at most 50."""
    query = (
        select(DeliveryRow, CaseRow, AgentRow.name)
        .join(CaseRow, col(CaseRow.id) == col(DeliveryRow.case_id))
        .join(AgentRow, col(AgentRow.id) == col(DeliveryRow.author_id))
        .where(
            DeliveryRow.state == DeliveryState.SENT.value,
            col(DeliveryRow.posted_at) >= since,
            col(DeliveryRow.survey).is_(False),
        )
        .order_by(col(DeliveryRow.posted_at).desc())
        .limit(_RECENT)
    )
    return tuple(_reply(delivery, case, author) for delivery, case, author in session.exec(query))


def _reply(delivery: DeliveryRow, case: CaseRow, author: str) -> RecentReply:
    assert delivery.posted_at is not None
    return RecentReply(
        case_id=delivery.case_id,
        channel=case.channel,
        author=author,
        customer=case.customer_name or case.customer_handle,
        text=delivery.text,
        posted_at=delivery.posted_at,
        took=delivery.posted_at - case.first_posted_at,
        first=delivery.posted_at == case.first_response_at,
    )
