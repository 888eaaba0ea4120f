"""Who is at work: seen a moment ago, inside their hours, not away; and how much they have on their desk."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select, update
from sqlmodel import Session, col

from webcare.domain import ACTIVE_STATES, Role
from webcare.hours import HoursWrong, read_hours
from webcare.settings import Settings
from webcare.store.engine import LOCKED
from webcare.store.tables import AgentRow, CaseRow


@dataclass(frozen=True, slots=True)
class AtWork:
    """Who counts as being there."""

    present_for: timedelta = timedelta(minutes=5)  #: after the last sign of life
    absent_after: timedelta = timedelta(hours=1)  #: then their cases go back to the queue; nothing = never
    zone: str = "UTC"  #: of colleagues who chose none


DEFAULT = AtWork()


def at_work_rule(settings: Settings) -> AtWork:
    """The rule as the settings say it."""
    sharing = settings.sharing
    return AtWork(timedelta(minutes=sharing.present_min), timedelta(minutes=sharing.absent_min), settings.desk.timezone)


@dataclass(frozen=True, slots=True)
class Colleague:
    """One person, as far as giving them work goes."""

    id: int
    name: str
    role: Role
    active: bool
    skills: frozenset[str]
    capacity: int  #: most open cases at once; 0 = no limit
    hours: Mapping[str, Any]
    zone: str  #: empty = the desk's
    away_until: datetime | None
    seen_at: datetime | None
    given_at: datetime | None
    open: int = 0  #: cases they have that are not answered

    def is_in(self, now: datetime, rule: AtWork = DEFAULT) -> bool:
        """Whether they can be given work right now."""
        if not self.active or self.seen_at is None or now - self.seen_at > rule.present_for:
            return False
        if self.away_until is not None and self.away_until > now:
            return False
        return within_hours(self.hours, self.zone or rule.zone, now)

    def is_gone(self, now: datetime, rule: AtWork = DEFAULT) -> str:
        """Why their cases should not wait for them: "left", "away" or "absent"; empty while they may come back soon."""
        if not self.active:
            return "left"
        if not rule.absent_after:
            return ""
        if self.away_until is not None and self.away_until > now + rule.absent_after:
            return "away"
        # Somebody never seen has not opened the console since it writes this down.
        return "absent" if self.seen_at is not None and now - self.seen_at > rule.absent_after else ""


def within_hours(hours: Mapping[str, Any], zone: str, now: datetime) -> bool:
    """Whether a moment lies in somebody's working hours, on the clock of their zone; no hours = always.

    Hours that cannot be read count as none, so that nobody is left without work by a slip of the pen.
    """
    if not any(hours.values()):
        return True
    try:
        return read_hours({"timezone": zone, "week": hours}).is_open(now)
    except HoursWrong:
        return True


def colleagues_at_work(session: Session, *, ids: tuple[int, ...] | None = None) -> tuple[Colleague, ...]:
    """Everybody who has or had an account, with what they have to do, by id."""
    counted = (
        select(col(CaseRow.assignee_id).label("agent_id"), func.count().label("open"))
        .where(col(CaseRow.state).in_(ACTIVE_STATES), col(CaseRow.assignee_id).is_not(None))
        .group_by(col(CaseRow.assignee_id))
        .subquery()
    )
    query = select(AgentRow, func.coalesce(counted.c.open, 0)).outerjoin(
        counted, counted.c.agent_id == col(AgentRow.id)
    )
    if ids is not None:
        query = query.where(col(AgentRow.id).in_(ids))
    return tuple(_colleague(row, open_) for row, open_ in session.execute(query.order_by(col(AgentRow.id))))


def is_in(session: Session, agent_id: int, *, now: datetime, rule: AtWork = DEFAULT) -> bool:
    """Whether this person can be given work right now."""
    row = session.get(AgentRow, agent_id)
    return row is not None and _colleague(row, 0).is_in(now, rule)


def away_until(session: Session, agent_id: int) -> datetime | None:
    """Until when somebody said they are away; may be over."""
    return session.execute(select(col(AgentRow.away_until)).where(col(AgentRow.id) == agent_id)).scalar()


def locked(session: Session, agent_id: int) -> Colleague | None:
    """The person with their open cases, so that nobody else gives them one before this transaction ends."""
    row = session.get(AgentRow, agent_id, with_for_update=LOCKED, populate_existing=True)
    if row is None:
        return None
    count = select(func.count()).where(col(CaseRow.assignee_id) == agent_id, col(CaseRow.state).in_(ACTIVE_STATES))
    return _colleague(row, session.execute(count).scalar_one())


def note_given(session: Session, agent_id: int, *, now: datetime) -> None:
    """Write down that somebody got a case, of themselves or given."""
    session.execute(update(AgentRow).where(col(AgentRow.id) == agent_id).values(given_at=now))


def _colleague(row: AgentRow, open_: int) -> Colleague:
    assert row.id is not None
    return Colleague(
        id=row.id,
        name=row.name,
        role=Role(row.role),
        active=row.active,
        skills=frozenset(row.skills),
        capacity=row.capacity,
        hours=row.hours,
        zone=row.timezone,
        away_until=row.away_until,
        seen_at=row.seen_at,
        given_at=row.given_at,
        open=open_,
    )
