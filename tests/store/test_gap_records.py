"""Open gaps of one list never touch each other, and together they cover exactly what was told."""

import itertools
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import col, delete, select

from webcare.channels.base import Gap
from webcare.store import Store
from webcare.store.gaps import BACKFILL, gaps_within, latest_gaps, open_gap_to_fill, open_gaps, remember_gaps
from webcare.store.tables import AccountRow, GapRow

NOON = datetime(2026, 2, 10, 11, 0, tzinfo=UTC)


def at(hour: int) -> datetime:
    return NOON + timedelta(hours=hour)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    told=st.lists(
        st.tuples(st.sampled_from(["mentions", "feed"]), st.integers(0, 30), st.integers(0, 6)), min_size=1, max_size=12
    ),
    batch=st.integers(1, 4),
)
def test_gaps_told_in_any_order_are_kept_as_their_union(
    sqlite_store: Store, told: list[tuple[str, int, int]], batch: int
) -> None:
    gaps = [Gap(at(since), at(since + length), "history ended", source) for source, since, length in told]
    with sqlite_store.write() as session:
        session.exec(delete(GapRow))
        session.exec(delete(AccountRow))
        account = AccountRow(key="x_main", channel="x", external_id="1")
        session.add(account)
        session.flush()
        for start in range(0, len(gaps), batch):
            remember_gaps(session, account, gaps[start : start + batch], now=NOON)
    with sqlite_store.read() as session:
        rows = list(session.exec(select(GapRow).order_by(col(GapRow.source), col(GapRow.since))))
    assert {source for source, _, _ in told} == {row.source for row in rows}
    for before, later in itertools.pairwise(rows):
        assert before.source != later.source or before.until < later.since
    for half in range(0, 2 * 37):
        moment = NOON + timedelta(minutes=30 * half)
        for source in ("mentions", "feed"):
            covered = any(row.source == source and row.since <= moment <= row.until for row in rows)
            assert covered == any(one.source == source and one.since <= moment <= one.until for one in gaps)


@pytest.fixture
def account_id(fill) -> int:
    return fill.account()


def add(store: Store, account_id: int, since: int, until: int, **changes: object) -> int:
    with store.write() as session:
        row = GapRow(
            account_id=account_id,
            since=at(since),
            until=at(until),
            reason="r",
            found_at=NOON,
            **changes,  # type: ignore[arg-type]
        )
        session.add(row)
        session.flush()
        assert row.id is not None
        return row.id


def test_the_oldest_open_gap_is_filled_first_and_lost_closed_or_just_failed_ones_never(
    store: Store, account_id: int
) -> None:
    add(store, account_id, 0, 1, closed_at=NOON, closed_by=BACKFILL)
    add(store, account_id, 1, 2, lost_at=NOON)
    failed = add(store, account_id, 3, 4, error="no answer", filled_at=NOON)
    newer = add(store, account_id, 7, 8)
    older = add(store, account_id, 5, 6)
    with store.read() as session:
        found = open_gap_to_fill(session, account_id, tried_before=NOON - timedelta(minutes=10), ended_before=NOON)
        again = open_gap_to_fill(session, account_id, tried_before=NOON, ended_before=NOON)
        other = open_gap_to_fill(session, account_id + 1, tried_before=NOON, ended_before=NOON)
    assert found is not None
    assert again is not None
    assert (found.id, again.id, other) == (older, failed, None)
    assert newer != older


def test_reports_print_open_and_accepted_gaps_but_not_those_that_were_read_again(store: Store, account_id: int) -> None:
    still_open = add(store, account_id, 0, 2)
    add(store, account_id, 0, 2, source="feed", closed_at=NOON, closed_by=BACKFILL)
    accepted = add(store, account_id, 1, 3, source="dms", closed_at=NOON, closed_by="Robin")
    with store.read() as session:
        assert [one.id for one in gaps_within(session, at(2), at(9))] == [still_open, accepted]
        assert [one.id for one in gaps_within(session, at(3), at(9))] == [accepted]
        assert [one.id for one in open_gaps(session)] == [still_open]
        assert len(latest_gaps(session)) == 3
        assert len(latest_gaps(session, limit=1)) == 1


def test_a_gap_read_to_its_end_waits_for_what_shows_up_late(store: Store, account_id: int) -> None:
    add(store, account_id, 3, 4, filled_at=NOON)
    with store.read() as session:
        until = session.exec(select(GapRow.until)).one()
        early = open_gap_to_fill(session, account_id, tried_before=NOON, ended_before=until - timedelta(seconds=1))
        late = open_gap_to_fill(session, account_id, tried_before=NOON, ended_before=until)
    assert early is None
    assert late is not None
