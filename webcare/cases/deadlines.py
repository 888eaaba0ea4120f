"""Keeping which deadlines of a case came near or passed: each once, whoever notices it and however often."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from sqlmodel import Session, col

from webcare.cases.clocks import Clock, InForce, answer_clock, resolution_clocks
from webcare.store.bulk import insert_into
from webcare.store.tables import CaseRow
from webcare.store.tables_alerts import DeadlineAlertRow

AlertKind = Literal["warning", "breach"]
WARNING: AlertKind = "warning"
BREACH: AlertKind = "breach"
#: No warning is given by those who only look whether it is too late.
_NO_WARNING = 1.0


def keep_alert(session: Session, case: CaseRow, clock: Clock, kind: AlertKind, *, now: datetime) -> bool:
    """Keep that a clock came near its deadline or passed it; False where that was kept before."""
    row = insert_into(session, DeadlineAlertRow).values(
        case_id=clock.case_id,
        clock=clock.kind.value,
        kind=kind,
        since=clock.since,
        deadline=clock.deadline,
        noticed_at=now,
        queue=case.queue,
        channel=case.channel,
        urgency=case.urgency,
        assignee_id=case.assignee_id,
    )
    # Either index may say that it is known: the same deadline, or the same wait with a deadline that was moved.
    kept = session.execute(row.on_conflict_do_nothing().returning(col(DeadlineAlertRow.id)))
    return kept.first() is not None


def keep_late_answer(session: Session, case: CaseRow, *, posted_at: datetime, now: datetime) -> None:
    """Our reply is there: keep it if it came too late and nobody noticed in time. Before the case's clock is stopped.

    A reply that stood there in time breaches nothing, even where that was learned after the deadline.
    """
    _keep_late(session, case, at=posted_at, now=now)


def keep_late_closing(session: Session, case: CaseRow, *, now: datetime) -> None:
    """A case is about to be closed: keep what was too late by then and nobody noticed in time."""
    _keep_late(session, case, at=now, now=now)


def _keep_late(session: Session, case: CaseRow, *, at: datetime, now: datetime) -> None:
    in_force = InForce(session)
    clocks = [answer_clock(case, in_force, _NO_WARNING)]
    clocks += resolution_clocks(session, [case], in_force, part=_NO_WARNING).values()
    for clock in clocks:
        if clock is not None and clock.is_late(at):
            keep_alert(session, case, clock, BREACH, now=now)
