"""Which stored posts are due to be compared with their network, and what was found."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import update
from sqlmodel import Session, col, func, select

from webcare.domain import CaseState
from webcare.store.mentions import chunks
from webcare.store.tables import CaseRow, MentionRow

#: A post the network gave no answer about is asked for again after this time, not after a whole turn of the sweep.
RETRY = timedelta(hours=1)


def due_posts(
    session: Session, account_id: int, *, checked_before: datetime, younger_than: datetime, limit: int
) -> list[str]:
    """External ids of customers' posts nobody compared with the network since a moment, longest ago first.

    Those posted after `younger_than`, and those of cases that are not resolved, whatever their age.
    """
    young = _standing(account_id, checked_before).where(
        # A young post was collected, and so looked at, after it was posted: this bound lets the index skip all others.
        col(MentionRow.checked_at) >= younger_than,
        col(MentionRow.posted_at) >= younger_than,
    )
    waiting = (
        _standing(account_id, checked_before)
        .join(CaseRow, col(CaseRow.id) == col(MentionRow.case_id))
        .where(CaseRow.state != CaseState.RESOLVED.value, CaseRow.account_id == account_id)
    )
    order = (col(MentionRow.checked_at), col(MentionRow.id))
    found = {id_: at for query in (young, waiting) for id_, at in session.execute(query.order_by(*order).limit(limit))}
    return sorted(found, key=lambda id_: (found[id_] is not None, found[id_] or younger_than))[:limit]


def overdue_posts(session: Session, account_id: int, *, checked_before: datetime, younger_than: datetime) -> int:
    """How many young posts were not compared with the network since a moment: the sweep does not keep up."""
    query = _standing(account_id, checked_before).where(
        col(MentionRow.checked_at) >= younger_than, col(MentionRow.posted_at) >= younger_than
    )
    return int(session.execute(select(func.count()).select_from(query.subquery())).scalar_one())


def mark_checked(session: Session, account_id: int, external_ids: Sequence[str], *, at: datetime) -> None:
    """These posts were compared with the network at this moment."""
    for part in chunks(list(external_ids)):
        session.execute(
            update(MentionRow)
            .where(col(MentionRow.account_id) == account_id, col(MentionRow.external_id).in_(part))
            .values(checked_at=at)
        )


def _standing(account_id: int, checked_before: datetime) -> Any:
    return select(col(MentionRow.external_id), col(MentionRow.checked_at)).where(
        col(MentionRow.account_id) == account_id,
        col(MentionRow.deleted_at).is_(None),
        col(MentionRow.is_ours).is_(False),
        col(MentionRow.checked_at).is_(None) | (col(MentionRow.checked_at) <= checked_before),
    )
