"""Which of many cases a solution presses, for lists: cheap where nobody set a target, and where none is near."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from webcare.cases.clocks import Clock, InForce, resolution_clocks
from webcare.store.tables import CaseRow

#: Solutions that come near in this time are told too: a list is not read again just because time passes.
_AHEAD = timedelta(hours=2)


def pressing_solutions(session: Session, ids: Sequence[int], *, part: float, now: datetime) -> dict[int, Clock]:
    """The running clocks of the solution that may press these cases; `part` of their time may pass without a warning.

    Left out are those that pause, and those for which not even the shortest target is near or before the answer.
    """
    in_force = InForce(session)
    shortest = in_force.shortest_resolution
    if shortest is None or not ids:
        return {}
    near = [
        case
        for case in session.exec(select(CaseRow).where(col(CaseRow.id).in_(ids)))
        if case.first_posted_at + shortest * part <= now + _AHEAD
        or (case.waiting_since is not None and case.first_posted_at + shortest < case.respond_by)
    ]
    clocks = resolution_clocks(session, near, in_force, part=part)
    return {id_: clock for id_, clock in clocks.items() if clock.deadline is not None}
