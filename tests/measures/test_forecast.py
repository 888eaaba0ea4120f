"""The forecast: medians of the same hour, honest intervals, and hours that are no witnesses."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

from sqlmodel import select

from webcare.channels.base import Gap
from webcare.measures.forecast import (
    FEWEST,
    Volumes,
    back_test,
    blind_slots,
    expected,
    volumes,
    week_ahead,
)
from webcare.store import Store
from webcare.store.gaps import remember_gaps
from webcare.store.tables import AccountRow
from webcare.testing import NOON, make_desk, make_mention

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
TUESDAY = date(2026, 2, 10)


def known(counts: list[int], *, hour: int = 9, blind: frozenset[tuple[date, int]] = frozenset()) -> Volumes:
    """The Tuesdays before, newest first."""
    days = {(TUESDAY - timedelta(days=7 * (number + 1)), hour): count for number, count in enumerate(counts)}
    return Volumes(days, TUESDAY - timedelta(days=7 * len(counts)), TUESDAY - timedelta(days=1), blind)


def test_an_hour_is_the_median_of_the_same_hour_with_the_least_and_the_most() -> None:
    found = expected(known([4, 9, 5, 7]), TUESDAY, 9)
    assert found is not None
    assert (found.median, found.low, found.high, found.weeks, found.holds) == (6.0, 4, 9, 4, 0.6)
    quiet = expected(known([4, 9, 5, 7]), TUESDAY, 10)
    assert quiet is not None
    assert (quiet.median, quiet.low, quiet.high) == (0.0, 0, 0)


def test_gaps_and_named_days_are_no_witnesses_and_too_few_say_nothing() -> None:
    blind = frozenset({(TUESDAY - timedelta(days=7), 9)})
    found = expected(known([0, 9, 5, 7], blind=blind), TUESDAY, 9)
    assert found is not None
    assert (found.median, found.low, found.weeks) == (7.0, 5, FEWEST)
    assert expected(known([0, 9, 5, 7], blind=blind), TUESDAY, 9, without={TUESDAY - timedelta(days=14)}) is None


def test_hours_in_which_the_clock_changes_and_those_of_a_gap_are_blind() -> None:
    gap = (datetime(2026, 3, 28, 10, 30, tzinfo=UTC), datetime(2026, 3, 28, 11, 15, tzinfo=UTC))
    found = set(blind_slots([gap], date(2026, 3, 28), date(2026, 3, 29), AMSTERDAM))
    assert found == {(date(2026, 3, 28), 11), (date(2026, 3, 28), 12), (date(2026, 3, 29), 2)}
    autumn = set(blind_slots([], date(2026, 10, 25), date(2026, 10, 25), AMSTERDAM))
    assert autumn == {(date(2026, 10, 25), 2)}


def test_the_interval_holds_about_as_often_as_it_says_where_weeks_are_alike() -> None:
    chance = Random(5)
    first = TUESDAY - timedelta(days=7 * 20)
    counts = {
        (first + timedelta(days=day), hour): sum(chance.random() < 0.4 for _ in range(2 * hour + 10))
        for day in range(7 * 20)
        for hour in range(24)
    }
    tried = back_test(Volumes(counts, first, TUESDAY - timedelta(days=1), frozenset()), days=70)
    assert tried.hours == 70 * 24
    assert tried.share is not None
    assert tried.off is not None
    # Counts that equal the least or the most are inside, so it is a little more than 7 of 9.
    assert 7 / 9 < tried.share < 0.92
    assert tried.off < 4


def test_messages_of_customers_are_counted_by_the_hour_on_the_clock_of_the_zone(store: Store) -> None:
    desk = make_desk(store)
    for week in range(1, 5):
        for minute in range(week):
            desk.receive(make_mention(posted_at=NOON - timedelta(days=7 * week) + timedelta(minutes=minute)))
    lost = NOON - timedelta(days=14)
    with desk.store.write() as session:
        account = session.exec(select(AccountRow)).one()
        remember_gaps(session, account, [Gap(lost, lost + timedelta(minutes=5), "down", "search")], now=NOON)
    with desk.store.read() as session:
        found = volumes(session, now=NOON, zone=AMSTERDAM, weeks=6)
        other = volumes(session, now=NOON, zone=AMSTERDAM, weeks=6, where={"channel": ["facebook"]})
    assert dict(found.counts) == {(TUESDAY - timedelta(days=7 * week), 12): week for week in range(1, 5)}
    ahead = {(one.day, one.hour): one for one in week_ahead(found)}
    assert len(ahead) == 7 * 24
    today = ahead[TUESDAY, 12]
    assert (today.median, today.low, today.high, today.weeks) == (1.0, 0, 4, 5)
    assert not other.counts
