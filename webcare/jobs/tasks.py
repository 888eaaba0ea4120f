"""The jobs themselves: each one calls the step that does the work, and nothing else."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlmodel import col, select

from webcare import delivery, ingest
from webcare.cases import wake_snoozed
from webcare.channels.base import Budget
from webcare.domain import CaseState, DeliveryState
from webcare.jobs import history
from webcare.jobs.registry import Clock, Desk, Done, JobSpec
from webcare.people import prune_sign_ins
from webcare.store.tables import AccountRow, CaseRow, DeliveryRow
from webcare.triage.base import Classifier

#: Runs of jobs are kept this long, the newest of each job for ever.
KEEP_RUNS = timedelta(days=14)
#: Looking costs one read of an index, so looking often is cheap and replies are confirmed soon.
_RECONCILE_EVERY_S = 2.0
_WAKE_EVERY_S = 5.0
_PRUNE_EVERY_S = 3600.0
#: How soon a new leader takes over from one that still answers.
_HEADS_EVERY_S = 10.0

_loading = threading.Lock()


def poll(desk: Desk, account: str, clock: Clock) -> Done:
    """Collect what is new on one account. Raises ChannelError when the network did not give it."""
    polling = desk.settings.polling
    summary = ingest.poll_account(
        desk.store,
        desk.channels[account],
        _classifier(desk),
        desk.settings.routing,
        account_key=account,
        now=clock(),
        budget=Budget(max_pages=polling.max_pages, page_size=polling.page_size),
        unsorted_below=desk.settings.triage.unsorted_below,
    )
    return Done(summary.stored + summary.bad, again=not summary.complete)


def send(desk: Desk, account: str, clock: Clock) -> Done:
    """Post the replies of one account whose undo window is over."""
    store, channels, settings = desk.store, desk.channels, desk.settings.delivery
    return Done(delivery.send_due(store, channels, settings, clock=clock, account=account, reviewer=desk.reviewer))


def reconcile(desk: Desk, account: str, clock: Clock) -> Done:
    """Read back the replies of one account that nobody is sure about."""
    return Done(
        delivery.reconcile_due(desk.store, desk.channels, desk.settings.delivery, clock=clock, account=account),
    )


def wake(desk: Desk, _: str, clock: Clock) -> Done:
    """Put snoozed cases back in their queues when their time has come."""
    with desk.store.write() as session:
        return Done(wake_snoozed(session, now=clock()))


def prune(desk: Desk, _: str, clock: Clock) -> Done:
    """Forget ended sign-ins and old runs of jobs."""
    now = clock()
    with desk.store.write() as session:
        sign_ins = prune_sign_ins(session, now=now)
        return Done(sign_ins + history.prune(session, before=now - KEEP_RUNS))


def heads(desk: Desk, _: str, clock: Clock) -> Done:
    """Let the processes of the people who type ask this one's encoder."""
    with _loading:
        return Done(int(desk.serve_heads()))


def _classifier(desk: Desk) -> Classifier:
    # Two accounts' first polls run side by side; the model must be loaded once, not twice.
    with _loading:
        return desk.classifier


def _accounts(desk: Desk) -> Sequence[str]:
    return tuple(desk.settings.accounts)


def _reply_is_due(desk: Desk, account: str, now: datetime) -> bool:
    query = (
        select(DeliveryRow.id)
        .join(AccountRow, col(AccountRow.id) == col(DeliveryRow.account_id))
        .where(
            DeliveryRow.state == DeliveryState.PENDING.value,
            col(DeliveryRow.not_before) <= now,
            AccountRow.key == account,
            col(AccountRow.disconnected_at).is_(None),
        )
    )
    with desk.store.read() as session:
        return session.exec(query.limit(1)).first() is not None


def _reply_is_doubtful(desk: Desk, account: str, now: datetime) -> bool:
    query = (
        select(DeliveryRow.id)
        .join(AccountRow, col(AccountRow.id) == col(DeliveryRow.account_id))
        .where(
            col(DeliveryRow.state).in_([DeliveryState.SENDING.value, DeliveryState.UNCONFIRMED.value]),
            col(DeliveryRow.reconcile_after) <= now,
            AccountRow.key == account,
        )
    )
    with desk.store.read() as session:
        return session.exec(query.limit(1)).first() is not None


def _heads_are_closed(desk: Desk, _: str, now: datetime) -> bool:
    return not desk.heads_settled


def _somebody_sleeps(desk: Desk, _: str, now: datetime) -> bool:
    query = select(CaseRow.id).where(CaseRow.state == CaseState.SNOOZED.value, col(CaseRow.snoozed_until) <= now)
    with desk.store.read() as session:
        return session.exec(query.limit(1)).first() is not None


POLL = JobSpec("poll", poll, lambda settings: settings.polling.every_s, "poll", _accounts)
SEND = JobSpec("send", send, lambda settings: settings.delivery.every_s, "deliver", _accounts, _reply_is_due)
RECONCILE = JobSpec(
    "reconcile",
    reconcile,
    lambda settings: _RECONCILE_EVERY_S,
    "deliver",
    _accounts,
    _reply_is_doubtful,
    # A read-back beside a running post of the same account could miss it and send it twice.
    shares_lease_with="send",
)
WAKE = JobSpec("wake", wake, lambda settings: _WAKE_EVERY_S, "upkeep", has_work=_somebody_sleeps)
PRUNE = JobSpec("prune", prune, lambda settings: _PRUNE_EVERY_S, "upkeep")
HEADS = JobSpec("heads", heads, lambda settings: _HEADS_EVERY_S, "heads", has_work=_heads_are_closed)

#: Every job of the desk.
JOBS = (POLL, SEND, RECONCILE, WAKE, PRUNE, HEADS)
