"""What became of the jobs' runs, for `webcare doctor` and the console's banner.

One row for each run that did something or failed; a run that found nothing new, or failed just like the one before,
moves the newest row's times instead, so that a job every second does not fill the table.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func
from sqlmodel import Session, col, delete, select

from webcare.store.tables import JobRunRow

OK, ERROR, CRASHED, RUNNING = "ok", "error", "crashed", ""


def started(session: Session, *, job: str, key: str, at: datetime) -> None:
    """Note a run that takes long enough to be worth showing while it lasts."""
    _close_cut_off(session, _newest(session, job, key), at)
    session.add(JobRunRow(job=job, key=key, started_at=at, outcome=RUNNING))


def record(
    session: Session,
    *,
    job: str,
    key: str,
    started_at: datetime,
    finished_at: datetime,
    handled: int = 0,
    error: str = "",
) -> None:
    """Write how a run ended."""
    outcome = ERROR if error else OK
    row = _newest(session, job, key)
    if row is not None and row.finished_at is None and row.started_at == started_at:
        row.outcome, row.handled, row.error = outcome, handled, error
    elif row is None or handled or (row.outcome, row.handled, row.error) != (outcome, 0, error):
        _close_cut_off(session, row, finished_at)
        row = JobRunRow(job=job, key=key, started_at=started_at, outcome=outcome, handled=handled, error=error)
    elif not error:
        # A failure that lasts keeps the moment it began.
        row.started_at = started_at
    row.finished_at = finished_at
    session.add(row)


def prune(session: Session, *, before: datetime) -> int:
    """Delete runs that ended before this moment, but never the newest of a job; gives how many."""
    newest = select(func.max(JobRunRow.id)).group_by(col(JobRunRow.job), col(JobRunRow.key))
    old = delete(JobRunRow).where(col(JobRunRow.finished_at) < before, col(JobRunRow.id).not_in(newest))
    return int(session.exec(old).rowcount)


def _newest(session: Session, job: str, key: str) -> JobRunRow | None:
    query = select(JobRunRow).where(JobRunRow.job == job, JobRunRow.key == key).order_by(col(JobRunRow.id).desc())
    return session.exec(query.limit(1).with_for_update()).first()


def _close_cut_off(session: Session, row: JobRunRow | None, now: datetime) -> None:
    # The lease lets one run of a job and key live at a time, so an open row of another run is a dead one.
    if row is not None and row.finished_at is None:
        row.outcome, row.finished_at, row.error = CRASHED, now, "the process ended in the middle of this run"
        session.add(row)
