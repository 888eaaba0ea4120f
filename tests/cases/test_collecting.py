"""What keeps the collected posts whole and true: limits, caps, gaps, backfill, sweep, access. Both databases."""

import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlmodel import col, select

from tests.cases.collecting_network import Network, gap
from webcare import cases, collecting, reports
from webcare.channels.base import Budget, GoneReason, Health, HealthState, RateState
from webcare.domain import Author, MentionKind, Resolution, Role
from webcare.errors import (
    AccountDisconnected,
    CaseStateRefused,
    ChannelThrottled,
    ChannelUnavailable,
    NotAllowed,
)
from webcare.ingest import PollSummary, poll_account
from webcare.reports import gaps_within
from webcare.store import Store
from webcare.store.gaps import BACKFILL
from webcare.store.spending import Paying, spending
from webcare.store.tables import AccountRow, CaseEventRow, CaseRow, GapRow, MentionRow, SpendRow
from webcare.testing import NOON, Desk, make_desk, make_mention

KEY = "x_hemlund"
HOUR = timedelta(hours=1)


@pytest.fixture
def care(store: Store) -> Desk:
    desk = make_desk(store)
    desk.channel = Network(clock=desk.clock)
    return desk


def net(care: Desk) -> Network:
    assert isinstance(care.channel, Network)
    return care.channel


def poll(care: Desk, *, paying: Paying = Paying(), every_s: float = 60.0) -> PollSummary:  # noqa: B008 - it is frozen
    return poll_account(
        care.store,
        care.channel,
        care.classifier,
        care.settings.routing,
        account_key=KEY,
        now=care.now,
        budget=Budget(),
        unsorted_below=0.65,
        paying=paying,
        every_s=every_s,
    )


def machine(care: Desk, paying: Paying = Paying()) -> collecting.Machine:  # noqa: B008 - it is frozen
    return collecting.Machine(care.store, care.classifier, care.settings.routing, 0.65, care.clock, paying)


def fill(care: Desk, paying: Paying = Paying()) -> collecting.FillStep:  # noqa: B008 - it is frozen
    return collecting.backfill_step(machine(care, paying), care.channel, account_key=KEY, budget=Budget())


def sweep(care: Desk, paying: Paying = Paying()) -> collecting.Swept:  # noqa: B008 - it is frozen
    return collecting.sweep_account(machine(care, paying), care.channel, account_key=KEY, rule=care.settings.sweep)


def the_account(care: Desk) -> AccountRow:
    with care.store.read() as session:
        return session.exec(select(AccountRow)).one()


def kept_gaps(care: Desk) -> list[GapRow]:
    with care.store.read() as session:
        return list(session.exec(select(GapRow).order_by(col(GapRow.id))))


def texts(care: Desk) -> list[str]:
    with care.store.read() as session:
        return list(session.exec(select(MentionRow.text).order_by(col(MentionRow.id))))


def paid(care: Desk) -> dict[tuple[str, str], tuple[int, int]]:
    with care.store.read() as session:
        return {(row.day, row.what): (row.count, row.micros) for row in session.exec(select(SpendRow))}


# --- gaps -------------------------------------------------------------------------------------------


def test_a_gap_is_kept_with_the_cursor_and_told_on_every_report_that_covers_it(care: Desk) -> None:
    net(care).gaps = (gap(NOON - 3 * HOUR, NOON - 2 * HOUR),)
    assert poll(care).gaps == 1
    (kept,) = kept_gaps(care)
    assert (kept.source, kept.since, kept.until, kept.reason) == (
        "mentions",
        NOON - 3 * HOUR,
        NOON - 2 * HOUR,
        "history ended",
    )
    with care.store.read() as session:
        assert [one.id for one in gaps_within(session, NOON - 2 * HOUR, NOON)] == [kept.id]
        assert gaps_within(session, NOON - HOUR, NOON) == ()
        assert gaps_within(session, NOON - 9 * HOUR, NOON - 4 * HOUR) == ()
        assert [one.account_key for one in reports.gaps_within(session, NOON - timedelta(days=1), NOON)] == [KEY]


def test_a_crash_before_the_commit_keeps_neither_gap_nor_cursor(care: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    net(care).gaps = (gap(NOON - 3 * HOUR, NOON - 2 * HOUR),)

    def dies(*args: object) -> int:
        raise MemoryError

    with monkeypatch.context() as patch:
        patch.setattr("webcare.ingest._move_mark", dies)
        with pytest.raises(MemoryError):
            poll(care)
    assert kept_gaps(care) == []
    assert the_account(care).cursor is None


def test_overlapping_open_gaps_of_one_list_become_one_and_of_two_lists_stay_two(care: Desk) -> None:
    net(care).gaps = (gap(NOON - 6 * HOUR, NOON - 5 * HOUR), gap(NOON - 3 * HOUR, NOON - 2 * HOUR))
    poll(care)
    net(care).gaps = (
        gap(NOON - 5 * HOUR, NOON - 3 * HOUR, reason="and more"),
        gap(NOON - 3 * HOUR, NOON - 2 * HOUR, source="feed"),
    )
    poll(care)
    found = [(row.source, row.since, row.until) for row in kept_gaps(care)]
    assert found == [("mentions", NOON - 6 * HOUR, NOON - 2 * HOUR), ("feed", NOON - 3 * HOUR, NOON - 2 * HOUR)]


def test_a_backfill_brings_posts_step_by_step_marks_them_late_and_closes_the_gap(care: Desk) -> None:
    net(care).gaps = (gap(NOON - 6 * HOUR, NOON - 2 * HOUR),)
    poll(care)
    net(care).gaps = ()
    net(care).hidden = [make_mention(f"hidden {n}", posted_at=NOON - 2 * HOUR - n * HOUR / 2) for n in range(5)]
    steps = [fill(care) for _ in range(4)]
    assert [step.recovered for step in steps] == [2, 2, 1, 0]
    assert [step.again for step in steps] == [True, True, False, False]
    assert [token for _, token in net(care).told.fills] == ["", "2", "4"]
    (kept,) = kept_gaps(care)
    assert (kept.recovered, kept.closed_by, kept.closed_at) == (5, BACKFILL, care.now)
    assert len(texts(care)) == 5
    with care.store.read() as session:
        events = list(session.exec(select(CaseEventRow).where(CaseEventRow.kind == "opened")))
        case = session.exec(select(CaseRow).limit(1)).one()
        assert gaps_within(session, NOON - 6 * HOUR, NOON) == ()
    assert all(event.detail["late"] for event in events)
    assert case.route_reason.startswith("late, recovered from a gap; ")
    assert net(care).timeline == []


def test_what_the_polls_know_already_a_backfill_does_not_bring_twice(care: Desk) -> None:
    post = make_mention("seen", posted_at=NOON - 3 * HOUR)
    net(care).inbox.append(post)
    net(care).gaps = (gap(NOON - 6 * HOUR, NOON - 2 * HOUR),)
    poll(care)
    net(care).hidden = [post, make_mention("unseen", posted_at=NOON - 4 * HOUR)]
    assert fill(care).recovered == 1
    assert texts(care) == ["seen", "unseen"]


def test_a_step_that_fails_keeps_its_error_and_token_and_is_tried_again_later(care: Desk) -> None:
    net(care).gaps = (gap(NOON - 6 * HOUR, NOON - 2 * HOUR),)
    poll(care)
    net(care).hidden = [make_mention(posted_at=NOON - 3 * HOUR) for _ in range(4)]
    fill(care)
    net(care).fill_error = ChannelUnavailable("X cannot be reached.")
    with pytest.raises(ChannelUnavailable):
        fill(care)
    (kept,) = kept_gaps(care)
    assert (kept.fill_token, kept.error, kept.closed_at) == ("2", "X cannot be reached.", None)
    assert fill(care) == collecting.FillStep()
    care.later(minutes=11)
    net(care).fill_error = None
    assert fill(care).recovered == 2
    assert kept_gaps(care)[0].error == ""


def test_a_throttled_backfill_rests_until_the_network_said(care: Desk) -> None:
    net(care).gaps = (gap(NOON - 6 * HOUR, NOON - 2 * HOUR),)
    poll(care)
    net(care).fill_error = ChannelThrottled("slow down", retry_at=NOON + HOUR)
    with pytest.raises(ChannelThrottled):
        fill(care)
    care.later(minutes=30)
    assert fill(care).skipped == "no request left for now"
    assert poll(care).skipped == ""
    care.later(minutes=31)
    net(care).fill_error = None
    fill(care)
    assert kept_gaps(care)[0].closed_by == BACKFILL


def test_what_cannot_be_brought_back_stays_open_for_a_person_and_on_reports_after_that(care: Desk) -> None:
    net(care).gaps = (gap(NOON - 6 * HOUR, NOON - 2 * HOUR),)
    poll(care)
    net(care).left = (gap(NOON - 6 * HOUR, NOON - 5 * HOUR, reason="X searches seven days"),)
    fill(care)
    (kept,) = kept_gaps(care)
    assert (kept.until, kept.reason, kept.lost_at, kept.closed_at) == (
        NOON - 5 * HOUR,
        "X searches seven days",
        NOON,
        None,
    )
    care.later(hours=1)
    assert fill(care) == collecting.FillStep()
    with care.store.write() as session:
        collecting.close_gap(session, kept.id or 0, by=care.people[Role.MANAGER], now=care.now)
    with care.store.read() as session:
        (told,) = gaps_within(session, NOON - 6 * HOUR, NOON)
    assert told.closed_by == care.people[Role.MANAGER].name
    with care.store.write() as session, pytest.raises(CaseStateRefused):
        collecting.close_gap(session, kept.id or 0, by=care.people[Role.MANAGER], now=care.now)


def test_a_first_line_colleague_closes_no_gap(care: Desk) -> None:
    net(care).gaps = (gap(NOON - 6 * HOUR, NOON - 2 * HOUR),)
    poll(care)
    with care.store.write() as session, pytest.raises(NotAllowed):
        collecting.close_gap(session, kept_gaps(care)[0].id or 0, by=care.first, now=care.now)


def test_a_gap_that_grew_while_it_was_read_is_read_again_from_its_newest_end(care: Desk) -> None:
    net(care).gaps = (gap(NOON - 6 * HOUR, NOON - 2 * HOUR),)
    poll(care)
    net(care).hidden = [make_mention(posted_at=NOON - 3 * HOUR) for _ in range(4)]
    fill(care)
    net(care).gaps = (gap(NOON - 2 * HOUR, NOON - HOUR),)
    poll(care)
    fill(care)
    assert net(care).told.fills[-1] == (gap(NOON - 6 * HOUR, NOON - HOUR), "")


# --- the sweep --------------------------------------------------------------------------------------


def test_every_post_is_compared_with_the_network_within_a_day_and_not_oftener(care: Desk) -> None:
    posts = [make_mention(f"post {n}") for n in range(5)]
    care.receive(*posts)
    net(care).now_there = {post.external_id: post for post in posts}
    assert sweep(care) == collecting.Swept()
    care.later(hours=20, minutes=1)
    assert sweep(care).compared == 5
    assert [len(ids) for ids in net(care).told.refreshes] == [2, 2, 1]
    assert sweep(care) == collecting.Swept()


def test_a_turn_of_the_sweep_asks_no_more_than_its_calls_and_says_that_more_is_due(care: Desk) -> None:
    posts = [make_mention(f"post {n}") for n in range(25)]
    care.receive(*posts)
    net(care).now_there = {post.external_id: post for post in posts}
    care.later(hours=21)
    first = sweep(care)
    assert (first.compared, first.again) == (20, True)
    assert (sweep(care).compared, len(net(care).told.refreshes)) == (5, 13)


def test_the_sweep_removes_what_is_gone_takes_edits_and_new_names(care: Desk) -> None:
    gone, edited, renamed = make_mention("gone"), make_mention("edited"), make_mention("renamed")
    care.receive(gone, edited, renamed)
    now_called = replace(renamed, author=Author(renamed.author.external_id, "Other Name", "other"))
    net(care).now_there = {
        gone.external_id: GoneReason.SUSPENDED,
        edited.external_id: make_mention("edited!", root_id=edited.external_id, author=edited.author),
        renamed.external_id: now_called,
    }
    care.later(hours=21)
    swept = sweep(care)
    assert (swept.compared, swept.gone, swept.edited, swept.unanswered) == (3, 1, 1, 0)
    assert texts(care) == ["", "edited!", "renamed"]
    case = care.case_of(renamed)
    assert (case.customer_name, case.customer_handle) == ("Other Name", "other")
    assert care.case_of(gone).resolution == "target_gone"


def test_a_post_the_network_says_nothing_about_is_asked_for_again_within_the_hour(care: Desk) -> None:
    care.receive(make_mention())
    care.later(hours=21)
    assert sweep(care).unanswered == 1
    assert sweep(care).unanswered == 0
    care.later(hours=1, minutes=1)
    assert sweep(care).unanswered == 1
    assert texts(care) == ["Where is my sofa?"]


def test_old_posts_are_left_alone_but_those_of_cases_that_are_not_resolved(care: Desk) -> None:
    old, open_still = make_mention("old"), make_mention("open still")
    care.receive(old, open_still)
    with care.store.write() as session:
        cases.resolve(session, care.case_of(old).id or 0, resolution=Resolution.SPAM, by=care.first, now=care.now)
    net(care).now_there = {one.external_id: one for one in (old, open_still)}
    care.later(days=40)
    sweep(care)
    assert net(care).told.refreshes == [(open_still.external_id,)]


def test_a_comparison_never_opens_a_case(care: Desk) -> None:
    post = make_mention()
    care.receive(post)
    net(care).now_there = {post.external_id: make_mention("somebody else's post")}
    care.later(hours=21)
    sweep(care)
    assert texts(care) == [post.text]


def test_a_throttled_sweep_rests_and_polls_go_on(care: Desk) -> None:
    post = make_mention()
    care.receive(post)
    care.later(hours=21)
    net(care).refresh_error = ChannelThrottled("slow down", retry_at=care.now + HOUR)
    with pytest.raises(ChannelThrottled):
        sweep(care)
    assert sweep(care).skipped == "no request left for now"
    assert poll(care).skipped == ""


# --- limits -----------------------------------------------------------------------------------------


def test_a_list_with_nothing_left_is_not_asked_until_its_new_window(care: Desk) -> None:
    used_up = RateState(300, 0, NOON + timedelta(minutes=10))
    net(care).rates = {"mentions": RateState(300, 250, NOON + timedelta(minutes=10)), "dms": used_up}
    poll(care)
    care.later(minutes=1)
    poll(care)
    care.later(minutes=9)
    poll(care)
    assert net(care).told.polls == [frozenset(), frozenset({"dms"}), frozenset()]


def test_an_account_whose_lists_are_all_used_up_is_not_asked_at_all(care: Desk) -> None:
    net(care).rates = {"mentions": RateState(300, 0, NOON + timedelta(minutes=10))}
    poll(care)
    before = the_account(care).last_success_at
    care.later(minutes=5)
    assert poll(care).skipped == "no request left until 11:10:00 UTC"
    assert the_account(care).last_success_at == before
    assert len(net(care).told.polls) == 1


def test_what_is_left_of_a_window_lasts_to_its_end(care: Desk) -> None:
    """Fifteen requests in fifteen minutes, asked for every twenty seconds: never refused, spread to the end."""
    left, reset = 15, NOON + timedelta(minutes=15)
    asked: list[datetime] = []
    while care.now < reset:
        net(care).rates = {"mentions": RateState(), "dms": RateState(15, left - 1, reset)}
        poll(care, every_s=20)
        if "dms" not in net(care).told.polls[-1]:
            assert left > 0
            left -= 1
            asked.append(care.now)
        care.later(seconds=20)
    assert left <= 1
    assert reset - asked[-1] <= timedelta(minutes=2)


def test_a_list_the_network_could_not_give_is_told_and_the_others_are_kept(care: Desk) -> None:
    net(care).troubles = {"ratings": "permission missing"}
    care.receive(make_mention())
    assert the_account(care).last_error == "ratings: permission missing"
    assert len(texts(care)) == 1


def test_a_poll_that_slept_through_another_one_does_not_put_the_mark_back(care: Desk) -> None:
    net(care).inbox += [make_mention("early")]

    def meanwhile() -> None:
        net(care).on_poll = lambda: None
        fresh = Network(inbox=[*net(care).inbox, make_mention("late")])
        slept, care.channel = care.channel, fresh
        poll(care)
        care.channel = slept

    net(care).on_poll = meanwhile
    poll(care)
    assert the_account(care).cursor == "2"
    assert texts(care) == ["early", "late"]


def test_a_poll_and_a_backfill_at_the_same_time_store_each_post_once(care: Desk) -> None:
    net(care).gaps = (gap(NOON - 6 * HOUR, NOON - 2 * HOUR),)
    poll(care)
    net(care).gaps = ()
    posts = [make_mention(f"post {n}", posted_at=NOON - 3 * HOUR) for n in range(120)]
    net(care).inbox += posts
    net(care).hidden, net(care).a_step = posts, 120
    ready = threading.Barrier(4)

    def at_once(step: Callable[[Desk], PollSummary | collecting.FillStep]) -> int:
        ready.wait(10)
        done = step(care)
        return done.stored if isinstance(done, PollSummary) else done.recovered

    with ThreadPoolExecutor(4) as pool:
        stored = list(pool.map(at_once, [poll, fill, poll, poll]))
    assert sum(stored) == len(texts(care)) == 120


# --- money ------------------------------------------------------------------------------------------

PRICES = {"post_read": 5000, "owned_read": 1000}


@pytest.mark.parametrize("told_ids", [True, False])
def test_a_post_read_again_on_the_same_day_of_the_network_costs_nothing(care: Desk, told_ids: bool) -> None:
    net(care).price, net(care).told_ids = "owned_read", told_ids
    paying = Paying(PRICES)
    net(care).inbox += [make_mention() for _ in range(3)]
    poll(care, paying=paying)
    poll(care, paying=paying)
    assert paid(care) == {("2026-02-10", "owned_read"): (3, 3000)}
    care.later(hours=14)
    poll(care, paying=paying)
    poll(care, paying=paying)
    assert paid(care)["2026-02-11", "owned_read"] == (1, 1000)


def test_the_sweep_and_the_backfill_are_paid_for_too(care: Desk) -> None:
    net(care).price = "post_read"
    post = make_mention()
    care.receive(post)
    net(care).now_there = {post.external_id: post}
    care.later(hours=21)
    sweep(care, Paying(PRICES))
    net(care).gaps = (gap(care.now - 6 * HOUR, care.now - 2 * HOUR),)
    poll(care, paying=Paying(PRICES))
    net(care).hidden = [make_mention(posted_at=care.now - 3 * HOUR) for _ in range(2)]
    fill(care, Paying(PRICES))
    assert paid(care)["2026-02-11", "post_read"] == (3, 15_000)


def test_at_the_cap_polls_come_more_seldom_but_come_and_the_account_says_so(care: Desk) -> None:
    net(care).price = "post_read"
    paying = Paying(PRICES, cap_micros=10_000, slow_by=10)
    care.channel.inbox += [make_mention(), make_mention()]
    poll(care, paying=paying)
    assert the_account(care).capped_at == NOON
    net(care).told.polls.clear()
    for _ in range(30):
        care.later(seconds=60)
        poll(care, paying=paying)
    assert len(net(care).told.polls) == 3
    care.later(hours=14)
    assert poll(care, paying=paying).skipped == ""
    assert the_account(care).capped_at is None


def test_a_hard_cap_stops_the_account_until_the_next_day_of_the_network(care: Desk) -> None:
    net(care).price = "post_read"
    paying = Paying(PRICES, cap_micros=5_000, hard=True)
    care.channel.inbox.append(make_mention())
    poll(care, paying=paying)
    care.later(hours=12)
    assert care.now.day == NOON.day
    assert poll(care, paying=paying).skipped == "over the day's cap: not asked today"
    care.later(hours=1)
    assert poll(care, paying=paying).skipped == ""


def test_the_sweep_leaves_the_rest_of_the_cap_to_new_posts(care: Desk) -> None:
    net(care).price = "post_read"
    posts = [make_mention() for _ in range(9)]
    care.channel.inbox += posts
    poll(care)
    net(care).now_there = {post.external_id: post for post in posts}
    care.later(hours=21)
    swept = sweep(care, Paying(PRICES, cap_micros=50_000))
    assert (swept.compared, swept.skipped) == (8, "the rest of the day's cap is for new posts")


def test_what_posting_costs_is_counted_once_however_often_it_is_looked_at(care: Desk) -> None:
    prices = {"post_create": 15_000, "post_create_url": 200_000, "dm_create": 15_000}
    sent = ("It comes tomorrow.", "See https://hemlund.example/chairs", "In your inbox")
    kinds = (MentionKind.MENTION, MentionKind.MENTION, MentionKind.DIRECT_MESSAGE)
    for text, kind in zip(sent, kinds, strict=True):
        care.reply(care.open_case(kind=kind).id or 0, text)
    care.later(seconds=11)
    care.deliver()
    for _ in range(3):
        poll(care, paying=Paying(prices))
    assert paid(care) == {
        ("2026-02-10", "post_create"): (1, 15_000),
        ("2026-02-10", "post_create_url"): (1, 200_000),
        ("2026-02-10", "dm_create"): (1, 15_000),
    }
    care.later(hours=14)
    poll(care, paying=Paying(prices))
    assert {day for day, _ in paid(care)} == {"2026-02-10"}


def test_the_forecast_goes_by_the_day_so_far_and_before_that_by_the_days_before(care: Desk) -> None:
    with care.store.write() as session:
        account = session.exec(select(AccountRow.id)).one() or 0
        for day, micros in (("2026-02-08", 100), ("2026-02-09", 300), ("2026-02-10", 50), ("2026-02-01", 7)):
            session.add(SpendRow(account_id=account, day=day, what="post_read", count=1, micros=micros))
    with care.store.read() as session:
        noon = spending(session, account, now=datetime(2026, 2, 10, 12, tzinfo=UTC))
        dawn = spending(session, account, now=datetime(2026, 2, 10, 1, tzinfo=UTC))
    assert (noon.today, noon.month, noon.day_forecast) == (50, 457, 100)
    assert noon.month_forecast == 407 + 100 * 19
    assert dawn.day_forecast == (100 + 300) // 2


# --- access -----------------------------------------------------------------------------------------


def test_health_writes_down_what_a_token_may_and_how_long_it_lasts(care: Desk) -> None:
    ends = NOON + timedelta(days=5)
    net(care).access = Health(HealthState.OK, token_expires_at=ends, missing=("pages_messaging",))
    collecting.check_health(care.store, care.channel, account_key=KEY, now=NOON)
    account = the_account(care)
    assert (account.token_expires_at, account.missing_permissions, account.checked_at) == (
        ends,
        ["pages_messaging"],
        NOON,
    )
    with care.store.read() as session:
        (told,) = reports.collection(session, care.settings, now=NOON)
    assert told.token_days == 5
    words = " ".join(f"{one.what} {one.todo}" for one in told.advice)
    assert "in 5 day(s)" in words
    assert "pages_messaging" in words


def test_health_that_finds_the_access_refused_disconnects_and_an_unreachable_network_changes_nothing(
    care: Desk,
) -> None:
    ends = NOON + timedelta(days=50)
    net(care).access = Health(HealthState.OK, token_expires_at=ends)
    collecting.check_health(care.store, care.channel, account_key=KEY, now=NOON)
    net(care).access = Health(HealthState.UNREACHABLE, "no answer")
    collecting.check_health(care.store, care.channel, account_key=KEY, now=NOON)
    assert (the_account(care).token_expires_at, the_account(care).disconnected_at) == (ends, None)
    net(care).access = Health(HealthState.DISCONNECTED, "The token was revoked.")
    collecting.check_health(care.store, care.channel, account_key=KEY, now=NOON + HOUR)
    assert (the_account(care).disconnected_at, the_account(care).last_error) == (NOON + HOUR, "The token was revoked.")


def test_new_secrets_for_the_same_account_keep_cursor_cases_gaps_and_spending(care: Desk) -> None:
    net(care).price = "post_read"
    net(care).gaps = (gap(NOON - 3 * HOUR, NOON - 2 * HOUR),)
    before = make_mention("before")
    net(care).inbox.append(before)
    poll(care, paying=Paying(PRICES))
    case, cursor, money = care.case_of(before), the_account(care).cursor, paid(care)
    care.channel.poll_error, care.channel.state = AccountDisconnected("The token expired."), HealthState.DISCONNECTED
    with pytest.raises(AccountDisconnected):
        poll(care)
    assert poll(care).skipped == "disconnected"
    care.channel = Network(inbox=[*care.channel.inbox, make_mention("meanwhile")])
    assert poll(care).stored == 1
    account = the_account(care)
    assert (account.disconnected_at, account.last_error, account.cursor) == (None, "", "2")
    assert cursor == "1"
    assert care.case_of(before) == case
    assert len(kept_gaps(care)) == 1
    assert paid(care) == money


# --- what people are told ---------------------------------------------------------------------------


def test_the_report_tells_lag_limits_money_and_what_to_do(care: Desk) -> None:
    net(care).rates = {"mentions": RateState(300, 299, NOON + timedelta(minutes=15))}
    net(care).inbox += [make_mention(posted_at=NOON - timedelta(seconds=second)) for second in range(1, 101)]
    poll(care)
    with care.store.read() as session:
        (told,) = reports.collection(session, care.settings, now=NOON)
    assert told.lag_median == timedelta(seconds=50)
    assert told.lag_p99 == timedelta(seconds=99)
    assert told.lag_last == timedelta(seconds=50.5)
    (limit,) = told.limits
    assert (limit.name, limit.use, limit.remaining, limit.limit) == ("mentions", "poll", 299, 300)
    assert told.advice == ()
    with care.store.read() as session:
        (told,) = reports.collection(session, care.settings, now=NOON + HOUR)
    assert [one.todo for one in told.advice] == ["Start `webcare run`."]


def test_posts_a_gap_held_back_do_not_count_as_lag(care: Desk) -> None:
    net(care).gaps = (gap(NOON - 6 * HOUR, NOON - 2 * HOUR),)
    net(care).inbox.append(make_mention(posted_at=NOON - timedelta(seconds=20)))
    poll(care)
    net(care).hidden = [make_mention(posted_at=NOON - 3 * HOUR) for _ in range(4)]
    fill(care)
    fill(care)
    with care.store.read() as session:
        (told,) = reports.collection(session, care.settings, now=NOON)
    assert told.lag_p99 == timedelta(seconds=20)


def test_nothing_a_customer_wrote_is_logged_by_collecting(care: Desk, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    post = make_mention("my secret words")
    net(care).gaps = (gap(NOON - 6 * HOUR, NOON - 2 * HOUR),)
    net(care).inbox.append(post)
    poll(care)
    net(care).now_there = {post.external_id: make_mention("secret words again", external_id=post.external_id)}
    care.later(hours=21)
    sweep(care)
    assert "secret words" not in "\n".join(record.getMessage() for record in caplog.records if "webcare" in record.name)
