"""Incidents as pages show them: the list, one with everybody it hit, its timeline, and the report afterwards."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func
from sqlmodel import Session, col, select

from webcare import audit
from webcare.domain import Actor
from webcare.errors import WebcareError
from webcare.incidents.afterwards import NO_FALSE_STARTS, FalseStarts, Posted, false_starts, posted
from webcare.incidents.hit import Hit, everyone
from webcare.incidents.mode import ALARM, CLOSED, FALSE_ALARM, subject_of
from webcare.incidents.texts import Wording, wordings
from webcare.people import Permission, require
from webcare.store.incident_mode import OPEN
from webcare.store.tables import CaseRow, DeliveryRow
from webcare.store.tables_desk import AuditRow
from webcare.store.tables_incidents import IncidentCaseRow, IncidentRow, IncidentUseRow

_SHOWN = 200
#: What the timeline is made of; each is written by one verb.
EVENTS = (
    "incident_alarm", "incident_opened", "incident_changed", "incident_false_alarm", "incident_linked",
    "incident_left_out", "incident_text", "incident_text_approved", "incident_text_withdrawn", "incident_holding",
    "incident_outcome", "incident_closed", "incident_reported",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Incident:
    """One alarm or incident. `series` is what rose; `words` are what the messages have in common."""

    id: int
    state: str
    name: str
    series: str
    words: tuple[str, ...]
    count: int
    expected: float
    window: timedelta
    found_at: datetime
    opened_at: datetime | None
    jokes: str
    defect: str
    outcome: str
    outcome_at: datetime | None
    closed_at: datetime | None
    reason: str
    version: int
    hit: int = 0  #: cases on the list

    @property
    def by_hand(self) -> bool:
        """Whether a person opened it without an alarm."""
        return not self.series


@dataclass(frozen=True, slots=True)
class Precision:
    """How many alarms were right, among those a person judged."""

    right: int
    false: int
    unjudged: int

    @property
    def share(self) -> float | None:
        """The right ones among those that were judged; None while none was."""
        judged = self.right + self.false
        return self.right / judged if judged else None


@dataclass(frozen=True, slots=True)
class Whole:
    """One incident with everything of it."""

    incident: Incident
    hit: tuple[Hit, ...]
    texts: tuple[Wording, ...]
    timeline: tuple[audit.Entry, ...]

    @property
    def left(self) -> int:
        """How many still have to be told."""
        return sum(one.is_left for one in self.hit)


@dataclass(frozen=True, slots=True)
class Report:
    """What an incident came to. Times are from the first message of those hit."""

    whole: Whole
    made_at: datetime
    customers: int
    by_channel: Mapping[str, int]
    by_language: Mapping[str, int]
    first_at: datetime | None
    to_alarm: timedelta | None
    to_first_text: timedelta | None  #: the first holding text that stood on the network
    to_outcome: timedelta | None
    to_last_told: timedelta | None
    texts_sent: int
    told: int
    left_out: int
    with_names: bool
    posted: tuple[Posted, ...] = ()
    false_starts: FalseStarts = NO_FALSE_STARTS

    @property
    def until(self) -> datetime:
        """Up to when somebody who was not told waited: the end of the incident, or now."""
        return self.whole.incident.closed_at or self.made_at

    @property
    def waits(self) -> tuple[timedelta, ...]:
        """How long each customer waited for the outcome from their message on, the longest first.

        Who was left out, or is gone, waits for nothing.
        """
        spans = ((one.told_at or self.until) - one.posted_at for one in self.whole.hit if one.told_at or one.is_left)
        return tuple(sorted(spans, reverse=True))


def incidents(session: Session, *, by: Actor, limit: int = _SHOWN) -> tuple[Incident, ...]:
    """The newest alarms and incidents, those that need somebody first. Raises NotAllowed without SEE_CASES."""
    require(by, Permission.SEE_CASES)
    rows = list(session.exec(select(IncidentRow).order_by(col(IncidentRow.id).desc()).limit(limit)))
    counts = _counts(session, [row.id or 0 for row in rows])
    order = {OPEN: 0, ALARM: 1}
    found = [incident_of(row, counts.get(row.id or 0, 0)) for row in rows]
    return tuple(sorted(found, key=lambda one: order.get(one.state, 2)))


def whole(session: Session, incident_id: int, *, by: Actor) -> Whole:
    """One incident with its list, texts and timeline. Raises NotAllowed without SEE_CASES, WebcareError."""
    require(by, Permission.SEE_CASES)
    row = session.get(IncidentRow, incident_id)
    if row is None:
        raise WebcareError("There is no such incident.")
    hit = everyone(session, row)
    return Whole(incident_of(row, len(hit)), hit, wordings(session, incident_id), _timeline(session, incident_id))


def open_now(session: Session) -> tuple[Incident, ...]:
    """What the banner tells: open incidents, and alarms that nobody looked at; the oldest first."""
    query = select(IncidentRow).where(col(IncidentRow.state).in_((OPEN, ALARM))).order_by(col(IncidentRow.id))
    rows = list(session.exec(query))
    counts = _counts(session, [row.id or 0 for row in rows]) if rows else {}
    return tuple(incident_of(row, counts.get(row.id or 0, 0)) for row in rows)


def precision(session: Session, *, since: datetime) -> Precision:
    """How many alarms since a moment were right: opened by a person, and not called false."""
    query = (
        select(IncidentRow.state, func.count())
        .where(IncidentRow.series != "", col(IncidentRow.found_at) >= since)
        .group_by(col(IncidentRow.state))
    )
    counted: dict[str, int] = dict(session.exec(query).all())
    return Precision(counted.get(OPEN, 0) + counted.get(CLOSED, 0), counted.get(FALSE_ALARM, 0), counted.get(ALARM, 0))


def report(session: Session, incident_id: int, *, by: Actor, now: datetime, with_names: bool = False) -> Report:
    """What an incident came to, for whoever must answer for it; `with_names` is written down.

    Raises NotAllowed without SEE_CASES, or with names without RUN_INCIDENTS.
    """
    found = whole(session, incident_id, by=by)
    if with_names:
        require(by, Permission.RUN_INCIDENTS)
        audit.record(session, "incident_reported", by=by, now=now, subject=subject_of(incident_id), after={"names": 1})
    first = min((one.posted_at for one in found.hit), default=None)
    sent = _sent(session, incident_id)
    alarm = found.incident.found_at if not found.incident.by_hand else None
    told = [one.told_at for one in found.hit if one.told_at is not None]
    return Report(
        whole=found,
        made_at=now,
        customers=_customers(session, incident_id),
        by_channel=Counter(one.channel for one in found.hit),
        by_language=Counter(one.language for one in found.hit),
        first_at=first,
        to_alarm=_since(first, alarm),
        to_first_text=_since(first, min(sent, default=None)),
        to_outcome=_since(first, found.incident.outcome_at),
        to_last_told=_since(first, max(told, default=None)),
        texts_sent=len(sent),
        told=len(told),
        left_out=sum(bool(one.left_out) or one.is_gone for one in found.hit),
        with_names=with_names,
        posted=posted(session, incident_id),
        false_starts=false_starts(session, incident_id, series=found.incident.series, found_at=found.incident.found_at),
    )


def _customers(session: Session, incident_id: int) -> int:
    query = (
        select(CaseRow.channel, CaseRow.customer_id)
        .join(IncidentCaseRow, col(IncidentCaseRow.case_id) == col(CaseRow.id))
        .where(IncidentCaseRow.incident_id == incident_id)
        .distinct()
    )
    return len(session.exec(query).all())


def _since(first: datetime | None, at: datetime | None) -> timedelta | None:
    return at - first if first is not None and at is not None else None


def _sent(session: Session, incident_id: int) -> Sequence[datetime]:
    query = (
        select(DeliveryRow.posted_at)
        .join(IncidentUseRow, col(IncidentUseRow.delivery_id) == col(DeliveryRow.id))
        .where(IncidentUseRow.incident_id == incident_id, col(DeliveryRow.posted_at).is_not(None))
    )
    return [at for at in session.exec(query) if at is not None]


def _timeline(session: Session, incident_id: int) -> tuple[audit.Entry, ...]:
    query: Any = (
        select(AuditRow)
        .where(col(AuditRow.what).in_(EVENTS), AuditRow.subject == subject_of(incident_id))
        .order_by(col(AuditRow.id))
    )
    return tuple(
        audit.Entry(row.id or 0, row.at, row.agent_name, row.what, row.subject, row.before, row.after)
        for row in session.exec(query)
    )


def _counts(session: Session, ids: Sequence[int]) -> dict[int, int]:
    query = (
        select(IncidentCaseRow.incident_id, func.count())
        .where(col(IncidentCaseRow.incident_id).in_(ids))
        .group_by(col(IncidentCaseRow.incident_id))
    )
    return dict(session.exec(query).all())


def incident_of(row: IncidentRow, hit: int = 0) -> Incident:
    """A row as pages show it; `hit` cases are on its list."""
    assert row.id is not None
    return Incident(
        row.id,
        row.state,
        row.name,
        row.series,
        tuple(row.words),
        row.count,
        row.expected,
        timedelta(seconds=row.window_s),
        row.found_at,
        row.opened_at,
        row.jokes,
        row.defect,
        row.outcome,
        row.outcome_at,
        row.closed_at,
        row.reason,
        row.version,
        hit,
    )
