"""Runs the jobs in time, inside one process, with APScheduler: in `scheduler.py`, or beside the console.

Any number of processes may start one; exactly one of them leads and runs jobs, the others wait. When the leading
process dies, another takes over within `jobs.lease_s`. The schedule is code and settings; nothing of it is stored.
"""

from __future__ import annotations

import logging
import signal
import threading
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from apscheduler.events import EVENT_JOB_ERROR, EVENT_JOB_MISSED, JobExecutionEvent
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler

from webcare.errors import WebcareError
from webcare.jobs.registry import Clock, Desk, JobSpec
from webcare.jobs.runner import LEASE_PART, LOOK_PART, Runner, new_holder, utc_now
from webcare.jobs.tasks import JOBS
from webcare.store import leases

log = logging.getLogger(__name__)

#: Whoever holds this lease runs the jobs. `webcare doctor` looks at it too.
LEADER = "leader:scheduler"
#: Runs in a row of a job that says more is waiting, before the others of its executor get a turn.
_AT_ONCE = 20
#: Threads one executor may have; each works on another account.
_MOST_THREADS = 8


class Scheduler:
    """The jobs of one desk in this process. `start`, then `stop`; it cannot be started again."""

    def __init__(self, desk: Desk, *, jobs: Sequence[JobSpec] = JOBS, clock: Clock = utc_now) -> None:
        self._holder = new_holder()
        self._runner = Runner(desk, clock=clock, holder=self._holder)
        self._leader = _Leader(desk, self._holder, on_gain=self._resume, on_loss=self._pause)
        self._stopping = threading.Event()
        turns = [(job, key) for job in jobs for key in job.keys(desk)]
        self._every_s = {job.name: job.every_s(desk.settings) for job in jobs}
        self._engine = BackgroundScheduler(
            timezone=UTC,
            # Without these a late run is dropped after one second, silently, and a slow one overtakes itself.
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
            executors=_executors(turns),
        )
        for job, key in turns:
            self._add(desk, job, key)
        self._engine.add_listener(_on_trouble, EVENT_JOB_ERROR | EVENT_JOB_MISSED)

    @property
    def leads(self) -> bool:
        """Whether this process is the one that runs the jobs right now."""
        return self._leader.leads

    def start(self) -> None:
        """Begin; returns at once. Jobs run as soon as this process leads."""
        self._engine.start(paused=True)
        self._leader.start()

    def stop(self) -> None:
        """Start no more jobs, let the running ones finish, and leave the lead to others. May be called twice."""
        if self._stopping.is_set():
            return
        self._stopping.set()
        if self._engine.running:
            self._engine.shutdown(wait=True)
        self._runner.close()
        self._leader.stop()

    def _add(self, desk: Desk, job: JobSpec, key: str) -> None:
        self._engine.add_job(
            self._turn,
            "interval",
            args=(job, key),
            id=_name(job, key),
            seconds=self._every_s[job.name],
            executor=job.executor,
            next_run_time=datetime.now(UTC),
        )

    def _turn(self, job: JobSpec, key: str) -> None:
        for _ in range(_AT_ONCE):
            began = time.monotonic()
            if self._stopping.is_set() or not self.leads:
                return
            run = self._runner.run(job, key)
            # A run that lasted longer than its interval cost the next one its turn, so that is taken now.
            late = run.outcome == "ok" and time.monotonic() - began >= self._every_s[job.name]
            if not (run.again or late):
                return

    def _resume(self) -> None:
        log.info("this process runs the jobs now")
        self._engine.resume()

    def _pause(self) -> None:
        log.warning("another process runs the jobs, or the database cannot be reached; waiting")
        if not self._stopping.is_set():
            self._engine.pause()


class _Leader:
    """Holds, or waits for, the one lease that says who runs the jobs."""

    def __init__(self, desk: Desk, holder: str, *, on_gain: Callable[[], None], on_loss: Callable[[], None]) -> None:
        self._desk, self._holder = desk, holder
        self._on_gain, self._on_loss = on_gain, on_loss
        self._ttl_s = desk.settings.jobs.lease_s * LEASE_PART
        self._look_s = desk.settings.jobs.lease_s * LOOK_PART
        self._fence: int | None = None
        self._until = 0.0
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._loop, name="webcare-leader", daemon=True)

    @property
    def leads(self) -> bool:
        # By our own clock: a process that slept through its lease must not believe it still holds it.
        return self._fence is not None and time.monotonic() < self._until

    def start(self) -> None:
        self._step()
        if not self.leads:
            log.info("another process runs the jobs; this one waits to take over")
        self._thread.start()

    def stop(self) -> None:
        self._closing.set()
        if self._thread.is_alive():
            self._thread.join()
        if self._fence is not None:
            fence, self._fence = self._fence, None
            try:
                leases.release(self._desk.store, LEADER, fence=fence, holder=self._holder)
            except WebcareError as error:
                log.warning("the lead could not be given up and lapses by itself: %s", error)

    def _loop(self) -> None:
        while not self._closing.wait(self._look_s):
            self._step()

    def _step(self) -> None:
        asked = time.monotonic()
        try:
            held = self._renew() if self._fence is not None else self._acquire()
        except WebcareError as error:
            held = self.leads
            log.warning("who runs the jobs is not known for now: %s", error)
        else:
            self._until = asked + self._ttl_s if held else 0.0
        if self._fence is not None and not held:
            self._fence = None
            self._on_loss()

    def _renew(self) -> bool:
        assert self._fence is not None
        return leases.renew(self._desk.store, LEADER, fence=self._fence, holder=self._holder, ttl_s=self._ttl_s)

    def _acquire(self) -> bool:
        fence = leases.acquire(self._desk.store, LEADER, ttl_s=self._ttl_s, holder=self._holder)
        if fence is None:
            return False
        self._fence, self._until = fence, time.monotonic() + self._ttl_s
        self._on_gain()
        return True


def run_until_stopped(desk: Desk, *, jobs: Sequence[JobSpec] = JOBS) -> None:
    """Run the jobs in this process until SIGTERM or Ctrl-C; then let the running ones finish and return.

    Call it in the main thread. A second signal ends the process at once, as if it had not asked first.
    """
    stop = threading.Event()
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def asked(number: int, frame: object) -> None:
        for known, handler in before.items():
            signal.signal(known, handler)
        stop.set()

    for number in before:
        signal.signal(number, asked)
    scheduler = Scheduler(desk, jobs=jobs)
    scheduler.start()
    try:
        # A wait with a limit: on Windows one without it never hears Ctrl-C.
        while not stop.wait(1.0):
            continue
        log.info("stopping: the running jobs finish first")
    finally:
        scheduler.stop()


def _executors(turns: Sequence[tuple[JobSpec, str]]) -> dict[str, ThreadPoolExecutor]:
    wanted: dict[str, int] = {"default": 1}
    for job, _ in turns:
        wanted[job.executor] = wanted.get(job.executor, 0) + 1
    return {name: ThreadPoolExecutor(min(count, _MOST_THREADS)) for name, count in wanted.items()}


def _name(job: JobSpec, key: str) -> str:
    return f"{job.name}:{key}"


def _on_trouble(event: JobExecutionEvent) -> None:
    # Neither should happen: the runner catches what a job raises, and no run is ever too late to count.
    kind = type(event.exception).__name__ if event.exception else "missed"
    log.error("the scheduler could not run %s: %s", event.job_id, kind)
