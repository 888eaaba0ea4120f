"""What the desk looks like at this moment, for a screen on the wall: what waits, for how long, and who is there.

Counts and ages only: no words of customers, and nobody's work is counted by name.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func
from sqlmodel import Session, col, select

from webcare.cases.at_work import AtWork, Colleague, colleagues_at_work
from webcare.domain import ACTIVE_STATES, QUEUES, DeliveryState
from webcare.store.tables import CaseRow, DeliveryRow
from webcare.store.tables_desk import ApprovalRow, HandoverRow, PromiseRow
from webcare.store.tables_incidents import IncidentCaseRow, IncidentRow

#: What is due sooner than this is told as due soon.
SOON = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Standing:
    """One queue, or all of them, at this moment."""

    queue: str
    waiting: int
    overdue: int
    soon: int  #: due within SOON
    untaken: int  #: nobody has them
    oldest: datetime | None  #: since when the customer who waits longest does
    next_due: datetime | None


@dataclass(frozen=True, slots=True)
class OpenIncident:
    """Something that went wrong for many at once and is not over."""

    id: int
    name: str
    since: datetime
    hit: int  #: cases on its list
    alarm: bool  #: nobody looked at it yet


@dataclass(frozen=True, slots=True)
class Wallboard:
    """Everything the wall shows."""

    total: Standing
    queues: tuple[Standing, ...]
    at_work: tuple[Colleague, ...]
    approvals: int  #: replies that wait for a colleague's yes
    approval_since: datetime | None
    questions: int  #: questions to the second line without an answer
    question_since: datetime | None
    promises_late: int
    promises_today: int
    answered: int  #: answers posted since the day began
    stuck: int  #: replies of which nobody knows whether they were posted
    incidents: tuple[OpenIncident, ...]


def wallboard(session: Session, *, now: datetime, day_began: datetime, rule: AtWork) -> Wallboard:
    """The desk at `now`; `day_began` is midnight in the zone of the screen."""
    queues = _queues(session, now)
    approvals, approval_since = _since(session, ApprovalRow.asked_at, col(ApprovalRow.state) == "pending")
    questions, question_since = _since(session, HandoverRow.asked_at, col(HandoverRow.closed_at).is_(None))
    late, today = _promises(session, now, day_began + timedelta(days=1))
    return Wallboard(
        total=_sum(queues),
        queues=queues,
        at_work=tuple(one for one in colleagues_at_work(session) if one.is_in(now, rule)),
        approvals=approvals,
        approval_since=approval_since,
        questions=questions,
        question_since=question_since,
        promises_late=late,
        promises_today=today,
        answered=_sent_since(session, day_began),
        stuck=_stuck(session),
        incidents=_incidents(session),
    )


def _queues(session: Session, now: datetime) -> tuple[Standing, ...]:
    due = col(CaseRow.respond_by)
    query = (
        select(  # type: ignore[call-overload]
            col(CaseRow.queue),
            func.count(),
            func.count().filter(due < now),
            func.count().filter(due >= now, due < now + SOON),
            func.count().filter(col(CaseRow.assignee_id).is_(None)),
            func.min(col(CaseRow.waiting_since)),
            func.min(due),
        )
        .where(col(CaseRow.state).in_(ACTIVE_STATES))
        .group_by(col(CaseRow.queue))
    )
    found = {row[0]: Standing(*row) for row in session.execute(query)}
    empty = (Standing(name, 0, 0, 0, 0, None, None) for name in QUEUES if name not in found)
    order = {name: place for place, name in enumerate(QUEUES)}
    return tuple(sorted((*found.values(), *empty), key=lambda one: (order.get(one.queue, len(order)), one.queue)))


def _sum(queues: tuple[Standing, ...]) -> Standing:
    return Standing(
        "",
        sum(one.waiting for one in queues),
        sum(one.overdue for one in queues),
        sum(one.soon for one in queues),
        sum(one.untaken for one in queues),
        min((one.oldest for one in queues if one.oldest), default=None),
        min((one.next_due for one in queues if one.next_due), default=None),
    )


def _since(session: Session, moment: Any, which: Any) -> tuple[int, datetime | None]:
    count, oldest = session.execute(select(func.count(), func.min(moment)).where(which)).one()
    return count, oldest


def _promises(session: Session, now: datetime, day_ends: datetime) -> tuple[int, int]:
    due = col(PromiseRow.due_at)
    query = select(func.count().filter(due < now), func.count().filter(due >= now, due < day_ends)).where(
        PromiseRow.state == "open"
    )
    late, today = session.execute(query).one()
    return late, today


def _sent_since(session: Session, moment: datetime) -> int:
    query = select(func.count()).where(
        col(DeliveryRow.state) == DeliveryState.SENT.value,
        col(DeliveryRow.posted_at) >= moment,
        col(DeliveryRow.follows_id).is_(None),
        col(DeliveryRow.survey).is_(False),
    )
    return int(session.execute(query).scalar_one())


def _stuck(session: Session) -> int:
    query = select(func.count()).where(col(DeliveryRow.state) == DeliveryState.NEEDS_HUMAN.value)
    return int(session.execute(query).scalar_one())


def _incidents(session: Session) -> tuple[OpenIncident, ...]:
    rows = session.exec(
        select(IncidentRow).where(col(IncidentRow.state).in_(("alarm", "open"))).order_by(col(IncidentRow.id))
    ).all()
    hit = dict(
        session.execute(
            select(col(IncidentCaseRow.incident_id), func.count())
            .where(col(IncidentCaseRow.incident_id).in_([row.id for row in rows]))
            .group_by(col(IncidentCaseRow.incident_id))
        ).all()
    )
    return tuple(
        OpenIncident(
            row.id or 0,
            row.name or row.series,
            row.opened_at or row.found_at,
            hit.get(row.id or 0, row.count),
            row.state == "alarm",
        )
        for row in rows
    )
