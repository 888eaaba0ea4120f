"""Machine step 1: poll an account, label and route what is new, store it with the cursor in one transaction.

A crash anywhere before the commit means the same posts are fetched again; the unique key makes that harmless.
Network and model work never happen while the write lock is held.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from statistics import median

from sqlmodel import Session, select

from webcare.cases.editing import lookup_ids, says_more
from webcare.cases.intake import Decided, TakenIn, take_in
from webcare.cases.removal import remove_gone
from webcare.cases.skills import stores_named
from webcare.channels.base import Budget, Channel, GoneReason, HealthState, PollResult
from webcare.deciding import standing
from webcare.domain import Mention
from webcare.errors import AccountDisconnected, ChannelError, ChannelThrottled, WebcareError
from webcare.routing import NOTHING, Decisions, route
from webcare.settings import RoutingSettings
from webcare.store import Store
from webcare.store.erased import not_erased
from webcare.store.gaps import remember_gaps
from webcare.store.mentions import known_posts, save_bad_posts
from webcare.store.rates import closed_lists, remember_rates, resting_until
from webcare.store.spending import FREE, Paying, charge, day_start, mark_read, spent_today
from webcare.store.tables import AccountRow
from webcare.store.written import pay_written
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
    edited: int = 0
    gone: int = 0
    gaps: int = 0


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
    paying: Paying = FREE,
    every_s: float = 0.0,
    clock: Callable[[], datetime] | None = None,
) -> PollSummary:
    """Collect what is new on one account and put it in the queues.

    Skips an account that is switched off, throttled, out of requests or over its cap; lists without requests left are
    not asked. `every_s` is the poll interval, which the cap stretches. `clock` tells when posts were collected, where
    labelling them takes its time; without it that is `now`. Raises ChannelError after writing it on the account, so
    that the console can show it; the cursor stays where it was.
    """
    with store.read() as session:
        account = account_row(session, account_key)
    if reason := _not_now(store, account, channel, paying, every_s, now):
        return PollSummary(skipped=reason)
    closed = closed_lists(account.rates, use="poll", now=now, every_s=every_s)
    try:
        result = channel.poll(account.cursor, replace(budget, closed=budget.closed | closed))
    except ChannelError as error:
        _remember_failure(store, account_key, error, now)
        raise
    decided = decide(
        news_of(store, account, result.mentions),
        classifier,
        routing,
        unsorted_below,
        account=account_key,
        decisions=decisions_now(store, now),
    )
    return _keep(store, account, result, decided, paying, clock() if clock is not None else now)


def account_row(session: Session, key: str, *, lock: bool = False) -> AccountRow:
    """The account with this key; raises WebcareError when `webcare init` has not made it yet.

    `lock`: for a transaction that takes posts in, so that two of one account never store the same post.
    """
    query = select(AccountRow).where(AccountRow.key == key)
    row = session.exec(query.with_for_update(key_share=True) if lock else query).first()
    if row is None:
        raise WebcareError("The account {key} is not in the database yet; run `webcare init`.", key=key)
    return row


def news_of(store: Store, account: AccountRow, mentions: Sequence[Mention]) -> list[Mention]:
    """Those of the posts that are new, or whose words are."""
    assert account.id is not None
    with store.read() as session:
        known = known_posts(session, account.id, lookup_ids(mentions))
        news = [mention for mention in mentions if says_more(mention, known)]
        return not_erased(session, news) if news else []


def decisions_now(store: Store, now: datetime) -> Decisions:
    """The rules, queues, targets and hours that the desk decided on and that count now."""
    with store.read() as session:
        return standing(session, at=now)


def decide(
    mentions: Sequence[Mention],
    classifier: Classifier,
    routing: RoutingSettings,
    unsorted_below: float,
    *,
    account: str = "",
    decisions: Decisions = NOTHING,
) -> list[Decided]:
    """Label and route what customers wrote; the rest as it is. Model work: never inside a transaction."""
    customers = [mention for mention in mentions if not mention.is_ours and not mention.is_repost]
    labels = classifier.classify([mention.text for mention in customers], [mention.lang for mention in customers])
    decided = {
        mention.external_id: Decided(
            mention,
            triage,
            route(mention, triage, routing, unsorted_below=unsorted_below, account=account, decisions=decisions),
            stores_named(mention.text, routing.stores),
        )
        for mention, triage in zip(customers, labels, strict=True)
    }
    return [decided.get(mention.external_id) or Decided(mention) for mention in mentions]


def over_cap(store: Store, account: AccountRow, paying: Paying, now: datetime, *, share: float = 1.0) -> bool:
    """Whether an account spent `share` of what it may spend in this UTC day."""
    if not paying.cap_micros:
        return False
    assert account.id is not None
    with store.read() as session:
        return spent_today(session, account.id, now=now) >= paying.cap_micros * share


def _not_now(store: Store, account: AccountRow, channel: Channel, paying: Paying, every_s: float, now: datetime) -> str:
    if not account.active:
        return "switched off"
    if account.not_before is not None and account.not_before > now:
        return f"throttled until {account.not_before:%H:%M:%S} UTC"
    if (until := resting_until(account.rates, use="poll", now=now, every_s=every_s)) is not None:
        return f"no request left until {until:%H:%M:%S} UTC"
    if over_cap(store, account, paying, now) and _capped_now(store, account, paying, every_s, now):
        return "over the day's cap: not asked today" if paying.hard else "over the day's cap: asked more seldom"
    if account.disconnected_at is not None and channel.health().state is not HealthState.OK:
        return "disconnected"
    return ""


def _capped_now(store: Store, account: AccountRow, paying: Paying, every_s: float, now: datetime) -> bool:
    """Whether the cap forbids this very poll; says on the account that it slows it."""
    if account.capped_at is None or account.capped_at < day_start(now):
        with store.write() as session:
            row = account_row(session, account.key, lock=True)
            row.capped_at = now
            session.add(row)
    stretched = timedelta(seconds=every_s * (paying.slow_by - 0.5))
    return paying.hard or (account.last_polled_at is not None and now - account.last_polled_at < stretched)


def _keep(
    store: Store,
    began: AccountRow,
    result: PollResult,
    decided: Sequence[Decided],
    paying: Paying,
    now: datetime,
) -> PollSummary:
    """Store the posts and the cursor in one transaction, so that the mark never runs ahead of the posts.

    The page budget bounds it: a thousand posts hold the write lock for about a tenth of a second.
    """
    with store.write() as session:
        account = account_row(session, began.key, lock=True)
        assert account.id is not None
        _pay(session, account, result, paying, now)
        taken = take_in(session, account, decided, now=now)
        gone = remove_gone(session, account.id, dict.fromkeys(result.gone, GoneReason.DELETED), now=now)
        gaps = _tell_gaps(session, account, result, now)
        _tell_lag(account, taken, decided, now)
        bad = _move_mark(session, account, began.cursor, result, now)
    return PollSummary(
        seen=len(result.mentions),
        stored=taken.stored,
        opened=taken.opened,
        joined=taken.joined,
        bad=bad,
        complete=result.complete,
        edited=taken.edited,
        gone=gone,
        gaps=gaps,
    )


def _pay(session: Session, account: AccountRow, result: PollResult, paying: Paying, now: datetime) -> None:
    assert account.id is not None
    seen = [mention.external_id for mention in result.mentions]
    charge(session, account.id, result.spent, paying.prices, now=now, seen=seen)
    pay_written(session, account.id, paying.prices, now=now)
    mark_read(session, account.id, [*seen, *(id_ for one in result.spent for id_ in one.ids)], now=now)
    capped = paying.cap_micros and spent_today(session, account.id, now=now) >= paying.cap_micros
    if not capped:
        account.capped_at = None
    elif account.capped_at is None or account.capped_at < day_start(now):
        account.capped_at = now
        log.warning("%s: the cap of this day is reached", account.key)


def _tell_gaps(session: Session, account: AccountRow, result: PollResult, now: datetime) -> int:
    for gap in result.gaps:
        log.warning("%s: possible gap in collection (%s): %s", account.key, gap.source, gap.reason)
    return remember_gaps(session, account, result.gaps, now=now)


def _tell_lag(account: AccountRow, taken: TakenIn, decided: Iterable[Decided], now: datetime) -> None:
    """How long posts waited, of the last poll that brought any of a customer's."""
    lags = [(now - one.mention.posted_at).total_seconds() for one in decided if one.wants_case]
    if taken.stored and lags:
        account.lag_s = max(0.0, median(lags))


def _move_mark(session: Session, account: AccountRow, began_at: str | None, result: PollResult, now: datetime) -> int:
    assert account.id is not None
    if account.cursor == began_at:
        # A poll that slept through another one stores its posts, but would put the mark back.
        account.cursor = result.cursor
    account.last_polled_at = account.last_success_at = now
    account.not_before = account.disconnected_at = None
    account.last_error = "; ".join(f"{name}: {why}" for name, why in result.troubles.items())
    account.rates = remember_rates(account.rates, result.rates, use="poll", now=now)
    session.add(account)
    return save_bad_posts(session, account.id, ((post.raw, post.error) for post in result.bad), now=now)


def _remember_failure(store: Store, account_key: str, error: ChannelError, now: datetime) -> None:
    with store.write() as session:
        account = account_row(session, account_key, lock=True)
        account.last_polled_at, account.last_error = now, str(error)
        if isinstance(error, ChannelThrottled):
            account.not_before = error.wait_until(now) or now + _DEFAULT_BACKOFF
        if isinstance(error, AccountDisconnected) and account.disconnected_at is None:
            account.disconnected_at = now
        session.add(account)
