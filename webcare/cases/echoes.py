"""Our own posts as pollers see them: a reply that counts as not posted may stand on the network after all.

A network may show a post long after the connection broke over it, when the read-back has given up and a check or a
person has ended the reply. What stands in public is the truth then, whatever was concluded from its absence.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from webcare.cases.outcomes import record_sent
from webcare.channels.wording import comparable
from webcare.domain import DeliveryState, Mention, Posted, ReplyWay
from webcare.store.mentions import chunks
from webcare.store.tables import DeliveryRow

#: States that were concluded from not finding a reply, though an attempt of it may have landed.
_CONCLUDED = (DeliveryState.PENDING.value, DeliveryState.FAILED.value, DeliveryState.NEEDS_HUMAN.value)
#: How far the network's clock and ours may be apart.
_SKEW = timedelta(seconds=30)


def settle_by_echoes(session: Session, account_id: int, collected: Iterable[Mention], *, now: datetime) -> int:
    """Count replies as sent whose words stand under the message they answer; gives how many. Public answers only."""
    ours = [mention for mention in collected if mention.is_ours and mention.parent_id]
    settled = 0
    for row in _concluded(session, account_id, [mention.parent_id or "" for mention in ours]):
        echo = next((mention for mention in ours if _is_echo(mention, row)), None)
        if echo is not None:
            assert row.id is not None
            posted = Posted(echo.external_id, echo.posted_at, echo.url)
            settled += record_sent(session, row.id, row.attempt, posted=posted, now=now)
            ours.remove(echo)
    return settled


def _concluded(session: Session, account_id: int, targets: Sequence[str]) -> list[DeliveryRow]:
    found: list[DeliveryRow] = []
    for part in chunks(list(targets)):
        query = select(DeliveryRow).where(
            DeliveryRow.account_id == account_id,
            col(DeliveryRow.target_external_id).in_(part),
            col(DeliveryRow.state).in_(_CONCLUDED),
            col(DeliveryRow.attempt) > 0,
            DeliveryRow.way == ReplyWay.PUBLIC.value,
        )
        found += session.exec(query.order_by(col(DeliveryRow.id)))
    return found


def _is_echo(mention: Mention, row: DeliveryRow) -> bool:
    return (
        mention.parent_id == row.target_external_id
        and mention.posted_at >= row.created_at - _SKEW
        and comparable(mention.text) == comparable(row.text)
    )
