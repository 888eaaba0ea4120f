"""Jobs that count and compare wait for those that people wait for, and only for a moment."""

import threading
from dataclasses import replace

import pytest

from tests.jobs.conftest import Clock, SmallDesk
from webcare.jobs import Done, JobSpec, Runner
from webcare.jobs.precedence import Precedence
from webcare.jobs.tasks import JOBS

LONG_S = 60.0


@pytest.fixture
def runner(desk: SmallDesk, clock: Clock):
    made = Runner(desk, clock=clock)
    yield made
    made.close()


def spec(name: str, fn, precedence: str) -> JobSpec:
    return replace(JobSpec(name, fn, lambda settings: 1.0, "default"), precedence=precedence)


def test_a_job_that_can_wait_runs_after_the_one_that_goes_first(runner: Runner):
    runner._precedence = Precedence(LONG_S)
    order: list[str] = []
    began, goes_on = threading.Event(), threading.Event()

    def poll(desk, key, clock):
        began.set()
        goes_on.wait(LONG_S)
        order.append("poll")
        return Done(1)

    def count(desk, key, clock):
        order.append("count")
        return Done(1)

    first = threading.Thread(target=runner.run, args=(spec("poll", poll, "first"),))
    first.start()
    assert began.wait(LONG_S)
    last = threading.Thread(target=runner.run, args=(spec("count", count, "last"),))
    last.start()
    runner.run(spec("send", lambda desk, key, clock: order.append("send") or Done(1), ""))
    assert order == ["send"]
    goes_on.set()
    first.join(LONG_S)
    last.join(LONG_S)
    assert order == ["send", "poll", "count"]


def test_a_network_that_does_not_answer_holds_nothing_up(runner: Runner):
    runner._precedence = Precedence(at_most_s=0.05)
    began, goes_on = threading.Event(), threading.Event()
    slow = spec("poll", lambda desk, key, clock: (began.set(), goes_on.wait(LONG_S), Done())[-1], "first")
    first = threading.Thread(target=runner.run, args=(slow,))
    first.start()
    assert began.wait(LONG_S)
    assert runner.run(spec("count", lambda desk, key, clock: Done(1), "last")).handled == 1
    goes_on.set()
    first.join(LONG_S)


def test_a_job_that_fails_lets_the_others_go(runner: Runner):
    runner._precedence = Precedence(LONG_S)

    def fails(desk, key, clock):
        raise ValueError("no")

    assert runner.run(spec("poll", fails, "first")).outcome == "error"
    assert runner.run(spec("count", lambda desk, key, clock: Done(1), "last")).handled == 1


def test_polls_go_first_and_what_counts_and_compares_waits():
    named = {job.name: job.precedence for job in JOBS}
    assert {name for name, precedence in named.items() if precedence == "first"} == {"poll", "poll_told"}
    assert {name for name, precedence in named.items() if precedence == "last"} == {"figures", "incidents", "remember"}
