"""The jobs beside the poll that keep what was collected whole and true, and the time a post waits for its poll."""

import itertools
import threading
import time
from datetime import UTC, datetime, timedelta

import pytest
from sqlmodel import select

from tests.cases.collecting_network import Network, gap
from tests.jobs.conftest import SmallDesk, settings_with
from webcare.channels.base import GoneReason, Health, HealthState, PollResult
from webcare.errors import ChannelUnavailable
from webcare.jobs import Done, JobSpec, Runner
from webcare.jobs.embedded import Scheduler
from webcare.jobs.tasks import BACKFILL, HEALTH, POLL, SWEEP
from webcare.store import Store
from webcare.store.tables import AccountRow, GapRow, MentionRow
from webcare.testing import Desk, FakeChannel, make_desk, make_mention

KEY = "x_hemlund"
ACCOUNT = {"ACCOUNTS__X_HEMLUND__CHANNEL": "x", "ACCOUNTS__X_HEMLUND__EXTERNAL_ID": "1"}


@pytest.fixture
def care(store: Store) -> Desk:
    desk = make_desk(store)
    desk.channel = Network(clock=desk.clock)
    return desk


@pytest.fixture
def machine(care: Desk):
    """Runs jobs of this desk, with its clock and any settings."""
    runners = []

    def run(job: JobSpec, **environment: str):
        desk = SmallDesk(settings_with(**ACCOUNT, **environment), care.store, {KEY: care.channel}, care.classifier)
        runners.append(Runner(desk, clock=care.clock))
        return runners[-1].run(job, KEY)

    yield run
    for runner in runners:
        runner.close()


def the_account(care: Desk) -> AccountRow:
    with care.store.read() as session:
        return session.exec(select(AccountRow)).one()


def test_backfill_has_work_only_while_a_gap_is_open_and_says_when_more_is_waiting(care, machine):
    assert machine(BACKFILL).outcome == "idle"
    care.channel.gaps = (gap(care.now - timedelta(hours=3), care.now - timedelta(hours=2)),)
    care.channel.hidden = [make_mention(posted_at=care.now - timedelta(hours=2.5)) for _ in range(3)]
    machine(POLL)
    first, second = machine(BACKFILL), machine(BACKFILL)
    assert ((first.handled, first.again), (second.handled, second.again)) == ((2, True), (1, False))
    assert machine(BACKFILL).outcome == "idle"


def test_a_backfill_that_fails_is_told_and_waits(care, machine):
    care.channel.gaps = (gap(care.now - timedelta(hours=3), care.now - timedelta(hours=2)),)
    machine(POLL)
    care.channel.fill_error = ChannelUnavailable("X cannot be reached")
    assert machine(BACKFILL).error == "X cannot be reached"
    assert machine(BACKFILL).outcome == "idle"
    with care.store.read() as session:
        assert session.exec(select(GapRow)).one().error == "X cannot be reached"


def test_a_network_that_cannot_go_back_leaves_its_gaps_to_people(care, machine):
    care.channel.gaps = (gap(care.now - timedelta(hours=3), care.now - timedelta(hours=2)),)
    machine(POLL)
    care.channel = FakeChannel(clock=care.clock)
    assert machine(BACKFILL).outcome == "idle"


def test_sweep_has_work_once_a_day_for_each_post(care, machine):
    post = make_mention()
    care.channel.inbox.append(post)
    machine(POLL)
    assert machine(SWEEP).outcome == "idle"
    care.later(hours=21)
    care.channel.now_there = {post.external_id: GoneReason.DELETED}
    assert machine(SWEEP).handled == 1
    assert machine(SWEEP).outcome == "idle"


def test_a_network_that_cannot_be_compared_with_is_left_alone(care, machine):
    care.channel = FakeChannel(clock=care.clock)
    care.channel.inbox.append(make_mention())
    machine(POLL)
    care.later(hours=21)
    assert machine(SWEEP).outcome == "idle"


def test_health_is_looked_at_every_hour_and_written_down(care, machine):
    care.channel.access = Health(HealthState.OK, token_expires_at=care.now + timedelta(days=3))
    assert HEALTH.every_s(settings_with()) == 3600
    assert machine(HEALTH).outcome == "ok"
    assert the_account(care).token_expires_at == care.now + timedelta(days=3)


def test_the_poll_heeds_the_prices_and_the_cap_of_the_settings(care, machine):
    care.channel.price = "owned_read"
    care.channel.inbox += [make_mention() for _ in range(5)]
    machine(POLL, ACCOUNTS__X_HEMLUND__DAILY_CAP="0.005")
    assert the_account(care).capped_at == care.now
    care.later(minutes=1)
    machine(POLL, ACCOUNTS__X_HEMLUND__DAILY_CAP="0.005")
    assert len(care.channel.told.polls) == 1
    machine(POLL)
    assert len(care.channel.told.polls) == 2


class Slow(FakeChannel):
    """A network that takes its time, and posts of people who do not wait for it."""

    def __init__(self, takes_s: float) -> None:
        super().__init__(clock=lambda: datetime.now(UTC))
        self.takes_s = takes_s

    def poll(self, cursor, budget) -> PollResult:
        result = super().poll(cursor, budget)
        time.sleep(self.takes_s)
        return result


@pytest.mark.parametrize("takes_s", [0.0, 0.35])
def test_a_post_waits_no_longer_than_the_interval_the_answer_and_a_second(sqlite_store, takes_s):
    """Posts every 20 ms for four seconds; polls every 300 ms, of a network that answers at once, or after 350 ms."""
    interval_s = 0.3
    care = make_desk(sqlite_store)
    channel = Slow(takes_s)
    settings = settings_with(**ACCOUNT, POLLING__EVERY_S=str(interval_s), JOBS__LEASE_S="5")
    desk = SmallDesk(settings, sqlite_store, {KEY: channel}, care.classifier)
    scheduler = Scheduler(desk, jobs=[POLL])
    scheduler.start()
    try:
        for _ in range(200):
            channel.inbox.append(make_mention(posted_at=datetime.now(UTC)))
            time.sleep(0.02)
        time.sleep(interval_s + 2 * takes_s + 0.5)
    finally:
        scheduler.stop()
    with sqlite_store.read() as session:
        rows = list(session.exec(select(MentionRow.posted_at, MentionRow.collected_at)))
    assert len(rows) == 200
    waits = sorted((collected - posted).total_seconds() for posted, collected in rows)
    # An answer shows what was there when it was asked for, so its own time comes on top.
    assert waits[int(len(waits) * 0.99) - 1] <= max(interval_s, takes_s) + takes_s + 1.0
    assert waits[0] >= 0


def test_a_run_that_outlasts_its_interval_takes_the_turn_it_missed(sqlite_desk):
    began: list[float] = []
    enough = threading.Event()

    def work(desk, key, clock) -> Done:
        began.append(time.monotonic())
        time.sleep(0.55)
        if len(began) == 4:
            enough.set()
        return Done()

    scheduler = Scheduler(sqlite_desk, jobs=[JobSpec("slow", work, lambda settings: 0.5, "default")])
    scheduler.start()
    try:
        assert enough.wait(10)
    finally:
        scheduler.stop()
    # Without the missed turn each run would wait for the second tick after it began, 0.45 s idle in between.
    pauses = [later - before - 0.55 for before, later in itertools.pairwise(began)]
    assert sum(pauses[:3]) < 0.9


def test_posts_are_stamped_when_they_are_stored_not_when_the_poll_began(care, machine):
    post = make_mention(posted_at=care.now)
    care.channel.inbox.append(post)
    care.channel.on_poll = lambda: care.later(seconds=7)
    machine(POLL)
    with care.store.read() as session:
        row = session.exec(select(MentionRow)).one()
    assert row.collected_at - row.posted_at == timedelta(seconds=7)
