"""Runs one job once: lease, heartbeat, history and error capture. The only place that does.

A run never raises for what went wrong inside it, so one failing job stops no other; it tells in its `Run`.
"""

from __future__ import annotations

import logging
import os
import socket
import threading
import time
import traceback
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal

from webcare.errors import WebcareError
from webcare.jobs import history
from webcare.jobs.precedence import Precedence
from webcare.jobs.registry import Clock, Desk, Done, JobSpec
from webcare.store import leases

log = logging.getLogger(__name__)

#: A run that found nothing is written down this often at most: the banner needs no more, the disk less.
_IDLE_NOTE_S = 30.0
#: Parts of `jobs.lease_s`: how long a dead process keeps its leases at most, how often a living one renews them, and
#: how often whoever waits looks. The first and the last together stay well under the promised `lease_s`.
LEASE_PART, RENEW_PART, LOOK_PART = 0.6, 0.15, 0.15


def utc_now() -> datetime:
    """This moment, aware UTC."""
    return datetime.now(UTC)


def new_holder() -> str:
    """A name no other holder of leases has, that still tells a person which process it was."""
    return f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}"


@dataclass(frozen=True, slots=True)
class Run:
    """How one run ended. `idle`: nothing was due. `busy`: another process is at it. `again`: more is waiting."""

    outcome: Literal["ok", "idle", "busy", "error"]
    handled: int = 0
    again: bool = False
    error: str = ""


@dataclass(slots=True)
class _Held:
    """A lease in use, and since when its run is known to the history."""

    job: JobSpec
    key: str
    fence: int
    started_at: datetime
    renewed: float = field(default_factory=time.monotonic)
    shown: bool = False
    ended: bool = False
    telling: threading.Lock = field(default_factory=threading.Lock)  #: between "it runs" and "it ended"


class Runner:
    """Runs jobs of one desk in this process; any number of threads may ask it at once."""

    def __init__(self, desk: Desk, *, clock: Clock = utc_now, holder: str = "") -> None:
        self._desk = desk
        self._clock = clock
        self._ttl_s = desk.settings.jobs.lease_s * LEASE_PART
        self._renew_s = desk.settings.jobs.lease_s * RENEW_PART
        self._holder = holder or new_holder()
        self._held: dict[str, _Held] = {}
        self._lock = threading.Lock()
        self._noted: dict[tuple[str, str], float] = {}
        self._errors: dict[tuple[str, str], str] = {}
        self._precedence = Precedence()
        self._closing = threading.Event()
        self._heart = threading.Thread(target=self._beat, name="webcare-heartbeat", daemon=True)

    def run(self, job: JobSpec, key: str = "") -> Run:
        """Run `job` for `key` now, unless nothing is due or somebody else runs it."""
        started_at = self._clock()
        try:
            if not job.has_work(self._desk, key, started_at):
                return self._note(job, key, started_at, Run("idle"))
            with self._precedence.of(job), self._lease(job, key, started_at) as held:
                if held is None:
                    return Run("busy")
                run = self._do(job, key)
                with held.telling:
                    held.ended = True
                return self._note(job, key, started_at, run)
        except Exception as error:
            # The database itself fails: there is nowhere to write that, so the log has to do.
            run = Run("error", error=_told(error))
            self._log_change(job, key, run.error)
            return run

    def close(self) -> None:
        """Stop the heartbeat; call it when no run is left."""
        self._closing.set()
        if self._heart.is_alive():
            self._heart.join()

    def _do(self, job: JobSpec, key: str) -> Run:
        try:
            done: Done = job.fn(self._desk, key, self._clock)
        except Exception as error:
            return Run("error", error=_told(error))
        return Run("ok", done.handled, done.again)

    @contextmanager
    def _lease(self, job: JobSpec, key: str, started_at: datetime) -> Iterator[_Held | None]:
        name, store = job.lease(key), self._desk.store
        fence = leases.acquire(store, name, ttl_s=self._ttl_s, holder=self._holder)
        if fence is None:
            yield None
            return
        held = _Held(job, key, fence, started_at)
        self._watch(name, held)
        try:
            yield held
        finally:
            with self._lock:
                del self._held[name]
            leases.release(store, name, fence=fence, holder=self._holder)

    def _watch(self, name: str, held: _Held) -> None:
        with self._lock:
            self._held[name] = held
            if not self._heart.is_alive() and not self._closing.is_set():
                self._heart.start()

    def _beat(self) -> None:
        while not self._closing.wait(self._renew_s / 2):
            with self._lock:
                old = [(n, h) for n, h in self._held.items() if time.monotonic() - h.renewed >= self._renew_s]
            for name, held in old:
                self._renew(name, held)

    def _renew(self, name: str, held: _Held) -> None:
        store = self._desk.store
        try:
            if not leases.renew(store, name, fence=held.fence, holder=self._holder, ttl_s=self._ttl_s):
                # Ended just now, or asleep for longer than the lease: rows carry their own fences against that.
                log.info("%s: no longer held", name)
            held.renewed = time.monotonic()
            self._show(held)
        except WebcareError as error:
            log.warning("%s: the lease could not be renewed: %s", name, _told(error))

    def _show(self, held: _Held) -> None:
        with held.telling:
            if held.shown or held.ended:
                return
            with self._desk.store.write() as session:
                history.started(session, job=held.job.name, key=held.key, at=held.started_at)
            held.shown = True

    def _note(self, job: JobSpec, key: str, started_at: datetime, run: Run) -> Run:
        """Write a run down: always when it did something or changed how it ends, else now and then."""
        changed = self._log_change(job, key, run.error)
        now = time.monotonic()
        due = now - self._noted.get((job.name, key), float("-inf")) >= _IDLE_NOTE_S
        if not (changed or run.handled or due):
            return run
        with self._desk.store.write() as session:
            finished_at = self._clock()
            history.record(
                session,
                job=job.name,
                key=key,
                started_at=started_at,
                finished_at=finished_at,
                handled=run.handled,
                error=run.error,
            )
        self._noted[job.name, key] = now
        return run

    def _log_change(self, job: JobSpec, key: str, error: str) -> bool:
        before = self._errors.get((job.name, key), "")
        self._errors[job.name, key] = error
        if error and error != before:
            log.error("job %s %s: %s", job.name, key, error)
        elif before and not error:
            log.info("job %s %s: works again", job.name, key)
        return error != before


def _told(error: Exception) -> str:
    """Our own errors speak for themselves. Others may quote a customer, so only their kind and place are told."""
    if isinstance(error, WebcareError):
        return str(error)
    frames = traceback.extract_tb(error.__traceback__)
    where = f" in {os.path.basename(frames[-1].filename)}:{frames[-1].lineno}" if frames else ""
    log.debug("unexpected fault", exc_info=error)
    return f"unexpected fault: {type(error).__name__}{where}"
