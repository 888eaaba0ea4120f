"""Notices that came by webhook: kept once each, read back when due, forgotten when done and old.

Everything here is one statement or two of the caller's transaction, so that the receiver answers at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import delete, func
from sqlmodel import Session, col, select

from webcare.store.bulk import insert_into
from webcare.store.tables import AccountRow
from webcare.store.tables_hooks import HookAccountRow, HookNoticeRow

Outcome = Literal["taken", "gone", "unread"]


@dataclass(frozen=True, slots=True)
class Named:
    """A post of somebody else that names us: a comment, or without `comment_id` the picture's own caption."""

    media_id: str
    comment_id: str = ""

    @property
    def key(self) -> tuple[str, str]:
        """Kind and number, by which the same notice is known again."""
        return ("comment", self.comment_id) if self.comment_id else ("media", self.media_id)


@dataclass(frozen=True, slots=True)
class Waiting:
    """How an account's notices stand."""

    heard_at: datetime | None  #: the last delivery about this account; None: there never was one
    full_at: datetime | None
    waiting: int
    oldest: datetime | None  #: when the oldest of those that wait came
    error: str  #: why that one could not be read the last time
    unread: int  #: given up, and not forgotten yet


def keep_heard(
    session: Session, account_id: int, named: Sequence[Named], *, poll: bool, now: datetime, at_most: int
) -> bool:
    """Keep what a delivery tells about an account; False when so much waits that some of it was not kept.

    What was not kept must be delivered again. A notice that is known already, done or not, is left as it is.
    """
    fresh = _unknown(session, account_id, named)
    room = max(0, at_most - _count(session, account_id)) if fresh else 0
    for one in fresh[:room]:
        kind, item_id = one.key
        row = {"account_id": account_id, "kind": kind, "item_id": item_id, "media_id": one.media_id}
        row |= {"received_at": now, "not_before": now, "tries": 0, "error": "", "outcome": ""}
        session.execute(insert_into(session, HookNoticeRow).values(**row).on_conflict_do_nothing())
    full = len(fresh) > room
    heard = {"heard_at": now} | ({"poll_at": now} if poll else {}) | ({"full_at": now} if full else {})
    first = insert_into(session, HookAccountRow).values(account_id=account_id, **heard)
    session.execute(first.on_conflict_do_update(index_elements=["account_id"], set_=heard))
    return not full


def due_notices(session: Session, account_id: int, *, now: datetime, limit: int) -> list[HookNoticeRow]:
    """Notices to read now, the longest waiting first."""
    query = (
        select(HookNoticeRow)
        .where(
            HookNoticeRow.account_id == account_id,
            col(HookNoticeRow.done_at).is_(None),
            col(HookNoticeRow.not_before) <= now,
        )
        .order_by(col(HookNoticeRow.not_before), col(HookNoticeRow.id))
        .limit(limit)
    )
    return list(session.exec(query))


def still_waiting(session: Session, ids: Sequence[int]) -> dict[int, HookNoticeRow]:
    """Those of these notices that nobody closed meanwhile, locked until the transaction ends."""
    query = (
        select(HookNoticeRow)
        .where(col(HookNoticeRow.id).in_(ids), col(HookNoticeRow.done_at).is_(None))
        .order_by(col(HookNoticeRow.id))
        .with_for_update()
    )
    return {row.id or 0: row for row in session.exec(query)}


def close(session: Session, row: HookNoticeRow, outcome: Outcome, *, now: datetime, why: str = "") -> None:
    """A notice needs nothing more."""
    row.done_at, row.outcome, row.error, row.tries = now, outcome, why, row.tries + 1
    session.add(row)


def try_later(session: Session, row: HookNoticeRow, *, at: datetime, why: str) -> None:
    """A notice could not be read; it waits until `at`."""
    row.not_before, row.error, row.tries = at, why, row.tries + 1
    session.add(row)


def poll_wanted(session: Session, account_key: str) -> datetime | None:
    """Since when a network says that something changed which no poll has looked at; None: a poll came after it."""
    query = (
        select(HookAccountRow.poll_at, AccountRow.last_polled_at)
        .join(AccountRow, col(AccountRow.id) == col(HookAccountRow.account_id))
        .where(AccountRow.key == account_key, AccountRow.active, col(HookAccountRow.poll_at).is_not(None))
    )
    found = session.exec(query).first()
    if found is None or found[0] is None or (found[1] is not None and found[1] > found[0]):
        return None
    return found[0]


def waiting(session: Session, account_id: int) -> Waiting:
    """How an account's notices stand, for people."""
    heard = session.get(HookAccountRow, account_id)
    oldest = session.exec(
        select(HookNoticeRow)
        .where(HookNoticeRow.account_id == account_id, col(HookNoticeRow.done_at).is_(None))
        .order_by(col(HookNoticeRow.received_at))
        .limit(1)
    ).first()
    return Waiting(
        heard.heard_at if heard else None,
        heard.full_at if heard else None,
        _count(session, account_id) if oldest else 0,
        oldest.received_at if oldest else None,
        oldest.error if oldest else "",
        _count(session, account_id, col(HookNoticeRow.outcome) == "unread"),
    )


def prune(session: Session, *, before: datetime) -> int:
    """Forget notices that were done before this moment; gives how many. Waiting ones stay, however old."""
    old = col(HookNoticeRow.done_at) < before
    return int(session.execute(delete(HookNoticeRow).where(old)).rowcount)  # type: ignore[attr-defined]


def _unknown(session: Session, account_id: int, named: Sequence[Named]) -> list[Named]:
    wanted = {one.key: one for one in named}
    numbers = sorted({item_id for _, item_id in wanted})
    for start in range(0, len(numbers), _AT_ONCE):
        query = select(HookNoticeRow.kind, HookNoticeRow.item_id).where(
            HookNoticeRow.account_id == account_id, col(HookNoticeRow.item_id).in_(numbers[start : start + _AT_ONCE])
        )
        for known in session.exec(query):
            wanted.pop((known[0], known[1]), None)
    return list(wanted.values())


def _count(session: Session, account_id: int, which: Any = None) -> int:
    query = select(func.count()).select_from(HookNoticeRow).where(HookNoticeRow.account_id == account_id)
    return session.exec(query.where(col(HookNoticeRow.done_at).is_(None) if which is None else which)).one()


#: Numbers in one question; SQLite takes no endless lists.
_AT_ONCE = 500
