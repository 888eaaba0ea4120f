"""Machine step 2b: do on the network what people asked for beside replies; see `webcare.cases.acting`.

Doing one of these twice is doing it once, so a call whose outcome nobody knows is simply repeated. A claim is a row
whose `not_before` lies after the longest call: whoever dies with it, another takes over then.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import and_
from sqlmodel import Session, col, select

from webcare.cases import acting
from webcare.channels.base import Action, Acts, Channel
from webcare.errors import AccountDisconnected, ChannelError, ChannelThrottled, ReplyRejected, TargetGone
from webcare.settings import DeliverySettings
from webcare.store import Store
from webcare.store.tables import AccountRow, ChannelActionRow

log = logging.getLogger(__name__)

Clock = Callable[[], datetime]

#: Pause after the first failure, doubled with each further one up to the longest.
_RETRY_AFTER, _LONGEST_PAUSE = timedelta(seconds=30), timedelta(hours=1)
#: Most actions one call does, so that a job stays short.
_AT_MOST = 50


@dataclass(frozen=True, slots=True)
class _Claim:
    """An action this process does now."""

    id: int
    attempt: int
    account_key: str
    action: Action
    external_id: str
    asked_at: datetime


def act_due(
    store: Store,
    channels: Mapping[str, Channel],
    settings: DeliverySettings,
    *,
    clock: Clock,
    account: str | None = None,
) -> int:
    """Do every action that is due, one by one; gives how many the network did. Never raises ChannelError."""
    done = 0
    for _ in range(_AT_MOST):
        with store.write() as session:
            claim = _claim(session, channels, settings, clock(), account)
        if claim is None:
            break
        done += _act(store, channels[claim.account_key], settings, claim, clock)
    return done


def is_due(now: datetime) -> Any:
    """The condition for an action to be next."""
    return and_(col(ChannelActionRow.state) == acting.PENDING, col(ChannelActionRow.not_before) <= now)


def _claim(
    session: Session, channels: Mapping[str, Channel], settings: DeliverySettings, now: datetime, account: str | None
) -> _Claim | None:
    query = (
        select(AccountRow.key, ChannelActionRow)
        .join(AccountRow, col(AccountRow.id) == col(ChannelActionRow.account_id))
        .where(
            is_due(now),
            col(AccountRow.key).in_([account] if account else list(channels)),
            col(AccountRow.active),
            col(AccountRow.disconnected_at).is_(None),
        )
        .order_by(col(ChannelActionRow.not_before), col(ChannelActionRow.id))
        .with_for_update(of=ChannelActionRow, skip_locked=True)
    )
    found = session.exec(query).first()
    if found is None:
        return None
    key, row = found
    assert row.id is not None
    row.attempts, row.not_before = row.attempts + 1, now + timedelta(seconds=settings.call_timeout_s)
    session.add(row)
    return _Claim(row.id, row.attempts, key, Action(row.action), row.target_external_id, row.created_at)


def _act(store: Store, channel: Channel, settings: DeliverySettings, claim: _Claim, clock: Clock) -> int:
    try:
        _ask_network(channel, claim)
    except ChannelError as error:
        return _record_error(store, settings, claim, error, clock())
    except Exception as error:  # a fault in a channel concerns this action only
        log.exception("action %s: unexpected fault", claim.id)
        return _record_error(store, settings, claim, ChannelError(type(error).__name__), clock())
    with store.write() as session:
        return int(acting.record_done(session, claim.id, claim.attempt, now=clock()))


def _ask_network(channel: Channel, claim: _Claim) -> None:
    if claim.action not in channel.capabilities.actions:
        raise ReplyRejected("{title} does not offer this.", title=channel.title)
    try:
        cast(Acts, channel).act(claim.action, claim.external_id)
    except TargetGone:
        # What is not there need not be deleted.
        if claim.action is not Action.DELETE:
            raise


def _record_error(store: Store, settings: DeliverySettings, claim: _Claim, error: ChannelError, now: datetime) -> int:
    log.warning("action %s on %s: %s", claim.id, claim.account_key, type(error).__name__)
    with store.write() as session:
        if isinstance(error, AccountDisconnected):
            _disconnect(session, claim.account_key, str(error), now)
            acting.record_postponed(session, claim.id, claim.attempt, until=now, error=str(error))
        elif isinstance(error, TargetGone | ReplyRejected):
            acting.record_failed(session, claim.id, claim.attempt, error=str(error), now=now)
        elif now - claim.asked_at > timedelta(hours=settings.give_up_after_h):
            told = f"It was tried for {settings.give_up_after_h:g} hours: {error}"
            acting.record_failed(session, claim.id, claim.attempt, error=told, now=now)
        else:
            until = _again_at(claim, error, now)
            acting.record_postponed(session, claim.id, claim.attempt, until=until, error=str(error))
    return 0


def _again_at(claim: _Claim, error: ChannelError, now: datetime) -> datetime:
    announced = error.wait_until(now) if isinstance(error, ChannelThrottled) else None
    pause: timedelta = min(_RETRY_AFTER * 2 ** min(claim.attempt - 1, 10), _LONGEST_PAUSE)
    return max(announced, now) if announced is not None else now + pause


def _disconnect(session: Session, key: str, text: str, now: datetime) -> None:
    account = session.exec(select(AccountRow).where(AccountRow.key == key)).one()
    account.disconnected_at, account.last_error = account.disconnected_at or now, text
    session.add(account)
