"""The manager's first page: how fast customers were answered, and what still waits.

First response time runs from the moment the customer's message stood on the network to the moment our first reply
stood there (calendar time; our polling delay counts against us). Cases without an answer are never dropped and never
count as zero: they are listed as unanswered, and as late once their deadline has passed. Cohort: cases whose first
message was posted in the period.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from webcare.domain import ACTIVE_STATES, DeliveryState
from webcare.store.tables import AgentRow, CaseRow, DeliveryRow

#: Replies listed on the page.
_RECENT = 50


@dataclass(frozen=True, slots=True)
class ResponseTimes:
    """First response of one group of cases. Times are None while nothing was answered."""

    group: str
    cases: int
    answered: int
    late: int  #: answered after the deadline, or unanswered past it
    median: timedelta | None
    p90: timedelta | None


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


@dataclass(frozen=True, slots=True)
class Overview:
    """What the manager page shows for one period."""

    since: datetime
    until: datetime
    total: ResponseTimes
    by_queue: tuple[ResponseTimes, ...]
    by_topic: tuple[ResponseTimes, ...]
    by_channel: tuple[ResponseTimes, ...]
    by_sentiment: tuple[ResponseTimes, ...]
    waiting: int  #: active cases now, whatever their age
    overdue: int  #: of those, past their deadline
    replies: tuple[RecentReply, ...]


def overview(session: Session, *, now: datetime, days: float) -> Overview:
    """Figures over the last `days` days up to `now`."""
    since = now - timedelta(days=days)
    query = select(CaseRow).where(col(CaseRow.first_posted_at) >= since, col(CaseRow.first_posted_at) <= now)
    cases = list(session.exec(query))
    active = select(CaseRow.respond_by).where(col(CaseRow.state).in_(ACTIVE_STATES))
    deadlines = list(session.exec(active))
    return Overview(
        since=since,
        until=now,
        total=_measure("all", cases, now),
        by_queue=_grouped(cases, "queue", now),
        by_topic=_grouped(cases, "topic", now),
        by_channel=_grouped(cases, "channel", now),
        by_sentiment=_grouped(cases, "sentiment", now),
        waiting=len(deadlines),
        overdue=sum(deadline < now for deadline in deadlines),
        replies=_recent(session, since),
    )


def percentile(values: Sequence[timedelta], share: float) -> timedelta | None:
    """The smallest value that at least `share` (0..1] of the values do not exceed; None of no values."""
    if not values:
        return None
    rank = max(1, -(-len(values) * round(share * 1000) // 1000))
    return sorted(values)[rank - 1]


def _grouped(cases: Iterable[CaseRow], attribute: str, now: datetime) -> tuple[ResponseTimes, ...]:
    groups: dict[str, list[CaseRow]] = defaultdict(list)
    for case in cases:
        groups[getattr(case, attribute)].append(case)
    measured = [_measure(name, members, now) for name, members in groups.items()]
    return tuple(sorted(measured, key=lambda one: (-one.cases, one.group)))


def _measure(group: str, cases: Sequence[CaseRow], now: datetime) -> ResponseTimes:
    times = [case.first_response_at - case.first_posted_at for case in cases if case.first_response_at is not None]
    return ResponseTimes(
        group=group,
        cases=len(cases),
        answered=len(times),
        late=sum(_is_late(case, now) for case in cases),
        median=percentile(times, 0.5),
        p90=percentile(times, 0.9),
    )


def _is_late(case: CaseRow, now: datetime) -> bool:
    if case.first_response_at is not None:
        return case.first_response_at > case.first_respond_by
    return case.state in ACTIVE_STATES and case.first_respond_by < now


def _recent(session: Session, since: datetime) -> tuple[RecentReply, ...]:
    query = (
        select(DeliveryRow, CaseRow, AgentRow.name)
        .join(CaseRow, col(CaseRow.id) == col(DeliveryRow.case_id))
        .join(AgentRow, col(AgentRow.id) == col(DeliveryRow.author_id))
        .where(DeliveryRow.state == DeliveryState.SENT.value, col(DeliveryRow.posted_at) >= since)
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
