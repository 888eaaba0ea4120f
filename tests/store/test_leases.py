"""Leases: one holder at a time, by the database's clock, with a fence that only grows."""

import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text

from webcare.store import Store, leases

LONG_S = 60.0


def test_a_free_lease_is_taken_with_fence_one(store: Store) -> None:
    assert leases.acquire(store, "poll:x", ttl_s=LONG_S, holder="a") == 1


def test_a_live_lease_is_refused_to_everybody_even_to_its_holder(store: Store) -> None:
    leases.acquire(store, "poll:x", ttl_s=LONG_S, holder="a")
    assert leases.acquire(store, "poll:x", ttl_s=LONG_S, holder="b") is None
    assert leases.acquire(store, "poll:x", ttl_s=LONG_S, holder="a") is None
    assert leases.acquire(store, "poll:y", ttl_s=LONG_S, holder="b") == 1


def test_an_expired_lease_goes_to_the_next_with_a_higher_fence_and_the_old_holder_learns_it(store: Store) -> None:
    old = leases.acquire(store, "send", ttl_s=0.05, holder="a")
    assert old == 1
    time.sleep(0.08)
    new = leases.acquire(store, "send", ttl_s=LONG_S, holder="b")
    assert new == 2
    assert not leases.renew(store, "send", fence=old, holder="a", ttl_s=LONG_S)
    assert not leases.release(store, "send", fence=old, holder="a")
    assert leases.renew(store, "send", fence=new, holder="b", ttl_s=LONG_S)


def test_a_lease_that_ran_out_cannot_be_renewed_even_when_nobody_took_it(store: Store) -> None:
    fence = leases.acquire(store, "send", ttl_s=0.05, holder="a")
    assert fence is not None
    time.sleep(0.08)
    assert not leases.renew(store, "send", fence=fence, holder="a", ttl_s=LONG_S)


def test_renewing_in_time_keeps_a_lease_past_its_first_end(store: Store) -> None:
    fence = leases.acquire(store, "send", ttl_s=0.2, holder="a")
    assert fence is not None
    assert leases.renew(store, "send", fence=fence, holder="a", ttl_s=LONG_S)
    time.sleep(0.25)
    assert leases.acquire(store, "send", ttl_s=LONG_S, holder="b") is None


def test_a_released_lease_is_free_at_once_and_its_fence_goes_on_counting(store: Store) -> None:
    fence = leases.acquire(store, "send", ttl_s=LONG_S, holder="a")
    assert fence is not None
    assert leases.release(store, "send", fence=fence, holder="a")
    assert not leases.release(store, "send", fence=fence, holder="a")
    assert leases.acquire(store, "send", ttl_s=LONG_S, holder="b") == fence + 1


def test_the_fence_can_be_checked_inside_the_transaction_it_protects(store: Store) -> None:
    fence = leases.acquire(store, "send", ttl_s=LONG_S, holder="a")
    assert fence is not None
    with store.write() as session:
        assert leases.holds(session, "send", fence=fence, holder="a")
        assert not leases.holds(session, "send", fence=fence + 1, holder="a")
        assert not leases.holds(session, "send", fence=fence, holder="b")


def test_times_are_seconds_since_1970_by_the_clock_of_the_database(store: Store) -> None:
    leases.acquire(store, "send", ttl_s=100.0, holder="a")
    with store.read() as session:
        expires = session.execute(text("SELECT expires FROM lease")).scalar_one()
    assert expires == pytest.approx(time.time() + 100.0, abs=2.0)


def test_of_sixteen_threads_exactly_one_gets_the_lease(store: Store) -> None:
    with ThreadPoolExecutor(16) as pool:
        fences = list(pool.map(lambda n: leases.acquire(store, "send", ttl_s=LONG_S, holder=str(n)), range(16)))
    assert [fence for fence in fences if fence is not None] == [1]


_CONTENDER = """
import sys
from webcare.store import leases, open_store
store = open_store(sys.argv[1])
won = 0
for _ in range(40):
    fence = leases.acquire(store, "send", ttl_s=60.0, holder=sys.argv[2])
    if fence is not None:
        print(fence)
        assert leases.release(store, "send", fence=fence, holder=sys.argv[2])
"""


def test_two_processes_never_hold_the_same_fence(sqlite_store: Store) -> None:
    command = [sys.executable, "-c", _CONTENDER, sqlite_store.url]
    runs = [subprocess.Popen([*command, name], stdout=subprocess.PIPE, text=True) for name in ("a", "b")]
    fences = [int(line) for run in runs for line in run.communicate(timeout=60)[0].split()]
    assert all(run.returncode == 0 for run in runs)
    assert len(fences) == len(set(fences)) == max(fences) > 1
