"""What keeps collected posts whole and true: gaps are read again, posts compared with their network, access watched.

Like a poll, each step asks the network first, lets the model work, and then writes everything in one transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import cast

from sqlmodel import Session, select

from webcare.cases.editing import lookup_ids
from webcare.cases.intake import Decided, TakenIn, take_in
from webcare.cases.joining import take_names
from webcare.cases.removal import remove_gone
from webcare.channels.base import (
    Backfills,
    Budget,
    Channel,
    Filled,
    Gap,
    Health,
    HealthState,
    Refreshed,
    Refreshes,
)
from webcare.channels.walking import OVERLAP
from webcare.domain import Actor, Mention
from webcare.errors import CaseStateRefused, ChannelError, ChannelThrottled
from webcare.ingest import account_row, decide, decisions_now, news_of, over_cap
from webcare.people import Permission, require
from webcare.settings import RoutingSettings, SweepSettings
from webcare.store import Store
from webcare.store.gaps import BACKFILL, lose_gap, open_gap_to_fill
from webcare.store.mentions import chunks, known_posts, save_bad_posts
from webcare.store.rates import Use, close_until, closed_lists, remember_rates
from webcare.store.spending import FREE, Paying, charge
from webcare.store.sweeping import RETRY, due_posts, mark_checked
from webcare.store.tables import AccountRow, GapRow
from webcare.triage.base import Classifier

#: How long a gap is left alone after a step that failed.
RETRY_GAP = timedelta(minutes=10)
#: The name under which a refusal to be asked so often is kept, when the network does not say of what.
_ALL = "all"


@dataclass(frozen=True, slots=True)
class Machine:
    """What every step here works with. `clock` tells the time after the network and the model were asked."""

    store: Store
    classifier: Classifier
    routing: RoutingSettings
    unsorted_below: float
    clock: Callable[[], datetime]
    paying: Paying = FREE


@dataclass(frozen=True, slots=True)
class FillStep:
    """What one step of a backfill came to."""

    gap_id: int | None = None  #: None: there was nothing to do
    recovered: int = 0
    again: bool = False  #: the gap goes on, or another one waits
    skipped: str = ""


@dataclass(frozen=True, slots=True)
class Swept:
    """What one turn of the sweep came to."""

    compared: int = 0
    gone: int = 0
    edited: int = 0
    unanswered: int = 0  #: posts the network said nothing about; asked again within the hour
    again: bool = False
    skipped: str = ""


def backfill_step(machine: Machine, channel: Channel, *, account_key: str, budget: Budget) -> FillStep:
    """Read some more of the oldest open gap of an account; closes it at its end.

    What it brings is taken in like polled posts and marked late. Raises ChannelError after writing it on the gap; its
    token stays, so that the next step goes on there.
    """
    now = machine.clock()
    with machine.store.read() as session:
        account = account_row(session, account_key)
        assert account.id is not None
        row = _next_gap(session, account.id, now)
    if row is None or not channel.capabilities.backfill:
        return FillStep()
    if reason := why_not(machine, account, "backfill", now, share=1.0):
        return FillStep(row.id, skipped=reason)
    assert row.id is not None
    gap = Gap(row.since, row.until, row.reason, row.source)
    try:
        filled = cast(Backfills, channel).backfill(gap, row.fill_token, budget)
    except ChannelError as error:
        _fill_failed(machine, account_key, row.id, error)
        raise
    labelled = decided(machine, account, news_of(machine.store, account, filled.mentions))
    with machine.store.write() as session:
        account = account_row(session, account_key, lock=True)
        pay(session, machine, account, filled, "backfill")
        taken = take_in(session, account, labelled, now=machine.clock(), late=True)
        return _filled(session, account, row, filled, taken, machine.clock())


def sweep_account(machine: Machine, channel: Channel, *, account_key: str, rule: SweepSettings) -> Swept:
    """Compare posts that are due with the network: edits, deletions, protected and closed accounts, new names.

    At most `rule.calls` requests. Raises ChannelError of the first one; what came before it is kept.
    """
    now, at_once = machine.clock(), channel.capabilities.refresh
    with machine.store.read() as session:
        account = account_row(session, account_key)
        due = _due(session, account, rule, now, limit=rule.calls * at_once + 1) if at_once else []
    total = Swept()
    for part in chunks(due[: rule.calls * at_once], at_once or 1):
        with machine.store.read() as session:
            account = account_row(session, account_key)
        if reason := why_not(machine, account, "refresh", now, share=rule.up_to):
            return replace(total, skipped=reason)
        total = _add(total, _compare(machine, channel, account, part, rule))
    return replace(total, again=len(due) > rule.calls * at_once)


def check_health(store: Store, channel: Channel, *, account_key: str, now: datetime) -> Health:
    """Look at an account's access and write down what it says of its token and permissions."""
    health = channel.health()
    with store.write() as session:
        account = account_row(session, account_key, lock=True)
        account.checked_at = now
        if health.state is HealthState.OK:
            account.token_expires_at, account.missing_permissions = health.token_expires_at, list(health.missing)
        elif health.state is HealthState.DISCONNECTED and account.disconnected_at is None:
            account.disconnected_at, account.last_error = now, health.message
        session.add(account)
    return health


def close_gap(session: Session, gap_id: int, *, by: Actor, now: datetime) -> None:
    """A person accepts that posts of a stretch are missing; reports go on naming it. Raises NotAllowed.

    Raises CaseStateRefused when the gap is closed already.
    """
    require(by, Permission.SEE_REPORTS)
    row = session.get(GapRow, gap_id, with_for_update=True, populate_existing=True)
    if row is None or row.closed_at is not None:
        raise CaseStateRefused("This gap is closed already.")
    row.closed_at, row.closed_by = now, by.name
    session.add(row)


def gap_waits(session: Session, account_key: str, *, now: datetime) -> bool:
    """Whether a step of a backfill is due on this account; a cheap look."""
    account = session.exec(select(AccountRow.id).where(AccountRow.key == account_key, AccountRow.active)).first()
    return account is not None and _next_gap(session, account, now) is not None


def sweep_waits(session: Session, account_key: str, rule: SweepSettings, *, now: datetime) -> bool:
    """Whether a post of this account is due to be compared with its network; a cheap look."""
    account = session.exec(select(AccountRow).where(AccountRow.key == account_key, AccountRow.active)).first()
    return account is not None and bool(_due(session, account, rule, now, limit=1))


def _due(session: Session, account: AccountRow, rule: SweepSettings, now: datetime, *, limit: int) -> list[str]:
    assert account.id is not None
    return due_posts(
        session,
        account.id,
        checked_before=now - timedelta(hours=rule.every_h),
        younger_than=now - timedelta(days=rule.days),
        limit=limit,
    )


def why_not(machine: Machine, account: AccountRow, use: Use, now: datetime, *, share: float) -> str:
    """Why nothing but new posts is asked for now; empty when it may be."""
    if not account.active or account.disconnected_at is not None:
        return "switched off or disconnected"
    if account.not_before is not None and account.not_before > now:
        return f"throttled until {account.not_before:%H:%M:%S} UTC"
    if closed_lists(account.rates, use=use, now=now):
        return "no request left for now"
    if over_cap(machine.store, account, machine.paying, now, share=share):
        return "the rest of the day's cap is for new posts"
    return ""


def _fill_failed(machine: Machine, account_key: str, gap_id: int, error: ChannelError) -> None:
    now = machine.clock()
    with machine.store.write() as session:
        account = account_row(session, account_key, lock=True)
        row = session.get_one(GapRow, gap_id)
        row.error, row.filled_at = str(error), now
        if isinstance(error, ChannelThrottled):
            account.rates = close_until(account.rates, _ALL, use="backfill", until=error.wait_until(now), now=now)
        session.add_all([row, account])


def _next_gap(session: Session, account_id: int, now: datetime) -> GapRow | None:
    return open_gap_to_fill(session, account_id, tried_before=now - RETRY_GAP, ended_before=now - OVERLAP)


def _filled(
    session: Session, account: AccountRow, before: GapRow, filled: Filled, taken: TakenIn, now: datetime
) -> FillStep:
    assert account.id is not None
    row = session.get(GapRow, before.id, with_for_update=True, populate_existing=True)
    save_bad_posts(session, account.id, ((post.raw, post.error) for post in filled.bad), now=now)
    if row is None or row.closed_at is not None:
        # Merged with another gap, or closed by a person meanwhile: the posts are kept all the same.
        return FillStep(before.id, taken.stored)
    row.recovered, row.filled_at, row.error = row.recovered + taken.stored, now, ""
    if (row.since, row.until, row.fill_token) != (before.since, before.until, before.fill_token):
        # It grew while we read, so our place in it says nothing; it is read again from its newest end.
        session.add(row)
        return FillStep(row.id, taken.stored, again=True)
    row.fill_token = filled.token
    if not filled.token and filled.left:
        lose_gap(session, row, filled.left, now=now)
    elif not filled.token and now - row.until >= OVERLAP:
        # Sooner it may still hide posts that show up late, under a mark that has moved on; it is read once more then.
        row.closed_at, row.closed_by = now, BACKFILL
    session.add(row)
    session.flush()
    again = bool(filled.token) or _next_gap(session, account.id, now) is not None
    return FillStep(row.id, taken.stored, again=again)


def _compare(
    machine: Machine, channel: Channel, account: AccountRow, asked: Sequence[str], rule: SweepSettings
) -> Swept:
    try:
        refreshed = cast(Refreshes, channel).refresh(asked)
    except ChannelThrottled as error:
        note_refusal(machine, account.key, error)
        raise
    ours = list(_of_stored(machine, account, refreshed.mentions))
    news = news_of(machine.store, account, ours)
    labelled = decided(machine, account, news)
    now = machine.clock()
    with machine.store.write() as session:
        account = account_row(session, account.key, lock=True)
        assert account.id is not None
        pay(session, machine, account, refreshed, "refresh")
        answered = _answered(session, account.id, asked, refreshed)
        # Before words change: an edited post has another id afterwards.
        mark_checked(session, account.id, sorted(answered), at=now)
        silent = [id_ for id_ in asked if id_ not in answered]
        mark_checked(session, account.id, silent, at=now - timedelta(hours=rule.every_h) + RETRY)
        taken = take_in(session, account, labelled, now=now)
        gone = remove_gone(session, account.id, refreshed.gone, now=now)
        take_names(session, account.id, ours)
    return Swept(len(answered), gone, taken.edited, len(silent))


def decided(machine: Machine, account: AccountRow, news: Sequence[Mention]) -> list[Decided]:
    """New posts with labels and routes. Model work: never inside a transaction."""
    return decide(
        news,
        machine.classifier,
        machine.routing,
        machine.unsorted_below,
        account=account.key,
        decisions=decisions_now(machine.store, machine.clock()),
    )


def _of_stored(machine: Machine, account: AccountRow, mentions: Sequence[Mention]) -> Iterator[Mention]:
    """Only what is about stored posts: a comparison never opens a case."""
    assert account.id is not None
    with machine.store.read() as session:
        known = known_posts(session, account.id, lookup_ids(mentions))
    return (one for one in mentions if one.external_id in known or (one.root_id or "") in known)


def _answered(session: Session, account_id: int, asked: Sequence[str], refreshed: Refreshed) -> set[str]:
    """The ids asked for that the network said something about, by whichever version of the post."""
    told = {*refreshed.gone, *lookup_ids(refreshed.mentions)}
    known = known_posts(session, account_id, told)
    return (told | {found.external_id for found in known.values()}).intersection(asked)


def note_refusal(machine: Machine, account_key: str, error: ChannelThrottled) -> None:
    """Look nothing up on an account until the network allows it again."""
    now = machine.clock()
    with machine.store.write() as session:
        account = account_row(session, account_key, lock=True)
        account.rates = close_until(account.rates, _ALL, use="refresh", until=error.wait_until(now), now=now)
        session.add(account)


def pay(session: Session, machine: Machine, account: AccountRow, answer: Filled | Refreshed, use: Use) -> None:
    """Note what an answer cost and what it said of limits. Call it before its posts are stored."""
    assert account.id is not None
    now, seen = machine.clock(), [mention.external_id for mention in answer.mentions]
    charge(session, account.id, answer.spent, machine.paying.prices, now=now, seen=seen)
    account.rates = remember_rates(account.rates, answer.rates, use=use, now=now)
    session.add(account)


def _add(total: Swept, more: Swept) -> Swept:
    return Swept(
        total.compared + more.compared,
        total.gone + more.gone,
        total.edited + more.edited,
        total.unanswered + more.unanswered,
    )
