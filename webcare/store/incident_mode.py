"""What an open incident means for everybody else: where jokes are held, and whether campaigns rest."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from webcare.store.engine import LOCKED
from webcare.store.tables_incidents import IncidentCaseRow, IncidentRow, IncidentUseRow

OPEN = "open"
#: Where jokes are held: on the cases that are hit, or on all.
ON_CASES, EVERYWHERE = "cases", "desk"


def something_is_open(session: Session) -> bool:
    """Whether an incident is open, so that texts of campaigns are not offered."""
    return session.exec(select(IncidentRow.id).where(IncidentRow.state == OPEN).limit(1)).first() is not None


def jokes_are_held(session: Session, case_id: int) -> bool:
    """Whether an open incident keeps jokes out of the replies of this case."""
    everywhere = select(IncidentRow.id).where(IncidentRow.state == OPEN, IncidentRow.jokes == EVERYWHERE).limit(1)
    if session.exec(everywhere).first() is not None:
        return True
    here = (
        select(IncidentCaseRow.case_id)
        .join(IncidentRow, col(IncidentRow.id) == col(IncidentCaseRow.incident_id))
        .where(IncidentCaseRow.case_id == case_id, IncidentRow.state == OPEN, IncidentRow.jokes == ON_CASES)
    )
    return session.exec(here.limit(1)).first() is not None


def holding_turn(session: Session, approval_id: int, *, earliest: datetime, window: timedelta) -> datetime:
    """When a reply that waited for a yes may leave: a holding text takes its turn again, any other leaves at once.

    The moments its wording was given while it waited are past by now; no two customers of a network get it within
    `window`. The turn is kept. Called in the transaction of the yes.
    """
    mine = session.exec(select(IncidentUseRow).where(IncidentUseRow.approval_id == approval_id)).first()
    if mine is None:
        return earliest
    # Two people who say yes at once take turns here.
    session.get(IncidentRow, mine.incident_id, with_for_update=LOCKED, populate_existing=True)
    query = select(IncidentUseRow.at).where(
        IncidentUseRow.text_id == mine.text_id,
        IncidentUseRow.channel == mine.channel,
        IncidentUseRow.id != mine.id,
        col(IncidentUseRow.delivery_id).is_not(None),
        col(IncidentUseRow.at) > earliest - window,
    )
    at = max(earliest, mine.at)
    for taken in sorted(session.exec(query)):
        if abs(taken - at) < window:
            at = taken + window
    mine.at = at
    session.add(mine)
    return at


def holding_left(session: Session, approval_id: int, delivery_id: int) -> None:
    """The holding text that waited for a yes is on its way; says so where it is counted."""
    mine = session.exec(select(IncidentUseRow).where(IncidentUseRow.approval_id == approval_id)).first()
    if mine is not None:
        mine.delivery_id = delivery_id
        session.add(mine)
