"""How long words of customers stay: decided in the browser, looked at first, removed by a job in small steps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, or_
from sqlmodel import Session, col, func, select

from webcare import policies
from webcare.domain import UNSETTLED_DELIVERIES, Actor, CaseState, MentionKind
from webcare.errors import WebcareError
from webcare.people import Permission, require
from webcare.policies import Policy
from webcare.retention.stripping import strip_case
from webcare.store import Store
from webcare.store.tables import CaseRow, DeliveryRow, MentionRow

POLICY = "retention"
#: Shown beside the fields; nothing is removed before somebody decides so.
RECOMMENDED = {"public_months": 24, "private_months": 12}
_MOST_MONTHS = 240
_MONTH = timedelta(days=30.4375)
#: Cases one run of the job takes; each in a transaction of its own.
_PER_RUN = 200


@dataclass(frozen=True, slots=True)
class Retention:
    """After how many months closed cases lose their words; None: never."""

    public_months: int | None = None
    private_months: int | None = None


NONE = Retention()


@dataclass(frozen=True, slots=True)
class Due:
    """What a retention would remove at a moment."""

    cases: int
    messages: int
    public_before: datetime | None
    private_before: datetime | None


def read_retention(value: Mapping[str, Any]) -> Retention:
    """Retention as a policy keeps it. Raises WebcareError naming what is wrong."""
    if set(value) - {"public_months", "private_months"}:
        raise WebcareError("This is not a retention.")
    return Retention(_months(value.get("public_months")), _months(value.get("private_months")))


def decide_retention(
    session: Session, value: Mapping[str, Any], *, seen: Due | None, by: Actor, now: datetime
) -> Policy:
    """Put a retention in force from now on. `seen` is the preview the person looked at.

    Raises NotAllowed, or WebcareError when more would be removed by now than was shown.
    """
    require(by, Permission.EDIT_POLICIES)
    due = look_ahead(session, read_retention(value), by=by, now=now)
    if seen is None or due.cases > seen.cases:
        raise WebcareError("Look at what it would remove first, then save it.")
    return policies.decide(session, POLICY, value, valid_from=now, by=by, now=now)


def look_ahead(session: Session, retention: Retention, *, by: Actor, now: datetime) -> Due:
    """What this retention would remove now. Raises NotAllowed."""
    require(by, Permission.EDIT_POLICIES)
    condition = _is_due(retention, now)
    if condition is None:
        return Due(0, 0, None, None)
    cases = session.exec(select(func.count()).select_from(CaseRow).where(condition)).one()
    messages = session.exec(
        select(func.count())
        .select_from(MentionRow)
        .join(CaseRow, col(CaseRow.id) == col(MentionRow.case_id))
        .where(condition, col(MentionRow.is_ours).is_(False), MentionRow.text != "")
    ).one()
    return Due(cases, messages, _before(retention.public_months, now), _before(retention.private_months, now))


def in_force(session: Session, *, at: datetime) -> Retention:
    """The retention that counts at a moment."""
    found = policies.in_force(session, POLICY, at=at)
    return read_retention(found.value) if found else NONE


def waits(session: Session, *, now: datetime) -> bool:
    """Whether the job has something to remove; a cheap look."""
    condition = _is_due(in_force(session, at=now), now)
    return condition is not None and session.exec(select(CaseRow.id).where(condition).limit(1)).first() is not None


def remove_due(store: Store, *, now: datetime, most: int = _PER_RUN) -> int:
    """Remove what is due, one case a transaction; gives how many cases lost their words. Open cases never do."""
    with store.read() as session:
        condition = _is_due(in_force(session, at=now), now)
        if condition is None:
            return 0
        ids = list(session.exec(select(CaseRow.id).where(condition).order_by(col(CaseRow.id)).limit(most)))
    removed = 0
    for case_id in ids:
        with store.write() as session:
            # Asked again under the lock: the customer may have written a moment ago.
            query = select(CaseRow).where(CaseRow.id == case_id, condition).with_for_update()
            if (case := session.exec(query).first()) is not None:
                strip_case(session, case, now=now)
                removed += 1
    return removed


def _is_due(retention: Retention, now: datetime) -> ColumnElement[bool] | None:
    public, private = _before(retention.public_months, now), _before(retention.private_months, now)
    of_case, direct = col(MentionRow.case_id) == col(CaseRow.id), MentionKind.DIRECT_MESSAGE.value
    is_private = exists().where(of_case, col(MentionRow.kind) == direct).correlate(CaseRow)
    kinds = []
    if public is not None:
        kinds.append(and_(col(CaseRow.resolved_at) < public, ~is_private))
    if private is not None:
        kinds.append(and_(col(CaseRow.resolved_at) < private, is_private))
    if not kinds:
        return None
    sent_to, unsettled = col(DeliveryRow.case_id) == col(CaseRow.id), col(DeliveryRow.state).in_(UNSETTLED_DELIVERIES)
    on_its_way = exists().where(sent_to, unsettled).correlate(CaseRow)
    return and_(
        col(CaseRow.state) == CaseState.RESOLVED.value,
        ~col(CaseRow.customer_id).startswith("removed-", autoescape=True),
        or_(*kinds),
        ~on_its_way,
    )


def _before(months: int | None, now: datetime) -> datetime | None:
    return None if months is None else now - months * _MONTH


def _months(value: Any) -> int | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= _MOST_MONTHS:
        raise WebcareError("A retention is a whole number of months from 1 to {most}, or never.", most=_MOST_MONTHS)
    return value
