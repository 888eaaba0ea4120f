"""Collecting from the sandbox over real HTTP, with the networks' own libraries: edits, removals, names, gaps, limits.

On both databases; the clock of the sandbox is the clock of the desk.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest
from sqlmodel import col, select

from tests.channels.stub_network import Clock, connect_fb, connect_x
from webcare import collecting
from webcare.channels.base import Budget, Channel
from webcare.ingest import PollSummary, poll_account
from webcare.sandbox.server import Sandbox
from webcare.settings import load_settings
from webcare.store import Store
from webcare.store.gaps import BACKFILL, open_gaps
from webcare.store.spending import paying_for
from webcare.store.tables import AccountRow, CaseRow, GapRow, MentionRow, MentionVersionRow, SpendRow
from webcare.testing import FakeClassifier

SETTINGS = load_settings(
    env={
        "WEBCARE_ACCOUNTS__X_HEMLUND__CHANNEL": "x",
        "WEBCARE_ACCOUNTS__X_HEMLUND__EXTERNAL_ID": "3300000001",
        "WEBCARE_ACCOUNTS__FB_HEMLUND__CHANNEL": "facebook",
        "WEBCARE_ACCOUNTS__FB_HEMLUND__EXTERNAL_ID": "1100000001",
    }
)


@dataclass
class Collector:
    """One account of the sandbox and the desk it is collected for."""

    store: Store
    box: Sandbox
    clock: Clock
    key: str
    channel: Channel

    def poll(self, budget: Budget = Budget()) -> PollSummary:  # noqa: B008 - it is frozen
        return poll_account(
            self.store,
            self.channel,
            FakeClassifier(),
            SETTINGS.routing,
            account_key=self.key,
            now=self.clock(),
            budget=budget,
            unsorted_below=0.65,
            paying=paying_for(SETTINGS, self.key),
            every_s=60,
        )

    def machine(self) -> collecting.Machine:
        paying = paying_for(SETTINGS, self.key)
        return collecting.Machine(self.store, FakeClassifier(), SETTINGS.routing, 0.65, self.clock, paying)

    def sweep(self) -> collecting.Swept:
        return collecting.sweep_account(self.machine(), self.channel, account_key=self.key, rule=SETTINGS.sweep)

    def fill(self) -> collecting.FillStep:
        return collecting.backfill_step(self.machine(), self.channel, account_key=self.key, budget=Budget())

    def next_day(self) -> datetime:
        return self.clock.later(hours=21)

    def texts(self) -> list[str]:
        with self.store.read() as session:
            return list(session.exec(select(MentionRow.text).order_by(col(MentionRow.posted_at), col(MentionRow.id))))

    def row(self, text: str) -> MentionRow:
        with self.store.read() as session:
            return session.exec(select(MentionRow).where(MentionRow.text == text)).one()


def make_collector(store: Store, box: Sandbox, clock: Clock, key: str, channel: Channel) -> Collector:
    with store.write() as session:
        settings = SETTINGS.accounts[key]
        session.add(AccountRow(key=key, channel=settings.channel, external_id=settings.external_id))
    made = Collector(store, box, clock, key, channel)
    made.poll()
    return made


@pytest.fixture
def town_clock() -> Clock:
    return Clock()


@pytest.fixture
def town(town_clock: Clock) -> Iterator[Sandbox]:
    with Sandbox(clock=town_clock) as running:
        yield running


@pytest.fixture
def on_x(store: Store, town: Sandbox, town_clock: Clock) -> Collector:
    return make_collector(store, town, town_clock, "x_hemlund", connect_x(town))


@pytest.fixture
def on_facebook(store: Store, town: Sandbox, town_clock: Clock) -> Collector:
    return make_collector(store, town, town_clock, "fb_hemlund", connect_fb(town))


def test_an_edit_on_x_is_one_post_whether_the_poll_or_the_sweep_sees_it(on_x: Collector) -> None:
    on_x.clock.later(minutes=1)
    first = on_x.box.world.post_x("@hemlund wher is it", author="anna")
    on_x.poll()
    on_x.clock.later(minutes=5)
    second = on_x.box.world.edit_x(first.id, "@hemlund where is it")
    assert on_x.poll().edited == 1
    on_x.clock.later(minutes=5)
    third = on_x.box.world.edit_x(second.id, "@hemlund where is my sofa")
    on_x.next_day()
    assert on_x.sweep().edited == 1
    assert on_x.texts() == ["@hemlund where is my sofa"]
    assert on_x.row("@hemlund where is my sofa").external_id == str(third.id)
    with on_x.store.read() as session:
        older = {row.text for row in session.exec(select(MentionVersionRow))}
        assert len(list(session.exec(select(CaseRow)))) == 1
    assert older == {"@hemlund wher is it", "@hemlund where is it"}
    assert (on_x.poll().stored, on_x.sweep().edited) == (0, 0)


def test_deleted_protected_and_suspended_writers_are_honoured_on_x_and_renames_followed(on_x: Collector) -> None:
    on_x.clock.later(minutes=1)
    posts = {name: on_x.box.world.post_x(f"@hemlund {name}", author=name) for name in ("anna", "bo", "cas", "dia")}
    on_x.poll()
    on_x.box.world.delete_x(posts["anna"].id)
    on_x.box.world.set_user("x", "bo", protected=True)
    on_x.box.world.set_user("x", "cas", suspended=True)
    on_x.box.world.set_user("x", "dia", name="Dia the Second")
    on_x.next_day()
    swept = on_x.sweep()
    assert (swept.compared, swept.gone) == (4, 3)
    with on_x.store.read() as session:
        rows = {row.external_id: row for row in session.exec(select(MentionRow))}
        names = {row.customer_handle: row.customer_name for row in session.exec(select(CaseRow))}
    reasons = {name: rows[str(post.id)].gone_reason for name, post in posts.items()}
    assert reasons["anna"] == "deleted"
    assert reasons["bo"] == "protected"
    # X does not say of a closed account's post why it is not there.
    assert reasons["cas"]
    assert sorted(row.text for row in rows.values()) == ["", "", "", "@hemlund dia"]
    assert names["dia"] == "Dia the Second"


def test_a_flood_that_x_does_not_show_is_a_gap_that_a_backfill_closes(on_x: Collector) -> None:
    on_x.clock.later(hours=3)
    on_x.box.world.bulk_x(1000, start=on_x.clock.now - timedelta(hours=2))
    while not on_x.poll().complete:
        on_x.clock.later(seconds=60)
    with on_x.store.read() as session:
        (gap,) = open_gaps(session)
    assert len(on_x.texts()) == 800
    for _ in range(100):
        if not on_x.fill().again:
            break
        on_x.clock.later(minutes=1)
    assert len(on_x.texts()) == 1000
    with on_x.store.read() as session:
        row = session.get_one(GapRow, gap.id)
        assert (row.recovered, row.closed_by) == (200, BACKFILL)
        assert open_gaps(session) == ()
    assert on_x.poll().stored == 0


def test_what_x_charges_is_what_was_read_once_a_day(on_x: Collector) -> None:
    on_x.clock.later(minutes=1)
    for name in ("anna", "bo", "cas"):
        on_x.box.world.post_x(f"@hemlund {name}", author=name)
    for _ in range(5):
        on_x.poll()
        on_x.clock.later(minutes=1)
    with on_x.store.read() as session:
        spent = {row.what: (row.count, row.micros) for row in session.exec(select(SpendRow))}
    assert spent.pop("user_read", (1, 10_000)) == (1, 10_000)
    assert spent == {"owned_read": (3, 3_000)}


def test_the_limits_x_announces_are_kept_by_list(on_x: Collector) -> None:
    on_x.clock.later(minutes=1)
    on_x.poll()
    with on_x.store.read() as session:
        rates = session.exec(select(AccountRow.rates)).one()
    announced = {key: one for key, one in rates.items() if key.startswith("poll:")}
    assert announced
    assert all(one["remaining"] < one["limit"] and one["reset_at"] for one in announced.values())


def test_an_edit_and_a_removal_on_facebook(on_facebook: Collector) -> None:
    on_facebook.clock.later(minutes=1)
    world = on_facebook.box.world
    edited, gone = world.post_fb("I like it", author="anna"), world.post_fb("to be deleted", author="bo")
    on_facebook.poll()
    assert sorted(on_facebook.texts()) == ["I like it", "to be deleted"]
    world.edit_fb(edited.id, "I hate it")
    world.delete_fb(gone.id)
    on_facebook.next_day()
    swept = on_facebook.sweep()
    assert swept.gone == 1
    on_facebook.poll()
    assert sorted(on_facebook.texts()) == ["", "I hate it"]
    with on_facebook.store.read() as session:
        (version,) = session.exec(select(MentionVersionRow))
    assert (version.text, version.external_id) == ("I like it", on_facebook.row("I hate it").external_id)
