"""The desk's own jobs on a real database: what each one does, when it has work, and what it leaves alone."""

from datetime import timedelta

import pytest
from sqlmodel import select

from tests.jobs.conftest import SmallDesk, settings_with
from webcare import cases
from webcare.channels.base import Budget
from webcare.domain import Actor, CaseState, DeliveryState
from webcare.errors import AccountDisconnected, ChannelThrottled, ChannelUnavailable, OutcomeUnknown
from webcare.jobs import Runner
from webcare.jobs.tasks import JOBS, POLL, PRUNE, RECONCILE, SEND, WAKE
from webcare.people import add_agent, sign_in
from webcare.store import Store
from webcare.store.tables import CaseRow, SignInRow
from webcare.testing import Desk, Landed, make_desk, make_mention

KEY = "x_hemlund"


@pytest.fixture
def care(store: Store) -> Desk:
    return make_desk(store)


@pytest.fixture
def machine(care: Desk):
    """Runs jobs of this desk, with its clock."""
    settings = settings_with(ACCOUNTS__X_HEMLUND__CHANNEL="x", ACCOUNTS__X_HEMLUND__EXTERNAL_ID="1")
    desk = SmallDesk(settings, care.store, {KEY: care.channel}, care.classifier)
    runner = Runner(desk, clock=care.clock)
    yield lambda job, key=KEY: runner.run(job, key)
    runner.close()


def test_per_account_jobs_have_one_key_for_each_configured_account(care):
    settings = settings_with(
        ACCOUNTS__A__CHANNEL="x", ACCOUNTS__A__EXTERNAL_ID="1", ACCOUNTS__B__CHANNEL="x", ACCOUNTS__B__EXTERNAL_ID="2"
    )
    desk = SmallDesk(settings, care.store)
    assert {job.name: tuple(job.keys(desk)) for job in JOBS} == {
        "poll": ("a", "b"),
        "backfill": ("a", "b"),
        "sweep": ("a", "b"),
        "told": (),
        "poll_told": (),
        "health": ("a", "b"),
        "send": ("a", "b"),
        "reconcile": ("a", "b"),
        "act": ("a", "b"),
        "wake": ("",),
        "questions": ("",),
        "share": ("",),
        "absent": ("",),
        "promises": ("",),
        "prune": ("",),
        "retention": ("",),
        "heads": ("",),
        "remember": ("",),
        "incidents": ("",),
        "deadlines": ("",),
        "notify": ("",),
        "figures": ("",),
        "digest": ("",),
        "survey": ("",),
    }
    assert POLL.every_s(settings) == settings.polling.every_s
    assert SEND.every_s(settings) == settings.delivery.every_s


def test_poll_puts_new_posts_in_the_queues(care, machine):
    care.channel.inbox += [make_mention(), make_mention()]
    assert machine(POLL).handled == 2
    assert machine(POLL).handled == 0
    with care.store.read() as session:
        assert len(list(session.exec(select(CaseRow)))) == 2


def test_poll_asks_for_another_turn_when_the_network_has_more(care, machine, monkeypatch):
    monkeypatch.setattr("webcare.jobs.tasks.Budget", lambda **_: Budget(max_pages=1, page_size=5))
    care.channel.inbox += [make_mention() for _ in range(7)]
    first = machine(POLL)
    assert (first.handled, first.again) == (5, True)
    second = machine(POLL)
    assert (second.handled, second.again) == (2, False)


def test_poll_of_a_throttled_account_waits_until_it_may(care, machine):
    care.channel.poll_error = ChannelThrottled("slow down", retry_at=care.now + timedelta(minutes=5))
    assert machine(POLL).outcome == "error"
    care.channel.poll_error = None
    care.channel.inbox.append(make_mention())
    assert machine(POLL).handled == 0
    care.later(minutes=6)
    assert machine(POLL).handled == 1


def test_a_poll_that_fails_tells_why_and_the_next_one_collects_all(care, machine):
    care.channel.poll_error = ChannelUnavailable("X cannot be reached")
    care.channel.inbox.append(make_mention())
    assert machine(POLL).error == "X cannot be reached"
    care.channel.poll_error = None
    assert machine(POLL).handled == 1


def test_send_has_no_work_until_the_undo_window_is_over_and_posts_once(care, machine):
    case = care.open_case()
    delivery = care.reply(case.id)
    assert machine(SEND).outcome == "idle"
    care.later(seconds=11)
    assert (machine(SEND).handled, machine(SEND).outcome) == (1, "idle")
    assert care.delivery(delivery.id).state == DeliveryState.SENT
    assert len(care.channel.timeline) == 1


def test_send_leaves_replies_of_a_disconnected_account_waiting(care, machine):
    case = care.open_case()
    delivery = care.reply(case.id)
    care.later(seconds=11)
    care.channel.poll_error = AccountDisconnected("the token was revoked")
    machine(POLL)
    assert machine(SEND).outcome == "idle"
    assert care.delivery(delivery.id).state == DeliveryState.PENDING


def test_reconcile_has_work_only_when_a_doubtful_reply_may_be_looked_for(care, machine):
    case = care.open_case()
    delivery = care.reply(case.id)
    assert machine(RECONCILE).outcome == "idle"
    care.later(seconds=11)
    care.channel.faults.append(Landed(OutcomeUnknown("the connection broke")))
    machine(SEND)
    assert care.delivery(delivery.id).state == DeliveryState.UNCONFIRMED
    assert machine(RECONCILE).outcome == "idle"
    care.later(seconds=30)
    assert machine(RECONCILE).handled == 1
    assert care.delivery(delivery.id).state == DeliveryState.SENT
    assert len(care.channel.timeline) == 1


def test_wake_brings_back_cases_whose_time_has_come(care, machine):
    case = care.open_case()
    with care.store.write() as session:
        cases.snooze(session, case.id, until=care.now + timedelta(hours=1), by=care.first, now=care.now)
    assert machine(WAKE, "").outcome == "idle"
    care.later(hours=2)
    assert machine(WAKE, "").handled == 1
    with care.store.read() as session:
        assert cases.load(session, case.id).state != CaseState.SNOOZED


def test_prune_forgets_ended_sign_ins_and_keeps_those_in_force(care, machine):
    add_agent(
        care.store,
        username="ada",
        name="Ada",
        role=care.first.role,
        password="long enough",
        by=Actor.system("test"),
        now=care.now,
    )
    for hours in (1, 100):
        sign_in(care.store, "ada", "long enough", now=care.now, lasts=timedelta(hours=hours))
    care.later(hours=2)
    assert machine(PRUNE, "").handled == 1
    with care.store.read() as session:
        assert len(list(session.exec(select(SignInRow)))) == 1
