"""Handing out the next case: the most urgent one a person can answer, as long as they have room for it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func
from sqlmodel import Session, col, select

from webcare.cases.assignment import claim
from webcare.domain import ACTIVE_STATES, Actor
from webcare.errors import CaseStateRefused
from webcare.people import Permission, person_id, require
from webcare.store.engine import LOCKED
from webcare.store.queue import queue_page
from webcare.store.tables import AgentRow, CaseRow

#: How many of the most urgent cases are tried when colleagues take them at the same moment.
_TRIES = 20


def take_next(session: Session, queue: str, *, by: Actor, now: datetime) -> CaseRow | None:
    """Claim the most urgent case of a queue that nobody has and this person can answer; None when there is none.

    A case that takes a skill goes to somebody who has it. Raises CaseStateRefused when the person has as many cases as
    they can have at once.
    """
    require(by, Permission.WORK_CASES)
    me = session.get_one(AgentRow, person_id(by), with_for_update=LOCKED, populate_existing=True)
    if me.capacity and (has := active_cases(session, person_id(by))) >= me.capacity:
        raise CaseStateRefused(
            "You have {count} open cases, and {most} is the most you can have at once. Finish or put aside one first.",
            count=has,
            most=me.capacity,
        )
    for item in queue_page(session, queue=queue, only={"assignee_id": None}, skills=me.skills, limit=_TRIES).items:
        try:
            return claim(session, item.id, by=by, now=now)
        except CaseStateRefused:
            continue  # a colleague was quicker; the next one then
    return None


def active_cases(session: Session, agent_id: int) -> int:
    """How many cases wait for this person's work."""
    query = select(func.count()).where(col(CaseRow.assignee_id) == agent_id, col(CaseRow.state).in_(ACTIVE_STATES))
    return session.exec(query).one()


def skills_of(session: Session, agent_id: int) -> tuple[str, ...]:
    """What this person can answer beside what anybody can."""
    return tuple(session.exec(select(AgentRow.skills).where(col(AgentRow.id) == agent_id)).one())
