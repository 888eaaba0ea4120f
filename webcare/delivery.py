"""Machine step 2: send approved replies, effectively once.

One reply goes through two short transactions with the network call between them. The first marks it SENDING,
durably, before the network hears anything; the second records what the network said, fenced by the attempt. Whatever
is not known for certain becomes UNCONFIRMED and is read back; nothing is ever sent again blindly. See docs/adr/0003.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from webcare import guard
from webcare.cases import outcomes
from webcare.cases.replies import read_again, why_held
from webcare.cases.surroundings import PLAIN, Reviewer
from webcare.channels.base import Channel
from webcare.domain import DeliveryState, MentionKind, Posted, Reply
from webcare.errors import (
    AccountDisconnected,
    ChannelError,
    ChannelThrottled,
    ChannelUnavailable,
    DuplicateReply,
    OutcomeUnknown,
    ReplyRejected,
    TargetGone,
)
from webcare.settings import DeliverySettings
from webcare.store import Store
from webcare.store.tables import AccountRow, DeliveryRow

log = logging.getLogger(__name__)

Clock = Callable[[], datetime]

#: How long to wait after a refusal that proves nothing was posted, when the network names no time.
_RETRY_AFTER = timedelta(seconds=30)
#: Read-backs in a row, with a pause between, that must not find a reply before it counts as not posted.
_ABSENT_CHECKS = 2
#: Attempts whose outcome stayed unknown before a person is asked instead of sending again.
_UNKNOWN_ATTEMPTS = 2
#: Most replies one call looks at, so that a job stays short.
_AT_MOST = 50


@dataclass(frozen=True, slots=True)
class _Claim:
    """A reply this process may post once, if it does so at once."""

    id: int
    attempt: int
    account_key: str
    reply: Reply
    at: datetime


def send_due(
    store: Store,
    channels: Mapping[str, Channel],
    settings: DeliverySettings,
    *,
    clock: Clock,
    account: str | None = None,
    reviewer: Reviewer = PLAIN,
) -> int:
    """Post every reply whose undo window is over, one by one; gives how many the network confirmed.

    `channels` maps account keys; replies of accounts not in it, throttled or disconnected wait. `account` limits the
    run to one account; `reviewer` reads each reply once more. Never raises ChannelError: each outcome is written on
    its reply.
    """
    confirmed = 0
    for _ in range(_AT_MOST):
        claim = _claim(store, channels, settings, clock, account, reviewer)
        if claim is None:
            break
        confirmed += _post(store, channels[claim.account_key], settings, claim, clock)
    return confirmed


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


def _claim(
    store: Store,
    channels: Mapping[str, Channel],
    settings: DeliverySettings,
    clock: Clock,
    account: str | None,
    reviewer: Reviewer,
) -> _Claim | None:
    """Mark the next reply that may leave as leaving; those that the guard holds are failed on the way."""
    for _ in range(_AT_MOST):
        _read_ahead(store, channels, clock, account, reviewer)
        with store.write() as session:
            # Our turn to write may have been a while coming; the claim is as old as the turn, not as the wish.
            now = clock()
            found = _next_due(session, channels, now, account)
            if found is None:
                return None
            key, row = found
            assert row.id is not None
            held = _held(session, row, now, reviewer)
            if held:
                error = f"The guard held this reply just before it left: {held}"
                outcomes.record_failed(session, row.id, row.attempt, code="guard", error=error, now=now)
                continue
            row.state, row.attempt, row.attempt_started_at = DeliveryState.SENDING.value, row.attempt + 1, now
            # Until then the call may still be running; after it, only a dead process explains this state.
            row.reconcile_after = now + timedelta(seconds=settings.call_timeout_s + _settle_s(channels[key], settings))
            row.error_code, row.error, row.absent_checks = "", "", 0
            session.add(row)
            session.flush()
            return _Claim(row.id, row.attempt, key, _reply(row), now)
    return None


def _read_ahead(
    store: Store, channels: Mapping[str, Channel], clock: Clock, account: str | None, reviewer: Reviewer
) -> None:
    """Learn new notes and let the heads read the next reply, before the transaction that only recalls."""
    if reviewer.learned is None and reviewer.others is None:
        return
    with store.read() as session:
        now = clock()
        found = _next_due(session, channels, now, account, claiming=False)
        context = read_again(session, found[1], now=now, reviewer=reviewer) if found else None
    if found is not None and context is not None:
        guard.review(found[1].text, context)


def _held(session: Session, row: DeliveryRow, now: datetime, reviewer: Reviewer) -> str:
    context = read_again(session, row, now=now, reviewer=reviewer.recalling())
    return why_held(session, row, context, guard.review(row.text, context))


def _next_due(
    session: Session, channels: Mapping[str, Channel], now: datetime, account: str | None, *, claiming: bool = True
) -> tuple[str, DeliveryRow] | None:
    query = (
        select(AccountRow.key, DeliveryRow)
        .join(AccountRow, col(AccountRow.id) == col(DeliveryRow.account_id))
        .where(
            DeliveryRow.state == DeliveryState.PENDING.value,
            col(DeliveryRow.not_before) <= now,
            col(AccountRow.key).in_([account] if account else list(channels)),
            col(AccountRow.active),
            col(AccountRow.disconnected_at).is_(None),
        )
        .order_by(col(DeliveryRow.not_before), col(DeliveryRow.id))
    )
    if claiming:
        query = query.with_for_update(of=DeliveryRow, skip_locked=True)
    return session.exec(query).first()


def _post(store: Store, channel: Channel, settings: DeliverySettings, claim: _Claim, clock: Clock) -> int:
    if (now := clock()) - claim.at > timedelta(seconds=settings.claim_deadline_s):
        _give_back(store, settings, claim, now)
        return 0
    try:
        posted = channel.send(claim.reply)
    except ChannelError as error:
        _record_error(store, channel, settings, claim, error, clock())
        return 0
    except Exception as error:  # a fault of ours after the network may have heard us is an unknown outcome
        log.exception("reply %s: unexpected fault while posting", claim.id)
        _record_error(store, channel, settings, claim, OutcomeUnknown(type(error).__name__), clock())
        return 0
    with store.write() as session:
        return int(outcomes.record_sent(session, claim.id, claim.attempt, posted=posted, now=clock()))


def _give_back(store: Store, settings: DeliverySettings, claim: _Claim, now: datetime) -> None:
    """Do not send on an old claim: this process was asleep, and somebody may have taken over.

    If nobody has, the fence lets it wait for its turn again; nothing was sent in this attempt, we alone could have.
    """
    log.warning("reply %s: claim too old to send", claim.id)
    until = now + timedelta(seconds=settings.claim_deadline_s)
    with store.write() as session:
        outcomes.record_postponed(session, claim.id, claim.attempt, until=until, code="claim_too_old", error="")


def _record_error(
    store: Store, channel: Channel, settings: DeliverySettings, claim: _Claim, error: ChannelError, now: datetime
) -> None:
    code, text = type(error).__name__, str(error)
    log.warning("reply %s on %s: %s", claim.id, claim.account_key, code)
    with store.write() as session:
        match error:
            case TargetGone() | ReplyRejected():
                outcomes.record_failed(session, claim.id, claim.attempt, code=code, error=text, now=now)
            case ChannelThrottled() | ChannelUnavailable():
                until = getattr(error, "retry_at", None) or now + _RETRY_AFTER
                outcomes.record_postponed(session, claim.id, claim.attempt, until=until, code=code, error=text)
            case AccountDisconnected():
                _disconnect(session, claim.account_key, text, now)
                outcomes.record_postponed(session, claim.id, claim.attempt, until=now, code=code, error=text)
            case _:
                # DuplicateReply too: it usually means that an earlier attempt landed.
                settle = timedelta(seconds=0 if isinstance(error, DuplicateReply) else _settle_s(channel, settings))
                outcomes.record_unconfirmed(
                    session, claim.id, claim.attempt, look_after=now + settle, code=code, error=text, now=now
                )


def _disconnect(session: Session, key: str, text: str, now: datetime) -> None:
    account = session.exec(select(AccountRow).where(AccountRow.key == key)).one()
    account.disconnected_at, account.last_error = account.disconnected_at or now, text
    session.add(account)


def _doubtful(
    session: Session, channels: Mapping[str, Channel], now: datetime, account: str | None
) -> list[tuple[str, DeliveryRow]]:
    query = (
        select(AccountRow.key, DeliveryRow)
        .join(AccountRow, col(AccountRow.id) == col(DeliveryRow.account_id))
        .where(
            col(DeliveryRow.state).in_([DeliveryState.SENDING.value, DeliveryState.UNCONFIRMED.value]),
            col(DeliveryRow.reconcile_after) <= now,
            col(AccountRow.key).in_([account] if account else list(channels)),
        )
        .order_by(col(DeliveryRow.reconcile_after))
        .limit(_AT_MOST)
    )
    return list(session.exec(query))


def _reconcile(store: Store, channel: Channel, settings: DeliverySettings, row: DeliveryRow, clock: Clock) -> int:
    """Look for one reply on the network. 1 when that settled it."""
    try:
        found = channel.verify_sent(_reply(row), since=row.created_at)
    except ChannelError as error:
        return _not_readable(store, settings, row, str(error), clock())
    with store.write() as session:
        matches = _not_ours_already(session, row, found)
        return _settle(session, settings, row, matches, clock())


def _settle(
    session: Session, settings: DeliverySettings, row: DeliveryRow, matches: list[Posted], now: datetime
) -> int:
    assert row.id is not None
    id_, attempt = row.id, row.attempt
    if len(matches) == 1:
        return int(outcomes.record_sent(session, id_, attempt, posted=matches[0], now=now))
    if len(matches) > 1:
        error = f"{len(matches)} posts on the network look like this reply."
        return int(outcomes.record_needs_human(session, id_, attempt, error=error, now=now))
    checks = row.absent_checks + 1
    if checks < _ABSENT_CHECKS:
        look_after = now + timedelta(seconds=settings.read_back_gap_s)
        outcomes.record_absent(session, id_, attempt, look_after=look_after, checks=checks)
        return 0
    if attempt >= _UNKNOWN_ATTEMPTS or row.error_code == DuplicateReply.__name__:
        error = "The network did not say whether it was posted, and it cannot be found there."
        return int(outcomes.record_needs_human(session, id_, attempt, error=error, now=now))
    return int(outcomes.record_requeued(session, id_, attempt, now=now))


def _not_readable(store: Store, settings: DeliverySettings, row: DeliveryRow, error: str, now: datetime) -> int:
    assert row.id is not None
    with store.write() as session:
        started = row.attempt_started_at or row.created_at
        if now - started > timedelta(hours=settings.give_up_after_h):
            return int(outcomes.record_needs_human(session, row.id, row.attempt, error=error, now=now))
        later = now + timedelta(seconds=settings.read_back_gap_s)
        outcomes.record_absent(session, row.id, row.attempt, look_after=later, checks=row.absent_checks)
    return 0


def _not_ours_already(session: Session, row: DeliveryRow, found: tuple[Posted, ...]) -> list[Posted]:
    """Leave out posts that an earlier reply of ours already accounts for."""
    query = select(DeliveryRow.external_id).where(
        DeliveryRow.account_id == row.account_id,
        col(DeliveryRow.external_id).in_([posted.external_id for posted in found]),
        DeliveryRow.id != row.id,
    )
    taken = set(session.exec(query))
    return [posted for posted in found if posted.external_id not in taken]


def _settle_s(channel: Channel, settings: DeliverySettings) -> float:
    return max(settings.settle_s, channel.capabilities.settle_s)


def _reply(row: DeliveryRow) -> Reply:
    return Reply(
        target_id=row.target_external_id,
        thread_id=row.thread_external_id,
        text=row.text,
        kind=MentionKind(row.kind),
        attachments=tuple(row.attachments),
    )
