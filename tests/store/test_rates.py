"""What announced limits leave for the next request. Pure, so by properties."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from webcare.channels.base import RateState
from webcare.store.rates import close_until, closed_lists, opens_at, remember_rates, resting_until

NOON = datetime(2026, 2, 10, 11, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def after(rate: RateState, *, name: str = "mentions", now: datetime = NOON) -> dict[str, object]:
    return remember_rates({}, {name: rate}, use="poll", now=now)


def test_a_list_with_requests_left_is_open_and_one_without_is_closed_until_its_window_ends() -> None:
    known = after(RateState(300, 0, NOON + 5 * MINUTE))
    assert closed_lists(known, use="poll", now=NOON + 4 * MINUTE) == {"mentions"}
    assert closed_lists(known, use="poll", now=NOON + 5 * MINUTE) == frozenset()
    assert closed_lists(after(RateState(300, 300, NOON + 5 * MINUTE)), use="poll", now=NOON + 2 * MINUTE) == frozenset()


def test_a_list_without_anything_left_and_no_end_told_rests_a_minute() -> None:
    known = after(RateState(100, 0, None))
    assert closed_lists(known, use="poll", now=NOON + MINUTE / 2) == {"mentions"}
    assert closed_lists(known, use="poll", now=NOON + MINUTE) == frozenset()


def test_limits_of_one_use_say_nothing_about_another() -> None:
    known = close_until(after(RateState(300, 300, NOON)), "all", use="refresh", until=NOON + MINUTE, now=NOON)
    assert closed_lists(known, use="poll", now=NOON) == frozenset()
    assert closed_lists(known, use="refresh", now=NOON) == {"all"}


def test_a_window_two_uses_share_is_known_to_both() -> None:
    known = after(RateState(300, 290, NOON + 5 * MINUTE), name="search")
    known = remember_rates(known, {"search": RateState(300, 0, NOON + 5 * MINUTE)}, use="backfill", now=NOON + MINUTE)
    assert closed_lists(known, use="poll", now=NOON + 2 * MINUTE) == {"search"}
    fresh = remember_rates(
        known, {"search": RateState(300, 300, NOON + 20 * MINUTE)}, use="poll", now=NOON + 5 * MINUTE
    )
    assert closed_lists(fresh, use="backfill", now=NOON + 6 * MINUTE) == frozenset()


def test_an_account_rests_only_when_all_its_lists_do_and_until_the_first_opens() -> None:
    rates = {"mentions": RateState(300, 0, NOON + 5 * MINUTE), "dms": RateState(15, 0, NOON + 2 * MINUTE)}
    known = remember_rates({}, rates, use="poll", now=NOON)
    assert resting_until(known, use="poll", now=NOON) == NOON + 2 * MINUTE
    one_open = remember_rates(known, {"dms": RateState(15, 15, NOON + 2 * MINUTE)}, use="poll", now=NOON - 9 * MINUTE)
    assert resting_until(one_open, use="poll", now=NOON) is None
    assert resting_until({}, use="poll", now=NOON) is None


def test_a_poll_that_takes_several_requests_is_spread_wider() -> None:
    reset = NOON + 10 * MINUTE
    known = after(RateState(300, 100, reset))
    known = remember_rates(known, {"mentions": RateState(300, 80, reset)}, use="poll", now=NOON)
    assert known["poll:mentions"]["used"] == 20
    assert opens_at(known["poll:mentions"]) == NOON + 10 * MINUTE * 20 / 80


@given(
    limit=st.integers(1, 900),
    window_s=st.integers(10, 3600),
    every_s=st.floats(1, 120),
    takes=st.integers(1, 4),
    starts=st.integers(0, 900),
)
def test_one_who_heeds_closed_lists_never_asks_more_than_the_window_allows(
    limit: int, window_s: int, every_s: float, takes: int, starts: int
) -> None:
    """A network that counts requests; a poller that asks whenever the list is not closed."""
    left, reset, now = max(0, limit - starts), NOON + timedelta(seconds=window_s), NOON
    known: dict[str, object] = {}
    refused = asked = 0
    while now < reset:
        if "mentions" not in closed_lists(known, use="poll", now=now, every_s=every_s):
            asked += 1
            refused += left < 1
            left -= min(takes, max(left, 0))
            known = remember_rates(known, {"mentions": RateState(limit, left, reset)}, use="poll", now=now)
        now += timedelta(seconds=every_s)
    # The first request of all is made without knowing anything.
    assert refused <= (1 if limit <= starts else 0)
    assert asked >= 1
