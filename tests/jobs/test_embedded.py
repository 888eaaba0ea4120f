"""The jobs in time: one leader among many processes, take-over after a death, clean stops."""

import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from tests.jobs.conftest import SmallDesk
from webcare.errors import ChannelUnavailable
from webcare.jobs import JOBS, Done, JobSpec
from webcare.jobs.embedded import LEADER, Scheduler
from webcare.store import leases

TICKING = Path(__file__).with_name("ticking.py")
ROOT = Path(__file__).parents[2]
LEASE_S = 3.0


def spec(fn, **changes) -> JobSpec:
    return replace(JobSpec("tick", fn, lambda settings: 0.05, "default"), **changes)


def until(condition, *, within_s: float = 10.0) -> float:
    """Wait for a condition and give the seconds it took; fail when it does not come."""
    began = time.monotonic()
    while not condition():
        assert time.monotonic() - began < within_s, "it did not happen in time"
        time.sleep(0.02)
    return time.monotonic() - began


@contextmanager
def running(desk: SmallDesk, *jobs: JobSpec):
    scheduler = Scheduler(desk, jobs=jobs)
    scheduler.start()
    try:
        yield scheduler
    finally:
        scheduler.stop()


class Ticker:
    """The script ticking.py in a process of its own."""

    def __init__(self, desk: SmallDesk, out: Path, *, work_s: float = 0.0) -> None:
        url = f"sqlite:///{desk.store.path}"
        command = [sys.executable, str(TICKING), url, str(LEASE_S), str(out), str(work_s)]
        self.process = subprocess.Popen(command, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)})
        self._out = out

    def waits(self) -> bool:
        """Whether it is up and found another process leading."""
        log = self._out.with_name(f"{self._out.name}.{self.process.pid}.log")
        return log.exists() and "waits to take over" in log.read_text()

    def lines(self, word: str = "begin") -> list[float]:
        if not self._out.exists():
            return []
        found = (line.split() for line in self._out.read_text().splitlines())
        return [float(at) for kind, pid, at in found if kind == word and int(pid) == self.process.pid]


@pytest.fixture
def tickers(sqlite_desk: SmallDesk, tmp_path: Path):
    made: list[Ticker] = []

    def make(**options) -> Ticker:
        made.append(Ticker(sqlite_desk, tmp_path / "ticks", **options))
        return made[-1]

    yield make
    for ticker in made:
        ticker.process.kill()
        ticker.process.wait()


def test_jobs_run_at_once_and_again_in_time(desk):
    runs = []
    with running(desk, spec(lambda desk, key, clock: runs.append(time.monotonic()) or Done())):
        assert until(lambda: len(runs) >= 5) < 3


def test_a_failing_job_stops_neither_itself_nor_the_others(desk):
    failed, worked = [], []

    def fails(desk, key, clock):
        failed.append(key)
        raise ChannelUnavailable("no answer")

    good = spec(lambda desk, key, clock: worked.append(key) or Done(), name="good")
    with running(desk, spec(fails, name="bad"), good):
        until(lambda: len(failed) >= 3 and len(worked) >= 3)


def test_a_job_runs_once_for_each_of_its_keys(desk):
    seen = []
    both = spec(lambda desk, key, clock: seen.append(key) or Done(), keys=lambda desk: ("x_hemlund", "fb_hemlund"))
    with running(desk, both):
        until(lambda: {"x_hemlund", "fb_hemlund"} <= set(seen))


def test_a_slow_job_holds_up_only_its_own_executor(desk):
    release, quick = threading.Event(), []
    slow = spec(lambda desk, key, clock: Done(int(release.wait(10))), name="slow", executor="poll")
    fast = spec(lambda desk, key, clock: quick.append(1) or Done(), name="fast", executor="deliver")
    with running(desk, slow, fast):
        until(lambda: len(quick) >= 5)
        release.set()


def test_a_job_with_more_waiting_goes_on_without_waiting_for_its_turn(desk):
    left = [5]

    def drain(desk, key, clock):
        left[0] -= 1
        return Done(1, again=left[0] > 0)

    with running(desk, spec(drain, every_s=lambda settings: 3600.0)):
        until(lambda: left[0] == 0, within_s=20)


def test_of_two_schedulers_exactly_one_leads_and_the_other_takes_over_after_a_clean_stop(desk):
    ran_by = []
    first = Scheduler(desk, jobs=[spec(lambda desk, key, clock: ran_by.append("first") or Done())])
    second = Scheduler(desk, jobs=[spec(lambda desk, key, clock: ran_by.append("second") or Done())])
    first.start()
    second.start()
    try:
        until(lambda: len(ran_by) >= 5)
        assert (first.leads, second.leads) == (True, False)
        assert set(ran_by) == {"first"}
        first.stop()
        ran_by.clear()
        until(lambda: len(ran_by) >= 3, within_s=5)
        assert set(ran_by) == {"second"}
    finally:
        first.stop()
        second.stop()


def test_a_scheduler_that_loses_its_lease_stops_running_jobs(sqlite_desk):
    runs = []
    with running(sqlite_desk, spec(lambda desk, key, clock: runs.append(1) or Done())) as scheduler:
        until(lambda: runs)
        with sqlite_desk.store.write() as session:
            session.connection().exec_driver_sql(
                "UPDATE lease SET holder='thief', fence=fence+1, expires=expires+60 WHERE name=?", (LEADER,)
            )
        until(lambda: not scheduler.leads, within_s=5)
        time.sleep(0.2)
        runs.clear()
        time.sleep(0.3)
        assert runs == []


def test_stop_waits_for_the_running_job_and_gives_up_every_lease(desk):
    inside, finished = threading.Event(), []

    def slow(desk, key, clock):
        inside.set()
        time.sleep(0.3)
        finished.append(1)
        return Done(1)

    job = spec(slow)
    with running(desk, job):
        inside.wait(5)
    assert finished
    assert leases.acquire(desk.store, LEADER, ttl_s=1, holder="next")
    assert leases.acquire(desk.store, job.lease(""), ttl_s=1, holder="next")


def test_after_kill_9_another_process_takes_over_within_the_lease_and_runs_never_overlap(tickers):
    first = tickers(work_s=0.05)
    until(lambda: len(first.lines()) >= 3, within_s=30)
    second = tickers(work_s=0.05)
    until(second.waits, within_s=30)
    assert second.lines() == []
    died_at = time.time()
    first.process.send_signal(signal.SIGKILL)
    until(second.lines, within_s=LEASE_S + 5)
    assert second.lines()[0] - died_at <= LEASE_S
    assert second.lines()[0] > max(first.lines())


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_asked_to_stop_a_process_finishes_its_job_and_ends_well(tickers, how):
    ticker = tickers(work_s=0.8)
    until(ticker.lines, within_s=30)
    ticker.process.send_signal(how)
    assert ticker.process.wait(10) == 0
    assert len(ticker.lines("end")) == len(ticker.lines("begin"))


def test_a_sleeping_leader_does_not_run_jobs_when_it_wakes_after_its_lease(tickers):
    first = tickers()
    until(lambda: len(first.lines()) >= 3, within_s=30)
    second = tickers()
    until(second.waits, within_s=30)
    put_to_sleep(first, until_runs=second)
    first.process.send_signal(signal.SIGCONT)
    time.sleep(1.0)
    woken = [at for at in first.lines() if at > second.lines()[0]]
    # The run it was suspended in the middle of may still end; none begins.
    assert len(woken) <= 1


def put_to_sleep(ticker: Ticker, *, until_runs: Ticker) -> None:
    """Suspend a process for longer than its lease.

    One that is caught in the middle of a write holds SQLite's write gate and nobody can take over, so then it is
    woken and put to sleep again.
    """
    for _ in range(20):
        ticker.process.send_signal(signal.SIGSTOP)
        deadline = time.monotonic() + LEASE_S + 2
        while time.monotonic() < deadline:
            if until_runs.lines():
                return
            time.sleep(0.05)
        ticker.process.send_signal(signal.SIGCONT)
        time.sleep(0.2)
    pytest.fail("it was caught in the middle of a write every time")


def test_the_desk_has_a_job_for_every_machine_step():
    assert [job.name for job in JOBS] == [
        "poll",
        "backfill",
        "sweep",
        "told",
        "poll_told",
        "health",
        "send",
        "reconcile",
        "act",
        "wake",
        "questions",
        "share",
        "absent",
        "promises",
        "prune",
        "retention",
        "heads",
        "remember",
        "incidents",
        "deadlines",
        "notify",
        "figures",
        "digest",
        "survey",
    ]
    assert {job.executor for job in JOBS} == {"poll", "collect", "deliver", "upkeep", "heads", "notify", "figures"}
    send, reconcile = (next(job for job in JOBS if job.name == name) for name in ("send", "reconcile"))
    assert send.lease("x_hemlund") == reconcile.lease("x_hemlund") != send.lease("fb_hemlund")
