"""The jobs themselves: each one calls the step that does the work, and nothing else."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlmodel import col, select

from webcare import actions, collecting, delivery, hooked, ingest
from webcare.alerting import notifying
from webcare.cases import presence, wake_snoozed
from webcare.cases.at_work import at_work_rule
from webcare.cases.handing_over import questions_due, return_question, warn_of_questions
from webcare.cases.promises import mark_broken, somebody_waits
from webcare.cases.sharing_out import share_out, sharing_rules, take_from_absent
from webcare.channels.base import Budget
from webcare.channels.graph_hooks import CHANNELS
from webcare.domain import CaseState, DeliveryState
from webcare.jobs import history
from webcare.jobs.alerting import DIGEST, NOTIFY, WATCH
from webcare.jobs.counting import FIGURES
from webcare.jobs.noticing import NOTICE
from webcare.jobs.registry import Clock, Desk, Done, JobSpec
from webcare.jobs.remembering import REMEMBER
from webcare.jobs.surveying import SURVEY
from webcare.people import prune_sign_ins
from webcare.retention import remove_due
from webcare.retention.due import waits as retention_waits
from webcare.store import hooks
from webcare.store.mentions import prune_bad_posts
from webcare.store.spending import paying_for
from webcare.store.tables import AccountRow, CaseRow, ChannelActionRow, DeliveryRow
from webcare.store.tables_desk import HandoverRow
from webcare.triage.base import Classifier

#: Runs of jobs are kept this long, the newest of each job for ever.
KEEP_RUNS = timedelta(days=14)
#: A post that cannot be read cannot be compared with its network either, so its words may not stay for ever.
KEEP_BAD_POSTS = timedelta(days=30)
#: What a webhook named and was read; networks deliver the same again for a day and a half at most.
KEEP_NOTICES = timedelta(days=30)
#: Looking costs one read of an index, so looking often is cheap and replies are confirmed soon.
_RECONCILE_EVERY_S = 2.0
_WAKE_EVERY_S = 5.0
_PROMISES_EVERY_S = 30.0
_QUESTIONS_EVERY_S = 10.0
_SHARE_EVERY_S = 5.0
_ABSENT_EVERY_S = 60.0
_BACKFILL_EVERY_S = 30.0
_SWEEP_EVERY_S = 60.0
_TOLD_EVERY_S = 2.0
#: Posts that one turn looks up, a request each.
_TOLD_AT_ONCE = 25
_HEALTH_EVERY_S = 3600.0
_PRUNE_EVERY_S = 3600.0
_LET_GO_EVERY_S = 900.0
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
        budget=_budget(desk),
        unsorted_below=desk.settings.triage.unsorted_below,
        paying=paying_for(desk.settings, account),
        every_s=polling.every_s,
        clock=clock,
    )
    return Done(summary.stored + summary.bad + summary.edited + summary.gone, again=not summary.complete)


def told(desk: Desk, account: str, clock: Clock) -> Done:
    """Read the posts that a webhook named. Raises ChannelError when the network did not give them."""
    step = hooked.read_told(
        _machine(desk, account, clock), desk.channels[account], account_key=account, at_most=_TOLD_AT_ONCE
    )
    return Done(step.closed, again=step.again)


def backfill(desk: Desk, account: str, clock: Clock) -> Done:
    """Read some more of an account's oldest gap. Raises ChannelError when the network did not give it."""
    step = collecting.backfill_step(
        _machine(desk, account, clock), desk.channels[account], account_key=account, budget=_budget(desk)
    )
    return Done(step.recovered, again=step.again)


def sweep(desk: Desk, account: str, clock: Clock) -> Done:
    """Compare posts that are due with the network. Raises ChannelError when it did not answer."""
    swept = collecting.sweep_account(
        _machine(desk, account, clock), desk.channels[account], account_key=account, rule=desk.settings.sweep
    )
    return Done(swept.gone + swept.edited, again=swept.again)


def health(desk: Desk, account: str, clock: Clock) -> Done:
    """Look at an account's token and permissions."""
    collecting.check_health(desk.store, desk.channels[account], account_key=account, now=clock())
    return Done()


def send(desk: Desk, account: str, clock: Clock) -> Done:
    """Post the replies of one account whose undo window is over."""
    store, channels, settings = desk.store, desk.channels, desk.settings.delivery
    return Done(delivery.send_due(store, channels, settings, clock=clock, account=account, reviewer=desk.reviewer))


def reconcile(desk: Desk, account: str, clock: Clock) -> Done:
    """Read back the replies of one account that nobody is sure about."""
    return Done(
        delivery.reconcile_due(desk.store, desk.channels, desk.settings.delivery, clock=clock, account=account),
    )


def act(desk: Desk, account: str, clock: Clock) -> Done:
    """Hide, like or delete on the network what people asked for."""
    return Done(
        actions.act_due(desk.store, desk.channels, desk.settings.delivery, clock=clock, account=account),
    )


def wake(desk: Desk, _: str, clock: Clock) -> Done:
    """Put snoozed cases back in their queues when their time has come."""
    with desk.store.write() as session:
        return Done(wake_snoozed(session, now=clock()))


def questions(desk: Desk, _: str, clock: Clock) -> Done:
    """Say that answers of the second line are nearly due, and bring back the questions nobody answered in time."""
    now, rule = clock(), at_work_rule(desk.settings)
    with desk.store.write() as session:
        handled = warn_of_questions(session, desk.settings.second_line, now=now)
    with desk.store.read() as session:
        due = questions_due(session, now=now)
    for case_id in due:
        with desk.store.write() as session:
            handled += return_question(session, case_id, now=now, rule=rule)
    return Done(handled)


def share(desk: Desk, _: str, clock: Clock) -> Done:
    """Give out what waits in the queues that the desk gives out by itself."""
    return Done(share_out(desk.store, now=clock(), rule=at_work_rule(desk.settings)))


def absent(desk: Desk, _: str, clock: Clock) -> Done:
    """Put the cases of people who left or are gone for long back in their queues."""
    return Done(take_from_absent(desk.store, now=clock(), rule=at_work_rule(desk.settings)))


def promises(desk: Desk, _: str, clock: Clock) -> Done:
    """Mark promises that were not kept, and bring their cases back."""
    with desk.store.write() as session:
        return Done(mark_broken(session, now=clock()))


def prune(desk: Desk, _: str, clock: Clock) -> Done:
    """Forget ended sign-ins, old runs of jobs, and posts nobody could read in all that time."""
    now = clock()
    with desk.store.write() as session:
        gone = prune_sign_ins(session, now=now) + prune_bad_posts(session, before=now - KEEP_BAD_POSTS)
        gone += presence.prune(session, now=now) + notifying.prune(session, now=now)
        gone += hooks.prune(session, before=now - KEEP_NOTICES)
        return Done(gone + history.prune(session, before=now - KEEP_RUNS))


def let_go(desk: Desk, _: str, clock: Clock) -> Done:
    """Take the words of customers out of cases that were closed long enough ago, if the desk decided so."""
    removed = remove_due(desk.store, now=clock())
    return Done(removed, again=removed > 0)


def heads(desk: Desk, _: str, clock: Clock) -> Done:
    """Let the processes of the people who type ask this one's encoder."""
    with _loading:
        return Done(int(desk.serve_heads()))


def _machine(desk: Desk, account: str, clock: Clock) -> collecting.Machine:
    return collecting.Machine(
        desk.store,
        _classifier(desk),
        desk.settings.routing,
        desk.settings.triage.unsorted_below,
        clock,
        paying_for(desk.settings, account),
    )


def _budget(desk: Desk) -> Budget:
    return Budget(max_pages=desk.settings.polling.max_pages, page_size=desk.settings.polling.page_size)


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
            delivery.may_leave(now),
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


def _told_accounts(desk: Desk) -> Sequence[str]:
    return tuple(key for key, account in desk.settings.accounts.items() if account.channel in CHANNELS.values())


def _told_waits(desk: Desk, account: str, now: datetime) -> bool:
    with desk.store.read() as session:
        waits = hooked.told_waits(session, account, now=now)
    return waits and desk.channels[account].capabilities.webhook


def _poll_waits(desk: Desk, account: str, now: datetime) -> bool:
    with desk.store.read() as session:
        return hooked.poll_waits(session, account, now=now)


def _gap_waits(desk: Desk, account: str, now: datetime) -> bool:
    with desk.store.read() as session:
        waits = collecting.gap_waits(session, account, now=now)
    return waits and desk.channels[account].capabilities.backfill


def _sweep_waits(desk: Desk, account: str, now: datetime) -> bool:
    with desk.store.read() as session:
        waits = collecting.sweep_waits(session, account, desk.settings.sweep, now=now)
    return waits and desk.channels[account].capabilities.refresh > 0


def _action_is_due(desk: Desk, account: str, now: datetime) -> bool:
    query = (
        select(ChannelActionRow.id)
        .join(AccountRow, col(AccountRow.id) == col(ChannelActionRow.account_id))
        .where(actions.is_due(now), AccountRow.key == account, col(AccountRow.disconnected_at).is_(None))
    )
    with desk.store.read() as session:
        return session.exec(query.limit(1)).first() is not None


def _heads_are_closed(desk: Desk, _: str, now: datetime) -> bool:
    return not desk.heads_settled


def _words_are_due(desk: Desk, _: str, now: datetime) -> bool:
    with desk.store.read() as session:
        return retention_waits(session, now=now)


def _promise_is_late(desk: Desk, _: str, now: datetime) -> bool:
    with desk.store.read() as session:
        return somebody_waits(session, now=now)


def _somebody_sleeps(desk: Desk, _: str, now: datetime) -> bool:
    query = select(CaseRow.id).where(CaseRow.state == CaseState.SNOOZED.value, col(CaseRow.snoozed_until) <= now)
    with desk.store.read() as session:
        return session.exec(query.limit(1)).first() is not None


def _question_is_open(desk: Desk, _: str, now: datetime) -> bool:
    query = select(HandoverRow.id).where(col(HandoverRow.closed_at).is_(None))
    with desk.store.read() as session:
        return session.exec(query.limit(1)).first() is not None


def _something_is_shared_out(desk: Desk, _: str, now: datetime) -> bool:
    with desk.store.read() as session:
        return bool(sharing_rules(session, at=now))


POLL = JobSpec("poll", poll, lambda settings: settings.polling.every_s, "poll", _accounts, precedence="first")
# Their own threads: a network that is slow to show old posts holds up no new ones.
BACKFILL = JobSpec("backfill", backfill, lambda settings: _BACKFILL_EVERY_S, "collect", _accounts, _gap_waits)
SWEEP = JobSpec("sweep", sweep, lambda settings: _SWEEP_EVERY_S, "collect", _accounts, _sweep_waits)
TOLD = JobSpec("told", told, lambda settings: _TOLD_EVERY_S, "collect", _told_accounts, _told_waits)
POLL_TOLD = JobSpec(
    "poll_told",
    poll,
    lambda settings: _TOLD_EVERY_S,
    "poll",
    _told_accounts,
    _poll_waits,
    shares_lease_with="poll",
    precedence="first",
)
HEALTH = JobSpec("health", health, lambda settings: _HEALTH_EVERY_S, "collect", _accounts)
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
ACT = JobSpec("act", act, lambda settings: settings.delivery.every_s, "deliver", _accounts, _action_is_due)
WAKE = JobSpec("wake", wake, lambda settings: _WAKE_EVERY_S, "upkeep", has_work=_somebody_sleeps)
QUESTIONS = JobSpec("questions", questions, lambda settings: _QUESTIONS_EVERY_S, "upkeep", has_work=_question_is_open)
SHARE = JobSpec("share", share, lambda settings: _SHARE_EVERY_S, "upkeep", has_work=_something_is_shared_out)
ABSENT = JobSpec("absent", absent, lambda settings: _ABSENT_EVERY_S, "upkeep")
PROMISES = JobSpec("promises", promises, lambda settings: _PROMISES_EVERY_S, "upkeep", has_work=_promise_is_late)
PRUNE = JobSpec("prune", prune, lambda settings: _PRUNE_EVERY_S, "upkeep")
LET_GO = JobSpec("retention", let_go, lambda settings: _LET_GO_EVERY_S, "upkeep", has_work=_words_are_due)
HEADS = JobSpec("heads", heads, lambda settings: _HEADS_EVERY_S, "heads", has_work=_heads_are_closed)

#: Every job of the desk.
JOBS = (
    POLL, BACKFILL, SWEEP, TOLD, POLL_TOLD, HEALTH, SEND, RECONCILE, ACT, WAKE,
    QUESTIONS, SHARE, ABSENT, PROMISES, PRUNE, LET_GO, HEADS, REMEMBER, NOTICE,
    WATCH, NOTIFY, FIGURES, DIGEST, SURVEY,
)  # fmt: skip
