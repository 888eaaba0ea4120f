"""One run of a job: what is written down, who may run, and what happens when it fails or hangs."""

import logging
import threading
import time
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlmodel import select

from tests.jobs.conftest import Clock, SmallDesk, settings_with
from webcare.errors import ChannelUnavailable
from webcare.jobs import Done, JobSpec, Runner, history
from webcare.store import leases
from webcare.store.tables import JobRunRow


def job(fn, **changes):
    return replace(JobSpec("count", fn, lambda settings: 1.0, "default"), **changes)


def rows(desk: SmallDesk) -> list[JobRunRow]:
    with desk.store.read() as session:
        return list(session.exec(select(JobRunRow).order_by(JobRunRow.id)))


@pytest.fixture
def runner(desk: SmallDesk, clock: Clock):
    made = Runner(desk, clock=clock)
    yield made
    made.close()


def test_a_run_that_did_something_is_written_down(desk, runner, clock):
    run = runner.run(job(lambda desk, key, clock: Done(3)), "x_hemlund")
    assert (run.outcome, run.handled, run.error) == ("ok", 3, "")
    [row] = rows(desk)
    assert (row.job, row.key, row.outcome, row.handled) == ("count", "x_hemlund", "ok", 3)
    assert row.started_at == row.finished_at == clock.now


def test_a_thousand_idle_runs_leave_one_row(desk, clock, monkeypatch):
    monkeypatch.setattr("webcare.jobs.runner._IDLE_NOTE_S", 0.0)
    runner = Runner(desk, clock=clock)
    idle = job(lambda desk, key, clock: Done())
    for _ in range(50):
        clock.pass_by(seconds=1)
        runner.run(idle)
    [row] = rows(desk)
    assert row.finished_at == clock.now


def test_an_idle_run_soon_after_another_writes_nothing(desk, runner, clock):
    runner.run(job(lambda desk, key, clock: Done()))
    before = rows(desk)[0].finished_at
    clock.pass_by(seconds=1)
    runner.run(job(lambda desk, key, clock: Done()))
    assert rows(desk)[0].finished_at == before


def test_a_job_without_work_is_not_run_and_takes_no_lease(desk, runner):
    called = []
    quiet = job(lambda desk, key, clock: called.append(key) or Done(), has_work=lambda desk, key, now: False)
    with_lease = leases.acquire(desk.store, quiet.lease(""), ttl_s=60, holder="somebody")
    assert with_lease
    assert runner.run(quiet).outcome == "idle"
    assert called == []


def test_a_failing_job_is_told_in_its_own_words_and_does_not_raise(desk, runner, caplog):
    def fails(desk, key, clock):
        raise ChannelUnavailable("X cannot be reached")

    with caplog.at_level(logging.ERROR):
        run = runner.run(job(fails), "x_hemlund")
    assert (run.outcome, run.error) == ("error", "X cannot be reached")
    [row] = rows(desk)
    assert (row.outcome, row.error) == ("error", "X cannot be reached")
    assert "X cannot be reached" in caplog.text


def test_an_unexpected_fault_is_told_by_kind_and_place_and_never_by_its_words(desk, runner, caplog):
    def fails(desk, key, clock):
        raise ValueError("Mijn kast is stuk, bel 0612345678")

    run = runner.run(job(fails))
    assert run.error.startswith("unexpected fault: ValueError in test_runner.py:")
    assert "0612345678" not in caplog.text + rows(desk)[0].error


def test_the_same_failure_again_keeps_the_moment_it_began_and_is_logged_once(desk, clock, monkeypatch, caplog):
    monkeypatch.setattr("webcare.jobs.runner._IDLE_NOTE_S", 0.0)
    runner = Runner(desk, clock=clock)

    def fails(desk, key, clock):
        raise ChannelUnavailable("no answer")

    began = clock.now
    for _ in range(5):
        runner.run(job(fails))
        clock.pass_by(seconds=60)
    runner.run(job(lambda desk, key, clock: Done()))
    failed, mended = rows(desk)
    assert (failed.outcome, failed.started_at, failed.finished_at) == ("error", began, began + timedelta(minutes=4))
    assert (mended.outcome, mended.error) == ("ok", "")
    assert caplog.text.count("no answer") == 1


def test_errors_of_one_job_are_kept_when_it_works_again(desk, runner, clock):
    def fails(desk, key, clock):
        raise ChannelUnavailable("no answer")

    for fn in (fails, lambda desk, key, clock: Done(1), fails, lambda desk, key, clock: Done(2)):
        runner.run(job(fn))
    assert [(row.outcome, row.handled) for row in rows(desk)] == [("error", 0), ("ok", 1), ("error", 0), ("ok", 2)]


def test_a_job_another_process_runs_is_busy(desk, runner):
    called = []
    spec = job(lambda desk, key, clock: called.append(key) or Done())
    fence = leases.acquire(desk.store, spec.lease("a"), ttl_s=60, holder="another process")
    assert fence
    assert runner.run(spec, "a").outcome == "busy"
    assert runner.run(spec, "b").outcome == "ok"
    leases.release(desk.store, spec.lease("a"), fence=fence, holder="another process")
    assert runner.run(spec, "a").outcome == "ok"
    assert called == ["b", "a"]


def test_jobs_that_share_a_lease_never_overlap(desk, runner):
    def inner(desk, key, clock):
        return Done()

    reconcile = job(inner, name="reconcile", shares_lease_with="send")
    outcomes = []

    def send(desk, key, clock):
        outcomes.append(runner.run(reconcile, key).outcome)
        return Done()

    runner.run(job(send, name="send"), "x_hemlund")
    assert outcomes == ["busy"]
    assert runner.run(reconcile, "x_hemlund").outcome == "ok"


def test_a_lease_is_free_again_after_a_failure(desk, runner):
    def fails(desk, key, clock):
        raise RuntimeError("oops")

    assert runner.run(job(fails)).outcome == "error"
    assert runner.run(job(lambda desk, key, clock: Done(1))).outcome == "ok"


def test_a_run_longer_than_its_lease_keeps_it_and_shows_itself_meanwhile(desk):
    inside, going_on, seen = threading.Event(), threading.Event(), []
    # Long enough that a busy machine does not hold up the heartbeat for all of it.
    patient = SmallDesk(settings_with(JOBS__LEASE_S="3"), desk.store)
    runner, other = Runner(patient), Runner(patient)

    def slow(desk, key, clock):
        inside.set()
        going_on.wait(30)
        return Done(1)

    spec = job(slow)
    thread = threading.Thread(target=lambda: seen.append(runner.run(spec)))
    thread.start()
    assert inside.wait(10)
    deadline = time.monotonic() + 10
    # Longer than the lease: without a heartbeat a later look would get it.
    until = time.monotonic() + 3.0
    outcomes = set()
    while time.monotonic() < until:
        outcomes.add(other.run(spec).outcome)
        time.sleep(0.05)
    while not rows(desk) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert [row.finished_at for row in rows(desk)] == [None]
    going_on.set()
    thread.join()
    assert outcomes == {"busy"}
    assert seen[0].handled == 1
    [row] = rows(desk)
    assert (row.outcome, row.handled, row.finished_at is not None) == ("ok", 1, True)
    runner.close()
    other.close()


def test_a_run_cut_off_by_a_dead_process_is_marked_by_the_next(desk, runner, clock):
    with desk.store.write() as session:
        history.started(session, job="count", key="", at=clock.now)
    clock.pass_by(minutes=1)
    runner.run(job(lambda desk, key, clock: Done(2)))
    dead, alive = rows(desk)
    assert (dead.outcome, dead.finished_at) == ("crashed", clock.now)
    assert (alive.outcome, alive.handled) == ("ok", 2)


def test_a_database_that_fails_does_not_raise(sqlite_desk, clock, caplog):
    runner = Runner(sqlite_desk, clock=clock)
    path = sqlite_desk.store.path
    path.rename(path.with_suffix(".moved"))
    run = runner.run(job(lambda desk, key, clock: Done(1)))
    assert run.outcome == "error"
    assert run.error in caplog.text
    path.with_suffix(".moved").rename(path)
    assert runner.run(job(lambda desk, key, clock: Done(1))).outcome == "ok"
    runner.close()


def test_old_runs_are_pruned_but_never_the_newest_of_a_job(desk, runner, clock):
    for key, times in (("a", 3), ("b", 1)):
        for _ in range(times):
            runner.run(job(lambda desk, key, clock: Done(1)), key)
    clock.pass_by(days=20)
    runner.run(job(lambda desk, key, clock: Done(1)), "c")
    with desk.store.write() as session:
        assert history.prune(session, before=clock.now - timedelta(days=14)) == 2
    assert sorted(row.key for row in rows(desk)) == ["a", "b", "c"]
