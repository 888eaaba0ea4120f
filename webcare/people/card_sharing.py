"""Whether somebody's own figures may be seen by those who see reports. Nobody but they themselves decides it.

What counts is the newest decision in the audit log; without one the figures are theirs alone.
"""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session, col, select

from webcare import audit
from webcare.domain import Actor
from webcare.people.permissions import Permission, person_id, require
from webcare.store.tables import AgentRow
from webcare.store.tables_desk import AuditRow

_WHAT = "card_sharing_changed"


def share_card(session: Session, *, shared: bool, by: Actor, now: datetime) -> None:
    """Let those who see reports see one's own figures, or no longer. Raises NotAllowed for a job."""
    require(by, Permission.SEE_CASES)
    me = person_id(by)
    before = card_is_shared(session, me)
    if before != shared:
        change = {"before": {"shared": before}, "after": {"shared": shared}}
        audit.record(session, _WHAT, by=by, now=now, subject=f"person:{me}", **change)


def card_is_shared(session: Session, agent_id: int) -> bool:
    """Whether this person lets others see their figures."""
    query = (
        select(AuditRow.after)
        .where(AuditRow.what == _WHAT, AuditRow.agent_id == agent_id)
        .order_by(col(AuditRow.id).desc())
        .limit(1)
    )
    newest = session.exec(query).first()
    return bool(newest and newest.get("shared"))


def shared_cards(session: Session, *, by: Actor) -> tuple[tuple[int, str], ...]:
    """Id and name of the colleagues who share their figures, by name. Raises NotAllowed without SEE_REPORTS."""
    require(by, Permission.SEE_REPORTS)
    decided = select(AuditRow.agent_id, AuditRow.after).where(AuditRow.what == _WHAT).order_by(col(AuditRow.id))
    shared = {agent_id for agent_id, after in dict(session.exec(decided).all()).items() if after.get("shared")}
    people = select(AgentRow).where(col(AgentRow.id).in_(shared), col(AgentRow.active))
    return tuple((row.id or 0, row.name) for row in session.exec(people.order_by(AgentRow.name)))
