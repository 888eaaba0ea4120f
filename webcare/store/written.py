"""What posting cost: counted from the replies the networks confirmed, so that no crash can lose or double it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlmodel import Session, col, func, select

from webcare.domain import DeliveryState, MentionKind, ReplyWay
from webcare.store.spending import day_of, day_start, put_spent
from webcare.store.tables import DeliveryRow

#: Newest replies looked at; more than an account may post in two days.
_NEWEST = 20_000
# X makes a link of a bare address too. One too many is dearer on paper only.
_LINK = re.compile(
    r"https?://|\bwww\.|\b[\w-]+\.(?:com|net|org|eu|info|shop|store|io|nl|be|de|se|no|dk|uk|example)\b", re.I
)


def pay_written(session: Session, account_id: int, prices: Mapping[str, int], *, now: datetime) -> None:
    """Set what an account spent on its replies of this UTC day and the one before; may be repeated at will.

    A public reply counts as `post_create`, or `post_create_url` with a link in it; a private one as `dm_create`.
    """
    if not prices:
        return
    newest = select(func.max(DeliveryRow.id)).scalar_subquery()
    query = select(DeliveryRow.posted_at, DeliveryRow.text, DeliveryRow.way, DeliveryRow.kind).where(
        DeliveryRow.account_id == account_id,
        col(DeliveryRow.id) > newest - _NEWEST,
        DeliveryRow.state == DeliveryState.SENT.value,
        col(DeliveryRow.by_hand).is_(False),
        col(DeliveryRow.posted_at) >= day_start(now) - timedelta(days=1),
    )
    counted = Counter(
        (day_of(posted_at), _what(text, way, kind))
        for posted_at, text, way, kind in session.exec(query)
        if posted_at is not None
    )
    for (day, what), count in counted.items():
        put_spent(session, account_id, day, what, count, count * prices.get(what, 0))


def _what(text: str, way: str, kind: str) -> str:
    if way == ReplyWay.PRIVATE or kind == MentionKind.DIRECT_MESSAGE:
        return "dm_create"
    return "post_create_url" if _LINK.search(text) else "post_create"
