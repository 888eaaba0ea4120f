"""Replies nobody is sure about: look on the network before anything else is done with them. See docs/adr/0003."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from webcare.cases import outcomes
from webcare.cases.record import EventKind
from webcare.channels.base import Channel
from webcare.channels.wording import comparable
from webcare.domain import DeliveryState, MentionKind, Posted, Reply, ReplyWay
from webcare.errors import ChannelError, DuplicateReply
from webcare.settings import DeliverySettings
from webcare.store import Store
from webcare.store.tables import AccountRow, CaseEventRow, DeliveryRow, MentionRow

log = logging.getLogger(__name__)

Clock = Callable[[], datetime]

#: Read-backs in a row, with a pause between, that must not find a reply before it counts as not posted.
_ABSENT_CHECKS = 2
#: Attempts whose outcome stayed unknown before a person is asked instead of sending again.
_UNKNOWN_ATTEMPTS = 2
#: Most replies one call looks at, so that a job stays short.
AT_MOST = 50
#: How far the network's clock and ours may be apart.
_SKEW = timedelta(seconds=30)
_IN_DOUBT = (DeliveryState.SENDING.value, DeliveryState.UNCONFIRMED.value)


def reconcile_due(
    store: Store,
    channels: Mapping[str, Channel],
    settings: DeliverySettings,
    *,
    clock: Clock,
    account: str | None = None,
) -> int:
    """Read back every reply nobody is sure about and whose waiting time is over; gives how many were settled."""
    with store.read() as session:
        doubtful = _doubtful(session, channels, clock(), account)
    return sum(_reconcile(store, channels[key], settings, row, clock) for key, row in doubtful)


def reply_of(row: DeliveryRow, *, heard_at: datetime | None = None) -> Reply:
    """What the channel is told of a delivery; `heard_at` is when the person answered in private last wrote."""
    return Reply(
        target_id=row.target_external_id,
        thread_id=row.thread_external_id,
        text=row.text,
        kind=MentionKind(row.kind),
        attachments=tuple(row.attachments),
        way=ReplyWay(row.way),
        to_id=row.to_external_id,
        # With its moment: the number alone comes again in another database.
        key=f"{row.id} {row.created_at:%Y-%m-%dT%H:%M:%S.%f}",
        heard_at=heard_at,
    )


def settle_s(channel: Channel, settings: DeliverySettings) -> float:
    """How long a fresh post may stay invisible to a read-back of this network, in seconds."""
    return max(settings.settle_s, channel.capabilities.settle_s)


def _doubtful(
    session: Session, channels: Mapping[str, Channel], now: datetime, account: str | None
) -> list[tuple[str, DeliveryRow]]:
    query = (
        select(AccountRow.key, DeliveryRow)
        .join(AccountRow, col(AccountRow.id) == col(DeliveryRow.account_id))
        .where(
            col(DeliveryRow.state).in_(_IN_DOUBT),
            col(DeliveryRow.reconcile_after) <= now,
            col(AccountRow.key).in_([account] if account else list(channels)),
        )
        .order_by(col(DeliveryRow.reconcile_after))
        .limit(AT_MOST)
    )
    return list(session.exec(query))


def _reconcile(store: Store, channel: Channel, settings: DeliverySettings, row: DeliveryRow, clock: Clock) -> int:
    """Look for one reply on the network. 1 when that settled it."""
    try:
        found = channel.verify_sent(reply_of(row), since=row.created_at)
    except ChannelError as error:
        return _not_readable(store, settings, row, str(error), clock())
    except Exception as error:  # a fault of ours must not keep the others from being looked for
        log.exception("reply %s: unexpected fault while reading back", row.id)
        return _not_readable(store, settings, row, f"Reading back failed: {type(error).__name__}.", clock())
    with store.write() as session:
        if not _is_as_it_was(session, row):
            return 0
        matches = _not_ours_already(session, row, found)
        others: list[MentionRow] = []
        if not matches:
            matches, others = _seen_by_poller(session, row)
        return _settle(session, channel, settings, row, matches, others, clock())


def _is_as_it_was(session: Session, row: DeliveryRow) -> bool:
    """Whether nobody settled or looked at this reply while we asked the network: two looks at once are one look."""
    query = select(DeliveryRow).where(DeliveryRow.id == row.id).with_for_update()
    here = session.exec(query.execution_options(populate_existing=True)).first()
    was = (row.state, row.attempt, row.absent_checks, row.reconcile_after)
    return here is not None and (here.state, here.attempt, here.absent_checks, here.reconcile_after) == was


def _settle(
    session: Session,
    channel: Channel,
    settings: DeliverySettings,
    row: DeliveryRow,
    matches: list[Posted],
    others: list[MentionRow],
    now: datetime,
) -> int:
    assert row.id is not None
    id_, attempt = row.id, row.attempt
    if len(matches) == 1:
        return int(outcomes.record_sent(session, id_, attempt, posted=matches[0], now=now))
    if error := _ambiguous(matches, others):
        return int(outcomes.record_needs_human(session, id_, attempt, error=error, now=now))
    checks, gap = row.absent_checks + 1, timedelta(seconds=settings.read_back_gap_s)
    trusted_from = _absence_counts_from(channel, settings, row)
    if checks < _ABSENT_CHECKS or now < trusted_from:
        look_after = max(now + gap, trusted_from) if checks >= _ABSENT_CHECKS else now + gap
        outcomes.record_absent(session, id_, attempt, look_after=look_after, checks=checks)
        return 0
    if _unknown_attempts(session, row) >= _UNKNOWN_ATTEMPTS or row.error_code == DuplicateReply.__name__:
        error = "The network did not say whether it was posted, and it cannot be found there."
        return int(outcomes.record_needs_human(session, id_, attempt, error=error, now=now))
    return int(outcomes.record_requeued(session, id_, attempt, now=now))


def _absence_counts_from(channel: Channel, settings: DeliverySettings, row: DeliveryRow) -> datetime:
    """Until when a post may stand there unseen. Where the network itself takes an answer once, trying again is safe."""
    began = row.attempt_started_at or row.created_at
    return began if channel.capabilities.takes_once else began + timedelta(minutes=settings.unseen_min)


def _ambiguous(matches: list[Posted], others: list[MentionRow]) -> str:
    if len(matches) > 1:
        return f"{len(matches)} posts on the network look like this reply."
    if others:
        # It may be this very reply, edited on the network since.
        return "Another text of ours was posted under the same message since then; it may be this reply, edited."
    return ""


def _unknown_attempts(session: Session, row: DeliveryRow) -> int:
    """How often this reply's outcome was unknown, this time included; a throttle or a refused connection is none."""
    query = select(CaseEventRow.detail).where(
        CaseEventRow.case_id == row.case_id, CaseEventRow.kind == EventKind.REPLY_REQUEUED.value
    )
    return 1 + len([detail for detail in session.exec(query) if detail.get("delivery_id") == row.id])


def _not_readable(store: Store, settings: DeliverySettings, row: DeliveryRow, error: str, now: datetime) -> int:
    assert row.id is not None
    with store.write() as session:
        if not _is_as_it_was(session, row):
            return 0
        started = row.attempt_started_at or row.created_at
        if now - started > timedelta(hours=settings.give_up_after_h):
            return int(outcomes.record_needs_human(session, row.id, row.attempt, error=error, now=now))
        later = now + timedelta(seconds=settings.read_back_gap_s)
        outcomes.record_absent(session, row.id, row.attempt, look_after=later, checks=row.absent_checks)
    return 0


def _not_ours_already(session: Session, row: DeliveryRow, found: tuple[Posted, ...]) -> list[Posted]:
    """Leave out posts that an earlier reply of ours already accounts for, retracted ones included."""
    taken = _taken(session, row, [posted.external_id for posted in found])
    return [posted for posted in found if posted.external_id not in taken]


def _seen_by_poller(session: Session, row: DeliveryRow) -> tuple[list[Posted], list[MentionRow]]:
    """Posts of ours under the same message that were collected since the attempt: with the same words, and with others.

    The network's list of our own posts may lag behind the one a poller reads, and a post may be edited after it stands.
    """
    if row.way == ReplyWay.PRIVATE.value or row.attempt_started_at is None:
        return [], []
    query = select(MentionRow).where(
        MentionRow.account_id == row.account_id,
        MentionRow.parent_external_id == row.target_external_id,
        col(MentionRow.is_ours),
        col(MentionRow.deleted_at).is_(None),
        MentionRow.posted_at >= row.attempt_started_at - _SKEW,
    )
    seen = list(session.exec(query))
    taken = _taken(session, row, [one.external_id for one in seen])
    free = [one for one in seen if one.external_id not in taken]
    same = [one for one in free if comparable(one.text) == comparable(row.text)]
    return [Posted(one.external_id, one.posted_at, one.url) for one in same], [one for one in free if one not in same]


def _taken(session: Session, row: DeliveryRow, external_ids: list[str]) -> set[str]:
    query = select(DeliveryRow.external_id).where(
        DeliveryRow.account_id == row.account_id,
        col(DeliveryRow.external_id).in_(external_ids),
        DeliveryRow.id != row.id,
    )
    return {id_ for id_ in session.exec(query) if id_}
