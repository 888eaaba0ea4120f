"""Stretches of time in which posts may be missing: kept once, shown to people, closed by a backfill or a person."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, select

from webcare.channels.base import Gap
from webcare.store.tables import AccountRow, GapRow

#: Who closed a gap that was read again to its end.
BACKFILL = "backfill"


@dataclass(frozen=True, slots=True)
class GapView:
    """One gap as people are told of it."""

    id: int
    account_key: str
    account_name: str
    channel: str
    source: str
    since: datetime
    until: datetime
    reason: str
    found_at: datetime
    filled_at: datetime | None
    recovered: int
    error: str
    lost_at: datetime | None
    closed_at: datetime | None
    closed_by: str

    @property
    def is_open(self) -> bool:
        """Whether nobody has closed it yet."""
        return self.closed_at is None


def remember_gaps(session: Session, account: AccountRow, gaps: Iterable[Gap], *, now: datetime) -> int:
    """Keep gaps a channel told of; gives how many are new. What touches an open one of its list becomes part of it."""
    new = 0
    for gap in gaps:
        touching = _touching(session, account, gap)
        if touching:
            _merge(session, touching, gap)
        else:
            session.add(_row(account, gap, now))
            new += 1
        session.flush()
    return new


def lose_gap(session: Session, row: GapRow, left: Iterable[Gap], *, now: datetime) -> None:
    """A backfill came to the end of a gap and some of it cannot be brought back: only that stays open, for a person."""
    account = session.get_one(AccountRow, row.account_id)
    first, *others = left
    row.since, row.until, row.reason, row.lost_at, row.fill_token = first.since, first.until, first.reason, now, ""
    session.add(row)
    for gap in others:
        more = _row(account, gap, now)
        more.source, more.lost_at, more.filled_at = row.source, now, row.filled_at
        session.add(more)


def open_gap_to_fill(
    session: Session, account_id: int, *, tried_before: datetime, ended_before: datetime
) -> GapRow | None:
    """The open gap a backfill goes on with; one whose last step failed only when that was before a moment.

    One that was read to its end waits for its second reading until it ended before `ended_before`: by then whatever
    shows up late is there. Oldest first: it is the next that the network will show no more.
    """
    query = (
        select(GapRow)
        .where(GapRow.account_id == account_id, col(GapRow.closed_at).is_(None), col(GapRow.lost_at).is_(None))
        .where((col(GapRow.error) == "") | col(GapRow.filled_at).is_(None) | (col(GapRow.filled_at) <= tried_before))
        .where(
            (col(GapRow.error) != "")
            | (col(GapRow.fill_token) != "")
            | col(GapRow.filled_at).is_(None)
            | (col(GapRow.until) <= ended_before)
        )
    )
    return session.exec(query.order_by(col(GapRow.since), col(GapRow.id)).limit(1)).first()


def gaps_within(session: Session, since: datetime, until: datetime) -> tuple[GapView, ...]:
    """Stretches between two moments in which posts may be missing for good or for now, oldest first.

    Every report over that time prints them. One that a backfill closed is left out: its posts are there by now. One
    that a person closed is not: they accepted that posts are missing.
    """
    query = _views().where(
        col(GapRow.since) <= until,
        col(GapRow.until) >= since,
        col(GapRow.closed_at).is_(None) | (col(GapRow.closed_by) != BACKFILL),
    )
    return _read(session, query)


def open_gaps(session: Session) -> tuple[GapView, ...]:
    """Every gap nobody has closed yet, oldest first."""
    return _read(session, _views().where(col(GapRow.closed_at).is_(None)))


def latest_gaps(session: Session, *, limit: int = 100) -> tuple[GapView, ...]:
    """The gaps found last, newest first, open or closed."""
    query = _views().order_by(None).order_by(col(GapRow.found_at).desc(), col(GapRow.id).desc()).limit(limit)
    return _read(session, query)


def _views() -> Any:
    names = ("source", "since", "until", "reason", "found_at", "filled_at", "recovered", "error", "lost_at")
    return (
        select(  # type: ignore[call-overload]
            GapRow.id,
            AccountRow.key,
            AccountRow.name,
            AccountRow.channel,
            *(getattr(GapRow, name) for name in names),
            GapRow.closed_at,
            GapRow.closed_by,
        )
        .join(AccountRow, col(AccountRow.id) == col(GapRow.account_id))
        .order_by(col(GapRow.since), col(GapRow.id))
    )


def _read(session: Session, query: Any) -> tuple[GapView, ...]:
    return tuple(GapView(*row) for row in session.execute(query))


def _row(account: AccountRow, gap: Gap, now: datetime) -> GapRow:
    assert account.id is not None
    return GapRow(
        account_id=account.id,
        source=gap.source,
        since=min(gap.since, gap.until),
        until=max(gap.since, gap.until),
        reason=gap.reason,
        found_at=now,
    )


def _touching(session: Session, account: AccountRow, gap: Gap) -> list[GapRow]:
    query = (
        select(GapRow)
        .where(
            GapRow.account_id == account.id,
            GapRow.source == gap.source,
            col(GapRow.closed_at).is_(None),
            col(GapRow.lost_at).is_(None),
            col(GapRow.since) <= max(gap.since, gap.until),
            col(GapRow.until) >= min(gap.since, gap.until),
        )
        .order_by(col(GapRow.found_at), col(GapRow.id))
    )
    return list(session.exec(query))


def _merge(session: Session, rows: list[GapRow], gap: Gap) -> None:
    """The oldest row takes in the new gap and all others that touch it."""
    kept, *others = rows
    since = min(gap.since, gap.until, *(row.since for row in rows))
    until = max(gap.since, gap.until, *(row.until for row in rows))
    if (since, until) != (kept.since, kept.until):
        # A token knows where in the old stretch it was, so the longer one is read from its newest end.
        kept.since, kept.until, kept.fill_token, kept.error = since, until, "", ""
    kept.reason = gap.reason
    kept.recovered = sum(row.recovered for row in rows)
    session.add(kept)
    for row in others:
        session.delete(row)
