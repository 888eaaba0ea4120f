"""Machine step 1: poll an account, label and route what is new, store it with the cursor in one transaction.

A crash anywhere before the commit means the same posts are fetched again; the unique key makes that harmless.
Network and model work never happen while the write lock is held.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session, select

from webcare.cases.intake import Decided, take_in
from webcare.channels.base import Budget, Channel, HealthState, PollResult
from webcare.domain import Mention
from webcare.errors import AccountDisconnected, ChannelError, ChannelThrottled, WebcareError
from webcare.routing import route
from webcare.settings import RoutingSettings
from webcare.store import Store
from webcare.store.mentions import known_ids, save_bad_posts
from webcare.store.tables import AccountRow
from webcare.triage.base import Classifier

log = logging.getLogger(__name__)

#: How long a network is left alone when it throttles us without saying until when.
_DEFAULT_BACKOFF = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class PollSummary:
    """What one poll came to."""

    seen: int = 0
    stored: int = 0
    opened: int = 0
    joined: int = 0
    bad: int = 0
    complete: bool = True
    skipped: str = ""  #: why nothing was asked, when nothing was


def poll_account(
    store: Store,
    channel: Channel,
    classifier: Classifier,
    routing: RoutingSettings,
    *,
    account_key: str,
    now: datetime,
    budget: Budget,
    unsorted_below: float,
) -> PollSummary:
    """Collect what is new on one account and put it in the queues.

    Skips an account that is switched off or throttled. Raises ChannelError after writing it on the account, so that
    the console can show it; the cursor stays where it was.
    """
    with store.read() as session:
        account = account_row(session, account_key)
    if reason := _not_now(account, channel, now):
        return PollSummary(skipped=reason)
    try:
        result = channel.poll(account.cursor, budget)
    except ChannelError as error:
        _remember_failure(store, account_key, error, now)
        raise
    fresh = _unknown(store, account, result.mentions)
    decided = _decide(fresh, classifier, routing, unsorted_below)
    return _keep(store, account_key, result, decided, now)


def account_row(session: Session, key: str) -> AccountRow:
    """The account with this key; raises WebcareError when `webcare init` has not made it yet."""
    row = session.exec(select(AccountRow).where(AccountRow.key == key)).first()
    if row is None:
        raise WebcareError(f"The account {key} is not in the database yet; run `webcare init`.")
    return row


def _not_now(account: AccountRow, channel: Channel, now: datetime) -> str:
    if not account.active:
        return "switched off"
    if account.not_before is not None and account.not_before > now:
        return f"throttled until {account.not_before:%H:%M:%S} UTC"
    if account.disconnected_at is not None and channel.health().state is not HealthState.OK:
        return "disconnected"
    return ""


def _unknown(store: Store, account: AccountRow, mentions: Sequence[Mention]) -> list[Mention]:
    assert account.id is not None
    with store.read() as session:
        known = known_ids(session, account.id, (mention.external_id for mention in mentions))
    return [mention for mention in mentions if mention.external_id not in known]


def _decide(
    mentions: Sequence[Mention], classifier: Classifier, routing: RoutingSettings, unsorted_below: float
) -> list[Decided]:
    customers = [mention for mention in mentions if not mention.is_ours and not mention.is_repost]
    labels = classifier.classify([mention.text for mention in customers], [mention.lang for mention in customers])
    decided = {
        mention.external_id: Decided(mention, triage, route(mention, triage, routing, unsorted_below=unsorted_below))
        for mention, triage in zip(customers, labels, strict=True)
    }
    return [decided.get(mention.external_id) or Decided(mention) for mention in mentions]


def _keep(store: Store, account_key: str, result: PollResult, decided: Sequence[Decided], now: datetime) -> PollSummary:
    """Store the posts and the cursor in one transaction, so that the mark never runs ahead of the posts.

    The page budget bounds it: a thousand posts hold the write lock for about a tenth of a second.
    """
    with store.write() as session:
        account = account_row(session, account_key)
        taken = take_in(session, account, decided, now=now)
        bad = _move_mark(session, account, result, now)
    return PollSummary(len(result.mentions), taken.stored, taken.opened, taken.joined, bad, complete=result.complete)


def _move_mark(session: Session, account: AccountRow, result: PollResult, now: datetime) -> int:
    assert account.id is not None
    account.cursor = result.cursor
    account.last_polled_at = account.last_success_at = now
    account.last_error, account.not_before, account.disconnected_at = "", None, None
    session.add(account)
    if result.gap is not None:
        account.last_error = (
            f"Posts between {result.gap.since} and {result.gap.until} may be missing: {result.gap.reason}"
        )
        log.warning("%s: possible gap in collection: %s", account.key, result.gap.reason)
    return save_bad_posts(session, account.id, ((post.raw, post.error) for post in result.bad), now=now)


def _remember_failure(store: Store, account_key: str, error: ChannelError, now: datetime) -> None:
    with store.write() as session:
        account = account_row(session, account_key)
        account.last_polled_at, account.last_error = now, str(error)
        if isinstance(error, ChannelThrottled):
            account.not_before = error.retry_at or now + _DEFAULT_BACKOFF
        if isinstance(error, AccountDisconnected) and account.disconnected_at is None:
            account.disconnected_at = now
        session.add(account)
