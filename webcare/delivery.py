"""Machine step 2: send approved replies, effectively once.

One reply goes through two short transactions with the network call between them. The first marks it SENDING,
durably, before the network hears anything; the second records what the network said, fenced by the attempt. Whatever
is not known for certain becomes UNCONFIRMED and is read back (readback.py); nothing is ever sent again blindly. See
docs/adr/0003.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, exists, or_
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from webcare import guard
from webcare.cases import outcomes
from webcare.cases.answering import ask, heard_at, target_of
from webcare.cases.parts import part_before, whole_text
from webcare.cases.rechecking import read_again, why_cut_off, why_gone, why_held, why_too_late
from webcare.cases.surroundings import PLAIN, Reviewer, answered_message
from webcare.cases.surveys import why_stopped
from webcare.channels.base import Channel, ReplyTarget
from webcare.channels.leaving import only_while
from webcare.domain import DeliveryState, Reply, ReplyWay
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
from webcare.guard.base import ReviewContext
from webcare.readback import AT_MOST, Clock, reconcile_due, reply_of, settle_s
from webcare.settings import DeliverySettings
from webcare.store import Store
from webcare.store.tables import AccountRow, DeliveryRow

__all__ = ["Clock", "may_leave", "reconcile_due", "send_due"]

log = logging.getLogger(__name__)

#: How long to wait after a refusal that proves nothing was posted, when the network names no time.
_RETRY_AFTER = timedelta(seconds=30)
#: Longest that making a connection takes; after it and the claim's own deadline nothing may leave any more.
_CONNECTING_S = 5.0


@dataclass(frozen=True, slots=True)
class _Claim:
    """A reply this process may post once, if it does so at once."""

    id: int
    attempt: int
    account_key: str
    reply: Reply
    at: datetime


@dataclass(frozen=True, slots=True)
class _Ahead:
    """The next reply, with what had to be learned of it outside of any transaction."""

    id: int
    refused: str  #: why its network would not take it any more, in words; empty when it would


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
    for _ in range(AT_MOST):
        claim = _claim(store, channels, settings, clock, account, reviewer)
        if claim is None:
            break
        confirmed += _post(store, channels[claim.account_key], settings, claim, clock)
    return confirmed


def may_leave(now: datetime) -> Any:
    """The condition for a delivery to be next: its undo window is over, and the part before it stands."""
    before = aliased(DeliveryRow)
    stands = exists().where(
        col(before.id) == col(DeliveryRow.follows_id), col(before.state) == DeliveryState.SENT.value
    )
    return and_(
        col(DeliveryRow.state) == DeliveryState.PENDING.value,
        col(DeliveryRow.not_before) <= now,
        or_(col(DeliveryRow.follows_id).is_(None), stands),
    )


def _claim(
    store: Store,
    channels: Mapping[str, Channel],
    settings: DeliverySettings,
    clock: Clock,
    account: str | None,
    reviewer: Reviewer,
) -> _Claim | None:
    """Mark the next reply that may leave as leaving; those that may not after all are failed on the way."""
    for _ in range(AT_MOST):
        ahead = _look_ahead(store, channels, clock, account, reviewer)
        if ahead is None:
            return None
        with store.write() as session:
            # Our turn to write may have been a while coming; the claim is as old as the turn, not as the wish.
            now = clock()
            found = _next_due(session, channels, now, account, claiming=ahead.id)
            if found is None:
                continue
            key, row = found
            assert row.id is not None
            if why := _stopped(session, row, ahead, now, reviewer, settings):
                outcomes.record_failed(session, row.id, row.attempt, code=why[0], error=why[1], now=now)
                continue
            row.state, row.attempt, row.attempt_started_at = DeliveryState.SENDING.value, row.attempt + 1, now
            # Until then the call may still be running; after it, only a dead process explains this state.
            row.reconcile_after = now + timedelta(seconds=settings.call_timeout_s + settle_s(channels[key], settings))
            row.error_code, row.error, row.absent_checks = "", "", 0
            if (before := part_before(session, row)) is not None:
                row.target_external_id = before.external_id or ""
            session.add(row)
            session.flush()
            return _Claim(row.id, row.attempt, key, reply_of(row, heard_at=heard_at(session, row)), now)
    return None


def _look_ahead(
    store: Store, channels: Mapping[str, Channel], clock: Clock, account: str | None, reviewer: Reviewer
) -> _Ahead | None:
    """Find the next reply, ask its channel once more, and let the heads read it: the transaction only recalls."""
    with store.read() as session:
        now = clock()
        found = _next_due(session, channels, now, account)
        if found is None:
            return None
        key, row = found
        target = _target(session, row)
        context = _to_think_about(session, row, now, reviewer)
    if context is not None:
        guard.review(whole_text(row), context)
    assert row.id is not None
    return _Ahead(row.id, _refused(channels[key], target, row))


def _target(session: Session, row: DeliveryRow) -> ReplyTarget | None:
    """What the channel is asked about; nothing for the further parts of an answer that began."""
    message = answered_message(session, row) if row.follows_id is None else None
    return target_of(session, message, itself=row) if message is not None else None


def _to_think_about(session: Session, row: DeliveryRow, now: datetime, reviewer: Reviewer) -> ReviewContext | None:
    if reviewer.learned is None and reviewer.others is None:
        return None
    return read_again(session, row, now=now, reviewer=reviewer)


def _refused(channel: Channel, target: ReplyTarget | None, row: DeliveryRow) -> str:
    if target is None or target.gone:
        return ""
    permission = ask(channel, target, ReplyWay(row.way))
    return "" if permission.allowed else permission.reason or "The network does not take this reply any more."


def _stopped(
    session: Session, row: DeliveryRow, ahead: _Ahead, now: datetime, reviewer: Reviewer, settings: DeliverySettings
) -> tuple[str, str] | None:
    """Why a reply must not leave, as a code and in words; its text goes back to its author."""
    if cut_off := why_cut_off(session, row):
        return "part_before", cut_off
    if gone := why_gone(session, row):
        return TargetGone.__name__, gone
    if stopped := why_stopped(session, row, now=now):
        return "survey", stopped
    if ahead.refused:
        return "refused", ahead.refused
    if held := _held(session, row, now, reviewer):
        return "guard", f"The guard held this reply just before it left: {held}"
    after = timedelta(minutes=settings.recheck_after_min)
    late = why_too_late(session, row, now=now, reviewer=reviewer, after=after)
    return ("waited", late) if late else None


def _held(session: Session, row: DeliveryRow, now: datetime, reviewer: Reviewer) -> str:
    context = read_again(session, row, now=now, reviewer=reviewer.recalling())
    return why_held(session, row, context, guard.review(whole_text(row), context))


def _next_due(
    session: Session, channels: Mapping[str, Channel], now: datetime, account: str | None, *, claiming: int = 0
) -> tuple[str, DeliveryRow] | None:
    """The next reply and its account's key; the one with the id `claiming`, locked, if it still is one that may go."""
    query = (
        select(AccountRow.key, DeliveryRow)
        .join(AccountRow, col(AccountRow.id) == col(DeliveryRow.account_id))
        .where(
            may_leave(now),
            col(AccountRow.key).in_([account] if account else list(channels)),
            col(AccountRow.active),
            col(AccountRow.disconnected_at).is_(None),
        )
        .order_by(col(DeliveryRow.not_before), col(DeliveryRow.id))
    )
    if claiming:
        query = query.where(DeliveryRow.id == claiming).with_for_update(of=DeliveryRow, skip_locked=True)
    return session.exec(query).first()


def _post(store: Store, channel: Channel, settings: DeliverySettings, claim: _Claim, clock: Clock) -> int:
    if (now := clock()) - claim.at > timedelta(seconds=settings.claim_deadline_s):
        _give_back(store, settings, claim, now)
        return 0
    latest = claim.at + timedelta(seconds=settings.claim_deadline_s + _CONNECTING_S)
    try:
        with only_while(lambda: clock() <= latest):
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
                announced = error.wait_until(now) if isinstance(error, ChannelThrottled) else None
                until = announced or now + _RETRY_AFTER
                outcomes.record_postponed(session, claim.id, claim.attempt, until=until, code=code, error=text)
            case AccountDisconnected():
                _disconnect(session, claim.account_key, text, now)
                outcomes.record_postponed(session, claim.id, claim.attempt, until=now, code=code, error=text)
            case _:
                # DuplicateReply too: it usually means that an earlier attempt landed.
                settle = timedelta(seconds=0 if isinstance(error, DuplicateReply) else settle_s(channel, settings))
                outcomes.record_unconfirmed(
                    session, claim.id, claim.attempt, look_after=now + settle, code=code, error=text, now=now
                )


def _disconnect(session: Session, key: str, text: str, now: datetime) -> None:
    account = session.exec(select(AccountRow).where(AccountRow.key == key)).one()
    account.disconnected_at, account.last_error = account.disconnected_at or now, text
    session.add(account)
